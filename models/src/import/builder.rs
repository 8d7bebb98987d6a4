//! [`Builder`]: the graph under construction, and the step from pending values to tensors.

use std::collections::HashMap;
use std::sync::Arc;

use super::constant::Constant;
use super::node::NodeView;
use super::ratio::{Ratio, fit};
use super::value::{Part, Pending, Quantisation, Source, Value};
use crate::error::ModelError;
use crate::graph::{DType, Node, TensorId, TensorInfo};
use crate::ops::{Add, Op, OpFault, Rescale};
use crate::requantise::Requantise;
use crate::warning::Warning;

/// An input of the graph.
pub(super) struct Input {
    /// ONNX name.
    pub(super) name: String,
    /// Its integers, once they are known.
    pub(super) tensor: Option<TensorId>,
    /// Whether the file says that it is of an integer type.
    pub(super) integers: bool,
}

/// The graph so far.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) tensors: Vec<TensorInfo>,
    /// Whether the name of a tensor is that of an integer ONNX value, indexed like `tensors`.
    integer_name: Vec<bool>,
    /// Whether the scale of a tensor is known, which that of an integer input is not before it is read.
    scaled: Vec<bool>,
    pub(super) nodes: Vec<Node>,
    pub(super) values: HashMap<String, Value>,
    /// The inputs that the outputs need, in the order of the file.
    pub(super) inputs: Vec<Input>,
    /// Version of ONNX's operators that the file uses.
    pub(super) opset: i64,
    pub(super) refusals: Vec<ModelError>,
    pub(super) warnings: Vec<Warning>,
}

impl Builder {
    /// An operand, of whatever kind.
    ///
    /// # Errors
    /// [`ModelError::AfterRefused`] where there is no saying more than has been said: the operand is unknown, or is missing and that
    /// has been refused; [`ModelError::MissingInput`] for an operand that is left out.
    pub(super) fn value(&self, node: &NodeView<'_>, index: usize) -> Result<&Value, ModelError> {
        let named = |tensor: &str| ModelError::AfterRefused { node: node.name.to_owned(), tensor: tensor.to_owned() };
        let missing = || ModelError::MissingInput { node: node.name.to_owned(), tensor: format!("operand {index}") };
        let name = node.operand(index).ok_or_else(missing)?;
        match self.values.get(name) {
            None | Some(Value::Unknown(_)) => Err(named(name)),
            Some(value) => Ok(value),
        }
    }

    /// The shape of an operand that is unknown but for it.
    pub(super) fn unknown_shape(&self, node: &NodeView<'_>, index: usize) -> Option<&[usize]> {
        match self.values.get(node.operand(index)?)? {
            Value::Unknown(shape) => shape.as_deref(),
            Value::Integer(_) | Value::Real(_) | Value::Pending(_) | Value::Constant(_) => None,
        }
    }

    /// A constant operand; `what` names it in the message.
    pub(super) fn constant(
        &self,
        node: &NodeView<'_>,
        index: usize,
        what: &'static str,
    ) -> Result<Arc<Constant>, ModelError> {
        match self.value(node, index)? {
            Value::Constant(constant) => Ok(Arc::clone(constant)),
            Value::Integer(_) | Value::Real(_) | Value::Pending(_) | Value::Unknown(_) => {
                Err(node.unquantised(what, "it must be a constant: an initializer, or DequantizeLinear of one"))
            }
        }
    }

    pub(super) fn optional_constant(
        &self,
        node: &NodeView<'_>,
        index: usize,
        what: &'static str,
    ) -> Result<Option<Arc<Constant>>, ModelError> {
        node.operand(index).map(|_| self.constant(node, index, what)).transpose()
    }

    /// The tensor under a real operand.
    pub(super) fn real(&self, node: &NodeView<'_>, index: usize) -> Result<TensorId, ModelError> {
        match self.value(node, index)? {
            Value::Real(tensor) => Ok(*tensor),
            Value::Pending(_) => Err(node.unquantised(
                "it reads a float tensor that was never quantised",
                "quantise the activations before it too (QuantizeLinear, DequantizeLinear; in ONNX Runtime's quantize_static, \
                 do not exclude the node)",
            )),
            Value::Integer(_) => {
                Err(node.unquantised("it reads integers where it takes floats", "put a DequantizeLinear before it"))
            }
            Value::Constant(_) | Value::Unknown(_) => {
                Err(node.unquantised("its data operand is a constant", "fold constants before export (for example with onnxsim)"))
            }
        }
    }

