//! `MaxPool`, `AveragePool`, their global forms and the reductions along axes. A maximum over any window is a gather into 2x2 windows and as many
//! levels of [`MaxPool`] as it takes; a sum is a gather that makes a channel of each tap, and a convolution of 1x1 whose weights are 1.

use super::movement::{arranged, dot, gathered, gathered_as, reduced_axes, reduced_shape, strides};
use super::shape::{move_elements, operand_shape, reshaped};
use super::windows::Windows;
use crate::error::ModelError;
use crate::graph::{DType, TensorId};
use crate::import::builder::{Builder, tabled};
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Part, Pending, Quantisation, Source, Value};
use crate::ops::{Conv, Gather, MaxPool, Op, Pick, Rescale, Reshape, Run};
use crate::requantise::Requantise;

/// Most elements under all windows of a channel.
const LARGEST: usize = 1 << 24;

/// A geometry, over `[n, c, ...]`.
struct Pool {
    /// Elements of `n` and `c`.
    outer: usize,
    /// Elements of a channel.
    area: usize,
    windows: Windows,
    /// Shape of the result.
    shape: Vec<usize>,
}

impl Pool {
    fn read(builder: &Builder, node: &NodeView<'_>, global: bool) -> Result<Self, ModelError> {
        let from = operand_shape(builder, node)?;
        let spatial = from.get(2..).unwrap_or_default().to_vec();
        let kernel = if global {
            spatial.clone()
        } else {
            let given = node.ints("kernel_shape").map(<[i64]>::len);
            if given != Some(spatial.len()) {
                let got = node.ints("kernel_shape").map_or_else(|| "none".to_owned(), |ints| format!("{ints:?}"));
                return Err(node.unsupported("kernel_shape", got, "a size for each axis behind [n, c]"));
            }
            node.sizes("kernel_shape", spatial.clone())
        };
        let windows = Windows::read(node, &from, &kernel)?;
        let outer: usize = from.iter().take(2).product();
        let visited = windows.positions().checked_mul(windows.taps());
        if visited.is_none_or(|visited| visited > LARGEST) {
            return Err(node.unsupported(
                "kernel_shape",
                "more than 2^24 elements under its windows".to_owned(),
                "a smaller kernel, or a larger stride",
            ));
        }
        let shape = [from.get(..2).unwrap_or_default(), &windows.sizes(|axis| axis.output)].concat();
        Ok(Self { outer, area: spatial.iter().product(), windows, shape })
    }
}

pub(super) fn max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("storage_order", 0, "0 (row-major)");
    let pool = Pool::read(builder, node, false)?;
    max_of(builder, node, &pool)
}

pub(super) fn global_max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let pool = Pool::read(builder, node, true)?;
    max_of(builder, node, &pool)
}

fn max_of(builder: &mut Builder, node: &NodeView<'_>, pool: &Pool) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    let plain = |axis: &super::windows::Axis| {
        (axis.kernel, axis.stride, axis.dilation, axis.before, axis.after) == (2, 2, 1, 0, 0)
            && axis.input.is_multiple_of(2)
    };
    if pool.windows.axes.len() == 2 && pool.windows.axes.iter().all(plain) {
        let op = Op::MaxPool(MaxPool);
        return move_elements(builder, node, node.output, value, op, pool.shape.clone(), |_, _| Ok(None));
    }
    let (positions, taps) = (pool.windows.positions(), pool.windows.taps());
    let mut windows = Vec::with_capacity(positions);
    for position in 0..positions {
        // Padding never wins, so that it is left out.
        let within: Vec<usize> = (0..taps).filter_map(|tap| pool.windows.element(position, tap)).collect();
        if within.is_empty() {
            return Err(node.unsupported("pads", "a window of padding alone".to_owned(), "an element in every window"));
        }
        windows.push(within);
    }
    let of = |group: usize| {
        let (outer, position) = (group / positions, group % positions);
        windows.get(position).into_iter().flatten().map(move |at| outer * pool.area + at).collect::<Vec<_>>()
    };
    let width = pool.windows.axes.last().map_or(1, |axis| axis.output);
    maxima(builder, node, value, [pool.outer, positions / width.max(1), width], of, &pool.shape)
}

