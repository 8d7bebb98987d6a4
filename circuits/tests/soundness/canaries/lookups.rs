//! Every lookup made vacuous for one lie - its table is granted the lying tuple - and the lie passes.

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::{Advice, Fixed, Layout, Lookup, Pinned, Row};
use assay_models::{Op, TensorId};
use halo2curves::bn256::Fr;

use super::rejected;
use crate::checker::Dropped;
use crate::forge::{Forged, Lie, Tuple};
use crate::lies::{Catch, constants, lies};
use crate::networks::{self, Block, Case, challenges, integer, small};
use crate::surface::{Reads, surface};

const REMAINDER: usize = 0;
const OUTPUT: usize = 1;
const MAXIMUM: usize = 2;
/// A further part of a remainder.
const PART: usize = 3;

/// Whether a lie with one tuple in no table passes a circuit whose tables hold that tuple too.
pub(crate) fn passes_if_granted(case: &Case, lie: &Lie, lookup: usize) -> bool {
    let forged = rejected(case, lie);
    let tuples: Vec<[Fr; 4]> = forged.missing.iter().map(|(row, by)| tuple(case, &forged, *row, *by)).collect();
    assert!(forged.missing.iter().all(|(_, by)| kind(*by) == lookup), "{:?} are in no table", forged.missing);
    assert!(
        !tuples.is_empty() && tuples.iter().all(|tuple| *tuple == tuples[0]),
        "one tuple, in every block of its cell"
    );
    let mut layout = Layout::with_lanes(&case.graph, case.layout.shape.lanes).unwrap();
    let granted = layout.report().table_rows;
    assert!(granted < layout.usable_rows() - 1);
    for (column, value) in Fixed::entry(0).into_iter().zip(tuples[0]) {
        let index = layout.shape.fixed_index(column).unwrap();
        layout.fixed[index].set(granted, value);
    }
    let mut columns = forged.columns.clone();
    columns.set(&layout, Advice::M(0), granted, Fr::from(tuples.len() as u64));
    case.judge_on(&layout, &Forged { columns, ..forged }, &Pinned::new(), &Dropped::default()).is_empty()
}

/// What a lookup is for.
fn kind(lookup: Lookup) -> usize {
    match lookup {
        Lookup::Remainder(_) => REMAINDER,
        Lookup::Part(..) => PART,
        Lookup::Output(_) => OUTPUT,
        Lookup::Maximum(_) => MAXIMUM,
        Lookup::Wire(_) | Lookup::Table(_) => panic!("{lookup:?} is in no table"),
    }
}

/// The tuple that a row looks up.
fn tuple(case: &Case, forged: &Forged, row: usize, lookup: Lookup) -> [Fr; 4] {
    let (layout, columns, challenges) = (&case.layout, &forged.columns, &challenges(1));
    lookup.tuple(&Row { layout, columns, challenges, row })
}

#[test]
fn without_any_one_lookup_a_lie_passes() {
    for case in networks::all() {
        let mut covered: BTreeSet<(usize, i64)> = BTreeSet::new();
        for (at, node) in case.graph.nodes.iter().enumerate().filter(|(_, node)| node.op.requantise().is_some()) {
            for element in case.one_a_channel(node.output).into_iter().map(|index| (at, index)) {
                let row = case.row(element.0, element.1);
                assert!(passes_if_granted(&case, &another_quotient(&case, element), REMAINDER), "{}", node.name);
                covered.insert((REMAINDER, small(case.layout.fixed_at(Fixed::TagRemainder, row))));
                for part in case.layout.shape.lanes.further_parts() {
                    let tag = small(case.layout.fixed_at(Fixed::TagPart(part), row));
                    if let Some(lie) = another_part(&case, element, part) {
                        assert!(passes_if_granted(&case, &lie, PART), "{}", node.name);
                        covered.insert((PART, tag));
                    }
                }
                assert!(passes_if_granted(&case, &another_output(&case, element), OUTPUT), "{}", node.name);
                covered.insert((OUTPUT, small(case.layout.fixed_at(Fixed::TagOutput, row))));
            }
        }
        assert!(passes_if_granted(&case, &not_a_byte(&case), OUTPUT));
        covered.insert((OUTPUT, small(case.layout.fixed_at(Fixed::TagOutput, 1))));
        for (row, lie) in unlike_copies(&case) {
            assert!(passes_if_granted(&case, &lie, OUTPUT), "copy in row {row}");
            covered.insert((OUTPUT, small(case.layout.fixed_at(Fixed::TagOutput, row))));
        }
        for placed in constants(&case) {
            let Catch::Output((row, _)) = placed.catch else { panic!("a constant is looked up") };
            assert!(passes_if_granted(&case, &placed.lie, OUTPUT), "constant in row {row}");
            covered.insert((OUTPUT, small(case.layout.fixed_at(Fixed::TagOutput, row))));
        }
        if case.graph.nodes.iter().any(|node| matches!(node.op, Op::MaxPool(_))) {
            let raised = lies(&case).into_iter().find(|placed| matches!(placed.catch, Catch::Maximum(_))).unwrap();
            assert!(passes_if_granted(&case, &raised.lie, MAXIMUM));
        }
        let missed: Vec<_> = in_use(&case).into_iter().filter(|lookup| !covered.contains(lookup)).collect();
        let exempt: Vec<_> = exempt(&case).into_iter().filter(|lookup| !covered.contains(lookup)).collect();
        assert_eq!(missed, exempt, "{}", case.graph.name);
        println!("{}: lookups with a canary, by kind and tag: {covered:?}; exempt {missed:?}", case.graph.name);
    }
}

