//! Every op that has a layout, before an EVM: the verifier generated for its circuit is compiled and accepts its proof, with both openings.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use assay_circuits::{Lanes, Layout, PROFILES};
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Artifact, Chain, Network as _, U256};
use assay_models::{QuantizedGraph, import, interpret, samples};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use assay_solidity::{Gas, Shape, calldata};
use assay_verifier::{Opening, Verifier, VerifyingKey};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Where the verifier of a key's shape and the key are: the program brings one for every profile.
fn deployed(chain: &mut Chain, sender: Address, key: &VerifyingKey) -> (Address, Address) {
    let shape = Shape::of(key).unwrap().digest();
    let code = Artifact::verifier_of_shape(&shape).unwrap().unwrap().bytecode();
    let data = creation_of_data(&assay_solidity::key_code(key).unwrap());
    (chain.deploy(sender, &code).unwrap().0, chain.deploy(sender, &data).unwrap().0)
}

fn is_accepted(graph: &QuantizedGraph, lanes: Lanes, opening: Opening) {
    let layout = Arc::new(Layout::with_lanes(graph, lanes).unwrap());
    let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let mut chain = Chain::new();
    let sender = chain.account("sender", U256::ZERO);
    let (verifier, key_at) = deployed(&mut chain, sender, key.verifying_key());
    let [(mine, proof), (theirs, _)] = [1, 2].map(|seed| {
        let trace = interpret(graph, &samples::inputs(graph, seed)).unwrap();
        let rng = ChaCha20Rng::seed_from_u64(seed);
        prove(&key, &srs, &trace, 7.into(), rng, &mut |_| ()).unwrap()
    });
    let native = Verifier::new(key.verifying_key()).unwrap();
    native.verify(&mine, &proof).unwrap();
    assert!(native.verify(&theirs, &proof).unwrap_err().rejects_proof(), "{}", graph.name);
    let mut send = |calldata: &[u8]| chain.send(sender, Some(verifier), U256::ZERO, calldata).map(|_| ());
    send(&calldata::verify(&key_at.0.0, &mine, &proof)).unwrap();
    let error = send(&calldata::verify(&key_at.0.0, &theirs, &proof)).unwrap_err().to_string();
    assert!(error.contains("InvalidProof()"), "{}: {error}", graph.name);
}

/// Every case and every network of the zoo in every profile that it has a circuit in, with this opening: eight verifiers for all of them.
fn are_accepted(opening: Opening) {
    let zoo: [(&str, &[u8]); 2] = [
        ("lenet", include_bytes!("../../../models/zoo/lenet/lenet.onnx")),
        ("mnist-mlp", include_bytes!("../../../models/zoo/mnist-mlp/mnist-mlp.onnx")),
    ];
    let zoo = zoo.map(|(name, onnx)| import(onnx, name).unwrap());
    for graph in samples::cases().into_iter().map(|(graph, _)| graph).chain(zoo) {
        let activations = samples::activation_lanes(&graph);
        for lanes in PROFILES.into_iter().filter(|lanes| activations.contains(&lanes.activations)) {
            is_accepted(&graph, lanes, opening);
        }
    }
}

#[test]
fn every_case_and_the_zoo_are_accepted_by_the_verifier_of_every_profile() {
    are_accepted(Opening::Shplonk);
}

#[test]
fn every_case_and_the_zoo_are_accepted_by_the_verifier_of_every_profile_with_grouped_commitments() {
    are_accepted(OPENING_FOR_CHAIN);
}

/// Multipliers of 24 bits: tables of one part would take a million rows.
#[test]
fn free_scales_are_accepted_in_every_profile_with_remainders_in_parts() {
    let graph = samples::free_scales();
    let parts: Vec<Lanes> = PROFILES.into_iter().filter(|lanes| lanes.parts == 3).collect();
    assert!(parts.len() >= 4);
    for lanes in parts {
        for opening in [Opening::Shplonk, OPENING_FOR_CHAIN] {
            is_accepted(&graph, lanes, opening);
        }
    }
}

#[test]
fn verifiers_are_within_the_size_that_chains_take_and_there_is_one_for_each_profile_and_opening() {
    let verifiers = Artifact::verifiers().unwrap();
    assert_eq!(verifiers.len(), 2 * PROFILES.len());
    for verifier in &verifiers {
        assert!(verifier.deployed_bytes() <= 24_576, "{}: {}", verifier.name(), verifier.deployed_bytes());
    }
    let names = PROFILES.iter().flat_map(|lanes| [lanes.tag(), format!("{}-evm", lanes.tag())]);
    assert!(verifiers.iter().map(Artifact::name).eq(names));
}

/// A model with many inputs: its calldata has a floor (EIP-7623) above all that the call does.
#[test]
fn a_call_with_many_public_words_pays_the_floor_of_its_calldata_as_predicted() {
    let graph = import(&samples::mlp_onnx(&[60_000, 2], 1), "wide").unwrap();
    let layout = Arc::new(Layout::plan(&graph).unwrap());
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let trace = interpret(&graph, &samples::inputs(&graph, 1)).unwrap();
    let (instances, proof) = prove(&key, &srs, &trace, 7.into(), ChaCha20Rng::seed_from_u64(1), &mut |_| ()).unwrap();
    let mut chain = Chain::new();
    let sender = chain.account("sender", U256::ZERO);
    let (verifier, key_at) = deployed(&mut chain, sender, key.verifying_key());
    let call = calldata::verify(&key_at.0.0, &instances, &proof);
    let paid = chain.send(sender, Some(verifier), U256::ZERO, &call).unwrap().gas;
    let shape = Shape::of(key.verifying_key()).unwrap();
    let predicted = Gas::of(&shape, key.verifying_key().instances()).unwrap();
    assert!(
        paid > predicted.transaction + predicted.execution(),
        "{paid} are no more than the call takes: {predicted:?}"
    );
    assert!(predicted.total().abs_diff(paid) * 20 <= paid, "{paid}, predicted {}", predicted.total());
}
