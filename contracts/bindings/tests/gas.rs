//! What a verifier states as its need of gas is enough, whatever the shape: every proof of random keys, by itself and in batches, is accepted
//! with exactly the gas that `verifyGas` names for its key. One verifier takes keys of few and of thousands of public values.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod compiler;
mod shapes;

use alloy_sol_types::SolCall as _;
use assay_contracts::interface::Verifier as Keyed;
use assay_contracts::market::words;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Chain, ContractsError, Network as _, U256};
use assay_solidity::{Shape, key_code, verifier};
use assay_verifier::{Instances, Proof};
use compiler::compiled;
use shapes::{Shaped, Sizes};

/// Code of a contract that calls another, named by the second word of its calldata, with the gas of the first word and the rest as calldata. Reverts as that
/// one does, or returns the gas that the call took and what it returned.
const GRANTS: [u8; 52] = [
    0x60, 0x20, 0x35, 0x31, 0x50, // BALANCE of the contract: from here on it is warm
    0x60, 0x40, 0x36, 0x03, 0x80, 0x60, 0x40, 0x5f, 0x37, // the rest of the calldata to memory; its length stays
    0x5a, // GAS
    0x5f, 0x5f, 0x83, 0x5f, 0x60, 0x20, 0x35, 0x5f, 0x35, 0xfa, // STATICCALL
    0x5a, 0x82, 0x03, 0x5f, 0x52, // GAS, and what is missing
    0x3d, 0x5f, 0x60, 0x20, 0x3e, // what was returned
    0x60, 45, 0x57, 0x3d, 0x60, 0x20, 0xfd, // REVERT
    0x00, 0x00, 0x00, // never reached
    0x5b, 0x3d, 0x60, 0x20, 0x01, 0x5f, 0xf3, // RETURN
];

struct Scene {
    chain: Chain,
    sender: Address,
    grants: Address,
}

struct Deployed {
    verifier: Address,
    key: Address,
}

impl Scene {
    fn new() -> Self {
        // Some shapes are larger than a chain's contracts; what they cost is all the same.
        let mut chain = Chain::with_code_limit(1 << 17);
        let sender = chain.account("sender", U256::ZERO);
        let (grants, _) = chain.deploy(sender, &creation_of_data(&GRANTS)).unwrap();
        Self { chain, sender, grants }
    }

    fn deploy(&mut self, verifier: Address, shaped: &Shaped) -> Deployed {
        let (key, _) = self.chain.deploy(self.sender, &creation_of_data(&key_code(&shaped.key).unwrap())).unwrap();
        Deployed { verifier, key }
    }

    /// A call that gets `gas`: the gas that it took, and what it returned.
    fn call(&mut self, to: Address, gas: u64, calldata: &[u8]) -> Result<(u64, Vec<u8>), ContractsError> {
        let head = [U256::from(gas).to_be_bytes::<32>(), to.into_word().0].concat();
        let receipt = self.chain.send(self.sender, Some(self.grants), U256::ZERO, &[&head, calldata].concat())?;
        let (took, returned) = receipt.output.split_at(32);
        Ok((U256::from_be_slice(took).try_into().unwrap(), returned.to_vec()))
    }

    fn stated(&mut self, at: &Deployed, proofs: usize) -> u64 {
        let stated =
            self.chain.ask(at.verifier, &Keyed::verifyGasCall { key: at.key, proofs: U256::from(proofs) }).unwrap();
        stated.try_into().unwrap()
    }

    fn verify(
        &mut self,
        at: &Deployed,
        gas: u64,
        (instances, proof): &(Instances, Proof),
    ) -> Result<u64, ContractsError> {
        let (key, instances, proof) = (at.key, words(&instances.words()), proof.bytes.clone().into());
        let (took, returned) =
            self.call(at.verifier, gas, &Keyed::verifyCall { key, instances, proof }.abi_encode())?;
        assert!(returned.is_empty());
        Ok(took)
    }

    /// Proofs of a key are accepted with what is stated for them, by themselves and up to `most` together. The largest part of it that was taken, in
    /// thousandths.
    fn suffices(&mut self, verifier: Address, shaped: &Shaped, seed: u64, most: usize, about: &str) -> (u64, String) {
        let at = self.deploy(verifier, shaped);
        let claims: Vec<_> = (0..most as u64).map(|claim| shaped.forged(seed + claim)).collect();
        let mut closest = (0, String::new());
        for count in [0, 1, 2, 4].into_iter().filter(|count| *count <= most) {
            let stated = self.stated(&at, count.max(1));
            let took = if count == 0 {
                self.verify(&at, stated, &claims[0])
            } else {
                let accepted = U256::from((1 << count) - 1);
                self.batch(&at, stated, &claims[..count]).map(|(took, bits)| {
                    assert_eq!(bits, accepted, "{about}: {count} proofs");
                    took
                })
            };
            let took = took.unwrap_or_else(|error| panic!("{about}: {count} proofs and {stated} gas: {error}"));
            closest = closest.max((1000 * took / stated, format!("{about}: {took} of {stated}")));
        }
        closest
    }