/// The lookups of a layout: kind and tag.
fn in_use(case: &Case) -> BTreeSet<(usize, i64)> {
    let rows = (0..case.activations_end()).filter(|row| case.flag(Fixed::Lookup, *row));
    let tag = |column, row| small(case.layout.fixed_at(column, row));
    let of = |row| {
        let parts = case.layout.shape.lanes.further_parts().map(move |part| (PART, tag(Fixed::TagPart(part), row)));
        [(REMAINDER, tag(Fixed::TagRemainder, row)), (OUTPUT, tag(Fixed::TagOutput, row))].into_iter().chain(parts)
    };
    rows.flat_map(of).collect()
}

/// The lookups of a remainder that bind a cell which no sum reads, of byte rows and of parts that are always 0: they pin cells that would be
/// free, and no lie.
fn exempt(case: &Case) -> Vec<(usize, i64)> {
    let rows = (0..case.activations_end()).filter(|row| case.flag(Fixed::Lookup, *row));
    let unread = |row: usize, (kind, tag, coefficient): (usize, Fixed, Fixed)| {
        (!case.flag(coefficient, row)).then(|| (kind, small(case.layout.fixed_at(tag, row))))
    };
    let parts = case.layout.shape.lanes.further_parts();
    let columns: Vec<_> = std::iter::once((REMAINDER, Fixed::TagRemainder, Fixed::CoefT))
        .chain(parts.map(|part| (PART, Fixed::TagPart(part), Fixed::CoefPart(part))))
        .collect();
    let of: BTreeSet<_> = rows.flat_map(|row| columns.iter().filter_map(move |column| unread(row, *column))).collect();
    assert!(
        of.contains(&(REMAINDER, small(case.layout.fixed_at(Fixed::TagRemainder, 1)))),
        "the input's bytes have no remainder"
    );
    of.into_iter().collect()
}

/// Another output, a further part of its remainder moved out of its range so that the accumulator stays; none where the part is always 0.
fn another_part(case: &Case, (node, index): (usize, usize), part: u8) -> Option<Lie> {
    let split = case.layout.plan.split(node).unwrap();
    let at = usize::from(part);
    let step = split.steps[at - 1] as i64;
    let other = case.other(node, index);
    let honest = case.tuple(node, index);
    let spans = split.spans().map(|of| of[honest.b as usize]);
    if step == 0 {
        return None;
    }
    // Parts that count more hold the least they can; what is no multiple of the step is left to the parts that count less.
    let mut t = honest.t - split.modulus as i64 * (small(other.c) - small(honest.c));
    let (row, lane) = case.place(node, index);
    let mut edits = Vec::new();
    for further in case.layout.shape.lanes.further_parts().filter(|further| *further > part) {
        let (least, _) = spans[usize::from(further)];
        t -= split.steps[usize::from(further) - 1] as i64 * least;
        edits.push((Advice::Part(further, lane), row, integer(least)));
    }
    let steps = [1, split.steps[0] as i64, split.steps[1] as i64];
    let least: i64 = (0..at).map(|below| steps[below] * spans[below].0).sum();
    let value = (t - least).div_euclid(step);
    t -= value * step;
    edits.push((Advice::Part(part, lane), row, integer(value)));
    for below in (1..at).rev() {
        let (least, count) = spans[below];
        let most = least + count as i64 - 1;
        let value = if steps[below] == 0 { 0 } else { (t - spans[0].0).div_euclid(steps[below]).clamp(least, most) };
        t -= value * steps[below];
        edits.push((Advice::Part(below as u8, lane), row, integer(value)));
    }
    edits.push((Advice::T(lane), row, integer(t)));
    let (least, count) = spans[0];
    let within = (least..least + count as i64).contains(&t);
    within.then(|| Lie { cells: BTreeMap::from([((node, index), other)]), edits, ..Lie::default() })
}

/// Another output, its remainder moved out of its range so that the accumulator stays.
fn another_quotient(case: &Case, (node, index): (usize, usize)) -> Lie {
    let (honest, other) = (case.tuple(node, index), case.other(node, index));
    let modulus = case.layout.plan.split(node).unwrap().modulus as i64;
    let t = honest.t - modulus * (small(other.c) - small(honest.c));
    Lie { cells: BTreeMap::from([((node, index), Tuple { t, ..other })]), ..Lie::default() }
}

