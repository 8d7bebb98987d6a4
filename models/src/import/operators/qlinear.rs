//! `QLinearConv`, `QLinearMatMul` and ONNX Runtime's `QGemm` and `QLinearAdd`: an op with its requantisation in one node.

use super::add::sum;
use super::linear::{ScaledWeights, convolution, dense};
use super::quantize::Parameters;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Quantisation, Source, Value};

/// Operands 0 to 5: x, its scale and zero point; w, its scales and zero points.
struct Operands {
    input: TensorId,
    scale: Ratio,
    weights: ScaledWeights,
}

fn operands(builder: &mut Builder, node: &NodeView<'_>, axis: usize) -> Result<Operands, ModelError> {
    let (input, scale) = activation(builder, node, 0)?;
    let w = Parameters::read(builder, node, 4, 5)?;
    w.must_be_of(node, builder.constant(node, 3, "its weights are not constant")?.integers()?.1);
    let weights = ScaledWeights::read(builder, node, 3, &w.zero_points, &w.scales, axis)?;
    Ok(Operands { input, scale, weights })
}

/// An integer operand whose scale and zero point are the two operands behind it.
fn activation(builder: &mut Builder, node: &NodeView<'_>, at: usize) -> Result<(TensorId, Ratio), ModelError> {
    let input = builder.integer(node, at)?;
    let of = Parameters::read(builder, node, at + 1, at + 2)?;
    of.must_be_of(node, builder.info(input)?.dtype);
    let of = of.of_tensor(node)?;
    builder.read_as(node, input, of.scale, of.zero_point)?;
    Ok((input, builder.scale(input)?))
}

/// Scale and zero point of the result.
fn result(builder: &Builder, node: &NodeView<'_>, at: usize) -> Result<Quantisation, ModelError> {
    Parameters::read(builder, node, at, at + 1)?.of_result(builder, node)
}

pub(super) fn conv(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let Operands { input, scale, weights } = operands(builder, node, 0)?;
    let result = result(builder, node, 6)?;
    let bias = builder.optional_constant(node, 8, "its bias is not constant")?;
    if let Some(bias) = &bias {
        bias.integers()?;
    }
    let pending = convolution(builder, node, (input, scale), weights, bias.as_deref())?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

pub(super) fn matmul(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let Operands { input, scale, weights } = operands(builder, node, 1)?;
    let result = result(builder, node, 6)?;
    let pending = dense(builder, node, input, scale, weights, true, None)?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

/// `QGemm`: operands 0 to 5 as `QLinearMatMul`; then a bias in steps of the accumulators, scale and zero point of the result. Without a scale the
/// result is a float.
pub(super) fn gemm(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    super::linear::must_be_one(node, &["alpha"]);
    node.must_be("transA", 0, "0");
    let transposed = node.int("transB", 0) == 0;
    let Operands { input, scale, weights } = operands(builder, node, usize::from(transposed))?;
    let bias = builder.optional_constant(node, 6, "its bias is not constant")?;
    if let Some(bias) = &bias {
        bias.integers()?;
    }
    super::linear::must_be_a_matrix(builder, node, input)?;
    super::linear::must_be_of_outputs(node, bias.as_deref())?;
    let pending = dense(builder, node, input, scale, weights, transposed, bias.as_deref())?;
    match (node.operand(7), node.operand(8)) {
        (None, None) => return Ok(Value::Pending(Box::new(pending))),
        (Some(_), Some(_)) => {}
        (Some(_), None) | (None, Some(_)) => {
            return Err(ModelError::InvalidNode {
                node: node.name.to_owned(),
                problem: "its result has a scale or a zero point alone".to_owned(),
                expected: "both, or neither for a float result".to_owned(),
            });
        }
    }
    let result = result(builder, node, 7)?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

/// `QLinearAdd`: two tensors, each with its scale and zero point behind it; scale and zero point of the result.
pub(super) fn add(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (x, _) = activation(builder, node, 0)?;
    let (y, _) = activation(builder, node, 3)?;
    // All three are of one type, also where the result has no zero point.
    let dtype = builder.info(x)?.dtype;
    let result = Parameters::read(builder, node, 6, 7)?;
    result.must_be_of(node, dtype);
    super::quantize::must_be_of(node, Some(builder.info(y)?.dtype), dtype);
    let result = Quantisation { dtype, ..result.of_result(builder, node)? };
    let pending = sum(builder, node, [x, y])?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

/// `QLinearMul`: as `QLinearAdd`.
pub(super) fn mul(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (x, scale) = activation(builder, node, 0)?;
    let (y, other) = activation(builder, node, 3)?;
    let dtype = builder.info(x)?.dtype;
    let result = Quantisation { dtype, ..result(builder, node, 6)? };
    let unit =
        scale.times(other).ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: scale.value() })?;
    let shape = builder.info(x)?.shape.clone();
    if builder.info(y)?.shape != shape {
        let got = builder.info(y)?.shape.clone();
        return Err(
            crate::OpFault::Shape { what: "second operand (no broadcasting)", expected: shape, got }.at(node.name)
        );
    }
    let pending = Pending::new(node.name, node.output, Source::Product { inputs: [x, y], unit }, shape);
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

/// `QLinearConcat`: scale and zero point of the result, then every operand with its own behind it.
pub(super) fn concat(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let result = result(builder, node, 0)?;
    let count = (node.proto.input.len().saturating_sub(2)) / 3;
    let mut values = Vec::with_capacity(count);
    for at in 0..count {
        let (tensor, _) = activation(builder, node, 2 + 3 * at)?;
        values.push(Value::Real(tensor));
    }
    match super::movement::joined(builder, node, values)? {
        Value::Pending(pending) => builder.quantise(&pending, result, node.output).map(Value::Integer),
        Value::Real(tensor) => {
            let pending = super::quantize::rescale(builder, node, tensor)?;
            builder.quantise(&pending, result, node.output).map(Value::Integer)
        }
        other => Ok(other),
    }
}

/// `QLinearAveragePool`.
pub(super) fn average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    pooled(builder, node, false)
}

/// `QLinearGlobalAveragePool`.
pub(super) fn global_average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    pooled(builder, node, true)
}

fn pooled(builder: &mut Builder, node: &NodeView<'_>, global: bool) -> Result<Value, ModelError> {
    node.must_be("channels_last", 0, "0 ([n, c, h, w])");
    if node.int("ceil_mode", 0) != 0 && node.int("count_include_pad", 0) != 0 {
        // ONNX Runtime divides by another number at the border than ONNX says.
        node.must_be("ceil_mode", 0, "0 where padding counts");
    }
    let (input, _) = activation(builder, node, 0)?;
    let dtype = builder.info(input)?.dtype;
    let result = Quantisation { dtype, ..result(builder, node, 3)? };
    let pending = super::pool::averages(builder, node, input, global)?;
    builder.quantise(&pending, result, node.output).map(Value::Integer)
}

/// `QLinearSigmoid`, `QLinearLeakyRelu`.
pub(super) fn function(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (input, _) = activation(builder, node, 0)?;
    let dtype = builder.info(input)?.dtype;
    let result = Quantisation { dtype, ..result(builder, node, 3)? };
    match super::functions::over(builder, node, input)? {
        Value::Pending(pending) => builder.quantise(&pending, result, node.output).map(Value::Integer),
        other => Ok(other),
    }
}
