//! `QuantizeLinear` and `DequantizeLinear`: <https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html>.

use std::sync::Arc;

use crate::error::ModelError;
use crate::graph::DType;
use crate::import::builder::Builder;
use crate::import::constant::{Constant, Elements};
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Part, Pending, Quantisation, Source, Value};
use crate::ops::{Op, Rescale};
use crate::requantise::Requantise;
use crate::warning::Warning;

/// `TensorProto.FLOAT`.
const FLOAT: i64 = 1;
/// First operator set with 16-bit `QuantizeLinear`.
const FIRST_OPSET_OF_16_BITS: i64 = 21;

/// Scales and zero points of operands `scale` and `zero_point`; one, or one per channel.
pub(super) struct Parameters {
    pub(super) scales: Vec<f64>,
    pub(super) zero_points: Vec<i64>,
    /// Type of the zero point, where there is one.
    pub(super) dtype: Option<DType>,
}

impl Parameters {
    pub(super) fn read(
        builder: &Builder,
        node: &NodeView<'_>,
        scale: usize,
        zero_point: usize,
    ) -> Result<Self, ModelError> {
        let scales = builder.constant(node, scale, "its scale is computed by the graph")?.floats()?.to_vec();
        if let Some(got) = scales.iter().copied().find(|scale| Ratio::of(*scale).is_none()) {
            return Err(ModelError::BadScale { node: node.name.to_owned(), got });
        }
        let (zero_points, dtype) = zero_points(builder, node, zero_point)?;
        if zero_points.len() != scales.len() && zero_points.len() > 1 {
            let fault = crate::OpFault::Size { what: "zero points", expected: scales.len(), got: zero_points.len() };
            return Err(fault.at(node.name));
        }
        Ok(Self { scales, zero_points, dtype })
    }

    /// Zero point of a channel.
    pub(super) fn zero_point(&self, channel: usize) -> i64 {
        self.zero_points.get(channel).or(self.zero_points.first()).copied().unwrap_or(0)
    }

    /// Whether some zero point is not 0.
    fn is_shifted(&self) -> bool {
        self.zero_points.iter().any(|zero_point| *zero_point != 0)
    }

    /// Refuses a zero point of another type than the integers that it belongs to.
    pub(super) fn must_be_of(&self, node: &NodeView<'_>, integers: DType) {
        must_be_of(node, self.dtype, integers);
    }

    /// As [`Parameters::of_tensor`], of a result: 8 bits, or 16 where the operator set has them.
    pub(super) fn of_result(&self, builder: &Builder, node: &NodeView<'_>) -> Result<Quantisation, ModelError> {
        match self.dtype {
            None | Some(DType::U8 | DType::I8) => {}
            Some(DType::I16) if builder.opset >= FIRST_OPSET_OF_16_BITS => {}
            Some(got) => node.refuse(other_type(node, got, "UINT8 or INT8", "the type of the result")),
        }
        self.of_tensor(node)
    }

    /// The only scale and zero point; activations have one.
    pub(super) fn of_tensor(&self, node: &NodeView<'_>) -> Result<Quantisation, ModelError> {
        match self.scales.as_slice() {
            [scale] => Ok(Quantisation {
                scale: *scale,
                zero_point: self.zero_point(0),
                dtype: self.dtype.unwrap_or(DType::U8),
            }),
            many => Err(node.unsupported("scale", format!("{} scales", many.len()), "one scale for an activation")),
        }
    }
}

/// Refuses a zero point of another type than the integers that it belongs to.
pub(super) fn must_be_of(node: &NodeView<'_>, zero_point: Option<DType>, integers: DType) {
    if let Some(got) = zero_point.filter(|dtype| *dtype != integers) {
        node.refuse(other_type(node, got, integers.onnx_name(), "the type of the integers it belongs to"));
    }
}

fn other_type(node: &NodeView<'_>, got: DType, expected: &str, why: &str) -> ModelError {
    ModelError::InvalidNode {
        node: node.name.to_owned(),
        problem: format!("its zero point is of type {}", got.onnx_name()),
        expected: format!("{expected}, {why}"),
    }
}

/// Zero points of an operand, none if it is left out.
pub(super) fn zero_points(
    builder: &Builder,
    node: &NodeView<'_>,
    index: usize,
) -> Result<(Vec<i64>, Option<DType>), ModelError> {
    let Some(constant) = builder.optional_constant(node, index, "its zero point is computed by the graph")? else {
        return Ok((Vec::new(), None));
    };
    let (values, dtype) = constant.integers()?;
    match dtype {
        DType::U8 | DType::I8 | DType::I16 | DType::I32 => Ok((values.to_vec(), Some(dtype))),
        DType::I64 => Err(ModelError::ElementType {
            tensor: constant.name.clone(),
            got: "INT64".to_owned(),
            expected: "UINT8, INT8, INT16 or INT32",
        }),
    }
}