/// An output that does not follow from its quotient.
fn another_output(case: &Case, (node, index): (usize, usize)) -> Lie {
    let honest = case.tuple(node, index);
    let z = if honest.z > 3 { honest.z - 1 } else { honest.z + 1 };
    Lie { cells: BTreeMap::from([((node, index), Tuple { z, ..honest })]), ..Lie::default() }
}

/// Rows of copy blocks whose z, which is read, is another value than the c that is compared with the original: one a channel.
fn unlike_copies(case: &Case) -> Vec<(usize, Lie)> {
    let mut lies = Vec::new();
    let mut unlike = |tensor: TensorId, block, lie: &dyn Fn(usize, i64) -> Lie| {
        for index in case.one_a_channel(tensor) {
            let Some(place) = case.copied(tensor, block, index) else { continue };
            if case.wired(place) {
                continue; // it has no c
            }
            let (row, lane) = place;
            let honest = case.trace.values[tensor.0][index];
            let wrong = if honest > 3 { honest - 1 } else { honest + 1 };
            lies.push((row, Lie { edits: vec![(Advice::C(lane), row, integer(honest))], ..lie(index, wrong) }));
        }
    };
    for (at, node) in case.graph.nodes.iter().enumerate() {
        let read = |index, value| Lie { reads: BTreeMap::from([((at, index), value)]), ..Lie::default() };
        match surface(&node.op).reads {
            Reads::Copies(block) => unlike(node.inputs[0], block, &read),
            Reads::Original | Reads::Inputs => {}
        }
    }
    let packed = |index, value| Lie { packed: BTreeMap::from([(index, value)]), ..Lie::default() };
    unlike(case.graph.outputs[0].tensor, Block::Words, &packed);
    lies
}

/// One input element 256 too large or too small, its neighbour in the word one off: the word is the same.
pub(crate) fn not_a_byte(case: &Case) -> Lie {
    let dtype = case.graph.tensors[case.graph.inputs[0].tensor.0].dtype;
    let forged = |(at, sign): (usize, i64)| {
        let mut input = case.input.clone();
        (input[at], input[at + 1]) = (input[at] - sign, input[at + 1] + 256 * sign);
        Lie { input: Some(input), keep_input_claim: true, ..Lie::default() }
    };
    let words = assay_circuits::WORD_BYTES;
    let same_word = |(at, sign): &(usize, i64)| {
        let neighbour = case.input[*at] - sign;
        at / words == (at + 1) / words && (dtype.min()..=dtype.max()).contains(&neighbour)
    };
    let one_tuple = |lie: &Lie| {
        let forged = case.forge(lie);
        let mut tuples = forged.missing.iter().map(|(row, by)| (by, tuple(case, &forged, *row, *by)));
        tuples.next().is_some_and(|(by, first)| {
            kind(*by) == OUTPUT && tuples.all(|(other, tuple)| kind(*other) == OUTPUT && tuple == first)
        })
    };
    (0..case.input.len() - 1)
        .flat_map(|at| [(at, 1), (at, -1)])
        .filter(same_word)
        .map(forged)
        .find(one_tuple)
        .unwrap_or_else(|| panic!("{}: every such input leaves another table too", case.graph.name))
}

#[test]
fn a_half_integer_passes_where_the_output_lookup_is_granted_it() {
    for case in [networks::cnn(1), networks::fork(1)] {
        let (lie, node) = half_integer(&case);
        assert!(passes_if_granted(&case, &lie, OUTPUT), "{} {node}", case.graph.name);
    }
}

/// The other side of an exact tie: `c = odd / 2` in the field, a remainder that its table holds.
pub(crate) fn half_integer(case: &Case) -> (Lie, usize) {
    let conv = |at: &usize| matches!(case.graph.nodes[*at].op, Op::Conv(_));
    let (node, index) = (0..case.graph.nodes.len())
        .filter(conv)
        .find_map(|node| case.ties(node).first().map(|index| (node, *index)))
        .unwrap();
    let (n, d) = case.quotient(node, index);
    let honest = case.tuple(node, index);
    let even = 2 * small(honest.c) + honest.b;
    let odd = 2 * n.div_euclid(d) + 1 - even;
    assert!(even % 2 == 0 && odd.rem_euclid(2) == 1);
    let rule = case.graph.nodes[node].op.requantise().unwrap();
    let half = integer(odd) * Fr::from(2).invert().unwrap();
    let tuple = Tuple { c: half, t: n - d * odd, b: 0, z: rule.saturate(odd) };
    (Lie { cells: BTreeMap::from([((node, index), tuple)]), ..Lie::default() }, node)
}
