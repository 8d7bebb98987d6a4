//! What ONNX says of the operators that are read here: how many operands, and which attributes of which type, by operator set.
//! Source: <https://onnx.ai/onnx/operators>; of ONNX Runtime's own, <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md>.

use std::collections::HashSet;

use crate::onnx::attribute_proto::AttributeType;
use crate::onnx::{AttributeProto, NodeProto};

use super::node::NodeView;
use crate::error::ModelError;

/// First operator set that is read: the first with `QuantizeLinear`.
pub(super) const FIRST_OPSET: i64 = 10;
/// Last operator set that is read.
pub(super) const LAST_OPSET: i64 = 27;

/// An attribute of an operator.
#[derive(Clone, Copy)]
struct Attribute {
    name: &'static str,
    kind: AttributeType,
    /// First and last operator set that have it.
    sets: (i64, i64),
}

/// Smallest and largest number of operands from an operator set on.
type Operands = &'static [(i64, usize, usize)];

const fn attribute(name: &'static str, kind: AttributeType) -> Attribute {
    Attribute { name, kind, sets: (1, i64::MAX) }
}

const fn since(first: i64, attribute: Attribute) -> Attribute {
    Attribute { sets: (first, i64::MAX), ..attribute }
}

const fn until(last: i64, attribute: Attribute) -> Attribute {
    Attribute { sets: (1, last), ..attribute }
}

const fn int(name: &'static str) -> Attribute {
    attribute(name, AttributeType::Int)
}

const fn ints(name: &'static str) -> Attribute {
    attribute(name, AttributeType::Ints)
}

const fn float(name: &'static str) -> Attribute {
    attribute(name, AttributeType::Float)
}

const fn string(name: &'static str) -> Attribute {
    attribute(name, AttributeType::String)
}

const QUANTIZE: &[Attribute] = &[
    since(13, int("axis")),
    since(19, int("saturate")),
    since(21, int("block_size")),
    since(21, int("output_dtype")),
    since(23, int("precision")),
];
const DEQUANTIZE: &[Attribute] =
    &[since(13, int("axis")), since(21, int("block_size")), since(23, int("output_dtype"))];
const CONV: &[Attribute] =
    &[string("auto_pad"), ints("dilations"), int("group"), ints("kernel_shape"), ints("pads"), ints("strides")];
