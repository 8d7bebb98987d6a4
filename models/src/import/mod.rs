//! [`import`]: from the bytes of an ONNX file to integers.
//!
//! The protobuf is read node by node. A value is an integer tensor, real numbers standing on one (after `DequantizeLinear`), a
//! constant, or *pending*: accumulators whose scale the next `QuantizeLinear` says. Then `M = unit / scale` becomes the
//! multipliers and the divisor of a [`Requantise`](crate::Requantise): exactly for power-of-two scales and pooling windows,
//! otherwise rounded to 24 bits, and that integer rule is the model.
//!
//! What is refused does not stop the reading: its result is *unknown*, and goes on with the shape that the file or the operator
//! gives it, so that one run says everything.

mod builder;
mod constant;
mod divisor;
mod ends;
mod file;
mod fuse;
mod node;
mod operators;
mod order;
mod prune;
mod ratio;
mod schema;
mod value;

use std::sync::Arc;

use crate::onnx::{GraphProto, NodeProto, TensorProto};

use builder::Builder;
use constant::Constant;
use node::NodeView;
use order::Needed;
use value::Value;

use crate::error::ModelError;
use crate::graph::{Port, QuantizedGraph};
use crate::warning::{self, Warning};

/// What an ONNX file says.
#[derive(Debug)]
pub struct Reading {
    /// The model; where `refusals` is not empty, only those of its nodes that could be read, which are no model.
    pub graph: QuantizedGraph,
    /// Everything that keeps the file from being a model.
    pub refusals: Vec<ModelError>,
    /// What computes otherwise elsewhere.
    pub warnings: Vec<Warning>,
}

/// Reads a quantised ONNX model (QDQ or `QOperator` form, 8 bits) as integers.
///
/// `name` becomes the name of the graph.
///
/// # Errors
/// One [`ModelError`] variant for each thing that can be wrong, naming node or tensor and the next step;
/// [`ModelError::Several`] where there is more than one. No bytes make it panic.
pub fn import(bytes: &[u8], name: &str) -> Result<QuantizedGraph, ModelError> {
    let Reading { graph, mut refusals, .. } = read(bytes, name);
    match refusals.len() {
        0 => Ok(graph),
        1 => Err(refusals.remove(0)),
        _ => Err(ModelError::Several(refusals)),
    }
}

/// As [`import`], with everything that is refused and everything to be warned of.
pub fn read(bytes: &[u8], name: &str) -> Reading {
    let (proto, mut graph) = match file::decode(bytes) {
        Ok(decoded) => decoded,
        Err(refusal) => {
            let graph = prune::nodes_alone(name, Builder::default());
            return Reading { graph, refusals: vec![refusal], warnings: Vec::new() };
        }
    };
    let mut builder = Builder::default();
    builder.opset = file::opset(&proto, &mut builder.refusals);
    let tensors = std::mem::take(&mut graph.initializer);
    let names = |tensor: &TensorProto| TensorProto { name: tensor.name.clone(), ..Default::default() };
    graph.initializer = tensors.iter().map(names).collect();
    let producers = order::producers(&graph, &mut builder.refusals);
    for node in &graph.node {
        builder.refusals.append(&mut schema::faults(node, builder.opset));
    }
    let needed = order::needed(&graph, &producers);
    let quantised = file::is_quantised(&graph);
    if !quantised {
        builder.refusals.push(ModelError::NotQuantised);
    }
    let nodes = order::ordered(&graph, &producers, &needed, &mut builder.refusals);
    builder.refusals.append(&mut operators::unsupported(&nodes, &file::functions(&proto)));
    read_constants(tensors, &graph, &needed, &mut builder);
    ends::read_inputs(&graph, &needed, &mut builder);
    for node in nodes {
        let value = read_node(&graph, node, &mut builder);
        builder.values.insert(NodeView::new(node).output.to_owned(), value);
    }
    let outputs = ends::read_outputs(&graph, &producers, &mut builder);
    if !quantised {
        // That floats are not quantised has been said.
        builder.refusals.retain(|refusal| !matches!(refusal, ModelError::Unquantised { .. }));
    }
    finish(name, builder, outputs)
}

