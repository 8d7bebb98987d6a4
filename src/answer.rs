//! An answer of a model, shown alike by every command.

use assay_models::{QuantizedGraph, dequantise};
use serde::Serialize;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::labels::Labels;
use crate::terminal::{Terminal, Tone};
use crate::units;

/// Outputs that people see, the largest first.
const SHOWN: usize = 5;

/// The outputs of a model; nothing where they are not known. As JSON, those of the only output, or a list of several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    outputs: Vec<Output>,
}

/// One output of a model.
#[derive(Clone, Debug, Serialize)]
struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Integers of the output tensor.
    #[serde(rename = "output")]
    integers: Vec<i64>,
    /// The real numbers they stand for.
    #[serde(rename = "output_real")]
    real: Vec<f64>,
    /// Position of the largest.
    label: Option<usize>,
    /// What the model's owner calls it.
    label_name: Option<String>,
    #[serde(skip)]
    labels: Option<Labels>,
}

impl Answer {
    /// The answer that integers of the output tensors are; labels name the values of the first.
    pub(crate) fn new<V: AsRef<[i64]>>(
        graph: &QuantizedGraph,
        values: &[V],
        mut labels: Option<Labels>,
    ) -> Outcome<Self> {
        if values.len() != graph.outputs.len() {
            return refuse(format_args!("the model has {} outputs, got {}", graph.outputs.len(), values.len()));
        }
        let several = values.len() > 1;
        let mut outputs = Vec::with_capacity(values.len());
        for (port, values) in graph.outputs.iter().zip(values) {
            let (info, output) = (graph.tensor(port.tensor).request("cannot read the output")?, values.as_ref());
            let (label, labels) = (largest(output), labels.take());
            outputs.push(Output {
                name: several.then(|| port.name.clone()),
                real: dequantise(info, output),
                label_name: label.and_then(|label| Some(labels.as_ref()?.of(label)?.to_owned())),
                label,
                integers: output.to_vec(),
                labels,
            });
        }
        Ok(Self { outputs })
    }

    /// Says it: the largest outputs as real numbers, with their positions and names, or all integers of the output tensors.
    pub(crate) fn say(&self, integers: bool, terminal: Terminal) {
        for output in &self.outputs {
            output.say(integers, terminal);
        }
        if self.outputs.iter().any(|output| output.label_name.is_some()) {
            terminal.field("names", "are the model owner's words (labels.txt), and not proved", None);
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Several<'a> {
            outputs: &'a [Output],
        }
        #[derive(Serialize)]
        struct Unknown {
            output: Option<Vec<i64>>,
            output_real: Option<Vec<f64>>,
            label: Option<usize>,
            label_name: Option<String>,
        }
        match self.outputs.as_slice() {
            [] => Unknown { output: None, output_real: None, label: None, label_name: None }.serialize(serializer),
            [only] => only.serialize(serializer),
            outputs => Several { outputs }.serialize(serializer),
        }
    }
}

impl Output {
    fn say(&self, integers: bool, terminal: Terminal) {
        let name = |position: usize| self.labels.as_ref().and_then(|labels| labels.of(position));
        let mut order: Vec<usize> = (0..self.integers.len()).collect();
        order.sort_by_key(|position| std::cmp::Reverse(self.integers.get(*position)));
        let value = |position: &usize| self.real.get(*position).map_or_else(String::new, |value| units::real(*value));
        if let Some(name) = &self.name {
            terminal.field("output", format_args!("{name:?}"), None);
        }
        match (self.label, self.integers.len()) {
            (Some(label), 1) => {
                let value = value(&label);
                terminal.field("answer", &value, Some((&value, Tone::Strong)));
            }
            (Some(label), _) => {
                let answer = name(label).map_or_else(|| label.to_string(), |name| format!("{label}, {name}"));
                terminal.field("answer", &answer, Some((&answer, Tone::Strong)));
                for (at, position) in order.iter().take(SHOWN).enumerate() {
                    let (head, name) = (if at == 0 { "outputs" } else { "" }, name(*position).unwrap_or_default());
                    terminal.field(
                        head,
                        format_args!("{position:>4} {:>14}  {name}", value(position)).to_string().trim_end(),
                        None,
                    );
                }
                let rest = self.integers.len().saturating_sub(SHOWN);
                if rest > 0 {
                    terminal.field("", format_args!("     and {} that are not larger", units::count(rest)), None);
                }
            }
            (None, _) => {}
        }
        if integers {
            let list: Vec<String> = self.integers.iter().map(ToString::to_string).collect();
            terminal.field("integers", format_args!("[{}]", list.join(", ")), None);
        }
    }
}

/// Position of the largest value; the first of equals.
pub(crate) fn largest(values: &[i64]) -> Option<usize> {
    (0..values.len()).rev().max_by_key(|i| values.get(*i))
}
