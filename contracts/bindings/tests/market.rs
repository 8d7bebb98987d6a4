//! Money in the market: paid once, to whom the proof is bound, conserved to the last wei, or back after the deadline.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_contracts::abi::{Argument, address, call, encode, number, word};
use assay_contracts::{Address, Artifact, B256, Chain, ContractsError, Fulfilment, Market, Registration, U256};
use proptest::prelude::*;
use revm::primitives::keccak256;

const FEE: u64 = 1_000_003;
const PROOF: &[u8] = b"a proof that fills a word wholly";

fn artifact(name: &str) -> Artifact {
    let json = match name {
        "AcceptAll" => include_str!("../../artifacts/AcceptAll.json"),
        "ExpectCalldata" => include_str!("../../artifacts/ExpectCalldata.json"),
        _ => include_str!("../../artifacts/ReentrantReceiver.json"),
    };
    Artifact::from_json(name, json).unwrap()
}

fn words(count: u64) -> Vec<[u8; 32]> {
    (0..count).map(|i| number(U256::from(1000 + i))).collect()
}

struct Scene {
    chain: Chain,
    market: Market,
    key: Address,
    owner: Address,
    requester: Address,
    prover: Address,
    thief: Address,
    contributors: Vec<(Address, u16)>,
}

impl Scene {
    fn new() -> Self {
        let mut chain = Chain::new();
        let [owner, requester, prover, thief] =
            ["owner", "requester", "prover", "thief"].map(|name| chain.account(name, U256::from(10 * FEE)));
        let contributors = vec![(chain.account("alice", U256::ZERO), 700), (chain.account("bob", U256::ZERO), 301)];
        let (market, _) = Market::deploy(&mut chain, owner).unwrap();
        let key = chain.deploy(owner, &artifact("AcceptAll"), &[]).unwrap().contract.unwrap();
        Self { chain, market, key, owner, requester, prover, thief, contributors }
    }

    fn verifier(&mut self, name: &str, arguments: &[u8]) -> Address {
        self.chain.deploy(self.owner, &artifact(name), arguments).unwrap().contract.unwrap()
    }

    fn register(&mut self, verifier: Address) -> B256 {
        self.try_register(verifier, 6_000, 2_999, &self.contributors.clone()).unwrap()
    }

    fn try_register(
        &mut self,
        verifier: Address,
        prover_points: u16,
        owner_points: u16,
        contributors: &[(Address, u16)],
    ) -> Result<B256, ContractsError> {
        let model = Registration {
            verifier,
            key: self.key,
            key_digest: [9; 32],
            input_words: 3,
            output_words: 1,
            prover_points,
            owner_points,
            contributors,
        };
        self.market.register(&mut self.chain, self.owner, &model).map(|(id, _)| id)
    }

    fn request(&mut self, model: B256) -> U256 {
        let deadline = self.chain.time() + 100;
        let fee = U256::from(FEE);
        self.market.request(&mut self.chain, self.requester, model, &words(3), fee, deadline).unwrap().0
    }

