//! What a model's owner calls the outputs: `labels.txt` in the model's folder, one label a line.
//!
//! Labels are no part of any digest and nothing proves them: they are the owner's words.

use assay_models::QuantizedGraph;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;

/// The file in the model's folder.
const NAME: &str = "labels.txt";
/// Most bytes of a label.
const LONGEST: usize = 200;

/// As many labels as the first output has values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels(Vec<String>);

impl Labels {
    /// Reads labels, one a line; `expected` is how many values the output has. An error says what is wrong, and in which line.
    fn parse(bytes: &[u8], expected: usize) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not text in UTF-8: {error}"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let labels: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
        for (at, label) in labels.iter().enumerate() {
            let fault = match label {
                label if label.is_empty() => "is empty",
                label if label.len() > LONGEST => "is longer than 200 bytes",
                label if label.chars().any(char::is_control) => "has a control character",
                _ => continue,
            };
            return Err(format!("line {} {fault}", at + 1));
        }
        if labels.len() != expected {
            return Err(format!("expected {expected} lines, one for each value of the output, got {}", labels.len()));
        }
        Ok(Self(labels))
    }

    /// All of them, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// The label of an output.
    pub(crate) fn of(&self, position: usize) -> Option<&str> {
        self.0.get(position).map(String::as_str)
    }
}

/// How many values the first output has: labels name those.
fn outputs(graph: &QuantizedGraph) -> Outcome<usize> {
    let Some(first) = graph.outputs.first() else { return refuse("the model has no output") };
    Ok(graph.tensor(first.tensor).request("cannot read the graph")?.len())
}

/// Reads the labels that an owner names, to be kept in the model's folder.
pub(crate) fn named(path: &std::path::Path, graph: &QuantizedGraph) -> Outcome<Labels> {
    match Labels::parse(&files::read(path)?, outputs(graph)?) {
        Ok(labels) => Ok(labels),
        Err(fault) => refuse(format_args!("cannot take {} as labels: {fault}", path.display())),
    }
}

/// Keeps labels in the model's folder.
pub(crate) fn keep(labels: &Labels, folder: &ModelFolder) -> Outcome {
    files::write(&folder.file(NAME), format!("{}\n", labels.0.join("\n")).as_bytes())
}

/// The labels in the model's folder, if there are any, or what is wrong with them.
pub(crate) fn kept(folder: &ModelFolder, graph: &QuantizedGraph) -> Outcome<Option<Result<Labels, String>>> {
    let path = folder.file(NAME);
    if !path.exists() {
        return Ok(None);
    }
    let labels = Labels::parse(&files::read(&path)?, outputs(graph)?);
    Ok(Some(labels.map_err(|fault| format!("{} is not used: {fault}", path.display()))))
}

/// As [`kept`]; labels that do not fit are left out with a warning: they say nothing of an answer.
pub(crate) fn of(folder: &ModelFolder, graph: &QuantizedGraph) -> Outcome<Option<Labels>> {
    match kept(folder, graph)? {
        Some(Ok(labels)) => Ok(Some(labels)),
        Some(Err(fault)) => {
            Terminal::warn(fault);
            Ok(None)
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_many_as_outputs_and_every_fault_names_its_line() {
        assert_eq!(Labels::parse("\u{feff}cat\r\n dog \n".as_bytes(), 2), Ok(Labels(vec!["cat".into(), "dog".into()])));
        let fault = |text: &[u8]| Labels::parse(text, 2).unwrap_err();
        assert!(fault(b"cat\n").contains("expected 2 lines") && fault(b"cat\n").contains("got 1"));
        assert!(fault(b"").contains("got 0"));
        assert_eq!(fault(b"cat\n\n"), "line 2 is empty");
        assert_eq!(fault(b"cat\nd\x1b[2Jog"), "line 2 has a control character");
        assert_eq!(fault("x".repeat(201).as_bytes()), "line 1 is longer than 200 bytes");
        assert!(fault(b"\xff\n").contains("UTF-8"));
    }
}
