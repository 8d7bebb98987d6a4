//! Completeness: an honest inference satisfies every constraint.

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Lanes, Layout, statement};
use assay_models::ops::Rescale;
use assay_models::{DType, End, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, interpret, samples};
use halo2_proofs::dev::MockProver;
use halo2curves::bn256::Fr;

#[cfg(test)]
fn satisfied(graph: &QuantizedGraph, layout: Layout, seed: u64) {
    let layout = Arc::new(layout);
    let trace = interpret(graph, &samples::inputs(graph, seed)).unwrap();
    let context = Fr::from(777);
    let [inputs, outputs] = [End::Input, End::Output].map(|end| trace.at(graph, end).unwrap());
    let instances = statement(graph, &inputs, &outputs, context).unwrap();
    assert_eq!(instances.len(), layout.instances());
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
        for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
            satisfied(&graph, Layout::plan(&graph).unwrap(), seed);
        }
    }
}

#[test]
fn honest_inferences_of_every_case_satisfy_the_circuit_in_any_number_of_lanes() {
    let cases = samples::cases().into_iter().map(|(graph, _)| graph);
    for graph in cases.chain([samples::tiny_mlp(), samples::tiny_cnn()]) {
        for activations in samples::activation_lanes(&graph).iter().copied() {
            for (weights, tables) in [(1, 2), (4, 1), (2, 4)] {
                println!("{} {activations} {weights} {tables}", graph.name);
                satisfied(
                    &graph,
                    Layout::with_lanes(&graph, Lanes::new(activations, weights).with_tables(tables)).unwrap(),
                    5,
                );
            }
        }
    }
}

/// A change of scale of `elements` elements: two activation rows an element, no weights, small tables.
fn rescale(elements: usize) -> QuantizedGraph {
    let tensor = |name: &str, dtype| TensorInfo {
        name: name.to_owned(),
        shape: vec![1, elements],
        dtype,
        scale: 1.0,
        zero_point: 0,
    };
    let requantise =
        Requantise { multipliers: vec![1], divisor: 8, zero_point: 0, low: -128, high: 127, table: vec![] };
    let op = Op::Rescale(Rescale { requantise });
    let nodes = vec![Node { name: "rescale".to_owned(), op, inputs: vec![TensorId(0)], output: TensorId(1) }];
    let tensors = vec![tensor("x", DType::U8), tensor("y", DType::I8)];
    QuantizedGraph::new(&format!("rescale-{elements}"), tensors, nodes, &[TensorId(0)], &[TensorId(1)])
}

/// The last usable row only ends the sum of helpers: a lookup in it would bind nothing.
#[test]
fn no_lookup_stands_in_the_last_usable_row_however_full_the_circuit_is() {
    let mut least = usize::MAX;
    for elements in 245..260 {
        let layout = Layout::plan(&rescale(elements)).unwrap();
        let last = layout.elements().unwrap().into_iter().map(|(row, ..)| row).max().unwrap();
        assert!(last + 1 < layout.usable_rows(), "{elements}: row {last} of {}", layout.usable_rows());
        least = least.min(layout.usable_rows() - 1 - last);
    }
    assert_eq!(least, 1, "one of the sizes fills the circuit to the last row but one");
    let full = rescale(252);
    satisfied(&full, Layout::plan(&full).unwrap(), 1);
}

/// A multiplier of zero would read no accumulator at all, and wide elements have no tables: both are refused when planned.
#[test]
fn graphs_whose_identities_would_not_bind_are_refused_by_the_planner() {
    let graph = rescale(8);
    assert!(Layout::plan(&graph).is_ok());
    let with = |change: &dyn Fn(&mut QuantizedGraph)| {
        let mut graph = graph.clone();
        change(&mut graph);
        Layout::plan(&graph).map(|layout| layout.k).unwrap_err().to_string()
    };
    let zero = with(&|graph| {
        if let Op::Rescale(op) = &mut graph.nodes[0].op {
            op.requantise.multipliers = vec![0];
        }
    });
    assert!(zero.contains("multiplier"), "{zero}");
    let wide = with(&|graph| graph.tensors[1].dtype = DType::I16);
    assert!(wide.contains("I16") && wide.contains("u8 or i8"), "{wide}");
}
