//! Powers of tau: a file of snarkjs is taken over as it is, and refused by name when anything in it is wrong.
//!
//! Most files here are made by a small writer of our own; one comes from snarkjs itself, which `npm ci` in
//! `tests/snarkjs` installs (`.ci/test` does).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use crate::toy::{self, Toy};
use assay_prover::srs::ptau::{Contribution, Kind, Ptau};
use assay_prover::stock::{generate_keys, prove_circuit};
use assay_prover::{Mapped, PUBLISHED_SEED, ProverError, Srs, SrsSource};
use assay_verifier::verify;
use halo2curves::bn256::{Fr, G1Affine, G2Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::Curve;
use halo2curves::serde::SerdeObject;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SEED: [u8; 32] = [9; 32];
const POWER: u32 = 4;
/// BN254's q, as snarkjs writes it: little-endian.
const PRIME: &str = "47fd7cd8168c203c8dca7168916a81975d588181b64550b829a031e1724e6430";
/// Offset of the first power in G1 in [`File::bytes`]: frame, the header's section, the head of the second.
const IN_G1: usize = 12 + (12 + 44) + 12;

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| File::of(POWER, secret()).bytes());

/// The secret of `Srs::insecure(_, SEED)`.
fn secret() -> Fr {
    Fr::random(ChaCha20Rng::from_seed(SEED))
}

/// A powers-of-tau file in the making.
#[derive(Clone)]
struct File {
    version: u32,
    sections: Vec<(u32, Vec<u8>)>,
}

impl File {
    fn of(power: u32, secret: Fr) -> Self {
        let powers = || std::iter::successors(Some(Fr::ONE), |power| Some(power * secret));
        let in_g1 = powers().take((2 << power) - 1).map(|s| (G1Affine::generator() * s).to_affine().to_raw_bytes());
        let in_g2 = powers().take(1 << power).map(|s| (G2Affine::generator() * s).to_affine().to_raw_bytes());
        let header = header(&hex::decode(PRIME).unwrap(), power, 28);
        Self { version: 1, sections: vec![(1, header), (2, in_g1.flatten().collect()), (3, in_g2.flatten().collect())] }
    }

    fn section(&mut self, kind: u32) -> &mut Vec<u8> {
        &mut self.sections.iter_mut().find(|(of, _)| *of == kind).unwrap().1
    }

    /// Puts a point of G1 at a place.
    fn with_power(mut self, at: usize, point: &G1Affine) -> Self {
        self.section(2)[64 * at..64 * at + 64].copy_from_slice(&point.to_raw_bytes());
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"ptau".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.sections.len() as u32).to_le_bytes());
        for (kind, content) in &self.sections {
            bytes.extend(kind.to_le_bytes());
            bytes.extend((content.len() as u64).to_le_bytes());
            bytes.extend(content);
        }
        bytes
    }

    fn refusal(&self) -> ProverError {
        Srs::import_ptau(&self.bytes(), None).unwrap_err()
    }
}

fn header(prime: &[u8], power: u32, ceremony_power: u32) -> Vec<u8> {
    let head = (prime.len() as u32).to_le_bytes();
    [&head, prime, &power.to_le_bytes(), &ceremony_power.to_le_bytes()].concat()
}

fn good() -> File {
    File::of(POWER, secret())
}

