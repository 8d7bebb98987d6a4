//! The wire, which copies elements in any order: what holds it together, and by name what a hole in it would let pass.
//!
//! The lie is always the same: the words of the input show another byte than the one the network is computed on. The intact circuit
//! rejects it because the word's element is read from the byte's position; each test takes one of the reasons away.

mod gathered;

use std::collections::BTreeMap;

use assay_circuits::{Advice, Cells, Fixed, Gate, Layout, Pinned};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::attacks::altered;
use crate::checker::{Dropped, Failure};
use crate::forge::{Forged, Lie};
use crate::networks::{self, Block, Case, Place, integer, small};

/// Cases whose rows have several lanes.
fn several() -> Vec<Case> {
    let several = networks::all().into_iter().filter(|case| case.layout.shape.lanes.activations > 1);
    several.chain([2, 8].map(networks::gathered)).collect()
}

/// Where an element of the input stands, and where its copy.
fn places(case: &Case, index: usize) -> [Place; 2] {
    let place = |block| case.copied(case.graph.inputs[0].tensor, block, index).unwrap();
    [place(Block::Input), place(Block::InputWords)]
}

fn byte_beside(case: &Case, index: usize) -> i64 {
    let value = case.input[index];
    if value == case.graph.tensors[case.graph.inputs[0].tensor.0].dtype.max() { value - 1 } else { value + 1 }
}

/// The word that holds an element shows another byte; `edits` are the cells that the cheater needs beside.
fn lie(case: &Case, index: usize, shown: i64, edits: Vec<(Advice, usize, Fr)>) -> Forged {
    let [_, (row, lane)] = places(case, index);
    let copy = (Advice::Z(lane), row, integer(shown));
    let forged = case.forge(&Lie { edits: [vec![copy], edits].concat(), ..Lie::default() });
    let mut claimed = case.input.clone();
    claimed[index] = shown;
    let words = assay_models::packing::pack(&claimed, case.graph.tensors[case.graph.inputs[0].tensor.0].dtype).unwrap();
    let mut instances = forged.instances.clone();
    for (instance, word) in instances.iter_mut().zip(words) {
        *instance = word.iter().fold(Fr::ZERO, |sum, byte| sum * Fr::from(256) + Fr::from(u64::from(*byte)));
    }
    Forged { instances, ..forged }
}

fn rejected_by_the_sum(case: &Case, forged: &Forged) {
    let last = case.layout.usable_rows() - 1;
    assert_eq!(case.judge(forged), [Failure::Gate(Gate::SumEdge, last)], "{}", case.graph.name);
}

fn accepted_on(case: &Case, layout: &Layout, forged: &Forged) -> bool {
    case.judge_on(layout, forged, &Pinned::new(), &Dropped::default()).is_empty()
}

fn fixed(case: &Case, column: Fixed, row: usize) -> Fr {
    case.layout.fixed_at(column, row)
}

#[test]
fn a_read_that_is_not_counted_would_show_any_byte() {
    for case in several() {
        for index in case.one_a_channel(case.graph.inputs[0].tensor) {
            let forged = lie(&case, index, byte_beside(&case, index), vec![]);
            rejected_by_the_sum(&case, &forged);
            let [(row, lane), (copy, copy_lane)] = places(&case, index);
            let count = fixed(&case, Fixed::Reads(lane), row);
            let cells = [(Fixed::Reads(lane), row, count + Fr::ONE), (Fixed::Reads(copy_lane), copy, Fr::ZERO)];
            assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{}", case.graph.name);
        }
    }
}

/// Two bytes of one word that are written to one position may change places in it.
#[test]
fn a_position_that_is_written_twice_would_let_bytes_change_places() {
    for case in several() {
        let counted = |index: usize| {
            let [(row, lane), _] = places(&case, index);
            fixed(&case, Fixed::Reads(lane), row)
        };
        // As often read as each other, so that the two positions differ in nothing.
        let (one, pair) = (0..case.input.len().min(31))
            .flat_map(|pair| (0..pair).map(move |one| (one, pair)))
            .find(|(one, pair)| case.input[*one] != case.input[*pair] && counted(*one) == counted(*pair))
            .unwrap();
        let [[first, (other, other_lane)], [second, (copy, copy_lane)]] = [places(&case, one), places(&case, pair)];
        let swapped = (Advice::Z(other_lane), other, integer(case.input[pair]));
        let mut forged = lie(&case, pair, case.input[one], vec![swapped]);
        let mut claimed = case.input.clone();
        claimed.swap(one, pair);
        let word =
            assay_models::packing::pack(&claimed, case.graph.tensors[case.graph.inputs[0].tensor.0].dtype).unwrap()[0];
        forged.instances[0] = word.iter().fold(Fr::ZERO, |sum, byte| sum * Fr::from(256) + Fr::from(u64::from(*byte)));
        rejected_by_the_sum(&case, &forged);
        let cells = shared(&case, first, second);
        assert!(cells.contains(&(Fixed::Position(copy_lane), copy, fixed(&case, Fixed::Position(first.1), first.0))));
        assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{}", case.graph.name);
    }
}

