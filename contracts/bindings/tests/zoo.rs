//! The zoo's models through the whole market: proved, checked natively and in an EVM with mainnet's limits, paid for, and
//! not paid for when anything is changed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod model;

use std::sync::LazyLock;

use assay_contracts::interface::{ModelRegistry, VerifierRouter};
use assay_contracts::market::{U96, digest, words};
use assay_contracts::network::creation_of_data;
use assay_contracts::{
    Address, B256, Chain, ContractsError, Fulfilment, Market, Network as _, Registration, Request, U256,
};
use assay_halo2::convert::values;
use assay_models::{End, Trace};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::prove;
use assay_solidity::{Shape, key_code};
use assay_verifier::{Instances, Proof, Verifier};
use model::{LENET, LENET_EVM, MLP, MLP_EVM, Model, is_committed};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const FEE: u64 = 1_000_000;

fn words_of(model: &Model, trace: &Trace) -> (Vec<[u8; 32]>, Vec<[u8; 32]>) {
    let pack = |end| model.graph.pack(end, &trace.at(&model.graph, end).unwrap()).unwrap();
    (pack(End::Input), pack(End::Output))
}

/// Most gas of a fulfilment of LeNet's with a grouped proof, whose credits are no longer zero.
const LENET_LIMIT: u64 = 440_000;

/// Trained from other initial weights: nothing of it is committed but the network.
static SECOND_MLP: LazyLock<Model> = LazyLock::new(|| {
    let onnx = include_bytes!("../../../models/zoo/mnist-mlp/mnist-mlp-seed-2.onnx");
    Model::load("mnist-mlp-seed-2-evm", onnx, OPENING_FOR_CHAIN)
});

/// A market with a registered model, and an open request with its proof.
struct Scene {
    chain: Chain,
    market: Market,
    model: B256,
    owner: Address,
    class: B256,
    requester: Address,
    prover: Address,
    thief: Address,
    asked: Asked,
}

#[derive(Clone)]
struct Asked {
    request: Request,
    input: Vec<[u8; 32]>,
    output: Vec<[u8; 32]>,
    instances: Instances,
    proof: Proof,
}

impl Scene {
    fn new(model: &Model) -> Self {
        let mut chain = Chain::new();
        let [owner, requester, prover, thief] =
            ["owner", "requester", "prover", "thief"].map(|name| chain.account(name, U256::from(10 * FEE)));
        let market = Market::deploy(&mut chain, owner).unwrap();
        let [verifier, key] = model.artifacts().map(|artifact| artifact.bytecode());
        let (verifier, _) = chain.deploy(owner, &verifier).unwrap();
        chain.transact(owner, market.router, U256::ZERO, &VerifierRouter::proposeCall { verifier }).unwrap();
        chain.advance(7 * 86_400);
        let admit = VerifierRouter::admitCall { verifier };
        let (class, _) = chain.transact(owner, market.router, U256::ZERO, &admit).unwrap();
        let id = register(&mut chain, &market, owner, class, model, &key);
        let asked = Asked::new(&mut chain, &market, id, requester, prover, model, 0);
        Self { chain, market, model: id, owner, class, requester, prover, thief, asked }
    }

    /// The next request, for another digit.
    fn ask(&mut self, model: &Model, digit: usize) {
        let Self { chain, market, .. } = self;
        self.asked = Asked::new(chain, market, self.model, self.requester, self.prover, model, digit);
    }