const GEMM: &[Attribute] = &[float("alpha"), float("beta"), int("transA"), int("transB")];
const QGEMM: &[Attribute] = &[float("alpha"), int("transA"), int("transB")];
const CAST: &[Attribute] = &[int("to"), since(19, int("saturate")), since(24, string("round_mode"))];
const CLIP: &[Attribute] = &[until(10, float("max")), until(10, float("min"))];
const MAX_POOL: &[Attribute] = &[
    string("auto_pad"),
    int("ceil_mode"),
    ints("dilations"),
    ints("kernel_shape"),
    ints("pads"),
    int("storage_order"),
    ints("strides"),
];
const AVERAGE_POOL: &[Attribute] = &[
    string("auto_pad"),
    int("ceil_mode"),
    int("count_include_pad"),
    since(19, ints("dilations")),
    ints("kernel_shape"),
    ints("pads"),
    ints("strides"),
];
const FLATTEN: &[Attribute] = &[int("axis")];
const TRANSPOSE: &[Attribute] = &[ints("perm")];
const RESHAPE: &[Attribute] = &[since(14, int("allowzero"))];
const SQUEEZE: &[Attribute] = &[until(12, ints("axes"))];
const CONSTANT: &[Attribute] = &[
    since(11, attribute("sparse_value", AttributeType::SparseTensor)),
    attribute("value", AttributeType::Tensor),
    since(12, float("value_float")),
    since(12, attribute("value_floats", AttributeType::Floats)),
    since(12, int("value_int")),
    since(12, ints("value_ints")),
    since(12, string("value_string")),
    since(12, attribute("value_strings", AttributeType::Strings)),
];
const CONV_TRANSPOSE: &[Attribute] = &[
    string("auto_pad"),
    ints("dilations"),
    int("group"),
    ints("kernel_shape"),
    ints("output_padding"),
    ints("output_shape"),
    ints("pads"),
    ints("strides"),
];
const ALPHA: &[Attribute] = &[float("alpha")];
const HARD_SIGMOID: &[Attribute] = &[float("alpha"), float("beta")];
const SELU: &[Attribute] = &[float("alpha"), float("gamma")];
const SHRINK: &[Attribute] = &[float("bias"), float("lambd")];
const GELU: &[Attribute] = &[string("approximate")];
const AXIS: &[Attribute] = &[int("axis")];
const SPLIT: &[Attribute] = &[int("axis"), since(18, int("num_outputs")), until(12, ints("split"))];
const SLICE: &[Attribute] = &[until(9, ints("axes")), until(9, ints("ends")), until(9, ints("starts"))];
const PAD: &[Attribute] = &[string("mode"), until(10, ints("pads")), until(10, float("value"))];
const DEPTH_TO_SPACE: &[Attribute] = &[int("blocksize"), since(11, string("mode"))];
const SPACE_TO_DEPTH: &[Attribute] = &[int("blocksize")];
const RESIZE: &[Attribute] = &[
    since(18, int("antialias")),
    since(18, ints("axes")),
    since(11, string("coordinate_transformation_mode")),
    since(11, float("cubic_coeff_a")),
    since(11, int("exclude_outside")),
    since(11, float("extrapolation_value")),
    since(18, string("keep_aspect_ratio_policy")),
    string("mode"),
    since(11, string("nearest_mode")),
];
const UPSAMPLE: &[Attribute] = &[string("mode")];
const SHAPE: &[Attribute] = &[since(15, int("end")), since(15, int("start"))];
const CONSTANT_OF_SHAPE: &[Attribute] = &[attribute("value", AttributeType::Tensor)];
const DROPOUT: &[Attribute] = &[until(11, float("ratio")), since(12, int("seed"))];
const REDUCE_SUM: &[Attribute] = &[until(12, ints("axes")), int("keepdims"), since(13, int("noop_with_empty_axes"))];
const REDUCE: &[Attribute] = &[until(17, ints("axes")), int("keepdims"), since(18, int("noop_with_empty_axes"))];
const QLINEAR_POOL: &[Attribute] = &[
    string("auto_pad"),
    int("ceil_mode"),
    int("channels_last"),
    int("count_include_pad"),
    ints("kernel_shape"),
    ints("pads"),
    ints("strides"),
];
const LP_POOL: &[Attribute] = &[
    string("auto_pad"),
    since(18, int("ceil_mode")),
    since(18, ints("dilations")),
    ints("kernel_shape"),
    int("p"),
    ints("pads"),
    ints("strides"),
];
const GLOBAL_LP_POOL: &[Attribute] = &[int("p")];
const BATCH_NORMALIZATION: &[Attribute] =
    &[float("epsilon"), float("momentum"), since(14, int("training_mode")), until(8, int("spatial"))];
const GATHER_ND: &[Attribute] = &[since(12, int("batch_dims"))];
const CHANNELS_LAST: &[Attribute] = &[int("channels_last")];
const ARG_MAX: &[Attribute] = &[int("axis"), int("keepdims"), since(12, int("select_last_index"))];