/// The maxima of groups of elements, numbered row-major over channels, rows and columns. Each group is laid as a square whose side is a power of
/// two; an element that stands there twice wins no more than once.
fn maxima(
    builder: &mut Builder,
    node: &NodeView<'_>,
    value: Value,
    [channels, rows, columns]: [usize; 3],
    group: impl Fn(usize) -> Vec<usize>,
    wanted: &[usize],
) -> Result<Value, ModelError> {
    let count = [channels, rows, columns].iter().fold(1usize, |count, size| count.saturating_mul(*size));
    if count > LARGEST {
        return Err(node.unsupported("kernel_shape", format!("{count} windows"), "at most 2^24"));
    }
    let groups: Vec<Vec<usize>> = (0..count).map(group).collect();
    let most = groups.iter().map(Vec::len).fold(1, usize::max);
    let levels = most.next_power_of_two().ilog2().div_ceil(2);
    let side = 1usize << levels;
    let laid = [1, channels, rows * side, columns * side];
    let gather = arranged(builder, node, 1, &laid, |index| {
        let group = (index[1] * rows + index[2] / side) * columns + index[3] / side;
        let within = index[2] % side * side + index[3] % side;
        let elements = groups.get(group).map_or(&[][..], Vec::as_slice);
        elements.get(within).or(elements.first()).map_or(Pick::NOTHING, |element| Pick::of(*element))
    })?;
    let name = format!("{}/windows", node.output);
    let mut value = gathered_as(builder, node, if levels == 0 { node.output } else { &name }, vec![value], gather)?;
    for level in (0..levels).rev() {
        let shape = vec![1, channels, rows << level, columns << level];
        let name = if level == 0 && shape == wanted { node.output } else { &name };
        value = move_elements(builder, node, name, value, Op::MaxPool(MaxPool), shape, |_, _| Ok(None))?;
    }
    under(builder, node, value, wanted)
}

/// A value under another shape.
fn under(builder: &mut Builder, node: &NodeView<'_>, value: Value, shape: &[usize]) -> Result<Value, ModelError> {
    if builder.shape(&value)? == shape {
        return Ok(value);
    }
    let op = Op::Reshape(Reshape);
    move_elements(builder, node, node.output, value, op, shape.to_vec(), |constant, shape| Ok(constant.reshaped(shape)))
}

/// The largest of the elements of several tensors of one shape. Where they are of several scales, it waits for one.
pub(super) fn largest_of(
    builder: &mut Builder,
    node: &NodeView<'_>,
    tensors: &[TensorId],
    shape: &[usize],
) -> Result<Value, ModelError> {
    let len: usize = shape.iter().product();
    let values: Vec<Value> = tensors.iter().map(|tensor| Value::Real(*tensor)).collect();
    let side = 1usize << tensors.len().next_power_of_two().ilog2().div_ceil(2);
    let laid = [1, 1, side, side * len];
    let gather = arranged(builder, node, tensors.len(), &laid, |index| {
        let within = index[2] * side + index[3] % side;
        Pick::Element { operand: if within < tensors.len() { within } else { 0 }, index: index[3] / side }
    })?;
    let mut value = gathered(builder, node, values, gather)?;
    let mut side = side;
    while side > 1 {
        side /= 2;
        let shape = vec![1, 1, side, side * len];
        value = move_elements(builder, node, node.output, value, Op::MaxPool(MaxPool), shape, |_, _| Ok(None))?;
    }
    under(builder, node, value, shape)
}

/// The largest along axes that are kept as 1.
pub(super) fn reduce_max_along(
    builder: &mut Builder,
    node: &NodeView<'_>,
    value: Value,
    axes: &[usize],
) -> Result<Value, ModelError> {
    let from = builder.shape(&value)?;
    let (shape, element, taps) = along(&from, axes, true);
    let len = shape.iter().product();
    maxima(builder, node, value, [1, 1, len], |group| (0..taps).map(|tap| element(group, tap)).collect(), &shape)
}

/// What [`reduction`] gives.
type Reduced<F> = (Vec<usize>, F, usize);

/// Shape of the result of a reduction, the index of each element that an element of it is made of, and how many these are.
fn reduction(
    builder: &Builder,
    node: &NodeView<'_>,
) -> Result<Reduced<impl Fn(usize, usize) -> usize + use<>>, ModelError> {
    let from = operand_shape(builder, node)?;
    let axes = reduced_axes(builder, node, from.len())?;
    Ok(along(&from, &axes, node.int("keepdims", 1) != 0))
}

/// As [`reduction`], by the shape of the operand.
fn along(from: &[usize], axes: &[usize], keep: bool) -> Reduced<impl Fn(usize, usize) -> usize + use<>> {
    let shape = reduced_shape(from, axes, keep);
    let (steps, kept) = (strides(from), reduced_shape(from, axes, true));
    let along: Vec<usize> = axes.iter().filter_map(|axis| from.get(*axis).copied()).collect();
    let taps: usize = along.iter().product();
    let (outer, inner, axes) = (strides(&kept), strides(&along), axes.to_vec());
    let element = move |group: usize, tap: usize| {
        let base = outer.iter().zip(&kept).map(|(stride, size)| group / stride % size);
        let base = dot(&base.collect::<Vec<_>>(), &steps);
        let within = axes
            .iter()
            .zip(inner.iter().zip(&along))
            .map(|(axis, (stride, size))| tap / stride % size * steps.get(*axis).copied().unwrap_or(0));
        base + within.sum::<usize>()
    };
    (shape, element, taps)
}

