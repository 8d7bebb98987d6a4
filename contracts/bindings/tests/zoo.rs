//! The zoo's models through the whole market: proved, checked natively and in an EVM with mainnet's limits, paid for, and
//! not paid for when anything is changed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, LazyLock};

use assay_circuits::Layout;
use assay_contracts::{Address, Artifact, B256, Chain, ContractsError, Fulfilment, Market, Registration, U256};
use assay_halo2::convert::values;
use assay_models::{QuantizedGraph, Trace, import, interpret, packing};
use assay_prover::{PUBLISHED_SEED, ProvingKey, Srs, keygen, prove};
use assay_verifier::{Instances, Proof, Verifier};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

const FEE: u64 = 1_000_000;
/// Limit of a public chain on a contract's code, in bytes (EIP-170).
const CODE_LIMIT: usize = 24_576;

struct Model {
    graph: QuantizedGraph,
    srs: Srs,
    key: ProvingKey,
    artifact: Artifact,
}

impl Model {
    fn load(name: &str, onnx: &[u8]) -> Self {
        let graph = import(onnx, name).unwrap();
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        let artifact = Artifact::verifier(name, &key.verifying_key().digest()).unwrap();
        Self { graph, srs, key, artifact }
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

struct Scene<'a> {
    model: &'a Model,
    chain: Chain,
    market: Market,
    verifier: Address,
    request: U256,
    prover: Address,
    thief: Address,
    input: Vec<[u8; 32]>,
    output: Vec<[u8; 32]>,
    instances: Instances,
    proof: Proof,
}

impl<'a> Scene<'a> {
    fn new(model: &'a Model) -> Self {
        let mut chain = Chain::new();
        let [owner, requester, prover, thief] =
            ["owner", "requester", "prover", "thief"].map(|name| chain.account(name, U256::from(10 * FEE)));
        let (market, _) = Market::deploy(&mut chain, owner).unwrap();
        let verifier = chain.deploy(owner, &model.artifact, &[]).unwrap().contract.unwrap();
        let trace = model.digit(0);
        let (input, output) = model.words(&trace);
        let registration = Registration {
            verifier,
            key_digest: model.key.verifying_key().digest(),
            input_words: input.len() as u16,
            output_words: output.len() as u16,
            prover_points: 7_000,
            owner_points: 3_000,
            contributors: &[],
        };
        let (id, _): (B256, _) = market.register(&mut chain, owner, &registration).unwrap();
        let deadline = chain.time() + 3_600;
        let (request, _) = market.request(&mut chain, requester, id, &input, U256::from(FEE), deadline).unwrap();
        let context = market.context_of(&mut chain, request, prover).unwrap();
        let context = values(&Instances::from_words(&[context]).unwrap())[0];
        let rng = ChaCha20Rng::seed_from_u64(1);
        let (instances, proof) = prove(&model.key, &model.srs, &trace, context, rng, &mut |_| ()).unwrap();
        Self { model, chain, market, verifier, request, prover, thief, input, output, instances, proof }
    }

    fn fulfil(&mut self, payee: Address, output: &[[u8; 32]], proof: &[u8]) -> Result<u64, ContractsError> {
        let fulfilment = Fulfilment { request: self.request, payee, input: &self.input, output, proof };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    fn evm(&mut self, calldata: &[u8]) -> Result<u64, ContractsError> {
        let receipt = self.chain.transact(self.prover, self.verifier, U256::ZERO, calldata, &self.model.artifact);
        receipt.map(|receipt| receipt.gas)
    }

    fn credit(&mut self, account: Address) -> U256 {
        self.market.balance_of(&mut self.chain, account).unwrap()
    }
}

/// Gas of a verifying transaction and of a fulfilment.
fn is_paid_for_once_and_to_its_maker(model: &Model) -> (u64, u64) {
    let mut scene = Scene::new(model);
    let (output, proof, thief, prover) = (scene.output.clone(), scene.proof.bytes.clone(), scene.thief, scene.prover);
    assert!(model.artifact.deployed_bytes() <= CODE_LIMIT);
    let native = Verifier::new(model.key.verifying_key()).unwrap();
    native.verify(&scene.instances, &scene.proof).unwrap();
    let calldata = assay_solidity::calldata(&scene.instances, &scene.proof);
    let gas_verify = scene.evm(&calldata).unwrap();

    let rejected = |outcome: Result<u64, ContractsError>| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("ProofRejected(requestId: 1, reason: InvalidProof)"), "{error}");
    };
    rejected(scene.fulfil(thief, &output, &proof));
    let mut other = output.clone();
    other[0][31] ^= 1;
    rejected(scene.fulfil(prover, &other, &proof));
    assert_eq!(scene.credit(prover), U256::ZERO);

    let gas_fulfil = scene.fulfil(prover, &output, &proof).unwrap();
    assert_eq!(scene.credit(prover), U256::from(FEE * 7 / 10));
    assert!(scene.fulfil(prover, &output, &proof).unwrap_err().to_string().contains("NotOpen"));
    assert_eq!((scene.credit(prover), scene.credit(thief)), (U256::from(FEE * 7 / 10), U256::ZERO));
    (gas_verify, gas_fulfil)
}

fn changed_bytes_are_rejected_by_both(model: &Model) {
    let mut scene = Scene::new(model);
    let native = Verifier::new(model.key.verifying_key()).unwrap();
    let calldata = assay_solidity::calldata(&scene.instances, &scene.proof);
    let instances = 32 * scene.instances.values().len();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for round in 0..400 {
        let at = if round % 2 == 0 { rng.gen_range(0..instances) } else { rng.gen_range(instances..calldata.len()) };
        let mut changed = calldata.clone();
        changed[at] ^= rng.gen_range(1..=255u8);
        let (words, proof) = changed.split_at(instances);
        let proof = Proof { bytes: proof.to_vec(), ..scene.proof.clone() };
        let words = Instances::from_words(words.as_chunks::<32>().0);
        let verdict = words.and_then(|words| native.verify(&words, &proof));
        assert!(verdict.unwrap_err().rejects_proof(), "native, byte {at}");
        let error = scene.evm(&changed).unwrap_err();
        assert!(matches!(error, ContractsError::Reverted { .. }), "byte {at}: {error}");
    }
}

#[test]
fn an_mlp_inference_is_paid_for_once_and_to_its_maker() {
    let (gas_verify, gas_fulfil) = is_paid_for_once_and_to_its_maker(&MLP);
    println!("gas_verify {gas_verify}, gas_fulfil {gas_fulfil}, {} bytes of code", MLP.artifact.deployed_bytes());
}

#[test]
fn a_lenet_inference_is_paid_for_once_and_to_its_maker() {
    let (gas_verify, gas_fulfil) = is_paid_for_once_and_to_its_maker(&LENET);
    println!("gas_verify {gas_verify}, gas_fulfil {gas_fulfil}, {} bytes of code", LENET.artifact.deployed_bytes());
}

#[test]
fn changed_bytes_of_an_mlp_proof_are_rejected_by_both_verifiers() {
    changed_bytes_are_rejected_by_both(&MLP);
}

#[test]
fn changed_bytes_of_a_lenet_proof_are_rejected_by_both_verifiers() {
    changed_bytes_are_rejected_by_both(&LENET);
}
