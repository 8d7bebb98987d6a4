//! [`Value`]: what an ONNX value is in integers while the graph is being read.

use std::sync::Arc;

use super::constant::Constant;
use super::node::NodeView;
use super::ratio::Ratio;
use crate::graph::{DType, TensorId};
use crate::ops::{Gather, Op, Run};

/// An ONNX value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// An integer tensor of the graph, as `QuantizeLinear` and the `QLinear` operators give it.
    Integer(TensorId),
    /// `DequantizeLinear` of a tensor of the graph: real numbers that stand on integers.
    Real(TensorId),
    /// Real numbers, or `i32` accumulators, that have no integer tensor before a `QuantizeLinear` gives them a scale.
    Pending(Box<Pending>),
    /// A constant.
    Constant(Arc<Constant>),
    /// The result of something that was refused, with its shape where that is known.
    Unknown(Option<Vec<usize>>),
}

/// A result that waits for its scale.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// Node that made it, for messages and for the op's name.
    pub(super) node: String,
    /// ONNX name of the node's result.
    pub(super) name: String,
    pub(super) source: Source,
    /// Shape of the source.
    pub(super) source_shape: Vec<usize>,
    /// Whether ONNX sees `i32` (`ConvInteger`, `MatMulInteger`) and not floats.
    pub(super) integer: bool,
    /// Smallest real value, by Relu or Clip.
    pub(super) low: f64,
    /// Largest real value, by Relu or Clip.
    pub(super) high: f64,
    /// Ops that move elements or take maxima, to run after the requantisation, which they commute with.
    pub(super) after: Vec<After>,
    /// Of a layer's accumulators: the axis of the value along which its outputs run.
    pub(super) outputs: Option<usize>,
    /// How many of `after` belong to the layer.
    own: usize,
}

/// An op to run once the tensor exists.
#[derive(Clone, Debug)]
pub(super) struct After {
    pub(super) node: String,
    /// ONNX name of its result.
    pub(super) name: String,
    pub(super) op: Op,
    pub(super) shape: Vec<usize>,
}

/// Where pending values come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A float input of the graph, by its number among the inputs.
    Input(usize),
    /// Accumulators of an op; `units`: real value of one step, one for all or one per channel.
    Accumulators { op: Op, input: TensorId, units: Vec<Ratio> },
    /// Sum of two tensors with their scales, or their difference.
    Sum { inputs: [TensorId; 2], scales: [Ratio; 2], minus: bool },
    /// A function of the elements of one tensor: its real value for every integer of the tensor's type, in ascending order.
    Function { input: TensorId, values: Vec<f64> },
    /// Product of two tensors of one shape; `unit`: the product of their scales.
    Product { inputs: [TensorId; 2], unit: Ratio },
    /// A function of a part's accumulators, which reach from 0 to `most`.
    FunctionOfSum { part: Part, most: i64, of: fn(f64) -> f64 },
    /// What several ops make, all with the scale that is waited for, and the order in which the elements of their results follow each other.
    Joined { parts: Vec<Part>, gather: Gather },
}

/// An op whose accumulators wait for a scale.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) op: Op,
    pub(super) input: TensorId,
    /// Real value of one step.
    pub(super) units: Vec<Ratio>,
}

impl Pending {
    pub(super) fn new(node: &str, name: &str, source: Source, shape: Vec<usize>) -> Self {
        Self {
            node: node.to_owned(),
            name: name.to_owned(),
            source,
            source_shape: shape,
            integer: false,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            after: Vec::new(),
            outputs: None,
            own: 0,
        }
    }

    /// Says that these are a layer's accumulators, whose outputs run along an axis of the value as it is now.
    pub(super) fn layer(mut self, outputs: usize) -> Self {
        (self.outputs, self.own) = (Some(outputs), self.after.len());
        self
    }

    /// Shape of the value.
    pub(super) fn shape(&self) -> &[usize] {
        self.after.last().map_or(&self.source_shape, |after| &after.shape)
    }

    /// The value in the order that a gather gives it, or under another shape.
    pub(super) fn then(mut self, node: &NodeView<'_>, op: Op, shape: Vec<usize>) -> Self {
        self.after.push(After { node: node.name.to_owned(), name: node.output.to_owned(), op, shape });
        self
    }

    /// Whether these are bare accumulators, to which a bias or factor may still be added.
    pub(super) fn is_bare(&self) -> bool {
        self.after.len() == self.own && self.low == f64::NEG_INFINITY && self.high == f64::INFINITY
    }

    /// Whether bounds that leave 0 out would be those of constants too, which stand between the elements: these are bounded by nothing.
    pub(super) fn has_constants_beyond(&self, low: f64, high: f64) -> bool {
        let constants = |after: &After| matches!(&after.op, Op::Gather(gather) if gather.runs.iter().any(|run| matches!(run, Run::Constant { .. })));
        (low > 0.0 || high < 0.0) && self.after.iter().any(constants)
    }

    /// `min(max(x, low), high)`, after the bounds so far.
    pub(super) fn clip(&mut self, low: f64, high: f64) {
        self.low = self.low.max(low).min(high);
        self.high = self.high.max(low).min(high);
    }
}

/// Scale, zero point and type of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantisation {
    pub(super) scale: f64,
    pub(super) zero_point: i64,
    pub(super) dtype: DType,
}
