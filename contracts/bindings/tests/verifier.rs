//! The generated verifier decides as the native one does, on the toy circuit and on the same bytes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "verifier/batches.rs"]
mod batches;
mod compiler;
#[path = "../../../verifier/core/tests/toy/mod.rs"]
mod toy;
mod verdicts;

use ark_bn254::{Fq2, G2Affine};
use ark_ec::AffineRepr as _;
use assay_contracts::interface::Verifier::{instanceCountCall, verifyGasCall};
use assay_contracts::network::creation_of_data;
use assay_contracts::{Artifact, Network as _, U256};
use assay_halo2::EvmTranscript;
use assay_halo2::convert::{g2_to_ark, instances as public_values};
use assay_halo2::key::from_halo2;
use assay_solidity::{Gas, Shape};
use assay_verifier::encoding::{g1_to_bytes, g2_to_bytes};
use assay_verifier::{Proof, SrsPoint, VerifyingKey};
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Assigned, Circuit, ConstraintSystem, Error, create_proof, keygen_pk2};
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2curves::bn256::{Bn256, Fr};
use toy::{Config, Toy};
use verdicts::{Claim, Contracts, modulus, mutant};

fn artifact(name: &str, json: &str) -> Artifact {
    Artifact::from_json(name, json).unwrap()
}

fn contracts(key: &VerifyingKey) -> Contracts {
    let own = |artifact: Artifact| artifact.belonging_to(&key.digest()).unwrap();
    Contracts::deploy(
        key,
        &artifact("toy", include_str!("../../artifacts/toy.json")),
        &own(artifact("toy-key", include_str!("../../artifacts/toy-key.json"))),
    )
}

fn scene() -> (Contracts, Claim) {
    let (contracts, mut claims) = scene_of(1);
    (contracts, claims.remove(0))
}

fn scene_of(proofs: u64) -> (Contracts, Vec<Claim>) {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let claim = |seed| {
        let example = Toy { a: [3, 0, 2, 1, 1, seed % 4], context: Fr::from(4_711) };
        let (instances, proof) = toy::prove(&params, &proving, &key, &example, seed);
        Claim::new(&instances, &proof)
    };
    (contracts(&key), (2..2 + proofs).map(claim).collect())
}

/// Another model of the toy's shape: every fixed column is zero, and one cell is copied.
#[derive(Clone, Debug, Default)]
struct Empty;

impl Circuit<Fr> for Empty {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        Toy::configure(meta)
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let zero = || Value::known(Assigned::Trivial(Fr::zero()));
        let cell =
            layouter.assign_region(|| "cell", |mut region| Ok(region.assign_advice(config.sum, 0, zero()).cell()))?;
        layouter.constrain_instance(cell, config.instance, 0);
        Ok(())
    }
}

/// With so many public values, and an SRS that is drawn by a seed.
fn empty(count: usize, seed: u64) -> (VerifyingKey, Claim) {
    let params = ParamsKZG::<Bn256>::setup(toy::K, toy::rng(seed));
    let proving = keygen_pk2(&params, &Empty, false).unwrap();
    let srs = SrsPoint { s_g2: g2_to_ark(&params.s_g2()) };
    let instances = vec![Fr::zero(); count];
    let key = from_halo2(proving.get_vk(), instances.len(), [8; 32], srs).unwrap();
    let mut transcript = EvmTranscript::new(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params.verifier_params(),
        &proving,
        &[Empty],
        &[&[&instances]],
        toy::rng(7),
        &mut transcript,
    )
    .unwrap();
    let proof = Proof { key_digest: key.digest(), bytes: transcript.into_stream() };
    let claim = Claim::new(&public_values(&instances), &proof);
    (key, claim)
}

#[test]
fn both_accept_a_proof() {
    let (mut contracts, claim) = scene();
    assert!(contracts.native(&claim));
    // No constant of the prediction was fitted to this circuit.
    let gas = contracts.verify(&claim).unwrap();
    let (_, key) = toy::keys(&toy::params());
    let predicted = Gas::of(&Shape::of(&key).unwrap(), key.instances()).unwrap().total();
    println!("gas {gas}, predicted {predicted}");
    assert!(predicted.abs_diff(gas) * 20 <= gas, "{gas}, predicted {predicted}");
}

