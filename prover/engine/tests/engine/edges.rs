//! One small system for each thing that is easily got wrong.

use assay_halo2::Halo2Error;
use assay_prover::ProverError;
use assay_verifier::{Column, VerifyError};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::checks::{Scene, check, srs};
use crate::system::{Formula, System, Target};

fn fixed(column: u32) -> Formula {
    Formula::Cell(Column::Fixed(column), 0)
}

fn advice(column: u32, rotation: i32) -> Formula {
    Formula::Cell(Column::Advice(column), rotation)
}

fn numbers(rows: usize) -> Vec<Fr> {
    (0..rows as u64).map(|row| Fr::from(row * row + 1)).collect()
}

/// `flag * (b - formula)` with `a` in advice column 0, `b` in column 1 and a flag in fixed column 0, set in `rows`.
fn squares(k: u32, degree: usize, formula: Formula, rows: &[usize]) -> System {
    let mut system = System::new(k, degree, vec![0, 0]);
    system.gates = vec![vec![fixed(0).times(advice(1, 0).minus(formula.clone()))]];
    system.fixed = vec![vec![]];
    fill(&mut system, rows);
    system.targets = vec![Target { column: 1, rotation: 0, rows: rows.to_vec(), formula }];
    system
}

/// Numbers in the advice columns and a flag in the rows.
fn fill(system: &mut System, rows: &[usize]) {
    let usable = system.usable();
    system.advice = system.phases.iter().map(|_| numbers(usable)).collect();
    system.fixed[0] = (0..usable).map(|row| Fr::from(u64::from(rows.contains(&row)))).collect();
}

fn square() -> Formula {
    advice(0, 0).times(advice(0, 0))
}

#[test]
fn the_least_degree_and_no_column_that_may_be_copied() {
    check(&squares(4, 3, square(), &[0, 1, 5]), 1);
}

#[test]
fn columns_that_may_be_copied_but_are_not() {
    for columns in 1..=5 {
        let mut system = squares(5, 3, square(), &[3]);
        system.phases = vec![0; 6];
        system.equality = (0..columns).map(Column::Advice).collect();
        system.advice = vec![numbers(system.usable()); 6];
        check(&system, 2);
    }
}

#[test]
fn copies_alone_behind_gates_of_degree_zero_and_one() {
    let mut system = System::new(4, 3, vec![0]);
    system.fixed = vec![vec![], vec![]];
    system.gates = vec![vec![Formula::Constant(Fr::ZERO)], vec![fixed(0).minus(fixed(1))]];
    system.equality = vec![Column::Advice(0)];
    let usable = system.usable();
    system.fixed = vec![numbers(usable); 2];
    system.advice = vec![vec![Fr::from(5); usable]];
    system.copies = (1..usable).map(|row| ((Column::Advice(0), row - 1), (Column::Advice(0), row))).collect();
    check(&system, 3);
}

#[test]
fn no_fixed_column_and_one_cycle_through_every_usable_row_of_every_column() {
    let mut system = System::new(5, 4, vec![0, 0, 0]);
    system.gates = vec![vec![Formula::Constant(Fr::ZERO)]];
    system.equality = (0..3).map(Column::Advice).collect();
    let usable = system.usable();
    system.advice = vec![vec![-Fr::from(9); usable]; 3];
    let cells: Vec<_> = (0..3 * usable).map(|i| (Column::Advice((i % 3) as u32), i / 3)).collect();
    system.copies = cells.windows(2).map(|pair| (pair[0], pair[1])).collect();
    check(&system, 4);
}

#[test]
fn a_fixed_column_and_instances_past_the_given_ones_are_copied_from() {
    let mut system = squares(5, 3, square(), &[2, 4]);
    system.equality = vec![Column::Fixed(0), Column::Instance(0), Column::Advice(0)];
    system.instances = vec![Fr::from(17), Fr::ONE];
    let usable = system.usable();
    system.advice[0][3] = Fr::from(17);
    system.advice[0][7] = Fr::ZERO;
    system.advice[0][8] = Fr::ONE;
    system.copies = vec![
        ((Column::Advice(0), 3), (Column::Instance(0), 0)),
        ((Column::Advice(0), 7), (Column::Instance(0), usable - 1)),
        ((Column::Fixed(0), 4), (Column::Advice(0), 8)),
        ((Column::Instance(0), 1), (Column::Fixed(0), 2)),
        ((Column::Fixed(0), 4), (Column::Instance(0), 1)),
    ];
    check(&system, 5);
}

