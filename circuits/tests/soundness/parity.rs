//! The checker against halo2: the same polynomials, the same verdicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use assay_circuits::{Advice, Cells, Columns, Config, Gate, InferenceCircuit, Layout, Pinned};
use assay_models::samples::Numbers;
use halo2_proofs::dev::MockProver;
use halo2_proofs::plonk::{ConstraintSystem, Expression};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::checker::{Claim, Dropped, Failure};
use crate::forge::Forged;
use crate::networks::{Case, all, challenges, random};

#[test]
fn the_checker_evaluates_halo2s_own_polynomials() {
    for case in all() {
        let mut numbers = Numbers::new(17);
        let mut layout = Layout::with_lanes(&case.graph, case.layout.shape.lanes).unwrap();
        let usable = layout.usable_rows();
        let mut random_cells = |_| (0..usable).map(|_| random(&mut numbers)).collect::<Vec<Fr>>().into();
        let advice = (0..layout.shape.advice.len()).map(&mut random_cells).collect();
        let columns = Columns { advice, context: Fr::ZERO };
        layout.fixed = (0..layout.shape.fixed.len()).map(&mut random_cells).collect();
        // A gate of its own for each row in use, and, where every flag is on, for some more.
        let in_use = case.scalars_end().max(case.activations_end());
        for (fixed, layout, least) in [("its own", &case.layout, in_use), ("random", &layout, 3 * in_use)] {
            let compared = compare(&case, layout, &columns);
            println!("{}: {compared} values that are not zero agree, {fixed} fixed columns", case.graph.name);
            assert!(compared > least);
        }
    }
}

/// Compares every gate in some hundred rows of random advice; returns how many values are not zero.
fn compare(case: &Case, layout: &Layout, columns: &Columns) -> usize {
    let challenges = challenges(2);
    let claim = Claim { layout, columns, challenges: &challenges, instances: &[] };
    let polynomials = polynomials(layout);
    let mut compared = 0;
    for gate in Gate::all(layout.shape.lanes) {
        for row in (0..case.scalars_end().max(case.activations_end()) + 20).chain([layout.usable_rows() - 1]) {
            let ours = claim.gate(gate, row);
            let theirs = polynomials.get(gate.name()).map_or(Fr::ZERO, |p| evaluate(p, &claim, row));
            assert_eq!(ours, theirs, "{}: gate {} in row {row}", case.graph.name, gate.name());
            compared += usize::from(ours != Fr::ZERO);
        }
    }
    compared
}

#[test]
fn mock_prover_accepts_and_rejects_what_the_checker_does() {
    for case in all() {
        let (mut accepted, mut rejected) = (0, 0);
        let mut numbers = Numbers::new(40);
        let narrow = case.layout.shape.advice.iter().copied().filter(|c| c.phase() == 0).collect::<Vec<_>>();
        for mutant in 0..12 {
            let column = narrow[numbers.between(0, narrow.len() as i64 - 1) as usize];
            let row = numbers.between(1, case.activations_end() as i64) as usize;
            let mut forged = case.honest();
            if mutant > 0 {
                let value = forged.columns.get(&case.layout, column, row) + Fr::ONE;
                forged.columns.set(&case.layout, column, row, value);
                if !matches!(column, Advice::M(_)) {
                    forged.columns.count_lookups(&case.layout);
                }
            }
            let failures = case.judge(&forged);
            assert_eq!(failures, in_every_row(&case, &forged), "touched rows hold every failure");
            let mock = mock_prover_accepts(&case, forged.columns, forged.instances);
            assert_eq!(mock, failures.is_empty(), "{}: {column:?} in row {row}", case.graph.name);
            *if mock { &mut accepted } else { &mut rejected } += 1;
        }
        println!("{}: MockProver agrees, {accepted} accepted and {rejected} rejected", case.graph.name);
        assert!(accepted > 0 && rejected > 2);
    }
}

/// What rejects a forged phase 0, every gate evaluated in every row.
fn in_every_row(case: &Case, forged: &Forged) -> Vec<Failure> {
    let mut columns = forged.columns.clone();
    columns.complete(&case.layout, &challenges(1), &Pinned::new()).unwrap();
    let claim =
        Claim { layout: &case.layout, columns: &columns, challenges: &challenges(1), instances: &forged.instances };
    claim.failures(&Dropped::default())
}

/// Whether halo2's `MockProver`, under challenges of its own, accepts a phase 0 completed honestly.
fn mock_prover_accepts(case: &Case, columns: Columns, instances: Vec<Fr>) -> bool {
    let layout = Arc::new(Layout::with_lanes(&case.graph, case.layout.shape.lanes).unwrap());
    let circuit = InferenceCircuit::with_columns(Arc::clone(&layout), columns, Pinned::new());
    MockProver::run(layout.k, &circuit, vec![instances]).unwrap().verify().is_ok()
}

/// The gates as halo2 is configured with them, by name.
pub(crate) fn polynomials(layout: &Layout) -> BTreeMap<String, Expression<Fr>> {
    let mut meta = ConstraintSystem::default();
    Config::new(&mut meta, layout.shape.clone());
    let gates = meta.gates().iter();
    gates
        .flat_map(|gate| {
            let named = |(index, polynomial): (usize, &Expression<Fr>)| {
                (gate.constraint_name(index).to_owned(), polynomial.clone())
            };
            gate.polynomials().iter().enumerate().map(named).collect::<Vec<_>>()
        })
        .collect()
}

/// A polynomial by halo2's own evaluation.
fn evaluate(polynomial: &Expression<Fr>, claim: &Claim<'_>, row: usize) -> Fr {
    let at = |column: &Cells, rotation: i32| {
        usize::try_from(row as i64 + i64::from(rotation)).map_or(Fr::ZERO, |row| column.get(row))
    };
    polynomial.evaluate(
        &|constant| constant,
        &|_| panic!("no selectors"),
        &|query| at(&claim.layout.fixed[query.column_index()], query.rotation().0),
        &|query| at(&claim.columns.advice[query.column_index()], query.rotation().0),
        &|_| panic!("no instance in a gate"),
        &|challenge| claim.challenges[challenge.index()],
        &|a| -a,
        &|a, b| a + b,
        &|a, b| a * b,
        &|a, b| a * b,
    )
}
