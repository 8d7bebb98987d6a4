//! Gate polynomials as one graph of operations, in which equal subexpressions are one node.

use std::collections::BTreeMap;

use assay_verifier::encoding::scalar_to_bytes;
use assay_verifier::protocol::Polynomial;
use assay_verifier::{Expression, ExpressionNode, VerifyError};
use ruint::aliases::U256;

use crate::names;
use crate::word::{SCALARS, Word};

/// A node's number; operands come before what uses them.
pub(crate) type Id = usize;

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Constant(Word),
    /// The word at a named place.
    Load(String),
    Negate(Id),
    Add(Id, Id),
    Multiply(Id, Id),
}

/// Operations, each after its operands, and the results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    operations: Vec<Operation>,
    known: BTreeMap<Operation, Id>,
}

impl Program {
    /// The operation of a node.
    pub(crate) fn operation(&self, id: Id) -> Option<&Operation> {
        self.operations.get(id)
    }

    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Adds a polynomial and returns the node of its value.
    ///
    /// # Errors
    /// A program that lacks operands; none for a key that was checked.
    pub(crate) fn add(&mut self, expression: &Expression) -> Result<Id, VerifyError> {
        // Both closures enter nodes.
        let program = std::cell::RefCell::new(self);
        expression.fold(
            |leaf| Ok(program.borrow_mut().leaf(leaf)),
            |node, left, right| Ok(program.borrow_mut().apply(node, left, right)),
        )
    }

    fn leaf(&mut self, node: &ExpressionNode) -> Id {
        let value = |polynomial, rotation| Operation::Load(names::value(polynomial, rotation));
        self.enter(match *node {
            ExpressionNode::Fixed { column, rotation } => value(Polynomial::Fixed(column), rotation),
            ExpressionNode::Advice { column, rotation } => value(Polynomial::Advice(column), rotation),
            ExpressionNode::Instance { rotation, .. } => Operation::Load(names::instance(rotation)),
            ExpressionNode::Challenge(index) => Operation::Load(names::circuit_challenge(index)),
            ExpressionNode::Constant(ref value) => Operation::Constant(Word(scalar_to_bytes(value))),
            // Never a leaf.
            ExpressionNode::Negate | ExpressionNode::Add | ExpressionNode::Multiply | ExpressionNode::Scale(_) => {
                Operation::Constant(Word::of(U256::ZERO))
            }
        })
    }

    fn apply(&mut self, node: &ExpressionNode, left: Id, right: Option<Id>) -> Id {
        match (node, right) {
            (ExpressionNode::Add, Some(right)) => self.sum(left, right),
            (ExpressionNode::Multiply, Some(right)) => self.product(left, right),
            (ExpressionNode::Scale(factor), _) => {
                let factor = self.enter(Operation::Constant(Word(scalar_to_bytes(factor))));
                self.product(left, factor)
            }
            _ => self.negation(left),
        }
    }

    fn negation(&mut self, id: Id) -> Id {
        match self.operation(id) {
            Some(Operation::Negate(inner)) => *inner,
            _ => self.enter(Operation::Negate(id)),
        }
    }

    fn sum(&mut self, left: Id, right: Id) -> Id {
        match (self.constant(left), self.constant(right)) {
            (Some(zero), _) if zero.is_zero() => right,
            (_, Some(zero)) if zero.is_zero() => left,
            _ => self.enter(Operation::Add(left.min(right), left.max(right))),
        }
    }

    fn product(&mut self, left: Id, right: Id) -> Id {
        let minus_one = SCALARS - U256::ONE;
        match (self.constant(left), self.constant(right)) {
            (Some(one), _) if one == U256::ONE => right,
            (_, Some(one)) if one == U256::ONE => left,
            (Some(factor), _) if factor == minus_one => self.negation(right),
            (_, Some(factor)) if factor == minus_one => self.negation(left),
            _ => self.enter(Operation::Multiply(left.min(right), left.max(right))),
        }
    }

    fn constant(&self, id: Id) -> Option<U256> {
        match self.operation(id) {
            Some(Operation::Constant(value)) => Some(value.number()),
            _ => None,
        }
    }

    fn enter(&mut self, operation: Operation) -> Id {
        let next = self.operations.len();
        let id = *self.known.entry(operation.clone()).or_insert(next);
        if id == next {
            self.operations.push(operation);
        }
        id
    }
}
