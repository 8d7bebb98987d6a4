//! A proving key is read back as it was written, its bytes left in the file; a file that is not exactly one key's is refused by
//! name; and whatever passes for one makes no proof that verifies but those of the key it was made from.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use assay_circuits::{Cells, Fixed, Layout};
use assay_models::{QuantizedGraph, interpret, samples};
use assay_prover::{Mapped, PUBLISHED_SEED, Prover, ProverError, ProvingKey, Srs, keygen};
use assay_verifier::{Instances, Proof, Verifier, VerifyingKey};
use halo2curves::bn256::Fr;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

const HEADER: usize = 64;
const DESCRIPTION: usize = 16;
const CHECKSUM: usize = 32;

/// A network with its keys and the bytes of the proving one.
struct Scene {
    graph: QuantizedGraph,
    srs: Srs,
    key: ProvingKey,
    bytes: Vec<u8>,
}

static MLP: LazyLock<Scene> = LazyLock::new(|| Scene::new(samples::tiny_mlp(), PUBLISHED_SEED));

impl Scene {
    fn new(graph: QuantizedGraph, seed: [u8; 32]) -> Self {
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure(layout.k, seed).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        let mut bytes = vec![];
        key.write(&mut bytes).unwrap();
        Self { graph, srs, key, bytes }
    }

    fn open(&self, bytes: Vec<u8>) -> Result<ProvingKey, ProverError> {
        ProvingKey::open(&Arc::new(bytes.into()), &self.graph, self.graph.digest(), self.key.verifying_key().clone())
    }

    fn prove(&self, key: &ProvingKey) -> Result<(Instances, Proof), ProverError> {
        let trace = interpret(&self.graph, &samples::inputs(&self.graph, 1)).unwrap();
        let rng = ChaCha20Rng::seed_from_u64(1);
        Prover::new(key, &self.srs)?.prove(&trace, Fr::from(5), rng, &mut |_| ())
    }

    fn verifies(&self, instances: &Instances, proof: &Proof) -> bool {
        Verifier::new(self.key.verifying_key()).unwrap().verify(instances, proof).is_ok()
    }

    /// Descriptions of the columns, and where each column begins in the file.
    fn columns(&self) -> Vec<([u32; 4], usize)> {
        let number = |at: usize| u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap());
        let count = number(44) as usize;
        let mut at = (HEADER + count * DESCRIPTION).next_multiple_of(64);
        (0..count)
            .map(|index| {
                let [slot, form, cells, wide] = [0, 4, 8, 12].map(|i| number(HEADER + index * DESCRIPTION + i));
                let width = [1, 4, 32][form as usize];
                let start = at;
                at += (cells as usize * width).next_multiple_of(64) + (wide as usize * 16).next_multiple_of(64);
                ([slot, form, cells, wide], start)
            })
            .collect()
    }

    /// The file with these bytes at a place and the right checksum: what is wrong is then not an accident.
    fn forged(&self, at: usize, with: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        sealed(bytes)
    }

    fn refusal(&self, bytes: Vec<u8>) -> ProverError {
        self.open(bytes).map(drop).unwrap_err()
    }

    fn refuses(&self, bytes: Vec<u8>, expected: impl Fn(&ProverError) -> bool) {
        let refusal = self.refusal(bytes);
        assert!(expected(&refusal), "{refusal}");
    }
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - CHECKSUM;
    let checksum = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

/// A file in a folder of its own; removed at the end.
struct OnDisk(PathBuf);