    /// An integer operand.
    pub(super) fn integer(&self, node: &NodeView<'_>, index: usize) -> Result<TensorId, ModelError> {
        match self.value(node, index)? {
            Value::Integer(tensor) => Ok(*tensor),
            Value::Real(_) | Value::Pending(_) | Value::Constant(_) | Value::Unknown(_) => {
                Err(node.unquantised("its data operand is not a quantised tensor", "put a QuantizeLinear before it"))
            }
        }
    }

    pub(super) fn info(&self, tensor: TensorId) -> Result<&TensorInfo, ModelError> {
        self.tensors
            .get(tensor.0)
            .ok_or_else(|| ModelError::BadGraph { problem: "a tensor id is out of range", got: tensor.0.to_string() })
    }

    /// Whether tensors have one type, scale and zero point, so that their integers mean the same.
    pub(super) fn alike(&self, tensors: &[TensorId]) -> Result<bool, ModelError> {
        let mut kinds = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            let info = self.info(*tensor)?;
            kinds.push((info.scale.to_bits(), info.zero_point, info.dtype, self.is_scaled(*tensor)));
        }
        Ok(kinds.iter().all(|kind| kinds.first() == Some(kind)))
    }

    /// Whether it is known what the integers of a tensor stand for.
    pub(super) fn is_scaled(&self, tensor: TensorId) -> bool {
        self.scaled.get(tensor.0).copied().unwrap_or(false)
    }

    /// Exact scale of a tensor.
    pub(super) fn scale(&self, tensor: TensorId) -> Result<Ratio, ModelError> {
        let info = self.info(tensor)?;
        Ratio::of(info.scale).ok_or_else(|| ModelError::BadScale { node: info.name.clone(), got: info.scale })
    }

    pub(super) fn shape(&self, value: &Value) -> Result<Vec<usize>, ModelError> {
        Ok(match value {
            Value::Integer(tensor) | Value::Real(tensor) => self.info(*tensor)?.shape.clone(),
            Value::Pending(pending) => pending.shape().to_vec(),
            Value::Constant(constant) => constant.shape.clone(),
            Value::Unknown(shape) => shape.clone().ok_or_else(|| ModelError::BadGraph {
                problem: "the shape of a value is not known",
                got: "unknown".to_owned(),
            })?,
        })
    }

    /// Adds a tensor whose scale is known if `quantisation` is given.
    pub(super) fn add_tensor(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        quantisation: Quantisation,
        scaled: bool,
    ) -> TensorId {
        let Quantisation { scale, zero_point, dtype } = quantisation;
        self.tensors.push(TensorInfo { name: name.to_owned(), shape, dtype, scale, zero_point: zero_point as i32 });
        self.integer_name.push(false);
        self.scaled.push(scaled);
        TensorId(self.tensors.len() - 1)
    }

    /// Adds a node and the tensor it writes.
    pub(super) fn emit(
        &mut self,
        node: &str,
        op: Op,
        inputs: Vec<TensorId>,
        name: &str,
        shape: Vec<usize>,
        quantisation: Quantisation,
    ) -> TensorId {
        let output = self.add_tensor(name, shape, quantisation, true);
        self.nodes.push(Node { name: node.to_owned(), op, inputs, output });
        output
    }

    /// Adds a node that keeps scale, zero point and type, which all its operands have.
    pub(super) fn emit_alike(
        &mut self,
        node: &str,
        op: Op,
        inputs: Vec<TensorId>,
        name: &str,
        shape: Vec<usize>,
    ) -> Result<TensorId, ModelError> {
        let input = *inputs
            .first()
            .ok_or_else(|| ModelError::MissingInput { node: node.to_owned(), tensor: "operand 0".to_owned() })?;
        let info = self.info(input)?;
        let quantisation = Quantisation { scale: info.scale, zero_point: info.zero_point.into(), dtype: info.dtype };
        let scaled = self.is_scaled(input);
        let output = self.emit(node, op, inputs, name, shape, quantisation);
        if let Some(slot) = self.scaled.get_mut(output.0) {
            *slot = scaled;
        }
        Ok(output)
    }

    /// Says that a tensor is read with this scale and zero point, which must be those it was written with.
    pub(super) fn read_as(
        &mut self,
        node: &NodeView<'_>,
        tensor: TensorId,
        scale: f64,
        zero_point: i64,
    ) -> Result<(), ModelError> {
        let scaled = self.is_scaled(tensor);
        let info = self.info(tensor)?;
        if scaled && (info.scale.to_bits(), i64::from(info.zero_point)) != (scale.to_bits(), zero_point) {
            return Err(ModelError::ScaleMismatch {
                node: node.name.to_owned(),
                tensor: info.name.clone(),
                scale: info.scale,
                zero_point: info.zero_point.into(),
                got_scale: scale,
                got_zero_point: zero_point,
            });
        }
        self.adopt(tensor, scale, zero_point);
        Ok(())
    }

    /// Gives a scale to a tensor that has none yet, and to those it was moved from.
    fn adopt(&mut self, tensor: TensorId, scale: f64, zero_point: i64) {
        let mut open = vec![tensor];
        while let Some(tensor) = open.pop() {
            let unscaled = self.scaled.get_mut(tensor.0).filter(|scaled| !**scaled);
            let (Some(scaled), Some(info)) = (unscaled, self.tensors.get_mut(tensor.0)) else { continue };
            (info.scale, info.zero_point, *scaled) = (scale, zero_point as i32, true);
            let producer = self.nodes.iter().find(|node| node.output == tensor);
            open.extend(producer.into_iter().flat_map(|node| node.inputs.iter().copied()));
        }
    }

    /// Gives a tensor the name of the integer ONNX value it is, unless it has one.
    pub(super) fn name_integer(&mut self, tensor: TensorId, name: &str) {
        if let (Some(info), Some(named)) = (self.tensors.get_mut(tensor.0), self.integer_name.get_mut(tensor.0)) {
            if !*named {
                name.clone_into(&mut info.name);
            }
            *named = true;
        }
    }

    /// `QuantizeLinear`: gives pending values their scale, and so their op its requantisation.
    pub(super) fn quantise(
        &mut self,
        pending: &Pending,
        quantisation: Quantisation,
        name: &str,
    ) -> Result<TensorId, ModelError> {
        let direct = if pending.after.is_empty() { name } else { &pending.name };
        let shape = pending.source_shape.clone();
        let mut tensor = match &pending.source {
            Source::Input(port) => self.quantise_input(*port, pending, quantisation, name)?,
            Source::Accumulators { op, input, units } => {
                let part = Part { op: op.clone(), input: *input, units: units.clone() };
                self.quantise_part(part, pending, quantisation, direct, shape)?
            }
            Source::Sum { inputs, scales, minus } => {
                let (multipliers, divisor) = requantisation(scales, quantisation.scale, &pending.node)?;
                let [mx, my] = *multipliers.as_slice() else {
                    let fault = OpFault::Size { what: "multipliers of a sum", expected: 2, got: multipliers.len() };
                    return Err(fault.at(&pending.node));
                };
                let requantise = rule(pending, quantisation, vec![1], divisor);
                let my = if *minus { -(my as i64) } else { my as i64 };
                let op = Op::Add(Add { mx: mx as i64, my, requantise });
                self.emit(&pending.node, op, inputs.to_vec(), direct, shape, quantisation)
            }
            Source::Function { input, values } => {
                let requantise = self.function(*input, values, pending, quantisation)?;
                let op = Op::Rescale(Rescale { requantise });
                self.emit(&pending.node, op, vec![*input], direct, shape, quantisation)
            }
            Source::Product { inputs, unit } => {
                let (multipliers, divisor) = requantisation(&[*unit], quantisation.scale, &pending.node)?;
                let requantise = rule(pending, quantisation, multipliers, divisor);
                let largest = self.largest_factors(*inputs, &pending.node)?;
                let squares = self.quarter_squares(*inputs, largest, &pending.name, &shape)?;
                let op = Op::Add(Add { mx: 1, my: -1, requantise });
                self.emit(&pending.node, op, squares.to_vec(), direct, shape, quantisation)
            }
            Source::FunctionOfSum { part, most, of } => {
                let requantise = function_of_sum(part, *most, *of, pending, quantisation)?;
                let mut op = part.op.clone();
                op.requantise_mut().into_iter().for_each(|slot| *slot = requantise.clone());
                self.emit(&pending.node, op, vec![part.input], direct, shape, quantisation)
            }
            Source::Joined { parts, gather } => {
                let mut operands = Vec::with_capacity(parts.len());
                for (at, part) in parts.iter().enumerate() {
                    let shape = part.output_shape(self, &pending.node)?;
                    let name = format!("{direct}/part {at}");
                    operands.push(self.quantise_part(part.clone(), pending, quantisation, &name, shape)?);
                }
                self.emit(&pending.node, Op::Gather(gather.clone()), operands, direct, shape, quantisation)
            }
        };
        for (at, after) in pending.after.iter().enumerate() {
            let name = if at + 1 == pending.after.len() { name } else { &after.name };
            tensor = self.emit_alike(&after.node, after.op.clone(), vec![tensor], name, after.shape.clone())?;
        }
        self.name_integer(tensor, name);
        Ok(tensor)
    }

    /// A part of a pending value, or its whole, once its scale is known.
    fn quantise_part(
        &mut self,
        part: Part,
        pending: &Pending,
        quantisation: Quantisation,
        name: &str,
        shape: Vec<usize>,
    ) -> Result<TensorId, ModelError> {
        let Part { mut op, input, units } = part;
        let (multipliers, divisor) = requantisation(&units, quantisation.scale, &pending.node)?;
        let rule = rule(pending, quantisation, multipliers, divisor);
        if matches!(op, Op::Rescale(_)) && self.is_identity(&rule, input, quantisation) {
            return Ok(input);
        }
        op.requantise_mut().into_iter().for_each(|slot| *slot = rule.clone());
        Ok(self.emit(&pending.node, op, vec![input], name, shape, quantisation))
    }

    /// The rule that takes every integer of a tensor to the one that stands for the function's value there.
    fn function(
        &self,
        input: TensorId,
        values: &[f64],
        pending: &Pending,
        q: Quantisation,
    ) -> Result<Requantise, ModelError> {
        let integer = |real: &f64| {
            let real = real.max(pending.low).min(pending.high);
            // As a runtime divides: in single precision.
            let step = (real as f32 / q.scale as f32).round_ties_even() as i64;
            step.saturating_add(q.zero_point).clamp(q.dtype.min(), q.dtype.max()) as i32
        };
        Ok(tabled(self.info(input)?, values.iter().map(integer).collect()))
    }

    /// The least bound of the magnitudes of two factors together.
    pub(super) fn largest_factors(&self, inputs: [TensorId; 2], node: &str) -> Result<i64, ModelError> {
        let mut largest = 0i64;
        for input in inputs {
            let info = self.info(input)?;
            let ends = [info.dtype.min(), info.dtype.max()].map(|end| (end - i64::from(info.zero_point)).abs());
            largest = largest.saturating_add(ends.into_iter().fold(0, i64::max));
        }
        if largest > LARGEST_FACTOR {
            return Err(ModelError::Unquantised {
                node: node.to_owned(),
                problem: "it multiplies tensors of more than 8 bits",
                help: "quantise its operands to INT8 or UINT8",
            });
        }
        Ok(largest)
    }

    /// `floor((x + y)^2 / 4)` and `floor((x - y)^2 / 4)` of two tensors of a shape, less their zero points, of magnitudes that are no more than `largest`
    /// together. Their difference is `x y`, exactly: a sum and a difference of two integers are both even or both odd.
    pub(super) fn quarter_squares(
        &mut self,
        inputs: [TensorId; 2],
        largest: i64,
        name: &str,
        shape: &[usize],
    ) -> Result<[TensorId; 2], ModelError> {
        let narrow = i32::try_from(largest).ok().filter(|largest| i64::from(*largest) <= LARGEST_FACTOR << 2);
        let largest = narrow
            .ok_or_else(|| ModelError::BadGraph { problem: "factors are too large", got: largest.to_string() })?;
        let square = |value: i32| (i64::from(value) * i64::from(value) / 4) as i32;
        let table: Vec<i32> = (-largest..=largest).map(square).collect();
        let rule = Requantise { multipliers: vec![1], divisor: 1, zero_point: 0, low: -largest, high: largest, table };
        Ok([("sum", 1), ("difference", -1)].map(|(what, my)| {
            let op = Op::Add(Add { mx: 1, my, requantise: rule.clone() });
            let name = format!("{name}/square of the {what}");
            self.emit(&name, op, inputs.to_vec(), &name, shape.to_vec(), ACCUMULATORS)
        }))
    }

    /// The integer tensor of a float input; every `QuantizeLinear` of it must say the same.
    fn quantise_input(
        &mut self,
        port: usize,
        pending: &Pending,
        q: Quantisation,
        name: &str,
    ) -> Result<TensorId, ModelError> {
        let missing = || ModelError::BadGraph { problem: "an input has no number", got: pending.name.clone() };
        let Some(input) = self.inputs.get(port).ok_or_else(missing)?.tensor else {
            let tensor = self.add_tensor(name, pending.source_shape.clone(), q, true);
            self.inputs.get_mut(port).ok_or_else(missing)?.tensor = Some(tensor);
            return Ok(tensor);
        };
        let info = self.info(input)?;
        if (info.scale.to_bits(), i64::from(info.zero_point), info.dtype) == (q.scale.to_bits(), q.zero_point, q.dtype)
        {
            return Ok(input);
        }
        Err(ModelError::ScaleMismatch {
            node: pending.node.clone(),
            tensor: pending.name.clone(),
            scale: info.scale,
            zero_point: info.zero_point.into(),
            got_scale: q.scale,
            got_zero_point: q.zero_point,
        })
    }

    /// Whether a rescale changes nothing.
    fn is_identity(&self, rule: &Requantise, input: TensorId, q: Quantisation) -> bool {
        let whole = i64::from(rule.low) == q.dtype.min() && i64::from(rule.high) == q.dtype.max();
        let same = |info: &TensorInfo| info.dtype == q.dtype && i64::from(info.zero_point) == q.zero_point;
        rule.multipliers == [rule.divisor] && whole && self.tensors.get(input.0).is_some_and(same)
    }
}