/// Attributes and operands of an operator that is read here.
fn of(operator: &str) -> Option<(&'static [Attribute], Operands)> {
    Some(match operator {
        "QuantizeLinear" => (QUANTIZE, &[(1, 2, 3)]),
        "DequantizeLinear" => (DEQUANTIZE, &[(1, 2, 3)]),
        "Conv" => (CONV, &[(1, 2, 3)]),
        "ConvInteger" => (CONV, &[(1, 2, 4)]),
        "QLinearConv" => (CONV, &[(1, 8, 9)]),
        "Gemm" => (GEMM, &[(1, 3, 3), (11, 2, 3)]),
        "MatMul" | "Add" | "Sub" | "Mul" | "Div" | "Pow" | "PRelu" | "Expand" | "Tile" => (&[], &[(1, 2, 2)]),
        "ConvTranspose" => (CONV_TRANSPOSE, &[(1, 2, 3)]),
        "Max" | "Min" | "Sum" | "Mean" => (&[], &[(1, 1, 1 << 10)]),
        "Softmax" | "LogSoftmax" => (AXIS, &[(1, 1, 1)]),
        "Concat" => (AXIS, &[(1, 1, 1 << 10)]),
        "LpPool" => (LP_POOL, &[(1, 1, 1)]),
        "GlobalLpPool" => (GLOBAL_LP_POOL, &[(1, 1, 1)]),
        "BatchNormalization" => (BATCH_NORMALIZATION, &[(1, 5, 5)]),
        "GatherND" => (GATHER_ND, &[(1, 2, 2)]),
        "Gather" | "GatherElements" => (AXIS, &[(1, 2, 2)]),
        "Split" => (SPLIT, &[(1, 1, 1), (13, 1, 2)]),
        "Slice" => (SLICE, &[(1, 1, 1), (10, 3, 5)]),
        "Pad" => (PAD, &[(1, 1, 1), (11, 2, 3), (18, 2, 4)]),
        "DepthToSpace" => (DEPTH_TO_SPACE, &[(1, 1, 1)]),
        "SpaceToDepth" => (SPACE_TO_DEPTH, &[(1, 1, 1)]),
        "Resize" => (RESIZE, &[(1, 2, 2), (11, 1, 4)]),
        "Upsample" => (UPSAMPLE, &[(1, 2, 2)]),
        "Shape" => (SHAPE, &[(1, 1, 1)]),
        "ConstantOfShape" => (CONSTANT_OF_SHAPE, &[(1, 1, 1)]),
        "Range" => (&[], &[(1, 3, 3)]),
        "Dropout" => (DROPOUT, &[(1, 1, 1), (12, 1, 3)]),
        "ReduceSum" => (REDUCE_SUM, &[(1, 1, 1), (13, 1, 2)]),
        "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2" | "ReduceSumSquare" => {
            (REDUCE, &[(1, 1, 1), (18, 1, 2)])
        }
        "LeakyRelu" | "ThresholdedRelu" | "Elu" | "Celu" | "Swish" | "com.microsoft.QuickGelu" => (ALPHA, &[(1, 1, 1)]),
        "HardSigmoid" => (HARD_SIGMOID, &[(1, 1, 1)]),
        "Selu" => (SELU, &[(1, 1, 1)]),
        "Shrink" => (SHRINK, &[(1, 1, 1)]),
        "Gelu" => (GELU, &[(1, 1, 1)]),
        "Sigmoid"
        | "Tanh"
        | "HardSwish"
        | "Mish"
        | "Softplus"
        | "Softsign"
        | "Erf"
        | "Exp"
        | "Log"
        | "Sqrt"
        | "Reciprocal"
        | "Abs"
        | "Neg"
        | "Sign"
        | "Floor"
        | "Ceil"
        | "Round"
        | "Sin"
        | "Cos"
        | "Tan"
        | "Asin"
        | "Acos"
        | "Atan"
        | "Sinh"
        | "Cosh"
        | "Asinh"
        | "Acosh"
        | "Atanh"
        | "GlobalMaxPool"
        | "com.microsoft.Gelu"
        | "com.microsoft.FastGelu"
        | "Relu"
        | "GlobalAveragePool"
        | "Identity" => (&[], &[(1, 1, 1)]),
        "com.microsoft.QLinearConcat" => (AXIS, &[(1, 5, 1 << 10)]),
        "com.microsoft.QLinearAveragePool" => (QLINEAR_POOL, &[(1, 4, 5)]),
        "com.microsoft.QLinearGlobalAveragePool" => (CHANNELS_LAST, &[(1, 5, 5)]),
        "com.microsoft.QLinearSigmoid" => (&[], &[(1, 4, 5)]),
        "com.microsoft.QLinearLeakyRelu" => (ALPHA, &[(1, 4, 5)]),
        "MatMulInteger" => (&[], &[(1, 2, 4)]),
        "QLinearMatMul" => (&[], &[(1, 8, 8)]),
        "com.microsoft.QLinearAdd" | "com.microsoft.QLinearMul" => (&[], &[(1, 7, 8)]),
        "com.microsoft.QGemm" => (QGEMM, &[(1, 6, 9)]),
        "Cast" => (CAST, &[(1, 1, 1)]),
        "Clip" => (CLIP, &[(1, 1, 1), (11, 1, 3)]),
        "MaxPool" => (MAX_POOL, &[(1, 1, 1)]),
        "AveragePool" => (AVERAGE_POOL, &[(1, 1, 1)]),
        "Flatten" => (FLATTEN, &[(1, 1, 1)]),
        "Reshape" => (RESHAPE, &[(1, 2, 2)]),
        "Transpose" => (TRANSPOSE, &[(1, 1, 1)]),
        "Squeeze" => (SQUEEZE, &[(1, 1, 1), (13, 1, 2)]),
        "Unsqueeze" => (SQUEEZE, &[(1, 1, 1), (13, 2, 2)]),
        "Constant" => (CONSTANT, &[(1, 0, 0)]),
        "ArgMax" => (ARG_MAX, &[(1, 1, 1)]),
        _ => return None,
    })
}

