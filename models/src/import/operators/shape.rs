//! Flatten, Reshape, Transpose, Squeeze, Unsqueeze, Identity, Constant: the same elements under another shape, or with axes in another order.

use std::sync::Arc;

use super::movement::{arranged, dot, gathered, strides};
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant::{self, Constant};
use crate::import::node::NodeView;
use crate::import::value::{After, Value};
use crate::ops::{Op, OpFault, Pick, RANK_LIMIT, Reshape};
use crate::transpose::Transpose;

/// Applies an op that commutes with requantisation, on whatever the value stands on; `fold` makes the constant that it makes of one.
pub(super) fn move_elements(
    builder: &mut Builder,
    node: &NodeView<'_>,
    name: &str,
    value: Value,
    op: Op,
    shape: Vec<usize>,
    fold: impl FnOnce(&Constant, Vec<usize>) -> Result<Option<Constant>, OpFault>,
) -> Result<Value, ModelError> {
    Ok(match value {
        Value::Integer(tensor) => {
            let tensor = builder.emit_alike(node.name, op, vec![tensor], name, shape)?;
            builder.name_integer(tensor, name);
            Value::Integer(tensor)
        }
        Value::Real(tensor) => Value::Real(builder.emit_alike(node.name, op, vec![tensor], name, shape)?),
        Value::Pending(mut pending) => {
            let (node, name) = (node.name.to_owned(), name.to_owned());
            pending.after.push(After { node, name, op, shape });
            Value::Pending(pending)
        }
        Value::Constant(constant) => {
            let moved = fold(&constant, shape).map_err(|fault| fault.at(node.name))?.ok_or_else(|| {
                node.unquantised(
                    "it changes a constant in a way that is not folded here",
                    "fold constants before export (for example with onnxsim)",
                )
            })?;
            Value::Constant(Arc::new(moved))
        }
        Value::Unknown(_) => value,
    })
}

pub(super) fn reshaped(builder: &mut Builder, node: &NodeView<'_>, shape: Vec<usize>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let from = builder.shape(&value)?;
    let count = |shape: &[usize]| shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    if count(&from) != count(&shape) {
        return Err(OpFault::Shape { what: "result", expected: from, got: shape }.at(node.name));
    }
    if from == shape {
        return Ok(value);
    }
    let fold = |constant: &Constant, shape| Ok(constant.reshaped(shape));
    move_elements(builder, node, node.output, value, Op::Reshape(Reshape), shape, fold)
}

pub(super) fn operand_shape(builder: &Builder, node: &NodeView<'_>) -> Result<Vec<usize>, ModelError> {
    builder.shape(builder.value(node, 0)?)
}

pub(super) fn flatten(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let shape = operand_shape(builder, node)?;
    let axis = match node.int("axis", 1) {
        axis if axis == shape.len() as i64 => shape.len(),
        axis => node.axis(axis, shape.len())?,
    };
    let (rows, columns) = shape.split_at_checked(axis).unwrap_or((&shape, &[]));
    reshaped(builder, node, vec![rows.iter().product(), columns.iter().product()])
}

pub(super) fn reshape(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("allowzero", 0, "0");
    let from = operand_shape(builder, node)?;
    let wanted = builder.constant(node, 1, "its shape is computed by the graph")?.integers()?.0.to_vec();
    let size = |(axis, size): (usize, &i64)| match (size, from.get(axis)) {
        (0, Some(size)) => *size as i64,
        (size, _) => *size,
    };
    let sizes: Vec<i64> = wanted.iter().enumerate().map(size).collect();
    let bad =
        || node.unsupported("shape", format!("{wanted:?}"), "sizes with as many elements, at most one of them -1");
    let known = sizes.iter().filter(|size| **size != -1).try_fold(1i64, |product, size| product.checked_mul(*size));
    let total = from.iter().product::<usize>() as i64;
    let open = sizes.iter().filter(|size| **size == -1).count();
    let rest = known.and_then(|known| total.checked_div(known));
    let shape = sizes.iter().map(|size| if *size == -1 { rest } else { Some(*size) });
    let shape: Option<Vec<usize>> = shape.map(|size| size.and_then(|size| usize::try_from(size).ok())).collect();
    reshaped(builder, node, shape.filter(|_| open <= 1).ok_or_else(bad)?)
}

