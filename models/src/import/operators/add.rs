//! Sums of two tensors of one shape, and a constant that is added to accumulators: a bias.

use super::linear::bias;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::constant::Constant;
use crate::import::node::NodeView;
use crate::import::value::{Pending, Source, Value};
use crate::ops::Op;

/// The sum of two tensors of one shape.
pub(super) fn sum(builder: &Builder, node: &NodeView<'_>, inputs: [TensorId; 2]) -> Result<Pending, ModelError> {
    let [x, y] = inputs.map(|input| builder.info(input));
    let (x, y) = (&x?.shape, &y?.shape);
    if x != y {
        let (expected, got) = (x.clone(), y.clone());
        return Err(crate::OpFault::Shape { what: "second operand (no broadcasting)", expected, got }.at(node.name));
    }
    let scales = [builder.scale(inputs[0])?, builder.scale(inputs[1])?];
    Ok(Pending::new(node.name, node.output, Source::Sum { inputs, scales, minus: false }, x.clone()))
}

/// Adds a constant, one for all outputs or one each, to a layer's accumulators; `None` where there are none.
pub(super) fn add_bias(
    mut pending: Pending,
    constant: &Constant,
    node: &NodeView<'_>,
) -> Result<Option<Value>, ModelError> {
    let rank = pending.shape().len();
    let Some(axis) = pending.outputs.filter(|_| pending.is_bare()) else { return Ok(None) };
    let (target, units) = match &mut pending.source {
        Source::Accumulators { op: Op::Conv(conv), units, .. } => (&mut conv.bias, units),
        Source::Accumulators { op: Op::Dense(dense), units, .. } => (&mut dense.bias, units),
        _ => return Ok(None),
    };
    if constant.len() > 1 && !runs_along(&constant.shape, axis, rank) {
        let got = constant.shape.clone();
        return Err(node.unsupported("constant operand", format!("shape {got:?}"), "one number per output"));
    }
    let terms = bias(Some(constant), units, target.len(), node)?;
    for (sum, term) in target.iter_mut().zip(terms) {
        *sum = sum.saturating_add(term);
    }
    Ok(Some(Value::Pending(Box::new(pending))))
}

/// Whether a constant, broadcast to `rank` axes, varies along `axis` alone.
pub(super) fn runs_along(shape: &[usize], axis: usize, rank: usize) -> bool {
    let axes = shape.iter().rev().enumerate().filter(|(_, size)| **size != 1);
    shape.len() <= rank && axes.map(|(from_end, _)| rank - 1 - from_end).eq([axis])
}