/// The graph, if nothing was refused, and what is to be known of it.
fn finish(name: &str, mut builder: Builder, outputs: Option<Vec<Port>>) -> Reading {
    let (mut refusals, mut warnings) = (std::mem::take(&mut builder.refusals), std::mem::take(&mut builder.warnings));
    let Some(outputs) = outputs.filter(|_| refusals.is_empty()) else {
        return Reading { graph: prune::nodes_alone(name, builder), refusals, warnings };
    };
    let graph = match prune::pruned(name, builder, outputs, &mut warnings) {
        Ok(graph) => graph,
        Err(refusal) => {
            let graph = prune::nodes_alone(name, Builder::default());
            return Reading { graph, refusals: vec![refusal], warnings };
        }
    };
    refusals.append(&mut graph.faults());
    warnings.append(&mut warning::of_graph(&graph, &warnings));
    Reading { graph, refusals, warnings }
}

/// The value of a node; what is refused of it is kept, and its value is unknown.
fn read_node(graph: &GraphProto, proto: &NodeProto, builder: &mut Builder) -> Value {
    let node = NodeView::new(proto);
    let made = match operators::rule(&node.operator()) {
        Some(rule) if schema::faults(proto, builder.opset).is_empty() => rule(builder, &node),
        // It has been refused.
        Some(_) | None => Ok(Value::Unknown(None)),
    };
    let several = node.operator() == "Split";
    if let Some(extra) = proto.output.iter().skip(1).find(|name| !name.is_empty() && !several) {
        node.refuse(node.unsupported("output", extra.clone(), "the first output alone"));
    }
    let value = match made {
        Ok(value) if node.is_refused() => Value::Unknown(builder.shape(&value).ok()),
        Ok(Value::Unknown(None)) => Value::Unknown(likely_shape(graph, &node, builder)),
        Ok(value) => value,
        Err(refusal) => {
            if !matches!(refusal, ModelError::AfterRefused { .. }) {
                node.refuse(refusal);
            }
            Value::Unknown(likely_shape(graph, &node, builder))
        }
    };
    let (mut refusals, mut warnings) = node.into_notes();
    builder.refusals.append(&mut refusals);
    builder.warnings.append(&mut warnings);
    value
}

/// The shape of a refused node's result: as the file says, or that of its operand.
fn likely_shape(graph: &GraphProto, node: &NodeView<'_>, builder: &Builder) -> Option<Vec<usize>> {
    let said = graph.value_info.iter().find(|info| info.name == node.output).and_then(ends::said_shape);
    let operand = || builder.values.get(node.operand(0)?).filter(|_| operators::keeps_shape(&node.operator()));
    said.or_else(|| match operand()? {
        Value::Unknown(shape) => shape.clone(),
        known => builder.shape(known).ok(),
    })
}

/// The initialisers that the output needs.
fn read_constants(tensors: Vec<TensorProto>, graph: &GraphProto, needed: &Needed<'_>, builder: &mut Builder) {
    for mut tensor in tensors.into_iter().filter(|tensor| needed.values.contains(tensor.name.as_str())) {
        let raw = std::mem::take(&mut tensor.raw_data);
        let value = match Constant::read(&tensor, raw, &tensor.name) {
            Ok(constant) => Value::Constant(Arc::new(constant)),
            Err(refusal) => {
                builder.refusals.push(refusal);
                Value::Unknown(None)
            }
        };
        builder.values.insert(tensor.name, value);
    }
    let sparse = graph.sparse_initializer.iter().filter_map(|tensor| tensor.values.as_ref());
    for tensor in sparse.filter(|tensor| needed.values.contains(tensor.name.as_str())) {
        builder.refusals.push(ModelError::Sparse { tensor: tensor.name.clone() });
        builder.values.insert(tensor.name.clone(), Value::Unknown(None));
    }
}
