//! The zoo's models with their keys and compiled contracts, for either opening.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use assay_circuits::Layout;
use assay_contracts::Artifact;
use assay_models::{QuantizedGraph, Trace, import, interpret};
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_prover::{PUBLISHED_SEED, ProvingKey, Srs, keygen};
use assay_verifier::Opening;

/// The zoo's held-out digits, 784 bytes each.
const DIGITS: &[u8] = include_bytes!("../../../../models/zoo/digits.u8");

pub(crate) struct Model {
    name: String,
    pub(crate) graph: QuantizedGraph,
    pub(crate) srs: Srs,
    pub(crate) key: ProvingKey,
}

impl Model {
    pub(crate) fn load(name: &str, onnx: &[u8], opening: Opening) -> Self {
        // A graph is named by its model, whatever the opening.
        let graph = import(onnx, name.trim_end_matches("-evm")).unwrap();
        let layout = Arc::new(Layout::plan(&graph).unwrap());
        let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED).unwrap();
        let key = keygen(&srs, layout, graph.digest()).unwrap();
        Self { name: name.to_owned(), graph, srs, key }
    }

    /// The shape's verifier and the key, of a model that has them committed.
    pub(crate) fn artifacts(&self) -> [Artifact; 2] {
        let digest = self.key.verifying_key().digest();
        [Artifact::verifier(&self.name).unwrap(), Artifact::key(&self.name, &digest).unwrap()]
    }

    /// The inference of the zoo's `index`-th held-out digit.
    pub(crate) fn digit(&self, index: usize) -> Trace {
        let pixels: Vec<i64> = DIGITS[784 * index..784 * (index + 1)].iter().map(|pixel| i64::from(*pixel)).collect();
        interpret(&self.graph, &[pixels]).unwrap()
    }
}

const MLP_ONNX: &[u8] = include_bytes!("../../../../models/zoo/mnist-mlp/mnist-mlp.onnx");
const LENET_ONNX: &[u8] = include_bytes!("../../../../models/zoo/lenet/lenet.onnx");

pub(crate) static MLP: LazyLock<Model> = LazyLock::new(|| Model::load("mnist-mlp", MLP_ONNX, Opening::Shplonk));
pub(crate) static LENET: LazyLock<Model> = LazyLock::new(|| Model::load("lenet", LENET_ONNX, Opening::Shplonk));
pub(crate) static MLP_EVM: LazyLock<Model> =
    LazyLock::new(|| Model::load("mnist-mlp-evm", MLP_ONNX, OPENING_FOR_CHAIN));
pub(crate) static LENET_EVM: LazyLock<Model> =
    LazyLock::new(|| Model::load("lenet-evm", LENET_ONNX, OPENING_FOR_CHAIN));

/// Compares with a file in `contracts/`, exactly: seeds and accounts are fixed, and gas is no timing.
pub(crate) fn is_committed(file: &str, value: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_slice(&committed).unwrap_or_default();
    assert_eq!(*value, committed, "if this is meant, run with UPDATE_GOLDENS=1 and commit contracts/{file}");
}
