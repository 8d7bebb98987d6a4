//! Completeness: an honest inference satisfies every constraint.

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Layout, statement};
use assay_models::{QuantizedGraph, interpret, samples};
use halo2_proofs::dev::MockProver;
use halo2curves::bn256::Fr;

fn satisfied(graph: &QuantizedGraph, seed: u64) {
    let layout = Arc::new(Layout::plan(graph).unwrap());
    let trace = interpret(graph, &samples::input(graph, seed)).unwrap();
    let context = Fr::from(777);
    let (input, output) = (&trace.values[graph.input.0], &trace.values[graph.output.0]);
    let instances = statement(graph, input, output, context).unwrap();
    assert_eq!(instances.len(), layout.instances);
    let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, context).unwrap();
    let prover = MockProver::run(layout.k, &circuit, vec![instances]).unwrap();
    if let Err(failures) = prover.verify() {
        panic!("{}: {} failures, first {:?}", graph.name, failures.len(), failures.first());
    }
    println!("{} {:?}", graph.name, layout.report());
}

#[test]
fn honest_inferences_of_small_networks_satisfy_the_circuit() {
    for seed in 0..3 {
        satisfied(&samples::tiny_mlp(), seed);
        satisfied(&samples::tiny_cnn(), seed);
    }
}
