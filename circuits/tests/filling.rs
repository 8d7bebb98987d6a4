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
    let trace = interpret(graph, &samples::inputs(graph, 5)).unwrap();
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
    let known = [
        (samples::tiny_mlp(), [9_752_591_009_008_592_450, 14_930_928_011_957_586_723, 16_273_419_164_712_227_083]),
        (samples::tiny_cnn(), [4_299_753_072_064_390_681, 96_588_525_122_337_360, 7_426_229_901_406_494_579]),
        (zoo("mnist-mlp"), [16_938_560_886_711_960_956, 2_338_211_190_749_188_993, 3_918_600_585_461_580_584]),
        (zoo("lenet"), [2_586_279_405_203_357_110, 7_401_103_402_632_402_914, 10_221_488_757_481_831_925]),
    ];
    let got = known.each_ref().map(|(graph, _)| golden(graph));
    assert_eq!(got, known.map(|(_, expected)| expected));
}

/// Weights folded by Horner's rule in the field, row by row, are what the filler folds, and what it may be given.
#[test]
fn folded_weights_may_be_handed_in() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn(), zoo("lenet")] {
        let layout = Layout::plan(&graph).unwrap();
        let trace = interpret(&graph, &samples::inputs(&graph, 5)).unwrap();
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