    fn fulfil(&mut self, request: U256, payee: Address) -> Result<u64, ContractsError> {
        let fulfilment = Fulfilment { request, payee, input: &words(3), output: &words(1), proof: PROOF };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    fn credit(&mut self, account: Address) -> u64 {
        self.market.balance_of(&mut self.chain, account).unwrap().to()
    }

    fn held(&self) -> u64 {
        self.chain.balance(self.market.address()).to()
    }

    /// A verifier that accepts the proof for this payee and nothing else, as a real one does.
    fn verifier_bound_to(&mut self, request: U256, payee: Address) -> Address {
        let context = self.market.context_of(&mut self.chain, request, payee).unwrap();
        let values = [words(3), words(1), vec![context]].concat();
        let arguments = [Argument::Word(address(self.key)), Argument::Words(&values), Argument::Bytes(PROOF)];
        let data = call("verify(address,uint256[],bytes)", &arguments);
        self.verifier("ExpectCalldata", keccak256(data).as_slice())
    }
}

fn reason(outcome: Result<impl Sized, ContractsError>) -> String {
    match outcome {
        Err(ContractsError::Reverted { error, .. }) => error,
        Err(other) => other.to_string(),
        Ok(_) => "accepted".to_owned(),
    }
}

#[test]
fn an_accepted_proof_pays_everyone_by_points_and_the_owner_the_rest() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let request = scene.request(model);
    let prover = scene.prover;
    scene.fulfil(request, prover).unwrap();
    let [alice, bob] = [scene.contributors[0].0, scene.contributors[1].0];
    let credits = [prover, alice, bob, scene.owner].map(|account| scene.credit(account));
    assert_eq!(credits[..3], [FEE * 6_000 / 10_000, FEE * 700 / 10_000, FEE * 301 / 10_000]);
    assert_eq!(credits.iter().sum::<u64>(), FEE, "nothing is created or lost");
    assert_eq!(credits[3], FEE - credits[..3].iter().sum::<u64>());
    assert_eq!(scene.held(), FEE);

    for (account, credit) in [prover, alice, bob, scene.owner].into_iter().zip(credits) {
        let before = scene.chain.balance(account);
        scene.market.withdraw(&mut scene.chain, account).unwrap();
        assert_eq!(scene.chain.balance(account) - before, U256::from(credit));
    }
    assert_eq!(scene.held(), 0);
}

#[test]
fn the_verifier_sees_input_output_context_and_proof_and_the_context_names_the_payee() {
    let mut scene = Scene::new();
    let (prover, thief) = (scene.prover, scene.thief);
    let verifier = scene.verifier_bound_to(U256::from(1), prover);
    let model = scene.register(verifier);
    let request = scene.request(model);
    assert_eq!(request, U256::from(1));
    let stolen = scene.fulfil(request, thief);
    assert_eq!(reason(stolen), "ProofRejected(requestId: 1, reason: InvalidProof)");
    assert_eq!(scene.credit(thief), 0);
    scene.fulfil(request, prover).unwrap();
    assert!(scene.credit(prover) > 0);
}

#[test]
fn a_proof_for_one_request_does_not_serve_another() {
    let mut scene = Scene::new();
    let prover = scene.prover;
    let verifier = scene.verifier_bound_to(U256::from(1), prover);
    let model = scene.register(verifier);
    scene.request(model);
    let second = scene.request(model);
    assert!(reason(scene.fulfil(second, prover)).starts_with("ProofRejected(requestId: 2"));
}

#[test]
fn the_context_is_the_hash_of_chain_market_request_and_payee() {
    let mut scene = Scene::new();
    let prover = scene.prover;
    let market = scene.market.address();
    let context = scene.market.context_of(&mut scene.chain, U256::from(7), prover).unwrap();
    let fields = [
        Argument::Word(number(U256::from(assay_contracts::chain::CHAIN_ID))),
        Argument::Word(assay_contracts::abi::address(market)),
        Argument::Word(number(U256::from(7))),
        Argument::Word(assay_contracts::abi::address(prover)),
    ];
    let hash = U256::from_be_bytes(keccak256(encode(&fields)).0);
    assert_eq!(U256::from_be_bytes(context), hash >> 8);
    assert_eq!(context[0], 0, "31 bytes, below the field's modulus");
}

#[test]
fn a_replay_pays_nothing() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let (first, _second) = (scene.request(model), scene.request(model));
    let prover = scene.prover;
    scene.fulfil(first, prover).unwrap();
    let credit = scene.credit(prover);
    assert_eq!(reason(scene.fulfil(first, prover)), "NotOpen(requestId: 1, status: 2)");
    assert_eq!(scene.credit(prover), credit);
    scene.chain.advance(1_000);
    let refund = scene.market.refund(&mut scene.chain, prover, first);
    assert_eq!(reason(refund), "NotOpen(requestId: 1, status: 2)");
}