pub(super) fn reduce_max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let value = builder.value(node, 0)?.clone();
    reduce_max_of(builder, node, value)
}

/// The largest along the axes of a node, of a value that has the shape of its operand.
pub(super) fn reduce_max_of(builder: &mut Builder, node: &NodeView<'_>, value: Value) -> Result<Value, ModelError> {
    let (shape, element, taps) = reduction(builder, node)?;
    let len = shape.iter().product();
    maxima(builder, node, value, [1, 1, len], |group| (0..taps).map(|tap| element(group, tap)).collect(), &shape)
}

pub(super) fn reduce_mean(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    reduce_sums(builder, node, true)
}

pub(super) fn reduce_sum(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    reduce_sums(builder, node, false)
}

fn reduce_sums(builder: &mut Builder, node: &NodeView<'_>, mean: bool) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let (shape, element, taps) = reduction(builder, node)?;
    let len: usize = shape.iter().product();
    if taps == 1 {
        return reshaped(builder, node, shape);
    }
    let part =
        sums(builder, node, input, [taps, len], |tap, group| Some(element(group, tap)), if mean { taps } else { 1 })?;
    let source = Source::Accumulators { op: part.op, input: part.input, units: part.units };
    let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, len]);
    under(builder, node, Value::Pending(Box::new(pending)), &shape)
}

/// `of(sum f(x))` along axes, where `f` is a table of exact integers.
fn reduce_function(
    builder: &mut Builder,
    node: &NodeView<'_>,
    power: u32,
    of: fn(f64) -> f64,
) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let (shape, element, taps) = reduction(builder, node)?;
    let len: usize = shape.iter().product();
    let (terms, largest) = builder.powers(node, input, power)?;
    let part = sums(builder, node, terms, [taps, len], |tap, group| Some(element(group, tap)), 1)?;
    let source = Source::FunctionOfSum { part, most: largest * taps as i64, of };
    let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, len]);
    under(builder, node, Value::Pending(Box::new(pending)), &shape)
}

pub(super) fn reduce_l1(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    reduce_function(builder, node, 1, |sum| sum)
}

pub(super) fn reduce_l2(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    reduce_function(builder, node, 2, libm::sqrt)
}

pub(super) fn reduce_sum_square(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    reduce_function(builder, node, 2, |sum| sum)
}

/// `LpPool` of `p` 1 or 2.
pub(super) fn lp(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let pool = Pool::read(builder, node, node.operator() == "GlobalLpPool")?;
    let (power, of): (u32, fn(f64) -> f64) = match node.int("p", 2) {
        1 => (1, |sum| sum),
        2 => (2, libm::sqrt),
        other => return Err(node.unsupported("p", other.to_string(), "1 or 2")),
    };
    let input = builder.real(node, 0)?;
    let (terms, largest) = builder.powers(node, input, power)?;
    let (positions, taps) = (pool.windows.positions(), pool.windows.taps());
    let element =
        |tap: usize, group: usize| Some(group / positions * pool.area + pool.windows.element(group % positions, tap)?);
    let part = sums(builder, node, terms, [taps, pool.outer * positions], element, 1)?;
    let source = Source::FunctionOfSum { part, most: largest * taps as i64, of };
    let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, pool.outer * positions]);
    Ok(Value::Pending(Box::new(pending.then(node, Op::Reshape(Reshape), pool.shape))))
}

impl Builder {
    /// `|x|` or `x^2` of the elements less their zero point, exactly, and the largest that one can be.
    fn powers(&mut self, node: &NodeView<'_>, input: TensorId, power: u32) -> Result<(TensorId, i64), ModelError> {
        let info = self.info(input)?.clone();
        let (low, high) = (info.dtype.min(), info.dtype.max());
        if high - low > 255 {
            return Err(
                node.unquantised("it reads a tensor of more than 8 bits", "quantise its operand to INT8 or UINT8")
            );
        }
        let scale = self.scale(input)?;
        let unit = if power == 1 { Some(scale) } else { scale.times(scale) };
        let unit = unit.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: info.scale })?;
        let value = |x: i64| (x - i64::from(info.zero_point)).abs().pow(power);
        let largest = value(low).max(value(high));
        let table = (low..=high).map(|x| value(x) as i32).collect();
        let op = Op::Rescale(Rescale { requantise: tabled(&info, table) });
        let quantisation = Quantisation { scale: unit.value(), zero_point: 0, dtype: DType::I32 };
        let name = format!("{}/powers", node.output);
        Ok((self.emit(node.name, op, vec![input], &name, info.shape, quantisation), largest))
    }
}

