//! Every phase-0 cell changed in turn, multiplicities and phase 1 recomputed: rejected, or free by a rule of its row.

use std::collections::{BTreeMap, HashSet};

use assay_circuits::{Advice, Fixed, Gate, Lookup, Pinned, Wire, lookups};
use assay_models::samples::Numbers;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::bound::Bindings;
use crate::checker::{Claim, Dropped, Failure};
use crate::forge::Forged;
use crate::networks::{self, Case, challenges, random};
use crate::reads::{Around, Polynomial};

#[test]
fn every_changed_cell_of_the_cnn_is_caught_or_free_by_rule() {
    let case = networks::cnn(1);
    assert!(phase_zero_cells(&case) < 2000);
    every_changed_cell_is_caught_or_free_by_rule(&case);
    every_changed_cell_is_caught_or_free_by_rule(&networks::cnn(4));
}

#[test]
fn every_changed_cell_of_the_residual_network_is_caught_or_free_by_rule() {
    every_changed_cell_is_caught_or_free_by_rule(&networks::residual(1));
    every_changed_cell_is_caught_or_free_by_rule(&networks::residual(2));
}

#[test]
fn every_changed_cell_of_networks_with_copy_blocks_is_caught_or_free_by_rule() {
    every_changed_cell_is_caught_or_free_by_rule(&networks::pooled_output(1));
    every_changed_cell_is_caught_or_free_by_rule(&networks::fork(1));
    every_changed_cell_is_caught_or_free_by_rule(&networks::pooled_output(8));
    every_changed_cell_is_caught_or_free_by_rule(&networks::fork(2));
}

#[test]
fn every_changed_cell_of_gathers_functions_and_groups_is_caught_or_free_by_rule() {
    every_changed_cell_is_caught_or_free_by_rule(&networks::gathered(4));
    every_changed_cell_is_caught_or_free_by_rule(&networks::functions(1));
    every_changed_cell_is_caught_or_free_by_rule(&networks::grouped(2));
}

/// Phase-0 cells that hold an element, a ring cell, a maximum or a dense input.
fn phase_zero_cells(case: &Case) -> usize {
    let report = case.layout.report();
    report.requantise_cells + report.byte_cells + report.ring_cells + report.maximum_cells + report.dense_input_cells
}

fn every_changed_cell_is_caught_or_free_by_rule(case: &Case) {
    let honest = case.honest();
    assert!(honest.missing.is_empty() && case.judge(&honest).is_empty());
    let cells = cells(case);
    let verdicts: Vec<(Advice, String)> = cells
        .par_iter()
        .flat_map_iter(|(column, row)| {
            let mut numbers = Numbers::new((*row as u64) << 8 | column.slot() as u64);
            [case.cell(*column, *row) + Fr::ONE, random(&mut numbers)].map(|value| (*column, *row, value))
        })
        .map(|(column, row, value)| (column, verdict(case, &honest, column, row, value)))
        .collect();
    let mut table: BTreeMap<(String, Advice), usize> = BTreeMap::new();
    for (column, by) in verdicts {
        *table.entry((by, column)).or_default() += 1;
    }
    println!("{}: {} phase-0 cells, {} changed twice", case.graph.name, phase_zero_cells(case), cells.len());
    for ((by, column), count) in &table {
        println!("  {column:?}: {count} {by}");
    }
}

/// Every cell of phase 0 in every row in use and one beyond, and multiplicities that count something or every 41st.
fn cells(case: &Case) -> Vec<(Advice, usize)> {
    let narrow = case.layout.shape.advice.iter().copied().filter(|column| lane(*column).is_some());
    let activations = narrow.flat_map(|column| (0..=case.activations_end()).map(move |row| (column, row)));
    let inputs = (0..=case.scalars_end()).map(|row| (Advice::X, row));
    let last = case.layout.usable_rows() - 1;
    let stacks = case.layout.shape.lanes.of_tables().map(Advice::M);
    let counted = stacks.flat_map(|m| (0..=last).map(move |row| (m, row)));
    let counted = counted.filter(|(m, row)| row % 41 == 0 || *row == last || case.cell(*m, *row) != Fr::ZERO);
    let has = |column| case.layout.shape.advice_index(column).is_some();
    activations.chain(inputs).chain(counted).filter(|(column, _)| has(*column)).collect()
}

