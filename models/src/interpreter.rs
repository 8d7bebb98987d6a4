//! The interpreter: the ground truth for every witness.

use crate::error::ModelError;
use crate::graph::{QuantizedGraph, TensorId, TensorInfo};
use crate::ops::{Evaluated, Operand};
use crate::words::End;

/// All integer tensors of one inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Elements of every tensor, row-major, indexed by [`TensorId`](crate::TensorId).
    pub values: Vec<Vec<i64>>,
    /// Accumulators of every node, indexed like [`QuantizedGraph::nodes`](crate::QuantizedGraph); empty where an op has none.
    pub accumulators: Vec<Vec<i64>>,
    /// Sums of every convolution of stride 1 over its *full* plane, without bias, `[n, o, h + kh - 1, w + kw - 1]`: every window that
    /// meets the input, as a proof commits them. Indexed like the nodes; empty for other nodes.
    pub full_planes: Vec<Vec<i64>>,
}

impl Trace {
    /// Elements of the tensors at an end of the graph, in order.
    ///
    /// # Errors
    /// [`ModelError::BadGraph`] for a trace of another graph.
    pub fn at(&self, graph: &QuantizedGraph, end: End) -> Result<Vec<&[i64]>, ModelError> {
        let values = |tensor: TensorId| {
            let got = || ModelError::BadGraph { problem: "the trace lacks a tensor", got: tensor.0.to_string() };
            self.values.get(tensor.0).map(Vec::as_slice).ok_or_else(got)
        };
        graph.at(end).into_iter().map(values).collect()
    }
}

/// Runs a graph once, exactly.
///
/// `inputs` holds the integer elements of each of [`QuantizedGraph::inputs`], row-major
/// ([`quantise`](crate::quantise) makes them from real values). The graph must be
/// [valid](QuantizedGraph::validate), as every imported or decoded graph is.
///
/// # Errors
/// [`ModelError::TensorCount`], [`ModelError::ElementCount`] and [`ModelError::InputRange`] with what was expected and got.
pub fn interpret<V: AsRef<[i64]>>(graph: &QuantizedGraph, inputs: &[V]) -> Result<Trace, ModelError> {
    let mut values = vec![Vec::new(); graph.tensors.len()];
    let mut accumulators = Vec::with_capacity(graph.nodes.len());
    let mut full_planes = Vec::with_capacity(graph.nodes.len());
    for (tensor, input) in graph.paired(End::Input, inputs)? {
        check_input(graph.tensor(tensor)?, input.as_ref()).map_err(|error| graph.about(tensor, error))?;
        if let Some(slot) = values.get_mut(tensor.0) {
            *slot = input.as_ref().to_vec();
        }
    }
    for node in &graph.nodes {
        let mut operands = Vec::with_capacity(node.inputs.len());
        for id in &node.inputs {
            let values = values.get(id.0).map_or(&[][..], Vec::as_slice);
            operands.push(Operand { info: graph.tensor(*id)?, values });
        }
        let Evaluated { elements, full_plane } = node.op.evaluate(&operands).map_err(|fault| fault.at(&node.name))?;
        let (accumulator, output) = match node.op.requantise() {
            Some(rule) => {
                let shape = &graph.tensor(node.output)?.shape;
                let channel = |element| node.op.channel(element, shape);
                let output = elements.iter().enumerate().map(|(at, acc)| rule.apply(*acc, channel(at))).collect();
                (elements, output)
            }
            None => (Vec::new(), elements),
        };
        full_planes.push(full_plane);
        accumulators.push(accumulator);
        if let Some(slot) = values.get_mut(node.output.0) {
            *slot = output;
        }
    }
    Ok(Trace { values, accumulators, full_planes })
}

fn check_input(info: &TensorInfo, input: &[i64]) -> Result<(), ModelError> {
    if input.len() != info.len() {
        return Err(ModelError::ElementCount { shape: info.shape.clone(), expected: info.len(), got: input.len() });
    }
    let (low, high, dtype) = (info.dtype.min(), info.dtype.max(), info.dtype);
    match input.iter().copied().enumerate().find(|(_, value)| !(low..=high).contains(value)) {
        Some((index, got)) => Err(ModelError::InputRange { index, got, low, high, dtype }),
        None => Ok(()),
    }
}
