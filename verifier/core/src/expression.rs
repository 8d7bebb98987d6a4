//! A gate polynomial as a flat postfix program.
//!
//! A tree would be deserialised by recursion, as deep as the bytes say; a postfix program is a list and is run with a
//! stack of its own. Its depth is bounded all the same, for whoever builds a tree from it.

use ark_bn254::Fr;
use serde::Serialize;

use crate::VerifyError;
use crate::encoding::scalar;
use crate::reader::Reader;

/// Deepest expression tree that a key may hold.
pub const MAX_DEPTH: usize = 1024;
/// Most nodes of all gates' polynomials together: a verifier visits each for every proof.
pub const MAX_NODES: usize = 1 << 16;

/// What [`MAX_NODES`] counts, in errors.
pub(crate) const NODES: &str = "nodes of all gates";

/// One step of a postfix program: push an operand, or replace the top operands by a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ExpressionNode {
    /// Push a field element.
    Constant(#[serde(serialize_with = "scalar::serialize")] Fr),
    /// Push a fixed cell.
    Fixed {
        /// Fixed column.
        column: u32,
        /// Rows below the current one.
        rotation: i32,
    },
    /// Push an advice cell.
    Advice {
        /// Advice column.
        column: u32,
        /// Rows below the current one.
        rotation: i32,
    },
    /// Push an instance cell.
    Instance {
        /// Instance column.
        column: u32,
        /// Rows below the current one.
        rotation: i32,
    },
    /// Push a challenge.
    Challenge(u32),
    /// `a` becomes `-a`.
    Negate,
    /// `a b` becomes `a + b`.
    Add,
    /// `a b` becomes `a * b`.
    Multiply,
    /// `a` becomes `a` times a field element.
    Scale(#[serde(serialize_with = "scalar::serialize")] Fr),
}

/// A polynomial in cells and challenges; a gate demands that it vanishes in every usable row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expression {
    nodes: Vec<ExpressionNode>,
}

impl ExpressionNode {
    fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        Ok(match reader.u32()? {
            0 => Self::Constant(reader.scalar()?),
            1 => Self::Fixed { column: reader.u32()?, rotation: reader.i32()? },
            2 => Self::Advice { column: reader.u32()?, rotation: reader.i32()? },
            3 => Self::Instance { column: reader.u32()?, rotation: reader.i32()? },
            4 => Self::Challenge(reader.u32()?),
            5 => Self::Negate,
            6 => Self::Add,
            7 => Self::Multiply,
            8 => Self::Scale(reader.scalar()?),
            _ => return Err(reader.no_variant()),
        })
    }
}

impl Expression {
    /// Reads one of several, which together have at most [`MAX_NODES`] nodes, `before` of which have been read.
    pub(crate) fn read(reader: &mut Reader<'_>, before: &mut usize) -> Result<Self, VerifyError> {
        Ok(Self { nodes: reader.list_of_many(NODES, MAX_NODES, before, ExpressionNode::read)? })
    }

    /// The polynomial that a program computes. A malformed program is refused where it is run: by [`Expression::fold`].
    pub fn new(nodes: Vec<ExpressionNode>) -> Self {
        Self { nodes }
    }

    /// The program's steps, in order of evaluation.
    pub fn nodes(&self) -> &[ExpressionNode] {
        &self.nodes
    }

    /// Runs the program over any domain: `leaf` gives operands, `apply` results.
    ///
    /// # Errors
    /// A program that lacks operands or leaves more than one result, and whatever `leaf` and `apply` refuse.
    pub fn fold<T>(
        &self,
        mut leaf: impl FnMut(&ExpressionNode) -> Result<T, VerifyError>,
        mut apply: impl FnMut(&ExpressionNode, T, Option<T>) -> Result<T, VerifyError>,
    ) -> Result<T, VerifyError> {
        let mut stack = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let missing = || VerifyError::Inconsistent { what: "an operation of an expression lacks operands", at };
            let value = match node {
                ExpressionNode::Negate | ExpressionNode::Scale(_) => {
                    apply(node, stack.pop().ok_or_else(missing)?, None)?
                }
                ExpressionNode::Add | ExpressionNode::Multiply => {
                    let right = stack.pop().ok_or_else(missing)?;
                    apply(node, stack.pop().ok_or_else(missing)?, Some(right))?
                }
                operand => leaf(operand)?,
            };
            stack.push(value);
        }
        match (stack.pop(), stack.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(VerifyError::Inconsistent { what: "an expression has no single result", at: self.nodes.len() }),
        }
    }

    /// Degree in cells (challenges are constants), as halo2 counts it.
    ///
    /// # Errors
    /// A malformed program, or one deeper than [`MAX_DEPTH`].
    pub fn degree(&self) -> Result<u64, VerifyError> {
        let leaf = |node: &ExpressionNode| {
            Ok((u64::from(!matches!(node, ExpressionNode::Constant(_) | ExpressionNode::Challenge(_))), 1usize))
        };
        let apply = |node: &ExpressionNode, (left, depth): (u64, usize), right: Option<(u64, usize)>| {
            let (right, right_depth) = right.unwrap_or((0, 0));
            let depth = depth.max(right_depth) + 1;
            if depth > MAX_DEPTH {
                return Err(VerifyError::Limit {
                    what: "an expression's depth",
                    least: 1,
                    most: MAX_DEPTH as u64,
                    got: depth as u64,
                });
            }
            let degree = match node {
                ExpressionNode::Multiply => left.saturating_add(right),
                ExpressionNode::Add => left.max(right),
                _ => left,
            };
            Ok((degree, depth))
        };
        self.fold(leaf, apply).map(|(degree, _)| degree)
    }
}
