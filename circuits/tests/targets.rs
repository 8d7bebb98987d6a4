//! Sizes: rows and cells of `docs/circuit.md`, "Count", for small networks and for the models of the zoo.

use assay_circuits::{Group, Lanes, Layout, LayoutReport, OwnerReport, PROFILES, Stack};
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
    rows_of_owners_add_up(graph);
    report
}

/// In every profile that the network has a circuit in: all rows and cells of the report, and every node with its name and its operator.
#[cfg(test)]
fn rows_of_owners_add_up(graph: &QuantizedGraph) {
    let activations = samples::activation_lanes(graph);
    for lanes in PROFILES.into_iter().filter(|lanes| activations.contains(&lanes.activations)) {
        let layout = Layout::with_lanes(graph, lanes).unwrap();
        let report = layout.report();
        let sum = |of: fn(&OwnerReport) -> usize| report.owners.iter().map(of).sum::<usize>();
        assert_eq!(sum(|of| of.activation_rows), report.activation_rows, "{lanes}");
        assert_eq!(sum(|of| of.weight_rows), report.weight_rows, "{lanes}");
        assert_eq!(sum(|of| of.scalar_rows), report.scalar_rows, "{lanes}");
        assert_eq!(sum(|of| of.table_rows), report.table_rows, "{lanes}");
        assert_eq!(sum(|of| of.weight_cells), report.weight_cells, "{lanes}");
        let cells = [report.requantise_cells, report.byte_cells, report.ring_cells, report.copied_cells];
        let cells = cells.iter().sum::<usize>() + report.maximum_cells + report.dense_input_cells;
        assert_eq!(sum(|of| of.cells), cells, "{lanes}");
        let shares: f64 = report.owners.iter().map(|of| of.share).sum();
        assert!((shares - 1.0).abs() < 1e-9 && report.owners.is_sorted_by(|one, other| one.share >= other.share));
        for node in &graph.nodes {
            let of = report.owners.iter().filter(|of| of.name == node.name && of.op.as_deref() == Some(node.op.name()));
            assert_eq!(of.count(), 1, "{}", node.name);
        }
        assert_eq!(report.owners.len(), graph.nodes.len() + 2);
        let columns = report.columns.iter().map(|of| of.columns).sum::<usize>();
        assert_eq!(columns, report.advice_columns + report.fixed_columns);
        apart(&layout);
    }
}

/// No two regions of columns that are shared have a row in common, and all stay within the circuit.
#[cfg(test)]
fn apart(layout: &Layout) {
    let mut regions = layout.regions();
    let columns = |group: Group| if group == Group::Scalars { Group::Weights } else { group };
    regions.sort_by_key(|region| (columns(region.group), region.first));
    for pair in regions.windows(2) {
        let [one, other] = pair else { continue };
        assert!(columns(one.group) != columns(other.group) || one.first + one.rows == other.first, "{one:?} {other:?}");
    }
    assert!(regions.iter().all(|region| region.first + region.rows <= layout.usable_rows()));
}

#[test]
fn what_decides_the_size_is_what_does_not_fit_half_of_the_rows() {
    let sketch = Layout::with_lanes(&zoo("lenet"), Lanes::new(1, 4)).unwrap().sketch();
    assert_eq!((sketch.longest(), sketch.deciding()), (Stack::Weights, vec![Stack::Weights, Stack::Activations]));
    let sketch = Layout::with_lanes(&zoo("mnist-mlp"), Lanes::new(1, 4)).unwrap().sketch();
    assert_eq!((sketch.longest(), sketch.deciding()), (Stack::Weights, vec![Stack::Weights]));
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
fn the_rows_of_every_case_have_an_owner() {
    for (graph, _) in samples::cases() {
        rows_of_owners_add_up(&graph);
    }
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