/// The rule that takes each integer of a tensor, in ascending order, to its value in a table.
pub(super) fn tabled(info: &TensorInfo, table: Vec<i32>) -> Requantise {
    let (low, high) = (info.dtype.min() as i32, info.dtype.max() as i32);
    Requantise { multipliers: vec![1], divisor: 1, zero_point: info.zero_point, low, high, table }
}

impl Part {
    /// The shape of its result.
    fn output_shape(&self, builder: &Builder, node: &str) -> Result<Vec<usize>, ModelError> {
        self.op.output_shape(&[&builder.info(self.input)?.shape], &[]).map_err(|fault| fault.at(node))
    }
}

/// Steps in which sums are counted whose function is looked up.
const STEPS_OF_SUM: i64 = 1 << 16;

/// Most that two factors less their zero points may be together: the tables of their squares have twice as many rows.
const LARGEST_FACTOR: i64 = 1 << 15;

/// The rule that takes a sum to the integer that stands for the function's value there; sums are counted in steps of which a table holds all.
fn function_of_sum(
    part: &Part,
    most: i64,
    of: fn(f64) -> f64,
    pending: &Pending,
    q: Quantisation,
) -> Result<Requantise, ModelError> {
    let unit = part.units.first().ok_or_else(|| ModelError::BadScale { node: pending.node.clone(), got: 0.0 })?;
    let divisor = (most / STEPS_OF_SUM + 1).max(1);
    let high = most / divisor + 1;
    let integer = |step: i64| {
        let real = of((step * divisor) as f64 * unit.value()).max(pending.low).min(pending.high);
        let rounded = (real / q.scale).round_ties_even() as i64;
        rounded.saturating_add(q.zero_point).clamp(q.dtype.min(), q.dtype.max()) as i32
    };
    let (divisor, high32) = (divisor as u64, high as i32);
    let table = (0..=high).map(integer).collect();
    Ok(Requantise { multipliers: vec![1], divisor, zero_point: 0, low: 0, high: high32, table })
}

