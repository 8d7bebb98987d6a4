//! Pad in all its modes: <https://onnx.ai/onnx/operators/onnx__Pad.html>.

use std::collections::HashSet;

use super::movement::{arranged, dot, gathered, integers, strides};
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant::Elements;
use crate::import::node::NodeView;
use crate::import::value::Value;
use crate::ops::Pick;

pub(super) fn pad(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let from = builder.shape(&value)?;
    let given = match node.ints("pads") {
        Some(ints) => Some(ints.to_vec()),
        None => integers(builder, node, 1)?,
    };
    let given = given.unwrap_or_default();
    let along: Vec<usize> = match integers(builder, node, 3)? {
        Some(axes) => axes.iter().map(|axis| node.axis(*axis, from.len())).collect::<Result<_, _>>()?,
        None => (0..from.len()).collect(),
    };
    let bad =
        || node.unsupported("pads", format!("{given:?}"), "a number before and one behind every axis, each axis once");
    let unique: HashSet<usize> = along.iter().copied().collect();
    if from.contains(&0)
        || unique.len() != along.len()
        || given.len() != 2 * along.len()
        || given.iter().any(|pad| pad.unsigned_abs() > 1 << 26)
    {
        return Err(bad());
    }
    let mut pads = vec![(0i64, 0i64); from.len()];
    for (at, axis) in along.iter().enumerate() {
        if let (Some(slot), Some(before), Some(behind)) =
            (pads.get_mut(*axis), given.get(at), given.get(along.len() + at))
        {
            *slot = (*before, *behind);
        }
    }
    let size = |(size, (before, behind)): (&usize, &(i64, i64))| usize::try_from(*size as i64 + before + behind).ok();
    let shape: Vec<usize> = from.iter().zip(&pads).map(size).collect::<Option<_>>().ok_or_else(bad)?;
    let mode = node.string("mode").unwrap_or_else(|| "constant".to_owned());
    let fill = if mode == "constant" { fill(builder, node, &value)? } else { 0 };
    let reach = |(size, (before, behind)): (&usize, &(i64, i64))| match mode.as_str() {
        "wrap" => *before < 0 || *behind < 0,
        "reflect" => *before >= *size as i64 || *behind >= *size as i64,
        _ => false,
    };
    if from.iter().zip(&pads).any(reach) {
        // Runtimes disagree, or ONNX does not allow it.
        return Err(node.unsupported(
            "pads",
            format!("{given:?}, {mode}"),
            "reflected pads below the size, none cut off where they wrap",
        ));
    }
    let source = |at: i64, size: i64| -> Option<i64> {
        if (0..size).contains(&at) {
            return Some(at);
        }
        match mode.as_str() {
            "edge" => Some(at.clamp(0, size - 1)),
            "wrap" => Some(at.rem_euclid(size)),
            "reflect" if size > 1 => {
                let period = 2 * (size - 1);
                let within = at.rem_euclid(period);
                Some(within.min(period - within))
            }
            "reflect" => Some(0),
            _ => None,
        }
    };
    if !matches!(mode.as_str(), "constant" | "edge" | "wrap" | "reflect") {
        return Err(node.unsupported("mode", mode, "constant, edge, reflect or wrap"));
    }
    let steps = strides(&from);
    let gather = arranged(builder, node, 1, &shape, |index| {
        let within: Option<Vec<usize>> = index
            .iter()
            .zip(&pads)
            .zip(&from)
            .map(|((at, (before, _)), size)| source(*at as i64 - before, *size as i64).map(|at| at as usize))
            .collect();
        within.map_or(Pick::Constant(fill), |index| Pick::of(dot(&index, &steps)))
    })?;
    gathered(builder, node, vec![value], gather)
}

/// What Pad puts around a value: steps from its zero, or the number itself around constants.
fn fill(builder: &Builder, node: &NodeView<'_>, value: &Value) -> Result<i32, ModelError> {
    let real = match (node.float("value"), builder.optional_constant(node, 2, "its constant is computed by the graph")?)
    {
        (Some(real), _) => real,
        (None, Some(constant)) => constant
            .scalar()
            .ok_or_else(|| node.unsupported("constant_value", format!("shape {:?}", constant.shape), "one number"))?,
        (None, None) => 0.0,
    };
    let steps = match value {
        Value::Real(tensor) => {
            let info = builder.info(*tensor)?;
            let exact = real / info.scale;
            let steps = exact.round_ties_even();
            let whole = steps + f64::from(info.zero_point);
            let held = (info.dtype.min() as f64..=info.dtype.max() as f64).contains(&whole);
            if !held || (exact - steps).abs() > 1e-5 * exact.abs().max(1.0) {
                let expected = "0, or a number that the operand's scale and type hold";
                return Err(node.unsupported("constant_value", real.to_string(), expected));
            }
            steps as i64
        }
        // What its integers stand for is not known before it is read.
        Value::Integer(tensor) if builder.is_scaled(*tensor) => {
            real as i64 - i64::from(builder.info(*tensor)?.zero_point)
        }
        Value::Integer(_) => {
            return Err(
                node.unquantised("it pads integers whose scale is not known yet", "put a DequantizeLinear before it")
            );
        }
        Value::Constant(constant) => match &constant.elements {
            Elements::Integers { .. } => real as i64,
            Elements::Floats(_) | Elements::Quantised { .. } if real == 0.0 => 0,
            Elements::Floats(_) | Elements::Quantised { .. } => {
                return Err(node.unsupported("constant_value", real.to_string(), "0 around a constant"));
            }
        },
        Value::Pending(_) | Value::Unknown(_) if real == 0.0 => 0,
        Value::Pending(_) | Value::Unknown(_) => {
            return Err(node.unquantised(
                "it pads a value without a scale with something other than 0",
                "quantise its operand first: QuantizeLinear, DequantizeLinear",
            ));
        }
    };
    i32::try_from(steps).map_err(|_| node.unsupported("constant_value", real.to_string(), "a number of 32 bits"))
}
