//! `model.json`: what a program needs to ask a registered model in real numbers, and to read its answers. It is the owner's word: whoever uses it
//! compares chain, market, model id and key with the market's registry.

use std::path::PathBuf;

use assay_contracts::{Address, B256, Parties};
use assay_models::{DType, Port, QuantizedGraph, packing};
use assay_verifier::{Opening, VerifyingKey};
use serde::Serialize;

use super::records::{self, Record};
use crate::ceremony::SrsVerdict;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::labels;

const NAME: &str = "model.json";

/// What the file holds.
#[derive(Debug, Serialize)]
pub(super) struct ModelFile {
    format: &'static str,
    name: String,
    /// The chain's id.
    chain: u64,
    market: Address,
    /// Whom the market's router was made for: they make its address.
    router: Option<Parties>,
    model_id: B256,
    graph_digest: B256,
    key_digest: B256,
    /// Hash of the verifier's code.
    class: B256,
    srs_digest: B256,
    /// Whether the SRS's secret is published.
    insecure: bool,
    opening: &'static str,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    /// Names of the first output's values, in order: the owner's words, which no proof is about.
    labels: Option<Vec<String>>,
}

/// An input or an output: `real = scale * (integer - zero_point)`.
#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
    #[serde(rename = "type")]
    dtype: &'static str,
    scale: f64,
    zero_point: i32,
    /// Words of 31 bytes into which its integers are packed.
    words: usize,
}

/// Names of the first output's values, if the model's folder has them.
pub(super) fn labels(folder: &ModelFolder, graph: &QuantizedGraph) -> Outcome<Option<Vec<String>>> {
    match labels::kept(folder, graph)? {
        Some(Err(fault)) => refuse(format_args!("{fault}: correct the file or remove it")),
        Some(Ok(labels)) => Ok(Some(labels.names().to_vec())),
        None => Ok(None),
    }
}

/// Writes the file of a registered model into its folder.
pub(super) fn write(
    folder: &ModelFolder,
    record: &Record,
    graph: &QuantizedGraph,
    key: &VerifyingKey,
    class: B256,
    labels: Option<Vec<String>>,
) -> Outcome<PathBuf> {
    let srs = SrsVerdict::of(key.srs(), &[])?;
    let file = ModelFile {
        format: "assay-model-2",
        name: folder.model().file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        chain: record.chain,
        market: record.market,
        router: record.router,
        model_id: record.model_id,
        graph_digest: key.graph_digest().into(),
        key_digest: key.digest().into(),
        class,
        srs_digest: key.srs().digest().into(),
        insecure: srs.insecure(),
        opening: match key.opening() {
            Opening::Shplonk => "shplonk",
            Opening::Grouped { .. } => "evm",
        },
        inputs: described(graph, &graph.inputs)?,
        outputs: described(graph, &graph.outputs)?,
        labels,
    };
    records::write(folder.file(NAME), &file)
}

fn described(graph: &QuantizedGraph, ports: &[Port]) -> Outcome<Vec<Tensor>> {
    let of = |port: &Port| {
        let tensor = graph.tensor(port.tensor).request("cannot read the graph")?;
        Ok(Tensor {
            name: port.name.clone(),
            shape: tensor.shape.clone(),
            dtype: match tensor.dtype {
                DType::U8 => "u8",
                DType::I8 => "i8",
                DType::I16 => "i16",
                DType::I32 => "i32",
                DType::I64 => "i64",
            },
            scale: tensor.scale,
            zero_point: tensor.zero_point,
            words: tensor.len().div_ceil(packing::BYTES_PER_WORD),
        })
    };
    ports.iter().map(of).collect()
}
