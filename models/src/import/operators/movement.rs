//! Concat, Split, Slice, Gather, Expand, Tile, `DepthToSpace`, `SpaceToDepth`: elements in another order, all of them
//! one [`Gather`] (and of constants, constants).

use std::collections::HashSet;
use std::sync::Arc;

use super::quantize::rescale_part;
use super::shape::{axes, move_elements, operand_shape, reshaped};
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant::{self, Constant};
use crate::import::node::NodeView;
use crate::import::value::{Pending, Source, Value};
use crate::ops::{ELEMENTS_LIMIT, Gather, Op, OpFault, Pick};

/// What one step along each axis is worth in a row-major index.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The row-major index of indices along axes.
pub(super) fn dot(index: &[usize], strides: &[usize]) -> usize {
    index.iter().zip(strides).map(|(at, stride)| at * stride).sum()
}

/// Most elements of all tensors that an import makes.
const TOTAL: usize = 2 * ELEMENTS_LIMIT;

/// A gather of a shape, by a function of the indices along its axes.
///
/// # Errors
/// More elements than a tensor may have, or all tensors together: before any of them is looked at.
pub(super) fn arranged(
    builder: &Builder,
    node: &NodeView<'_>,
    operands: usize,
    shape: &[usize],
    pick: impl FnMut(&[usize]) -> Pick,
) -> Result<Gather, ModelError> {
    let sizes: Vec<i64> = shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
    let len: usize = constant::shape(&sizes, node.output, 0)?.iter().product();
    let made: usize = builder.tensors.iter().fold(0, |sum, info| sum.saturating_add(info.len()));
    if made.saturating_add(len) > TOTAL {
        let got = format!("{} elements, limit {TOTAL}", made.saturating_add(len));
        return Err(ModelError::BadGraph { problem: "the tensors together are too large", got });
    }
    Ok(Gather::by(operands, shape, pick))
}

/// The elements of values in the order of a gather, as the result of a node.
pub(super) fn gathered(
    builder: &mut Builder,
    node: &NodeView<'_>,
    values: Vec<Value>,
    gather: Gather,
) -> Result<Value, ModelError> {
    gathered_as(builder, node, node.output, values, gather)
}

/// As [`gathered`], as the value of a name.
pub(super) fn gathered_as(
    builder: &mut Builder,
    node: &NodeView<'_>,
    name: &str,
    mut values: Vec<Value>,
    gather: Gather,
) -> Result<Value, ModelError> {
    let constants: Option<Vec<Arc<Constant>>> =
        values.iter().map(|value| if let Value::Constant(of) = value { Some(Arc::clone(of)) } else { None }).collect();
    if let Some(constants) = constants {
        let folded = Constant::gathered(&constants, &gather, name).ok_or_else(|| {
            node.unquantised(
                "it joins constants of several kinds or scales",
                "fold constants before export (for example with onnxsim)",
            )
        })?;
        return Ok(Value::Constant(Arc::new(folded)));
    }
    if gather.shape.contains(&0) {
        return Err(OpFault::Size { what: "elements of the result (at least)", expected: 1, got: 0 }.at(node.name));
    }
    if values.len() == 1 {
        let value = values.remove(0);
        let shape = gather.shape.clone();
        return move_elements(builder, node, name, value, Op::Gather(gather), shape, |_, _| Ok(None));
    }
    let integers = values.iter().all(|value| matches!(value, Value::Integer(_)));
    let mut tensors = Vec::with_capacity(values.len());
    for value in &values {
        match value {
            Value::Integer(tensor) if integers => tensors.push(*tensor),
            Value::Real(tensor) => tensors.push(*tensor),
            Value::Integer(_) | Value::Constant(_) | Value::Pending(_) | Value::Unknown(_) => {
                return Err(node.unquantised(
                    "it joins values that are not all quantised tensors",
                    "quantise each of its operands (QuantizeLinear, DequantizeLinear); fold constants before export",
                ));
            }
        }
    }
    if builder.alike(&tensors)? {
        let shape = gather.shape.clone();
        let tensor = builder.emit_alike(node.name, Op::Gather(gather), tensors, name, shape)?;
        if integers {
            builder.name_integer(tensor, name);
            return Ok(Value::Integer(tensor));
        }
        return Ok(Value::Real(tensor));
    }
    if integers {
        return Err(node.unquantised(
            "it joins integers of several scales",
            "put a DequantizeLinear before each operand and a QuantizeLinear behind the result",
        ));
    }
    let parts = tensors.iter().map(|tensor| rescale_part(builder, *tensor)).collect::<Result<_, _>>()?;
    let shape = gather.shape.clone();
    let source = Source::Joined { parts, gather };
    Ok(Value::Pending(Box::new(Pending::new(node.name, name, source, shape))))
}

