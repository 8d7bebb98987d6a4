//! Every gate freed in one row of each kind: the cell it defined there is steered.

use std::collections::BTreeMap;

use assay_circuits::{Advice, Fixed, Gate, Pinned};

use rayon::prelude::*;

use super::{identities, rejected, wrong_outputs};
use crate::checker::Dropped;
use crate::forge::Forged;
use crate::lies::{Catch, lies};
use crate::networks::{self, Case};
use crate::steer::{Target, passes};

/// The defining gates that a fixed column switches on, or makes read something of its own.
fn gates_of(column: Fixed) -> &'static [Gate] {
    match column {
        Fixed::FPlane | Fixed::FColumn | Fixed::FVector => &[Gate::F1, Gate::F2],
        Fixed::GPlane | Fixed::GPack => &[Gate::G1, Gate::G2],
        Fixed::Window0 | Fixed::Window1 | Fixed::Window2 | Fixed::Window3 => &[Gate::F1, Gate::F2, Gate::G1, Gate::G2],
        Fixed::On => &[Gate::Acc1, Gate::P],
        Fixed::Take => &[Gate::Acc1, Gate::Acc2],
        Fixed::TakeX | Fixed::StepX => &[Gate::Acc2],
        Fixed::KeepU | Fixed::StepU => &[Gate::U],
        Fixed::StartX | Fixed::ContX => &[Gate::Acc1, Gate::U, Gate::P],
        Fixed::Scalar | Fixed::KeepP | Fixed::StepP | Fixed::Product => &[Gate::P],
        // Carries, whose gate is on by another flag (a sum without a start has a test of its own in `attacks`); values, which are no flags;
        // lookups, which have tests of their own in `lookups` and below.
        Fixed::FCont
        | Fixed::FTake
        | Fixed::FOuter
        | Fixed::FOuterPair
        | Fixed::FOuterColumn
        | Fixed::FOuterVector
        | Fixed::Present(_)
        | Fixed::Position(_)
        | Fixed::Reads(_)
        | Fixed::GCont
        | Fixed::GTake
        | Fixed::GOuter
        | Fixed::Car
        | Fixed::Step
        | Fixed::CoefC
        | Fixed::CoefT
        | Fixed::CoefW
        | Fixed::CoefH
        | Fixed::Constant
        | Fixed::W(_)
        | Fixed::CoefPart(_)
        | Fixed::TagPart(_)
        | Fixed::TagRemainder
        | Fixed::TagOutput
        | Fixed::Lookup
        | Fixed::Use
        | Fixed::Edge
        | Fixed::Entry(..) => &[],
    }
}

fn roles(gate: Gate) -> Vec<Fixed> {
    Fixed::all().filter(|column| gates_of(*column).contains(&gate)).collect()
}

#[test]
fn without_a_gate_in_one_row_its_cell_can_be_steered_to_a_lie() {
    for case in networks::all() {
        let identities = identities(&case);
        let kinds =
            Gate::DEFINING.into_iter().flat_map(|defining| roles(defining.0).into_iter().map(move |at| (defining, at)));
        let won: Vec<String> = kinds
            .collect::<Vec<_>>()
            .into_par_iter()
            .filter(|(_, role)| case.layout.fixed_cells(*role).is_some_and(|cells| !cells.is_zero()))
            .map(|(defining, role)| freed(&case, &identities, defining, role))
            .collect();
        println!("{}: {} kinds of rows\n  {}", case.graph.name, won.len(), won.join("\n  "));
    }
}

