//! Functions of one number: Sigmoid, Tanh, Gelu and their like. Of a quantised tensor such a function is a table with a value for each of its
//! integers, computed by the `libm` crate, so that every machine makes the same one: in double precision, and rounded to single precision after each
//! operator, as a runtime has it between them. Its kernels may differ from that by one unit.

use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::value::{Pending, Source, Value};

/// A function of the elements of a tensor: its real value for every integer of the tensor's type.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) input: TensorId,
    pub(super) shape: Vec<usize>,
    values: Vec<f64>,
}

impl Function {
    /// The function followed by another.
    pub(super) fn map(mut self, of: impl Fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|value| *value = single(of(*value)));
        self
    }

    /// An operation on two functions of one tensor.
    pub(super) fn with(mut self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Self {
        self.values.iter_mut().zip(&other.values).for_each(|(x, y)| *x = single(of(*x, *y)));
        self
    }

    /// The value that waits for a scale.
    pub(super) fn pending(self, node: &NodeView<'_>) -> Value {
        let source = Source::Function { input: self.input, values: self.values };
        Value::Pending(Box::new(Pending::new(node.name, node.output, source, self.shape)))
    }
}

/// The number that a runtime of single precision has: of a sum, a product or a quotient of two such numbers exactly.
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Most integers of a type that a table is made for.
const LARGEST: i64 = 1 << 16;

/// A value as a function of the tensor that it stands on; `None` where it stands on none, or on accumulators.
pub(super) fn function_of(builder: &Builder, value: &Value) -> Result<Option<Function>, ModelError> {
    Ok(match value {
        Value::Real(tensor) => {
            let info = builder.info(*tensor)?;
            let (low, high) = (info.dtype.min(), info.dtype.max());
            if high.saturating_sub(low) >= LARGEST {
                return Ok(None);
            }
            let real = |value: i64| single(info.scale * (value - i64::from(info.zero_point)) as f64);
            Some(Function { input: *tensor, shape: info.shape.clone(), values: (low..=high).map(real).collect() })
        }
        Value::Pending(pending) => match &pending.source {
            Source::Function { input, values } if pending.after.is_empty() => {
                let clipped = values.iter().map(|value| value.max(pending.low).min(pending.high)).collect();
                Some(Function { input: *input, shape: pending.source_shape.clone(), values: clipped })
            }
            _ => None,
        },
        Value::Integer(_) | Value::Constant(_) | Value::Unknown(_) => None,
    })
}

/// An operator that is a function of one number.
pub(super) fn unary(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let of = named(node)?;
    match function_of(builder, &value)? {
        Some(function) => Ok(function.map(of).pending(node)),
        None => builder.real(node, 0).and_then(|_| {
            Err(node.unquantised("it reads a tensor of more than 16 bits", "quantise its operand to 8 bits"))
        }),
    }
}

/// As [`unary`], of a tensor.
pub(super) fn over(builder: &Builder, node: &NodeView<'_>, input: TensorId) -> Result<Value, ModelError> {
    let of = named(node)?;
    let function = function_of(builder, &Value::Real(input))?;
    let function = function
        .ok_or_else(|| node.unquantised("it reads a tensor of more than 16 bits", "quantise its operand to 8 bits"))?;
    Ok(function.map(of).pending(node))
}

/// The logistic function.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + libm::exp(-x)) } else { libm::exp(x) / (1.0 + libm::exp(x)) }
}

/// `log(1 + e^x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// `x / 2 (1 + erf(x / sqrt(2)))`.
fn gelu(x: f64) -> f64 {
    x / 2.0 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2))
}

/// Gelu's approximation by a hyperbolic tangent.
fn gelu_by_tanh(x: f64) -> f64 {
    const FACTOR: f64 = 0.797_884_560_802_865_4; // sqrt(2 / pi)
    x / 2.0 * (1.0 + libm::tanh(FACTOR * (x + 0.044_715 * x * x * x)))
}

type Of = Box<dyn Fn(f64) -> f64>;

