//! Conv, Gemm, `MatMul` and their integer forms: accumulators that wait for a scale.

use super::convolution::Convolution;
use super::movement::{arranged, dot, strides};
use super::windows::Windows;
use crate::error::ModelError;
use crate::graph::{DType, TensorId};
use crate::import::builder::Builder;
use crate::import::constant::{Constant, Elements, Integers};
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Source, Value};
use crate::ops::{Conv, Dense, IntegerOp, Op, Pick};
use crate::requantise::Requantise;
use crate::transpose::Transpose;
use crate::warning::Warning;
use crate::weights::Weights;

/// Weights with their zero point subtracted; one scale, or one per output.
pub(super) struct ScaledWeights {
    values: Weights,
    shape: Vec<usize>,
    scales: Vec<Ratio>,
}

impl ScaledWeights {
    /// From a dequantised constant; `axis` is that of the outputs.
    fn of_constant(constant: &Constant, node: &NodeView<'_>, axis: usize) -> Result<Self, ModelError> {
        let Elements::Quantised { values, dtype, scales, axis: got } = &constant.elements else {
            constant.floats()?;
            return Err(node.unquantised(
                "its weights are floats",
                "quantise the weights too: int8 with a DequantizeLinear (in quantize_static, do not exclude the node or its operator)",
            ));
        };
        if scales.len() > 1 && *got != axis {
            return Err(node.unsupported(
                "scales of the weights",
                format!("one per index of axis {got}"),
                "one per output",
            ));
        }
        Self::new(values, *dtype, constant.shape.clone(), scales, node)
    }

    /// From integers with zero points already subtracted.
    pub(super) fn new(
        values: &Integers,
        dtype: DType,
        shape: Vec<usize>,
        scales: &[f64],
        node: &NodeView<'_>,
    ) -> Result<Self, ModelError> {
        if !matches!(dtype, DType::U8 | DType::I8) {
            return Err(node.unsupported("type of the weights", format!("{dtype:?}"), "8-bit weights (INT8 or UINT8)"));
        }
        let scale = |scale: &f64| {
            Ratio::of(*scale).ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: *scale })
        };
        let scales = scales.iter().map(scale).collect::<Result<_, _>>()?;
        let values = values.within(255).map_err(|wide| {
            let fault =
                crate::OpFault::Constant { what: "weight less its zero point", got: wide.into(), low: -255, high: 255 };
            fault.at(node.name)
        })?;
        Ok(Self { values, shape, scales })
    }

    /// From an integer operand and the zero points of another, `axis` being that of the outputs.
    pub(super) fn read(
        builder: &Builder,
        node: &NodeView<'_>,
        index: usize,
        zero_points: &[i64],
        scales: &[f64],
        axis: usize,
    ) -> Result<Self, ModelError> {
        let constant = builder.constant(node, index, "its weights are not constant")?;
        let (values, dtype) = constant.integers()?;
        let outputs = constant.shape.get(axis).copied().unwrap_or(0);
        for (what, got) in [("zero points of the weights", zero_points.len()), ("scales of the weights", scales.len())]
        {
            if got > 1 && got != outputs {
                return Err(crate::OpFault::Size { what, expected: outputs, got }.at(node.name));
            }
        }
        let inner: usize = constant.shape.iter().skip(axis + 1).product();
        let zero_point = |at: usize| {
            let channel = if zero_points.len() > 1 { at / inner.max(1) % outputs.max(1) } else { 0 };
            zero_points.get(channel).copied().unwrap_or(0)
        };
        let shifted = zero_points.iter().any(|zero_point| *zero_point != 0);
        Self::new(&values.less(shifted.then_some(zero_point)), dtype, constant.shape.clone(), scales, node)
    }

    /// `[i, o]` as `[o, i]`.
    fn transposed(self, node: &NodeView<'_>) -> Result<Self, ModelError> {
        let transpose = Transpose { perm: vec![1, 0] };
        let values = self.values.transposed(&transpose, &self.shape).map_err(|fault| fault.at(node.name))?;
        let shape = transpose.permuted(&self.shape).map_err(|fault| fault.at(node.name))?;
        Ok(Self { values, shape, scales: self.scales })
    }

    /// Real value of one step of an accumulator over an operand of this scale.
    fn units(&self, scale: Ratio, node: &NodeView<'_>) -> Result<Vec<Ratio>, ModelError> {
        let unit = |weight: &Ratio| {
            weight.times(scale).ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: weight.value() })
        };
        self.scales.iter().map(unit).collect()
    }
}

