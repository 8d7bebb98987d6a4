//! Money in the market, through the bindings: paid once, to whom the proof is bound, conserved to the last wei, or back after the
//! deadline. `contracts/test` has the contracts' own tests.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_contracts::interface::{InferenceMarket, ModelRegistry, Pot, VerifierRouter};
use assay_contracts::market::{
    ETHER, LOCK_MATURITY, MAX_CONTRIBUTORS, MAX_DURATION, MAX_OWNER_POINTS, MAX_WORDS, MIN_DURATION, U96, digest, hash,
    words,
};
use assay_contracts::{
    Address, Artifact, B256, Chain, ContractsError, Fulfilment, Market, Network as _, Registration, Request, Status,
    U256,
};
use proptest::prelude::*;

const FEE: u64 = 1_000_003;
const PROOF: &[u8] = b"a proof that fills a word wholly";
const HOUR: u64 = 3_600;

fn accept_all() -> Artifact {
    Artifact::from_json("AcceptAll", include_str!("../../artifacts/AcceptAll.json")).unwrap()
}

fn tensor(count: u64) -> Vec<[u8; 32]> {
    (0..count).map(|i| U256::from(1000 + i).to_be_bytes()).collect()
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
        let market = Market::deploy(&mut chain, owner).unwrap();
        let (key, _) = chain.deploy(owner, &accept_all().bytecode()).unwrap();
        Self { chain, market, key, owner, requester, prover, thief, contributors }
    }

    /// The class of a verifier that accepts everything, once it is deployed, proposed and admitted.
    fn admitted(&mut self) -> B256 {
        let (verifier, _) = self.chain.deploy(self.owner, &accept_all().bytecode()).unwrap();
        let (owner, router) = (self.owner, self.market.router);
        self.chain.transact(owner, router, U256::ZERO, &VerifierRouter::proposeCall { verifier }).unwrap();
        self.chain.advance(7 * 24 * HOUR);
        self.chain.transact(owner, router, U256::ZERO, &VerifierRouter::admitCall { verifier }).unwrap().0
    }

    fn register(&mut self, class: B256) -> B256 {
        self.try_register(class, 7_000, 1_999, &self.contributors.clone()).unwrap()
    }

    fn try_register(
        &mut self,
        class: B256,
        prover: u16,
        owner: u16,
        contributors: &[(Address, u16)],
    ) -> Result<B256, ContractsError> {
        let r = Registration {
            graphDigest: B256::repeat_byte(8),
            keyDigest: B256::repeat_byte(9),
            class,
            key: self.key,
            inputWords: 3,
            outputWords: 1,
            proverPoints: prover,
            ownerPoints: owner,
            contributors: contributors.iter().map(|(account, _)| *account).collect(),
            points: contributors.iter().map(|(_, points)| *points).collect(),
        };
        let expected = r.id(self.owner, hash(&self.chain.code(self.key)?));
        let call = ModelRegistry::registerCall { r, uri: "ipfs://model".to_owned() };
        let (id, _) = self.chain.transact(self.owner, self.market.registry, U256::ZERO, &call)?;
        assert_eq!(id, expected);
        Ok(id)
    }

    fn terms(&mut self, model: B256, nonce: u64) -> Request {
        let now = self.chain.time().unwrap();
        let terms = (self.requester, U256::from(nonce), model, digest(&tensor(3)));
        Request::proved(terms, U96::from(FEE), now, now + 3 * HOUR)
    }

    fn request(&mut self, model: B256, nonce: u64) -> Request {
        let request = self.terms(model, nonce);
        self.market.open(&mut self.chain, &request).unwrap();
        request
    }

    fn fulfil(&mut self, request: &Request, payee: Address) -> Result<u64, ContractsError> {
        self.fulfil_with(request, payee, &tensor(3), &tensor(1))
    }

    fn fulfil_with(
        &mut self,
        request: &Request,
        payee: Address,
        input: &[[u8; 32]],
        output: &[[u8; 32]],
    ) -> Result<u64, ContractsError> {
        let (request, proof) = (request.clone(), PROOF.into());
        let fulfilment = Fulfilment { request, payee, input: words(input), output: words(output), proof };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    fn credit(&mut self, account: Address) -> u64 {
        self.market.credit(&mut self.chain, account).unwrap().to()
    }

    fn held(&self) -> u64 {
        self.chain.balance_of(self.market.address).to()
    }
}

