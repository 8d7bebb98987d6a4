//! Elements that a Gather puts in another order: what a wrong count, a shared position, the position of another element, or a constant that
//! nothing checks would let pass.
//!
//! Here the lie is told to whoever reads the copies, and everything that follows from it is honest. No gate and no copy can notice: the
//! wire alone says which element a copy is.

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::{Advice, Fixed, Lookup};
use assay_models::TensorId;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{accepted_on, altered, fixed, rejected_by_the_sum, shared};
use crate::forge::Lie;
use crate::gathers::Origin;
use crate::lies::{constants, told};
use crate::networks::{self, Block, Case, Copied, Place, integer, small};

fn cases() -> [Case; 3] {
    [2, 4, 8].map(networks::gathered)
}

/// The gathered copies of a case: all of them in four lanes, every fifth in others.
fn copies(case: &Case) -> impl Iterator<Item = (Copied, Origin)> {
    let step = if case.layout.shape.lanes.activations == 4 { 1 } else { 5 };
    case.gathered().into_iter().step_by(step)
}

fn value(case: &Case, origin: Origin) -> i64 {
    match origin {
        Origin::Constant(value) => value,
        Origin::Element(tensor, index) => case.trace.values[tensor.0][index],
    }
}

fn place(case: &Case, (tensor, block, index): Copied) -> Place {
    case.copied(tensor, block, index).unwrap()
}

fn count(case: &Case, (row, lane): Place) -> Fr {
    fixed(case, Fixed::Reads(lane), row)
}

fn position(case: &Case, (row, lane): Place) -> Fr {
    fixed(case, Fixed::Position(lane), row)
}

/// What the cases are there for: every kind of copies, of elements of every kind, one of them read often and one by its public word alone.
#[test]
fn gathered_elements_of_every_kind_are_read_in_every_way() {
    for case in cases() {
        let blocks: BTreeSet<Block> = case.gathered().into_iter().map(|((_, block, _), _)| block).collect();
        assert_eq!(blocks, BTreeSet::from([Block::Windows, Block::Planes, Block::Words]));
        let named = |name: &str| TensorId(case.graph.tensors.iter().position(|info| info.name == name).unwrap());
        let tensor = |(_, origin): (Copied, Origin)| match origin {
            Origin::Element(tensor, _) => Some(tensor),
            Origin::Constant(_) => None,
        };
        let read: BTreeSet<TensorId> = case.gathered().into_iter().filter_map(tensor).collect();
        assert_eq!(read, ["image", "features", "pooled", "maxima", "sum"].map(named).into());
        assert_eq!(case.constants().keys().copied().collect::<Vec<_>>(), [3, 28, 30, 31]);
        let counted = |name, index| small(count(&case, case.written(Origin::Element(named(name), index))));
        assert_eq!(
            [0, 1, 15].map(|index| counted("image", index)),
            [-3, -2, -1],
            "its public word, and how often it is gathered"
        );
        assert_eq!([5, 4].map(|index| counted("features", index)), [-3, 0], "often, and never");
    }
}

#[test]
fn a_gathered_element_that_is_not_counted_would_be_any_value() {
    for case in cases() {
        for (copy, origin) in copies(&case) {
            let wrong = value(&case, origin) + if value(&case, origin) < 127 { 1 } else { -1 };
            let forged = case.forge(&Lie { gathered: BTreeMap::from([(copy, wrong)]), ..Lie::default() });
            rejected_by_the_sum(&case, &forged);
            let (own, (row, lane)) = (case.written(origin), place(&case, copy));
            let cells =
                [(Fixed::Reads(own.1), own.0, count(&case, own) + Fr::ONE), (Fixed::Reads(lane), row, Fr::ZERO)];
            assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{copy:?}");
        }
    }
}

