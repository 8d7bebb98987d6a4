//! [`Plan`]: what the circuit of a network commits and what it claims, before anything has a row.
//!
//! | list | what an entry is |
//! |---|---|
//! | `blocks` | cells of one tensor that are committed together, and what is summed over them |
//! | `scalars` | a value made of other values: powers of challenges, areas, products, sums |
//! | `weighted_sums` | the right side of a linear layer: weights times operands |
//! | `identities` | two values that must be equal |
//! | `words` | a value that is public |
//!
//! Ops lower to these lists and to nothing else (`ops`); `place` gives their entries rows. Whoever fills, reports, draws or attacks a
//! circuit goes through the lists, so that no entry can be forgotten in one of these places alone.

mod block;
mod degree;
mod identity;
mod planes;
mod planner;
mod scalar;
mod weighted_sum;

use assay_models::{MAX_PARTS, QuantizedGraph, Split};
use serde::{Deserialize, Serialize};

use crate::columns::MAX_ACTIVATION_LANES;
use crate::error::CircuitError;
use crate::tables::Tables;

pub use block::{Block, Committed, Copied, Element, Order, Rectangle, Source, Sums};
pub use identity::{Claim, Identity, Published};
pub use planes::Planes;
pub(crate) use planner::Planner;
pub use scalar::{Axis, Scalar};
pub use weighted_sum::{Operands, WeightedSum};

/// Bytes packed into one public word.
pub const WORD_BYTES: usize = assay_models::packing::BYTES_PER_WORD;
/// Most public words of a circuit: verifying keys have no more.
pub const MAX_PUBLIC_WORDS: usize = 1 << 16;

/// What the circuit of a network commits and what it claims.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The network.
    pub graph: QuantizedGraph,
    /// Activation lanes that it is planned for: with several, no word and no second reading of a tensor cuts the rows of its cells, but
    /// reads copies.
    pub activation_lanes: usize,
    /// Cells that the remainder of a requantisation may stand in.
    pub parts: usize,
    /// Cells of tensors.
    pub blocks: Vec<Block>,
    /// Values made of other values; an entry is made of earlier ones.
    pub scalars: Vec<Scalar>,
    /// Right sides of linear layers.
    pub weighted_sums: Vec<WeightedSum>,
    /// Values that must be equal.
    pub identities: Vec<Identity>,
    /// Public words, in the order of the instance column.
    pub words: Vec<Published>,
    /// The entries of all lists in the order in which they were made.
    pub(crate) steps: Vec<Step>,
    pub(crate) tables: Tables,
    /// What each scalar was first made for.
    pub(crate) makers: Vec<Owner>,
    /// Rows that each block added to the tables.
    pub(crate) table_rows: Vec<usize>,
    /// How each node's accumulators are cut; `None` where an op has none.
    pub(crate) splits: Vec<Option<Split>>,
}

/// What an entry of a plan, and so a row of a circuit, is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The graph's inputs: their range checks and their public words.
    Input,
    /// A node, by its index. Whatever holds a tensor's elements is its producer's.
    Node(usize),
    /// Every circuit has it.
    Circuit,
}

/// An entry of a list of the plan, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Block(usize),
    Scalar(usize),
    WeightedSum(usize),
    Identity(usize),
    Word(usize),
}

/// A value of phase 1, by the entry of the plan that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A scalar.
    Scalar(usize),
    /// Sum number `index` of what is read of a block before (`f`) or after (`g`) requantisation.
    Fingerprint {
        /// The block.
        block: usize,
        /// Which of its two sums.
        side: Side,
        /// A channel; for words, a word.
        index: usize,
    },
    /// The right side of a linear layer.
    WeightedSum(usize),
}

/// The two sums over a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Over accumulators.
    F,
    /// Over elements.
    G,
}

impl Plan {
    /// The plan of a graph for 1, 2, 4 or 8 activation lanes and remainders in 1, 2 or 3 parts.
    ///
    /// # Errors
    /// [`CircuitError::Invariant`] for other numbers; [`CircuitError::Unsupported`] names the node without an identity; [`CircuitError::TableTooLarge`] says what does not fit; errors
    /// of the model are passed on.
    pub fn of(graph: &QuantizedGraph, activation_lanes: usize, parts: usize) -> Result<Self, CircuitError> {
        if !activation_lanes.is_power_of_two() || activation_lanes > MAX_ACTIVATION_LANES {
            return Err(CircuitError::Invariant("a row has 1, 2, 4 or 8 activation lanes"));
        }
        if !(1..=MAX_PARTS).contains(&parts) {
            return Err(CircuitError::Invariant("a remainder has 1, 2 or 3 parts"));
        }
        graph.validate()?;
        Planner::plan(graph, activation_lanes, parts)
    }

    /// How a node's accumulators are cut for the lookups.
    ///
    /// # Errors
    /// A node without accumulators.
    pub fn split(&self, node: usize) -> Result<Split, CircuitError> {
        let split = self.splits.get(node).copied().flatten();
        split.ok_or(CircuitError::Invariant("a requantised node has a split"))
    }

    /// What a block is there for.
    pub(crate) fn owner(&self, block: &Block) -> Owner {
        match &block.cells {
            Committed::Requantised { node } | Committed::Ring { node, .. } => Owner::Node(*node),
            Committed::Constant { .. } => Owner::Circuit,
            Committed::Bytes { tensor } | Committed::Copies { tensor, .. } => {
                let producer = self.graph.nodes.iter().position(|node| node.output == *tensor);
                producer.map_or(Owner::Input, Owner::Node)
            }
        }
    }

    pub(crate) fn block(&self, index: usize) -> Result<&Block, CircuitError> {
        self.blocks.get(index).ok_or(CircuitError::Invariant("block index"))
    }

    pub(crate) fn weighted_sum(&self, index: usize) -> Result<&WeightedSum, CircuitError> {
        self.weighted_sums.get(index).ok_or(CircuitError::Invariant("index of a weighted sum"))
    }
}
