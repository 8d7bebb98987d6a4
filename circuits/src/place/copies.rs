//! [`CopyConstraint`]: the cells that must be equal, and the scalar rows whose factors they are.

use crate::columns::Advice;
use crate::error::CircuitError;
use crate::layout::Layout;
use crate::place::Places;
use crate::plan::{Operands, Plan, Scalar, Step, Value};

/// An advice cell or a public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Column and row.
    Advice(Advice, usize),
    /// Row of the instance column.
    Instance(usize),
}

/// Two cells that must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyConstraint {
    /// What the equality means; [`Layout::copy_name`] has it in words.
    pub reason: Reason,
    /// One end.
    pub left: Wire,
    /// The other end.
    pub right: Wire,
}

/// Why two cells must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The factor of a scalar row is a value made elsewhere.
    Factor {
        /// The factor's column.
        column: Advice,
        /// The scalar row.
        row: usize,
    },
    /// `G (z - 1) = z^n - 1` of a geometric sum.
    Quotient {
        /// Which scalar.
        scalar: usize,
    },
    /// What the weights of a channel are multiplied with is the channel's value.
    Operand {
        /// Which weighted sum.
        sum: usize,
        /// Input channel.
        channel: usize,
    },
    /// What the bias is multiplied with.
    Bias {
        /// Which weighted sum.
        sum: usize,
    },
    /// An identity of the plan.
    Identity(usize),
    /// A public word of the plan.
    Word(usize),
}

/// How the factors of a scalar row are found when the witness is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sources {
    /// Both are copies, or absent.
    Copies,
    /// The left factor is this dividend divided by the right factor.
    Quotient(Wire),
    /// The row is the public context element.
    Context,
}

/// A scalar row and the cells its factors are copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarRow {
    pub(crate) row: usize,
    pub(crate) left: Option<Wire>,
    pub(crate) right: Option<Wire>,
    pub(crate) sources: Sources,
}

/// The copy constraints of a plan, in the order of its steps, and the scalar rows.
///
/// # Errors
/// A plan whose entries name values that it lacks.
pub(crate) fn copies(plan: &Plan, places: &Places) -> Result<(Vec<CopyConstraint>, Vec<ScalarRow>), CircuitError> {
    let mut made = Made { plan, places, copies: Vec::new(), scalars: Vec::new() };
    for step in &plan.steps {
        match *step {
            Step::Block(_) => {}
            Step::Scalar(index) => made.scalar(index)?,
            Step::WeightedSum(index) => made.weighted_sum(index)?,
            Step::Identity(index) => {
                let identity = plan.identities.get(index).ok_or(CircuitError::Invariant("index of an identity"))?;
                made.copy(Reason::Identity(index), made.wire(identity.left)?, made.wire(identity.right)?);
            }
            Step::Word(index) => {
                let word = plan.words.get(index).ok_or(CircuitError::Invariant("index of a public word"))?;
                made.copy(Reason::Word(index), made.wire(word.value)?, Wire::Instance(index));
            }
        }
    }
    Ok((made.copies, made.scalars))
}

struct Made<'a> {
    plan: &'a Plan,
    places: &'a Places,
    copies: Vec<CopyConstraint>,
    scalars: Vec<ScalarRow>,
}

