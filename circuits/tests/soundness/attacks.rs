//! The known holes of the field, each by name: the intact circuit refuses the attack, and where the hole is a misplaced
//! fixed cell, the circuit with that cell accepts it.

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::{Advice, Fixed, Gate, Lanes, Layout, Lookup, Pinned, WORD_BYTES};
use assay_models::Op;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::canaries::{half_integer, not_a_byte, wrong_outputs};
use crate::checker::{Dropped, Failure};
use crate::forge::{Forged, Lie, Tuple};
use crate::networks::{self, Case, integer, small};
use crate::steer::{Target, passes};

/// Rejected by the sum of helpers alone, for exactly these tuples in no table.
fn assert_not_in_table(case: &Case, lie: &Lie, missing: &[(usize, Lookup)]) {
    let forged = case.forge(lie);
    let sorted = |missing: &[(usize, Lookup)]| missing.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&forged.missing), sorted(missing), "{lie:?}");
    assert_eq!(case.judge(&forged), [Failure::Gate(Gate::SumEdge, case.layout.usable_rows() - 1)]);
}

/// The layout of a case with fixed cells of its own.
pub(crate) fn altered(case: &Case, cells: &[(Fixed, usize, Fr)]) -> Layout {
    let mut layout = Layout::with_lanes(&case.graph, case.layout.shape.lanes).unwrap();
    for (column, row, value) in cells {
        let index = layout.shape.fixed_index(*column).unwrap();
        assert_ne!(layout.fixed[index].get(*row), *value);
        layout.fixed[index].set(*row, *value);
    }
    layout
}

#[test]
fn a_requantisation_off_by_one_has_no_remainder() {
    for case in networks::all() {
        let nodes = case.graph.nodes.iter().enumerate().filter(|(_, node)| node.op.requantise().is_some());
        let places = nodes.flat_map(|(at, node)| (0..case.graph.tensors[node.output.0].len()).map(move |i| (at, i)));
        places.collect::<Vec<_>>().par_iter().for_each(|(at, index)| {
            let rule = case.graph.nodes[*at].op.requantise().unwrap();
            let (n, split) = (case.quotient(*at, *index).0, case.layout.plan.split(*at).unwrap());
            let honest = case.tuple(*at, *index);
            for raw in [-1, 1].map(|off| 2 * small(honest.c) + honest.b + off) {
                let (c, b) = (raw.div_euclid(2), raw.rem_euclid(2));
                let tuple = Tuple { c: integer(c), t: n - split.modulus as i64 * c, b, z: rule.output(split, c, b) };
                let lie = Lie { cells: BTreeMap::from([((*at, *index), tuple)]), ..Lie::default() };
                let (row, lane) = case.place(*at, *index);
                // Beyond the outputs that the node can have, no table holds the quotient either.
                let output = [case.layout.fixed_at(Fixed::TagOutput, row), tuple.c, integer(b), integer(tuple.z)];
                let beyond = (!case.tables.contains_key(&output)).then_some((row, Lookup::Output(lane)));
                let missing = case.remainder_misses((*at, *index), tuple.t, b);
                assert!(!missing.is_empty(), "the remainder of another rounding is in the tables");
                let missing: Vec<_> = missing.into_iter().chain(beyond).collect();
                assert_not_in_table(&case, &lie, &missing);
            }
        });
    }
}

#[test]
fn the_other_side_of_an_exact_tie_needs_half_of_an_integer() {
    for case in [networks::cnn(1), networks::fork(1)] {
        let (lie, _) = half_integer(&case);
        let ((node, index), _) = lie.cells.iter().next().unwrap();
        let (row, lane) = case.place(*node, *index);
        assert_not_in_table(&case, &lie, &[(row, Lookup::Output(lane))]);
    }
}

#[test]
fn an_input_beyond_a_byte_that_keeps_its_word_is_in_no_table() {
    for case in networks::all() {
        let lie = not_a_byte(&case);
        let forged = case.forge(&lie);
        let words = case.input.len().div_ceil(WORD_BYTES);
        assert_eq!(forged.instances[..words], case.instances[..words]);
        assert!(!forged.missing.is_empty(), "one tuple for each block of the input's cells");
        assert_not_in_table(&case, &lie, &forged.missing);
    }
}