/// Integers of a bias in units of the accumulators: those of the file where its scale is that of the accumulators, otherwise
/// rounded to the nearest, half to even, with a warning where that loses anything.
pub(super) fn bias(
    constant: Option<&Constant>,
    units: &[Ratio],
    outputs: usize,
    node: &NodeView<'_>,
) -> Result<Vec<i64>, ModelError> {
    let Some(constant) = constant else { return Ok(vec![0; outputs]) };
    let got = constant.len();
    if got != outputs && got != 1 {
        return Err(crate::OpFault::Size { what: "bias", expected: outputs, got }.at(node.name));
    }
    let steps = steps(constant, units, outputs, node)?;
    if let Some((output, got)) =
        steps.iter().map(|step| step.0).enumerate().find(|(_, got)| i32::try_from(*got).is_err())
    {
        node.warn(Warning::WideBias { node: node.name.to_owned(), output, got });
    }
    let lost: Vec<f64> = steps.iter().map(|step| step.1).filter(|loss| *loss > 0.0).collect();
    if !lost.is_empty() {
        let (node_name, loss) = (node.name.to_owned(), lost.iter().copied().fold(0.0, f64::max));
        node.warn(Warning::RoundedBias { node: node_name, count: lost.len(), outputs, loss });
    }
    Ok(steps.into_iter().map(|step| step.0).collect())
}

/// The bias of each output in steps of its accumulators, and what rounding it to them lost.
fn steps(
    constant: &Constant,
    units: &[Ratio],
    outputs: usize,
    node: &NodeView<'_>,
) -> Result<Vec<(i64, f64)>, ModelError> {
    // One for all, or one each.
    let of = |length: usize, output: usize| if length == 1 { 0 } else { output };
    let missing = |what, got| crate::OpFault::Size { what, expected: outputs, got }.at(node.name);
    let unit = |output: usize| {
        let unit =
            units.get(of(units.len(), output)).ok_or_else(|| missing("scales of the accumulators", units.len()))?;
        Ok(unit.value())
    };
    let step = |output: usize| {
        let at = of(constant.len(), output);
        match &constant.elements {
            Elements::Integers { values, .. } => {
                let value = values.get(at).ok_or_else(|| missing("bias", values.len()))?;
                Ok((value, 0.0))
            }
            Elements::Floats(values) => {
                let value = values.get(at).ok_or_else(|| missing("bias", values.len()))?;
                Ok(rounded(value / unit(output)?))
            }
            Elements::Quantised { values, scales, .. } => {
                let value = values.get(at).ok_or_else(|| missing("bias", values.len()))?;
                let scale =
                    scales.get(of(scales.len(), at)).ok_or_else(|| missing("scales of the bias", scales.len()))?;
                let factor = scale / unit(output)?;
                // The file holds the product of two scales as one float32.
                let same = (factor - 1.0).abs() < FLOAT32_ERROR;
                Ok(if same { (value, 0.0) } else { rounded(value as f64 * factor) })
            }
        }
    };
    if matches!(constant.elements, Elements::Floats(_)) {
        constant.floats()?;
    }
    (0..outputs).map(step).collect()
}

/// What a float32 may be off by, of 1.
const FLOAT32_ERROR: f64 = 1e-6;

/// The nearest integer, half to even, and how far it is, if that is more than the error of a float32.
fn rounded(exact: f64) -> (i64, f64) {
    let nearest = exact.round_ties_even();
    let loss = (exact - nearest).abs();
    (nearest as i64, if loss > FLOAT32_ERROR * exact.abs().max(1.0) { loss } else { 0.0 })
}

/// Conv of a tensor read with a scale.
pub(super) fn convolution(
    builder: &mut Builder,
    node: &NodeView<'_>,
    (input, scale): (TensorId, Ratio),
    weights: ScaledWeights,
    bias_constant: Option<&Constant>,
) -> Result<Pending, ModelError> {
    let spatial = weights.shape.get(2..).unwrap_or_default().to_vec();
    let kernel = node.sizes("kernel_shape", spatial.clone());
    if kernel != spatial {
        return Err(node.unsupported("kernel_shape", format!("{kernel:?}"), "the last sizes of the weights"));
    }
    let shape = builder.info(input)?.shape.clone();
    let windows = Windows::read(node, &shape, &kernel)?;
    let group = usize::try_from(node.int("group", 1)).unwrap_or(0);
    let units = weights.units(scale, node)?;
    let outputs = weights.shape.first().copied().unwrap_or(0);
    let bias = bias(bias_constant, &units, outputs, node)?;
    let conv = Convolution { weights: weights.values, shape: weights.shape, group, bias };
    conv.pending(builder, node, input, units, &windows.axes)
}