fn reason(outcome: Result<impl Sized, ContractsError>) -> String {
    match outcome {
        Err(ContractsError::Reverted { error, .. }) => error.name(),
        Err(other) => other.to_string(),
        Ok(_) => "accepted".to_owned(),
    }
}

#[test]
fn an_accepted_proof_pays_everyone_by_points_and_the_prover_what_rounding_leaves() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let request = scene.request(model, 0);
    let (market, prover, owner) = (scene.market, scene.prover, scene.owner);
    scene.fulfil(&request, prover).unwrap();
    let [alice, bob] = [scene.contributors[0].0, scene.contributors[1].0];
    for account in [alice, bob, owner] {
        market.claim(&mut scene.chain, account, model, account).unwrap();
        assert_eq!(market.claimable(&mut scene.chain, model, account).unwrap(), U256::ZERO);
    }
    let shared = FEE * 3_000 / 10_000;
    let credits = [prover, alice, bob, owner].map(|account| scene.credit(account));
    assert_eq!(credits, [FEE - shared, shared * 700 / 3_000, shared * 301 / 3_000, shared * 1_999 / 3_000]);
    assert_eq!(scene.held(), FEE);
    for (account, credit) in [prover, alice, bob, owner].into_iter().zip(credits) {
        let before = scene.chain.balance_of(account);
        assert_eq!(market.withdraw(&mut scene.chain, account).unwrap(), U256::from(credit));
        assert_eq!(scene.chain.balance_of(account) - before, U256::from(credit));
        assert_eq!(
            reason(market.withdraw(&mut scene.chain, account)),
            format!("NothingToWithdraw(account: {account:?}, token: {ETHER:?})")
        );
    }
    assert!(scene.held() <= 2, "what rounding leaves of the pool");
}

#[test]
fn ids_contexts_prices_and_bonds_are_the_contracts() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let (market, prover) = (scene.market, scene.prover);
    let mut request = scene.terms(model, 77);
    request.feeFloor = U96::from(FEE / 3);
    request.rampEnd = request.deadline;
    request.loss = U96::from(FEE);
    let id = scene.chain.ask(market.address, &InferenceMarket::idOfCall { r: request.clone() }).unwrap();
    assert_eq!(market.id(&request), id);
    let context = scene.chain.ask(market.address, &InferenceMarket::contextOfCall { id, payee: prover }).unwrap();
    assert_eq!(market.context(id, prover), context.to_be_bytes::<32>());
    assert_eq!(market.context(id, prover)[0], 0, "31 bytes, below the field's modulus");
    assert_eq!(Market::at(&mut scene.chain, market.address).unwrap(), market);

    market.open(&mut scene.chain, &request).unwrap();
    scene.chain.advance(2_000);
    let bond = request.lock_bond();
    let fund = |amount| InferenceMarket::fundCall { pot: Pot::Bond, token: ETHER, amount, permit: vec![].into() };
    let short = bond - U256::ONE;
    scene.chain.transact(prover, market.address, short, &fund(short.to())).unwrap();
    let refused = market.lock(&mut scene.chain, prover, &request, digest(&tensor(1)));
    assert_eq!(
        reason(refused),
        format!("TooLittle(pot: Bond, owner: {prover:?}, token: {ETHER:?}, needed: {bond}, got: {short})")
    );
    scene.chain.transact(prover, market.address, U256::ONE, &fund(U96::from(1))).unwrap();
    market.lock(&mut scene.chain, prover, &request, digest(&tensor(1))).unwrap();
    let job = market.job(&mut scene.chain, id).unwrap();
    let now = scene.chain.time().unwrap();
    assert_eq!((job.status, job.prover, U256::from(job.bond)), (Status::Locked, prover, bond));
    assert_eq!(job.price, request.price_at(now));
    assert!(request.feeFloor < job.price && job.price < request.feeCeiling);
    assert_eq!([0, u64::MAX].map(|time| request.price_at(time)), [request.feeFloor, request.feeCeiling]);
    let other = scene.fulfil_with(&request, prover, &tensor(3), &[[1; 32]]);
    assert!(reason(other).ends_with("reason: WrongOutput)"));
}

