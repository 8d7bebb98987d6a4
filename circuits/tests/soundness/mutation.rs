//! Every phase-0 cell changed in turn, multiplicities and phase 1 recomputed: rejected, or free by a rule of its row.

use std::collections::{BTreeMap, HashSet};

use assay_circuits::{Advice, Fixed, Gate, Pinned, Wire};
use assay_models::samples::Numbers;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::bound::Bindings;
use crate::checker::{Claim, Dropped, Failure};
use crate::forge::Forged;
use crate::networks::{self, Case, challenges, random};

#[test]
fn every_changed_cell_of_the_cnn_is_caught_or_free_by_rule() {
    let case = networks::cnn();
    assert!(phase_zero_cells(&case) < 2000);
    every_changed_cell_is_caught_or_free_by_rule(&case);
}

#[test]
fn every_changed_cell_of_the_residual_network_is_caught_or_free_by_rule() {
    every_changed_cell_is_caught_or_free_by_rule(&networks::residual());
}

#[test]
fn every_changed_cell_of_networks_with_copy_blocks_is_caught_or_free_by_rule() {
    every_changed_cell_is_caught_or_free_by_rule(&networks::pooled_output());
    every_changed_cell_is_caught_or_free_by_rule(&networks::fork());
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
            let mut numbers = Numbers::new((*row as u64) << 8 | *column as u64);
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
    let narrow = [Advice::C, Advice::T, Advice::B, Advice::Z, Advice::R];
    let activations = narrow.into_iter().flat_map(|column| (0..=case.activations_end()).map(move |row| (column, row)));
    let inputs = (0..=case.scalars_end()).map(|row| (Advice::X, row));
    let last = case.layout.usable_rows() - 1;
    let counted = (0..=last).filter(|row| row % 41 == 0 || *row == last || case.cell(Advice::M, *row) != Fr::ZERO);
    let has = |column| case.layout.shape.advice_index(column).is_some();
    activations.chain(inputs).chain(counted.map(|row| (Advice::M, row))).filter(|(column, _)| has(*column)).collect()
}

/// What catches a changed cell, or the rule by which it is free; the two must agree with the flags of the row.
fn verdict(case: &Case, honest: &Forged, column: Advice, row: usize, value: Fr) -> String {
    let mut forged = honest.clone();
    forged.columns.set(&case.layout, column, row, value);
    if column != Advice::M {
        forged.missing = forged.columns.count_lookups(&case.layout);
    }
    let failures = case.judge(&forged);
    match (read_by(case, column, row), failures.first()) {
        (None, None) => format!("free: {}", free_by(case, column, row)),
        (Some(_), Some(failure)) => format!("caught by {}", caught_by(&forged, failure)),
        (None, Some(failure)) => panic!("{column:?} in row {row} is documented as free but caught by {failure}"),
        (Some(reader), None) => panic!("{column:?} in row {row} is read by {reader} but nothing catches its change"),
    }
}

fn caught_by(forged: &Forged, failure: &Failure) -> String {
    let lookups = ["the remainder lookup", "the output lookup", "the maximum lookup"];
    match (failure, forged.missing.first()) {
        (Failure::Gate(Gate::SumEdge, _), Some((_, lookup))) => lookups[*lookup].to_owned(),
        (Failure::Gate(Gate::SumEdge, _), None) => "the sum of multiplicities".to_owned(),
        (Failure::Gate(gate, _), _) => format!("gate {}", gate.name()),
        (Failure::Copy(name), Some((_, lookup))) => format!("{} and copy {}", lookups[*lookup], kind(name)),
        (Failure::Copy(name), None) => format!("copy {}", kind(name)),
    }
}

/// A copy's name without its channel or word number.
fn kind(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// What reads a phase-0 cell, by the flags of its row (and of the next, for running maxima).
fn read_by(case: &Case, column: Advice, row: usize) -> Option<&'static str> {
    let on = |flags: &[Fixed], row| flags.iter().any(|flag| case.flag(*flag, row));
    let maximum = [Fixed::Pool01, Fixed::Pool10, Fixed::Pool11];
    let f = on(&[Fixed::FPlane, Fixed::FVector, Fixed::Pool00], row) || on(&maximum, row);
    let (lookup, compared) = (case.flag(Fixed::Lookup, row), on(&maximum, row) || on(&maximum, row + 1));
    let readers: &[(bool, &'static str)] = match column {
        Advice::C => &[(lookup, "the output lookup"), (f && case.flag(Fixed::CoefC, row), "f1")],
        Advice::T => &[(lookup, "the remainder lookup"), (f && case.flag(Fixed::CoefT, row), "f1")],
        Advice::B => &[(lookup, "both lookups")],
        Advice::Z => &[
            (lookup, "the output lookup"),
            (on(&[Fixed::GPlane, Fixed::GPack, Fixed::Pool11], row), "g1"),
            (compared, "the maximum lookup"),
        ],
        Advice::X => &[(on(&[Fixed::StartX, Fixed::ContX], row), "u and p")],
        Advice::R => &[(compared, "the maximum lookup"), (case.flag(Fixed::Pool00, row), "max start")],
        Advice::M => &[(case.flag(Fixed::Use, row), "h2")],
        Advice::F1
        | Advice::F2
        | Advice::G1
        | Advice::G2
        | Advice::Acc1
        | Advice::Acc2
        | Advice::U
        | Advice::P
        | Advice::H1
        | Advice::H2
        | Advice::S => panic!("{column:?} is no cell of phase 0"),
    };
    readers.iter().find(|(reads, _)| *reads).map(|(_, reader)| *reader)
}

/// The entry of the list of free cells (`docs/circuit.md`) that a cell belongs to.
fn free_by(case: &Case, column: Advice, row: usize) -> &'static str {
    let ring = case.flag(Fixed::CoefT, row) && !case.flag(Fixed::Lookup, row);
    let last = case.layout.usable_rows() - 1;
    match column {
        Advice::C | Advice::B | Advice::Z if ring => "c, b and z of a ring row",
        Advice::X => "x in a row without a dense input",
        Advice::R if (1..case.activations_end()).contains(&row) => "r in a row that is not pooled",
        Advice::M if row == last => "m in the last usable row",
        Advice::C | Advice::T | Advice::B | Advice::Z | Advice::R if row == 0 || row == case.activations_end() => {
            "a row without an element"
        }
        Advice::C | Advice::T | Advice::B | Advice::Z | Advice::R | Advice::M => {
            panic!("{column:?} in row {row} is free by no rule")
        }
        Advice::F1
        | Advice::F2
        | Advice::G1
        | Advice::G2
        | Advice::Acc1
        | Advice::Acc2
        | Advice::U
        | Advice::P
        | Advice::H1
        | Advice::H2
        | Advice::S => panic!("{column:?} is no cell of phase 0"),
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
            let summed = [Advice::H1, Advice::H2, Advice::S].contains(&column);
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
