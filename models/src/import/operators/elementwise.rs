//! Add, Sub, Mul, Div, Pow, Max, Min, Sum and Mean, with broadcasting. What depends on one tensor alone is a function of it, a table; a constant for each channel is a
//! convolution of 1x1 or part of the layer before; two tensors are summed, multiplied by quarter squares, or compared as windows.

use std::sync::Arc;

use super::add::{add_bias, runs_along};
use super::affine::by_channel;
use super::functions::function_of;
use super::movement::{arranged, broadcast, repeated};
use super::multiply::scaled;
use super::pool::largest_of;
use crate::error::ModelError;
use crate::graph::{DType, TensorId};
use crate::import::builder::{Builder, tabled};
use crate::import::constant::{Constant, Elements};
use crate::import::node::NodeView;
use crate::import::value::{Pending, Source, Value};
use crate::ops::{Op, Pick, Rescale, Reshape};

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Max,
    Min,
}

impl Operation {
    fn of(self, x: f64, y: f64) -> f64 {
        match self {
            Self::Add => x + y,
            Self::Sub => x - y,
            Self::Mul => x * y,
            Self::Div => x / y,
            Self::Pow => libm::pow(x, y),
            Self::Max => x.max(y),
            Self::Min => x.min(y),
        }
    }

    /// Of integers as a file's arithmetic of shapes has them.
    fn of_integers(self, x: i64, y: i64) -> Option<i64> {
        match self {
            Self::Add => x.checked_add(y),
            Self::Sub => x.checked_sub(y),
            Self::Mul => x.checked_mul(y),
            Self::Div => x.checked_div(y),
            Self::Pow => x.checked_pow(u32::try_from(y).ok()?),
            Self::Max => Some(x.max(y)),
            Self::Min => Some(x.min(y)),
        }
    }
}

pub(super) fn add(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    binary(builder, node, Operation::Add)
}

pub(super) fn sub(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    binary(builder, node, Operation::Sub)
}

pub(super) fn mul(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    binary(builder, node, Operation::Mul)
}

pub(super) fn div(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    binary(builder, node, Operation::Div)
}

pub(super) fn pow(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    binary(builder, node, Operation::Pow)
}

fn binary(builder: &mut Builder, node: &NodeView<'_>, operation: Operation) -> Result<Value, ModelError> {
    let (x, y) = (builder.value(node, 0)?.clone(), builder.value(node, 1)?.clone());
    pair(builder, node, operation, &x, &y)
}

fn pair(
    builder: &mut Builder,
    node: &NodeView<'_>,
    operation: Operation,
    x: &Value,
    y: &Value,
) -> Result<Value, ModelError> {
    if let (Value::Constant(x), Value::Constant(y)) = (x, y) {
        return folded(builder, node, operation, x, y);
    }
    // What depends on one tensor.
    if let (Some(f), Some(g)) = (function_of(builder, x)?, function_of(builder, y)?)
        && f.input == g.input
        && f.shape == g.shape
    {
        return Ok(f.with(&g, |x, y| operation.of(x, y)).pending(node));
    }
    match (x, y) {
        (Value::Constant(constant), other) | (other, Value::Constant(constant)) => {
            let first = matches!(x, Value::Constant(_));
            constant_operand(builder, node, operation, other, constant, first)
        }
        _ => {
            let (x, y) = (tensor(builder, node, x)?, tensor(builder, node, y)?);
            two_tensors(builder, node, operation, [x, y])
        }
    }
}

/// The tensor under a value that must have one.
fn tensor(builder: &Builder, node: &NodeView<'_>, value: &Value) -> Result<TensorId, ModelError> {
    if let Value::Real(tensor) = value {
        return Ok(*tensor);
    }
    let operands = node.proto.input.len();
    (0..operands).map(|at| builder.real(node, at)).find(Result::is_err).unwrap_or_else(|| {
        Err(node.unquantised("it reads a value that is no quantised tensor", "put a QuantizeLinear before it"))
    })
}