/// The values of all operands that are there.
fn operands(builder: &Builder, node: &NodeView<'_>) -> Result<Vec<Value>, ModelError> {
    (0..node.proto.input.len()).map(|at| builder.value(node, at).cloned()).collect()
}

/// Integers of a constant operand.
pub(super) fn integers(builder: &Builder, node: &NodeView<'_>, at: usize) -> Result<Option<Vec<i64>>, ModelError> {
    let constant = builder.optional_constant(node, at, "its geometry is computed by the graph")?;
    constant.map(|constant| Ok(constant.integers()?.0.to_vec())).transpose()
}

pub(super) fn concat(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let values = operands(builder, node)?;
    joined(builder, node, values)
}

/// Values behind each other along the axis of a node.
pub(super) fn joined(builder: &mut Builder, node: &NodeView<'_>, values: Vec<Value>) -> Result<Value, ModelError> {
    let shapes = values.iter().map(|value| builder.shape(value)).collect::<Result<Vec<_>, _>>()?;
    let first = shapes.first().ok_or_else(|| OpFault::Operands { expected: 1, got: 0 }.at(node.name))?;
    let axis = node.axis(node.int("axis", 0), first.len())?;
    let mut shape = first.clone();
    let mut of_index = Vec::new();
    for (operand, got) in shapes.iter().enumerate() {
        let mut expected = first.clone();
        if let (Some(slot), Some(size)) = (expected.get_mut(axis), got.get(axis)) {
            *slot = *size;
        }
        if expected != *got {
            return Err(OpFault::Shape { what: "operand of Concat", expected, got: got.clone() }.at(node.name));
        }
        of_index.extend((0..got.get(axis).copied().unwrap_or(0)).map(|within| (operand, within)));
    }
    if let Some(slot) = shape.get_mut(axis) {
        *slot = of_index.len();
    }
    let steps: Vec<Vec<usize>> = shapes.iter().map(|shape| strides(shape)).collect();
    let gather = arranged(builder, node, shapes.len(), &shape, |index| {
        let mut index = index.to_vec();
        let Some((operand, within)) = of_index.get(index[axis]).copied() else { return Pick::NOTHING };
        index[axis] = within;
        let of = steps.get(operand).map(|steps| Pick::Element { operand, index: dot(&index, steps) });
        of.unwrap_or(Pick::NOTHING)
    })?;
    gathered(builder, node, values, gather)
}

/// A result of another shape whose element at some indices is that of the first operand at others.
pub(super) fn picked(
    builder: &mut Builder,
    node: &NodeView<'_>,
    shape: &[usize],
    mut from: impl FnMut(&[usize]) -> Option<Vec<usize>>,
) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let steps = strides(&builder.shape(&value)?);
    let pick = |index: &[usize]| from(index).map_or(Pick::NOTHING, |from| Pick::of(dot(&from, &steps)));
    let gather = arranged(builder, node, 1, shape, pick)?;
    gathered(builder, node, vec![value], gather)
}