pub(super) fn quantize(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("block_size", 0, "0");
    node.must_be("output_dtype", 0, "0 (the type of the zero point)");
    node.must_be("precision", 0, "0 (that of the scale)");
    let parameters = Parameters::read(builder, node, 1, 2)?;
    if let Some(shape) = builder.unknown_shape(node, 0).map(<[usize]>::to_vec) {
        // What comes after can be said although what comes before was refused.
        let quantisation = parameters.of_result(builder, node)?;
        return Ok(Value::Integer(builder.add_tensor(node.output, shape, quantisation, true)));
    }
    let value = builder.value(node, 0)?.clone();
    if let Value::Constant(constant) = &value {
        return quantize_constant(constant, &parameters, node);
    }
    let quantisation = parameters.of_result(builder, node)?;
    let pending = match value {
        Value::Pending(pending) => pending,
        Value::Real(tensor) => {
            let info = builder.info(tensor)?;
            let scale = (info.scale.to_bits(), i64::from(info.zero_point), info.dtype);
            if scale == (quantisation.scale.to_bits(), quantisation.zero_point, quantisation.dtype) {
                builder.name_integer(tensor, node.output);
                return Ok(Value::Integer(tensor));
            }
            if info.scale.to_bits() != quantisation.scale.to_bits() {
                node.warn(Warning::TwoScales {
                    node: node.name.to_owned(),
                    tensor: info.name.clone(),
                    from: info.scale,
                    to: quantisation.scale,
                });
            }
            Box::new(rescale(builder, node, tensor)?)
        }
        Value::Integer(_) | Value::Constant(_) | Value::Unknown(_) => {
            return Err(node.unquantised("it quantises integers", "put a DequantizeLinear before it"));
        }
    };
    builder.quantise(&pending, quantisation, node.output).map(Value::Integer)
}

/// A tensor waiting for another scale or for bounds.
pub(super) fn rescale(builder: &Builder, node: &NodeView<'_>, tensor: crate::TensorId) -> Result<Pending, ModelError> {
    let units = vec![builder.scale(tensor)?];
    let op = Op::Rescale(Rescale { requantise: Requantise::accumulators() });
    let shape = builder.info(tensor)?.shape.clone();
    Ok(Pending::new(node.name, node.output, Source::Accumulators { op, input: tensor, units }, shape))
}

/// As [`rescale`], as a part of something else.
pub(super) fn rescale_part(builder: &Builder, tensor: crate::TensorId) -> Result<Part, ModelError> {
    let op = Op::Rescale(Rescale { requantise: Requantise::accumulators() });
    Ok(Part { op, input: tensor, units: vec![builder.scale(tensor)?] })
}

/// Float weights that the file quantises itself.
fn quantize_constant(constant: &Constant, p: &Parameters, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let dtype = p.dtype.unwrap_or(DType::U8);
    let (_, channel) = channels(constant, p, node)?;
    let quantise = |(at, real): (usize, &f64)| {
        let scale = p.scales.get(channel(at)).or(p.scales.first()).copied().unwrap_or(1.0);
        let rounded = (*real as f32 / scale as f32).round_ties_even() as i64;
        rounded.saturating_add(p.zero_point(channel(at))).clamp(dtype.min(), dtype.max())
    };
    let values: Vec<i64> = constant.floats()?.iter().enumerate().map(quantise).collect();
    let elements = Elements::Integers { values: values.into(), dtype };
    Ok(Value::Constant(Arc::new(Constant { name: node.output.to_owned(), shape: constant.shape.clone(), elements })))
}

pub(super) fn dequantize(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("block_size", 0, "0");
    if !matches!(node.int("output_dtype", 0), 0 | FLOAT) {
        node.refuse(node.unsupported("output_dtype", node.int("output_dtype", 0).to_string(), "0 or 1 (FLOAT)"));
    }
    let parameters = Parameters::read(builder, node, 1, 2)?;
    match builder.value(node, 0)?.clone() {
        Value::Integer(tensor) => {
            parameters.must_be_of(node, builder.info(tensor)?.dtype);
            let quantisation = parameters.of_tensor(node)?;
            builder.read_as(node, tensor, quantisation.scale, quantisation.zero_point)?;
            Ok(Value::Real(tensor))
        }
        Value::Constant(constant) => dequantize_constant(&constant, parameters, node),
        Value::Real(_) | Value::Pending(_) | Value::Unknown(_) => Err(node
            .unquantised("it dequantises a tensor that is no 8-bit integer tensor", "put a QuantizeLinear before it")),
    }
}

fn dequantize_constant(constant: &Constant, p: Parameters, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let (values, dtype) = constant.integers()?;
    p.must_be_of(node, dtype);
    let (axis, channel) = channels(constant, &p, node)?;
    let values = values.less(p.is_shifted().then_some(|at| p.zero_point(channel(at))));
    let elements = Elements::Quantised { values, dtype, scales: p.scales, axis };
    Ok(Value::Constant(Arc::new(Constant { name: node.output.to_owned(), shape: constant.shape.clone(), elements })))
}

/// The axis that scales run along, and the channel of an element; scales must be one, or one per index of the axis.
fn channels(
    constant: &Constant,
    p: &Parameters,
    node: &NodeView<'_>,
) -> Result<(usize, impl Fn(usize) -> usize + use<>), ModelError> {
    let (mut axis, mut size, mut inner) = (0, 1, 1);
    if p.scales.len() != 1 {
        axis = node.axis(node.int("axis", 1), constant.shape.len())?;
        size = constant.shape.get(axis).copied().unwrap_or(1);
        inner = constant.shape.iter().skip(axis + 1).product();
        if p.scales.len() != size {
            let fault = crate::OpFault::Size { what: "scales (or 1)", expected: size, got: p.scales.len() };
            return Err(fault.at(node.name));
        }
    }
    Ok((axis, move |element: usize| element / inner.max(1) % size.max(1)))
}
