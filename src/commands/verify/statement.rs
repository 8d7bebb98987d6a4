//! What a proof states, decoded, and what it was asked to state.

use std::fs;
use std::path::Path;

use assay_models::{QuantizedGraph, TensorId, packing};
use assay_verifier::Instances;
use serde::Serialize;

use crate::answer::Answer;
use crate::cli::VerifyArgs;
use crate::commands::{market, parse_context, read_input};
use crate::failure::{Advise as _, Classify as _, Failure, Kind, Outcome, refuse};
use crate::files;
use crate::labels::Labels;
use crate::next::Next;
use crate::terminal::Terminal;

/// The public values of a proof by their meaning; input and output are known where the model is.
#[derive(Debug, Default, Serialize)]
pub(super) struct Statement {
    #[serde(skip)]
    input: Vec<[u8; 32]>,
    #[serde(skip)]
    output_words: Vec<[u8; 32]>,
    #[serde(flatten)]
    answer: Answer,
    context: Option<String>,
}

impl Statement {
    /// The parts of public values, which are as many as the model's.
    pub(super) fn of(instances: &Instances, graph: Option<&QuantizedGraph>, labels: Option<Labels>) -> Outcome<Self> {
        let words = instances.words();
        let Some((context, words)) = words.split_last() else { return refuse("the proof has no public values") };
        let context = Some(format!("0x{}", hex::encode(context)));
        let Some(graph) = graph else { return Ok(Self { context, ..Self::default() }) };
        let (length, dtype) = tensor(graph, graph.output)?;
        let (inputs, _) = tensor(graph, graph.input)?;
        let (input, output_words) = words
            .split_at_checked(inputs.div_ceil(packing::BYTES_PER_WORD))
            .map_or_else(|| refuse("the key has fewer public values than the model"), Ok)?;
        let output = packing::unpack(output_words, length, dtype).request("the proof's output is not the model's")?;
        Ok(Self {
            input: input.to_vec(),
            output_words: output_words.to_vec(),
            answer: Answer::new(graph, output, labels)?,
            context,
        })
    }

    /// Says it.
    pub(super) fn say(&self, integers: bool, terminal: Terminal) {
        self.answer.say(integers, terminal);
        if let Some(context) = &self.context {
            terminal.field("context", context, None);
        }
    }
}

fn tensor(graph: &QuantizedGraph, id: TensorId) -> Outcome<(usize, assay_models::DType)> {
    let info = graph.tensor(id).request("cannot read the graph")?;
    Ok((info.len(), info.dtype))
}

/// What a proof was asked to show: packed words and a context.
#[derive(Default)]
pub(super) struct Expected {
    input: Option<Vec<[u8; 32]>>,
    output: Option<Vec<[u8; 32]>>,
    context: Option<String>,
}

impl Expected {
    /// What the arguments ask for.
    pub(super) fn of(args: &VerifyArgs, graph: Option<&QuantizedGraph>) -> Outcome<Self> {
        let mut expected = Self::default();
        if let Some(context) = &args.context {
            let words = parse_context(context)?.words();
            expected.context = words.first().map(|word| format!("0x{}", hex::encode(word)));
        }
        let Some(graph) = graph else { return Ok(expected) };
        let pack = |id: TensorId, values: &[i64], flag: &str| {
            let (length, dtype) = tensor(graph, id)?;
            if values.len() != length {
                return refuse(format_args!("{flag} expects {length} values, got {}", values.len()));
            }
            packing::pack(values, dtype).request(format_args!("{flag} holds what the model's tensor cannot"))
        };
        if let Some(path) = &args.input {
            expected.input = Some(match market::input_of_request(path)? {
                Some(words) => words,
                None => pack(graph.input, &read_input(graph, path)?.values, "--input")?,
            });
        }
        if let Some(text) = &args.output {
            expected.output = Some(pack(graph.output, &integers(text)?, "--output")?);
        }
        Ok(expected)
    }

    /// In what a statement differs.
    pub(super) fn differences(&self, statement: &Statement) -> Vec<&'static str> {
        let differ = [
            ("input", self.input.as_ref().is_some_and(|input| *input != statement.input)),
            ("output", self.output.as_ref().is_some_and(|output| *output != statement.output_words)),
            ("context", self.context.is_some() && self.context != statement.context),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// Fails where the proof shows something else than it was asked to.
pub(super) fn met(differences: &[&'static str]) -> Outcome {
    if differences.is_empty() {
        return Ok(());
    }
    let error = anyhow::anyhow!(
        "the proof is valid, and not what was asked for: it is of another {}",
        differences.join(" and another ")
    );
    Err(Failure::new(Kind::InvalidProof, error))
}

/// Integers as they are typed, or as a file holds them: a list, or what `assay infer --json` and `assay verify --json` print. What
/// is typed in full is never looked for among files, which may be somebody else's.
fn integers(text: &str) -> Outcome<Vec<i64>> {
    let path = Path::new(text);
    let parsed = match listed(text) {
        Err(_) if fs::exists(path).unwrap_or(false) => {
            listed(&String::from_utf8(files::read(path)?).request("--output is not text")?)
        }
        typed => typed,
    };
    match parsed {
        Ok(values) => Ok(values),
        Err(error) => refuse(format_args!(
            "--output expects the integers of the output tensor, such as 1,-2,3, or a file with a list of them or what `assay infer --json` \
             prints: {error}"
        ))
        .next(|| Next::assay("verify").arg("--help")),
    }
}

fn listed(text: &str) -> serde_json::Result<Vec<i64>> {
    let inner = text.trim();
    let bare = !inner.starts_with(['[', '{']);
    let list = if bare { format!("[{inner}]") } else { inner.to_owned() };
    let mut value = serde_json::from_str::<serde_json::Value>(&list)?;
    serde_json::from_value(value.get_mut("output").map(serde_json::Value::take).unwrap_or(value))
}