    /// The gas that a batch took, and the bitmap.
    fn batch(&mut self, at: &Deployed, gas: u64, claims: &[(Instances, Proof)]) -> Result<(u64, U256), ContractsError> {
        let call = Keyed::verifyBatchCall {
            key: at.key,
            instances: claims.iter().map(|(instances, _)| words(&instances.words())).collect(),
            proofs: claims.iter().map(|(_, proof)| proof.bytes.clone().into()).collect(),
        };
        let (took, returned) = self.call(at.verifier, gas, &call.abi_encode())?;
        Ok((took, Keyed::verifyBatchCall::abi_decode_returns(&returned).unwrap()))
    }
}

/// Numbers of public values of keys that one verifier takes, and how many proofs of each are sent together at most: what a transaction's gas is enough for.
fn counts(sizes: &Sizes) -> [(usize, usize); 4] {
    let of_one = 1_300 + 175 * sizes.instance_queries;
    let most = (12_000_000 / of_one).min(5_000).min((1 << sizes.k) / 2);
    [(sizes.instances, 4), (1, 2), (most / 4, 4), (most, 1)]
}

/// Proofs by themselves, one in a batch and several in a batch are accepted with what is stated for them and their key. Names the key that took most of it.
fn suffice(all: &[(String, Sizes, u64)]) -> String {
    let shaped: Vec<Shaped> = all.iter().map(|(_, sizes, seed)| Shaped::new(sizes, *seed)).collect();
    let sources: Vec<String> =
        shaped.iter().map(|shaped| verifier(&Shape::of(&shaped.key).unwrap()).unwrap()).collect();
    let codes = compiled("Verifier", &sources);
    let mut scene = Scene::new();
    let mut closest = (0, String::new());
    for ((name, sizes, seed), code) in all.iter().zip(&codes) {
        let (verifier, _) = scene.chain.deploy(scene.sender, code).unwrap();
        for (instances, most) in counts(sizes) {
            let sizes = Sizes { instances, ..sizes.clone() };
            let about = format!("{name}, seed {seed}, {sizes:?}");
            let share = scene.suffices(verifier, &Shaped::new(&sizes, *seed), *seed, most, &about);
            closest = closest.max(share);
        }
    }
    format!("the closest: {} parts of 1,000, {}", closest.0, closest.1)
}

/// Shapes that are mostly of one thing.
fn extremes() -> Vec<(String, Sizes, u64)> {
    let plain = Sizes {
        k: 20,
        instances: 2,
        instance_queries: 1,
        advice: 2,
        rotations: 2,
        fixed: 1,
        copied: 0,
        gates: 1,
        leaves: 2,
        challenges: 0,
        degree: 3,
        width: None,
    };
    let of = |name: &str, sizes: &Sizes| {
        let grouped = Sizes { width: Some(sizes.width.unwrap_or(6).max(sizes.degree - 1)), ..sizes.clone() };
        let sizes = [sizes.clone(), grouped];
        sizes.map(|sizes| (name.to_owned(), sizes, 7))
    };
    [
        of("least", &plain),
        of("public values in many rows", &Sizes { instances: 220, instance_queries: 16, ..plain.clone() }),
        of("public values", &Sizes { instances: 1_000, ..plain.clone() }),
        of("points", &Sizes { rotations: 16, advice: 12, ..plain.clone() }),
        of("columns", &Sizes { advice: 40, fixed: 60, ..plain.clone() }),
        of("copies", &Sizes { advice: 30, fixed: 30, copied: 60, ..plain.clone() }),
        of("gates", &Sizes { advice: 20, fixed: 20, gates: 40, leaves: 30, challenges: 8, degree: 6, ..plain.clone() }),
        of("degree", &Sizes { degree: 40, ..plain }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn no_extreme_shape_takes_more_gas_than_it_states() {
    println!("{}", suffice(&extremes()));
}

#[test]
fn no_random_shape_takes_more_gas_than_it_states() {
    let drawn = |seed| ("drawn".to_owned(), Sizes::drawn(seed), seed);
    println!("{}", suffice(&(0..16).map(drawn).collect::<Vec<_>>()));
}