/// What catches a changed cell, or the rule by which it is free; the two must agree with the flags of the row.
fn verdict(case: &Case, honest: &Forged, column: Advice, row: usize, value: Fr) -> String {
    let mut forged = honest.clone();
    forged.columns.set(&case.layout, column, row, value);
    if !matches!(column, Advice::M(_)) {
        forged.missing = forged.columns.count_lookups(&case.layout);
    }
    let failures = case.judge(&forged);
    match (read_by(case, column, row), failures.first()) {
        (None, None) => format!("free: {}", free_by(case, column, row)),
        (Some("a lookup"), None) if pads(case, column, row) && forged.missing.is_empty() => {
            "free: a padded lane, within its lookups".to_owned()
        }
        (Some(_), Some(failure)) => format!("caught by {}", caught_by(&forged, failure)),
        (None, Some(failure)) => panic!("{column:?} in row {row} is documented as free but caught by {failure}"),
        (Some(reader), None) => panic!("{column:?} in row {row} is read by {reader} but nothing catches its change"),
    }
}

fn caught_by(forged: &Forged, failure: &Failure) -> String {
    let named = |lookup: &Lookup| match lookup {
        Lookup::Remainder(_) => "the remainder lookup",
        Lookup::Part(..) => "the lookup of a further part",
        Lookup::Output(_) => "the output lookup",
        Lookup::Maximum(_) => "the maximum lookup",
        Lookup::Wire(_) | Lookup::Table(_) => panic!("{lookup:?} is in no table"),
    };
    match (failure, forged.missing.first()) {
        (Failure::Gate(Gate::SumEdge, _), Some((_, lookup))) => named(lookup).to_owned(),
        (Failure::Gate(Gate::SumEdge, _), None) => "the sum of multiplicities and of the wire".to_owned(),
        (Failure::Gate(gate, _), _) => format!("gate {}", gate.name()),
        (Failure::Copy(name), Some((_, lookup))) => format!("{} and copy {}", named(lookup), kind(name)),
        (Failure::Copy(name), None) => format!("copy {}", kind(name)),
    }
}

/// A copy's name without its channel or word number.
fn kind(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// What reads a phase-0 cell, by the fixed cells of its row and of the next: a gate that is on, or a lookup that counts.
fn read_by(case: &Case, column: Advice, row: usize) -> Option<&'static str> {
    let known = challenges(1);
    if row + 1 >= case.layout.usable_rows() {
        return None;
    }
    let reads = |polynomial: &Polynomial, rotation: i32| polynomial.cells().any(|cell| cell == (column, rotation));
    for (at, rotation) in [(row, 0), (row + 1, -1)] {
        let around = Around { layout: &case.layout, challenges: &known, row: at };
        for gate in Gate::all(case.layout.shape.lanes) {
            let read = match gate {
                Gate::Helper(_) | Gate::Sum | Gate::SumEdge => false,
                Gate::MaxStart => reads(&gate.polynomial(&around), rotation),
                _ => !gate.on(&around).is_zero() && reads(&gate.value(&around), rotation),
            };
            if read {
                return Some(gate.name());
            }
        }
        for lookup in lookups(case.layout.shape.lanes) {
            let counts = match lookup {
                Lookup::Table(stack) => column == Advice::M(stack) && rotation == 0 && case.flag(Fixed::Use, row),
                _ => {
                    !lookup.numerator(&around).is_zero()
                        && lookup.tuple(&around).iter().any(|part| reads(part, rotation))
                }
            };
            if counts {
                return Some("a lookup");
            }
        }
    }
    None
}

/// The activation lane of a narrow column.
fn lane(column: Advice) -> Option<u8> {
    match column {
        Advice::C(lane)
        | Advice::T(lane)
        | Advice::B(lane)
        | Advice::Z(lane)
        | Advice::R(lane)
        | Advice::Part(_, lane) => Some(lane),
        _ => None,
    }
}

/// Whether a cell is of a lane that pads its segment.
fn pads(case: &Case, column: Advice, row: usize) -> bool {
    let last = case.layout.shape.lanes.activations - 1;
    lane(column).is_some_and(|lane| usize::from(lane) < last && !case.flag(Fixed::Present(lane), row))
}

