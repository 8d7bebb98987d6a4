//! The engine against halo2-axiom's own prover on the circuits of networks: equal keys; equal commitments up to the point where
//! halo2 draws randomness of its own; proofs that the unmodified verifier accepts.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Layout};
use assay_models::{QuantizedGraph, interpret, samples};
use assay_prover::stock::{generate_keys, prove_circuit};
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use assay_verifier::verify;
use halo2curves::bn256::Fr;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn compare(graph: &QuantizedGraph) {
    let layout = Arc::new(Layout::plan(graph).unwrap());
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, Arc::clone(&layout), graph.digest()).unwrap();
    let circuit = InferenceCircuit::for_keygen(Arc::clone(&layout));
    let (stock_key, stock_proving) = generate_keys(&srs, &circuit, layout.instances, graph.digest()).unwrap();
    assert_eq!(key.verifying_key(), &stock_key, "verifying keys");

    let trace = interpret(graph, &samples::input(graph, 1)).unwrap();
    let context = Fr::from(7);
    let rng = || ChaCha20Rng::seed_from_u64(9);
    let (instances, proof) = prove(&key, &srs, &trace, context, rng(), &mut |_| ()).unwrap();
    let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, context).unwrap();
    let stock = prove_circuit(&srs, &stock_proving, &stock_key, &circuit, &instances, rng()).unwrap();
    let products = stock_key.constraints().equality.len().div_ceil(3);
    let shared = 64 * (layout.shape.advice.len() + products);
    for (at, (ours, theirs)) in proof.bytes[..shared].chunks(64).zip(stock.bytes[..shared].chunks(64)).enumerate() {
        assert!(
            ours == theirs,
            "commitment {at} of {} advice columns and {products} products",
            layout.shape.advice.len()
        );
    }
    assert_eq!(proof.bytes.len(), stock.bytes.len());
    verify(&stock_key, &instances, &proof).unwrap();
}

#[test]
fn small_networks_have_the_stock_provers_keys_and_commitments() {
    compare(&samples::tiny_mlp());
    compare(&samples::tiny_cnn());
}
