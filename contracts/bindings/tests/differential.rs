//! Native and EVM verifiers decide alike, for real models and both openings; gas and sizes are what is committed and predicted.
//!
//! The whole case, 100 proofs and 10,000 mutants, is behind one command:
//! `.ci/big differential`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod model;
mod verdicts;

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use assay_circuits::Layout;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Artifact, Network as _, U256};
use assay_halo2::convert::values;
use assay_models::{Op, interpret, samples};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::{Prover, keygen, prove};
use assay_solidity::{Gas, Shape};
use assay_verifier::{Instances, Opening};
use model::{LENET, LENET_EVM, MLP, MLP_EVM, Model, is_committed};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use verdicts::{Claim, Contracts, mutant};

/// Limit of a public chain on a contract's code, in bytes (EIP-170).
const CODE_LIMIT: usize = 24_576;

/// Most gas that verifying with the grouped opening may take, calldata included, and each further proof of a batch of eight.
const LENET_LIMIT: u64 = 350_000;
const ZOO_LIMIT: u64 = 400_000;
const LARGE_LIMIT: u64 = 500_000;
const ANOTHER_LIMIT: u64 = 200_000;

/// Four million weights.
fn large(name: &str, opening: Opening) -> Model {
    Model::load(name, &samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1), opening)
}

static LARGE: LazyLock<Model> = LazyLock::new(|| large("mlp-4m", Opening::Shplonk));
static LARGE_EVM: LazyLock<Model> = LazyLock::new(|| large("mlp-4m-evm", OPENING_FOR_CHAIN));

fn contracts_of(model: &Model) -> Contracts {
    let [verifier, key] = model.artifacts();
    Contracts::deploy(model.key.verifying_key(), &verifier, &key)
}

/// Claims of the zoo's held-out digits; the proofs depend on the digits alone.
fn claims_of(model: &Model, digits: Range<usize>) -> Vec<Claim> {
    let prover = Prover::new(&model.key, &model.srs).unwrap();
    let claim = |digit: usize| {
        let context = values(&Instances::from_words(&[[7; 32]]).unwrap())[0];
        let rng = ChaCha20Rng::seed_from_u64(digit as u64);
        let (instances, proof) = prover.prove(&model.digit(digit), context, rng, &mut |_| ()).unwrap();
        Claim::new(&instances, &proof)
    };
    digits.map(claim).collect()
}

/// A valid claim's call with one byte of its selector, address, offsets, lengths or padding changed, or with bytes to spare: no
/// longer the one encoding of its arguments.
fn broken_call(contracts: &Contracts, claim: &Claim, seed: u64) -> (String, Vec<u8>) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut call = claim.call(contracts.key);
    let (values, proof) = (4 + 96, 4 + 96 + 32 * (1 + claim.instances.len()));
    let what = match rng.gen_range(0..5) {
        0 => rng.gen_range(0..4),
        1 => rng.gen_range(4..values),
        2 => values + rng.gen_range(0..32),
        3 => proof + rng.gen_range(0..32),
        _ => {
            call.extend(vec![0; rng.gen_range(1..40)]);
            return ("bytes to spare".to_owned(), call);
        }
    };
    call[what] ^= 1 << rng.gen_range(0..8);
    (format!("byte {what}"), call)
}

/// Every proof is accepted by the native verifier and by the shape's contract; every mutant is decided alike and
/// rejected at no more gas than a proof; every call that is not the one encoding of its arguments reverts.
fn decided_alike(model: &Model, digits: Range<usize>, mutants: u64) {
    let mut contracts = contracts_of(model);
    let claims = claims_of(model, digits);
    let mut dearest = 0;
    for claim in &claims {
        assert!(contracts.native(claim));
        dearest = contracts.verify(claim).unwrap().max(dearest);
    }
    let mut formed = 0;
    for seed in 0..mutants {
        let claim = &claims[seed as usize % claims.len()];
        let other = &claims[(seed as usize + 1) % claims.len()];
        let (what, well_formed, mutant) = mutant(&contracts, claim, other, seed);
        formed += u64::from(well_formed);
        contracts.agree(&format!("mutant {seed}, {what}"), &mutant, dearest);
        if seed % 10 == 0 {
            let (what, calldata) = broken_call(&contracts, claim, seed);
            assert!(contracts.send(contracts.verifier, &calldata).is_err(), "call {seed}, {what}");
        }
    }
    assert!(2 * formed >= mutants, "{formed} of {mutants} mutants are well formed");
}

/// Gas and sizes are what is committed, exactly: the proofs' seeds are fixed, and gas is no timing. What is predicted is within a
/// twentieth. Returns the gas of one proof and of another in a batch.
fn gas_is_as_committed_and_as_predicted(name: &str, model: &Model) -> (u64, u64) {
    let mut contracts = contracts_of(model);
    let claims = claims_of(model, 0..8);
    let gas = contracts.verify(&claims[0]).unwrap();
    let (accepted, one) = contracts.batch(&claims[..1]).unwrap();
    assert_eq!(accepted, U256::from(1));
    let (accepted, batch) = contracts.batch(&claims).unwrap();
    assert_eq!(accepted, U256::from(0xff));
    let another = (batch - one) / 7;
    let sizes: Vec<usize> = model.artifacts().iter().map(Artifact::deployed_bytes).collect();
    let measured = serde_json::json!({
        "verify": gas,
        "verify_batch_of_8": batch,
        "another_of_8": another,
        "verifier_bytes": sizes[0],
        "key_bytes": sizes[1],
        "proof_bytes": claims[0].proof.len(),
    });
    assert!(sizes.iter().all(|size| *size <= CODE_LIMIT), "{sizes:?}");
    is_committed(&format!("gas/{name}.json"), &measured);
    // The market's own tests pay for this proof.
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let instances: Vec<String> = claims[0].instances.iter().map(|word| hex(word)).collect();
    let proof = serde_json::json!({ "instances": instances, "proof": hex(&claims[0].proof) });
    is_committed(&format!("generated/{name}-proof.json"), &proof);
    let predicted = {
        let key = model.key.verifying_key();
        Gas::of(&Shape::of(key).unwrap(), key.instances()).unwrap().with_zeros(model.key.layout().zero_columns())
    };
    for (what, expected, got) in [("verify", predicted.total(), gas), ("another", predicted.another(), another)] {
        assert!(expected.abs_diff(got) * 20 <= got, "{name}, {what}: {got}, expected {expected} of {predicted:?}");
    }
    (gas, another)
}