#[test]
fn both_decide_thousands_of_mutants_alike_and_no_rejection_costs_more_than_a_proof() {
    let (mut contracts, mut claims) = scene_of(2);
    let (another, claim) = (claims.remove(1), claims.remove(0));
    let gas = contracts.verify(&claim).unwrap();
    for seed in 0..2_800 {
        let (what, _, other) = mutant(&contracts, &claim, &another, seed);
        contracts.agree(&format!("mutant {seed}, {what}"), &other, gas);
    }
}

#[test]
fn each_malformed_word_is_named() {
    let (mut contracts, claim) = scene();
    let count = claim.instances.len();
    for (index, at) in contracts.scalars(&claim).into_iter().enumerate() {
        let mut other = claim.clone();
        let value = U256::from_be_bytes(*other.word(at)) + modulus();
        *other.word(at) = value.to_be_bytes();
        let (name, index) = if at < count { ("Instance", index) } else { ("Scalar", index - count) };
        let expected = format!("{name}TooLarge(index: {index}, value: {value})");
        assert_eq!(contracts.verify(&other).unwrap_err().0, expected);
    }
    for (index, at) in contracts.points(&claim).into_iter().enumerate() {
        for words in [[[0; 32]; 2], [[1; 32]; 2], [[0xff; 32]; 2]] {
            let mut other = claim.clone();
            [*other.word(at), *other.word(at + 1)] = words;
            let expected = format!("NotOnCurve(index: {index})");
            assert_eq!(contracts.verify(&other).unwrap_err().0, expected);
        }
    }
}

#[test]
fn wrong_counts_and_lengths_are_named_with_both_numbers() {
    let (mut contracts, claim) = scene();
    let (count, length) = (claim.instances.len(), claim.proof.len());
    for got in [0, count - 1, count + 1, 3 * count] {
        let mut other = claim.clone();
        other.instances.resize(got, [0; 32]);
        let expected = format!("WrongInstanceCount(expected: {count}, got: {got})");
        assert_eq!(contracts.verify(&other).unwrap_err().0, expected);
    }
    let mut longer = claim.clone();
    longer.proof.extend([0; 32]);
    let expected = format!("WrongLength(expected: {length}, got: {})", length + 32);
    assert_eq!(contracts.verify(&longer).unwrap_err().0, expected);
    let mut call = claim.call(contracts.key);
    let expected = format!("WrongLength(expected: {}, got: {})", call.len(), call.len() + 1);
    call.push(0);
    assert_eq!(contracts.send(contracts.verifier, &call).unwrap_err().0, expected);
}

