//! `model.json`: what a program needs to ask a registered model in real numbers, and to read its answers. It is the owner's word: whoever uses it
//! compares chain, market, model id and key with the market's registry.

use std::path::PathBuf;

use assay_contracts::{Address, B256, Parties};
use assay_models::{DType, QuantizedGraph, TensorId, TensorInfo, packing};
use assay_verifier::{Opening, VerifyingKey};
use serde::Serialize;

use super::records::{self, Record};
use crate::ceremony::SrsVerdict;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};

const NAME: &str = "model.json";
const LABELS: &str = "labels.txt";

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
    input: Tensor,
    output: Tensor,
    /// Names of the output's values, in order: the owner's words, which no proof is about.
    labels: Option<Vec<String>>,
}

/// A tensor: `real = scale * (integer - zero_point)`.
#[derive(Debug, Serialize)]
struct Tensor {
    shape: Vec<usize>,
    #[serde(rename = "type")]
    dtype: &'static str,
    scale: f64,
    zero_point: i32,
    /// Words of 31 bytes into which its integers are packed.
    words: usize,
}

/// Names of the output's values, if the model's folder has them.
pub(super) fn labels(folder: &ModelFolder, graph: &QuantizedGraph) -> Outcome<Option<Vec<String>>> {
    let path = folder.file(LABELS);
    if !path.exists() {
        return Ok(None);
    }
    let text = String::from_utf8(files::read(&path)?).request(format_args!("{} is not text", path.display()))?;
    let labels: Vec<String> = text.lines().map(str::to_owned).collect();
    let expected = tensor(graph, graph.output)?.len();
    if labels.len() != expected {
        return refuse(format_args!(
            "{} has {} labels, one a line; the model has {expected} outputs: correct the file or remove it",
            path.display(),
            labels.len()
        ));
    }
    Ok(Some(labels))
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
        format: "assay-model-1",
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
        input: described(tensor(graph, graph.input)?),
        output: described(tensor(graph, graph.output)?),
        labels,
    };
    records::write(folder.file(NAME), &file)
}

fn tensor(graph: &QuantizedGraph, id: TensorId) -> Outcome<&TensorInfo> {
    graph.tensor(id).request("cannot read the graph")
}

fn described(tensor: &TensorInfo) -> Tensor {
    Tensor {
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
    }
}