#[test]
fn a_file_is_taken_over_whole_or_cut() {
    assert_eq!(SrsSource::of(&GOOD), SrsSource::Ptau);
    let ptau = Ptau::parse(&GOOD).unwrap();
    assert_eq!((ptau.power(), ptau.ceremony_power()), (POWER, 28));
    for (wanted, k) in [(None, POWER), (Some(POWER), POWER), (Some(3), 3), (Some(1), 1)] {
        let imported = Srs::import_ptau(&GOOD, wanted).unwrap();
        let expected = Srs::insecure(k, SEED).unwrap();
        assert_eq!((imported.powers(), imported.lagrange()), (expected.powers(), expected.lagrange()), "k = {k}");
        assert_eq!(imported.point().s_g2, expected.point().s_g2);
        assert!(!imported.is_insecure());
        assert_eq!(Srs::from_bytes(&imported.to_bytes().unwrap()).unwrap().digest(), imported.digest());
    }
    for k in [0, POWER + 1, 27, 64] {
        assert!(matches!(Srs::import_ptau(&GOOD, Some(k)), Err(ProverError::SrsSize { got, .. }) if got == k));
    }
    let published = File::of(POWER, Fr::random(ChaCha20Rng::from_seed(PUBLISHED_SEED))).bytes();
    assert!(Srs::import_ptau(&published, None).unwrap().is_insecure());
}

#[test]
fn other_sections_and_their_order_do_not_matter() {
    let mut file = good();
    file.sections.insert(0, (7, vec![1, 2, 3]));
    file.sections.push((4, vec![]));
    file.sections.push((u32::MAX, vec![5; 99]));
    file.sections.swap(1, 3);
    let bytes = file.bytes();
    let imported = Srs::import_ptau(&bytes, None).unwrap();
    assert_eq!(imported.powers(), Srs::insecure(POWER, SEED).unwrap().powers());
    assert_eq!(Ptau::parse(&bytes).unwrap().contributions(), None, "three bytes are no list of contributions");
}

#[test]
fn another_curve_or_version_is_named() {
    let mut file = good();
    let bls =
        hex::decode("abaafffffffffeb9ffff53b1feffab1e24f6b0f6a0d23067bf1285f3844b7764d7ac4b43b6a71b4b9ae67f39ea11011a");
    *file.section(1) = header(&bls.unwrap(), POWER, POWER);
    let message = file.refusal().to_string();
    assert!(message.contains("expected a powers-of-tau file of BN254") && message.contains("0x1a0111ea"), "{message}");
    let mut scalar_field = (-Fr::ONE).to_repr().as_ref().to_vec();
    scalar_field[0] += 1;
    *file.section(1) = header(&scalar_field, POWER, POWER);
    assert!(matches!(file.refusal(), ProverError::PtauPrime { got } if got.len() == 32));
    *file.section(1) = header(&vec![7; 1000], POWER, POWER);
    assert!(matches!(file.refusal(), ProverError::PtauPrime { got } if got.len() == 64));
    file.version = 2;
    assert!(matches!(file.refusal(), ProverError::PtauVersion { got: 2 }));
    assert!(Srs::import_ptau(b"zkey\x01\x00\x00\x00", None).unwrap_err().to_string().contains("ptau"));
}

#[test]
fn sections_that_are_missing_twice_there_or_of_another_length_are_named() {
    for kind in 1..=3 {
        let mut file = good();
        file.sections.retain(|(of, _)| *of != kind);
        assert!(matches!(file.refusal(), ProverError::PtauMissing { section } if section == kind), "section {kind}");
        let mut file = good();
        let twice = file.section(kind).clone();
        file.sections.push((kind, twice));
        assert!(file.refusal().to_string().contains("twice"));
        for change in
            [|content: &mut Vec<u8>| content.push(0), |content: &mut Vec<u8>| content.truncate(content.len() - 1)]
        {
            let mut file = good();
            change(file.section(kind));
            assert!(matches!(file.refusal(), ProverError::PtauSection { section, .. } if section == kind), "{kind}");
        }
    }
    let mut empty = good();
    empty.section(1).clear();
    assert!(matches!(empty.refusal(), ProverError::PtauSection { section: 1, expected: 44, got: 0 }));
}

