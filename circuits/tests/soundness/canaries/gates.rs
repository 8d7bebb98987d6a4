//! Every gate freed in one row of each kind: the cell it defined there is steered.

use assay_circuits::{Advice, Fixed, Gate, Pinned};

use super::{identities, rejected, wrong_output};
use crate::checker::Dropped;
use crate::forge::Lie;
use crate::lies::{Catch, lies};
use crate::networks::{self, Case};
use crate::steer::{Target, passes};

/// The flags that switch a defining gate on, or make it read something of its own.
fn roles(gate: Gate) -> &'static [Fixed] {
    use Fixed::{
        ContX, FPlane, FVector, GPack, GPlane, KeepP, KeepU, On, Pool00, Pool01, Pool10, Pool11, Product, Scalar,
        StartX, StepP, StepU, StepX, Take, TakeX,
    };
    match gate {
        Gate::F1 | Gate::F2 => &[FPlane, FVector, Pool00, Pool01, Pool10, Pool11],
        Gate::G1 | Gate::G2 => &[GPlane, GPack, Pool00, Pool01, Pool10, Pool11],
        Gate::Acc1 => &[On, Take, StartX, ContX],
        Gate::Acc2 => &[Take, TakeX, StepX],
        Gate::U => &[KeepU, StepU, StartX, ContX],
        Gate::P => &[On, Scalar, KeepP, StepP, Product, StartX, ContX],
        _ => &[],
    }
}

#[test]
fn without_a_gate_in_one_row_its_cell_can_be_steered_to_a_lie() {
    for case in networks::all() {
        let identities = identities(&case);
        for (gate, column) in Gate::DEFINING {
            for role in roles(gate) {
                let rows: Vec<usize> = (0..case.layout.usable_rows()).filter(|row| case.flag(*role, *row)).collect();
                if rows.is_empty() {
                    continue;
                }
                let won = rows.iter().find_map(|row| {
                    let dropped = Dropped { gate_in_row: Some((gate, *row)), ..Dropped::default() };
                    let steered = |(name, lies): (&String, &Vec<_>)| {
                        passes(&case.layout, &lies[0], (column, *row), &Target::Copy(name.clone()), &dropped)
                    };
                    identities.iter().find(|identity| steered(*identity)).map(|(name, _)| (*row, name))
                });
                let Some((row, name)) = won else {
                    panic!("{}: no lie passes without gate {} in {role:?} rows", case.graph.name, gate.name())
                };
                println!("{}: {} freed in {role:?} row {row} of {}: {name}", case.graph.name, gate.name(), rows.len());
            }
        }
    }
}

#[test]
fn without_a_helper_gate_in_one_row_a_wrong_output_passes() {
    for case in networks::all() {
        let forged = rejected(&case, &wrong_output(&case));
        let unused = case.layout.usable_rows() - 9;
        for (gate, column) in [(Gate::H1, Advice::H1), (Gate::H2, Advice::H2)] {
            for row in [forged.missing[0].0, unused] {
                let dropped = Dropped { gate_in_row: Some((gate, row)), ..Dropped::default() };
                assert!(passes(&case.layout, &forged, (column, row), &Target::Sum, &dropped), "{} {row}", gate.name());
            }
        }
    }
}

#[test]
fn without_the_sum_of_helpers_or_either_of_its_ends_a_wrong_output_passes() {
    for case in networks::all() {
        let forged = rejected(&case, &wrong_output(&case));
        let last = case.layout.usable_rows() - 1;
        for (gate, row, cell) in [(Gate::Sum, 40, 41), (Gate::Sum, last - 1, last), (Gate::SumEdge, 0, 0)] {
            let dropped = Dropped { gate_in_row: Some((gate, row)), ..Dropped::default() };
            assert!(passes(&case.layout, &forged, (Advice::S, cell), &Target::Sum, &dropped), "{} {row}", gate.name());
        }
        let dropped = Dropped { gate_in_row: Some((Gate::SumEdge, last)), ..Dropped::default() };
        assert!(Case::judge_on(&case.layout, &forged, &Pinned::new(), &dropped).is_empty());
    }
}

#[test]
fn without_the_start_of_a_running_maximum_a_larger_one_passes() {
    for case in [networks::cnn(), networks::pooled_output(), networks::fork()] {
        let starts = lies(&case).into_iter().filter(|placed| matches!(placed.catch, Catch::MaxStart(_)));
        for placed in starts {
            let forged = rejected(&case, &placed.lie);
            let dropped = Dropped::gate(Gate::MaxStart);
            assert!(Case::judge_on(&case.layout, &forged, &Pinned::new(), &dropped).is_empty());
        }
    }
}

#[test]
fn every_gate_has_a_canary() {
    let whole = [Gate::MaxStart, Gate::H1, Gate::H2, Gate::Sum, Gate::SumEdge];
    for gate in Gate::ALL {
        assert!(!roles(gate).is_empty() || whole.contains(&gate), "{}", gate.name());
    }
    let case = networks::cnn();
    let honest = case.forge(&Lie::default());
    assert!(Case::judge_on(&case.layout, &honest, &Pinned::new(), &Dropped::default()).is_empty());
}
