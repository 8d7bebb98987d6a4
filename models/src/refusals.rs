//! [`Refusals`]: everything that keeps a file from being a model, each sentence said once.

use std::fmt;

use crate::error::ModelError;

/// One sentence, and the nodes it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Names of nodes; none where it is about the whole file, or names its place itself.
    pub nodes: Vec<String>,
    /// What is refused, what was expected, and the next step.
    pub sentence: String,
}

/// A list of refusals. Nodes about which the same would be said share a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    list: Vec<Refusal>,
}

impl Refusals {
    /// The refusals of an importer.
    pub fn of(errors: &[ModelError]) -> Self {
        let mut refusals = Self::default();
        let external = errors.iter().filter(|error| matches!(error, ModelError::ExternalData { .. })).count();
        for error in errors {
            match error {
                ModelError::ExternalData { .. } if external > 1 => {
                    let sentence =
                        format!("{external} initializers lie in another file: {}", ModelError::WEIGHTS_INSIDE);
                    refusals.add(None, sentence);
                }
                error => refusals.add_error(error),
            }
        }
        refusals
    }

    /// Adds a sentence about a node, or about the whole file.
    pub fn add(&mut self, node: Option<&str>, sentence: String) {
        match self.list.iter_mut().find(|known| known.sentence == sentence) {
            Some(known) => {
                let new = node.filter(|node| known.nodes.iter().all(|known| known != node));
                known.nodes.extend(new.map(str::to_owned));
            }
            None => self.list.push(Refusal { nodes: node.map(str::to_owned).into_iter().collect(), sentence }),
        }
    }

    fn add_error(&mut self, error: &ModelError) {
        let message = error.to_string();
        let place = error.node().and_then(|node| Some((node, message.strip_prefix(&format!("node {node:?}: "))?)));
        match place {
            Some((node, sentence)) => self.add(Some(node), sentence.to_owned()),
            None => self.add(None, message),
        }
    }

    /// The refusals one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Refusal> {
        self.list.iter()
    }

    /// Whether nothing is refused.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes.is_empty() {
            f.write_str(&self.sentence)
        } else {
            write!(f, "{}: {}", in_words(&self.nodes), self.sentence)
        }
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.list.as_slice() {
            return only.fmt(f);
        }
        write!(f, "{} things are refused:", self.list.len())?;
        self.list.iter().enumerate().try_for_each(|(at, refusal)| write!(f, "\n  {}. {refusal}", at + 1))
    }
}

/// `node "a"`, or `nodes "a", "b"`.
pub(crate) fn in_words(names: &[String]) -> String {
    let list = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() == 1 { format!("node {list}") } else { format!("nodes {list}") }
}

/// The same with a verb.
pub(crate) fn calls(names: &[String]) -> String {
    format!("{} {}", in_words(names), if names.len() == 1 { "calls" } else { "call" })
}
