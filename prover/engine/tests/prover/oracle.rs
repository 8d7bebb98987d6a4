//! Proofs of networks before two judges: the native verifier and halo2's accept the same bytes.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use crate::tamper::Both;
use assay_circuits::Layout;
use assay_models::{QuantizedGraph, import, interpret, samples};
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use halo2curves::bn256::Fr;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Proves one inference and tries every `stride`-th change of the proof; returns how many those were.
fn judge(graph: &QuantizedGraph, stride: usize) -> usize {
    let layout = Arc::new(Layout::plan(graph).unwrap());
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let trace = interpret(graph, &samples::inputs(graph, 1)).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(21);
    let (instances, proof) = prove(&key, &srs, &trace, Fr::from(5), &mut rng, &mut |_| ()).unwrap();
    Both::new(key.verifying_key()).check(&instances, &proof, stride, &mut rng)
}

#[test]
fn both_agree_on_a_small_perceptron() {
    assert!(judge(&samples::tiny_mlp(), 1) > 500);
}

#[test]
fn both_agree_on_a_small_convolutional_network() {
    assert!(judge(&samples::tiny_cnn(), 2) > 500);
}

#[test]
fn both_agree_on_lenet() {
    let graph = import(include_bytes!("../../../../models/zoo/lenet/lenet.onnx"), "lenet").unwrap();
    assert!(judge(&graph, 7) > 100);
}

#[test]
fn both_agree_on_the_zoos_perceptron() {
    let graph = import(include_bytes!("../../../../models/zoo/mnist-mlp/mnist-mlp.onnx"), "mnist-mlp").unwrap();
    assert!(judge(&graph, 7) > 100);
}
