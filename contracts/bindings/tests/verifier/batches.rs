//! Batches: every item decided as by itself, one pairing for all that are well formed, and no verdict where the gas ran out.

use assay_contracts::{Network as _, U256};
use assay_halo2::convert::{g1_from_ark, g1_to_ark};
use assay_solidity::Shape;
use assay_verifier::encoding::{g1_from_bytes, g1_to_bytes};
use halo2curves::bn256::G1Affine;

use crate::compiler::compiled;
use crate::verdicts::{Claim, mutant};
use crate::{scene, scene_of, toy};

#[test]
fn a_batch_of_valid_proofs_is_accepted_and_cheaper() {
    let (mut contracts, claims) = scene_of(5);
    let single = contracts.verify(&claims[0]).unwrap();
    let (accepted, gas) = contracts.batch(&claims).unwrap();
    assert_eq!(accepted, U256::from(0b11111));
    assert!(gas < 4 * single, "five proofs take {gas}, one {single}");
    assert_eq!(contracts.batch(&claims[..1]).unwrap().0, U256::ONE);
    assert_eq!(contracts.batch(&[]).unwrap().0, U256::ZERO);
}

#[test]
fn malformed_items_are_not_accepted_and_leave_the_others_to_one_pairing() {
    let (mut contracts, claims) = scene_of(4);
    let (_, whole) = contracts.batch(&claims).unwrap();
    let points = contracts.points(&claims[0]);
    let malformed = |change: &dyn Fn(&mut Claim)| {
        let mut claim = claims[1].clone();
        change(&mut claim);
        claim
    };
    let items = [
        malformed(&|claim| *claim.word(points[2]) = [1; 32]),
        malformed(&|claim| *claim.word(0) = [0xff; 32]),
        malformed(&|claim| claim.proof.truncate(64)),
        malformed(&|claim| claim.proof.push(0)),
        malformed(&|claim| claim.instances.truncate(1)),
        malformed(&|claim| claim.instances.clear()),
        malformed(&|claim| claim.instances.push([0; 32])),
        malformed(&|claim| claim.instances.resize(200, [0; 32])),
    ];
    for (index, item) in items.into_iter().enumerate() {
        let mut batch = claims.clone();
        batch[1] = item;
        let (accepted, gas) = contracts.batch(&batch).unwrap();
        assert_eq!(accepted, U256::from(0b1101), "item {index}");
        assert!(gas < whole, "item {index}: {gas} gas, {whole} without it");
    }
}

#[test]
fn a_batch_decides_every_item_as_the_native_verifier_does() {
    let (mut contracts, claims) = scene_of(4);
    for seed in 0..120 {
        let mut batch = claims.clone();
        // One or two of the four are changed.
        for (index, seed) in [(seed as usize % 4, seed), ((seed / 4) as usize % 4, 7 * seed + 1)] {
            batch[index] = mutant(&contracts, &claims[index], &claims[(index + 1) % 4], seed).2;
        }
        let expected = (0..4).filter(|index| contracts.native(&batch[*index])).fold(0, |bits, index| bits | 1 << index);
        assert_eq!(contracts.batch(&batch).unwrap().0, U256::from(expected), "seed {seed}");
    }
}

/// Both items are invalid, and their errors cancel out in a sum with equal factors.
#[test]
fn errors_that_would_cancel_out_are_not_accepted() {
    let (mut contracts, claim) = scene();
    let last = *contracts.points(&claim).last().unwrap();
    let shifted = |by: G1Affine| {
        let mut claim = claim.clone();
        let point = g1_from_ark(&g1_from_bytes(&[*claim.word(last), *claim.word(last + 1)]).unwrap());
        [*claim.word(last), *claim.word(last + 1)] = g1_to_bytes(&g1_to_ark(&(point + by).into()));
        claim
    };
    let batch = [shifted(G1Affine::generator()), shifted(-G1Affine::generator())];
    assert!(batch.iter().all(|claim| !contracts.native(claim)));
    assert_eq!(contracts.batch(&batch).unwrap().0, U256::ZERO);
}

#[test]
fn a_batch_has_one_key_and_at_most_32_proofs() {
    let (mut contracts, claim) = scene();
    let (error, _) = contracts.batch(&vec![claim.clone(); 33]).unwrap_err();
    assert_eq!(error, "WrongProofCount(most: 32, instances: 33, proofs: 33)");
    assert_eq!(contracts.batch(&vec![claim.clone(); 32]).unwrap().0, U256::from(u32::MAX));
    contracts.key = contracts.verifier;
    assert!(contracts.batch(&[claim]).unwrap_err().0.starts_with("NotAKey"));
}

#[test]
fn a_batch_that_runs_out_of_gas_says_nothing_about_a_proof() {
    let (mut contracts, claims) = scene_of(2);
    let mut batch = claims.clone();
    batch[1] = mutant(&contracts, &claims[1], &claims[0], 0).2;
    let (accepted, gas) = contracts.batch(&batch).unwrap();
    assert_eq!(accepted, U256::ONE);
    let mut refused = 0;
    for limit in (200_000..gas + 200_000).step_by(20_000) {
        contracts.chain.limit_gas(limit);
        match contracts.send_batch(&batch) {
            Ok(receipt) => assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE, "with {limit} gas"),
            Err(error) => refused += usize::from(error.to_string().contains("NotEnoughGas")),
        }
    }
    assert!(refused > 0, "the guard was never needed: the test shows nothing");
}

/// The same where the guard lets everything pass, as if less were stated than is needed: what the call for one proof says is read.
#[test]
fn a_call_that_ends_without_a_verdict_ends_the_batch() {
    let (mut contracts, claims) = scene_of(2);
    let (_, key) = toy::keys(&toy::params());
    let source = assay_solidity::verifier(&Shape::of(&key).unwrap()).unwrap();
    let line = source.lines().find(|line| line.contains("return SHARED_GAS + ")).unwrap();
    let unguarded = source.replace(line, "return 0 * (memoryGas + proofs);");
    let code = compiled("Verifier", &[unguarded]).remove(0);
    contracts.verifier = contracts.chain.deploy(contracts.sender, &code).unwrap().0;
    let mut batch = claims.clone();
    // The valid one is last: what is left after its call is enough to return.
    batch[0] = mutant(&contracts, &claims[0], &claims[1], 0).2;
    let valid = U256::from(0b10);
    let (accepted, gas) = contracts.batch(&batch).unwrap();
    assert_eq!(accepted, valid);
    let (mut ran_out, mut failed) = (0, 0);
    for limit in (300_000..gas + 60_000).step_by(3_000) {
        contracts.chain.limit_gas(limit);
        match contracts.send_batch(&batch) {
            Ok(receipt) => assert_eq!(U256::from_be_slice(&receipt.output), valid, "with {limit} gas"),
            Err(error) => {
                let error = error.to_string();
                assert!(!error.contains("InvalidProof"), "with {limit} gas: {error}");
                ran_out += usize::from(error.contains("NotEnoughGas(needed: 0"));
                failed += usize::from(error.contains("PrecompileFailed"));
            }
        }
    }
    assert!(ran_out > 0 && failed > 0, "{ran_out} and {failed}: the test shows nothing");
}
