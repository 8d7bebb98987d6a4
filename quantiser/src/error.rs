//! What keeps a float model from being quantised, and what to do.

use assay_models::ModelError;

/// Why a model cannot be quantised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantiseError {
    /// The file is no ONNX model.
    #[error("the file is not an ONNX model: {reason}; export it again")]
    NotOnnx {
        /// What the decoder says.
        reason: String,
    },
    /// It is quantised already.
    #[error("the model is quantised already ({node:?} is a {operator}): run `assay compile` on it")]
    AlreadyQuantised {
        /// Node name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// More inputs than one, or none.
    #[error(
        "the model has {got} inputs ({names}): only models with one input are quantised yet; use onnxruntime's quantize_static"
    )]
    Inputs {
        /// How many.
        got: usize,
        /// Their names.
        names: String,
    },
    /// A size of the input is neither a number nor a batch.
    #[error(
        "axis {axis} of input {input:?} is {got}: give the sizes of all axes (`--shape 1,3,224,224`), or samples as .npy files of that shape"
    )]
    DynamicShape {
        /// Input name.
        input: String,
        /// Axis.
        axis: usize,
        /// What stands there.
        got: String,
    },
    /// Sizes for another number of axes.
    #[error("input {input:?} has {axes} axes, and the shape {got:?} {}: give a size for each, 1 for the batch", got.len())]
    Shape {
        /// Input name.
        input: String,
        /// Its axes.
        axes: usize,
        /// What was given.
        got: Vec<usize>,
    },
    /// Operators that are not quantised.
    #[error("{} not quantised yet: {}", if operators.len() == 1 { "an operator is" } else { "operators are" }, operators.join("; "))]
    Operators {
        /// Each operator with its nodes, and what to do.
        operators: Vec<String>,
    },
    /// A batch normalisation that follows no layer.
    #[error(
        "node {node:?}: {operator} folds into no layer before it: put it directly behind a Conv or Gemm whose result nothing else reads"
    )]
    NotFolded {
        /// Node name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A constant that is missing, external or of a type that is not read.
    #[error("constant {tensor:?} {problem}")]
    Constant {
        /// Tensor name.
        tensor: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// No samples.
    #[error("there are no samples: quantising needs some tens of inputs like those the model will see")]
    NoSamples,
    /// A sample of another size.
    #[error("sample {index} has {got} numbers, expected {expected} (shape {shape:?})")]
    SampleLength {
        /// Which.
        index: usize,
        /// Numbers expected.
        expected: usize,
        /// Numbers found.
        got: usize,
        /// The input's shape.
        shape: Vec<usize>,
    },
    /// NaN or infinity.
    #[error("{what} holds {got}: expected finite numbers")]
    NotFinite {
        /// Which tensor or sample.
        what: String,
        /// What it holds.
        got: f32,
    },
    /// The float model does not run.
    #[error("the float model does not run: {reason}; check it with onnx.checker and onnxruntime")]
    DoesNotRun {
        /// What tract says.
        reason: String,
    },
    /// The quantised model is not one that can be proved.
    #[error("the quantised model is not taken: {0}")]
    Refused(Box<ModelError>),
}

impl From<ModelError> for QuantiseError {
    fn from(error: ModelError) -> Self {
        Self::Refused(Box::new(error))
    }
}