#[test]
fn a_replay_pays_nothing() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let (first, _second) = (scene.request(model, 0), scene.request(model, 1));
    let (market, prover) = (scene.market, scene.prover);
    scene.fulfil(&first, prover).unwrap();
    let credit = scene.credit(prover);
    let id = market.id(&first);
    assert_eq!(reason(scene.fulfil(&first, prover)), format!("Refused(requestId: {id}, reason: NotLive)"));
    assert_eq!(scene.credit(prover), credit);
    scene.chain.advance(4 * HOUR);
    let refund = market.refund(&mut scene.chain, prover, &first);
    assert_eq!(reason(refund), format!("WrongStatus(requestId: {id}, status: Settled)"));
    let again = market.open(&mut scene.chain, &first);
    assert_eq!(reason(again), format!("WrongStatus(requestId: {id}, status: Settled)"));
}

#[test]
fn other_input_or_output_of_another_shape_is_refused() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let request = scene.request(model, 0);
    let payee = scene.prover;
    let large = vec![(U256::from(1) << 248_usize).to_be_bytes()];
    let mut changed = tensor(3);
    changed[1][31] ^= 1;
    let cases = [
        (changed, tensor(1), "WrongInput"),
        (tensor(2), tensor(1), "WrongInput"),
        (tensor(3), tensor(2), "WrongWords"),
        (tensor(3), large, "WrongWords"),
    ];
    for (input, output, expected) in cases {
        let outcome = reason(scene.fulfil_with(&request, payee, &input, &output));
        assert!(outcome.ends_with(&format!("reason: {expected})")), "{outcome}, {expected}");
    }
}

#[test]
fn a_refund_comes_after_the_deadline_once_and_to_the_requester() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let (request, timely) = (scene.request(model, 0), scene.request(model, 1));
    let (market, requester, thief, prover) = (scene.market, scene.requester, scene.thief, scene.prover);
    scene.chain.advance(3 * HOUR);
    let early = market.refund(&mut scene.chain, requester, &request);
    assert!(reason(early).starts_with("TooEarly"), "at the deadline the request can still be fulfilled");
    scene.fulfil(&timely, prover).unwrap();
    scene.chain.advance(1);
    assert!(reason(scene.fulfil(&request, thief)).ends_with("reason: TooLate)"));
    market.refund(&mut scene.chain, thief, &request).unwrap();
    assert_eq!((scene.credit(requester), scene.credit(thief)), (FEE, 0));
    let again = market.refund(&mut scene.chain, requester, &request);
    assert!(reason(again).ends_with("status: Refunded)"));
    assert_eq!(market.withdraw(&mut scene.chain, requester).unwrap(), U256::from(FEE));
}

#[test]
fn what_a_registration_gets_wrong_is_named() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let alice = scene.contributors[0].0;
    for (owner, got) in [(2_998, "9999"), (3_000, "10001")] {
        let outcome = scene.try_register(class, 7_000, owner, &[(alice, 1)]);
        assert_eq!(reason(outcome), format!("WrongPoints(expected: 10000, got: {got})"));
    }
    let outcome = scene.try_register(B256::repeat_byte(1), 7_000, 3_000, &[]).unwrap_err().to_string();
    assert!(outcome.contains("UnknownClass") && outcome.contains("the router has not admitted"), "{outcome}");
    assert!(reason(scene.try_register(class, 7_000, 3_000, &[(alice, 0)])).starts_with("ZeroPoints"));
    assert!(reason(scene.try_register(class, 7_000, 2_999, &[(Address::ZERO, 1)])).starts_with("ZeroContributor"));
    assert!(reason(scene.try_register(class, 6_999, 3_001, &[])).starts_with("TooManyOwnerPoints"));
    scene.try_register(class, 7_000, 3_000, &[]).unwrap();
    assert!(reason(scene.try_register(class, 7_000, 3_000, &[])).starts_with("ModelExists"));
}