#[test]
fn a_wrong_maximum_is_in_no_table() {
    let mut pools = 0;
    for case in networks::all() {
        for (pool, node) in case.graph.nodes.iter().enumerate() {
            let Op::MaxPool(_) = node.op else { continue };
            pools += 1;
            for window in 0..case.graph.tensors[node.output.0].len() {
                let place = case.window(pool, window)[3].0;
                let (last, lane) = place;
                let r = small(case.cell(Advice::R(lane), last));
                // A maximum outside the type would leave other tables too, where it is copied for the next reader.
                let (z, dtype) = (small(case.cell(Advice::Z(lane), last)), case.graph.tensors[node.output.0].dtype);
                let of_the_type = |wrong: &i64| (dtype.min()..=dtype.max()).contains(&(z + wrong));
                for wrong in [r - 1, r + 1, r + 2].into_iter().filter(of_the_type) {
                    let lie = Lie { maxima: BTreeMap::from([(place, wrong)]), ..Lie::default() };
                    assert_not_in_table(&case, &lie, &[(last, Lookup::Maximum(lane))]);
                }
            }
        }
    }
    assert!(pools >= 7, "of the input, of maxima, of a convolution, of a sum, of a dense output");
}

#[test]
fn a_clipped_entry_beside_the_true_one_would_let_any_output_saturate() {
    let case = networks::cnn(1);
    let dense = case.node("dense");
    let (row, honest) = (case.row(dense, 0), case.tuple(dense, 0));
    assert!(honest.z < 127);
    let lie = Lie { cells: BTreeMap::from([((dense, 0), Tuple { z: 127, ..honest })]), ..Lie::default() };
    assert_not_in_table(&case, &lie, &[(row, Lookup::Output(0))]);
    let end = case.layout.report().table_rows;
    let entry = [case.layout.fixed_at(Fixed::TagOutput, row), honest.c, integer(honest.b), integer(127)];
    let columns = Fixed::entry(0);
    let cells: Vec<_> = columns
        .into_iter()
        .zip(entry)
        .map(|(column, value)| (column, end, value))
        .filter(|(column, row, value)| case.layout.fixed_at(*column, *row) != *value)
        .collect();
    assert!(accepted_with(&case, &altered(&case, &cells), &lie, end));
}

#[test]
fn zero_filled_table_rows_would_make_every_raw_zero_an_output_of_zero() {
    let case = networks::cnn(1);
    let (dense, index) = (case.node("dense"), 1);
    let honest = case.tuple(dense, index);
    assert_eq!((honest.c, honest.b, honest.z), (Fr::ZERO, 0, -2));
    let lie = Lie { cells: BTreeMap::from([((dense, index), Tuple { z: 0, ..honest })]), ..Lie::default() };
    assert_not_in_table(&case, &lie, &[(case.row(dense, index), Lookup::Output(0))]);
    let end = case.layout.report().table_rows;
    let unused = end..case.layout.usable_rows();
    let cells: Vec<_> = Fixed::entry(0)
        .into_iter()
        .skip(1)
        .flat_map(|column| unused.clone().map(move |row| (column, row, Fr::ZERO)))
        .filter(|(column, row, _)| case.layout.fixed_at(*column, *row) != Fr::ZERO)
        .collect();
    assert!(accepted_with(&case, &altered(&case, &cells), &lie, end));
}

/// Whether a lie whose missing tuple sits in a row of an altered table is accepted.
fn accepted_with(case: &Case, layout: &Layout, lie: &Lie, row: usize) -> bool {
    let mut forged = case.forge(lie);
    forged.columns.set(layout, Advice::M(0), row, Fr::ONE);
    case.judge_on(layout, &forged, &Pinned::new(), &Dropped::default()).is_empty()
}

#[test]
fn wrong_multiplicities_are_refused_and_only_the_sum_over_equal_rows_counts() {
    for case in networks::all() {
        let (honest, end) = (case.honest(), case.layout.report().table_rows);
        let last = case.layout.usable_rows() - 1;
        let moved = |from: (u8, usize), to: (u8, usize)| {
            let mut forged: Forged = honest.clone();
            for ((stack, row), by) in [(from, -Fr::ONE), (to, Fr::ONE)] {
                let m = forged.columns.get(&case.layout, Advice::M(stack), row);
                forged.columns.set(&case.layout, Advice::M(stack), row, m + by);
            }
            case.judge(&forged)
        };
        let used: Vec<(u8, usize)> = networks::entries(&case.layout)
            .map(|(at, _)| at)
            .filter(|(stack, row)| case.cell(Advice::M(*stack), *row) != Fr::ZERO)
            .collect();
        for pair in used.windows(2) {
            assert_eq!(moved(pair[0], pair[1]), [Failure::Gate(Gate::SumEdge, last)]);
        }
        for stack in case.layout.shape.lanes.of_tables() {
            assert_eq!(moved((stack, end - 1), (stack, end)), [], "the last entry is repeated");
            assert_eq!(moved((stack, end), (stack, end + 1)), []);
            assert_eq!(moved((stack, 0), (stack, end)), [], "also in row 0");
        }
        for wrong in wrong_outputs(&case).map(|lie| case.forge(&lie)) {
            assert_eq!(case.judge(&wrong), [Failure::Gate(Gate::SumEdge, last)]);
        }
    }
}