pub(super) fn split(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let from = builder.shape(&value)?;
    let axis = node.axis(node.int("axis", 0), from.len())?;
    let whole = from.get(axis).copied().unwrap_or(0);
    let outputs = node.proto.output.len();
    let given = match node.ints("split") {
        Some(ints) => Some(ints.to_vec()),
        None => integers(builder, node, 1)?,
    };
    let each = whole.div_ceil(outputs.max(1));
    let even = || (0..outputs).map(|at| each.min(whole.saturating_sub(at * each))).collect::<Vec<usize>>();
    let sizes = given.map_or_else(even, |given| given.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect());
    if sizes.len() != outputs
        || sizes.contains(&0)
        || sizes.iter().try_fold(0usize, |sum, size| sum.checked_add(*size)) != Some(whole)
    {
        return Err(node.unsupported(
            "split",
            format!("{sizes:?}"),
            "a size for each output, together those of the axis",
        ));
    }
    let (mut first, steps) = (0, strides(&from));
    let mut results = Vec::with_capacity(outputs);
    for (size, name) in sizes.iter().zip(&node.proto.output) {
        let mut shape = from.clone();
        if let Some(slot) = shape.get_mut(axis) {
            *slot = *size;
        }
        let gather = arranged(builder, node, 1, &shape, |index| {
            Pick::of(dot(index, &steps) + first * steps.get(axis).copied().unwrap_or(0))
        })?;
        results.push(gathered_as(builder, node, name, vec![value.clone()], gather)?);
        first += size;
    }
    let mut results = results.into_iter();
    let result = results.next();
    for (name, value) in node.proto.output.iter().skip(1).zip(results) {
        builder.values.insert(name.clone(), value);
    }
    result.ok_or_else(|| node.unsupported("outputs", "none".to_owned(), "one or more"))
}

pub(super) fn slice(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let list = |name: &str, at: usize| match node.ints(name) {
        Some(ints) => Ok(Some(ints.to_vec())),
        None => integers(builder, node, at),
    };
    let (starts, ends) = (list("starts", 1)?.unwrap_or_default(), list("ends", 2)?.unwrap_or_default());
    let axes = list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = integers(builder, node, 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(node.unsupported("starts", format!("{starts:?}"), "as many starts, ends, axes and steps"));
    }
    let mut seen = HashSet::new();
    // First index and step along every axis.
    let mut along: Vec<(i64, i64)> = vec![(0, 1); from.len()];
    let mut shape = from.clone();
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = node.axis(*axis, from.len())?;
        let size = from.get(axis).copied().unwrap_or(0) as i64;
        if size == 0 || !seen.insert(axis) {
            return Err(node.unsupported("axes", format!("{axes:?}"), "each axis once, none of them empty"));
        }
        let wrapped = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
        if *step == 0 {
            return Err(node.unsupported("steps", "0".to_owned(), "no step of 0"));
        }
        let (start, end) = if *step > 0 {
            (wrapped(*start).clamp(0, size), wrapped(*end).clamp(0, size))
        } else {
            (wrapped(*start).clamp(0, size - 1), wrapped(*end).clamp(-1, size - 1))
        };
        let count = if *step > 0 {
            (end - start).max(0).unsigned_abs().div_ceil(step.unsigned_abs())
        } else {
            (start - end).max(0).unsigned_abs().div_ceil(step.unsigned_abs())
        };
        if let (Some(along), Some(slot)) = (along.get_mut(axis), shape.get_mut(axis)) {
            (*along, *slot) = ((start, *step), count as usize);
        }
    }
    picked(builder, node, &shape, |index| {
        Some(index.iter().zip(&along).map(|(at, (first, step))| (first + *at as i64 * step) as usize).collect())
    })
}

pub(super) fn gather(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let axis = node.axis(node.int("axis", 0), from.len())?;
    let constant = builder.constant(node, 1, "its indices are computed by the graph")?;
    let indices = wrapped(constant.integers()?.0.to_vec(), from.get(axis).copied().unwrap_or(0));
    let indices = indices.ok_or_else(|| beyond(node))?;
    let rank = constant.shape.len();
    let shape =
        [from.get(..axis).unwrap_or_default(), &constant.shape, from.get(axis + 1..).unwrap_or_default()].concat();
    let of = strides(&constant.shape);
    picked(builder, node, &shape, |index| {
        let chosen = *indices.get(dot(&index[axis..axis + rank], &of))?;
        Some([&index[..axis], &[chosen], &index[axis + rank..]].concat())
    })
}