/// An operation on a value and a constant, which is the first operand if `first`.
fn constant_operand(
    builder: &mut Builder,
    node: &NodeView<'_>,
    operation: Operation,
    value: &Value,
    constant: &Constant,
    first: bool,
) -> Result<Value, ModelError> {
    let from = builder.shape(value)?;
    let fits = broadcast(&from, &constant.shape).filter(|shape| *shape == from);
    if let Value::Pending(pending) = value {
        match operation {
            Operation::Add if fits.is_some() => {
                if let Some(sum) = add_bias((**pending).clone(), constant, node)? {
                    return Ok(sum);
                }
            }
            Operation::Mul if fits.is_some() => {
                if let Some(product) = scaled((**pending).clone(), constant, node)? {
                    return Ok(product);
                }
            }
            _ => {}
        }
    }
    let reals = constant.reals().filter(|reals| reals.iter().all(|real| real.is_finite()));
    let reals = reals
        .ok_or_else(|| node.unquantised("its constant operand has no finite real numbers", "use finite numbers"))?;
    let of = |x: f64, c: f64| if first { operation.of(c, x) } else { operation.of(x, c) };
    if let ([only], Some(function)) = (reals.as_slice(), function_of(builder, value)?) {
        let shape = broadcast(&from, &constant.shape).unwrap_or_else(|| from.clone());
        let mut result = function.map(|x| of(x, *only)).pending(node);
        if shape != from {
            result = super::shape::move_elements(
                builder,
                node,
                node.output,
                result,
                Op::Reshape(Reshape),
                shape,
                |_, _| Ok(None),
            )?;
        }
        return Ok(result);
    }
    let input = tensor(builder, node, value)?;
    let Some(shape) = broadcast(&from, &constant.shape) else {
        return Err(crate::OpFault::Shape { what: "constant operand", expected: from, got: constant.shape.clone() }
            .at(node.name));
    };
    // A factor and a summand for each index of one axis.
    let affine = |c: f64| match (operation, first) {
        (Operation::Add, _) => Some((1.0, c)),
        (Operation::Sub, false) => Some((1.0, -c)),
        (Operation::Sub, true) => Some((-1.0, c)),
        (Operation::Mul, _) => Some((c, 0.0)),
        (Operation::Div, false) => Some((1.0 / c, 0.0)),
        _ => None,
    };
    let terms: Option<Vec<(f64, f64)>> = reals.iter().map(|c| affine(*c)).collect();
    let terms = terms.filter(|terms| terms.iter().all(|(factor, sum)| factor.is_finite() && sum.is_finite()));
    let axis = (0..shape.len()).find(|axis| runs_along(&constant.shape, *axis, shape.len()));
    match (terms, axis) {
        (Some(terms), Some(axis)) if shape == from => by_channel(builder, node, input, axis, &terms),
        _ => Err(node.unsupported(
            "constant operand",
            format!("shape {:?}", constant.shape),
            "one number, or for Add, Sub, Mul and Div one for each index of one axis",
        )),
    }
}

/// Tensors repeated to one shape.
fn to_one_shape(
    builder: &mut Builder,
    node: &NodeView<'_>,
    tensors: &[TensorId],
) -> Result<(Vec<TensorId>, Vec<usize>), ModelError> {
    let shapes = tensors
        .iter()
        .map(|tensor| Ok(builder.info(*tensor)?.shape.clone()))
        .collect::<Result<Vec<_>, ModelError>>()?;
    let mut shape = Vec::new();
    for of in &shapes {
        shape = broadcast(&shape, of).ok_or_else(|| {
            crate::OpFault::Shape { what: "operand that is broadcast", expected: shape.clone(), got: of.clone() }
                .at(node.name)
        })?;
    }
    crate::import::constant::shape(&shape.iter().map(|size| *size as i64).collect::<Vec<_>>(), node.output, 1)?;
    let mut all = Vec::with_capacity(tensors.len());
    for (at, (tensor, of)) in tensors.iter().zip(&shapes).enumerate() {
        let gather = repeated(builder, node, of, &shape)?;
        let name = format!("{}/operand {at}", node.output);
        let same = of.iter().product::<usize>() == shape.iter().product::<usize>();
        all.push(match (*of == shape, same) {
            (true, _) => *tensor,
            (false, true) => {
                builder.emit_alike(node.name, Op::Reshape(Reshape), vec![*tensor], &name, shape.clone())?
            }
            (false, false) => builder.emit_alike(node.name, Op::Gather(gather), vec![*tensor], &name, shape.clone())?,
        });
    }
    Ok((all, shape))
}

