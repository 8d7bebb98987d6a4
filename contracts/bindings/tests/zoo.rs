//! The zoo's models through the whole market: proved, checked natively and in an EVM with mainnet's limits, paid for, and
//! not paid for when anything is changed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod verdicts;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use assay_circuits::Layout;
use assay_contracts::interface::{ModelRegistry, VerifierRouter};
use assay_contracts::market::{U96, digest, words};
use assay_contracts::network::creation_of_data;
use assay_contracts::{
    Address, Artifact, Chain, ContractsError, Fulfilment, Market, Network as _, Registration, Request, U256,
};
use assay_halo2::convert::values;
use assay_models::{Op, QuantizedGraph, Trace, import, interpret, packing};
use assay_prover::{PUBLISHED_SEED, ProvingKey, Srs, keygen, prove};
use assay_solidity::Shape;
use assay_verifier::{Instances, Proof, Verifier};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use verdicts::{Claim, Contracts, mutant};

const FEE: u64 = 1_000_000;
/// Limit of a public chain on a contract's code, in bytes (EIP-170).
const CODE_LIMIT: usize = 24_576;

struct Model {
    graph: QuantizedGraph,
    srs: Srs,
    key: ProvingKey,
    /// The shape's verifier, the key, the fused verifier.
    artifacts: [Artifact; 3],
}

impl Model {
    fn load(name: &str, onnx: &[u8]) -> Self {
        let graph = import(onnx, name).unwrap();
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        let digest = key.verifying_key().digest();
        let artifacts = [
            Artifact::verifier(name).unwrap(),
            Artifact::key(name, &digest).unwrap(),
            Artifact::fused_verifier(name, &digest).unwrap(),
        ];
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

/// The contracts, and one claim a seed.
fn proved(model: &Model, proofs: u64) -> (Contracts, Vec<Claim>) {
    let [verifier, key, fused] = &model.artifacts;
    let contracts = Contracts::deploy(model.key.verifying_key(), verifier, key, fused);
    let claim = |seed| {
        let trace = model.digit(seed as usize);
        let rng = ChaCha20Rng::seed_from_u64(seed);
        let context = values(&Instances::from_words(&[[7; 32]]).unwrap())[0];
        let (instances, proof) = prove(&model.key, &model.srs, &trace, context, rng, &mut |_| ()).unwrap();
        Claim::new(&instances, &proof)
    };
    (contracts, (0..proofs).map(claim).collect())
}

fn mutants_are_decided_alike(model: &Model) {
    let (mut contracts, claims) = proved(model, 1);
    let gas = contracts.verify(&claims[0]).unwrap();
    for seed in 0..350 {
        let (what, other) = mutant(&contracts, &claims[0], seed);
        contracts.agree(&format!("mutant {seed}, {what}"), &other, gas);
    }
}

/// Gas and sizes are what is committed, exactly: the proof's seed is fixed, and gas is no timing.
fn gas_is_as_committed_and_as_predicted(name: &str, model: &Model) {
    let (mut contracts, claims) = proved(model, 4);
    let gas = contracts.verify(&claims[0]).unwrap();
    let fused = contracts.verify_fused(&claims[0]).unwrap();
    let (accepted, batch) = contracts.batch(&claims).unwrap();
    assert_eq!(accepted, U256::from(0b1111));
    let sizes: Vec<usize> = model.artifacts.iter().map(Artifact::deployed_bytes).collect();
    let measured = serde_json::json!({
        "verify": gas,
        "verify_fused": fused,
        "verify_batch_of_4": batch,
        "verifier_bytes": sizes[0],
        "key_bytes": sizes[1],
        "fused_verifier_bytes": sizes[2],
    });
    assert!(sizes.iter().all(|size| *size <= CODE_LIMIT), "{sizes:?}");
    is_committed(&format!("gas/{name}.json"), &measured);
    // The market's own tests pay for this proof.
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let instances: Vec<String> = claims[0].instances.iter().map(|word| hex(word)).collect();
    let proof = serde_json::json!({ "instances": instances, "proof": hex(&claims[0].proof) });
    is_committed(&format!("generated/{name}-proof.json"), &proof);

    let predicted = assay_solidity::Gas::of(model.key.verifying_key()).unwrap();
    let calldata = predicted.transaction - 21_000;
    let of_batch = predicted.transaction + 3 * calldata + predicted.shared() + 4 * predicted.marginal();
    for (predicted_gas, measured_gas) in [(predicted.total(), gas), (of_batch, batch)] {
        let difference = predicted_gas.abs_diff(measured_gas);
        assert!(difference * 20 <= measured_gas, "{name}: {measured}; predicted {predicted_gas} of {predicted:?}");
    }
}

/// Compares with a file in `contracts/`.
fn is_committed(file: &str, value: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
    }
    let committed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(*value, committed, "if this is meant, run with UPDATE_GOLDENS=1 and commit contracts/{file}");
}

#[test]
fn an_mlp_inference_is_paid_for_once_and_to_its_maker() {
    println!("gas_fulfil {}", is_paid_for_once_and_to_its_maker(&MLP));
}

#[test]
fn a_lenet_inference_is_paid_for_once_and_to_its_maker() {
    println!("gas_fulfil {}", is_paid_for_once_and_to_its_maker(&LENET));
}

#[test]
fn mutants_of_an_mlp_proof_are_decided_alike() {
    mutants_are_decided_alike(&MLP);
}

#[test]
fn mutants_of_a_lenet_proof_are_decided_alike() {
    mutants_are_decided_alike(&LENET);
}

#[test]
fn gas_of_the_mlp_is_as_committed_and_as_predicted() {
    gas_is_as_committed_and_as_predicted("mnist-mlp", &MLP);
}

#[test]
fn gas_of_lenet_is_as_committed_and_as_predicted() {
    gas_is_as_committed_and_as_predicted("lenet", &LENET);
}

/// Weights, biases, scales and zero points are data: a network that differs in all of them uses the verifier of its shape.
#[test]
fn another_network_of_the_shape_brings_its_key_only() {
    let mut graph = MLP.graph.clone();
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
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, layout, graph.digest()).unwrap();
    let (mine, zoo) = (key.verifying_key(), MLP.key.verifying_key());
    assert_ne!(mine.digest(), zoo.digest());
    assert_eq!(Shape::of(mine).unwrap().digest(), Shape::of(zoo).unwrap().digest());
    let (mut contracts, claims) = proved(&MLP, 1);
    let code = assay_solidity::key_code(mine).unwrap();
    let (address, _) = contracts.chain.deploy(contracts.sender, &creation_of_data(&code)).unwrap();
    let input: Vec<i64> = (0..784).map(|pixel| pixel % 120).collect();
    let trace = interpret(&graph, &input).unwrap();
    let rng = ChaCha20Rng::seed_from_u64(3);
    let (instances, proof) = prove(&key, &srs, &trace, 5.into(), rng, &mut |_| ()).unwrap();
    let claim = Claim::new(&instances, &proof);
    contracts.send(contracts.verifier, &claim.call(address)).unwrap();
    for (claim, key) in [(&claims[0], address), (&claim, contracts.key)] {
        assert_eq!(contracts.send(contracts.verifier, &claim.call(key)).unwrap_err().0, "InvalidProof()");
    }
}
