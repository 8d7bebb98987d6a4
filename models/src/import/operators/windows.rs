//! [`Windows`]: the geometry that Conv and the pools share, along any number of axes.

use crate::error::ModelError;
use crate::import::node::NodeView;
use crate::ops::OpFault;

/// Windows that slide along the spatial axes of a tensor `[n, c, ...]`.
pub(super) struct Windows {
    /// The axes, in order.
    pub(super) axes: Vec<Axis>,
}

/// A window along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Elements of the input.
    pub(super) input: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) dilation: usize,
    /// Padding before the first element.
    pub(super) before: usize,
    /// Padding after the last element.
    pub(super) after: usize,
    /// Positions of the window.
    pub(super) output: usize,
}

/// Largest number in a geometry: no product of two can wrap.
const LIMIT: usize = 1 << 26;

impl Axis {
    /// What the window spans: `(kernel - 1) dilation + 1`.
    pub(super) const fn span(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// The element under a tap of a position of the window; `None` in padding.
    pub(super) fn at(&self, position: usize, tap: usize) -> Option<usize> {
        let padded = position * self.stride + tap * self.dilation;
        padded.checked_sub(self.before).filter(|at| *at < self.input)
    }

    /// Whether a tap of a position lies within input and padding: one may reach beyond where sizes are rounded up.
    pub(super) const fn counts(&self, position: usize, tap: usize) -> bool {
        position * self.stride + tap * self.dilation < self.before + self.input + self.after
    }
}

impl Windows {
    /// By the attributes of a node over an input of a shape.
    ///
    /// # Errors
    /// A window that does not fit; what is not supported is refused beside.
    pub(super) fn read(node: &NodeView<'_>, shape: &[usize], kernel: &[usize]) -> Result<Self, ModelError> {
        let spatial = shape.get(2..).unwrap_or_default();
        let rank = spatial.len();
        if kernel.len() != rank || rank == 0 {
            let got = shape.to_vec();
            return Err(OpFault::Rank { expected: "2 and one for each axis of the kernel", got }.at(node.name));
        }
        let [strides, dilations] = ["strides", "dilations"].map(|name| node.sizes(name, vec![1; rank]));
        let pads = node.sizes("pads", vec![0; 2 * rank]);
        let auto_pad = node.string("auto_pad").unwrap_or_default();
        if node.ints("pads").is_some() && !matches!(auto_pad.as_str(), "" | "NOTSET") {
            node.refuse(ModelError::InvalidNode {
                node: node.name.to_owned(),
                problem: format!("auto_pad {auto_pad} stands beside pads {pads:?}"),
                expected: "one of them".to_owned(),
            });
        }
        if !matches!(auto_pad.as_str(), "" | "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER") {
            node.refuse(node.unsupported("auto_pad", auto_pad.clone(), "NOTSET, VALID, SAME_UPPER or SAME_LOWER"));
        }
        if auto_pad.starts_with("SAME") && dilations.iter().any(|dilation| *dilation > 1) {
            node.refuse(node.unsupported("auto_pad", format!("{auto_pad} with dilations"), "explicit pads"));
        }
        let ceil = node.int("ceil_mode", 0) != 0;
        let mut axes = Vec::with_capacity(rank);
        for at in 0..rank {
            let of = |list: &[usize], index: usize| list.get(index).copied().unwrap_or(0);
            let (input, kernel) = (of(spatial, at), of(kernel, at));
            let (stride, dilation) = (of(&strides, at), of(&dilations, at));
            let (mut before, mut after) = (of(&pads, at), of(&pads, rank + at));
            let sane = [input, kernel, stride, dilation].iter().all(|size| (1..LIMIT).contains(size));
            let span = kernel.saturating_sub(1).saturating_mul(dilation).saturating_add(1);
            let fault = || {
                let plane = spatial.to_vec();
                OpFault::Windows { kernel, stride, dilation, pads: [before, after], plane }.at(node.name)
            };
            if !sane || span >= LIMIT || before >= LIMIT || after >= LIMIT {
                return Err(fault());
            }
            let output = match auto_pad.as_str() {
                "SAME_UPPER" | "SAME_LOWER" => {
                    let output = input.div_ceil(stride);
                    let reach = (output - 1) * stride + span;
                    if reach < input && node.operator().ends_with("Pool") {
                        // Runtimes disagree on which elements are left out.
                        let got = format!("{auto_pad} with windows that leave elements out");
                        node.refuse(node.unsupported("auto_pad", got, "explicit pads"));
                    }
                    let total = reach.saturating_sub(input);
                    let small = total / 2;
                    (before, after) =
                        if auto_pad == "SAME_UPPER" { (small, total - small) } else { (total - small, small) };
                    output
                }
                "" | "NOTSET" | "VALID" => {
                    let room = (input + before + after).checked_sub(span).ok_or_else(fault)?;
                    let output = if ceil { room.div_ceil(stride) + 1 } else { room / stride + 1 };
                    // A window that would begin behind the input and the padding before it is none.
                    if ceil && (output - 1) * stride >= input + before { output - 1 } else { output }
                }
                // It has been refused.
                _ => 1,
            };
            axes.push(Axis { input, kernel, stride, dilation, before, after, output });
        }
        Ok(Self { axes })
    }

    /// One size of every axis.
    pub(super) fn sizes(&self, of: impl Fn(&Axis) -> usize) -> Vec<usize> {
        self.axes.iter().map(of).collect()
    }

    /// Positions of the window in all.
    pub(super) fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    /// Taps of the window in all.
    pub(super) fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.kernel).product()
    }

    /// The axes with their index of a position and of a tap, both numbered row-major.
    fn along(&self, mut position: usize, mut tap: usize) -> Vec<(Axis, usize, usize)> {
        let mut along: Vec<_> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let here = (*axis, position % axis.output, tap % axis.kernel);
                (position, tap) = (position / axis.output, tap / axis.kernel);
                here
            })
            .collect();
        along.reverse();
        along
    }

    /// Index in the input's spatial axes of what lies under a tap of a position; `None` in padding.
    pub(super) fn element(&self, position: usize, tap: usize) -> Option<usize> {
        self.along(position, tap)
            .into_iter()
            .try_fold(0, |index, (axis, position, tap)| Some(index * axis.input + axis.at(position, tap)?))
    }

    /// How many taps of a position lie within the input; within input and padding, if `padding` counts.
    pub(super) fn count(&self, position: usize, padding: bool) -> usize {
        let counted = |axis: &Axis, position: usize| {
            let within = |tap: &usize| {
                if padding { axis.counts(position, *tap) } else { axis.at(position, *tap).is_some() }
            };
            (0..axis.kernel).filter(within).count()
        };
        self.along(position, 0).iter().map(|(axis, position, _)| counted(axis, *position)).product()
    }
}
