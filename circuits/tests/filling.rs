//! Golden cells: the layout and the columns of known inferences, as the plain evaluation of every gate gave them.

use assay_circuits::{Algebra, Challenge, Challenges, Columns, Layout, Pinned, Row, fold_weights};
use assay_models::samples::Numbers;
use assay_models::{QuantizedGraph, import, interpret, samples};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

/// Known challenges.
#[cfg(test)]
fn challenges() -> Challenges {
    let mut numbers = Numbers::new(99);
    [(); 5].map(|()| Fr::from(numbers.between(0, i64::MAX) as u64).pow_vartime([7]))
}

/// `sum_i cell_i s^(n-1-i)` for an `s` of 64 bits: two columns that differ anywhere do not meet here by chance.
#[cfg(test)]
fn fold(cells: impl Iterator<Item = Fr>) -> Fr {
    cells.fold(Fr::ZERO, |sum, cell| sum * Fr::from(0x9E37_79B9_7F4A_7C15) + cell)
}

/// Low 64 bits of the folds of fixed cells, of phase 0 and of all cells.
#[cfg(test)]
fn golden(graph: &QuantizedGraph) -> [u64; 3] {
    let layout = Layout::plan(graph).unwrap();
    let trace = interpret(graph, &samples::input(graph, 5)).unwrap();
    let mut columns = Columns::phase_zero(&layout, &trace, Fr::from(777)).unwrap();
    let rows = 0..layout.usable_rows();
    let fixed = fold(layout.shape.fixed.iter().flat_map(|c| rows.clone().map(|row| layout.fixed_at(*c, row))));
    let advice = |columns: &Columns| {
        fold(layout.shape.advice.iter().flat_map(|c| rows.clone().map(|row| columns.get(&layout, *c, row))))
    };
    let narrow = advice(&columns);
    columns.complete(&layout, &challenges(), &Pinned::new()).unwrap();
    [fixed, narrow, advice(&columns)].map(|value| {
        let bytes = value.to_repr();
        bytes.as_ref().iter().take(8).rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    })
}

#[test]
fn cells_of_known_inferences_are_what_they_were() {
    for (graph, expected) in [
        (samples::tiny_mlp(), [3_495_075_148_256_675_738, 7_645_076_165_016_278_862, 18_294_350_159_511_372_163]),
        (samples::tiny_cnn(), [1_488_078_358_273_504_872, 7_913_979_695_651_355_134, 1_492_748_535_607_699_628]),
        (zoo("mnist-mlp"), [1_095_017_556_472_902_384, 3_411_292_719_160_310_610, 11_267_256_296_277_815_092]),
        (zoo("lenet"), [16_317_805_522_086_489_603, 13_615_933_482_351_650_736, 13_854_457_061_586_663_616]),
    ] {
        let got = golden(&graph);
        assert_eq!(got, expected, "{}", graph.name);
    }
}

/// Weights folded by Horner's rule in the field, row by row, are what the filler folds, and what it may be given.
#[test]
fn folded_weights_may_be_handed_in() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn(), zoo("lenet")] {
        let layout = Layout::plan(&graph).unwrap();
        let trace = interpret(&graph, &samples::input(&graph, 5)).unwrap();
        let mut own = Columns::phase_zero(&layout, &trace, Fr::from(777)).unwrap();
        let (mut given, challenges) = (own.clone(), challenges());
        let rows = 0..=layout.report().weight_rows;
        let fold = |row| Row { layout: &layout, columns: &given, challenges: &challenges, row }.weights();
        let folds: Vec<Fr> = rows.map(fold).collect();
        assert_eq!(fold_weights(&layout, challenges[Challenge::R as usize]), folds);
        own.complete(&layout, &challenges, &Pinned::new()).unwrap();
        given.complete_with(&layout, &challenges, &Pinned::new(), Some(&folds)).unwrap();
        assert_eq!(own, given);
    }
}

#[cfg(test)]
fn zoo(name: &str) -> QuantizedGraph {
    let path = format!("{}/../models/zoo/{name}/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
    import(&std::fs::read(path).unwrap(), name).unwrap()
}
