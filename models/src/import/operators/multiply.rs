//! Cast and Mul after `ConvInteger` and `MatMulInteger`: the steps that give accumulators their scale.

use std::sync::Arc;

use super::add::runs_along;
use crate::error::ModelError;
use crate::graph::DType;
use crate::import::builder::Builder;
use crate::import::constant::{Constant, Elements};
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Source, Value};
use crate::ops::Op;

/// Types of `TensorProto`.
const FLOAT: i64 = 1;
const INT32: i64 = 6;
const INT64: i64 = 7;
const FLOAT16: i64 = 10;
const DOUBLE: i64 = 11;

pub(super) fn cast(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    match builder.value(node, 0)?.clone() {
        Value::Constant(constant) => cast_constant(node, &constant),
        // Floats of whatever width are real numbers here.
        Value::Real(tensor) if matches!(node.int("to", 0), FLOAT | FLOAT16 | DOUBLE) => Ok(Value::Real(tensor)),
        Value::Pending(pending) if !pending.integer && matches!(node.int("to", 0), FLOAT | FLOAT16 | DOUBLE) => {
            Ok(Value::Pending(pending))
        }
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

/// A constant of another type.
fn cast_constant(node: &NodeView<'_>, constant: &Constant) -> Result<Value, ModelError> {
    let refused = || node.unsupported("to", node.int("to", 0).to_string(), "FLOAT, INT32 or INT64 for a constant");
    let reals = constant.reals().ok_or_else(refused)?;
    let elements = match node.int("to", 0) {
        FLOAT | FLOAT16 | DOUBLE => Elements::Floats(reals),
        INT32 | INT64 => {
            let dtype = if node.int("to", 0) == INT32 { DType::I32 } else { DType::I64 };
            Elements::Integers { values: reals.iter().map(|real| *real as i64).collect::<Vec<_>>().into(), dtype }
        }
        _ => return Err(refused()),
    };
    Ok(Value::Constant(Arc::new(Constant { name: node.output.to_owned(), shape: constant.shape.clone(), elements })))
}

/// A layer's accumulators times a positive constant, one for all outputs or one each; `None` where there are none.
pub(super) fn scaled(
    mut pending: Pending,
    constant: &Constant,
    node: &NodeView<'_>,
) -> Result<Option<Value>, ModelError> {
    let rank = pending.shape().len();
    let Some(axis) = pending.outputs.filter(|_| pending.is_bare() && !pending.integer) else { return Ok(None) };
    let (units, outputs) = match &mut pending.source {
        Source::Accumulators { op: Op::Conv(conv), units, .. } => (units, conv.bias.len()),
        Source::Accumulators { op: Op::Dense(dense), units, .. } => (units, dense.bias.len()),
        _ => return Ok(None),
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
    let of = |length: usize, at: usize| if length == 1 { 0 } else { at };
    let product = |at: usize| {
        let (unit, factor) = units.get(of(units.len(), at)).zip(factors.get(of(factors.len(), at)))?;
        unit.times(Ratio::of(*factor)?)
    };
    let scaled: Option<Vec<Ratio>> = (0..count).map(product).collect();
    *units = scaled.ok_or_else(|| {
        let got = factors.iter().copied().fold(f64::INFINITY, f64::min);
        ModelError::BadScale { node: node.name.to_owned(), got }
    })?;
    Ok(Some(Value::Pending(Box::new(pending))))
}