/// The circuit holds whatever order its positions say: that they say the graph's is what `fuzz::wires` checks.
#[test]
fn a_copy_at_the_position_of_another_element_would_be_that_element() {
    let mut tried = 0;
    for case in cases() {
        let gathered = case.gathered();
        for (copy, origin) in copies(&case) {
            let of_the_block = gathered.iter().filter(|(other, _)| (other.0, other.1) == (copy.0, copy.1));
            let mut others = of_the_block.map(|(_, other)| *other);
            let Some(other) = others.find(|other| value(&case, *other) != value(&case, origin)) else { continue };
            let lie = Lie { gathered: BTreeMap::from([(copy, value(&case, other))]), ..Lie::default() };
            let forged = case.forge(&lie);
            rejected_by_the_sum(&case, &forged);
            let (own, instead, (row, lane)) = (case.written(origin), case.written(other), place(&case, copy));
            let mut cells = vec![(Fixed::Position(lane), row, position(&case, instead))];
            assert!(!accepted_on(&case, &altered(&case, &cells), &forged), "{copy:?}: counted at its old position");
            cells.push((Fixed::Reads(own.1), own.0, count(&case, own) + Fr::ONE));
            cells.push((Fixed::Reads(instead.1), instead.0, count(&case, instead) - Fr::ONE));
            assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{copy:?}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn elements_at_one_position_would_change_places_wherever_they_are_gathered() {
    let mut tried = 0;
    for case in cases() {
        let gathered = case.gathered();
        let step = if case.layout.shape.lanes.activations == 4 { 1 } else { 5 };
        for pair in gathered.windows(2).step_by(step) {
            let [(one, of_one), (other, of_other)] = pair else { panic!("a pair") };
            let values = [*of_one, *of_other].map(|origin| value(&case, origin));
            if (one.0, one.1) != (other.0, other.1) || values[0] == values[1] {
                continue;
            }
            let swapped = BTreeMap::from([(*one, values[1]), (*other, values[0])]);
            let forged = case.forge(&Lie { gathered: swapped, ..Lie::default() });
            rejected_by_the_sum(&case, &forged);
            let cells = shared(&case, case.written(*of_one), case.written(*of_other));
            assert!(accepted_on(&case, &altered(&case, &cells), &forged), "{one:?}, {other:?}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_constant_that_nothing_checks_would_be_any_value() {
    for case in cases() {
        for placed in constants(&case) {
            let mut forged = case.forge(&placed.lie);
            assert_eq!(forged.missing.len(), 1);
            rejected_by_the_sum(&case, &forged);
            let (row, lookup) = forged.missing[0];
            assert!(matches!(lookup, Lookup::Output(_)));
            let unchecked = altered(&case, &[(Fixed::Lookup, row, Fr::ZERO)]);
            assert_eq!(forged.columns.count_lookups(&unchecked), []);
            assert!(accepted_on(&case, &unchecked, &forged));
        }
    }
}

#[test]
fn a_constant_in_the_table_of_another_would_be_that_one() {
    for case in cases() {
        let others = case.constants().iter().cycle().skip(1);
        for ((constant, (row, lane)), (other, (of_other, _))) in case.constants().iter().zip(others) {
            let gathered = told(&case, Origin::Constant(*constant), *other);
            // The lanes beside it are looked up too.
            let edits = case.layout.shape.lanes.of_activations().map(|lane| (Advice::Z(lane), *row, integer(*other)));
            let mut forged = case.forge(&Lie { gathered, edits: edits.collect(), ..Lie::default() });
            rejected_by_the_sum(&case, &forged);
            assert!(forged.missing.contains(&(*row, Lookup::Output(*lane))));
            let tag = fixed(&case, Fixed::TagOutput, *of_other);
            let elsewhere = altered(&case, &[(Fixed::TagOutput, *row, tag)]);
            assert_eq!(forged.columns.count_lookups(&elsewhere), []);
            assert!(accepted_on(&case, &elsewhere, &forged), "{constant} as {other}");
        }
    }
}
