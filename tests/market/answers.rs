//! Answers that a prover signed, and that it must prove when they are challenged or drawn.

use std::fs;

use assay_contracts::interface::{InferenceMarket, Signatures, Tier};
use assay_contracts::market::{U96, digest, words};
use assay_contracts::{Address, Network as _, Request, U256};
use assay_models::{End, import};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::scene::{CLIENT, ETHER, FEE, MODEL, PROVER, RIVAL, Scene, wei};

/// Signs receipts for the prover.
const RECEIPTS: usize = RIVAL;
const CHALLENGER: usize = CLIENT;

impl Scene {
    /// A typed structure of the market, signed by the key that signs receipts.
    fn signed(&self, contract: Address, kind: &str, fields: &[(&str, &str)], message: &Value) -> Vec<u8> {
        let fields: Vec<Value> = fields.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        let domain =
            [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")];
        let domain = domain.map(|(name, kind)| json!({ "name": name, "type": kind }));
        let data = json!({
            "types": { "EIP712Domain": domain, (kind): fields },
            "primaryType": kind,
            "domain": { "name": "Assay", "version": "1", "chainId": 31_337, "verifyingContract": contract },
            "message": message,
        });
        let signature = self.anvil.rpc("eth_signTypedData_v4", &json!([ACCOUNTS[RECEIPTS].0, data]));
        hex::decode(&signature.as_str().unwrap()[2..]).unwrap()
    }

    /// The packed output of the model for the sample input, one byte changed if it is to be wrong.
    fn output(&self, wrong: bool) -> Vec<[u8; 32]> {
        let answer: Value =
            serde_json::from_str(&self.sandbox.succeeds(&["infer", MODEL, "--input", "input.json", "--json"])).unwrap();
        let mut output: Vec<i64> = serde_json::from_value(answer["output"].clone()).unwrap();
        output[0] += i64::from(wrong);
        let graph = import(&fs::read(self.sandbox.path(MODEL)).unwrap(), "model").unwrap();
        graph.pack(End::Output, &[output]).unwrap()
    }

    /// Has the prover answer an open request with a receipt.
    fn answers(&self, request: &Request, wrong: bool) {
        let (mut node, market) = self.node(PROVER);
        let prover = node.account().unwrap();
        let signer = ACCOUNTS[RECEIPTS].0.parse().unwrap();
        let keys = node.ask(market.address, &InferenceMarket::signaturesCall {}).unwrap();
        if node.ask(keys, &Signatures::keysCall { signer }).unwrap().prover.is_zero() {
            let message = json!({ "prover": prover });
            let signature = self.signed(keys, "ReceiptKey", &[("prover", "address")], &message);
            let call = Signatures::registerKeyCall { signer, signature: signature.into() };
            node.transact(prover, keys, U256::ZERO, &call).unwrap();
        }
        let gain = u128::try_from(U256::from(request.feeCeiling) + U256::from(request.loss)).unwrap();
        market.fund_bond(&mut node, prover, U96::from(5 * gain / 2)).unwrap();
        let output = self.output(wrong);
        let fields = [
            ("requestId", "bytes32"),
            ("modelId", "bytes32"),
            ("inputDigest", "bytes32"),
            ("outputDigest", "bytes32"),
            ("signer", "address"),
        ];
        let message = json!({
            "requestId": market.id(request), "modelId": request.modelId, "inputDigest": request.inputDigest,
            "outputDigest": digest(&output), "signer": signer,
        });
        let call = InferenceMarket::answerCall {
            r: request.clone(),
            signature: vec![].into(),
            permit: vec![].into(),
            output: words(&output),
            signer,
            receiptSignature: self.signed(market.address, "Receipt", &fields, &message).into(),
        };
        node.transact(prover, market.address, U256::ZERO, &call).unwrap();
    }

    fn challenges(&self, request: &Request) {
        let (mut node, market) = self.node(CHALLENGER);
        let from = node.account().unwrap();
        let call = InferenceMarket::challengeCall { r: request.clone(), permit: vec![].into() };
        node.transact(from, market.address, U256::from(request.proofFee), &call).unwrap();
    }

    /// The prover's bond and credit, in wei.
    fn owns(&self) -> (u128, u128) {
        let state = self.does(RIVAL, &["status", MODEL, "--account", ACCOUNTS[PROVER].0]);
        (wei(&state["account"]["bond_wei"]), wei(&state["account"]["credit_wei"]))
    }
}

fn challenged(request: &mut Request) {
    request.tier = Tier::Challenged;
    request.prover = ACCOUNTS[PROVER].0.parse().unwrap();
    // What the proof costs, to whom it is worth it; the fee itself does not pay for the gas.
    (request.feeFloor, request.feeCeiling) = (U96::from(1_000), U96::from(1_000));
    (request.loss, request.proofFee) = (U96::from(ETHER), U96::from(ETHER / 100));
}

#[test]
fn a_challenged_answer_is_proved_and_its_bond_saved() {
    let scene = Scene::new("market-challenged");
    let request = scene.opens("asked.json", challenged);
    let bond = 5 * (ETHER + 1_000) / 2;
    let fulfil = ["fulfil", MODEL, "--request", "asked.json"];
    scene.answers(&request, false);
    scene.refused(RIVAL, &fulfil, &["is for prover", ACCOUNTS[PROVER].0]);
    scene.refused(
        PROVER,
        &fulfil,
        &[
            "nobody has challenged it",
            "no proof is due",
            "window ends in",
            "next: assay fulfil mnist-mlp.onnx --request asked.json --now",
        ],
    );
    scene.challenges(&request);
    let state = scene.does(RIVAL, &["status", MODEL, "--request", "asked.json"]);
    assert_eq!((&state["request"]["status"], wei(&state["request"]["bond_wei"])), (&"to be proved".into(), bond));
    assert_eq!(scene.owns(), (0, 0));
    // The request's own deadline is over: what counts is the time to prove.
    scene.anvil.advance(5 * 3_600);
    let output = scene.command(PROVER, &[&fulfil[..], &["--check"]].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("of your bond, which goes without the proof"), "{text}");
    assert!(text.contains("and 0.01 ether of who challenged the answer") && !text.contains("a loss of"), "{text}");
    scene.does(PROVER, &fulfil);
    // Nothing is shared of the proof fee; of the fee, three tenths are the owner's.
    assert_eq!(scene.owns(), (bond, ETHER / 100 + 700));
    assert_eq!(wei(&scene.does(PROVER, &["claim", MODEL, "--leave"])["withdrawn_wei"]), ETHER / 100 + 700);
}

#[test]
fn an_answer_that_is_not_the_models_is_not_defended_and_one_that_is_may_be_proved_early() {
    let scene = Scene::new("market-undefended");
    let request = scene.opens("wrong.json", challenged);
    scene.answers(&request, true);
    scene.challenges(&request);
    let fulfil = ["fulfil", MODEL, "--request", "wrong.json"];
    let digest = digest(&scene.output(true)).to_string();
    scene.refused(PROVER, &fulfil, &["your answer", &digest, "cannot be proved", "is lost"]);
    assert_eq!(scene.files("proof-"), [""; 0]);
    scene.anvil.advance(86_400 + 60);
    scene.refused(PROVER, &fulfil, &["time to prove ended", "ago"]);

    let request = scene.opens("early.json", |request| {
        challenged(request);
        (request.feeFloor, request.feeCeiling) = (U96::from(FEE), U96::from(FEE));
    });
    scene.answers(&request, false);
    let early = ["fulfil", MODEL, "--request", "early.json", "--now"];
    let paid = scene.does(PROVER, &early);
    assert_eq!(wei(&paid["share_wei"]), FEE * 7 / 10);
}

#[test]
fn a_drawn_answer_is_proved_and_its_bond_saved() {
    let scene = Scene::new("market-drawn");
    let request = scene.opens("drawn.json", |request| {
        challenged(request);
        (request.tier, request.proofFee, request.sampleRate) = (Tier::Sampled, U96::ZERO, 10_000);
    });
    let fulfil = ["fulfil", MODEL, "--request", "drawn.json"];
    scene.answers(&request, false);
    scene.refused(PROVER, &fulfil, &["has not been drawn", "no proof is due"]);
    // Beyond the reach of the beacon's hash, which selects; without the chain's history of hashes (EIP-2935) it reaches 256 blocks.
    scene.anvil.rpc("anvil_setCode", &json!(["0x0000F90827F1C53a10cb7A02335B175320002935", "0x"]));
    scene.anvil.rpc("anvil_mine", &json!(["0x150"]));
    let (mut node, market) = scene.node(RIVAL);
    let from = node.account().unwrap();
    let draw = InferenceMarket::drawCall { r: request.clone(), header: vec![].into() };
    assert!(node.transact(from, market.address, U256::ZERO, &draw).unwrap().0, "selected");
    assert_eq!(scene.owns().0, 0);
    scene.does(PROVER, &fulfil);
    let bond = 5 * (ETHER + 1_000) / 2;
    assert_eq!(scene.owns(), (bond, 700));
}

#[test]
fn an_answer_that_nobody_disputes_is_paid_by_claim_and_one_whose_proof_does_not_come_goes_back() {
    let scene = Scene::new("market-undisputed");
    let request = scene.opens("quiet.json", |request| {
        challenged(request);
        (request.feeFloor, request.feeCeiling) = (U96::from(FEE), U96::from(FEE));
    });
    scene.answers(&request, false);
    let bond = 5 * (ETHER + FEE) / 2;
    let claim = ["claim", MODEL, "--request", "quiet.json"];
    let status = ["status", MODEL, "--request", "quiet.json"];
    let early = scene.does(PROVER, &claim);
    assert_eq!(
        (&early["settled"], wei(&early["withdrawn_wei"]), wei(&early["bond_reserved_wei"])),
        (&false.into(), 0, bond)
    );
    scene.anvil.advance(86_400 + 60);
    let state = scene.does(RIVAL, &status);
    let next = "assay claim mnist-mlp.onnx --request quiet.json";
    assert_eq!((&state["next"], &state["request"]["refundable"]), (&next.into(), &false.into()));
    scene.refused(
        PROVER,
        &["fulfil", MODEL, "--request", "quiet.json"],
        &["no proof is needed", &format!("next: {next}")],
    );
    // The fee is the whole escrow: the client has nothing from it.
    let (said, left) = scene.leaves_dust(CLIENT, &claim);
    assert_eq!((&left["settled"], wei(&left["dust_wei"]), &left["next"]), (&false.into(), 0, &Value::Null));
    assert!(said.contains("is not ended: that brings you nothing. --at-a-loss"), "{said}");
    let paid = scene.does(PROVER, &claim);
    assert_eq!((&paid["settled"], wei(&paid["withdrawn_wei"])), (&true.into(), FEE * 7 / 10));
    assert_eq!((&paid["bond_reserved_wei"], wei(&paid["bond_wei"])), (&Value::Null, bond));
    // There is no proof to fetch, and nobody is sent to fetch it.
    assert_eq!(scene.does(RIVAL, &status)["next"], Value::Null);
    scene.refused(RIVAL, &["proof", MODEL, "--request", "quiet.json"], &["settled without a proof"]);

    let request = scene.opens("silent.json", challenged);
    scene.answers(&request, false);
    scene.challenges(&request);
    let claim = ["claim", MODEL, "--request", "silent.json"];
    assert_eq!(scene.does(CLIENT, &claim)["refunded"], false);
    scene.anvil.advance(86_400 + 60);
    let state = scene.does(RIVAL, &["status", MODEL, "--request", "silent.json"]);
    assert_eq!(state["request"]["refundable"], true);
    let back = scene.does(CLIENT, &claim);
    // The escrow, and the deposit of the challenger, who is the client here.
    assert_eq!((&back["refunded"], wei(&back["withdrawn_wei"])), (&true.into(), 1_000 + ETHER / 100));
}

#[test]
fn an_answer_that_brings_less_than_the_gas_is_settled_when_gas_is_cheaper() {
    let scene = Scene::new("market-settled-dust");
    let request = scene.opens("rises.json", |request| {
        challenged(request);
        (request.feeFloor, request.feeCeiling) = (U96::from(FEE / 2), U96::from(FEE));
        request.rampEnd = request.deadline;
    });
    scene.answers(&request, false);
    scene.anvil.advance(86_400 + 60);
    let (mut node, market) = scene.node(CLIENT);
    let price = market.job(&mut node, market.id(&request)).unwrap().price.to::<u128>();
    let claim = ["claim", MODEL, "--request", "rises.json"];
    scene.gas_costs(1_000);
    let (said, left) = scene.leaves_dust(CLIENT, &claim);
    assert_eq!((&left["settled"], wei(&left["dust_wei"])), (&false.into(), FEE - price));
    assert!(said.contains("is not ended: that brings") && said.contains("--at-a-loss"), "{said}");
    scene.gas_costs(1);
    let taken = scene.does(CLIENT, &claim);
    assert_eq!((&taken["settled"], wei(&taken["withdrawn_wei"])), (&true.into(), FEE - price));
}

#[test]
fn a_deposit_and_a_bounty_are_counted_before_a_missing_proof_is_left_alone() {
    let scene = Scene::new("market-bounty");
    let request = scene.opens("silent.json", |request| {
        challenged(request);
        (request.loss, request.proofFee) = (U96::from(ETHER / 20), U96::from(ETHER / 20));
    });
    scene.answers(&request, false);
    scene.challenges(&request);
    scene.anvil.advance(86_400 + 60);
    let claim = ["claim", MODEL, "--request", "silent.json"];
    let (escrow, loss, deposit) = (1_000, ETHER / 20, ETHER / 20);
    let bounty = 5 * (escrow + loss) / 2 / 10;
    scene.gas_costs(2_000);
    let (_, left) = scene.leaves_dust(CLIENT, &claim);
    assert_eq!((&left["refunded"], wei(&left["dust_wei"])), (&false.into(), escrow + loss + deposit + bounty));
    // The gas is more than escrow and loss, and less than all.
    scene.gas_costs(500);
    let taken = scene.does(CLIENT, &claim);
    assert_eq!((&taken["refunded"], wei(&taken["withdrawn_wei"])), (&true.into(), escrow + deposit));
    assert_eq!(wei(&taken["bond_wei"]), loss + bounty);
}
