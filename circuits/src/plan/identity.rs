//! [`Identity`] and [`Published`]: what a plan claims of its values.

use assay_models::{End, PublicWord, TensorId};

use super::{Plan, Sums, Value, WORD_BYTES};
use crate::error::CircuitError;

/// Two values that must be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What the equality says.
    pub claim: Claim,
    /// The channel that it is about, where there is one for each.
    pub channel: Option<usize>,
    /// One side.
    pub left: Value,
    /// The other side.
    pub right: Value,
}

/// What an identity says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The outputs of a node are what its op makes of the inputs.
    Node {
        /// Node index.
        node: usize,
        /// The two sides in words.
        sides: &'static str,
    },
    /// A block repeats the elements of a tensor that is committed elsewhere.
    Repeats {
        /// The block.
        block: usize,
        /// The tensor.
        tensor: TensorId,
    },
}

/// A value that is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What it states.
    pub word: PublicWord,
    /// The value that is packed elements, or the context's own cell.
    pub value: Value,
}

impl Plan {
    /// An identity in words.
    ///
    /// # Errors
    /// An identity of another plan.
    pub fn identity_name(&self, index: usize) -> Result<String, CircuitError> {
        let unknown = CircuitError::Invariant("index of an identity");
        let Identity { claim, channel, .. } = self.identities.get(index).ok_or(unknown)?;
        let name = match *claim {
            Claim::Node { node, sides } => {
                let node = self.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
                format!("{}: {sides}", node.name)
            }
            Claim::Repeats { block, tensor } => {
                let name = &self.graph.tensor(tensor)?.name;
                match self.block(block)?.g {
                    Some(Sums::Planes(planes)) => format!("{name}, read as {planes}, = original"),
                    Some(Sums::Maxima) => format!("{name}, read by MaxPool, = original"),
                    Some(Sums::Words) => format!("{name}, packed, = original"),
                    Some(Sums::Vector { .. }) | None => format!("{name}, committed again, = original"),
                }
            }
        };
        Ok(channel.map_or(name.clone(), |channel| format!("{name}[{channel}]")))
    }

    /// A public word in words.
    ///
    /// # Errors
    /// A word of another plan.
    pub fn word_name(&self, index: usize) -> Result<String, CircuitError> {
        let Published { word, .. } = self.words.get(index).ok_or(CircuitError::Invariant("index of a public word"))?;
        Ok(match word {
            PublicWord::Elements { end, port, elements, .. } => {
                let end = if *end == End::Input { "input" } else { "output" };
                let word = elements.start / WORD_BYTES;
                format!("{end} {port}, word {word} = instance {index}")
            }
            PublicWord::Context => format!("context = instance {index}"),
        })
    }
}
