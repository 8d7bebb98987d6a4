//! Real circuits: what the interpreter computes is proved, and nothing else verifies.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use assay_circuits::Layout;
use assay_kernels::Level;
use assay_models::{QuantizedGraph, interpret, samples};
use assay_prover::backend::cpu::CpuBackend;
use assay_prover::{PUBLISHED_SEED, Phase, Prover, ProverError, ProvingKey, Srs, keygen, prove};
use assay_verifier::{Instances, Proof, Verifier};
use halo2curves::bn256::Fr;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

const CONTEXT: u64 = 4_711;

struct Scene {
    graph: QuantizedGraph,
    srs: Srs,
    key: ProvingKey,
}

impl Scene {
    fn new(graph: QuantizedGraph) -> Self {
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        Self { graph, srs, key }
    }

    fn prove(&self, seed: u64) -> (Instances, Proof) {
        let trace = interpret(&self.graph, &samples::inputs(&self.graph, seed)).unwrap();
        let rng = ChaCha20Rng::seed_from_u64(seed);
        prove(&self.key, &self.srs, &trace, Fr::from(CONTEXT), rng, &mut |_| ()).unwrap()
    }
}

#[test]
fn tiny_networks_are_proved_and_every_changed_byte_is_rejected() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
        let scene = Scene::new(graph);
        let (instances, proof) = scene.prove(1);
        let key = scene.key.verifying_key();
        let verifier = Verifier::new(key).unwrap();
        assert_eq!(proof.bytes.len(), key.proof_length());
        verifier.verify(&instances, &proof).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for _ in 0..200 {
            let mut changed = proof.clone();
            let at = rng.gen_range(0..changed.bytes.len());
            changed.bytes[at] ^= rng.gen_range(1..=255u8);
            assert!(verifier.verify(&instances, &changed).unwrap_err().rejects_proof(), "byte {at}");
            let mut words = instances.words();
            let (word, at) = (rng.gen_range(0..words.len()), rng.gen_range(0..32));
            words[word][at] ^= rng.gen_range(1..=255u8);
            let outcome = Instances::from_words(&words).and_then(|changed| verifier.verify(&changed, &proof));
            assert!(outcome.unwrap_err().rejects_proof(), "instance {word}, byte {at}");
        }
    }
}

#[test]
fn every_level_of_instructions_makes_the_same_proof() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
        let scene = Scene::new(graph);
        let (_, expected) = scene.prove(1);
        for level in Level::comparable() {
            level.choose();
            let again = Scene::new(scene.graph.clone());
            assert_eq!(again.key.verifying_key(), scene.key.verifying_key(), "the key made at {level:?}");
            assert!(again.prove(1).1.bytes == expected.bytes, "the proof made at {level:?}");
            println!("{}: the same at {level:?}", scene.graph.name);
        }
    }
}

#[test]
fn what_is_kept_between_proofs_changes_no_byte() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
        let scene = Scene::new(graph);
        assert!(CpuBackend::kept_bytes(scene.srs.k(), 1) > 0, "multiples are kept");
        let mut prover = Prover::new(&scene.key, &scene.srs).unwrap();
        prover.keep().unwrap();
        for seed in 0..2 {
            let trace = interpret(&scene.graph, &samples::inputs(&scene.graph, seed)).unwrap();
            let rng = ChaCha20Rng::seed_from_u64(seed);
            let (instances, proof) = prover.prove(&trace, Fr::from(CONTEXT), rng, &mut |_| ()).unwrap();
            let (expected_instances, expected) = scene.prove(seed);
            assert_eq!(instances.words(), expected_instances.words());
            assert_eq!(proof.bytes, expected.bytes);
        }
    }
}

#[test]
fn keys_of_another_graph_layout_or_srs_are_refused_by_name() {
    let scene = Scene::new(samples::tiny_cnn());
    let layout = Arc::clone(scene.key.layout());
    let digests = (scene.graph.digest(), samples::tiny_mlp().digest());
    let small = Srs::insecure(layout.k - 1, PUBLISHED_SEED).unwrap();
    assert!(matches!(keygen(&small, Arc::clone(&layout), digests.0), Err(ProverError::SrsMismatch { .. })));
    let refused = keygen(&scene.srs, layout, digests.1);
    assert!(matches!(refused, Err(ProverError::ForeignGraph { expected, got }) if (got, expected) == digests));
}

#[test]
fn a_trace_with_a_changed_output_gives_no_valid_proof() {
    let scene = Scene::new(samples::tiny_mlp());
    let mut trace = interpret(&scene.graph, &samples::inputs(&scene.graph, 1)).unwrap();
    let output = &mut trace.values[scene.graph.outputs[0].tensor.0];
    output[0] += if output[0] > 0 { -1 } else { 1 };
    let rng = ChaCha20Rng::seed_from_u64(1);
    let outcome = prove(&scene.key, &scene.srs, &trace, Fr::from(CONTEXT), rng, &mut |_| ());
    if let Ok((instances, proof)) = outcome {
        assert!(assay_verifier::verify(scene.key.verifying_key(), &instances, &proof).unwrap_err().rejects_proof());
    }
}

#[test]
fn keys_are_deterministic_and_progress_is_told() {
    let (first, second) = (Scene::new(samples::tiny_mlp()), Scene::new(samples::tiny_mlp()));
    assert_eq!(first.key.verifying_key().digest(), second.key.verifying_key().digest());
    let trace = interpret(&first.graph, &samples::inputs(&first.graph, 1)).unwrap();
    let mut told = vec![];
    let rng = ChaCha20Rng::seed_from_u64(1);
    prove(&first.key, &first.srs, &trace, Fr::from(CONTEXT), rng, &mut |step| told.push(step)).unwrap();
    let expected = [
        Phase::Fill(0),
        Phase::Commit(0),
        Phase::Fill(1),
        Phase::Commit(1),
        Phase::Permutation,
        Phase::Quotient,
        Phase::CommitQuotient,
        Phase::Evaluations,
        Phase::Openings,
    ];
    assert_eq!(told, expected);
}