/// Sums of groups of elements, as many in each, over a divisor: `[1, 1, 1, groups]`. What is no element counts 0.
pub(super) fn sums(
    builder: &mut Builder,
    node: &NodeView<'_>,
    input: TensorId,
    [taps, groups]: [usize; 2],
    element: impl Fn(usize, usize) -> Option<usize>,
    divisor: usize,
) -> Result<Part, ModelError> {
    let laid = vec![1, taps, 1, groups];
    let gather =
        arranged(builder, node, 1, &laid, |index| element(index[1], index[3]).map_or(Pick::Constant(0), Pick::of))?;
    crate::import::constant::shape(&[taps as i64, groups as i64], node.output, 1)?;
    let whole = [Run::Elements { operand: 0, first: 0, step: 1, len: taps * groups }];
    let input = if gather.runs == whole && builder.info(input)?.len() == taps * groups {
        // The elements follow each other already.
        if builder.info(input)?.shape == laid {
            input
        } else {
            builder.emit_alike(node.name, Op::Reshape(Reshape), vec![input], &format!("{}/taps", node.output), laid)?
        }
    } else {
        builder.emit_alike(node.name, Op::Gather(gather), vec![input], &format!("{}/taps", node.output), laid)?
    };
    let conv = Conv {
        weights: vec![1i8; taps].into(),
        weights_shape: [1, taps, 1, 1],
        bias: vec![0],
        pads: [0; 4],
        group: 1,
        requantise: Requantise::accumulators(),
    };
    let unit = u32::try_from(divisor).ok().and_then(Ratio::integer);
    let unit = unit.and_then(|divisor| builder.scale(input).ok()?.over(divisor));
    let unit = unit.ok_or_else(|| node.unsupported("kernel_shape", format!("{divisor} elements"), "at most 2^31"))?;
    Ok(Part { op: Op::Conv(conv), input, units: vec![unit] })
}

pub(super) fn average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let pool = Pool::read(builder, node, false)?;
    let input = builder.real(node, 0)?;
    averaged(builder, node, input, &pool).map(|pending| Value::Pending(Box::new(pending)))
}

pub(super) fn global_average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let pool = Pool::read(builder, node, true)?;
    let input = builder.real(node, 0)?;
    averaged(builder, node, input, &pool).map(|pending| Value::Pending(Box::new(pending)))
}

/// The averages of an integer tensor's windows, for ONNX Runtime's own pools.
pub(super) fn averages(
    builder: &mut Builder,
    node: &NodeView<'_>,
    input: TensorId,
    global: bool,
) -> Result<Pending, ModelError> {
    let pool = Pool::read(builder, node, global)?;
    averaged(builder, node, input, &pool)
}

/// Windows that hold as many elements as each other are one convolution; those of other sizes, at a border, another.
fn averaged(builder: &mut Builder, node: &NodeView<'_>, input: TensorId, pool: &Pool) -> Result<Pending, ModelError> {
    let Pool { outer, area, windows, shape } = pool;
    let padding = node.int("count_include_pad", 0) != 0;
    let (positions, taps) = (windows.positions(), windows.taps());
    let mut classes: Vec<(usize, Vec<usize>)> = Vec::new();
    for position in 0..positions {
        let count = windows.count(position, padding);
        if count == 0 {
            return Err(node.unsupported("pads", "a window of padding alone".to_owned(), "an element in every window"));
        }
        match classes.iter_mut().find(|(of, _)| *of == count) {
            Some((_, of)) => of.push(position),
            None => classes.push((count, vec![position])),
        }
    }
    let mut parts = Vec::with_capacity(classes.len());
    // Which part holds a position, and where.
    let mut place = vec![(0, 0, 0); positions];
    for (at, (count, of)) in classes.iter().enumerate() {
        let groups = outer * of.len();
        let element = |tap: usize, group: usize| {
            let position = of.get(group % of.len()).copied()?;
            Some(group / of.len() * area + windows.element(position, tap)?)
        };
        parts.push(sums(builder, node, input, [taps, groups], element, *count)?);
        for (within, position) in of.iter().enumerate() {
            if let Some(slot) = place.get_mut(*position) {
                *slot = (at, within, of.len());
            }
        }
    }
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        let source = Source::Accumulators { op: part.op, input: part.input, units: part.units };
        let pending = Pending::new(node.name, node.output, source, vec![1, 1, 1, outer * positions]);
        return Ok(pending.then(node, Op::Reshape(Reshape), shape.clone()));
    }
    let picks = (0..outer * positions).map(|at| {
        let (operand, within, len) = place.get(at % positions).copied().unwrap_or_default();
        Pick::Element { operand, index: at / positions * len + within }
    });
    let gather = Gather::new(parts.len(), shape.clone(), picks);
    Ok(Pending::new(node.name, node.output, Source::Joined { parts, gather }, shape.clone()))
}
