//! [`Spread`]: the geometry of a `ConvTranspose` along one axis: <https://onnx.ai/onnx/operators/onnx__ConvTranspose.html>.

use crate::error::ModelError;
use crate::import::node::NodeView;
use crate::ops::OpFault;

/// An axis along which zeros are put between elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Elements of the input.
    pub(super) input: usize,
    pub(super) kernel: usize,
    stride: usize,
    pub(super) dilation: usize,
    /// What is cut off before the first element of the result.
    before: usize,
    /// Elements of the result.
    pub(super) side: usize,
}

impl Spread {
    /// By the attributes of a node over an input and weights of these shapes.
    pub(super) fn read(node: &NodeView<'_>, from: &[usize], weights: &[usize]) -> Result<Vec<Self>, ModelError> {
        let spatial = weights.get(2..).unwrap_or_default().to_vec();
        let rank = spatial.len();
        let kernel = node.sizes("kernel_shape", spatial.clone());
        if kernel != spatial || from.len() != weights.len() || !(1..=2).contains(&rank) {
            let expected = "3 or 4 (ConvTranspose of one or two axes)";
            return Err(OpFault::Rank { expected, got: from.to_vec() }.at(node.name));
        }
        let [strides, dilations] = ["strides", "dilations"].map(|name| node.sizes(name, vec![1; rank]));
        let pads = node.sizes("pads", vec![0; 2 * rank]);
        let extra = node.sizes("output_padding", vec![0; rank]);
        let sizes = |ints: &[i64]| ints.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect::<Vec<_>>();
        let wanted = node.ints("output_shape").map(sizes);
        let auto_pad = node.string("auto_pad").unwrap_or_default();
        if !matches!(auto_pad.as_str(), "" | "NOTSET") && node.ints("pads").is_some() {
            return Err(node.unsupported("pads", format!("{pads:?} beside auto_pad"), "one of them"));
        }
        let of = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(0);
        let axis = |at: usize| {
            let wanted = wanted.as_ref().map(|wanted| of(wanted, wanted.len().saturating_sub(rank) + at));
            Self::of(
                node,
                [of(from, at + 2), of(&kernel, at), of(&strides, at), of(&dilations, at)],
                [of(&pads, at), of(&pads, rank + at), of(&extra, at)],
                wanted,
                &auto_pad,
            )
        };
        (0..rank).map(axis).collect()
    }

    fn of(
        node: &NodeView<'_>,
        [input, kernel, stride, dilation]: [usize; 4],
        [mut before, mut after, mut extra]: [usize; 3],
        wanted: Option<usize>,
        auto_pad: &str,
    ) -> Result<Self, ModelError> {
        const LIMIT: usize = 1 << 20;
        let sane = [input, kernel, stride, dilation].iter().all(|size| (1..LIMIT).contains(size));
        if !sane || [before, after, extra].iter().any(|size| *size >= LIMIT) {
            let got = format!("{stride}, kernel {kernel}, dilation {dilation}, pads {before} and {after}");
            return Err(node.unsupported("strides", got, "strides, dilations and kernel of at least 1"));
        }
        let span = (kernel - 1) * dilation + 1;
        let bare = (input - 1) * stride + span;
        let same = match auto_pad {
            "SAME_UPPER" | "SAME_LOWER" => true,
            "" | "NOTSET" | "VALID" => false,
            other => {
                let expected = "NOTSET, VALID, SAME_UPPER or SAME_LOWER";
                return Err(node.unsupported("auto_pad", other.to_owned(), expected));
            }
        };
        if same && span < stride {
            let expected = "explicit pads where the kernel is smaller than the stride";
            return Err(node.unsupported("auto_pad", auto_pad.to_owned(), expected));
        }
        if let Some(side) = wanted.or_else(|| same.then(|| input * stride)) {
            let total = (bare + extra).saturating_sub(side);
            let less = total / 2;
            (before, after) = if auto_pad == "SAME_UPPER" { (less, total - less) } else { (total - less, less) };
            extra += side.saturating_sub(bare + extra);
        }
        let side = (bare + extra).checked_sub(before + after).filter(|side| *side > 0);
        let side = side.ok_or_else(|| {
            node.unsupported("pads", format!("{before} and {after}"), "pads that leave something of the result")
        })?;
        Ok(Self { input, kernel, stride, dilation, before, side })
    }

    /// What the kernel spans.
    const fn span(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// Elements of the input with zeros between and around them.
    pub(super) const fn laid(&self) -> usize {
        self.side + self.span() - 1
    }

    /// The element of the input at an index of that; `None` where a zero stands.
    pub(super) fn element(&self, index: usize) -> Option<usize> {
        let moved = (index + self.before).checked_sub(self.span() - 1)?;
        moved.is_multiple_of(self.stride).then_some(moved / self.stride).filter(|at| *at < self.input)
    }
}
