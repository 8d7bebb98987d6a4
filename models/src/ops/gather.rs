//! [`Gather`]: elements in any order that is known beforehand. Transpose, Concat, Slice, Pad, Expand, the windows of pools and the planes of
//! strided convolutions are all this one op.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, elements};
use crate::requantise::Requantise;

/// `y[i] = x_k[j]`, where `k` and `j` are known for every `i`; or a constant. All operands have one type, scale and zero point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather {
    /// Number of operands.
    pub operands: usize,
    /// Shape of the result.
    pub shape: Vec<usize>,
    /// Where the elements of the result come from, row-major.
    pub runs: Vec<Run>,
}

/// Where consecutive elements of a result come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Run {
    /// Elements `first, first + step, first + 2 step, ...` of an operand.
    Elements {
        /// The operand.
        operand: usize,
        /// Index of the first.
        first: usize,
        /// From one to the next.
        step: isize,
        /// How many.
        len: usize,
    },
    /// A constant, `len` times.
    Constant {
        /// The integer less the zero point: 0 stands for real zero.
        value: i32,
        /// How many.
        len: usize,
    },
}

/// Where one element of a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// An element of an operand.
    Element {
        /// The operand.
        operand: usize,
        /// Its index.
        index: usize,
    },
    /// The integer less the zero point.
    Constant(i32),
}

impl Pick {
    /// What stands where an element is missing: no operand is so long, so that a graph with it is refused.
    pub(crate) const NOTHING: Self = Self::of(usize::MAX);

    /// An element of the only operand.
    pub const fn of(index: usize) -> Self {
        Self::Element { operand: 0, index }
    }
}

impl Run {
    const fn len(self) -> usize {
        match self {
            Self::Elements { len, .. } | Self::Constant { len, .. } => len,
        }
    }

    /// Index of element number `at`, where it is one of an operand.
    const fn pick(self, at: usize) -> Pick {
        match self {
            Self::Elements { operand, first, step, .. } => {
                Pick::Element { operand, index: first.wrapping_add_signed(step.wrapping_mul(at as isize)) }
            }
            Self::Constant { value, .. } => Pick::Constant(value),
        }
    }

    /// The run with a pick more, if that continues it.
    const fn with(self, pick: Pick) -> Option<Self> {
        match (self, pick) {
            (Self::Elements { operand, first, step, len }, Pick::Element { operand: of, index }) if operand == of => {
                let step = if len == 1 { index as isize - first as isize } else { step };
                let next = first.wrapping_add_signed(step.wrapping_mul(len as isize));
                if next == index { Some(Self::Elements { operand, first, step, len: len + 1 }) } else { None }
            }
            (Self::Constant { value, len }, Pick::Constant(other)) if value == other => {
                Some(Self::Constant { value, len: len + 1 })
            }
            _ => None,
        }
    }
}

impl From<Pick> for Run {
    fn from(pick: Pick) -> Self {
        match pick {
            Pick::Element { operand, index } => Self::Elements { operand, first: index, step: 1, len: 1 },
            Pick::Constant(value) => Self::Constant { value, len: 1 },
        }
    }
}

impl Gather {
    /// From where each element of the result comes from, row-major.
    pub fn new(operands: usize, shape: Vec<usize>, picks: impl IntoIterator<Item = Pick>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for pick in picks {
            match runs.last_mut().and_then(|run| run.with(pick).map(|longer| *run = longer)) {
                Some(()) => {}
                None => runs.push(pick.into()),
            }
        }
        Self { operands, shape, runs }
    }

    /// Of a shape, by a function of the indices along its axes.
    pub(crate) fn by(operands: usize, shape: &[usize], pick: impl FnMut(&[usize]) -> Pick) -> Self {
        let mut pick = pick;
        let mut index = vec![0; shape.len()];
        let count: usize = shape.iter().product();
        let picks = (0..count).map(|_| {
            let picked = pick(&index);
            for (at, size) in index.iter_mut().zip(shape).rev() {
                *at += 1;
                if *at < *size {
                    break;
                }
                *at = 0;
            }
            picked
        });
        Self::new(operands, shape.to_vec(), picks)
    }

    /// Where each element of the result comes from, row-major.
    pub fn picks(&self) -> impl Iterator<Item = Pick> + '_ {
        self.runs.iter().flat_map(|run| (0..run.len()).map(|at| run.pick(at)))
    }
}

impl IntegerOp for Gather {
    fn operands(&self) -> usize {
        self.operands
    }

    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        if inputs.len() != self.operands || inputs.is_empty() {
            return Err(OpFault::Operands { expected: self.operands.max(1), got: inputs.len() });
        }
        let count = elements(&self.shape)?;
        let got = self.runs.iter().fold(0usize, |sum, run| sum.saturating_add(run.len()));
        super::expect_size("elements of the result of Gather", count, got)?;
        let sizes = inputs.iter().map(|shape| elements(shape)).collect::<Result<Vec<_>, _>>()?;
        for run in &self.runs {
            let Run::Elements { operand, first, step, len } = *run else { continue };
            let size = *sizes.get(operand).ok_or(OpFault::Operands { expected: operand + 1, got: inputs.len() })?;
            let last = first as i128 + step as i128 * (len.max(1) - 1) as i128;
            for got in [first as i128, last] {
                if !(0..size as i128).contains(&got) {
                    let what = "index of a gathered element";
                    return Err(OpFault::Constant { what, got, low: 0, high: size as i128 - 1 });
                }
            }
        }
        Ok(self.shape.clone())
    }

    fn output(&self) -> Output<'_> {
        Output::Elements
    }

    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let first = inputs.first().ok_or(OpFault::Operands { expected: self.operands, got: 0 })?;
        let zero_point = first.zero_point();
        let value = |pick| match pick {
            Pick::Element { operand, index } => {
                let value = inputs.get(operand).and_then(|operand| operand.values.get(index)).copied();
                value.ok_or(OpFault::Size { what: "elements of an operand of Gather", expected: index + 1, got: 0 })
            }
            Pick::Constant(value) => Ok(zero_point + i64::from(value)),
        };
        Ok(self.picks().map(value).collect::<Result<Vec<_>, _>>()?.into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let constants = self.runs.iter().filter_map(|run| match run {
            Run::Constant { value, .. } => Some(*value),
            Run::Elements { .. } => None,
        });
        let first = inputs.first().ok_or(OpFault::Operands { expected: self.operands, got: 0 })?;
        let zero_point = i64::from(first.info.zero_point);
        let constant = |value| Interval::of(zero_point + i64::from(value), zero_point + i64::from(value));
        let all = inputs.iter().map(|operand| operand.elements).chain(constants.map(constant));
        Ok(all.fold(first.elements, Interval::or))
    }

    /// Those between the elements are within the type of the result, or it has no interval.
    fn constants(&self) -> Vec<i64> {
        Vec::new()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        None
    }
}