#[test]
fn what_a_request_gets_wrong_is_named() {
    let mut scene = Scene::new();
    let class = scene.admitted();
    let model = scene.register(class);
    let good = scene.terms(model, 0);
    let change = |how: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        how(&mut request);
        request
    };
    let cases = [
        (change(&|r| r.modelId = B256::ZERO), "UnknownModel"),
        (change(&|r| (r.feeFloor, r.feeCeiling) = (U96::ZERO, U96::ZERO)), "WrongTerms(term: Fee)"),
        (change(&|r| r.feeFloor = r.feeCeiling + U96::from(1)), "WrongTerms(term: Fee)"),
        (change(&|r| r.deadline = r.rampEnd), "WrongDeadline"),
    ];
    for (request, expected) in cases {
        let outcome = reason(scene.market.open(&mut scene.chain, &request));
        assert!(outcome.starts_with(expected), "{outcome}, {expected}");
    }
    let poor = scene.chain.account("poor", U256::from(1));
    let outcome = scene.market.open(&mut scene.chain, &change(&|r| r.client = poor));
    assert!(matches!(outcome, Err(ContractsError::Funds { .. })));
    let nobody = scene.thief;
    assert!(matches!(Market::at(&mut scene.chain, nobody), Err(ContractsError::NoContract { .. })));
    let router = scene.market.router;
    assert!(Market::at(&mut scene.chain, router).is_err(), "a contract, and no market");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_wei_is_escrow_or_owed(
        fee in 1u64..1_000_000,
        owner_points in 0u16..3_000,
        shares in prop::collection::vec(1u16..500, 0..8),
        fulfilled in any::<bool>(),
    ) {
        let mut scene = Scene::new();
        let class = scene.admitted();
        let contributors: Vec<_> = shares
            .iter()
            .enumerate()
            .map(|(i, points)| (scene.chain.account(&format!("contributor {i}"), U256::ZERO), *points))
            .collect();
        let prover_points = 10_000 - owner_points - shares.iter().sum::<u16>();
        let model = scene.try_register(class, prover_points, owner_points, &contributors).unwrap();
        let mut request = scene.terms(model, 5);
        (request.feeFloor, request.feeCeiling) = (U96::from(fee), U96::from(fee));
        scene.market.open(&mut scene.chain, &request).unwrap();
        prop_assert_eq!(scene.held(), fee);
        let (market, prover, requester, owner) = (scene.market, scene.prover, scene.requester, scene.owner);
        if fulfilled {
            scene.fulfil(&request, prover).unwrap();
        } else {
            scene.chain.advance(4 * HOUR);
            market.refund(&mut scene.chain, prover, &request).unwrap();
        }
        let sharers: Vec<_> = contributors.iter().map(|(account, _)| *account).chain([owner]).collect();
        for account in &sharers {
            market.claim(&mut scene.chain, *account, model, *account).unwrap();
        }
        let accounts = sharers.iter().copied().chain([prover, requester]);
        let credits: u64 = accounts.map(|account| scene.credit(account)).sum();
        prop_assert!(credits <= fee && fee - credits <= sharers.len() as u64, "{} of {}", credits, fee);
        prop_assert_eq!(scene.held(), fee);
    }
}

#[test]
fn the_bindings_know_the_contracts_limits() {
    let Scene { mut chain, market, .. } = Scene::new();
    let durations = (
        chain.ask(market.address, &InferenceMarket::MIN_DURATIONCall {}).unwrap(),
        chain.ask(market.address, &InferenceMarket::MAX_DURATIONCall {}).unwrap(),
    );
    assert_eq!(durations, (U256::from(MIN_DURATION), U256::from(MAX_DURATION)));
    let maturity = chain.ask(market.address, &InferenceMarket::LOCK_MATURITYCall {}).unwrap();
    assert_eq!(maturity, U256::from(LOCK_MATURITY));
    let models = (
        chain.ask(market.registry, &ModelRegistry::MAX_OWNER_POINTSCall {}).unwrap(),
        chain.ask(market.registry, &ModelRegistry::MAX_CONTRIBUTORSCall {}).unwrap(),
        chain.ask(market.registry, &ModelRegistry::MAX_WORDSCall {}).unwrap(),
    );
    assert_eq!(models, (U256::from(MAX_OWNER_POINTS), U256::from(MAX_CONTRIBUTORS), U256::from(MAX_WORDS)));
}
