//! Shape, `ConstantOfShape` and Range: values that are known at import.

use std::sync::Arc;

use super::movement::{arranged, gathered, integers};
use super::shape::operand_shape;
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant::{self, Constant, Elements};
use crate::import::node::NodeView;
use crate::import::value::Value;
use crate::ops::Pick;

/// The shape of a value, as a constant.
pub(super) fn shape_of(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    // Of a refused value the shape may be known all the same.
    let shape = match builder.unknown_shape(node, 0) {
        Some(shape) => shape.to_vec(),
        None => operand_shape(builder, node)?,
    };
    let rank = shape.len() as i64;
    let end = |name, default: i64| {
        let at = node.int(name, default);
        (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize
    };
    let (start, stop) = (end("start", 0), end("end", rank));
    let sizes: Vec<i64> = shape.iter().take(stop).skip(start).map(|size| *size as i64).collect();
    Ok(Value::Constant(Arc::new(Constant::integers_of(node.output, vec![sizes.len()], sizes))))
}

/// A constant of one value everywhere.
pub(super) fn constant_of_shape(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let sizes = integers(builder, node, 0)?.unwrap_or_default();
    let shape = constant::shape(&sizes, node.output, 0)?;
    let one = match node.tensor("value") {
        Some(tensor) => Constant::read(tensor, tensor.raw_data.clone(), node.output)?,
        None => Constant { name: node.output.to_owned(), shape: vec![1], elements: Elements::Floats(vec![0.0]) },
    };
    let gather = arranged(builder, node, 1, &shape, |_| Pick::of(0))?;
    gathered(builder, node, vec![Value::Constant(Arc::new(one))], gather)
}

pub(super) fn range(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let [start, limit, step] = [0, 1, 2].map(|at| integers(builder, node, at));
    let one = |list: Result<Option<Vec<i64>>, ModelError>| -> Result<i64, ModelError> {
        list?
            .and_then(|list| list.first().copied())
            .ok_or_else(|| node.unsupported("range", "no number".to_owned(), "three integers"))
    };
    let (start, limit, step) = (one(start)?, one(limit)?, one(step)?);
    if limit.saturating_sub(start).checked_div(step).is_none_or(|count| count.unsigned_abs() > 1 << 20) {
        return Err(node.unsupported("delta", step.to_string(), "a step that ends the range"));
    }
    let mut values = Vec::new();
    let mut at = start;
    while (step > 0 && at < limit) || (step < 0 && at > limit) {
        values.push(at);
        at = at.saturating_add(step);
    }
    Ok(Value::Constant(Arc::new(Constant::integers_of(node.output, vec![values.len()], values))))
}