/// Everything about a node that ONNX does not allow in this operator set. Of operators that are not read, only what holds for all.
pub(super) fn faults(node: &NodeProto, opset: i64) -> Vec<ModelError> {
    let view = NodeView::new(node);
    let operator = view.operator();
    let fault =
        |problem: String, expected: String| ModelError::InvalidNode { node: view.name.to_owned(), problem, expected };
    let mut faults = Vec::new();
    let mut names = HashSet::new();
    for attribute in node.attribute.iter().filter(|attribute| !names.insert(attribute.name.as_str())) {
        faults.push(fault(format!("attribute {:?} is given twice", attribute.name), "each attribute once".to_owned()));
    }
    let Some((attributes, operands)) = of(&operator) else { return faults };
    for got in &node.attribute {
        let known = attributes.iter().find(|attribute| attribute.name == got.name);
        let Some(known) = known.filter(|known| (known.sets.0..=known.sets.1).contains(&opset)) else {
            let names = attributes.iter().filter(|known| (known.sets.0..=known.sets.1).contains(&opset));
            let names: Vec<&str> = names.map(|known| known.name).collect();
            let problem = format!("{operator} of operator set {opset} has no attribute {:?}", got.name);
            faults.push(fault(problem, if names.is_empty() { "none".to_owned() } else { names.join(", ") }));
            continue;
        };
        if let Some(kind) = other_type(got, known.kind) {
            faults.push(fault(format!("attribute {:?} is {kind}", got.name), type_name(known.kind)));
        }
    }
    let range = operands.iter().rev().find(|(first, ..)| *first <= opset);
    let got = node.input.len();
    if let Some((_, least, most)) = range.filter(|(_, least, most)| !(*least..=*most).contains(&got)) {
        let problem = format!("{operator} of operator set {opset} has {got} operands");
        faults.push(fault(problem, if least == most { least.to_string() } else { format!("{least} to {most}") }));
    }
    faults
}

/// What an attribute is, if it is not of the type: by what it says of itself, or by a field of another type beside its own.
fn other_type(attribute: &AttributeProto, expected: AttributeType) -> Option<String> {
    use AttributeType as Type;
    let got = Type::try_from(attribute.r#type).unwrap_or(Type::Undefined);
    if !attribute.ref_attr_name.is_empty() {
        return Some(format!("a reference to {:?} of a function", attribute.ref_attr_name));
    }
    if got != expected {
        return Some(format!("of type {}", type_name(got)));
    }
    let filled = [
        (Type::Float, attribute.f.to_bits() != 0),
        (Type::Int, attribute.i != 0),
        (Type::String, !attribute.s.is_empty()),
        (Type::Tensor, attribute.t.is_some()),
        (Type::Graph, attribute.g.is_some()),
        (Type::Floats, !attribute.floats.is_empty()),
        (Type::Ints, !attribute.ints.is_empty()),
        (Type::Strings, !attribute.strings.is_empty()),
        (Type::SparseTensor, attribute.sparse_tensor.is_some()),
    ];
    let other = filled.into_iter().find(|(kind, filled)| *filled && *kind != expected);
    other.map(|(kind, _)| format!("of type {} but holds {}", type_name(got), type_name(kind)))
}

/// The name of the specification: `INTS`.
fn type_name(kind: AttributeType) -> String {
    format!("{kind:?}").to_uppercase()
}
