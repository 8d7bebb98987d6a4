//! [`Sketch`]: how large a circuit is, counted from its plan before any column is made. What it costs follows from that.

use serde::{Deserialize, Serialize};

use crate::columns::Lanes;
use crate::error::CircuitError;
use crate::layout::UNUSABLE_ROWS;
use crate::place::rows_of;
use crate::plan::{Plan, Scalar};

/// Largest supported circuit: its proof takes tens of gigabytes, and the time of key and proof grows with the rows.
pub(crate) const MAX_K: u32 = 24;
const MIN_K: u32 = 6;

/// The size of a circuit: its rows by what stands in them. Activations, tables, and weights with the scalars below them stand side by side, so
/// that the longest of the three decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// Lanes, from which all columns follow.
    pub lanes: Lanes,
    /// Circuit size: `2^k` rows.
    pub k: u32,
    /// Rows of activations.
    pub activation_rows: usize,
    /// Rows of weights.
    pub weight_rows: usize,
    /// Rows of scalars.
    pub scalar_rows: usize,
    /// Rows of each stack of lookup tables, with the empty row 0.
    pub table_rows: usize,
    /// Public words.
    pub public_words: usize,
}

/// Rows that stand below each other in columns of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stack {
    /// Activations.
    Activations,
    /// Weights, and the scalars below them.
    Weights,
    /// Lookup tables.
    Tables,
}

impl Sketch {
    /// The size of a plan's circuit with some number of lanes.
    ///
    /// # Errors
    /// [`CircuitError::TooManyRows`]; lanes that the plan was not made for; a block that they do not hold.
    pub fn of(plan: &Plan, lanes: Lanes) -> Result<Self, CircuitError> {
        if (lanes.activations, lanes.parts) != (plan.activation_lanes, plan.parts) {
            return Err(CircuitError::Invariant("a plan is placed in the activation lanes and parts it was made for"));
        }
        // A hostile graph may ask for more rows than there are numbers.
        let mut activation_rows = 0usize;
        for block in &plan.blocks {
            activation_rows = activation_rows.saturating_add(rows_of(block, lanes.activations)?);
        }
        let weights = plan.weighted_sums.iter().map(|sum| sum.rows(lanes.weights));
        let mut sketch = Self {
            lanes,
            k: 0,
            activation_rows,
            weight_rows: weights.fold(0, usize::saturating_add),
            scalar_rows: plan.scalars.iter().map(Scalar::steps).fold(0, usize::saturating_add),
            table_rows: 1 + plan.tables.rows().div_ceil(lanes.tables.max(1)),
            public_words: plan.words.len(),
        };
        let rows = sketch.rows();
        sketch.k = rows.checked_next_power_of_two().map_or(u32::MAX, usize::ilog2).max(MIN_K);
        if sketch.k > MAX_K {
            return Err(CircuitError::too_many_rows(rows));
        }
        Ok(sketch)
    }

    /// Rows that the circuit needs, the unusable ones included.
    pub fn rows(&self) -> usize {
        let needed = [self.of_activations(), self.of_tables(), self.of_weights(), self.public_words];
        needed.into_iter().fold(0, usize::max).saturating_add(UNUSABLE_ROWS)
    }

    /// The stacks that do not fit half of the rows, the longest first: what decides the size of the circuit. Empty where public words do, and in
    /// the smallest of all circuits.
    pub fn deciding(&self) -> Vec<Stack> {
        let long = self.stacks().into_iter().filter(|(stack, _)| self.k > MIN_K && !self.fits_half_of(*stack, self));
        long.map(|(stack, _)| stack).collect()
    }

    /// The longest stack.
    pub fn longest(&self) -> Stack {
        let [(longest, _), ..] = self.stacks();
        longest
    }

    /// Whether a stack fits half of the rows of another circuit.
    pub fn fits_half_of(&self, stack: Stack, other: &Self) -> bool {
        let fits = |(_, rows): &(Stack, usize)| rows + UNUSABLE_ROWS <= (1 << other.k) / 2;
        self.stacks().iter().filter(|(of, _)| *of == stack).all(fits)
    }

    /// The stacks with the rows that they ask for, the longest first.
    fn stacks(&self) -> [(Stack, usize); 3] {
        let mut stacks = [
            (Stack::Activations, self.of_activations()),
            (Stack::Weights, self.of_weights()),
            (Stack::Tables, self.of_tables()),
        ];
        stacks.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        stacks
    }

    /// Rows up to the last activation, and one: the last usable row only ends the sum of helpers, and a lookup there would count for nothing.
    fn of_activations(&self) -> usize {
        self.activation_rows.saturating_add(2)
    }

    /// Rows up to the last entry of the tables, and one for the same reason.
    fn of_tables(&self) -> usize {
        self.table_rows.saturating_add(1)
    }

    /// Rows up to the last scalar, the empty first one included.
    fn of_weights(&self) -> usize {
        self.weight_rows.saturating_add(self.scalar_rows).saturating_add(1)
    }
}