#[test]
fn lying_numbers_are_refused_without_an_allocation() {
    for (power, ceremony) in [(0, 28), (29, 29), (64, 64), (u32::MAX, u32::MAX), (POWER, POWER - 1)] {
        let mut file = good();
        *file.section(1) = header(&hex::decode(PRIME).unwrap(), power, ceremony);
        assert!(matches!(file.refusal(), ProverError::PtauPower { got, .. } if got == power), "{power} of {ceremony}");
    }
    for power in [POWER - 1, POWER + 1, 28] {
        let mut file = good();
        *file.section(1) = header(&hex::decode(PRIME).unwrap(), power, 28);
        assert!(matches!(file.refusal(), ProverError::PtauSection { section: 2, .. }), "power {power}");
    }
    let patched = |at: usize, bytes: &[u8]| {
        let mut patched = GOOD.clone();
        patched[at..at + bytes.len()].copy_from_slice(bytes);
        Srs::import_ptau(&patched, None).unwrap_err()
    };
    assert!(patched(8, &[0xff; 4]).to_string().contains("ends before its last section"));
    assert!(matches!(patched(8, &[0; 4]), ProverError::PtauMissing { section: 1 }));
    assert!(matches!(patched(16, &[0xff; 8]), ProverError::PtauSection { section: 1, expected: u64::MAX, .. }));
    assert!(matches!(patched(24, &[0xff; 4]), ProverError::PtauSection { section: 1, .. }));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for length in 0..GOOD.len() {
        assert!(Srs::import_ptau(&GOOD[..length], Some(1)).is_err(), "{length} bytes");
    }
}

#[test]
fn powers_of_two_secrets_are_found_wherever_they_are_mixed() {
    let other = Fr::from(77);
    for from in 1..1 << POWER {
        let mixed = (from..1 << POWER).fold(good(), |file, at| {
            file.with_power(at, &(G1Affine::generator() * other.pow([at as u64])).to_affine())
        });
        assert!(mixed.refusal().to_string().contains("one secret"), "from power {from}");
        let single = good().with_power(from, &(G1Affine::generator() * other).to_affine());
        assert!(single.refusal().to_string().contains("one secret"), "power {from}");
    }
    let mut foreign = good();
    *foreign.section(3) = File::of(POWER, other).section(3).clone();
    assert!(foreign.refusal().to_string().contains("not of one secret"));
}

#[test]
fn points_off_the_curve_and_foreign_generators_are_named() {
    for at in [0, 1, 7, 15] {
        let mut file = good();
        file.section(2)[64 * at] ^= 1;
        assert!(matches!(file.refusal(), ProverError::SrsOffCurve { what: "power", at: found } if found == at));
        let mut file = good();
        file.section(2)[64 * at + 31] |= 0xf0;
        assert!(file.refusal().to_string().contains("canonical"));
        let identity = good().with_power(at, &G1Affine { x: 0.into(), y: 0.into() });
        assert!(matches!(identity.refusal(), ProverError::SrsOffCurve { at: found, .. } if found == at));
    }
    for (at, what) in [(0, "[1]_2"), (128, "[s]_2")] {
        let mut file = good();
        file.section(3)[at] ^= 1;
        assert!(file.refusal().to_string().contains(what));
    }
    let second = (G1Affine::generator() * Fr::from(2)).to_affine();
    assert!(good().with_power(0, &second).refusal().to_string().contains("standard generator"));
    let mut swapped = good();
    swapped.section(3)[..256].rotate_left(128);
    assert!(swapped.refusal().to_string().contains("standard generators"));
}