/// Changes of a call that a decoder of the arguments could overlook.
fn foreign_encodings(calldata: &[u8], words_of_head: usize) -> Vec<(String, Vec<u8>)> {
    let mut calls = vec![];
    let mut change = |what: String, at: usize, by: i64| {
        let mut changed = calldata.to_vec();
        let word: [u8; 32] = changed[at..at + 32].try_into().unwrap();
        let (value, size) = (U256::from_be_bytes(word), U256::from(by.unsigned_abs()));
        let value = if by < 0 { value.wrapping_sub(size) } else { value.wrapping_add(size) };
        changed[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
        calls.push((what, changed));
    };
    for head in 0..=words_of_head {
        for by in [1, 32, 64, -1, -32, 1 << 40] {
            change(format!("word {head} of the head {by:+}"), 4 + 32 * head, by);
        }
    }
    calls.push(("a byte to spare".to_owned(), [calldata, &[0]].concat()));
    calls.push(("a word to spare".to_owned(), [calldata, &[0; 32]].concat()));
    for length in [0, 3, 4, 36, 100, calldata.len() - 32, calldata.len() - 1] {
        calls.push((format!("{length} bytes"), calldata[..length].to_vec()));
    }
    let mut selector = calldata.to_vec();
    selector[3] ^= 1;
    calls.push(("another selector".to_owned(), selector));
    calls
}

#[test]
fn only_the_canonical_encoding_of_a_call_is_accepted() {
    let (mut contracts, claim) = scene();
    let gas = contracts.verify(&claim).unwrap();
    // The head of the call is the key, two offsets and a length; changing the key is another test.
    for (what, changed) in foreign_encodings(&claim.call(contracts.key), 3) {
        let (_, spent) = contracts.send(contracts.verifier, &changed).expect_err(&what);
        assert!(spent <= gas, "{what}: {spent} gas");
    }
    // Arguments the other way round in memory: well-formed ABI, yet not the one encoding.
    let call = claim.call(contracts.key);
    let (head, tail) = call.split_at(4 + 96);
    let (values, proof) = tail.split_at(32 * (1 + claim.instances.len()));
    let word = |value: usize| U256::from(value).to_be_bytes::<32>();
    let swapped = [&head[..36], &word(96 + proof.len()), &word(96), proof, values].concat();
    assert_eq!(contracts.send(contracts.verifier, &swapped).unwrap_err().0, "NotCanonical()");
}

#[test]
fn what_is_not_a_key_of_the_shape_is_refused() {
    let (mut contracts, claim) = scene();
    let sender = contracts.sender;
    let code = contracts.chain.code(contracts.key).unwrap();
    let mut deploy = |code: &[u8]| contracts.chain.deploy(sender, &creation_of_data(code)).unwrap().0;
    let [copy, shorter, longer] =
        [&code[..], &code[..code.len() - 1], &[code.as_slice(), &[0]].concat()].map(&mut deploy);
    let mut other = code.clone();
    other[1] ^= 1;
    let magic = deploy(&other);
    let mut other = code.clone();
    other[64] ^= 1;
    let shape = deploy(&other);
    let nobody = assay_contracts::Address::ZERO;
    for key in [shorter, longer, magic, nobody, contracts.verifier, contracts.sender] {
        let (error, _) = contracts.send(contracts.verifier, &claim.call(key)).unwrap_err();
        assert_eq!(error, format!("NotAKey(key: {key:?})"));
    }
    let (error, _) = contracts.send(contracts.verifier, &claim.call(shape)).unwrap_err();
    assert!(error.starts_with("WrongShape(expected: 0x"), "{error}");
    contracts.send(contracts.verifier, &claim.call(copy)).unwrap();
}

#[test]
fn another_model_of_the_shape_brings_its_key_only_and_columns_of_zeros_work() {
    let (mut contracts, claim) = scene();
    let (other, other_claim) = empty(claim.instances.len(), 1);
    assert!(other.fixed_commitments().iter().any(|point| assay_verifier::encoding::g1_to_bytes(point) == [[0; 32]; 2]));
    let code = creation_of_data(&assay_solidity::key_code(&other).unwrap());
    let (key, _) = contracts.chain.deploy(contracts.sender, &code).unwrap();
    contracts.send(contracts.verifier, &other_claim.call(key)).unwrap();
    contracts.send(contracts.verifier, &claim.call(contracts.key)).unwrap();
    for (claim, key) in [(&claim, key), (&other_claim, contracts.key)] {
        assert_eq!(contracts.send(contracts.verifier, &claim.call(key)).unwrap_err().0, "InvalidProof()");
    }
}

#[test]
fn one_verifier_takes_any_number_of_public_values_and_any_srs() {
    let (mut contracts, claims) = scene_of(2);
    let own = contracts.key;
    for (count, seed) in [(1, 1), (2, 9), (8, 9), (20, 1)] {
        let (key, claim) = empty(count, seed);
        let code = creation_of_data(&assay_solidity::key_code(&key).unwrap());
        contracts.key = contracts.chain.deploy(contracts.sender, &code).unwrap().0;
        contracts.verify(&claim).unwrap();
        let asked = instanceCountCall { key: contracts.key };
        assert_eq!(contracts.chain.ask(contracts.verifier, &asked).unwrap(), U256::from(count));
        let other = Claim { instances: vec![[1; 32]; count], ..claim.clone() };
        assert_eq!(contracts.verify(&other).unwrap_err().0, "InvalidProof()");
        // An item that is another key's, and mostly of another length, is none of this one.
        let batch = [claim.clone(), claims[0].clone(), other, claim];
        assert_eq!(contracts.batch(&batch).unwrap().0, U256::from(0b1001), "{count} public values");
    }
    contracts.key = own;
    assert_eq!(contracts.batch(&claims).unwrap().0, U256::from(0b11));
}

/// Where the number of public values and `[s]_2` stand among a key's words.
const COUNT: usize = 5;
const S_G2: usize = 6;

/// The key's code with one word changed.
fn with_word(code: &[u8], index: usize, word: U256) -> Vec<u8> {
    let mut code = code.to_vec();
    code[1 + 32 * index..][..32].copy_from_slice(&word.to_be_bytes::<32>());
    code
}

#[test]
fn a_key_that_lies_about_its_public_values_proves_nothing_for_the_true_one() {
    let (mut contracts, claim) = scene();
    let (code, honest) = (contracts.chain.code(contracts.key).unwrap(), claim.instances.len());
    let deploy = |contracts: &mut Contracts, count: U256| {
        let code = creation_of_data(&with_word(&code, COUNT, count));
        contracts.key = contracts.chain.deploy(contracts.sender, &code).unwrap().0;
    };
    for count in [0, 1, honest - 1, honest + 1, 2 * honest] {
        deploy(&mut contracts, U256::from(count));
        let expected = format!("WrongInstanceCount(expected: {count}, got: {honest})");
        assert_eq!(contracts.verify(&claim).unwrap_err().0, expected);
        // The true values with zeros behind them, or the first of them: the transcript is another.
        let mut other = claim.clone();
        other.instances.resize(count, [0; 32]);
        assert_eq!(contracts.verify(&other).unwrap_err().0, "InvalidProof()");
        assert_eq!(contracts.batch(&[other, claim.clone()]).unwrap().0, U256::ZERO);
    }
    // Nothing overflows, and nothing as long is ever copied.
    let most = U256::from(u32::MAX);
    deploy(&mut contracts, most);
    assert_eq!(contracts.verify(&claim).unwrap_err().0, format!("WrongInstanceCount(expected: {most}, got: {honest})"));
    assert_eq!(contracts.batch(std::slice::from_ref(&claim)).unwrap().0, U256::ZERO);
    let stated = verifyGasCall { key: contracts.key, proofs: U256::from(32) };
    assert!(contracts.chain.ask(contracts.verifier, &stated).unwrap() > U256::ONE << 55);
    for count in [most + U256::ONE, U256::ONE << 251, U256::MAX] {
        deploy(&mut contracts, count);
        let refused = format!("NotAKey(key: {:?})", contracts.key);
        assert_eq!(contracts.verify(&claim).unwrap_err().0, refused);
        assert_eq!(contracts.batch(std::slice::from_ref(&claim)).unwrap_err().0, refused);
        let asked = instanceCountCall { key: contracts.key };
        assert!(contracts.chain.ask(contracts.verifier, &asked).unwrap_err().to_string().contains("NotAKey"));
        let stated = verifyGasCall { key: contracts.key, proofs: U256::ONE };
        assert!(contracts.chain.ask(contracts.verifier, &stated).unwrap_err().to_string().contains("NotAKey"));
    }
}

/// A point of the curve of `[s]_2` that is not in the group.
fn outside_the_group() -> G2Affine {
    let at = |x: u64| G2Affine::get_point_from_x_unchecked(Fq2::from(x), true);
    (1..).find_map(|x| at(x).filter(|point| !point.is_in_correct_subgroup_assuming_on_curve())).unwrap()
}

#[test]
fn a_key_of_no_srs_or_of_another_accepts_nothing() {
    let (mut contracts, claims) = scene_of(2);
    let code = contracts.chain.code(contracts.key).unwrap();
    let own: [U256; 4] = std::array::from_fn(|index| U256::from_be_slice(&code[1 + 32 * (S_G2 + index)..][..32]));
    let words = |point: G2Affine| {
        let [x, x_imaginary, y, y_imaginary] = g2_to_bytes(&point).map(U256::from_be_bytes);
        [x_imaginary, x, y_imaginary, y]
    };
    let (_, key) = toy::keys(&toy::params());
    assert_eq!(own, words(key.srs().s_g2));
    // The y of the generator's negative is -2.
    let base = U256::from_be_bytes(g1_to_bytes(&-ark_bn254::G1Affine::generator())[1]) + U256::from(2);
    let [x_imaginary, x, y_imaginary, y] = own;
    let cases = [
        ("infinity", [U256::ZERO; 4], "NotAKey"),
        ("off the curve", [x_imaginary + U256::ONE, x, y_imaginary, y], "PrecompileFailed"),
        ("one word only", [U256::ZERO, U256::ONE, U256::ZERO, U256::ZERO], "PrecompileFailed"),
        ("a coordinate above the modulus", [x_imaginary, x, y_imaginary, y + base], "PrecompileFailed"),
        ("infinity in another spelling", [base; 4], "PrecompileFailed"),
        ("parts the other way round", [x, x_imaginary, y, y_imaginary], "PrecompileFailed"),
        ("outside the group", words(outside_the_group()), "PrecompileFailed"),
        ("another secret", words(G2Affine::generator()), "InvalidProof"),
        ("the negative", words(-key.srs().s_g2), "InvalidProof"),
    ];
    for (what, point, expected) in cases {
        let put = |code: Vec<u8>, (at, word): (usize, &U256)| with_word(&code, S_G2 + at, *word);
        let changed = point.iter().enumerate().fold(code.clone(), put);
        contracts.key = contracts.chain.deploy(contracts.sender, &creation_of_data(&changed)).unwrap().0;
        let error = contracts.verify(&claims[0]).unwrap_err().0;
        assert!(error.starts_with(expected), "{what}: {error}");
        match contracts.batch(&claims) {
            Ok((accepted, _)) => assert_eq!((accepted, expected), (U256::ZERO, "InvalidProof"), "{what}"),
            Err((error, _)) => assert!(error.starts_with(expected), "{what}, in a batch: {error}"),
        }
    }
}

#[test]
fn the_key_on_the_chain_is_the_one_that_is_recomputed() {
    let (mut contracts, _) = scene();
    let (_, key) = toy::keys(&toy::params());
    assert_eq!(contracts.chain.code(contracts.key).unwrap(), assay_solidity::key_code(&key).unwrap());
}

#[test]
fn the_crates_calldata_is_the_canonical_call() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let example = Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) };
    let (instances, proof) = toy::prove(&params, &proving, &key, &example, 2);
    let (contracts, claim) = (contracts(&key), Claim::new(&instances, &proof));
    let call = assay_solidity::calldata::verify(&contracts.key.0.0, &instances, &proof);
    assert_eq!(call, claim.call(contracts.key));
}