/// A row of a kind in which a gate freed lets a lie pass.
fn freed(
    case: &Case,
    identities: &BTreeMap<String, Vec<Forged>>,
    (gate, column): (Gate, Advice),
    role: Fixed,
) -> String {
    // Copied elements have no f: its gates run along in their rows, and nothing reads what they make.
    let copied = |row: &usize| {
        let lanes = case.layout.shape.lanes.of_activations();
        !case.flag(Fixed::Lookup, *row) && lanes.into_iter().any(|lane| case.flag(Fixed::Reads(lane), *row))
    };
    let of_f = matches!(gate, Gate::F1 | Gate::F2);
    let with_role: Vec<usize> = (0..case.layout.usable_rows()).filter(|row| case.flag(role, *row)).collect();
    if of_f && with_role.iter().all(copied) {
        return format!("{} in {role:?}: copied rows alone", gate.name());
    }
    let mut rows = with_role.into_iter().filter(|row| !(of_f && copied(row)));
    let lie = |row: usize| {
        let dropped = Dropped { gate_in_row: Some((gate, row)), ..Dropped::default() };
        let steered = |(name, lies): &(&String, &Vec<Forged>)| {
            let target = Target::Copy(String::clone(name));
            passes(case, &case.layout, &lies[0], (column, row), &target, &dropped)
        };
        identities.iter().find(steered).map(|(name, _)| name)
    };
    match rows.find_map(|row| Some((row, lie(row)?))) {
        Some((row, name)) => format!("{} in {role:?} row {row}: {name}", gate.name()),
        None => panic!("{}: no lie passes without gate {} in any {role:?} row", case.graph.name, gate.name()),
    }
}

#[test]
fn without_a_helper_gate_in_one_row_a_wrong_output_passes() {
    for case in networks::all() {
        let unused = case.layout.usable_rows() - 9;
        for forged in wrong_outputs(&case).map(|lie| rejected(&case, &lie)) {
            for index in 0..case.layout.report().helper_columns as u8 {
                let (gate, column) = (Gate::Helper(index), Advice::H(index));
                for row in [forged.missing[0].0, unused] {
                    let dropped = Dropped { gate_in_row: Some((gate, row)), ..Dropped::default() };
                    let freed = passes(&case, &case.layout, &forged, (column, row), &Target::Sum, &dropped);
                    assert!(freed, "{} {row}", gate.name());
                }
            }
        }
    }
}

#[test]
fn without_the_sum_of_helpers_or_either_of_its_ends_a_wrong_output_passes() {
    for case in networks::all() {
        let last = case.layout.usable_rows() - 1;
        for forged in wrong_outputs(&case).map(|lie| rejected(&case, &lie)) {
            for (gate, row, cell) in [(Gate::Sum, 40, 41), (Gate::Sum, last - 1, last), (Gate::SumEdge, 0, 0)] {
                let dropped = Dropped { gate_in_row: Some((gate, row)), ..Dropped::default() };
                let freed = passes(&case, &case.layout, &forged, (Advice::S, cell), &Target::Sum, &dropped);
                assert!(freed, "{} {row}", gate.name());
            }
            let dropped = Dropped { gate_in_row: Some((Gate::SumEdge, last)), ..Dropped::default() };
            assert!(case.judge_on(&case.layout, &forged, &Pinned::new(), &dropped).is_empty());
        }
    }
}

#[test]
fn without_the_start_of_a_running_maximum_a_larger_one_passes() {
    for case in networks::all() {
        let starts = lies(&case).into_iter().filter(|placed| matches!(placed.catch, Catch::MaxStart(_)));
        for placed in starts {
            let forged = rejected(&case, &placed.lie);
            let dropped = Dropped::gate(Gate::MaxStart);
            assert!(case.judge_on(&case.layout, &forged, &Pinned::new(), &dropped).is_empty());
        }
    }
}

#[test]
fn every_gate_has_a_canary() {
    for gate in networks::all().iter().flat_map(|case| Gate::all(case.layout.shape.lanes)) {
        match gate {
            Gate::F1 | Gate::F2 | Gate::G1 | Gate::G2 | Gate::Acc1 | Gate::Acc2 | Gate::U | Gate::P => {
                assert!(!roles(gate).is_empty(), "{}", gate.name());
            }
            Gate::MaxStart | Gate::Helper(_) | Gate::Sum | Gate::SumEdge => {} // a test of its own above
        }
    }
    let case = networks::cnn(1);
    let honest = case.honest();
    assert!(case.judge_on(&case.layout, &honest, &Pinned::new(), &Dropped::default()).is_empty());
}