/// Gemm or `MatMul` of a tensor read with a scale; weights `[o, i]`, or `[i, o]` if `transposed`. Of several rows the inputs become channels and the
/// rows a plane, over which a convolution of 1x1 goes.
pub(super) fn dense(
    builder: &mut Builder,
    node: &NodeView<'_>,
    input: TensorId,
    scale: Ratio,
    weights: ScaledWeights,
    transposed: bool,
    bias_constant: Option<&Constant>,
) -> Result<Pending, ModelError> {
    let weights = if transposed { weights.transposed(node)? } else { weights };
    let [outputs, inputs] = weights.shape.as_slice().try_into().map_err(|_| {
        crate::OpFault::Rank { expected: "2 (a matrix of weights)", got: weights.shape.clone() }.at(node.name)
    })?;
    let units = weights.units(scale, node)?;
    let bias = bias(bias_constant, &units, outputs, node)?;
    let requantise = Requantise::accumulators();
    let from = builder.info(input)?.shape.clone();
    let rows: usize = from.iter().rev().skip(1).product();
    if rows > 1 && from.last() == Some(&inputs) {
        let shape = [from.get(..from.len() - 1).unwrap_or_default(), &[outputs]].concat();
        let by_channels =
            arranged(builder, node, 1, &[1, inputs, 1, rows], |index| Pick::of(index[3] * inputs + index[1]))?;
        let (name, laid) = (format!("{}/columns", node.output), by_channels.shape.clone());
        let columns = builder.emit_alike(node.name, Op::Gather(by_channels), vec![input], &name, laid)?;
        let weights_shape = [outputs, inputs, 1, 1];
        let conv = Conv { weights: weights.values, weights_shape, bias, pads: [0; 4], group: 1, requantise };
        let source = Source::Accumulators { op: Op::Conv(conv), input: columns, units };
        let pending = Pending::new(node.name, node.output, source, vec![1, outputs, 1, rows]);
        let steps = strides(&shape);
        let by_rows = arranged(builder, node, 1, &shape, |index| {
            let at = dot(index, &steps);
            Pick::of(at % outputs * rows + at / outputs)
        })?;
        let axis = shape.len() - 1;
        return Ok(pending.then(node, Op::Gather(by_rows), shape).layer(axis));
    }
    let dense = Dense { weights: weights.values, outputs, inputs, bias, requantise };
    let shape = dense.output_shape(&[&from], &[]).map_err(|fault| fault.at(node.name))?;
    let axis = shape.len().saturating_sub(1);
    Ok(Pending::new(node.name, node.output, Source::Accumulators { op: Op::Dense(dense), input, units }, shape)
        .layer(axis))
}

/// `ConvTranspose`: weights `[c, o / group, ...]`.
pub(super) fn transposed(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let constant = builder.constant(node, 1, "its weights are not constant")?;
    let group = usize::try_from(node.int("group", 1)).unwrap_or(0);
    let weights = ScaledWeights::of_constant(&constant, node, 1)?;
    if weights.shape.first().is_none_or(|channels| group > *channels) {
        return Err(node.unsupported("group", group.to_string(), "at most the channels of the input"));
    }
    if weights.scales.len() > 1 && group != 1 {
        return Err(node.unsupported("group", group.to_string(), "1, or one scale for all weights"));
    }
    let bias_constant = builder.optional_constant(node, 2, "its bias is not constant")?;
    let units = weights.units(builder.scale(input)?, node)?;
    let outputs = weights.shape.get(1).copied().unwrap_or(0).saturating_mul(group);
    let bias = bias(bias_constant.as_deref(), &units, outputs, node)?;
    let conv = Convolution { weights: weights.values, shape: weights.shape, group, bias };
    conv.transposed(builder, node, input, units).map(|pending| Value::Pending(Box::new(pending)))
}

pub(super) fn conv(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let constant = builder.constant(node, 1, "its weights are not constant")?;
    let weights = ScaledWeights::of_constant(&constant, node, 0)?;
    let bias = builder.optional_constant(node, 2, "its bias is not constant")?;
    let scale = builder.scale(input)?;
    convolution(builder, node, (input, scale), weights, bias.as_deref())
        .map(|pending| Value::Pending(Box::new(pending)))
}

/// Refuses factors of a Gemm that change anything.
pub(super) fn must_be_one(node: &NodeView<'_>, factors: &[&'static str]) {
    for name in factors {
        if let Some(got) = node.float(name).filter(|got| got.to_bits() != 1f64.to_bits()) {
            node.refuse(node.unsupported(name, got.to_string(), "1: fold it into weights and bias"));
        }
    }
}

