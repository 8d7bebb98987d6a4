//! Add: of two tensors, or of a constant to accumulators (a bias).

use super::linear::bias;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::constant::Constant;
use crate::import::node::NodeView;
use crate::import::value::{Pending, Source, Value};
use crate::ops::Op;

pub(super) fn add(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    match (builder.value(node, 0)?, builder.value(node, 1)?) {
        (Value::Pending(pending), Value::Constant(constant)) | (Value::Constant(constant), Value::Pending(pending)) => {
            add_bias((**pending).clone(), constant, node)
        }
        (Value::Constant(_), _) | (_, Value::Constant(_)) => Err(node.unquantised(
            "it adds a constant to a quantised tensor",
            "fold the constant into the bias of the layer before it (onnxruntime's quant_pre_process does, before quantising), or drop the \
             quantisation between them",
        )),
        _ => {
            let inputs = [builder.real(node, 0)?, builder.real(node, 1)?];
            sum(builder, node, inputs).map(|pending| Value::Pending(Box::new(pending)))
        }
    }
}

/// The sum of two tensors of one shape.
pub(super) fn sum(builder: &Builder, node: &NodeView<'_>, inputs: [TensorId; 2]) -> Result<Pending, ModelError> {
    let [x, y] = inputs.map(|input| builder.info(input));
    let (x, y) = (&x?.shape, &y?.shape);
    if x != y {
        let (expected, got) = (x.clone(), y.clone());
        return Err(crate::OpFault::Shape { what: "second operand (no broadcasting)", expected, got }.at(node.name));
    }
    let scales = [builder.scale(inputs[0])?, builder.scale(inputs[1])?];
    Ok(Pending::new(node.name, node.output, Source::Sum { inputs, scales }, x.clone()))
}

/// Adds a constant, one for all outputs or one each, to accumulators.
fn add_bias(mut pending: Pending, constant: &Constant, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let bare = pending.is_bare();
    let rank = pending.shape().len();
    let target = match &mut pending.source {
        Source::Accumulators { op: Op::Conv(conv), units, .. } if bare => Some((&mut conv.bias, units, 1)),
        Source::Accumulators { op: Op::Dense(dense), units, .. } if bare => Some((&mut dense.bias, units, rank - 1)),
        Source::Accumulators { .. } | Source::Sum { .. } | Source::Input(_) => None,
    };
    let Some((target, units, axis)) = target else {
        return Err(node.unquantised(
            "it adds a constant to a result that is no layer's own",
            "fold the constant into the bias of the layer before it",
        ));
    };
    if constant.len() > 1 && !runs_along(&constant.shape, axis, rank) {
        let got = constant.shape.clone();
        return Err(node.unsupported("constant operand", format!("shape {got:?}"), "one number per output"));
    }
    let terms = bias(Some(constant), units, target.len(), node)?;
    for (sum, term) in target.iter_mut().zip(terms) {
        *sum = sum.saturating_add(term);
    }
    Ok(Value::Pending(Box::new(pending)))
}

/// Whether a constant, broadcast to `rank` axes, varies along `axis` alone.
pub(super) fn runs_along(shape: &[usize], axis: usize, rank: usize) -> bool {
    let axes = shape.iter().rev().enumerate().filter(|(_, size)| **size != 1);
    shape.len() <= rank && axes.map(|(from_end, _)| rank - 1 - from_end).eq([axis])
}
