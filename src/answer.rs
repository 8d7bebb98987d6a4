//! An answer of a model, shown alike by every command.

use assay_models::{QuantizedGraph, dequantise_output};
use serde::Serialize;

use crate::failure::{Classify as _, Outcome};
use crate::labels::Labels;
use crate::terminal::{Terminal, Tone};
use crate::units;

/// Outputs that people see, the largest first.
const SHOWN: usize = 5;

/// The output of a model; nothing where it is not known.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Answer {
    /// Integers of the output tensor.
    pub(crate) output: Option<Vec<i64>>,
    /// The real numbers they stand for.
    output_real: Option<Vec<f64>>,
    /// Position of the largest.
    label: Option<usize>,
    /// What the model's owner calls it.
    label_name: Option<String>,
    #[serde(skip)]
    labels: Option<Labels>,
}

impl Answer {
    /// The answer that integers of the output tensor are.
    pub(crate) fn new(graph: &QuantizedGraph, output: Vec<i64>, labels: Option<Labels>) -> Outcome<Self> {
        let label = largest(&output);
        Ok(Self {
            output_real: Some(dequantise_output(graph, &output).request("cannot read the output")?),
            label_name: label.and_then(|label| Some(labels.as_ref()?.of(label)?.to_owned())),
            label,
            output: Some(output),
            labels,
        })
    }

    /// Says it: the largest outputs as real numbers, with their positions and names, or all integers of the output tensor.
    pub(crate) fn say(&self, integers: bool, terminal: Terminal) {
        let (Some(output), Some(real)) = (&self.output, &self.output_real) else { return };
        let name = |position: usize| self.labels.as_ref().and_then(|labels| labels.of(position));
        let mut order: Vec<usize> = (0..output.len()).collect();
        order.sort_by_key(|position| std::cmp::Reverse(output.get(*position)));
        let value = |position: &usize| real.get(*position).map_or_else(String::new, |value| units::real(*value));
        match (self.label, output.len()) {
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
                let rest = output.len().saturating_sub(SHOWN);
                if rest > 0 {
                    terminal.field("", format_args!("     and {} that are not larger", units::count(rest)), None);
                }
            }
            (None, _) => {}
        }
        if integers {
            let list: Vec<String> = output.iter().map(ToString::to_string).collect();
            terminal.field("integers", format_args!("[{}]", list.join(", ")), None);
        }
        if self.label_name.is_some() {
            terminal.field("names", "are the model owner's words (labels.txt), and not proved", None);
        }
    }
}

/// Position of the largest value; the first of equals.
pub(crate) fn largest(values: &[i64]) -> Option<usize> {
    (0..values.len()).rev().max_by_key(|i| values.get(*i))
}
