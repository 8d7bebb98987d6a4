//! Relu and Clip: bounds of the next requantisation.

use super::quantize::rescale;
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant::{Constant, Elements};
use crate::import::node::NodeView;
use crate::import::value::{Source, Value};

pub(super) fn relu(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    clamp(builder, node, 0.0, f64::INFINITY)
}

pub(super) fn clip(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let bound = |index, name| -> Result<Option<f64>, ModelError> {
        let constant = builder.optional_constant(node, index, "its bounds are computed by the graph")?;
        let value = match constant {
            Some(constant) => Some(number(&constant)?),
            None => node.float(name),
        };
        match value {
            Some(got) if got.is_nan() => Err(ModelError::NotFinite { tensor: node.name.to_owned(), index, got }),
            value => Ok(value),
        }
    };
    let (low, high) = (bound(1, "min")?, bound(2, "max")?);
    clamp(builder, node, low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))
}

/// A scalar bound; infinity is no bound.
fn number(constant: &Constant) -> Result<f64, ModelError> {
    let value = match &constant.elements {
        Elements::Floats(values) if values.len() == 1 => values.first().copied(),
        Elements::Quantised { values, scales, .. } if values.len() == 1 => {
            values.get(0).zip(scales.first()).map(|(value, scale)| value as f64 * scale)
        }
        Elements::Floats(_) | Elements::Quantised { .. } | Elements::Integers { .. } => None,
    };
    value.ok_or_else(|| ModelError::ElementType {
        tensor: constant.name.clone(),
        got: format!("a bound of shape {:?}", constant.shape),
        expected: "one FLOAT",
    })
}

fn clamp(builder: &Builder, node: &NodeView<'_>, low: f64, high: f64) -> Result<Value, ModelError> {
    let mut pending = match builder.value(node, 0)? {
        Value::Pending(pending) => pending.clone(),
        Value::Real(tensor) => Box::new(rescale(builder, node, *tensor)?),
        Value::Integer(_) | Value::Constant(_) | Value::Unknown(_) => {
            return Err(node.unquantised("it reads integers or a constant", "put a DequantizeLinear before it"));
        }
    };
    if pending.integer || matches!(pending.source, Source::Input(_)) {
        return Err(node.unquantised(
            "it reads a float tensor that was never quantised",
            "quantise its operand first: QuantizeLinear, DequantizeLinear",
        ));
    }
    if pending.has_constants_beyond(low, high) {
        return Err(node.unquantised(
            "its bounds leave out the zeros that were put around its operand",
            "quantise its operand first: QuantizeLinear, DequantizeLinear",
        ));
    }
    pending.clip(low, high);
    Ok(Value::Pending(pending))
}
