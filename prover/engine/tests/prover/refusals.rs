//! What a key cannot describe is refused by name when the constraint system is described. halo2-axiom has no shuffles.

#![cfg(test)]

use assay_halo2::{Halo2Error, constraints};
use assay_verifier::{ConstraintSystem, VerifyError};
use halo2_proofs::plonk;
use halo2curves::bn256::Fr;

/// Describes a system with one instance column and whatever else is configured.
fn describe(configure: impl Fn(&mut plonk::ConstraintSystem<Fr>)) -> Result<ConstraintSystem, Halo2Error> {
    let mut cs = plonk::ConstraintSystem::default();
    cs.instance_column();
    configure(&mut cs);
    constraints::from_halo2(&cs)
}

/// A gate over an advice column and a flag, of degree 2.
fn gate(cs: &mut plonk::ConstraintSystem<Fr>) -> plonk::Column<plonk::Advice> {
    let (advice, flag) = (cs.advice_column(), cs.fixed_column());
    cs.create_gate("flagged", |_| [flag.cur() * advice.cur()]);
    advice
}

fn unsupported(outcome: Result<ConstraintSystem, Halo2Error>, feature: &str) {
    let refused = outcome.unwrap_err();
    let Halo2Error::Unsupported { what, .. } = refused else { panic!("{feature}: {refused}") };
    assert!(what.contains(feature), "{feature}: {refused}");
}

#[test]
fn a_plain_system_with_an_explicit_degree_is_described() {
    let described = describe(|cs| {
        gate(cs);
        cs.set_minimum_degree(3);
    });
    assert_eq!(described.unwrap().minimum_degree, 3);
}

#[test]
fn lookups_in_tables_and_in_columns_are_refused() {
    let refused = describe(|cs| {
        let advice = gate(cs);
        let table = cs.lookup_table_column();
        cs.lookup("table", |_| vec![(advice.cur(), table)]);
        cs.set_minimum_degree(4);
    });
    unsupported(refused, "lookup");
    let refused = describe(|cs| {
        let (advice, table) = (gate(cs), cs.fixed_column());
        cs.lookup_any("column", |_| vec![(advice.cur(), table.cur())]);
        cs.set_minimum_degree(4);
    });
    unsupported(refused, "lookup");
}

#[test]
fn selectors_of_both_kinds_are_refused() {
    let refused = describe(|cs| {
        let (advice, selector) = (gate(cs), cs.selector());
        cs.create_gate("simple", |cells| vec![cells.query_selector(selector) * advice.cur()]);
        cs.set_minimum_degree(3);
    });
    unsupported(refused, "selector");
    let refused = describe(|cs| {
        gate(cs);
        cs.complex_selector();
        cs.set_minimum_degree(3);
    });
    unsupported(refused, "selector");
}

#[test]
fn a_degree_that_is_only_implied_is_refused() {
    let refused = describe(|cs| {
        gate(cs);
    });
    unsupported(refused, "implied degree");
}

#[test]
fn a_degree_below_the_gates_or_below_what_copies_need_is_refused() {
    let refused = describe(|cs| {
        let advice = gate(cs);
        cs.create_gate("cube", |_| [advice.cur() * advice.cur() * advice.cur() * advice.cur()]);
        cs.set_minimum_degree(3);
    });
    assert!(matches!(refused, Err(Halo2Error::Key(VerifyError::Inconsistent { what, .. })) if what.contains("degree")));
    let refused = describe(|cs| {
        gate(cs);
        cs.set_minimum_degree(2);
    });
    assert!(matches!(refused, Err(Halo2Error::Key(VerifyError::Limit { what: "degree", least: 3, got: 2, .. }))));
}

#[test]
fn systems_without_exactly_one_instance_column_without_advice_or_without_gates_are_refused() {
    let limit = |configure: &dyn Fn(&mut plonk::ConstraintSystem<Fr>), counted: &str| {
        let refused = describe(|cs| {
            configure(cs);
            cs.set_minimum_degree(3);
        });
        assert!(
            matches!(refused, Err(Halo2Error::Key(VerifyError::Limit { what, .. })) if what == counted),
            "{counted}"
        );
    };
    let second = |cs: &mut plonk::ConstraintSystem<Fr>| {
        gate(cs);
        cs.instance_column();
    };
    limit(&second, "instance columns");
    limit(&|_| (), "advice columns");
    let bare = |cs: &mut plonk::ConstraintSystem<Fr>| {
        cs.advice_column();
    };
    limit(&bare, "gates");
}