/// The function of an operator, with its attributes: <https://onnx.ai/onnx/operators>.
fn named(node: &NodeView<'_>) -> Result<Of, ModelError> {
    let parameter = |name, default: f64| node.float(name).unwrap_or(default);
    let operator = node.operator();
    let name = operator.strip_prefix("com.microsoft.").unwrap_or(&operator);
    let name = name.strip_prefix("QLinear").unwrap_or(name);
    Ok(match name {
        "Sigmoid" => Box::new(sigmoid),
        "Tanh" => Box::new(libm::tanh),
        "Relu" => Box::new(|x| x.max(0.0)),
        "LeakyRelu" => {
            let alpha = parameter("alpha", 0.01);
            Box::new(move |x| if x < 0.0 { alpha * x } else { x })
        }
        "ThresholdedRelu" => {
            let alpha = parameter("alpha", 1.0);
            Box::new(move |x| if x > alpha { x } else { 0.0 })
        }
        "Elu" => {
            let alpha = parameter("alpha", 1.0);
            Box::new(move |x| if x < 0.0 { alpha * libm::expm1(x) } else { x })
        }
        "Celu" => {
            let alpha = parameter("alpha", 1.0);
            Box::new(move |x| x.max(0.0) + (alpha * libm::expm1(x / alpha)).min(0.0))
        }
        "Selu" => {
            let (alpha, gamma) =
                (parameter("alpha", 1.673_263_192_176_818_8), parameter("gamma", 1.050_701_022_148_132_3));
            Box::new(move |x| if x > 0.0 { gamma * x } else { gamma * alpha * libm::expm1(x) })
        }
        "HardSigmoid" => {
            let (alpha, beta) = (parameter("alpha", 0.2), parameter("beta", 0.5));
            Box::new(move |x| (alpha * x + beta).clamp(0.0, 1.0))
        }
        "HardSwish" => Box::new(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
        "Swish" => {
            let alpha = parameter("alpha", 1.0);
            Box::new(move |x| x * sigmoid(alpha * x))
        }
        "QuickGelu" => {
            let alpha = parameter("alpha", 1.702);
            Box::new(move |x| x * sigmoid(alpha * x))
        }
        "Gelu" => match node.string("approximate").as_deref() {
            None | Some("none") => Box::new(gelu),
            Some("tanh") => Box::new(gelu_by_tanh),
            Some(other) => return Err(node.unsupported("approximate", other.to_owned(), "none or tanh")),
        },
        "FastGelu" => Box::new(gelu_by_tanh),
        "Mish" => Box::new(|x| x * libm::tanh(softplus(x))),
        "Softplus" => Box::new(softplus),
        "Softsign" => Box::new(|x| x / (1.0 + x.abs())),
        "Shrink" => {
            let (bias, lambd) = (parameter("bias", 0.0), parameter("lambd", 0.5));
            Box::new(move |x| {
                if x < -lambd {
                    x + bias
                } else if x > lambd {
                    x - bias
                } else {
                    0.0
                }
            })
        }
        "Erf" => Box::new(libm::erf),
        "Exp" => Box::new(libm::exp),
        "Log" => Box::new(libm::log),
        "Sqrt" => Box::new(libm::sqrt),
        "Reciprocal" => Box::new(|x| 1.0 / x),
        "Abs" => Box::new(f64::abs),
        "Neg" => Box::new(|x| -x),
        "Sign" => Box::new(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        "Floor" => Box::new(f64::floor),
        "Ceil" => Box::new(f64::ceil),
        "Round" => Box::new(f64::round_ties_even),
        "Sin" => Box::new(libm::sin),
        "Cos" => Box::new(libm::cos),
        "Tan" => Box::new(libm::tan),
        "Asin" => Box::new(libm::asin),
        "Acos" => Box::new(libm::acos),
        "Atan" => Box::new(libm::atan),
        "Sinh" => Box::new(libm::sinh),
        "Cosh" => Box::new(libm::cosh),
        "Asinh" => Box::new(libm::asinh),
        "Acosh" => Box::new(libm::acosh),
        "Atanh" => Box::new(libm::atanh),
        _ => return Err(node.unsupported("operator", operator.clone(), "a function that is known here")),
    })
}

/// `PRelu` with one slope.
pub(super) fn p_relu(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let slope = builder.constant(node, 1, "its slope is computed by the graph")?;
    let slope = slope
        .scalar()
        .ok_or_else(|| node.unsupported("slope", format!("shape {:?}", slope.shape), "one slope for all channels"))?;
    let value = builder.value(node, 0)?.clone();
    match function_of(builder, &value)? {
        Some(function) => Ok(function.map(|x| if x < 0.0 { slope * x } else { x }).pending(node)),
        None => builder.real(node, 0).and_then(|_| {
            Err(node.unquantised("it reads a tensor of more than 16 bits", "quantise its operand to 8 bits"))
        }),
    }
}
