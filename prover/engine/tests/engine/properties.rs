//! Random small systems: see `recipe` for what they are made of and `checks` for what must hold.

use assay_verifier::Column;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::checks::{check, check_refused};
use crate::grouped;
use crate::recipe::recipes;
use crate::system::System;

fn config(cases: u32) -> ProptestConfig {
    // The seed is the test's own: the same cases in every run.
    ProptestConfig {
        cases,
        rng_seed: prop::test_runner::RngSeed::Fixed(0xA55A),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// As many systems as the properties try hold each of these.
#[test]
fn the_recipes_reach_every_kind_of_system() {
    let mut runner = TestRunner::deterministic();
    let systems: Vec<System> = (0..48).map(|_| recipes().new_tree(&mut runner).unwrap().current().system()).collect();
    let reached = |what: &str, holds: &dyn Fn(&System) -> bool| {
        assert!(systems.iter().any(holds), "no system with {what}");
    };
    let products = |system: &System| system.equality.len().div_ceil(system.degree - 2);
    let copied = |system: &System, of: &dyn Fn(&Column) -> bool| {
        system.copies.iter().any(|(a, b)| a.0 != b.0 && (of(&a.0) || of(&b.0)))
    };
    for count in 0..=3 {
        reached(&format!("{count} permutation products"), &|system| products(system) == count);
        reached(&format!("degree {}", count + 3), &|system| system.degree == count + 3);
        reached(&format!("k = {}", count + 4), &|system| system.k as usize == count + 4);
        reached(&format!("{} public values", count + 1), &|system| system.instances.len() == count + 1);
    }
    for phase in 0..=2 {
        reached(&format!("last phase {phase}"), &|system| system.phases.iter().max() == Some(&phase));
        reached(&format!("a challenge after phase {phase}"), &|system| system.challenges.contains(&phase));
    }
    reached("copies of fixed cells", &|system| copied(system, &|column| matches!(column, Column::Fixed(_))));
    reached("copies of public values", &|system| copied(system, &|column| matches!(column, Column::Instance(_))));
    reached("a cycle through many cells", &|system| system.copies.len() > 40);
    reached("cells that repeat a target", &|system| !system.echoes.is_empty());
    reached("more blinds than the fewest", &|system| (1 << system.k) - system.usable() > 6);
    reached("gates of several polynomials", &|system| system.gates.iter().any(|gate| gate.len() > 1));
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn random_systems_have_the_stock_keys_and_commitments_and_the_naive_proof(recipe in recipes()) {
        check(&recipe.system(), recipe.seed);
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_random_system_with_one_wrong_cell_gives_a_proof_that_is_refused(recipe in recipes()) {
        let Some(broken) = recipe.broken() else { return Err(TestCaseError::reject("no cell breaks a gate")) };
        check_refused(&recipe.system(), &broken, recipe.seed);
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn random_systems_are_proved_with_grouped_commitments(recipe in recipes()) {
        grouped::check(&recipe.system(), recipe.seed);
    }

    #[test]
    fn a_wrong_cell_is_refused_with_grouped_commitments(recipe in recipes()) {
        let Some(broken) = recipe.broken() else { return Err(TestCaseError::reject("no cell breaks a gate")) };
        grouped::check_refused(&recipe.system(), &broken, recipe.seed);
    }
}

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn no_value_of_a_group_can_be_another(recipe in recipes()) {
        grouped::lies_are_refused(&recipe.system());
    }
}