#[test]
fn an_artifact_of_another_key_is_refused_by_name() {
    let key = artifact("toy-key", include_str!("../../artifacts/toy-key.json"));
    let error = key.belonging_to(&[3; 32]).unwrap_err().to_string();
    assert!(error.contains(&"03".repeat(32)) && error.contains("generate_verifiers"), "{error}");
}

/// Precompiles fail first when gas runs out: that is no verdict, neither of a batch of one nor of a call for one proof.
#[test]
fn a_proof_is_never_found_invalid_because_gas_ran_out() {
    let (mut contracts, claim) = scene();
    let gas = contracts.verify(&claim).unwrap();
    let mut failed = 0;
    for limit in (200_000..gas + 60_000).step_by(1_500) {
        contracts.chain.limit_gas(limit);
        if let Ok(receipt) = contracts.send_batch(std::slice::from_ref(&claim)) {
            assert_eq!(U256::from_be_slice(&receipt.output), U256::ONE, "with {limit} gas");
        }
        if let Err(error) = contracts.send_verify(&claim) {
            let error = error.to_string();
            assert!(!error.contains("InvalidProof"), "with {limit} gas: {error}");
            failed += usize::from(error.contains("PrecompileFailed"));
        }
    }
    assert!(failed > 0, "no precompile ran out of gas: the test shows nothing");
}
