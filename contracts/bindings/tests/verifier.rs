//! The native and the EVM verifier agree on the same bytes.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../../verifier/core/tests/toy/mod.rs"]
mod toy;

use assay_contracts::{Address, Artifact, Chain, ContractsError, U256};
use assay_verifier::{Instances, Proof, Verifier};
use halo2curves::bn256::Fr;
use rand::Rng;
use toy::Toy;

struct Scene {
    chain: Chain,
    contract: Address,
    artifact: Artifact,
    native: Verifier,
    instances: Instances,
    proof: Proof,
    points: usize,
}

impl Scene {
    fn new() -> Self {
        let params = toy::params();
        let (proving, key) = toy::keys(&params);
        let example = Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) };
        let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
        let artifact = Artifact::from_json("toy", include_str!("../../artifacts/toy.json")).unwrap();
        let artifact = artifact.belonging_to(&key.digest()).unwrap();
        let mut chain = Chain::new();
        let deployer = chain.account("deployer", U256::ZERO);
        let contract = chain.deploy(deployer, &artifact, &[]).unwrap().contract.unwrap();
        let (native, points) = (Verifier::new(&key).unwrap(), key.proof_shape().0);
        Self { chain, contract, artifact, native, instances, proof, points }
    }

    fn calldata(&self) -> Vec<u8> {
        assay_solidity::calldata(&self.instances, &self.proof)
    }

    /// Whether the EVM accepts, and with which error it does not.
    fn evm(&mut self, calldata: &[u8]) -> Result<u64, String> {
        let sender = self.chain.account("sender", U256::ZERO);
        let outcome = self.chain.transact(sender, self.contract, U256::ZERO, calldata, &self.artifact);
        match outcome {
            Ok(receipt) => Ok(receipt.gas),
            Err(ContractsError::Reverted { error, .. }) => Err(error),
            Err(other) => Err(other.to_string()),
        }
    }

    /// The native verdict on the same bytes.
    fn native(&self, calldata: &[u8]) -> bool {
        let (words, proof) = calldata.split_at((32 * self.instances.values().len()).min(calldata.len()));
        let proof = Proof { bytes: proof.to_vec(), ..self.proof.clone() };
        let instances = Instances::from_words(words.as_chunks::<32>().0);
        instances.and_then(|instances| self.native.verify(&instances, &proof)).is_ok()
    }
}

#[test]
fn both_accept_a_proof_and_the_evm_within_a_transactions_gas() {
    let mut scene = Scene::new();
    let calldata = scene.calldata();
    assert!(scene.native(&calldata));
    let gas = scene.evm(&calldata).unwrap();
    println!("gas_verify: {gas}, {} bytes of code, {} of calldata", scene.artifact.deployed_bytes(), calldata.len());
    assert!(gas < assay_contracts::chain::GAS_LIMIT);
}

#[test]
fn both_reject_every_changed_byte() {
    let mut scene = Scene::new();
    let calldata = scene.calldata();
    let instances = 32 * scene.instances.values().len();
    let mut rng = toy::rng(5);
    for round in 0..400 {
        let at = if round % 2 == 0 { rng.gen_range(0..instances) } else { rng.gen_range(instances..calldata.len()) };
        let mut changed = calldata.clone();
        changed[at] ^= rng.gen_range(1..=255u8);
        assert!(!scene.native(&changed), "native, byte {at}");
        let error = scene.evm(&changed).unwrap_err();
        assert!(error == "InvalidProof()" || error == "MalformedProof()", "byte {at}: {error}");
    }
}

#[test]
fn both_reject_words_that_are_equal_only_modulo_the_field() {
    let mut scene = Scene::new();
    let calldata = scene.calldata();
    let modulus: U256 =
        U256::from_str_radix("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001", 16).unwrap();
    let instances = scene.instances.values().len();
    let points_before_scalars = 2 * (scene.points - 2);
    let words = calldata.len() / 32;
    let scalars = (0..instances).chain(instances + points_before_scalars..words - 4);
    for at in scalars {
        let mut changed = calldata.clone();
        let word = &mut changed[32 * at..32 * (at + 1)];
        let aliased = U256::from_be_slice(word) + modulus;
        word.copy_from_slice(&aliased.to_be_bytes::<32>());
        assert!(!scene.native(&changed), "native, word {at}");
        assert_eq!(scene.evm(&changed).unwrap_err(), "MalformedProof()", "word {at}");
    }
}

#[test]
fn both_reject_points_at_infinity_and_off_the_curve() {
    let mut scene = Scene::new();
    let calldata = scene.calldata();
    let first = 32 * scene.instances.values().len();
    let starts = (0..scene.points - 2).map(|i| first + 64 * i).chain([calldata.len() - 128, calldata.len() - 64]);
    for at in starts {
        for point in [[0; 64], [1; 64]] {
            let mut changed = calldata.clone();
            changed[at..at + 64].copy_from_slice(&point);
            assert!(!scene.native(&changed), "native, byte {at}");
            assert_eq!(scene.evm(&changed).unwrap_err(), "MalformedProof()", "byte {at}");
        }
    }
}

#[test]
fn both_reject_missing_and_spare_bytes() {
    let mut scene = Scene::new();
    let calldata = scene.calldata();
    let length = calldata.len();
    let spare = [calldata.as_slice(), &[0]].concat();
    for changed in [&[][..], &calldata[..1], &calldata[..length - 1], &calldata[..length - 32], &spare] {
        assert!(!scene.native(changed));
        let error = scene.evm(changed).unwrap_err();
        assert_eq!(error, format!("WrongLength(expected: {length}, got: {})", changed.len()));
    }
}

#[test]
fn a_verifier_of_another_key_is_refused_by_name() {
    let artifact = Artifact::from_json("toy", include_str!("../../artifacts/toy.json")).unwrap();
    let error = artifact.belonging_to(&[3; 32]).unwrap_err().to_string();
    assert!(error.contains(&"03".repeat(32)) && error.contains("generate_verifiers"), "{error}");
}
