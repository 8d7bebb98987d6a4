//! What challenges are for: whoever knows them before the commitment forges; the constraint system squeezes them after it.

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::{Advice, Challenge, Challenges, Columns, Config, DEGREE, Element, Gate, Pinned, Wire};
use halo2_proofs::plonk::ConstraintSystem;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::canaries::wrong_outputs;
use crate::checker::{Claim, Dropped, Failure};
use crate::forge::{Forged, Lie};
use crate::networks::{self, Case, challenges};
use crate::parity::polynomials;

/// What rejects a forged phase 0, completed honestly under some challenges.
fn rejections(case: &Case, forged: &Forged, known: &Challenges) -> Vec<Failure> {
    completed(case, forged, known, |claim| claim.failures(&Dropped::default()))
}

fn completed<T>(case: &Case, forged: &Forged, known: &Challenges, read: impl Fn(&Claim<'_>) -> T) -> T {
    let mut columns: Columns = forged.columns.clone();
    columns.complete(&case.layout, known, &Pinned::new()).unwrap();
    read(&Claim { layout: &case.layout, columns: &columns, challenges: known, instances: &forged.instances })
}

/// Solves a phase-0 cell so that a value read from the completed columns, affine in it, vanishes.
fn solve(
    case: &Case,
    forged: &Forged,
    known: &Challenges,
    cell: (Advice, usize),
    read: impl Fn(&Claim<'_>) -> Fr,
) -> Forged {
    let with = |value| {
        let mut forged = forged.clone();
        forged.columns.set(&case.layout, cell.0, cell.1, value);
        forged
    };
    let (zero, one) = (completed(case, &with(Fr::ZERO), known, &read), completed(case, &with(Fr::ONE), known, &read));
    with(zero * (zero - one).invert().unwrap())
}

#[test]
fn a_known_challenge_lets_a_ring_cell_hide_a_wrong_output() {
    let case = networks::cnn(1);
    let conv = case.node("conv");
    for index in case.one_a_channel(case.graph.nodes[conv].output) {
        let lie = Lie { cells: BTreeMap::from([((conv, index), case.other(conv, index))]), ..Lie::default() };
        a_ring_cell_hides(&case, &lie);
    }
}

fn a_ring_cell_hides(case: &Case, lie: &Lie) {
    let conv = case.node("conv");
    let forged = case.forge(lie);
    let side = Failure::Copy("conv: weights side = outputs side".to_owned());
    assert_eq!(rejections(case, &forged, &challenges(1)), std::slice::from_ref(&side));
    let ring = |element: &Element| matches!(element, Element::Ring { node, .. } if *node == conv);
    let elements = case.layout.elements().unwrap();
    let (row, ..) = *elements.iter().find(|(.., element)| ring(element)).unwrap();
    let copy = case.layout.copies.iter().find(|copy| Failure::Copy(case.layout.copy_name(copy)) == side).unwrap();
    let forged = solve(case, &forged, &challenges(1), (Advice::T(0), row), |c| c.wire(copy.left) - c.wire(copy.right));
    assert_eq!(rejections(case, &forged, &challenges(1)), [], "the challenges the ring cell was made for");
    for seed in 2..22 {
        assert_eq!(
            rejections(case, &forged, &challenges(seed)),
            std::slice::from_ref(&side),
            "challenges drawn afterwards"
        );
    }
}

#[test]
fn a_known_challenge_lets_a_multiplicity_hide_a_value_of_no_table() {
    let case = networks::residual(1);
    let last = case.layout.usable_rows() - 1;
    let end = |claim: &Claim<'_>| claim.wire(Wire::Advice(Advice::S, last));
    for forged in wrong_outputs(&case).map(|lie| case.forge(&lie)) {
        let forged = solve(&case, &forged, &challenges(1), (Advice::M(0), 3), end);
        assert_eq!(rejections(&case, &forged, &challenges(1)), []);
        for seed in 2..22 {
            assert_eq!(rejections(&case, &forged, &challenges(seed)), [Failure::Gate(Gate::SumEdge, last)]);
        }
    }
}

/// With one challenge for both axes of a plane, values slide along its anti-diagonals.
#[test]
fn one_challenge_on_two_axes_lets_dense_inputs_change_places() {
    let case = networks::cnn(1);
    let dense = case.node("dense");
    let values = &case.trace.values[case.graph.nodes[dense].inputs[0].0];
    let diagonals = [(1, 3), (2, 4), (7, 9), (8, 10)]; // (0, j) and (1, j - 1) of two planes of 2 x 3
    let (above, below) = diagonals.into_iter().find(|(above, below)| values[*above] != values[*below]).unwrap();
    let swapped = BTreeMap::from([((dense, above), values[below]), ((dense, below), values[above])]);
    let forged = case.forge(&Lie { reads: swapped, ..Lie::default() });
    let known = challenges(1);
    let mut one_for_both = known;
    one_for_both[Challenge::Zh as usize] = known[Challenge::Zw as usize];
    assert_eq!(rejections(&case, &forged, &one_for_both), []);
    let inputs = format!("dense: inputs = vector[{}]", above / 6);
    assert_eq!(rejections(&case, &forged, &known), [Failure::Copy(inputs)]);
}

#[test]
fn every_narrow_column_is_committed_before_every_challenge_and_every_other_column_after() {
    let narrow = |column: &Advice| {
        let lanes = matches!(column, Advice::C(_) | Advice::T(_) | Advice::B(_) | Advice::Z(_) | Advice::R(_));
        lanes || matches!(column, Advice::Part(..) | Advice::X | Advice::M(_))
    };
    for case in networks::all() {
        let shape = &case.layout.shape;
        let mut meta = ConstraintSystem::<Fr>::default();
        Config::new(&mut meta, shape.clone());
        assert_eq!(meta.num_advice_columns(), shape.advice.len());
        assert_eq!(meta.num_challenges(), Challenge::ALL.len());
        assert!(meta.challenge_phase().iter().all(|phase| *phase == 0), "squeezed when the first phase is committed");
        for (column, phase) in shape.advice.iter().zip(meta.advice_column_phase()) {
            assert_eq!(phase, u8::from(!narrow(column)), "{column:?}");
        }
        assert_eq!(meta.degree(), DEGREE);
        assert_eq!((meta.num_selectors(), meta.num_instance_columns(), meta.lookups().len()), (0, 1, 0));
    }
}

#[test]
fn no_gate_binds_phase_0_cells_to_a_challenge_without_a_phase_1_cell() {
    for case in networks::all() {
        for (name, polynomial) in polynomials(&case.layout) {
            let (challenges, columns) = reads(&polynomial);
            let late = columns.iter().any(|index| case.layout.shape.advice[*index].phase() == 1);
            assert!(late || challenges.is_empty(), "{name} reads {challenges:?} and only phase-0 columns");
            assert!(polynomial.degree() <= DEGREE, "{name}");
        }
    }
}

/// Challenges and advice columns of a polynomial.
fn reads(polynomial: &halo2_proofs::plonk::Expression<Fr>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    type Sets = (BTreeSet<usize>, BTreeSet<usize>);
    let union = |(mut a, mut b): Sets, (c, d): Sets| {
        a.extend(c);
        b.extend(d);
        (a, b)
    };
    polynomial.evaluate(
        &|_| Sets::default(),
        &|_| Sets::default(),
        &|_| Sets::default(),
        &|query| (BTreeSet::new(), BTreeSet::from([query.column_index()])),
        &|_| Sets::default(),
        &|challenge| (BTreeSet::from([challenge.index()]), BTreeSet::new()),
        &|a| a,
        &union,
        &union,
        &|a, _| a,
    )
}