/// Multipliers and divisor from units of accumulators to units of a scale.
fn requantisation(units: &[Ratio], scale: f64, node: &str) -> Result<(Vec<u64>, u64), ModelError> {
    let ratio = |unit: &Ratio| unit.over(Ratio::of(scale)?);
    let ratios: Option<Vec<Ratio>> = units.iter().map(ratio).collect();
    ratios.as_deref().and_then(fit).ok_or_else(|| ModelError::BadRatio {
        node: node.to_owned(),
        got: units.iter().map(|unit| unit.value() / scale).fold(0.0, f64::max),
    })
}

/// Requantisation with the bounds of Relu, Clip and the type: rounding is monotone, so bounds of real values become bounds of
/// integers.
fn rule(pending: &Pending, q: Quantisation, multipliers: Vec<u64>, divisor: u64) -> Requantise {
    let bound = |real: f64| {
        let rounded = (real / q.scale).round_ties_even() as i64;
        rounded.saturating_add(q.zero_point).clamp(q.dtype.min(), q.dtype.max()) as i32
    };
    let low = if pending.low == f64::NEG_INFINITY { q.dtype.min() as i32 } else { bound(pending.low) };
    let high = if pending.high == f64::INFINITY { q.dtype.max() as i32 } else { bound(pending.high) };
    Requantise { multipliers, divisor, zero_point: q.zero_point as i32, low, high, table: vec![] }
}

/// The type of a tensor that leaves the graph as bare `i32` accumulators.
pub(super) const ACCUMULATORS: Quantisation = Quantisation { scale: 1.0, zero_point: 0, dtype: DType::I32 };