fn two_tensors(
    builder: &mut Builder,
    node: &NodeView<'_>,
    operation: Operation,
    tensors: [TensorId; 2],
) -> Result<Value, ModelError> {
    let minus = operation == Operation::Sub;
    match operation {
        Operation::Max | Operation::Min => extremum(builder, node, &tensors, operation == Operation::Max),
        Operation::Add | Operation::Sub | Operation::Mul => {
            let (all, shape) = to_one_shape(builder, node, &tensors)?;
            let inputs: [TensorId; 2] = all.try_into().map_err(|_| node.unsupported("operands", "not two".to_owned(), "two"))?;
            let scales = [builder.scale(inputs[0])?, builder.scale(inputs[1])?];
            let source = if operation == Operation::Mul {
                let unit = scales[0].times(scales[1]);
                let unit = unit.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: scales[0].value() })?;
                Source::Product { inputs, unit }
            } else {
                Source::Sum { inputs, scales, minus }
            };
            Ok(Value::Pending(Box::new(Pending::new(node.name, node.output, source, shape))))
        }
        Operation::Div | Operation::Pow => Err(node.unquantised(
            "it divides two tensors, or takes one to the power of another",
            "write it as a product: take the reciprocal of the second operand first, and quantise that (Reciprocal, QuantizeLinear, DequantizeLinear, Mul)",
        )),
    }
}

/// The largest or smallest of tensors, element by element. Of several scales each is taken to that of the result first: rounding is monotone, so that the
/// largest stays the largest.
fn extremum(
    builder: &mut Builder,
    node: &NodeView<'_>,
    tensors: &[TensorId],
    largest: bool,
) -> Result<Value, ModelError> {
    let (mut all, shape) = to_one_shape(builder, node, tensors)?;
    if largest {
        return largest_of(builder, node, &all, &shape);
    }
    if !builder.alike(tensors)? {
        return Err(node.unquantised(
            "it takes the smallest of tensors of several scales",
            "quantise its operands with one scale and zero point (in quantize_static, share the ranges of its inputs)",
        ));
    }
    for tensor in &mut all {
        *tensor = builder.complement(node, *tensor)?;
    }
    let value = largest_of(builder, node, &all, &shape)?;
    let Value::Real(tensor) = value else {
        return Err(node.unquantised("it compares values that are no tensors", "put a QuantizeLinear before it"));
    };
    Ok(Value::Real(builder.complement(node, tensor)?))
}

pub(super) fn max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    many(builder, node, Operation::Max)
}

pub(super) fn min(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    many(builder, node, Operation::Min)
}

/// Max and Min of any number of operands: two of which one is a constant are bounds.
fn many(builder: &mut Builder, node: &NodeView<'_>, operation: Operation) -> Result<Value, ModelError> {
    let operands = node.proto.input.len();
    if operands == 1 {
        return builder.value(node, 0).cloned();
    }
    if operands == 2 {
        let (x, y) = (builder.value(node, 0)?.clone(), builder.value(node, 1)?.clone());
        if let (Value::Pending(pending), Value::Constant(constant))
        | (Value::Constant(constant), Value::Pending(pending)) = (&x, &y)
            && let (
                Some(bound),
                Source::Accumulators { .. } | Source::Sum { .. } | Source::Product { .. } | Source::Joined { .. },
            ) = (constant.scalar(), &pending.source)
            && !pending.integer
        {
            let mut pending = pending.clone();
            let (low, high) =
                if operation == Operation::Max { (bound, f64::INFINITY) } else { (f64::NEG_INFINITY, bound) };
            let same_rank = constant.shape.len() <= pending.shape().len();
            if !bound.is_finite() || !same_rank || pending.has_constants_beyond(low, high) {
                return Err(node.unsupported(
                    "constant operand",
                    format!("{bound} of shape {:?}", constant.shape),
                    "a finite bound of no more axes, which lets the zeros of a padding be; or a quantised operand",
                ));
            }
            match operation {
                Operation::Max => pending.clip(bound, f64::INFINITY),
                _ => pending.clip(f64::NEG_INFINITY, bound),
            }
            return Ok(Value::Pending(pending));
        }
        return pair(builder, node, operation, &x, &y);
    }
    let tensors = (0..operands).map(|at| builder.real(node, at)).collect::<Result<Vec<_>, _>>()?;
    extremum(builder, node, &tensors, operation == Operation::Max)
}

/// Sum of any number of tensors: a channel each, and a convolution of 1x1 where all have one scale; a chain of two where there are two.
pub(super) fn sum(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    summed(builder, node, false)
}

pub(super) fn mean(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    summed(builder, node, true)
}

