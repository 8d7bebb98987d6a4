//! Random small systems: see `recipe` for what they are made of and `checks` for what must hold.

use proptest::prelude::*;

use crate::checks::{check, check_refused};
use crate::recipe::recipes;

fn config(cases: u32) -> ProptestConfig {
    // The seed is the test's own: the same cases in every run.
    ProptestConfig {
        cases,
        rng_seed: prop::test_runner::RngSeed::Fixed(0xA55A),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
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
