//! The engine against halo2-axiom's own prover on the circuit of a network.

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Layout};
use assay_halo2::Oracle;
use assay_models::{QuantizedGraph, interpret, samples};
use assay_prover::stock::{generate_keys, prove_circuit};
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use assay_verifier::{Instances, Proof, verify};
use halo2curves::bn256::Fr;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Equal keys; equal commitments up to the point where halo2 draws randomness of its own; proofs of two inputs that the unmodified
/// verifier and the native one accept, each for its own public values only.
pub(crate) fn compare(graph: &QuantizedGraph, layout: Layout) {
    graph.validate().unwrap();
    let layout = Arc::new(layout);
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, Arc::clone(&layout), graph.digest()).unwrap();
    let circuit = InferenceCircuit::for_keygen(Arc::clone(&layout));
    let (stock_key, stock_proving) = generate_keys(&srs, &circuit, layout.instances(), graph.digest()).unwrap();
    assert_eq!(key.verifying_key(), &stock_key, "verifying keys");

    let oracle = Oracle::new(&stock_key).unwrap();
    let judge = |instances: &Instances, proof: &Proof| {
        let native = verify(&stock_key, instances, proof);
        assert_eq!(native.is_ok(), oracle.verify(instances, proof).is_ok(), "{}: the verifiers disagree", graph.name);
        native
    };
    let context = Fr::from(7);
    let mut others: Option<Instances> = None;
    for seed in [1, 2] {
        let trace = interpret(graph, &samples::inputs(graph, seed)).unwrap();
        let rng = || ChaCha20Rng::seed_from_u64(seed);
        let (instances, proof) = prove(&key, &srs, &trace, context, rng(), &mut |_| ()).unwrap();
        if let Err(error) = judge(&instances, &proof) {
            panic!("{}, input {seed}: {error}", graph.name);
        }
        if let Some(others) = others.replace(instances.clone()) {
            assert!(judge(&others, &proof).unwrap_err().rejects_proof());
            continue;
        }
        let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, context).unwrap();
        let stock = prove_circuit(&srs, &stock_proving, &stock_key, &circuit, &instances, rng()).unwrap();
        let (advice, products) = (layout.shape.advice.len(), stock_key.constraints().products());
        let shared = 64 * (advice + products);
        for (at, (ours, theirs)) in proof.bytes[..shared].chunks(64).zip(stock.bytes[..shared].chunks(64)).enumerate() {
            assert!(
                ours == theirs,
                "{}: commitment {at} of {advice} advice columns and {products} products",
                graph.name
            );
        }
        assert_eq!(proof.bytes.len(), stock.bytes.len());
    }
}