#[test]
fn secrets_that_anybody_finds_are_refused() {
    let root = |k: u32| (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    // snarkjs starts every ceremony with the secret 1.
    for secret in [Fr::ONE, -Fr::ONE, root(POWER - 1), root(POWER)] {
        let refused = File::of(POWER, secret).refusal().to_string();
        assert!(refused.contains("root of unity"), "{refused}");
    }
    assert!(File::of(POWER, Fr::ZERO).refusal().to_string().contains("power 1"));
}

#[test]
fn a_changed_byte_is_refused_or_was_not_used() {
    let good = File::of(2, secret()).bytes();
    let expected = Srs::import_ptau(&good, None).unwrap();
    let used = 12 + 12 + 40..IN_G1 + 4 * 64;
    for at in (0..good.len()).filter(|at| used.contains(at) || at % 8 == 0) {
        let mut changed = good.clone();
        changed[at] ^= 0x20;
        match Srs::import_ptau(&changed, None) {
            Err(_) => {}
            Ok(imported) => {
                assert!(!(used.start + 4..used.end).contains(&at), "byte {at}");
                assert_eq!(imported.to_bytes().unwrap(), expected.to_bytes().unwrap(), "byte {at}");
            }
        }
    }
}

#[test]
fn a_file_of_snarkjs_itself_is_taken_over_and_proved_with() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snarkjs");
    let program = home.join("node_modules/snarkjs/build/cli.cjs");
    assert!(
        program.exists(),
        "snarkjs is not installed, and this test needs it: run `npm ci` in {} (`.ci/test` does)",
        home.display()
    );
    let folder = std::env::temp_dir().join(format!("assay-snarkjs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let snarkjs = |arguments: &[&str]| {
        let mut command = Command::new("node");
        let output = command.arg(&program).arg("powersoftau").args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "snarkjs {arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    };
    snarkjs(&["new", "bn128", "8", "new.ptau"]);
    snarkjs(&["contribute", "new.ptau", "contributed.ptau", "--name=test", "-e=not a secret"]);
    let beacon = "0102030405060708090a0b0c0d0e0f10";
    snarkjs(&["beacon", "contributed.ptau", "beacon.ptau", beacon, "10", "-n=beacon"]);

    let file = |name: &str| Mapped::open(&folder.join(name)).unwrap();
    let contributors = |name: &str| Ptau::parse(&file(name)).unwrap().contributions().unwrap();
    let by = |name: &str, kind| Contribution { name: name.to_owned(), kind };
    assert_eq!(contributors("new.ptau"), []);
    assert_eq!(contributors("beacon.ptau"), [by("test", Kind::Secret), by("beacon", Kind::Beacon)]);
    let refused = Srs::import_ptau(&file("new.ptau"), None).unwrap_err().to_string();
    assert!(refused.contains("root of unity"), "nobody has contributed yet: {refused}");
    let bytes = file("beacon.ptau");
    let ptau = Ptau::parse(&bytes).unwrap();
    assert_eq!((ptau.power(), ptau.ceremony_power()), (8, 8));
    let whole = Srs::import_ptau(&bytes, None).unwrap();
    assert_eq!((whole.k(), whole.is_insecure()), (8, false));
    assert_ne!(whole.digest(), Srs::import_ptau(&file("contributed.ptau"), None).unwrap().digest());
    let srs = Srs::import_ptau(&bytes, Some(toy::K)).unwrap();
    assert_eq!(srs.to_bytes().unwrap(), whole.truncated(toy::K).unwrap().to_bytes().unwrap());

    let example = Toy { a: [3, 0, 2, 1, 1, 2], context: 5.into() };
    let instances = assay_halo2::convert::instances(&example.instances());
    let (key, proving) = generate_keys(&srs, &Toy::default(), 8, [7; 32]).unwrap();
    assert_eq!(key.srs().published(), None);
    let proof = prove_circuit(&srs, &proving, &key, &example, &instances, toy::rng(1)).unwrap();
    verify(&key, &instances, &proof).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    #[test]
    fn bytes_of_strangers_never_panic(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        patches in prop::collection::vec((0..IN_G1 + 200, any::<u8>()), 1..5),
        k in prop::option::of(0u32..40),
    ) {
        let _ = Srs::import_ptau(&noise, k);
        let framed = [b"ptau\x01\x00\x00\x00".as_slice(), &noise].concat();
        prop_assert!(Srs::import_ptau(&framed, k).is_err());
        let mut patched = GOOD.clone();
        for (at, byte) in patches {
            patched[at] = byte;
        }
        let _ = Srs::import_ptau(&patched, k);
    }
}
