//! What a model *means*, in integers: ONNX import, quantised graph, interval analysis, interpreter.

mod error;
mod format;
mod graph;
mod import;
pub mod input;
mod interpreter;
mod interval;
pub mod ops;
pub mod packing;
mod quantise;
mod requantise;
pub mod samples;
mod validate;

pub use error::{ModelError, OpFault};
pub use graph::{DType, Node, QuantizedGraph, TensorId, TensorInfo};
pub use import::import;
pub use interpreter::{Trace, interpret};
pub use interval::{Intervals, intervals};
pub use ops::Op;
pub use quantise::{dequantise_output, quantise_input};
pub use requantise::{Requantise, RequantiseCells};
