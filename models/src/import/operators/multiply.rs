//! Cast and Mul after `ConvInteger` and `MatMulInteger`: the steps that give accumulators their scale.

use super::add::runs_along;
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Source, Value};
use crate::ops::Op;

/// `TensorProto.FLOAT`.
const FLOAT: i64 = 1;

pub(super) fn cast(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    match builder.value(node, 0)?.clone() {
        Value::Pending(mut pending) if pending.integer && node.int("to", 0) == FLOAT => {
            pending.integer = false;
            Ok(Value::Pending(pending))
        }
        _ => Err(node.unquantised(
            "it casts something other than the accumulators of ConvInteger or MatMulInteger to float",
            "use QuantizeLinear and DequantizeLinear to change between integers and floats",
        )),
    }
}

pub(super) fn multiply(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let refused = || {
        node.unquantised(
            "it multiplies something other than accumulators by a positive constant",
            "fold constant factors into the weights; products of two tensors are not supported",
        )
    };
    let (mut pending, constant) = match (builder.value(node, 0)?, builder.value(node, 1)?) {
        (Value::Pending(pending), Value::Constant(constant)) | (Value::Constant(constant), Value::Pending(pending)) => {
            (pending.clone(), std::sync::Arc::clone(constant))
        }
        _ => return Err(refused()),
    };
    let (rank, bare) = (pending.shape().len(), pending.is_bare() && !pending.integer);
    let (units, outputs, axis) = match &mut pending.source {
        Source::Accumulators { op: Op::Conv(conv), units, .. } if bare => (units, conv.bias.len(), 1),
        Source::Accumulators { op: Op::Dense(dense), units, .. } if bare => (units, dense.bias.len(), rank - 1),
        Source::Accumulators { .. } | Source::Sum { .. } | Source::Input(_) => return Err(refused()),
    };
    let factors = constant.floats()?;
    let fits = factors.len() == 1 || (factors.len() == outputs && runs_along(&constant.shape, axis, rank));
    if !fits {
        return Err(node.unsupported(
            "constant operand",
            format!("shape {:?}", constant.shape),
            "one factor per output",
        ));
    }
    let count = units.len().max(factors.len());
    let product = |at: usize| {
        let unit = units.get(at).or(units.first()).copied().unwrap_or(Ratio::ONE);
        let factor = factors.get(at).or(factors.first()).copied().unwrap_or(1.0);
        let product = Ratio::of(factor).and_then(|factor| unit.times(factor));
        product.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: factor })
    };
    let scaled = (0..count).map(product).collect::<Result<_, _>>()?;
    *units = scaled;
    Ok(Value::Pending(pending))
}