#[test]
fn a_column_read_at_many_rows_makes_more_rows_blind() {
    let sum = (-3..=3).map(|rotation| advice(0, rotation)).reduce(Formula::plus).unwrap();
    let system = squares(5, 3, sum.times(advice(0, 0)), &[3, 4, 10]);
    assert_eq!(system.usable(), 32 - (7 + 2) - 1);
    check(&system, 6);
}

#[test]
fn an_advice_column_opened_exactly_where_a_permutation_product_is() {
    let system = |last: i32| {
        let formula = advice(0, 1).times(advice(0, 0)).plus(advice(0, last));
        let mut system = squares(5, 3, formula, &[7, 9]);
        system.equality = vec![Column::Advice(0), Column::Advice(1)];
        system
    };
    let last = system(-1).usable() as i32 - 32;
    assert_eq!(last, -6);
    check(&system(last), 7);
    // The same rows by another name.
    check(&system(last + 32), 7);
}

#[test]
fn rotations_of_different_columns_that_meet_modulo_the_rows_are_one_point() {
    // Sixteen rows below a row of sixteen is the row itself.
    check(&squares(4, 3, advice(0, 16).times(advice(0, 16)), &[1, 2]), 8);
    check(&squares(4, 3, advice(0, 1 - 16 * 64).times(advice(0, 2)), &[1, 2]), 8);
}

#[test]
fn two_queries_of_one_column_that_meet_modulo_the_rows_are_refused() {
    let system = squares(4, 3, advice(0, 16).times(advice(0, 0)), &[1, 2]);
    let srs = srs(system.k);
    let refused = Scene::new(&system, &srs).err().unwrap();
    assert!(
        matches!(refused, Halo2Error::Key(VerifyError::Inconsistent { what, .. }) if what.contains("same row")),
        "{refused}"
    );
}

#[test]
fn columns_that_no_gate_reads() {
    let mut system = squares(4, 3, square(), &[0]);
    system.phases = vec![0, 0, 0, 1];
    system.challenges = vec![0, 1];
    let usable = system.usable();
    system.advice = vec![numbers(usable), numbers(usable), vec![], vec![Fr::ZERO; usable]];
    system.fixed.push(numbers(usable));
    check(&system, 9);
}

#[test]
fn a_fixed_column_of_zeros_commits_to_infinity_and_is_proved_all_the_same() {
    let mut system = squares(4, 3, square(), &[0, 2]);
    system.fixed.push(vec![Fr::ZERO; system.usable()]);
    system.gates.push(vec![fixed(1).times(square()), fixed(0).times(square()).scaled(Fr::ZERO)]);
    check(&system, 10);
}

/// halo2's transcripts take no point at infinity, so its own prover fails here too.
#[test]
fn a_degree_above_the_true_one_leaves_a_piece_at_infinity_and_is_refused_by_name() {
    let system = squares(4, 5, square(), &[0, 1, 5]);
    let srs = srs(system.k);
    let refused = Scene::new(&system, &srs).unwrap().proof_of(&system, 1).unwrap_err();
    assert!(matches!(refused, ProverError::Infinity { what } if what.contains("quotient")), "{refused}");
}

#[test]
fn a_wrong_number_of_public_values_or_columns_is_refused_by_name() {
    let system = squares(4, 3, square(), &[0, 1, 5]);
    let srs = srs(system.k);
    let scene = Scene::new(&system, &srs).unwrap();
    let longer = System { instances: vec![Fr::ONE; 2], ..system.clone() };
    let refused = scene.proof_of(&longer, 1).unwrap_err();
    assert!(matches!(refused, ProverError::InstanceCount { expected: 1, got: 2 }), "{refused}");
    let narrower =
        System { phases: vec![0], advice: vec![system.advice[1].clone()], targets: vec![], ..system.clone() };
    let refused = scene.proof_of(&narrower, 1).unwrap_err();
    assert!(matches!(refused, ProverError::ColumnCount { phase: 0, expected: 2, got: 1 }), "{refused}");
}