/// Element by element along an axis, at constant indices.
pub(super) fn gather_elements(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let axis = node.axis(node.int("axis", 0), from.len())?;
    let constant = builder.constant(node, 1, "its indices are computed by the graph")?;
    let fits = constant.shape.len() == from.len()
        && constant.shape.iter().zip(&from).enumerate().all(|(at, (index, size))| at == axis || index <= size);
    let indices = wrapped(constant.integers()?.0.to_vec(), from.get(axis).copied().unwrap_or(0)).filter(|_| fits);
    let indices = indices.ok_or_else(|| beyond(node))?;
    let of = strides(&constant.shape);
    picked(builder, node, &constant.shape, |index| {
        let mut from = index.to_vec();
        from[axis] = *indices.get(dot(index, &of))?;
        Some(from)
    })
}

/// Slices at constant indices of the first axes.
pub(super) fn gather_nd(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("batch_dims", 0, "0");
    let from = operand_shape(builder, node)?;
    let constant = builder.constant(node, 1, "its indices are computed by the graph")?;
    let (depth, outer) = constant.shape.split_last().ok_or_else(|| beyond(node))?;
    if *depth == 0 || *depth > from.len() {
        return Err(beyond(node));
    }
    let values = constant.integers()?.0.to_vec();
    let place = |(at, value): (usize, &i64)| {
        let size = *from.get(at % depth)? as i64;
        usize::try_from(if *value < 0 { value + size } else { *value }).ok().filter(|value| (*value as i64) < size)
    };
    let indices: Option<Vec<usize>> = values.iter().enumerate().map(place).collect();
    let indices = indices.ok_or_else(|| beyond(node))?;
    let (of, rank) = (strides(outer), outer.len());
    let shape = [outer, from.get(*depth..).unwrap_or_default()].concat();
    picked(builder, node, &shape, |index| {
        let first = dot(&index[..rank], &of) * depth;
        Some([indices.get(first..first + depth)?, &index[rank..]].concat())
    })
}

/// Indices of an axis, negative ones counted from its end; `None` where one is beyond.
fn wrapped(indices: Vec<i64>, size: usize) -> Option<Vec<usize>> {
    let size = size as i64;
    let place = |at: i64| usize::try_from(if at < 0 { at + size } else { at }).ok().filter(|at| (*at as i64) < size);
    indices.into_iter().map(place).collect()
}

fn beyond(node: &NodeView<'_>) -> ModelError {
    node.unsupported("indices", "one beyond the axis".to_owned(), "indices of the axis, negative ones from its end")
}

/// A shape that two broadcast to; `None` if they do not.
pub(super) fn broadcast(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let size = |shape: &[usize], axis: usize| {
        (axis + shape.len()).checked_sub(rank).and_then(|axis| shape.get(axis)).copied().unwrap_or(1)
    };
    let sizes = (0..rank).map(|axis| match (size(one, axis), size(other, axis)) {
        (a, b) if a == b => Some(a),
        (1, size) | (size, 1) => Some(size),
        _ => None,
    });
    sizes.collect()
}

/// Where the elements of a shape that another is broadcast to come from.
pub(super) fn repeated(
    builder: &Builder,
    node: &NodeView<'_>,
    from: &[usize],
    to: &[usize],
) -> Result<Gather, ModelError> {
    let (lead, steps) = (to.len() - from.len(), strides(from));
    arranged(builder, node, 1, to, |index| {
        let own = index.iter().skip(lead).zip(from).map(|(at, size)| if *size == 1 { 0 } else { *at });
        Pick::of(own.zip(&steps).map(|(at, step)| at * step).sum())
    })
}

pub(super) fn expand(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let from = builder.shape(&value)?;
    let wanted = integers(builder, node, 1)?.unwrap_or_default();
    let sizes: Vec<usize> = wanted.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    let shape = broadcast(&from, &sizes)
        .ok_or_else(|| node.unsupported("shape", format!("{wanted:?}"), "a shape that the operand is broadcast to"))?;
    if shape == from {
        return Ok(value);
    }
    let gather = repeated(builder, node, &from, &shape)?;
    gathered(builder, node, vec![value], gather)
}

