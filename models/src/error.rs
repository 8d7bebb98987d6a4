//! [`ModelError`]: every reason a model, an input or a graph is refused, each with its place and the next step.

use thiserror::Error;

use crate::graph::DType;
use crate::ops::OpFault;

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
    /// An operator that has no integer meaning here.
    #[error("operator {operator} of node {node:?} is not supported: {help}")]
    UnsupportedOperator {
        /// ONNX operator, with its domain where it has one.
        operator: String,
        /// Node name.
        node: String,
        /// What would help.
        help: &'static str,
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
        "the model is not quantised (it has no QuantizeLinear or QLinear operator): quantise it to int8 first, for example with \
         `onnxruntime.quantization.quantize_static(..., quant_format=QuantFormat.QDQ)`"
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
    #[error("tensor {tensor:?} has element type {got}: expected {expected}")]
    ElementType {
        /// Tensor name.
        tensor: String,
        /// Type found.
        got: String,
        /// Types read.
        expected: &'static str,
    },
    /// A constant kept outside the model file.
    #[error(
        "initializer {tensor:?} lies in another file: save the model with its weights inside (`onnx.save(model, path, save_as_external_data=False)`)"
    )]
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
    /// Not exactly one input or output.
    #[error("the graph has {got} {what} ({names}): expected exactly one; export the part of the model with one")]
    NotOne {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// How many.
        got: usize,
        /// Their names.
        names: String,
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
         quantise the model again"
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
        /// What the op refused.
        #[source]
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
    /// An input of the wrong length.
    #[error("input {tensor:?} of shape {shape:?}: expected {expected} values, got {got}")]
    InputLength {
        /// Tensor name.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Elements of the shape.
        expected: usize,
        /// Elements given.
        got: usize,
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