#[test]
fn another_context_is_refused() {
    for case in networks::all() {
        let context = case.layout.instances() - 1;
        let name = format!("context = instance {context}");
        let forged = case.forge(&Lie { wrong_word: Some(context), ..Lie::default() });
        assert_eq!(case.judge(&forged), [Failure::Copy(name.clone())]);
        let mut forged = case.honest();
        forged.columns.context += Fr::ONE;
        assert_eq!(case.judge(&forged), [Failure::Copy(name)]);
    }
}

#[test]
fn a_helper_freed_in_an_unused_row_would_hide_a_wrong_output() {
    for case in networks::all() {
        let unused = case.layout.usable_rows() - 9;
        let freed = altered(&case, &[(Fixed::Use, unused, Fr::ZERO)]);
        for forged in wrong_outputs(&case).map(|lie| case.forge(&lie)) {
            assert!(passes(&case, &freed, &forged, (Advice::S, unused + 1), &Target::Sum, &Dropped::default()));
        }
    }
}

#[test]
fn a_running_sum_with_a_free_start_would_hide_a_lie() {
    let case = networks::cnn(1);
    let first = |flag| (1..case.layout.usable_rows()).find(|row| case.flag(flag, *row)).unwrap();
    let conv = case.node("conv");
    let channels = case.one_a_channel(case.graph.nodes[conv].output);
    let outputs = channels
        .into_iter()
        .map(|at| Lie { cells: BTreeMap::from([((conv, at), case.other(conv, at))]), ..Lie::default() });
    let both_channels_in_the_first_word = [0, case.area(case.graph.inputs[0].tensor)];
    let inputs = both_channels_in_the_first_word.into_iter().map(|at| {
        let mut input = case.input.clone();
        input[at] ^= 1;
        Lie { input: Some(input), keep_input_claim: true, ..Lie::default() }
    });
    let (outputs, inputs): (Vec<Lie>, Vec<Lie>) = (outputs.collect(), inputs.collect());
    let (side, word) = ("conv: weights side = outputs side", "input 0, word 0 = instance 0");
    let starts = [
        (Fixed::FCont, 1, Advice::F1, &outputs, side),
        (Fixed::FOuter, first(Fixed::FTake), Advice::F2, &outputs, side),
        (Fixed::GCont, 1, Advice::G1, &inputs, word),
        (Fixed::GOuter, first(Fixed::GTake), Advice::G2, &inputs, word),
        (Fixed::Car, 1, Advice::Acc1, &outputs, side),
        (Fixed::Step, first(Fixed::Take), Advice::Acc2, &outputs, side),
        (Fixed::KeepP, 1, Advice::P, &outputs, side),
    ];
    let tries = starts
        .into_iter()
        .flat_map(|(flag, row, column, lies, name)| lies.iter().map(move |lie| (flag, row, column, lie, name)));
    for (flag, row, column, lie, name) in tries {
        let forged = case.forge(lie);
        assert_eq!(case.judge(&forged), [Failure::Copy(name.to_owned())]);
        let target = Target::Copy(name.to_owned());
        let carried = altered(&case, &[(flag, row, Fr::ONE)]);
        assert!(
            !passes(&case, &case.layout, &forged, (column, 0), &target, &Dropped::default()),
            "{column:?} in row 0 is read"
        );
        assert!(passes(&case, &carried, &forged, (column, 0), &target, &Dropped::default()), "{flag:?} in row {row}");
    }
    let forged = case.forge(&wrong_outputs(&case).last().unwrap());
    let free = altered(&case, &[(Fixed::Edge, 0, Fr::ZERO)]);
    assert!(!passes(&case, &case.layout, &forged, (Advice::S, 0), &Target::Sum, &Dropped::default()));
    assert!(passes(&case, &free, &forged, (Advice::S, 0), &Target::Sum, &Dropped::default()));
}

/// A weight in a front-padding lane would be a coefficient that belongs to no output.
#[test]
fn front_padding_is_zero_and_anything_else_breaks_an_honest_inference() {
    let case = networks::cnn(1);
    let (dense, report) = (case.node("dense"), case.layout.report());
    assert_eq!((case.layout.shape.lanes, report.padding_cells), (Lanes::new(1, 2), 13));
    let honest = case.honest();
    let row = case.layout.dense_inputs().next().unwrap().0 - 1;
    let padded = altered(&case, &[(Fixed::W(0), row, Fr::ONE)]);
    let failures = case.judge_on(&padded, &honest, &Pinned::new(), &Dropped::default());
    assert_eq!(failures, [Failure::Copy("dense: weights side = outputs side".to_owned())], "{dense}");
}