/// The element at a second place is written to the position of that at a first, and read from there by whoever reads it.
fn shared(case: &Case, first: Place, second: Place) -> Vec<(Fixed, usize, Fr)> {
    let position = |(row, lane): Place| fixed(case, Fixed::Position(lane), row);
    let reads = |(row, lane): Place| fixed(case, Fixed::Reads(lane), row) == Fr::ONE;
    let lanes = case.layout.shape.lanes.of_activations();
    let places = (1..case.activations_end()).flat_map(|row| lanes.clone().map(move |lane| (row, lane)));
    let readers = places.filter(|at| reads(*at) && position(*at) == position(second));
    let moved = std::iter::once(second).chain(readers);
    moved.map(|(row, lane)| (Fixed::Position(lane), row, position(first))).collect()
}

#[test]
fn a_lane_that_pads_a_segment_would_write_any_byte() {
    let mut tried = 0;
    for case in several() {
        let lanes = case.layout.shape.lanes;
        // The first element of a segment whose first lane pads it.
        let padded = (0..case.input.len()).find(|index| {
            let [(row, lane), _] = places(&case, *index);
            lane > 0 && !case.flag(Fixed::Present(0), row) && usize::from(lane) < lanes.activations
        });
        let Some(index) = padded else { continue };
        let [(row, lane), _] = places(&case, index);
        let shown = byte_beside(&case, index);
        let filled = [Advice::C(0), Advice::Z(0)].map(|column| (column, row, integer(shown)));
        let forged = lie(&case, index, shown, filled.to_vec());
        rejected_by_the_sum(&case, &forged);
        let (count, position) = (fixed(&case, Fixed::Reads(lane), row), fixed(&case, Fixed::Position(lane), row));
        if count != -Fr::ONE {
            continue; // read by others too, which would have to be told the same
        }
        let mut cells = vec![
            (Fixed::Reads(lane), row, Fr::ZERO),
            (Fixed::Reads(0), row, count),
            (Fixed::Position(0), row, position),
        ];
        cells.retain(|(column, row, value)| fixed(&case, *column, *row) != *value);
        assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{}", case.graph.name);
        tried += 1;
    }
    assert!(tried > 2, "{tried}");
}

/// Without its lookups a row may hold one value for the network (`c`) and another for whoever reads it (`z`).
#[test]
fn an_element_that_nothing_checks_would_be_two_things_at_once() {
    for case in several() {
        for index in case.one_a_channel(case.graph.inputs[0].tensor) {
            let [(row, lane), _] = places(&case, index);
            if fixed(&case, Fixed::Reads(lane), row) != -Fr::ONE
                || case.layout.fixed_cells(Fixed::FPlane).is_none_or(Cells::is_zero)
            {
                continue;
            }
            let shown = byte_beside(&case, index);
            let mut forged = lie(&case, index, shown, vec![(Advice::Z(lane), row, integer(shown))]);
            assert!(!case.judge(&forged).is_empty());
            let unchecked = altered(&case, &[(Fixed::Lookup, row, Fr::ZERO)]);
            forged.columns.count_lookups(&unchecked);
            assert!(accepted_on(&case, &unchecked, &forged), "{}", case.graph.name);
        }
    }
}

/// A position has one writer, in a lane that holds a checked element; it counts as often as it is read; no row reads and writes; and no
/// table has the wire's tag.
#[test]
fn every_position_is_written_once_and_counted_as_often_as_it_is_read() {
    for case in several() {
        let lanes = case.layout.shape.lanes;
        let (mut written, mut reads) = (BTreeMap::new(), BTreeMap::<i64, i64>::new());
        for row in 0..case.layout.usable_rows() {
            let tags = lanes.of_tables().map(|stack| fixed(&case, Fixed::Entry(stack, 0), row));
            assert!(tags.into_iter().all(|tag| tag != Fr::from(2)), "a table under the wire's tag");
            let counts: Vec<i64> =
                lanes.of_activations().map(|lane| small(fixed(&case, Fixed::Reads(lane), row))).collect();
            assert!(counts.iter().all(|count| *count >= 0) || counts.iter().all(|count| *count <= 0));
            for (lane, count) in lanes.of_activations().zip(counts) {
                let position = small(fixed(&case, Fixed::Position(lane), row));
                let holds = usize::from(lane) + 1 == lanes.activations || case.flag(Fixed::Present(lane), row);
                assert!(count == 0 || holds, "row {row}, lane {lane} pads a segment");
                if count < 0 {
                    assert!(case.flag(Fixed::Lookup, row), "row {row} is not checked");
                    assert_eq!(written.insert(position, -count), None, "position {position}");
                } else if count > 0 {
                    assert_eq!(count, 1);
                    *reads.entry(position).or_default() += 1;
                }
            }
        }
        assert_eq!(written, reads, "{}", case.graph.name);
        println!("{}: {} positions", case.graph.name, written.len());
    }
}
