//! `ArgMax`, the lowest index winning.

use crate::error::ModelError;
use crate::graph::DType;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::value::{Quantisation, Value};
use crate::ops::{ArgMax, IntegerOp, Op};

/// Indices stand for themselves.
const INDEX: Quantisation = Quantisation { scale: 1.0, zero_point: 0, dtype: DType::I64 };

pub(super) fn arg_max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("select_last_index", 0, "0 (the lowest index wins)");
    let input = match builder.value(node, 0)? {
        Value::Integer(tensor) => *tensor,
        Value::Real(_) | Value::Pending(_) | Value::Constant(_) | Value::Unknown(_) => builder.real(node, 0)?,
    };
    let from = &builder.info(input)?.shape;
    let arg_max = ArgMax { axis: node.axis(node.int("axis", 0), from.len())?, keepdims: node.int("keepdims", 1) != 0 };
    let shape = arg_max.output_shape(&[from], &[]).map_err(|fault| fault.at(node.name))?;
    let output = builder.emit(node.name, Op::ArgMax(arg_max), vec![input], node.output, shape, INDEX);
    builder.name_integer(output, node.output);
    Ok(Value::Integer(output))
}