    fn fulfil(&mut self, payee: Address, output: &[[u8; 32]], proof: &[u8]) -> Result<u64, ContractsError> {
        let Asked { request, input, .. } = self.asked.clone();
        let proof = proof.to_vec().into();
        let fulfilment = Fulfilment { request, payee, input: words(&input), output: words(output), proof };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    fn credit(&mut self, account: Address) -> U256 {
        self.market.credit(&mut self.chain, account).unwrap()
    }
}

/// Deploys a model's key, and registers it for a class that exists.
fn register(chain: &mut Chain, market: &Market, owner: Address, class: B256, model: &Model, key: &[u8]) -> B256 {
    let (key, _) = chain.deploy(owner, key).unwrap();
    let (input, output) = words_of(model, &model.digit(0));
    let registration = Registration {
        graphDigest: model.graph.digest().into(),
        keyDigest: model.key.verifying_key().digest().into(),
        class,
        key,
        inputWords: input.len() as u16,
        outputWords: output.len() as u16,
        proverPoints: 7_000,
        ownerPoints: 3_000,
        contributors: vec![],
        points: vec![],
    };
    let register = ModelRegistry::registerCall { r: registration, uri: String::new() };
    chain.transact(owner, market.registry, U256::ZERO, &register).unwrap().0
}

impl Asked {
    fn new(
        chain: &mut Chain,
        market: &Market,
        id: B256,
        requester: Address,
        prover: Address,
        model: &Model,
        digit: usize,
    ) -> Self {
        let trace = model.digit(digit);
        let (input, output) = words_of(model, &trace);
        let now = chain.time().unwrap();
        let terms = (requester, U256::from(digit), id, digest(&input));
        let request = Request::proved(terms, U96::from(FEE), now, now + 3 * 3_600);
        market.open(chain, &request).unwrap();
        let context = market.context(market.id(&request), prover);
        let context = values(&Instances::from_words(&[context]).unwrap())[0];
        let rng = ChaCha20Rng::seed_from_u64(1);
        let (instances, proof) = prove(&model.key, &model.srs, &trace, context, rng, &mut |_| ()).unwrap();
        Self { request, input, output, instances, proof }
    }
}

/// Returns the gas of the second fulfilment.
fn is_paid_for_once_and_to_its_maker(name: &str, model: &Model) -> u64 {
    let mut scene = Scene::new(model);
    let (Asked { output, instances, proof, .. }, thief, prover) = (scene.asked.clone(), scene.thief, scene.prover);
    let native = Verifier::new(model.key.verifying_key()).unwrap();
    native.verify(&instances, &proof).unwrap();
    let proof = proof.bytes;

    let rejected = |outcome: Result<u64, ContractsError>| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("InvalidProof()"), "{error}");
    };
    rejected(scene.fulfil(thief, &output, &proof));
    let mut other = output.clone();
    other[0][31] ^= 1;
    rejected(scene.fulfil(prover, &other, &proof));
    assert_eq!(scene.credit(prover), U256::ZERO);

    let first = scene.fulfil(prover, &output, &proof).unwrap();
    assert_eq!(scene.credit(prover), U256::from(FEE * 7 / 10));
    assert!(scene.fulfil(prover, &output, &proof).unwrap_err().to_string().contains("NotLive"));
    assert_eq!((scene.credit(prover), scene.credit(thief)), (U256::from(FEE * 7 / 10), U256::ZERO));

    // The next one finds credits and pool that are no longer zero.
    scene.ask(model, 1);
    let Asked { output, proof, .. } = scene.asked.clone();
    let next = scene.fulfil(prover, &output, &proof.bytes).unwrap();
    assert_eq!(scene.credit(prover), U256::from(2 * (FEE * 7 / 10)));
    is_committed(&format!("gas/{name}-fulfil.json"), &serde_json::json!({ "first": first, "next": next }));
    next
}

#[test]
fn an_mlp_inference_is_paid_for_once_and_to_its_maker() {
    is_paid_for_once_and_to_its_maker("mnist-mlp", &MLP);
}

#[test]
fn a_lenet_inference_is_paid_for_once_and_to_its_maker() {
    is_paid_for_once_and_to_its_maker("lenet", &LENET);
}

#[test]
fn an_mlp_inference_with_a_grouped_proof_is_paid_for_once_and_to_its_maker() {
    is_paid_for_once_and_to_its_maker("mnist-mlp-evm", &MLP_EVM);
}

#[test]
fn a_lenet_inference_with_a_grouped_proof_is_paid_for_once_and_to_its_maker() {
    assert!(is_paid_for_once_and_to_its_maker("lenet-evm", &LENET_EVM) <= LENET_LIMIT);
}

/// Other digits, other weights, scales and zero points: the shape's verifier judges it by its key, the only code that it brings.
#[test]
fn a_separately_trained_model_of_the_shape_brings_its_key_only() {
    let mut scene = Scene::new(&MLP_EVM);
    let (mine, theirs) = (SECOND_MLP.key.verifying_key(), MLP_EVM.key.verifying_key());
    assert_ne!(mine.digest(), theirs.digest());
    assert_eq!(Shape::of(mine).unwrap().digest(), Shape::of(theirs).unwrap().digest());
    let contracts = scene.chain.contracts();
    let key = creation_of_data(&key_code(mine).unwrap());
    scene.model = register(&mut scene.chain, &scene.market, scene.owner, scene.class, &SECOND_MLP, &key);
    assert_eq!(scene.chain.contracts(), contracts + 1);
    scene.ask(&SECOND_MLP, 3);
    let Asked { output, proof, .. } = scene.asked.clone();
    scene.fulfil(scene.prover, &output, &proof.bytes).unwrap();
    assert_eq!(scene.credit(scene.prover), U256::from(FEE * 7 / 10));
}