fn summed(builder: &mut Builder, node: &NodeView<'_>, mean: bool) -> Result<Value, ModelError> {
    let operands = node.proto.input.len();
    match operands {
        1 => return builder.value(node, 0).cloned(),
        2 if !mean => return add(builder, node),
        _ => {}
    }
    let tensors = (0..operands).map(|at| builder.real(node, at)).collect::<Result<Vec<_>, _>>()?;
    if !builder.alike(&tensors)? {
        return Err(node.unquantised(
            "it sums tensors of several scales",
            "quantise its operands with one scale and zero point, or add them two by two (Add)",
        ));
    }
    let (all, shape) = to_one_shape(builder, node, &tensors)?;
    let len: usize = shape.iter().product();
    let laid = vec![1, operands, 1, len];
    let gather =
        arranged(builder, node, operands, &laid, |index| Pick::Element { operand: index[1], index: index[3] })?;
    let joined = builder.emit_alike(node.name, Op::Gather(gather), all, &format!("{}/operands", node.output), laid)?;
    let divisor = if mean { operands } else { 1 };
    let part =
        super::pool::sums(builder, node, joined, [operands, len], |tap, group| Some(tap * len + group), divisor)?;
    let source = Source::Accumulators { op: part.op, input: part.input, units: part.units };
    let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, len]);
    Ok(Value::Pending(Box::new(pending.then(node, Op::Reshape(Reshape), shape))))
}

/// Arithmetic of constants, of one kind and broadcast.
fn folded(
    builder: &Builder,
    node: &NodeView<'_>,
    operation: Operation,
    x: &Constant,
    y: &Constant,
) -> Result<Value, ModelError> {
    let refused = || {
        node.unquantised(
            "it computes a constant of constants of two kinds",
            "fold constants before export (for example with onnxsim)",
        )
    };
    let shape = broadcast(&x.shape, &y.shape).ok_or_else(refused)?;
    let of_x = repeated(builder, node, &x.shape, &shape)?;
    let of_y = repeated(builder, node, &y.shape, &shape)?;
    let index = |pick| match pick {
        Pick::Element { index, .. } => index,
        Pick::Constant(_) => 0,
    };
    let pairs = of_x.picks().zip(of_y.picks()).map(|(x, y)| (index(x), index(y)));
    let elements = match (&x.elements, &y.elements) {
        (Elements::Integers { values: a, dtype }, Elements::Integers { values: b, .. }) => {
            let values: Option<Vec<i64>> = pairs.map(|(i, j)| operation.of_integers(a.get(i)?, b.get(j)?)).collect();
            Elements::Integers { values: values.ok_or_else(refused)?.into(), dtype: *dtype }
        }
        (Elements::Floats(a), Elements::Floats(b)) => {
            let values: Option<Vec<f64>> = pairs.map(|(i, j)| Some(operation.of(*a.get(i)?, *b.get(j)?))).collect();
            Elements::Floats(values.ok_or_else(refused)?)
        }
        _ => return Err(refused()),
    };
    Ok(Value::Constant(Arc::new(Constant { name: node.output.to_owned(), shape, elements })))
}

impl Builder {
    /// `low + high - x` for every element: what is largest there is smallest here.
    pub(super) fn complement(&mut self, node: &NodeView<'_>, tensor: TensorId) -> Result<TensorId, ModelError> {
        let info = self.info(tensor)?.clone();
        let (low, high) = (info.dtype.min(), info.dtype.max());
        if !matches!(info.dtype, DType::U8 | DType::I8) {
            return Err(
                node.unquantised("it compares tensors of more than 8 bits", "quantise its operands to INT8 or UINT8")
            );
        }
        let table = (low..=high).map(|value| (low + high - value) as i32).collect();
        let op = Op::Rescale(Rescale { requantise: tabled(&info, table) });
        let quantisation = crate::import::value::Quantisation {
            scale: info.scale,
            zero_point: info.zero_point.into(),
            dtype: info.dtype,
        };
        Ok(self.emit(node.name, op, vec![tensor], &format!("{}/complement", info.name), info.shape, quantisation))
    }
}

/// `ReduceMin`: the complement of the largest complement.
pub(super) fn reduce_min(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let tensor = builder.real(node, 0)?;
    let complement = builder.complement(node, tensor)?;
    let value = super::pool::reduce_max_of(builder, node, Value::Real(complement))?;
    let Value::Real(tensor) = value else {
        return Err(node.unquantised("it compares values that are no tensors", "put a QuantizeLinear before it"));
    };
    Ok(Value::Real(builder.complement(node, tensor)?))
}