impl OnDisk {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("assay-pk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("pk"), bytes).unwrap();
        Self(folder)
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The second layer has weights that are no bytes and a multiplier whose inverse is no integer.
fn wide_mlp() -> QuantizedGraph {
    use assay_models::{Op, ops::Dense};
    let mut graph = samples::tiny_mlp();
    let last = graph.nodes.len() - 1;
    if let Op::Dense(Dense { weights, requantise, .. }) = &mut graph.nodes[last].op {
        *weights = (0..weights.len() as i16).map(|at| if at % 2 == 0 { 200 } else { -200 }).collect();
        (requantise.multipliers, requantise.divisor) = (vec![3], 768);
    }
    graph
}

#[test]
fn a_key_proves_from_its_file_what_it_proved_before_and_its_bytes_stay_in_the_file() {
    let mut forms = BTreeSet::new();
    for (name, graph) in [("mlp", samples::tiny_mlp()), ("cnn", samples::tiny_cnn()), ("wide", wide_mlp())] {
        let scene = Scene::new(graph, PUBLISHED_SEED);
        let file = OnDisk::new(name, &scene.bytes);
        let mapped = Arc::new(Mapped::open(&file.0.join("pk")).unwrap());
        let verifying = VerifyingKey::from_bytes(scene.key.verifying_key().bytes()).unwrap();
        let opened = ProvingKey::open(&mapped, &scene.graph, scene.graph.digest(), verifying).unwrap();
        assert_eq!(format!("{:?}", opened.layout()), format!("{:?}", scene.key.layout()));
        assert_eq!(opened.permutation(), scene.key.permutation());
        let pages = mapped.as_ptr_range();
        for cells in &opened.layout().fixed {
            let form = match cells {
                Cells::Bytes(bytes) | Cells::Mixed { bytes, .. } => {
                    assert!(bytes.is_empty() || pages.contains(&bytes.as_ptr().cast()));
                    if matches!(cells, Cells::Bytes(_)) { "bytes" } else { "bytes and wide cells" }
                }
                Cells::Words(_) => "words",
                Cells::Field(_) => "elements",
            };
            forms.insert(form);
        }
        drop(file);
        let (instances, proof) = scene.prove(&opened).unwrap();
        assert!(scene.verifies(&instances, &proof));
        assert_eq!(proof, scene.prove(&scene.key).unwrap().1, "the same randomness gives the same proof");
        let mut again = vec![];
        opened.write(&mut again).unwrap();
        assert_eq!(again, scene.bytes);
    }
    assert_eq!(forms.len(), 4, "{forms:?}");
}

#[test]
fn a_file_is_laid_out_as_documented() {
    let bytes = &MLP.bytes;
    let layout = MLP.key.layout();
    assert_eq!(&bytes[..8], b"ASSAYPK4");
    assert_eq!(bytes[8..40], MLP.key.verifying_key().digest());
    let lanes = layout.shape.lanes;
    let header = [lanes.weights, layout.fixed.len(), lanes.activations, lanes.tables, lanes.parts];
    assert_eq!(bytes[40..60], header.map(|number| (number as u32).to_le_bytes()).concat());
    assert!(bytes[60..HEADER].iter().all(|byte| *byte == 0));
    for ((([slot, form, cells, wide], start), name), column) in
        MLP.columns().into_iter().zip(&layout.shape.fixed).zip(&layout.fixed)
    {
        assert_eq!((slot as usize, cells as usize, start % 64), (name.slot(), column.len(), 0));
        for row in 0..column.len() {
            let cell = match form {
                0 if wide == 0 => bytes[start + row].cast_signed().into(),
                1 => i32::from_le_bytes(bytes[start + 4 * row..][..4].try_into().unwrap()).into(),
                _ => continue,
            };
            assert_eq!(column.get_small(row), Some(cell));
        }
    }
    assert_eq!(*bytes, sealed(bytes.clone()));
}

#[test]
fn a_file_is_refused_whichever_byte_is_changed_wherever_it_is_cut_and_with_bytes_to_spare() {
    let described = HEADER + DESCRIPTION * MLP.columns().len();
    let end = MLP.bytes.len();
    for at in (0..described).chain((described..end).step_by(7)).chain(end - CHECKSUM..end) {
        let mut changed = MLP.bytes.clone();
        changed[at] ^= if at % 2 == 0 { 1 } else { 0x80 };
        let refusal = MLP.refusal(changed);
        assert!(refusal.to_string().contains("proving key"), "byte {at}: {refusal}");
    }
    for length in 0..end {
        let refusal = MLP.refusal(MLP.bytes[..length].to_vec());
        assert!(matches!(refusal, ProverError::KeyMagic | ProverError::KeyLength { .. }), "{length} bytes: {refusal}");
    }
    MLP.refuses([MLP.bytes.as_slice(), &[0]].concat(), |e| matches!(e, ProverError::KeyLength { .. }));
}

#[test]
fn a_file_of_another_version_key_srs_or_graph_is_refused_by_name() {
    MLP.refuses(b"ASSAYSR2 and more".to_vec(), |e| matches!(e, ProverError::KeyMagic));
    MLP.refuses(MLP.forged(7, b"5"), |e| matches!(e, ProverError::KeyVersion { got } if got == "5"));
    let other_srs = Scene::new(samples::tiny_mlp(), [1; 32]);
    let digests = [&MLP, &other_srs].map(|scene: &Scene| scene.key.verifying_key().digest());
    MLP.refuses(
        other_srs.bytes.clone(),
        |e| matches!(e, ProverError::ForeignKey { expected, got } if [*expected, *got] == digests),
    );
    assert!(matches!(MLP.prove(&other_srs.key), Err(ProverError::ForeignSrs { .. })));
    let other_graph = Scene::new(samples::tiny_cnn(), PUBLISHED_SEED);
    MLP.refuses(other_graph.bytes.clone(), |e| matches!(e, ProverError::ForeignKey { .. }));
    let digests = [&MLP, &other_graph].map(|scene: &Scene| scene.graph.digest());
    let file = Arc::new(Mapped::from(MLP.bytes.clone()));
    let refused =
        ProvingKey::open(&file, &other_graph.graph, other_graph.graph.digest(), MLP.key.verifying_key().clone());
    assert!(matches!(refused, Err(ProverError::ForeignGraph { expected, got }) if [expected, got] == digests));
}

#[test]
fn a_forged_file_with_the_right_checksum_is_refused_or_another_circuits() {
    let columns = MLP.columns();
    let description = |column: usize, number: usize| HEADER + column * DESCRIPTION + 4 * number;
    let huge = u32::MAX.to_le_bytes();
    let foreign = |e: &ProverError| matches!(e, ProverError::ForeignLayout);
    let length = |e: &ProverError| matches!(e, ProverError::KeyLength { .. });
    let column = |at: usize| move |e: &ProverError| matches!(e, ProverError::KeyColumn { at: got } if *got == at);

    for lanes in [0, 2, 300, u32::MAX] {
        MLP.refuses(MLP.forged(40, &lanes.to_le_bytes()), foreign);
    }
    MLP.refuses(MLP.forged(44, &huge), length);
    MLP.refuses(MLP.forged(44, &[0; 4]), length);
    for number in [2, 3] {
        MLP.refuses(MLP.forged(description(3, number), &huge), length);
    }
    MLP.refuses(MLP.forged(description(3, 0), &huge), column(3));
    MLP.refuses(MLP.forged(description(3, 1), &[9, 0, 0, 0]), column(3));
    let twice = columns[2].0[0].to_le_bytes();
    MLP.refuses(MLP.forged(description(3, 0), &twice), foreign);
    let unused = Fixed::W(255).slot() as u32;
    MLP.refuses(MLP.forged(description(columns.len() - 1, 0), &unused.to_le_bytes()), foreign);

    // A column may grow into the zeros after it unnoticed by the file's length, but not past the circuit's usable rows.
    let full = MLP.key.layout().usable_rows() as u32;
    let last = columns.iter().position(|([_, form, cells, _], _)| *form == 0 && *cells == full).unwrap();
    MLP.refuses(MLP.forged(description(last, 2), &(full + 1).to_le_bytes()), foreign);

    let wide = Scene::new(wide_mlp(), PUBLISHED_SEED);
    let columns = wide.columns();
    let at = |wanted: &dyn Fn(&[u32; 4]) -> bool| columns.iter().position(|(described, _)| wanted(described)).unwrap();
    let elements = at(&|[_, form, ..]| *form == 2);
    wide.refuses(wide.forged(columns[elements].1, &[0xff; 32]), column(elements));
    let mixed = at(&|[.., wide]| *wide > 1);
    let ([_, _, cells, _], start) = columns[mixed];
    let first = start + (cells as usize).next_multiple_of(64);
    let row = |at: usize| wide.bytes[first + 16 * at..][..8].to_vec();
    wide.refuses(wide.forged(first, &row(1)), column(mixed));
    wide.refuses(wide.forged(first + 16, &u64::from(cells).to_le_bytes()), column(mixed));
    wide.refuses(wide.forged(first + 8, &[0; 8]), column(mixed));
    let row = u64::from_le_bytes(row(0).try_into().unwrap()) as usize;
    wide.refuses(wide.forged(start + row, &[1]), column(mixed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whoever forges the checksum too gets a key that proves nothing, unless it is the key itself.
    #[test]
    fn no_forged_file_makes_a_proof_that_verifies(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = MLP.bytes.clone();
        for (at, byte) in changes {
            bytes[HEADER + at.index(MLP.bytes.len() - HEADER - CHECKSUM)] = byte;
        }
        if let Ok(key) = MLP.open(sealed(bytes)) {
            let honest = key.layout().fixed == MLP.key.layout().fixed;
            let proof = MLP.prove(&key);
            prop_assert_eq!(proof.is_ok_and(|(instances, proof)| MLP.verifies(&instances, &proof)), honest);
        }
    }
}
