//! [`QuantizedGraph`]: a network as integers only, in topological order.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::ops::Op;

/// Index of a tensor in [`QuantizedGraph::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TensorId(pub usize);

/// Integer type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// Unsigned 8-bit.
    U8,
    /// Signed 8-bit.
    I8,
    /// Signed 16-bit.
    I16,
    /// Signed 32-bit.
    I32,
    /// Signed 64-bit (indices only).
    I64,
}

impl DType {
    /// Name in ONNX.
    pub(crate) const fn onnx_name(self) -> &'static str {
        match self {
            Self::U8 => "UINT8",
            Self::I8 => "INT8",
            Self::I16 => "INT16",
            Self::I32 => "INT32",
            Self::I64 => "INT64",
        }
    }

    /// Smallest representable value.
    pub const fn min(self) -> i64 {
        match self {
            Self::U8 => 0,
            Self::I8 => i8::MIN as i64,
            Self::I16 => i16::MIN as i64,
            Self::I32 => i32::MIN as i64,
            Self::I64 => i64::MIN,
        }
    }

    /// Largest representable value.
    pub const fn max(self) -> i64 {
        match self {
            Self::U8 => u8::MAX as i64,
            Self::I8 => i8::MAX as i64,
            Self::I16 => i16::MAX as i64,
            Self::I32 => i32::MAX as i64,
            Self::I64 => i64::MAX,
        }
    }
}

/// What is known of a tensor at compile time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// ONNX value name, for messages; no part of what is computed, see [`QuantizedGraph::digest`].
    #[serde(skip)]
    pub name: String,
    /// Shape as ONNX spells it, batch axis included (`[1, c, h, w]`).
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Real value of one integer step, `real = scale * (value - zero_point)`; for reading inputs and showing outputs,
    /// never part of the arithmetic.
    pub scale: f64,
    /// The integer that stands for real zero.
    pub zero_point: i32,
}

impl TensorInfo {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// ONNX node name (or the name of its output where the node has none), for messages; no part of what is computed.
    #[serde(skip)]
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Operands, in ONNX order; constants live inside [`Op`].
    pub inputs: Vec<TensorId>,
    /// Result.
    pub output: TensorId,
}

/// A tensor that enters or leaves a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Port {
    /// ONNX name of the input or output, by which people give and read it; no part of what is computed.
    #[serde(skip)]
    pub name: String,
    /// The tensor.
    pub tensor: TensorId,
    /// Whether ONNX says that it is of integers: files then hold its integers and not real numbers.
    pub integers: bool,
}

/// A quantised network: integers only, nodes in topological order, inputs and outputs of any rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantizedGraph {
    /// Model name (file stem), for messages; no part of what is computed.
    #[serde(skip)]
    pub name: String,
    /// All tensors.
    pub tensors: Vec<TensorInfo>,
    /// Operations in topological order; each tensor but the inputs is the output of exactly one.
    pub nodes: Vec<Node>,
    /// What is given, in the order of the ONNX file; at least one, each a tensor of its own.
    pub inputs: Vec<Port>,
    /// What is the answer, in the order of the ONNX file; at least one.
    pub outputs: Vec<Port>,
}

impl QuantizedGraph {
    /// A graph whose inputs and outputs are these tensors, named as they are, and real numbers to the outside.
    ///
    /// Nothing is checked: see [`QuantizedGraph::validate`].
    pub fn new(
        name: &str,
        tensors: Vec<TensorInfo>,
        nodes: Vec<Node>,
        inputs: &[TensorId],
        outputs: &[TensorId],
    ) -> Self {
        let name_of = |tensor: TensorId| tensors.get(tensor.0).map_or_else(String::new, |info| info.name.clone());
        let port = |tensor: &TensorId| Port { name: name_of(*tensor), tensor: *tensor, integers: false };
        let (inputs, outputs) = (inputs.iter().map(port).collect(), outputs.iter().map(port).collect());
        Self { name: name.to_owned(), tensors, nodes, inputs, outputs }
    }

    /// What is known of a tensor.
    ///
    /// # Errors
    /// [`ModelError::BadGraph`] if there is none of this id.
    pub fn tensor(&self, id: TensorId) -> Result<&TensorInfo, ModelError> {
        self.tensors.get(id.0).ok_or_else(|| ModelError::BadGraph {
            problem: "a tensor id is out of range",
            got: format!("{} of {}", id.0, self.tensors.len()),
        })
    }
}
