//! `MatMul` of two tensors: every product as the difference of two quarter squares, and a convolution of 1x1 that sums them, with weights 1 and -1. It takes
//! cells for every product, so that it is for small matrices: attention over some tens of tokens.

use super::movement::{arranged, broadcast, dot, strides};
use crate::DType;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::value::{Pending, Quantisation, Source, Value};
use crate::ops::{Conv, Gather, Op, OpFault, Pick, Reshape};
use crate::requantise::Requantise;

/// Most products of one matrix product.
const LARGEST: usize = 1 << 22;

/// `[.., n, k]` times `[.., k, m]`, the axes before broadcast; of one axis, as ONNX has it, a row or a column.
pub(super) fn matmul(builder: &mut Builder, node: &NodeView<'_>, second: TensorId) -> Result<Value, ModelError> {
    let first = builder.real(node, 0)?;
    let (mut x, mut y) = (builder.info(first)?.shape.clone(), builder.info(second)?.shape.clone());
    let (row, column) = (x.len() == 1, y.len() == 1);
    if row {
        x.insert(0, 1);
    }
    if column {
        y.push(1);
    }
    let (&[ref lead_x @ .., n, k], &[ref lead_y @ .., other, m]) = (x.as_slice(), y.as_slice()) else {
        return Err(OpFault::Rank { expected: "1 or more", got: x }.at(node.name));
    };
    let lead = broadcast(lead_x, lead_y).filter(|_| k == other);
    let lead = lead.ok_or_else(|| {
        OpFault::Shape { what: "second operand of MatMul", expected: x.clone(), got: y.clone() }.at(node.name)
    })?;
    let rows = [&lead[..], &[n, m]].concat();
    let count: usize = rows.iter().product();
    if count.saturating_mul(k) > LARGEST {
        return Err(node.unsupported(
            "operands",
            format!("{} products", count.saturating_mul(k)),
            "at most 2^22 products of two tensors",
        ));
    }
    // Index of the element of an operand for an element of the result and a term of its sum.
    let (steps, of_x, of_y) = (strides(&rows), strides(&x), strides(&y));
    let operand = |shape: &[usize], steps_of: &[usize], index: &[usize], last: [usize; 2]| {
        let own = shape.len() - 2;
        let lead =
            index.iter().skip(lead.len() - own).zip(shape).take(own).map(|(at, size)| if *size == 1 { 0 } else { *at });
        dot(&lead.chain(last).collect::<Vec<_>>(), steps_of)
    };
    let laid = vec![1, k, 1, count];
    let place =
        |at: usize| -> Vec<usize> { steps.iter().zip(&rows).map(|(stride, size)| at / stride % size).collect() };
    let places: Vec<Vec<usize>> = (0..count).map(place).collect();
    let missing = Vec::new();
    let index = |at: usize| places.get(at).unwrap_or(&missing);
    let by_x = arranged(builder, node, 1, &laid, |at| {
        let index = index(at[3]);
        Pick::of(operand(&x, &of_x, index, [index[index.len() - 2], at[1]]))
    })?;
    let by_y = arranged(builder, node, 1, &laid, |at| {
        let index = index(at[3]);
        Pick::of(operand(&y, &of_y, index, [at[1], index[index.len() - 1]]))
    })?;
    let unit = builder.scale(first)?.times(builder.scale(second)?);
    let unit = unit.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: 0.0 })?;
    let named = |what: &str| format!("{}/{what}", node.output);
    let left = builder.emit_alike(node.name, Op::Gather(by_x), vec![first], &named("left"), laid.clone())?;
    let right = builder.emit_alike(node.name, Op::Gather(by_y), vec![second], &named("right"), laid.clone())?;
    let largest = builder.largest_factors([left, right], node.name)?;
    let squares = builder.quarter_squares([left, right], largest, node.output, &laid)?;
    let terms = vec![1, 2 * k, 1, count];
    let both = Gather::new(
        2,
        terms.clone(),
        (0..2 * k * count).map(|at| Pick::Element { operand: at / (k * count), index: at % (k * count) }),
    );
    let plain = Quantisation { scale: 1.0, zero_point: 0, dtype: DType::I32 };
    let both = builder.emit(node.name, Op::Gather(both), squares.to_vec(), &named("squares"), terms, plain);
    let conv = Conv {
        weights: [vec![1i8; k], vec![-1; k]].concat().into(),
        weights_shape: [1, 2 * k, 1, 1],
        bias: vec![0],
        pads: [0; 4],
        group: 1,
        requantise: Requantise::accumulators(),
    };
    let source = Source::Accumulators { op: Op::Conv(conv), input: both, units: vec![unit] };
    let mut shape = rows;
    if column {
        shape.pop();
    }
    if row {
        shape.remove(shape.len() - if column { 1 } else { 2 });
    }
    if shape.is_empty() {
        shape.push(1);
    }
    let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, count]);
    Ok(Value::Pending(Box::new(pending.then(node, Op::Reshape(Reshape), shape))))
}
