//! What a proof states, decoded, and what it was asked to state.

use std::fs;
use std::path::Path;

use assay_models::{End, QuantizedGraph};
use assay_verifier::Instances;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::cli::VerifyArgs;
use crate::commands::{market, named, parse_context, read_inputs};
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
        let inputs = graph.word_count(End::Input).request("cannot read the graph")?;
        let (input, output_words) = words
            .split_at_checked(inputs)
            .map_or_else(|| refuse("the key has fewer public values than the model"), Ok)?;
        let outputs = graph.unpack(End::Output, output_words).request("the proof's output is not the model's")?;
        Ok(Self {
            input: input.to_vec(),
            output_words: output_words.to_vec(),
            answer: Answer::new(graph, &outputs, labels)?,
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
        if let Some(first) = args.input.first() {
            let (name, path) = named(graph, first);
            let alone = args.input.len() == 1 && name.is_none();
            let of_request = if alone { market::input_of_request(path)? } else { None };
            expected.input = Some(match of_request {
                Some(words) => words,
                None => graph
                    .pack(End::Input, &read_inputs(graph, &args.input)?.values)
                    .request("--input holds what the model's input cannot")?,
            });
        }
        if let Some(text) = &args.output {
            let outputs = claimed(graph, text)?;
            let words = graph.pack(End::Output, &outputs).request("--output holds what the model's output cannot")?;
            expected.output = Some(words);
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

/// What is claimed of the outputs: the integers of all, one after the other, or a list of outputs as `--json` prints it, each with its name.
fn claimed(graph: &QuantizedGraph, text: &str) -> Outcome<Vec<Vec<i64>>> {
    let lengths =
        graph.outputs.iter().map(|port| Ok((port, graph.tensor(port.tensor).request("cannot read the graph")?.len())));
    let lengths = lengths.collect::<Outcome<Vec<_>>>()?;
    match claim(text)? {
        Claim::Flat(values) => {
            let expected: usize = lengths.iter().map(|(_, length)| length).sum();
            if values.len() != expected {
                return refuse(format_args!("--output expects {expected} values, got {}", values.len()));
            }
            let mut rest = values.into_iter();
            Ok(lengths.iter().map(|(_, length)| rest.by_ref().take(*length).collect()).collect())
        }
        Claim::Each(outputs) => {
            let (expected, got) = (lengths.len(), outputs.len());
            if expected != got {
                return refuse(format_args!("--output is a list of {got} outputs, and the model has {expected}"));
            }
            for ((port, length), of) in lengths.iter().zip(&outputs) {
                if of.name != port.name {
                    return refuse(format_args!(
                        "--output has an output {:?} where the model has {:?}",
                        of.name, port.name
                    ));
                }
                if of.output.len() != *length {
                    let (name, got) = (&port.name, of.output.len());
                    return refuse(format_args!("--output expects {length} values of {name:?}, got {got}"));
                }
            }
            Ok(outputs.into_iter().map(|of| of.output).collect())
        }
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
fn claim(text: &str) -> Outcome<Claim> {
    let path = Path::new(text);
    let parsed = match parsed(text) {
        Err(_) if fs::exists(path).unwrap_or(false) => {
            parsed(&String::from_utf8(files::read(path)?).request("--output is not text")?)
        }
        typed => typed,
    };
    match parsed {
        Ok(claim) => Ok(claim),
        Err(error) => refuse(format_args!(
            "--output expects the integers of the output tensor, such as 1,-2,3, or a file with a list of them or what `assay infer --json` \
             prints: {error}"
        ))
        .next(|| Next::assay("verify").arg("--help")),
    }
}

/// Outputs that somebody claims.
#[derive(Deserialize)]
#[serde(untagged)]
enum Claim {
    Flat(Vec<i64>),
    Each(Vec<One>),
}

/// One of several outputs, as `--json` prints it.
#[derive(Deserialize)]
struct One {
    name: String,
    output: Vec<i64>,
}

fn parsed(text: &str) -> serde_json::Result<Claim> {
    let inner = text.trim();
    let bare = !inner.starts_with(['[', '{']);
    let list = if bare { format!("[{inner}]") } else { inner.to_owned() };
    let mut value = serde_json::from_str::<serde_json::Value>(&list)?;
    let [one, several] = ["output", "outputs"].map(|field| value.get_mut(field).map(serde_json::Value::take));
    match (one, several) {
        (None, None) => serde_json::from_value(value),
        (Some(_), Some(_)) => Err(serde::de::Error::custom("it has both \"output\" and \"outputs\"")),
        (Some(claim), None) | (None, Some(claim)) => serde_json::from_value(claim),
    }
}