#[test]
fn other_input_or_output_of_another_shape_is_refused() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let request = scene.request(model);
    let payee = scene.prover;
    let large = [number(U256::from(1) << 248)];
    let mut changed = words(3);
    changed[1][31] ^= 1;
    let cases = [
        (changed, words(1), "WrongInput"),
        (words(2), words(1), "WrongInput"),
        (words(3), words(2), "WrongWordCount(expected: 1, got: 2)"),
        (words(3), large.to_vec(), "WordTooLarge(index: 0"),
    ];
    for (input, output, expected) in cases {
        let fulfilment = Fulfilment { request, payee, input: &input, output: &output, proof: PROOF };
        let outcome = scene.market.fulfil(&mut scene.chain, payee, &fulfilment);
        assert!(reason(outcome).starts_with(expected), "{expected}");
    }
}

#[test]
fn a_refund_comes_after_the_deadline_once_and_to_the_requester() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let request = scene.request(model);
    let (requester, thief) = (scene.requester, scene.thief);
    scene.chain.advance(100);
    let early = scene.market.refund(&mut scene.chain, requester, request);
    assert!(reason(early).starts_with("DeadlineNotPassed"), "at the deadline the request can still be fulfilled");
    scene.chain.advance(1);
    assert!(reason(scene.fulfil(request, thief)).starts_with("DeadlinePassed"));
    scene.market.refund(&mut scene.chain, thief, request).unwrap();
    assert_eq!((scene.credit(requester), scene.credit(thief)), (FEE, 0));
    let again = scene.market.refund(&mut scene.chain, requester, request);
    assert_eq!(reason(again), "NotOpen(requestId: 1, status: 3)");
    let before = scene.chain.balance(requester);
    scene.market.withdraw(&mut scene.chain, requester).unwrap();
    assert_eq!(scene.chain.balance(requester) - before, U256::from(FEE));
}

#[test]
fn at_the_deadline_itself_a_proof_still_pays() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let request = scene.request(model);
    scene.chain.advance(100);
    let prover = scene.prover;
    scene.fulfil(request, prover).unwrap();
}

#[test]
fn a_second_withdrawal_pays_nothing() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let (request, _other) = (scene.request(model), scene.request(model));
    let prover = scene.prover;
    scene.fulfil(request, prover).unwrap();
    scene.market.withdraw(&mut scene.chain, prover).unwrap();
    let again = scene.market.withdraw(&mut scene.chain, prover);
    assert!(reason(again).starts_with("NothingToWithdraw"));
}

#[test]
fn a_receiver_that_calls_back_is_paid_once() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let receiver_code = artifact("ReentrantReceiver");
    let target = encode(&[Argument::Word(assay_contracts::abi::address(scene.market.address()))]);
    let receiver = scene.chain.deploy(scene.thief, &receiver_code, &target).unwrap().contract.unwrap();
    let deadline = number(U256::from(scene.chain.time() + 100));
    let arguments = [Argument::Word(model.0), Argument::Words(&words(3)), Argument::Word(deadline)];
    let ask = call("ask(bytes32,uint256[],uint64)", &arguments);
    scene.chain.transact(scene.thief, receiver, U256::from(FEE), &ask, &receiver_code).unwrap();
    scene.request(model);
    scene.chain.advance(101);
    scene.market.refund(&mut scene.chain, scene.thief, U256::from(1)).unwrap();
    let collect = call("collect()", &[]);
    scene.chain.transact(scene.thief, receiver, U256::ZERO, &collect, &receiver_code).unwrap();
    let count =
        |chain: &mut Chain, name: &str| word(&chain.ask(receiver, &call(name, &[]), &receiver_code).unwrap(), 0);
    assert_eq!(count(&mut scene.chain, "attempts()").unwrap(), U256::from(2));
    assert_eq!(count(&mut scene.chain, "successes()").unwrap(), U256::ZERO);
    assert_eq!(scene.chain.balance(receiver), U256::from(FEE));
    assert_eq!(scene.held(), FEE, "the other request's fee is still there");
}