/// The entry of the list of free cells (`docs/circuit.md`) that a cell belongs to.
fn free_by(case: &Case, column: Advice, row: usize) -> &'static str {
    let looked_up = case.flag(Fixed::Lookup, row);
    let ring = case.flag(Fixed::CoefT, row) && !looked_up;
    let lanes = case.layout.shape.lanes;
    let copies = lanes.of_activations().any(|lane| case.flag(Fixed::Reads(lane), row)) && !looked_up;
    let padding = pads(case, column, row);
    match column {
        _ if lane(column).is_some() && (row == 0 || row == case.activations_end()) => "a row without an element",
        Advice::C(_) | Advice::B(_) | Advice::Z(_) | Advice::Part(..) if ring => {
            "c, b, z and further parts of a ring row"
        }
        Advice::T(_) | Advice::Z(_) if (ring || copies) && padding => "a lane that pads a row without lookups",
        Advice::C(_) | Advice::T(_) | Advice::B(_) | Advice::Part(..) if copies => {
            "c, t, b and further parts of copied elements"
        }
        Advice::X => "x in a row without a dense input",
        Advice::R(_) => "r in a row that is not pooled",
        Advice::M(_) if row == case.layout.usable_rows() - 1 => "m in the last usable row",
        _ => panic!("{column:?} in row {row} is free by no rule"),
    }
}

#[test]
fn changed_phase_1_cells_break_a_gate_or_copy_wherever_a_gate_defines_or_reads_them() {
    for case in networks::all() {
        let rows = case.scalars_end().max(case.activations_end());
        let bindings = Bindings::new(&case.layout);
        let needed: HashSet<(Advice, usize)> = bindings.defined().union(&bindings.read()).copied().collect();
        let mut free: BTreeMap<Advice, usize> = BTreeMap::new();
        for column in case.layout.shape.advice.iter().copied().filter(|column| column.phase() == 1) {
            let unbound: Vec<usize> = (0..rows).into_par_iter().filter(|row| unbound(&case, column, *row)).collect();
            let summed = matches!(column, Advice::H(_) | Advice::S);
            let wrong: Vec<&usize> = unbound.iter().filter(|row| summed || needed.contains(&(column, **row))).collect();
            assert!(wrong.is_empty(), "{}: {column:?} in rows {wrong:?}", case.graph.name);
            free.insert(column, unbound.len());
        }
        println!("{}: phase-1 cells that no gate defines or reads: {free:?}", case.graph.name);
    }
}

/// Whether a changed phase-1 cell, the rest stale, breaks nothing.
fn unbound(case: &Case, column: Advice, row: usize) -> bool {
    let mut columns = case.columns.clone();
    columns.set(&case.layout, column, row, case.cell(column, row) + Fr::ONE);
    let (layout, challenges) = (&case.layout, &challenges(1));
    Claim { layout, columns: &columns, challenges, instances: &case.instances }
        .failures_beside(&case.columns, &case.readers, &Dropped::default())
        .is_empty()
}

/// A factor of a scalar row, an operand of a convolution: a cell that its own row's gates read and do not define. Where it
/// alone is another one and everything that follows is computed from it, its own copy breaks; for a geometric sum, which is a
/// quotient, the copy of the product beside it.
#[test]
fn a_changed_factor_is_caught_by_its_own_copy_when_all_that_follows_is_computed_from_it() {
    for case in networks::all() {
        let bindings = Bindings::new(&case.layout);
        let factors = bindings.factors();
        let quotients = factors.par_iter().filter(|(column, row)| {
            let pinned = Pinned::from([((*column, *row), case.cell(*column, *row) + Fr::ONE)]);
            let failures = case.judge_on(&case.layout, &case.honest(), &pinned, &Dropped::default());
            let caught_at = |cell: (Advice, usize)| {
                let wire = Wire::Advice(cell.0, cell.1);
                let mut at = case.layout.copies.iter().filter(|copy| copy.left == wire);
                at.any(|copy| failures.contains(&Failure::Copy(case.layout.copy_name(copy))))
            };
            let (own, product) = (caught_at((*column, *row)), caught_at((Advice::P, *row)));
            let (name, quotient) = (&case.graph.name, !own && product && *column == Advice::Acc2);
            assert!(own || quotient, "{name}: {column:?} in row {row} is caught by {failures:?}");
            quotient
        });
        let (quotients, sums) = (quotients.count(), case.copies_named("G (").count());
        assert_eq!(quotients, sums, "{}: one quotient a geometric sum", case.graph.name);
        println!("{}: {} factors, {quotients} of them quotients", case.graph.name, factors.len());
    }
}
