//! The zoo's models through the whole market: proved, checked natively and in an EVM with mainnet's limits, paid for, and
//! not paid for when anything is changed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::sync::{Arc, LazyLock};

use assay_circuits::Layout;
use assay_contracts::interface::{ModelRegistry, VerifierRouter};
use assay_contracts::market::{U96, digest, words};
use assay_contracts::{
    Address, Artifact, Chain, ContractsError, Fulfilment, Market, Network as _, Registration, Request, U256,
};
use assay_halo2::convert::values;
use assay_models::{QuantizedGraph, Trace, import, interpret, packing};
use assay_prover::{PUBLISHED_SEED, ProvingKey, Srs, keygen, prove};
use assay_verifier::{Instances, Proof, Verifier};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const FEE: u64 = 1_000_000;

struct Model {
    graph: QuantizedGraph,
    srs: Srs,
    key: ProvingKey,
    /// The shape's verifier, the key.
    artifacts: [Artifact; 2],
}

impl Model {
    fn load(name: &str, onnx: &[u8]) -> Self {
        let graph = import(onnx, name).unwrap();
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        let digest = key.verifying_key().digest();
        let artifacts = [Artifact::verifier(name).unwrap(), Artifact::key(name, &digest).unwrap()];
        Self { graph, srs, key, artifacts }
    }

    /// The inference of the zoo's `index`-th held-out digit.
    fn digit(&self, index: usize) -> Trace {
        let digits = include_bytes!("../../../models/zoo/digits.u8");
        let pixels: Vec<i64> = digits[784 * index..784 * (index + 1)].iter().map(|pixel| i64::from(*pixel)).collect();
        interpret(&self.graph, &pixels).unwrap()
    }

    fn words(&self, trace: &Trace) -> (Vec<[u8; 32]>, Vec<[u8; 32]>) {
        let pack = |id: assay_models::TensorId| {
            packing::pack(&trace.values[id.0], self.graph.tensor(id).unwrap().dtype).unwrap()
        };
        (pack(self.graph.input), pack(self.graph.output))
    }
}

static MLP: LazyLock<Model> =
    LazyLock::new(|| Model::load("mnist-mlp", include_bytes!("../../../models/zoo/mnist-mlp/mnist-mlp.onnx")));
static LENET: LazyLock<Model> =
    LazyLock::new(|| Model::load("lenet", include_bytes!("../../../models/zoo/lenet/lenet.onnx")));

struct Scene {
    chain: Chain,
    market: Market,
    request: Request,
    prover: Address,
    thief: Address,
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
        let [verifier, key] =
            [0, 1].map(|contract: usize| chain.deploy(owner, &model.artifacts[contract].bytecode()).unwrap().0);
        chain.transact(owner, market.router, U256::ZERO, &VerifierRouter::proposeCall { verifier }).unwrap();
        chain.advance(7 * 86_400);
        let admit = VerifierRouter::admitCall { verifier };
        let (class, _) = chain.transact(owner, market.router, U256::ZERO, &admit).unwrap();
        let trace = model.digit(0);
        let (input, output) = model.words(&trace);
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
        let (id, _) = chain.transact(owner, market.registry, U256::ZERO, &register).unwrap();
        let now = chain.time().unwrap();
        let terms = (requester, U256::ZERO, id, digest(&input));
        let request = Request::proved(terms, U96::from(FEE), now, now + 3 * 3_600);
        market.open(&mut chain, &request).unwrap();
        let context = market.context(market.id(&request), prover);
        let context = values(&Instances::from_words(&[context]).unwrap())[0];
        let rng = ChaCha20Rng::seed_from_u64(1);
        let (instances, proof) = prove(&model.key, &model.srs, &trace, context, rng, &mut |_| ()).unwrap();
        Self { chain, market, request, prover, thief, input, output, instances, proof }
    }

    fn fulfil(&mut self, payee: Address, output: &[[u8; 32]], proof: &[u8]) -> Result<u64, ContractsError> {
        let (request, proof) = (self.request.clone(), proof.to_vec().into());
        let fulfilment = Fulfilment { request, payee, input: words(&self.input), output: words(output), proof };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    fn credit(&mut self, account: Address) -> U256 {
        self.market.credit(&mut self.chain, account).unwrap()
    }
}

/// Gas of a fulfilment.
fn is_paid_for_once_and_to_its_maker(model: &Model) -> u64 {
    let mut scene = Scene::new(model);
    let (output, proof, thief, prover) = (scene.output.clone(), scene.proof.bytes.clone(), scene.thief, scene.prover);
    let native = Verifier::new(model.key.verifying_key()).unwrap();
    native.verify(&scene.instances, &scene.proof).unwrap();

    let rejected = |outcome: Result<u64, ContractsError>| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("InvalidProof()"), "{error}");
    };
    rejected(scene.fulfil(thief, &output, &proof));
    let mut other = output.clone();
    other[0][31] ^= 1;
    rejected(scene.fulfil(prover, &other, &proof));
    assert_eq!(scene.credit(prover), U256::ZERO);

    let gas_fulfil = scene.fulfil(prover, &output, &proof).unwrap();
    assert_eq!(scene.credit(prover), U256::from(FEE * 7 / 10));
    assert!(scene.fulfil(prover, &output, &proof).unwrap_err().to_string().contains("NotLive"));
    assert_eq!((scene.credit(prover), scene.credit(thief)), (U256::from(FEE * 7 / 10), U256::ZERO));
    gas_fulfil
}

#[test]
fn an_mlp_inference_is_paid_for_once_and_to_its_maker() {
    println!("gas_fulfil {}", is_paid_for_once_and_to_its_maker(&MLP));
}

#[test]
fn a_lenet_inference_is_paid_for_once_and_to_its_maker() {
    println!("gas_fulfil {}", is_paid_for_once_and_to_its_maker(&LENET));
}