pub(super) fn transpose(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let perm: Vec<usize> = match node.ints("perm") {
        Some(perm) => perm.iter().map(|axis| node.axis(*axis, from.len())).collect::<Result<_, _>>()?,
        None => (0..from.len()).rev().collect(),
    };
    let value = builder.value(node, 0)?.clone();
    let transpose = Transpose { perm };
    let shape = transpose.permuted(&from).map_err(|fault| fault.at(node.name))?;
    if let Value::Constant(constant) = &value {
        let moved = constant.transposed(&transpose).map_err(|fault| fault.at(node.name))?;
        return Ok(Value::Constant(Arc::new(moved)));
    }
    // Axes of one element do not matter: without them the order may be that of the operand.
    let moved = transpose.perm.iter().filter(|axis| from.get(**axis).is_some_and(|size| *size > 1));
    if moved.is_sorted() {
        return reshaped(builder, node, shape);
    }
    let strides = strides(&from);
    let steps: Vec<usize> = transpose.perm.iter().filter_map(|axis| strides.get(*axis).copied()).collect();
    let gather = arranged(builder, node, 1, &shape, |index| Pick::of(dot(index, &steps)))?;
    gathered(builder, node, vec![value], gather)
}

/// Axes from the attribute (before opset 13) or the second operand.
pub(super) fn axes(builder: &Builder, node: &NodeView<'_>) -> Result<Option<Vec<i64>>, ModelError> {
    if let Some(axes) = node.ints("axes") {
        return Ok(Some(axes.to_vec()));
    }
    let constant = builder.optional_constant(node, 1, "its axes are computed by the graph")?;
    constant.map(|constant| Ok(constant.integers()?.0.to_vec())).transpose()
}

pub(super) fn squeeze(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let axes = match axes(builder, node)? {
        Some(axes) => axes.iter().map(|axis| node.axis(*axis, from.len())).collect::<Result<Vec<_>, _>>()?,
        None => from.iter().enumerate().filter(|(_, size)| **size == 1).map(|(axis, _)| axis).collect(),
    };
    if let Some((axis, size)) =
        axes.iter().filter_map(|axis| Some((*axis, *from.get(*axis)?))).find(|(_, size)| *size != 1)
    {
        return Err(ModelError::Squeezed { node: node.name.to_owned(), axis, size });
    }
    let keep = from.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    let shape = keep.map(|(_, size)| *size).collect();
    reshaped(builder, node, shape)
}

pub(super) fn unsqueeze(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let axes = axes(builder, node)?.unwrap_or_default();
    let rank = from.len().saturating_add(axes.len());
    if rank > RANK_LIMIT {
        return Err(OpFault::Axes { axes, rank: from.len() }.at(node.name));
    }
    let axes = axes.iter().map(|axis| node.axis(*axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut sizes = from.into_iter();
    let shape = (0..rank).filter_map(|axis| if axes.contains(&axis) { Some(1) } else { sizes.next() }).collect();
    reshaped(builder, node, shape)
}

pub(super) fn identity(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    builder.value(node, 0).cloned()
}

pub(super) fn constant(_: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let tensor = node.tensor("value").filter(|_| node.proto.attribute.len() == 1);
    if let Some(tensor) = tensor {
        return Ok(Value::Constant(Arc::new(Constant::read(tensor, tensor.raw_data.clone(), node.output)?)));
    }
    let elements = match (node.ints("value_ints"), node.float("value_float"), node.proto.attribute.as_slice()) {
        (Some(ints), _, [_]) => constant::Elements::Integers { values: ints.to_vec().into(), dtype: crate::DType::I64 },
        (None, Some(float), [_]) => constant::Elements::Floats(vec![float]),
        _ => return Err(node.unsupported("value", "another form".to_owned(), "value, value_ints or value_float")),
    };
    let shape = match &elements {
        constant::Elements::Integers { values, .. } => vec![values.len()],
        constant::Elements::Floats(_) | constant::Elements::Quantised { .. } => Vec::new(),
    };
    Ok(Value::Constant(Arc::new(Constant { name: node.output.to_owned(), shape, elements })))
}