impl Made<'_> {
    fn wire(&self, value: Value) -> Result<Wire, CircuitError> {
        self.places.wire(self.plan, value)
    }

    fn copy(&mut self, reason: Reason, left: Wire, right: Wire) {
        self.copies.push(CopyConstraint { reason, left, right });
    }

    fn scalar(&mut self, index: usize) -> Result<(), CircuitError> {
        let scalar = self.plan.scalars.get(index).ok_or(CircuitError::Invariant("index of a scalar"))?;
        let first = *self.places.scalars.get(index).ok_or(CircuitError::Invariant("index of a scalar"))?;
        let sources = match scalar {
            Scalar::Geometric { top, .. } => Sources::Quotient(self.wire(*top)?),
            Scalar::Context => Sources::Context,
            _ => Sources::Copies,
        };
        for (row, term) in (first..).zip(scalar.terms()) {
            let [left, right] = [term.left, term.right].map(|factor| factor.map(|value| self.wire(value)).transpose());
            let (left, right) = (left?, right?);
            for (column, source) in [(Advice::Acc2, left), (Advice::U, right)] {
                if let Some(source) = source {
                    self.copy(Reason::Factor { column, row }, Wire::Advice(column, row), source);
                }
            }
            self.scalars.push(ScalarRow { row, left, right, sources });
        }
        if let Sources::Quotient(top) = sources {
            self.copy(Reason::Quotient { scalar: index }, Wire::Advice(Advice::P, first), top);
        }
        Ok(())
    }

    fn weighted_sum(&mut self, index: usize) -> Result<(), CircuitError> {
        let sum = self.plan.weighted_sum(index)?;
        let first = *self.places.weighted_sums.get(index).ok_or(CircuitError::Invariant("index of a weighted sum"))?;
        let channels = sum.operands.channels();
        let rows = sum.operands.segments() / channels.len().max(1) * sum.segment_rows(self.places.lanes.weights);
        for (channel, value) in channels.iter().enumerate() {
            let cell = match &sum.operands {
                // A channel begins with its operand.
                Operands::Fingerprints { .. } => Wire::Advice(Advice::U, first + channel * rows),
                // A channel ends with the fingerprint of its elements.
                Operands::Elements { .. } => Wire::Advice(Advice::Acc2, first + (channel + 1) * rows - 1),
            };
            self.copy(Reason::Operand { sum: index, channel }, cell, self.wire(*value)?);
        }
        let last = first + sum.rows(self.places.lanes.weights) - 1;
        self.copy(Reason::Bias { sum: index }, Wire::Advice(Advice::U, last), self.wire(sum.bias_operand)?);
        Ok(())
    }
}

impl Layout {
    /// What a copy constraint means, in words.
    pub fn copy_name(&self, copy: &CopyConstraint) -> String {
        self.reason(copy.reason).unwrap_or_else(|_| format!("{:?}", copy.reason))
    }

    fn reason(&self, reason: Reason) -> Result<String, CircuitError> {
        let plan = &self.plan;
        let node = |sum: usize| -> Result<_, CircuitError> {
            let sum = plan.weighted_sum(sum)?;
            let node = plan.graph.nodes.get(sum.node).ok_or(CircuitError::Invariant("node index"))?;
            Ok((sum, &node.name))
        };
        Ok(match reason {
            Reason::Factor { column, row } => format!("scalar factor {column:?} of row {row}"),
            Reason::Quotient { scalar } => match plan.scalars.get(scalar) {
                Some(Scalar::Geometric { axis, terms, .. }) => format!("G (z - 1) = z^{terms} - 1 on axis {axis:?}"),
                _ => return Err(CircuitError::Invariant("a quotient is a geometric sum")),
            },
            Reason::Operand { sum, channel } => {
                let (sum, node) = node(sum)?;
                match &sum.operands {
                    Operands::Fingerprints { channels, .. } => {
                        format!("{node}: u = input[{}]", sum.group() * channels.len() + channel)
                    }
                    Operands::Elements { tensor, .. } => {
                        format!("{node}: inputs = {}[{channel}]", plan.graph.tensor(*tensor)?.name)
                    }
                }
            }
            Reason::Bias { sum } => {
                let (sum, node) = node(sum)?;
                let grouped = plan.graph.nodes.get(sum.node).is_some_and(|node| node.op.channels() > sum.outputs);
                match &sum.operands {
                    Operands::Fingerprints { .. } if grouped => {
                        format!("{node}: u = wanted rectangle (bias)[{}]", sum.group())
                    }
                    Operands::Fingerprints { .. } => format!("{node}: u = wanted rectangle (bias)"),
                    Operands::Elements { .. } => format!("{node}: u = 1 (bias)"),
                }
            }
            Reason::Identity(index) => plan.identity_name(index)?,
            Reason::Word(index) => plan.word_name(index)?,
        })
    }
}
