//! Sizes: rows and cells of `docs/circuit.md`, "Count", for small networks and for the models of the zoo.

use assay_circuits::{Layout, LayoutReport};
use assay_models::{Op, QuantizedGraph, import, samples};

/// Phase-0 cells are at most four an activation, the ring, the maxima and the dense inputs; weights are committed once.
#[cfg(test)]
fn within_targets(graph: &QuantizedGraph) -> LayoutReport {
    let report = Layout::plan(graph).unwrap().report();
    println!("{} {report:?}", graph.name);
    let sum = |of: fn(&Op) -> usize| graph.nodes.iter().map(|node| of(&node.op)).sum::<usize>();
    let dense_inputs = sum(|op| if let Op::Dense(dense) = op { dense.inputs } else { 0 });
    assert_eq!(report.dense_input_cells, dense_inputs);
    assert_eq!(report.weight_cells, graph.parameters());
    assert!(report.requantise_cells + report.byte_cells <= 4 * report.activations);
    let elements = (report.requantise_cells + report.byte_cells) / 4;
    assert_eq!(report.activation_rows, elements + report.ring_cells, "one element a row");
    assert!(report.maximum_cells <= elements);
    let padding = report.weight_lanes * report.weight_rows - report.weight_cells;
    assert_eq!(report.padding_cells, padding);
    let (lookups, tables) = (2 * report.activation_lanes + 1, 1);
    assert!(report.helper_columns <= (lookups + tables).div_ceil(2));
    assert!(report.narrow_columns <= 7 && report.advice_columns <= 18);
    report
}

#[test]
fn small_networks_are_within_the_targets() {
    let mlp = within_targets(&samples::tiny_mlp());
    assert_eq!((mlp.requantise_cells, mlp.byte_cells, mlp.ring_cells, mlp.maximum_cells), (4 * 8, 4 * 8, 0, 0));
    assert_eq!((mlp.dense_input_cells, mlp.weight_cells, mlp.instances), (13, 8 * 5 + 5 * 3 + 8, 3));
    let cnn = within_targets(&samples::tiny_cnn());
    assert_eq!((cnn.requantise_cells, cnn.byte_cells), (4 * (72 + 3), 4 * 36));
    assert_eq!((cnn.ring_cells, cnn.maximum_cells), (2 * (64 - 36), 72));
}

#[test]
fn the_mnist_mlp_is_within_the_targets() {
    let report = within_targets(&zoo("mnist-mlp"));
    assert_eq!(report.dense_input_cells, 784 + 128);
    assert!(report.k <= 14);
}

#[test]
fn lenet_is_within_the_targets_and_fits_k_14() {
    let report = within_targets(&zoo("lenet"));
    assert!(report.k <= 14);
}

#[cfg(test)]
fn zoo(name: &str) -> QuantizedGraph {
    let path = format!("{}/../models/zoo/{name}/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    import(&std::fs::read(path).unwrap(), name).unwrap()
}
