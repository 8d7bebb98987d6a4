//! [`Warning`]: what a model computes otherwise elsewhere, although it is proved exactly as its file says.

use std::fmt;

use crate::graph::QuantizedGraph;
use crate::interval::intervals;

/// Something to know of a model. `Display` is a sentence that names the node.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Accumulators that do not fit the 32 bits of usual kernels.
    WideAccumulators {
        /// Node name.
        node: String,
        /// Smallest accumulator.
        low: i64,
        /// Largest accumulator.
        high: i64,
    },
    /// A bias that does not fit the 32 bits of usual kernels.
    WideBias {
        /// Node name.
        node: String,
        /// Output.
        output: usize,
        /// The bias in units of the accumulators.
        got: i64,
    },
    /// A bias that is no whole number of accumulator steps.
    RoundedBias {
        /// Node name.
        node: String,
        /// How many outputs.
        count: usize,
        /// Outputs in all.
        outputs: usize,
        /// Largest loss, in steps of the accumulators; at most 1/2.
        loss: f64,
    },
    /// A quantised tensor that is quantised again with another scale.
    TwoScales {
        /// Node name.
        node: String,
        /// Tensor name.
        tensor: String,
        /// Scale it was written with.
        from: f64,
        /// Scale it is quantised with again.
        to: f64,
    },
    /// An input of the graph that the output does not depend on.
    UnusedInput {
        /// Input name.
        input: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WideAccumulators { node, low, high } => write!(
                f,
                "node {node:?}: accumulators can reach {low} to {high}, beyond 32 bits: they are exact here, and wrap in kernels \
                 that add in int32; use fewer terms or smaller weights if both must agree"
            ),
            Self::WideBias { node, output, got } => write!(
                f,
                "node {node:?}: the bias of output {output} is {got} steps of its accumulators, beyond 32 bits: it is exact here, \
                 and wraps in kernels that hold it as int32; use a larger scale of input or weights if both must agree"
            ),
            Self::RoundedBias { node, count, outputs, loss } => write!(
                f,
                "node {node:?}: the bias of {count} of {outputs} outputs is finer than its accumulators and is rounded to them, by up \
                 to {loss:.3} of a step: answers may differ from ONNX's; quantise the bias to int32 with the scale of the input \
                 times that of the weights"
            ),
            Self::TwoScales { node, tensor, from, to } => write!(
                f,
                "node {node:?}: tensor {tensor:?} of scale {from} is quantised again with scale {to}: both roundings are proved, as \
                 the file says, and runtimes that merge them may answer otherwise; give both one scale"
            ),
            Self::UnusedInput { input } => write!(
                f,
                "input {input:?} of the graph is left out: the output does not depend on it, and no proof says anything of it"
            ),
        }
    }
}

/// Of accumulators: what the bounds of a graph say, but for nodes whose bias has been warned of.
pub(crate) fn of_graph(graph: &QuantizedGraph, before: &[Warning]) -> Vec<Warning> {
    let Ok(intervals) = intervals(graph) else { return Vec::new() };
    let warned =
        |name: &str| before.iter().any(|known| matches!(known, Warning::WideBias { node, .. } if node == name));
    let nodes = graph.nodes.iter().zip(intervals.accumulators);
    let wide = nodes.filter_map(|(node, bounds)| {
        let (low, high) = bounds.filter(|_| node.op.parameters() > 0)?;
        let fits = i32::try_from(low).is_ok() && i32::try_from(high).is_ok();
        (!fits && !warned(&node.name)).then(|| Warning::WideAccumulators { node: node.name.clone(), low, high })
    });
    wide.collect()
}
