//! `QLinearConv` and `QLinearMatMul`: a linear op with its requantisation in one node.

use super::linear::{ScaledWeights, convolution, dense};
use super::pool::Geometry;
use super::quantize::Parameters;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Quantisation, Value};

/// Operands 0 to 7: x, its scale and zero point; w, its scales and zero points; scale and zero point of the result.
struct Operands {
    input: TensorId,
    scale: Ratio,
    weights: ScaledWeights,
    result: Quantisation,
}

fn operands(builder: &mut Builder, node: &NodeView<'_>, axis: usize) -> Result<Operands, ModelError> {
    let input = builder.integer(node, 0)?;
    let x = Parameters::read(builder, node, 1, 2)?;
    x.must_be_of(node, builder.info(input)?.dtype);
    let x = x.of_tensor(node)?;
    builder.read_as(node, input, x.scale, x.zero_point)?;
    let w = Parameters::read(builder, node, 4, 5)?;
    w.must_be_of(node, builder.constant(node, 3, "its weights are not constant")?.integers()?.1);
    let weights = ScaledWeights::read(builder, node, 3, &w.zero_points, &w.scales, axis)?;
    let result = Parameters::read(builder, node, 6, 7)?.of_result(builder, node)?;
    Ok(Operands { input, scale: builder.scale(input)?, weights, result })
}

pub(super) fn conv(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let geometry = Geometry::read(node);
    let Operands { input, scale, weights, result } = operands(builder, node, 0)?;
    let bias = builder.optional_constant(node, 8, "its bias is not constant")?;
    if let Some(bias) = &bias {
        bias.integers()?;
    }
    let pending = convolution(builder, node, (input, scale), weights, bias.as_deref(), &geometry)?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

pub(super) fn matmul(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let Operands { input, scale, weights, result } = operands(builder, node, 1)?;
    let pending = dense(builder, node, input, scale, weights, true, None)?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}