/// Refuses a bias of a Gemm that is neither one number nor one for each output.
pub(super) fn must_be_of_outputs(node: &NodeView<'_>, bias: Option<&Constant>) -> Result<(), ModelError> {
    match bias {
        Some(bias) if bias.len() != 1 && !super::add::runs_along(&bias.shape, 1, 2) => {
            Err(node.unsupported("bias", format!("shape {:?}", bias.shape), "one number, or one for each output"))
        }
        _ => Ok(()),
    }
}

/// Refuses an operand of a Gemm that has not two axes.
pub(super) fn must_be_a_matrix(builder: &Builder, node: &NodeView<'_>, input: TensorId) -> Result<(), ModelError> {
    let got = &builder.info(input)?.shape;
    if got.len() == 2 {
        return Ok(());
    }
    Err(crate::OpFault::Rank { expected: "2 for Gemm", got: got.clone() }.at(node.name))
}

pub(super) fn gemm(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("transA", 0, "0");
    let transposed = node.int("transB", 0) == 0;
    let input = builder.real(node, 0)?;
    let constant = builder.constant(node, 1, "its weights are not constant")?;
    let mut weights = ScaledWeights::of_constant(&constant, node, usize::from(transposed))?;
    let bias = builder.optional_constant(node, 2, "its bias is not constant")?;
    must_be_a_matrix(builder, node, input)?;
    must_be_of_outputs(node, bias.as_deref())?;
    let [alpha, beta] = ["alpha", "beta"].map(|name| node.float(name).unwrap_or(1.0));
    if alpha.to_bits() != 1f64.to_bits() {
        // A factor of the product is one of the weights' scale.
        let scaled = |scale: &Ratio| Ratio::of(alpha).and_then(|alpha| scale.times(alpha));
        let scales: Option<Vec<Ratio>> = weights.scales.iter().map(scaled).collect();
        weights.scales = scales.ok_or_else(|| node.unsupported("alpha", alpha.to_string(), "a positive number"))?;
    }
    let bias = match bias {
        Some(bias) if beta.to_bits() != 1f64.to_bits() => {
            let reals = bias.reals().ok_or_else(|| node.unsupported("beta", beta.to_string(), "1"))?;
            let elements = Elements::Floats(reals.iter().map(|real| real * beta).collect());
            Some(Constant { name: bias.name.clone(), shape: bias.shape.clone(), elements })
        }
        bias => bias.as_deref().cloned(),
    };
    let scale = builder.scale(input)?;
    dense(builder, node, input, scale, weights, transposed, bias.as_ref())
        .map(|pending| Value::Pending(Box::new(pending)))
}

pub(super) fn matmul(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    if let Value::Real(second) = builder.value(node, 1)? {
        let second = *second;
        return super::products::matmul(builder, node, second);
    }
    let input = builder.real(node, 0)?;
    let constant = builder.constant(node, 1, "its second operand is not constant")?;
    let weights = ScaledWeights::of_constant(&constant, node, 1)?;
    let scale = builder.scale(input)?;
    dense(builder, node, input, scale, weights, true, None).map(|pending| Value::Pending(Box::new(pending)))
}

/// The operand and weights of `ConvInteger` or `MatMulInteger`, whose zero points are operands 2 and 3.
fn integer_operands(
    builder: &mut Builder,
    node: &NodeView<'_>,
    axis: usize,
) -> Result<(TensorId, ScaledWeights), ModelError> {
    let input = builder.integer(node, 0)?;
    let (zero_points, kind) = super::quantize::zero_points(builder, node, 2)?;
    super::quantize::must_be_of(node, kind, builder.info(input)?.dtype);
    let zero_point = match zero_points.as_slice() {
        [] => 0,
        [zero_point] => *zero_point,
        many => return Err(node.unsupported("zero point", format!("{} of them", many.len()), "one for an activation")),
    };
    let scale = builder.info(input)?.scale;
    builder.read_as(node, input, scale, zero_point)?;
    let (zero_points, kind) = super::quantize::zero_points(builder, node, 3)?;
    let weights = builder.constant(node, 1, "its weights are not constant")?;
    super::quantize::must_be_of(node, kind, weights.integers()?.1);
    let weights = ScaledWeights::read(builder, node, 1, &zero_points, &[1.0], axis)?;
    Ok((input, weights))
}

pub(super) fn conv_integer(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (input, weights) = integer_operands(builder, node, 0)?;
    let mut pending = convolution(builder, node, (input, Ratio::ONE), weights, None)?;
    pending.integer = true;
    Ok(Value::Pending(Box::new(pending)))
}

pub(super) fn matmul_integer(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (input, weights) = integer_operands(builder, node, 1)?;
    let mut pending = dense(builder, node, input, Ratio::ONE, weights, true, None)?;
    pending.integer = true;
    Ok(Value::Pending(Box::new(pending)))
}
