//! [`ModelError`]: every reason a model, an input or a graph is refused, each with its place and the next step.

use thiserror::Error;

use crate::graph::DType;
use crate::ops::OpFault;
use crate::refusals::{Refusals, calls, in_words};

/// Why a model, a graph or an input was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No bytes at all.
    #[error("the model file is empty: expected an ONNX model")]
    Empty,
    /// Not a protobuf that ONNX could have written.
    #[error(
        "not an ONNX model, or a truncated one ({reason}): export the model again and check that the copy is complete"
    )]
    NotOnnx {
        /// What the decoder said.
        reason: String,
    },
    /// More than one reason, in the order of the file.
    #[error("{}", Refusals::of(.0))]
    Several(Vec<ModelError>),
    /// A version or a list of the file that is not valid ONNX, or not read.
    #[error("the file's {what} is {got}: expected {expected}; export the model again")]
    InvalidFile {
        /// Which property.
        what: &'static str,
        /// What the file says.
        got: String,
        /// What is read.
        expected: String,
    },
    /// A node that is not valid ONNX.
    #[error("node {node:?}: {problem}, where ONNX has {expected}; export the model again")]
    InvalidNode {
        /// Node name.
        node: String,
        /// What it has or is.
        problem: String,
        /// What ONNX allows.
        expected: String,
    },
    /// A node that reads the result of a refused one. Never among the refusals of a file, where it would say nothing new.
    #[error("node {node:?} reads {tensor:?}, the result of something that is refused")]
    AfterRefused {
        /// Node name.
        node: String,
        /// Operand.
        tensor: String,
    },
    /// Two nodes of one name.
    #[error("the name {name:?} is given to two nodes: names of nodes are unique; export the model again")]
    DuplicateNode {
        /// The name.
        name: String,
    },
    /// A constant that says only which of its elements are not 0.
    #[error("initializer {tensor:?} is sparse: expected a dense one; save the model with a dense tensor of this name")]
    Sparse {
        /// Tensor name.
        tensor: String,
    },
    /// A constant with a value that its type does not have.
    #[error(
        "tensor {tensor:?} of type {dtype} holds {got} at element {index}: expected {low}..={high}; export the model again"
    )]
    ValueRange {
        /// Tensor name.
        tensor: String,
        /// Element.
        index: usize,
        /// Value.
        got: i64,
        /// Type.
        dtype: &'static str,
        /// Smallest.
        low: i64,
        /// Largest.
        high: i64,
    },
    /// A Squeeze of an axis with more than one index.
    #[error(
        "node {node:?}: axis {axis} has size {size}: Squeeze removes axes of size 1 only; use Reshape to join axes"
    )]
    Squeezed {
        /// Node name.
        node: String,
        /// Axis, from the start.
        axis: usize,
        /// Its size.
        size: usize,
    },
    /// An output that needs no operation on an input.
    #[error(
        "the output {output:?} does not depend on the graph's input through any operation: there is nothing to prove; name the \
         network's result as the output of the graph"
    )]
    NotComputed {
        /// Its name.
        output: String,
    },
    /// An operator that has no integer meaning here.
    #[error("operator {operator} of {} is not supported: {help}", in_words(.nodes))]
    UnsupportedOperator {
        /// ONNX operator, with its domain where it has one.
        operator: String,
        /// Names of all nodes that ask for it.
        nodes: Vec<String>,
        /// What would help.
        help: &'static str,
    },
    /// Operators that the file defines itself.
    #[error(
        "{} the file's own functions ({}): expected ONNX's operators alone; put the functions in their place with \
         `onnx.inliner.inline_local_functions(model)`",
        calls(.nodes), .functions.join(", ")
    )]
    Functions {
        /// Names of all nodes that call one.
        nodes: Vec<String>,
        /// Names of the functions called.
        functions: Vec<String>,
    },
    /// An attribute value the op's integer meaning does not cover.
    #[error("node {node:?}: {attribute} = {got} is not supported: expected {expected}")]
    UnsupportedAttribute {
        /// Node name.
        node: String,
        /// Attribute or operand.
        attribute: &'static str,
        /// Value found.
        got: String,
        /// What is supported.
        expected: &'static str,
    },
    /// A node whose operands are of the right kind but in the wrong place for integer arithmetic.
    #[error("node {node:?}: {problem}: {help}")]
    Unquantised {
        /// Node name.
        node: String,
        /// What is wrong.
        problem: &'static str,
        /// What would help.
        help: &'static str,
    },
    /// A dimension without a number.
    #[error(
        "tensor {tensor:?} has a dynamic shape (dimension {axis} is {got}): fix the batch dimension to 1 and every other \
         dimension to a number when exporting, or with `python -m onnxruntime.tools.make_dynamic_shape_fixed`"
    )]
    DynamicShape {
        /// Tensor name.
        tensor: String,
        /// Axis.
        axis: usize,
        /// What stands there.
        got: String,
    },
    /// The model computes with floats only.
    #[error(
        "the model is not quantised (it has no QuantizeLinear or QLinear operator): run `assay quantize MODEL --calibration SAMPLES` with some tens \
         of inputs like those that it will see, or onnxruntime's quantize_static"
    )]
    NotQuantised,
    /// NaN or infinity among constants.
    #[error(
        "tensor {tensor:?} holds {got} at element {index}: weights, biases and scales must be finite; retrain or re-export"
    )]
    NotFinite {
        /// Tensor name.
        tensor: String,
        /// Element.
        index: usize,
        /// The value.
        got: f64,
    },
    /// A scale that is not a positive number, or too extreme to be a ratio of integers.
    #[error("node {node:?}: scale {got} is not usable: expected a positive, finite number between 2^-60 and 2^60")]
    BadScale {
        /// Node name.
        node: String,
        /// The value.
        got: f64,
    },
    /// A constant whose bytes do not match its shape.
    #[error(
        "initializer {tensor:?}: expected {expected} elements for its shape, got {got}: the file is damaged, export it again"
    )]
    InitializerSize {
        /// Tensor name.
        tensor: String,
        /// Elements its shape asks for.
        expected: usize,
        /// Elements found.
        got: usize,
    },
    /// A constant of a type that is not read.
    #[error("tensor {tensor:?} has element type {got}: expected {expected}; convert it and save the model again")]
    ElementType {
        /// Tensor name.
        tensor: String,
        /// Type found.
        got: String,
        /// Types read.
        expected: &'static str,
    },
    /// A constant kept outside the model file.
    #[error("initializer {tensor:?} lies in another file: {}", Self::WEIGHTS_INSIDE)]
    ExternalData {
        /// Tensor name.
        tensor: String,
    },
    /// An operand that nothing produces.
    #[error(
        "node {node:?} reads {tensor:?}, which no node, input or initializer provides: the file is damaged, export it again"
    )]
    MissingInput {
        /// Node name.
        node: String,
        /// Operand name, or its place where it has none.
        tensor: String,
    },
    /// Nodes that wait for each other.
    #[error("node {node:?} depends on its own output: an ONNX graph has no cycles; export the model again")]
    Cycle {
        /// One node of the cycle.
        node: String,
    },
    /// Two values of one name.
    #[error("the name {name:?} is given to two values: names of an ONNX graph are unique; export the model again")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A graph that takes or gives nothing.
    #[error("the graph has no {what}: expected at least one; export the model again")]
    NoPort {
        /// `inputs` or `outputs`.
        what: &'static str,
    },
    /// A shape without elements, or with more than is reasonable.
    #[error(
        "tensor {tensor:?} has shape {shape:?}: expected at most 8 sizes of at least 1, and at most {limit} elements"
    )]
    BadShape {
        /// Tensor name.
        tensor: String,
        /// Its shape.
        shape: Vec<i64>,
        /// Limit.
        limit: usize,
    },
    /// Scales whose ratio no multiplier can stand for.
    #[error(
        "node {node:?}: the scales of its operands over that of its result make {got}: expected less than 2^32; \
         give the result a larger scale, or input and weights smaller ones"
    )]
    BadRatio {
        /// Node name.
        node: String,
        /// The ratio.
        got: f64,
    },
    /// One tensor used with two scales or zero points.
    #[error(
        "node {node:?} reads tensor {tensor:?} with scale {got_scale} and zero point {got_zero_point}: expected the {scale} and \
         {zero_point} it was written with; quantise the model again"
    )]
    ScaleMismatch {
        /// Node name.
        node: String,
        /// Tensor name.
        tensor: String,
        /// Scale at the writer.
        scale: f64,
        /// Zero point at the writer.
        zero_point: i64,
        /// Scale at the reader.
        got_scale: f64,
        /// Zero point at the reader.
        got_zero_point: i64,
    },
    /// An op that refuses its operands, shapes or constants.
    #[error("node {node:?}: {fault}")]
    Op {
        /// Node name.
        node: String,
        /// What the op refused; part of the message, and so no source of its own.
        fault: OpFault,
    },
    /// A graph whose parts do not fit together.
    #[error("the graph is inconsistent: {problem} ({got}): compile it again from the ONNX model")]
    BadGraph {
        /// What is wrong.
        problem: &'static str,
        /// Where.
        got: String,
    },
    /// Accumulators beyond the range the arithmetic is proved for.
    #[error(
        "node {node:?}: accumulators reach {lo}..={hi} with multiplier {multiplier}: expected less than 2^40 in magnitude and less \
         than 2^62 after the multiplier; quantise with smaller weights or fewer terms"
    )]
    AccumulatorRange {
        /// Node name.
        node: String,
        /// Smallest accumulator.
        lo: i128,
        /// Largest accumulator.
        hi: i128,
        /// Largest multiplier.
        multiplier: u64,
    },
    /// Bytes that are not a compiled graph.
    #[error("not a compiled graph ({reason}): compile it again with `assay compile`")]
    BadGraphBytes {
        /// What is wrong.
        reason: String,
    },
    /// Not as many tensors as the model takes or gives.
    #[error("the model has {expected} {end} ({names}): expected values of each, got {got}")]
    TensorCount {
        /// `inputs` or `outputs`.
        end: &'static str,
        /// How many the model has.
        expected: usize,
        /// Their names.
        names: String,
        /// How many are given.
        got: usize,
    },
    /// Values for an input that the model lacks, or that has values already.
    #[error("{name:?} is no input of the model that is still without values: its inputs are {names}")]
    UnknownInput {
        /// The name given.
        name: String,
        /// The names there are.
        names: String,
    },
    /// What is wrong with the values of one input or output, where the model has several.
    #[error("{tensor:?}: {source}")]
    OfTensor {
        /// Its name.
        tensor: String,
        /// What is wrong.
        source: Box<ModelError>,
    },
    /// An input, or an output, of the wrong length.
    #[error("its shape is {shape:?}: expected {expected} values, got {got}")]
    ElementCount {
        /// Its shape.
        shape: Vec<usize>,
        /// Elements of the shape.
        expected: usize,
        /// Elements given.
        got: usize,
    },
    /// An input of another shape, whose elements may stand in another order.
    #[error(
        "the shape of the input: expected {expected:?}, got {got:?}; put the axes in this order \
         (numpy.transpose), or give one flat row of numbers in this order"
    )]
    InputShape {
        /// Shape of the model's input.
        expected: Vec<usize>,
        /// Shape of the file's tensor.
        got: Vec<usize>,
    },
    /// A fraction where the model, or the file, says that the input is one of integers.
    #[error("input value {got} at element {index}: expected an integer, because the input is one of {dtype:?}")]
    InputNotInteger {
        /// Element.
        index: usize,
        /// Value given.
        got: f64,
        /// Type of the input.
        dtype: DType,
    },
    /// An input value outside its type.
    #[error("input value {got} at element {index} is out of range: expected {low}..={high} ({dtype:?})")]
    InputRange {
        /// Element.
        index: usize,
        /// Value given.
        got: i64,
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
        /// Type of the input.
        dtype: DType,
    },
    /// An input value that is no number.
    #[error("input value at element {index} is {got}: expected a finite number")]
    InputNotFinite {
        /// Element.
        index: usize,
        /// Value given.
        got: f64,
    },
    /// An input file that cannot be read.
    #[error("the input file is not {format} as expected: {reason}")]
    InputFile {
        /// Format.
        format: &'static str,
        /// What is wrong and what was expected.
        reason: String,
    },
    /// A value that does not fit a packed byte.
    #[error("value {got} at element {index} cannot be packed: expected a byte of {dtype:?} (U8 or I8)")]
    NotAByte {
        /// Element.
        index: usize,
        /// Value given.
        got: i64,
        /// Type given.
        dtype: DType,
    },
    /// Words that no packing of so many elements makes.
    #[error("{got} words are no packing of {elements} bytes: expected {expected} words without bits above their bytes")]
    NotPacked {
        /// Elements wanted.
        elements: usize,
        /// Words that they take.
        expected: usize,
        /// Words given.
        got: usize,
    },
}

impl ModelError {
    /// What to do about weights in another file.
    pub(crate) const WEIGHTS_INSIDE: &str =
        "save the model with its weights inside (`onnx.save(model, path, save_as_external_data=False)`)";

    /// The node that the message begins with, if it does.
    pub(crate) fn node(&self) -> Option<&str> {
        match self {
            Self::UnsupportedAttribute { node, .. }
            | Self::InvalidNode { node, .. }
            | Self::Unquantised { node, .. }
            | Self::BadScale { node, .. }
            | Self::Squeezed { node, .. }
            | Self::BadRatio { node, .. }
            | Self::Op { node, .. }
            | Self::AccumulatorRange { node, .. } => Some(node),
            _ => None,
        }
    }
}
