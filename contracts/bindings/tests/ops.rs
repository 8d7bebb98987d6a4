//! Every op that has a layout, before an EVM: the verifier generated for its circuit is compiled and accepts its proof, with both openings.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod compiler;

use std::sync::Arc;

use assay_circuits::{Lanes, Layout};
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Chain, Network as _, U256};
use assay_models::{QuantizedGraph, import, interpret, samples};
use assay_prover::cost::opening_for_chain;
use assay_prover::{PUBLISHED_SEED, Srs, constraints, keygen, prove};
use assay_solidity::{Gas, Shape, calldata};
use assay_verifier::{Opening, VerifyingKey};
use compiler::compiled;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Where the verifier of a key's shape and the key are.
fn deployed(chain: &mut Chain, sender: Address, key: &VerifyingKey) -> (Address, Address) {
    let code = compiled("Verifier", &[assay_solidity::verifier(key).unwrap()]).remove(0);
    let data = creation_of_data(&assay_solidity::key_code(key).unwrap());
    (chain.deploy(sender, &code).unwrap().0, chain.deploy(sender, &data).unwrap().0)
}

fn is_accepted(graph: &QuantizedGraph, lanes: Lanes, opening: fn(&Layout) -> Opening) {
    let layout = Arc::new(Layout::with_lanes(graph, lanes).unwrap());
    let srs = Srs::insecure_for(layout.k, opening(&layout), PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let mut chain = Chain::new();
    let sender = chain.account("sender", U256::ZERO);
    let (verifier, key_at) = deployed(&mut chain, sender, key.verifying_key());
    let [(mine, proof), (theirs, _)] = [1, 2].map(|seed| {
        let trace = interpret(graph, &samples::input(graph, seed)).unwrap();
        let rng = ChaCha20Rng::seed_from_u64(seed);
        prove(&key, &srs, &trace, 7.into(), rng, &mut |_| ()).unwrap()
    });
    let mut send = |calldata: &[u8]| chain.send(sender, Some(verifier), U256::ZERO, calldata).map(|_| ());
    send(&calldata::verify(&key_at.0.0, &mine, &proof)).unwrap();
    let error = send(&calldata::verify(&key_at.0.0, &theirs, &proof)).unwrap_err().to_string();
    assert!(error.contains("InvalidProof()"), "{}: {error}", graph.name);
}

/// The cases from `first` on, in steps of two: two tests share the compiler's time.
fn are_accepted(first: usize) {
    let grouped = |layout: &Layout| opening_for_chain(&constraints(&layout.shape).unwrap()).unwrap();
    for (at, (graph, weights)) in samples::cases().iter().enumerate().skip(first).step_by(2) {
        for weights in *weights {
            is_accepted(graph, Lanes::new(1, *weights), |_| Opening::Shplonk);
            is_accepted(graph, Lanes::new(1, *weights), grouped);
        }
        // Several activation lanes take turns: with the wire, and with a verifier of many more columns.
        is_accepted(
            graph,
            Lanes::new([2, 4, 8][at % 3], weights[0]),
            if at % 2 == 0 { |_| Opening::Shplonk } else { grouped },
        );
    }
}

#[test]
fn odd_cases_are_accepted_by_their_verifiers() {
    are_accepted(0);
}

#[test]
fn even_cases_are_accepted_by_their_verifiers() {
    are_accepted(1);
}

/// A model with many inputs: its calldata has a floor (EIP-7623) above all that the call does.
#[test]
fn a_call_with_many_public_words_pays_the_floor_of_its_calldata_as_predicted() {
    let graph = import(&samples::mlp_onnx(&[60_000, 2], 1), "wide").unwrap();
    let layout = Arc::new(Layout::plan(&graph).unwrap());
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let trace = interpret(&graph, &samples::input(&graph, 1)).unwrap();
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
