//! What a model *means*, in integers.
//!
//! An ONNX file becomes a [`QuantizedGraph`]: tensors of 8- to 32-bit integers and ops in exact arithmetic, every scale an integer
//! rule ([`Requantise`]). The [`interpret`]er runs it and gives the [`Trace`], the ground truth for every witness.
//!
//! | where | what |
//! |---|---|
//! | [`import`] | ONNX bytes to a graph: one file an operator family |
//! | [`QuantizedGraph`], [`Op`], [`ops`] | the graph; one file an op, with all that it says of itself ([`ops::IntegerOp`]) |
//! | [`Weights`] | trained constants, a byte each |
//! | [`Requantise`] | `z = clamp(RNE(acc * m / D) + zero_point, low, high)` |
//! | [`interpret`], [`Trace`] | one inference, all tensors and accumulators |
//! | [`intervals`] | worst-case bounds; refuses a graph that could wrap |
//! | [`quantise`], [`dequantise`], [`input`] | real numbers and files in, real numbers out |
//! | [`PublicWord`] | what a proof states, word by word |
//! | [`packing`] | bytes into the words a contract sees |
//! | [`onnx`] | the messages of an ONNX file |
//! | [`samples`] | tiny graphs for tests |
//! | [`ModelError`] | why something was refused, and the next step |
//!
//! Depends on nothing of ours. No field element, no file, no thread; floats end here. A graph from [`import`] or
//! [`QuantizedGraph::from_bytes`] is [valid](QuantizedGraph::validate); one built or changed by hand should be validated before it
//! is used.
//!
//! From an ONNX file and an image to an answer, and back to real numbers:
//!
//! ```
//! use assay_models::{End, dequantise, import, input::InputValues, interpret};
//!
//! let graph = import(&std::fs::read("zoo/lenet/lenet.onnx")?, "lenet")?;
//! let image = InputValues::parse(&std::fs::read("zoo/lenet/input.json")?, false)?.remove(0);
//! let image = image.quantise(&graph, &graph.inputs[0])?;
//! let trace = interpret(&graph, &[image.values])?;
//! let scores = dequantise(graph.tensor(graph.outputs[0].tensor)?, trace.at(&graph, End::Output)?[0]);
//! let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
//! assert_eq!(best, Some(6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod error;
mod format;
mod graph;
mod import;
pub mod input;
mod interpreter;
mod interval;
pub mod onnx;
pub mod ops;
pub mod packing;
mod quantise;
mod refusals;
mod requantise;
pub mod samples;
mod transpose;
mod validate;
mod warning;
mod weights;
mod words;

pub use error::ModelError;
pub use graph::{DType, Node, Port, QuantizedGraph, TensorId, TensorInfo};
pub use import::{Reading, import, read};
pub use interpreter::{Trace, interpret};
pub use interval::{Intervals, intervals};
pub use ops::{Op, OpFault};
pub use quantise::{Clamped, QuantisedInput, dequantise, quantise};
pub use refusals::{Refusal, Refusals};
pub use requantise::{MAX_PARTS, Requantise, RequantiseCells, Span, Split};
pub use warning::Warning;
pub use weights::{WeightValues, Weights};
pub use words::{End, PublicWord};