#[test]
fn points_that_do_not_sum_up_and_verifiers_without_code_are_refused() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let (alice, thief) = (scene.contributors[0].0, scene.thief);
    for (owner, got) in [(3_998, "9999"), (4_000, "10001")] {
        let outcome = scene.try_register(verifier, 6_000, owner, &[(alice, 1)]);
        assert_eq!(reason(outcome), format!("WrongPoints(expected: 10000, got: {got})"));
    }
    let outcome = scene.try_register(thief, 6_000, 4_000, &[]);
    assert!(reason(outcome).starts_with("VerifierHasNoCode"));
    assert!(reason(scene.try_register(verifier, 6_000, 4_000, &[(alice, 0)])).starts_with("ZeroPoints"));
    assert!(reason(scene.try_register(verifier, 6_000, 3_999, &[(Address::ZERO, 1)])).starts_with("ZeroAddress"));
    let crowd = vec![(alice, 1); 33];
    let outcome = scene.try_register(verifier, 6_000, 3_967, &crowd);
    assert_eq!(reason(outcome), "TooManyContributors(most: 32, got: 33)");
    scene.try_register(verifier, 6_000, 4_000, &[]).unwrap();
    assert!(reason(scene.try_register(verifier, 6_000, 4_000, &[])).starts_with("ModelExists"));
}

#[test]
fn requests_without_fee_model_or_sensible_deadline_are_refused() {
    let mut scene = Scene::new();
    let verifier = scene.verifier("AcceptAll", &[]);
    let model = scene.register(verifier);
    let now = scene.chain.time();
    let (fee, input) = (U256::from(FEE), words(3));
    let cases = [
        (B256::ZERO, &input[..], fee, now + 10, "UnknownModel"),
        (model, &input[..], U256::ZERO, now + 10, "WrongFee"),
        (model, &input[..], fee, now, "WrongDeadline"),
        (model, &input[..], fee, now + 31 * 86_400, "WrongDeadline"),
        (model, &input[..2], fee, now + 10, "WrongWordCount(expected: 3, got: 2)"),
    ];
    for (model, input, fee, deadline, expected) in cases {
        let outcome = scene.market.request(&mut scene.chain, scene.requester, model, input, fee, deadline);
        assert!(reason(outcome).starts_with(expected), "{expected}");
    }
    let poor = scene.chain.account("poor", U256::from(1));
    let outcome = scene.market.request(&mut scene.chain, poor, model, &input, fee, now + 10);
    assert!(matches!(outcome, Err(ContractsError::Funds { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_wei_is_escrow_or_credit(
        fee in 1u64..1_000_000,
        prover_points in 0u16..5_000,
        shares in prop::collection::vec(1u16..500, 0..8),
        fulfilled in any::<bool>(),
    ) {
        let mut scene = Scene::new();
        let verifier = scene.verifier("AcceptAll", &[]);
        let contributors: Vec<_> = shares
            .iter()
            .enumerate()
            .map(|(i, points)| (scene.chain.account(&format!("contributor {i}"), U256::ZERO), *points))
            .collect();
        let owner_points = 10_000 - prover_points - shares.iter().sum::<u16>();
        let model = scene.try_register(verifier, prover_points, owner_points, &contributors).unwrap();
        let deadline = scene.chain.time() + 100;
        let asked = scene.market.request(
            &mut scene.chain, scene.requester, model, &words(3), U256::from(fee), deadline,
        );
        let request = asked.unwrap().0;
        prop_assert_eq!(scene.held(), fee);
        let (prover, requester, owner) = (scene.prover, scene.requester, scene.owner);
        if fulfilled {
            scene.fulfil(request, prover).unwrap();
        } else {
            scene.chain.advance(101);
            scene.market.refund(&mut scene.chain, prover, request).unwrap();
        }
        let accounts = contributors.iter().map(|(account, _)| *account).chain([prover, requester, owner]);
        let credits: u64 = accounts.map(|account| scene.credit(account)).sum();
        prop_assert_eq!((credits, scene.held()), (fee, fee));
    }
}