/// The same for the grouped opening, which has limits.
fn gas_is_below(limit: u64, name: &str, model: &Model) {
    let (gas, another) = gas_is_as_committed_and_as_predicted(name, model);
    assert!(gas <= limit && another <= ANOTHER_LIMIT, "{name}: {gas}, {another} for another");
}

#[test]
fn gas_of_the_mlp() {
    gas_is_as_committed_and_as_predicted("mnist-mlp", &MLP);
}

#[test]
fn gas_of_lenet() {
    gas_is_as_committed_and_as_predicted("lenet", &LENET);
}

#[test]
fn gas_of_the_grouped_mlp() {
    gas_is_below(ZOO_LIMIT, "mnist-mlp-evm", &MLP_EVM);
}

#[test]
fn gas_of_grouped_lenet() {
    gas_is_below(LENET_LIMIT, "lenet-evm", &LENET_EVM);
}

#[test]
fn gas_of_the_mlp_of_four_million_weights() {
    gas_is_as_committed_and_as_predicted("mlp-4m", &LARGE);
}

#[test]
fn gas_of_the_grouped_mlp_of_four_million_weights() {
    gas_is_below(LARGE_LIMIT, "mlp-4m-evm", &LARGE_EVM);
}

#[test]
fn verifiers_of_the_mlp_decide_alike() {
    decided_alike(&MLP, 0..2, 350);
}

#[test]
fn verifiers_of_lenet_decide_alike() {
    decided_alike(&LENET, 0..2, 350);
}

#[test]
fn verifiers_of_the_grouped_mlp_decide_alike() {
    decided_alike(&MLP_EVM, 0..2, 350);
}

#[test]
fn verifiers_of_grouped_lenet_decide_alike() {
    decided_alike(&LENET_EVM, 0..2, 350);
}

#[test]
#[ignore = "minutes: 100 proofs and 10,000 mutants; `.ci/big differential` runs it"]
fn verifiers_decide_a_hundred_proofs_and_ten_thousand_mutants_alike() {
    for (model, digits, mutants) in [
        (&LENET_EVM, 0..30, 3_000),
        (&MLP_EVM, 30..60, 3_000),
        (&LARGE_EVM, 60..70, 1_000),
        (&LENET, 70..85, 1_500),
        (&MLP, 85..100, 1_500),
    ] {
        decided_alike(model, digits, mutants);
    }
}

/// Weights, biases, scales and zero points are data: a network that differs in all of them uses the verifier of its shape.
fn another_network_of_the_shape(zoo: &Model) {
    let mut graph = zoo.graph.clone();
    for node in &mut graph.nodes {
        if let Op::Dense(dense) = &mut node.op {
            dense.weights =
                dense.weights.iter().map(|weight| weight.saturating_neg().min(127)).collect::<Vec<_>>().into();
            dense.bias.iter_mut().for_each(|bias| *bias = 3 - *bias);
            dense.requantise.divisor *= 2;
            dense.requantise.zero_point += 1;
            graph.tensors[node.output.0].zero_point += 1;
        }
    }
    let layout = Arc::new(Layout::plan(&graph).unwrap());
    let key = keygen(&zoo.srs, layout, graph.digest()).unwrap();
    let (mine, theirs) = (key.verifying_key(), zoo.key.verifying_key());
    assert_ne!(mine.digest(), theirs.digest());
    assert_eq!(Shape::of(mine).unwrap().digest(), Shape::of(theirs).unwrap().digest());
    let (mut contracts, claims) = (contracts_of(zoo), claims_of(zoo, 0..1));
    let code = assay_solidity::key_code(mine).unwrap();
    let (address, _) = contracts.chain.deploy(contracts.sender, &creation_of_data(&code)).unwrap();
    let input: Vec<i64> = (0..784).map(|pixel| pixel % 120).collect();
    let trace = interpret(&graph, &[input]).unwrap();
    let rng = ChaCha20Rng::seed_from_u64(3);
    let (instances, proof) = prove(&key, &zoo.srs, &trace, 5.into(), rng, &mut |_| ()).unwrap();
    let claim = Claim::new(&instances, &proof);
    contracts.send(contracts.verifier, &claim.call(address)).unwrap();
    for (claim, key) in [(&claims[0], address), (&claim, contracts.key)] {
        assert_eq!(contracts.send(contracts.verifier, &claim.call(key)).unwrap_err().0, "InvalidProof()");
    }
}

#[test]
fn another_network_of_a_shape_brings_its_key_only() {
    another_network_of_the_shape(&MLP);
}

#[test]
fn another_network_of_a_grouped_shape_brings_its_key_only() {
    another_network_of_the_shape(&MLP_EVM);
}
