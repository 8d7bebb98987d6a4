//! Softmax and `LogSoftmax`, of integers: the difference to the largest element, a table of its exponential, their sum, a table of the sum's reciprocal (or
//! logarithm), and a product (or a difference).
//!
//! With `n` elements the exponentials are counted in steps of `2^-P`, `2^P >= 256 n`, and their sum is looked up in steps of `2^-9` of the largest:
//! all roundings together, without that of the result, are at most 1/256.

use super::movement::{dot, strides};
use super::pool::{reduce_max_along, sums};
use super::shape::operand_shape;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Quantisation, Source, Value};
use crate::ops::{Add, Gather, Op, Pick};
use crate::requantise::Requantise;
use crate::{DType, OpFault};

/// Most elements of one sum.
const LARGEST: usize = 128;
/// Steps of the largest exponential in which a sum is looked up.
const STEPS_OF_SUM: i64 = 512;
/// Bits of a reciprocal, and of a logarithm.
const BITS: u32 = 10;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Softmax,
    LogSoftmax,
}

pub(super) fn softmax(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    of(builder, node, Kind::Softmax)
}

pub(super) fn log_softmax(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    of(builder, node, Kind::LogSoftmax)
}

/// A tensor of integers between nodes.
const fn integers(scale: f64) -> Quantisation {
    Quantisation { scale, zero_point: 0, dtype: DType::I32 }
}

fn of(builder: &mut Builder, node: &NodeView<'_>, kind: Kind) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let from = operand_shape(builder, node)?;
    let before_13 = builder.opset < 13;
    let axis = node.axis(node.int("axis", if before_13 { 1 } else { -1 }), from.len())?;
    // Before operator set 13 all axes from this one on are one.
    let axes: Vec<usize> = if before_13 { (axis..from.len()).collect() } else { vec![axis] };
    let n: usize = axes.iter().filter_map(|axis| from.get(*axis)).product();
    if n > LARGEST {
        return Err(node.unsupported(
            "axis",
            format!("{n} elements"),
            "at most 128 elements in one sum: end the model before it, and compute it from the proved scores",
        ));
    }
    let (low, high) = {
        let dtype = builder.info(input)?.dtype;
        (dtype.min(), dtype.max())
    };
    if high - low > 255 {
        return Err(OpFault::Type {
            what: "operand of Softmax",
            expected: "U8 or I8",
            got: builder.info(input)?.dtype,
        }
        .at(node.name));
    }
    let scale = builder.scale(input)?.value();
    let largest = reduce_max_along(builder, node, Value::Real(input), &axes)?;
    let Value::Real(largest) = largest else {
        return Err(node.unquantised("its largest element is no tensor", "quantise its operand"));
    };
    // The group of every element, in the order of the elements that are kept.
    let kept: Vec<usize> =
        from.iter().enumerate().map(|(at, size)| if axes.contains(&at) { 1 } else { *size }).collect();
    let steps = strides(&kept);
    let groups: usize = kept.iter().product();
    let group_of = |index: &[usize]| {
        let own: Vec<usize> = index.iter().zip(&kept).map(|(at, size)| at % size).collect();
        dot(&own, &steps)
    };
    let spread = |builder: &mut Builder, tensor: TensorId, what: &str| -> Result<TensorId, ModelError> {
        let gather = Gather::by(1, &from, |index| Pick::of(group_of(index)));
        builder.emit_alike(
            node.name,
            Op::Gather(gather),
            vec![tensor],
            &format!("{}/{what}", node.output),
            from.clone(),
        )
    };
    let largest = spread(builder, largest, "largest")?;
    let bits = (256 * n).max(STEPS_OF_SUM as usize).next_power_of_two().ilog2();
    let one = 1i64 << bits;
    let exponential = |difference: i64| libm::round(libm::exp(scale * difference as f64) * one as f64) as i32;
    let difference =
        |table: Vec<i32>| Requantise { multipliers: vec![1], divisor: 1, zero_point: 0, low: -255, high: 0, table };
    let emit = |builder: &mut Builder, what: &str, table: Vec<i32>, scale: f64| {
        let op = Op::Add(Add { mx: 1, my: -1, requantise: difference(table) });
        builder.emit(
            node.name,
            op,
            vec![input, largest],
            &format!("{}/{what}", node.output),
            from.clone(),
            integers(scale),
        )
    };
    let exponentials = emit(builder, "exponentials", (-255..=0).map(exponential).collect(), 1.0 / one as f64);
    // The elements of each group.
    let mut members = vec![Vec::with_capacity(n); groups];
    let all = strides(&from);
    for at in 0..from.iter().product() {
        let index: Vec<usize> = all.iter().zip(&from).map(|(stride, size)| at / stride % size).collect();
        if let Some(group) = members.get_mut(group_of(&index)) {
            group.push(at);
        }
    }
    let element = |tap: usize, group: usize| members.get(group).and_then(|group| group.get(tap)).copied();
    let part = sums(builder, node, exponentials, [n, groups], element, 1)?;
    let divisor = (one / STEPS_OF_SUM) as u64;
    let most = n as i64 * STEPS_OF_SUM;
    // A sum is at least 1: below, nothing is looked up.
    let of_sum = |steps: i64| {
        let sum = steps.max(STEPS_OF_SUM) as f64 / STEPS_OF_SUM as f64;
        let real = if kind == Kind::Softmax { 1.0 / sum } else { libm::log(sum) };
        libm::round(real * f64::from(1 << BITS)) as i32
    };
    let rule = Requantise {
        multipliers: vec![1],
        divisor,
        zero_point: 0,
        low: 0,
        high: most as i32,
        table: (0..=most).map(of_sum).collect(),
    };
    let mut op = part.op;
    op.requantise_mut().into_iter().for_each(|slot| *slot = rule.clone());
    let step = 1.0 / f64::from(1 << BITS);
    let name = format!("{}/sums", node.output);
    let of_sums = builder.emit(node.name, op, vec![part.input], &name, vec![1, 1, 1, groups], integers(step));
    let of_sums = spread(builder, of_sums, "sum of each")?;
    let source = match kind {
        Kind::Softmax => {
            let unit = Ratio::of(step / one as f64);
            let unit = unit.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: step })?;
            let squares = builder.quarter_squares([exponentials, of_sums], one + (1 << BITS), node.output, &from)?;
            Source::Sum { inputs: squares, scales: [unit, unit], minus: true }
        }
        Kind::LogSoftmax => {
            let differences = emit(builder, "differences", vec![], scale);
            let scales = [builder.scale(differences)?, builder.scale(of_sums)?];
            Source::Sum { inputs: [differences, of_sums], scales, minus: true }
        }
    };
    Ok(Value::Pending(Box::new(Pending::new(node.name, node.output, source, from))))
}