pub(super) fn tile(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let repeats = integers(builder, node, 1)?.unwrap_or_default();
    if repeats.len() != from.len() || repeats.iter().any(|times| !(1..1 << 26).contains(times)) {
        return Err(node.unsupported("repeats", format!("{repeats:?}"), "a positive number for every axis"));
    }
    let shape: Vec<usize> =
        from.iter().zip(&repeats).map(|(size, times)| size.saturating_mul(*times as usize)).collect();
    constant::shape(&shape.iter().map(|size| *size as i64).collect::<Vec<_>>(), node.output, 0)?;
    picked(builder, node, &shape, |index| Some(index.iter().zip(&from).map(|(at, size)| at % size).collect()))
}

/// `[n, c, h, w]` and the size of the blocks.
fn blocks(builder: &Builder, node: &NodeView<'_>) -> Result<([usize; 4], usize), ModelError> {
    let from = operand_shape(builder, node)?;
    let shape = crate::ops::planes(&from).map_err(|fault| fault.at(node.name))?;
    let size = usize::try_from(node.int("blocksize", 0)).ok().filter(|size| (1..1 << 12).contains(size));
    let size =
        size.ok_or_else(|| node.unsupported("blocksize", node.int("blocksize", 0).to_string(), "a positive number"))?;
    Ok((shape, size))
}

pub(super) fn depth_to_space(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let ([n, c, h, w], size) = blocks(builder, node)?;
    let mode = node.string("mode").unwrap_or_else(|| "DCR".to_owned());
    if !c.is_multiple_of(size * size) || !matches!(mode.as_str(), "DCR" | "CRD") {
        return Err(node.unsupported(
            "blocksize",
            format!("{size}, {mode}"),
            "DCR or CRD, channels a multiple of its square",
        ));
    }
    let depth = c / (size * size);
    picked(builder, node, &[n, depth, h * size, w * size], |index| {
        let (i, j) = (index[2] % size, index[3] % size);
        let channel = if mode == "DCR" { (i * size + j) * depth + index[1] } else { (index[1] * size + i) * size + j };
        Some(vec![index[0], channel, index[2] / size, index[3] / size])
    })
}

pub(super) fn space_to_depth(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let ([n, c, h, w], size) = blocks(builder, node)?;
    if !h.is_multiple_of(size) || !w.is_multiple_of(size) {
        return Err(node.unsupported("blocksize", size.to_string(), "a divisor of height and width"));
    }
    picked(builder, node, &[n, c * size * size, h / size, w / size], |index| {
        let (block, channel) = (index[1] / c, index[1] % c);
        Some(vec![index[0], channel, index[2] * size + block / size, index[3] * size + block % size])
    })
}

/// The first operand without those axes along which a reduction keeps nothing, or with 1 in their place.
pub(super) fn reduced_shape(from: &[usize], reduced: &[usize], keep: bool) -> Vec<usize> {
    let sizes = from.iter().enumerate().filter_map(|(axis, size)| match (reduced.contains(&axis), keep) {
        (false, _) => Some(*size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    sizes.collect()
}

/// The axes of a reduction: all, where none are named; an empty list may mean that there is nothing to do.
pub(super) fn reduced_axes(builder: &Builder, node: &NodeView<'_>, rank: usize) -> Result<Vec<usize>, ModelError> {
    let named = axes(builder, node)?.unwrap_or_default();
    if named.is_empty() {
        let nothing = node.int("noop_with_empty_axes", 0) != 0;
        return Ok(if nothing { Vec::new() } else { (0..rank).collect() });
    }
    let mut axes = named.iter().map(|axis| node.axis(*axis, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// Dropout in a finished model: its operand.
pub(super) fn dropout(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let shape = operand_shape(builder, node)?;
    reshaped(builder, node, shape)
}
