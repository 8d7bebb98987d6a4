//! The operators of ONNX: one line each here, one file a family.

mod activation;
mod add;
mod affine;
mod arg_max;
mod convolution;
mod elementwise;
mod functions;
mod linear;
mod movement;
mod multiply;
mod pad;
mod pool;
mod products;
mod qlinear;
mod quantize;
mod resize;
mod shape;
mod shapes;
mod softmax;
mod spread;
mod unsupported;
mod windows;

pub(super) use unsupported::{keeps_shape, unsupported};

use super::builder::Builder;
use super::node::NodeView;
use super::value::Value;
use crate::error::ModelError;

/// What an operator does to the values before it.
pub(super) type Rule = fn(&mut Builder, &NodeView<'_>) -> Result<Value, ModelError>;

/// The rule of an operator, by its ONNX name.
#[expect(clippy::too_many_lines, reason = "a flat table, a line an operator")]
pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "QuantizeLinear" => quantize::quantize,
        "DequantizeLinear" => quantize::dequantize,
        "Conv" => linear::conv,
        "Gemm" => linear::gemm,
        "MatMul" => linear::matmul,
        "ConvInteger" => linear::conv_integer,
        "MatMulInteger" => linear::matmul_integer,
        "QLinearConv" => qlinear::conv,
        "QLinearMatMul" => qlinear::matmul,
        "ConvTranspose" => linear::transposed,
        "com.microsoft.QGemm" => qlinear::gemm,
        "com.microsoft.QLinearAdd" => qlinear::add,
        "com.microsoft.QLinearMul" => qlinear::mul,
        "com.microsoft.QLinearConcat" => qlinear::concat,
        "com.microsoft.QLinearAveragePool" => qlinear::average,
        "com.microsoft.QLinearGlobalAveragePool" => qlinear::global_average,
        "com.microsoft.QLinearSigmoid" | "com.microsoft.QLinearLeakyRelu" => qlinear::function,
        "Add" => elementwise::add,
        "Sub" => elementwise::sub,
        "Mul" => elementwise::mul,
        "Div" => elementwise::div,
        "Pow" => elementwise::pow,
        "Max" => elementwise::max,
        "Min" => elementwise::min,
        "Sum" => elementwise::sum,
        "Mean" => elementwise::mean,
        "Cast" => multiply::cast,
        "Relu" => activation::relu,
        "Clip" => activation::clip,
        "Sigmoid"
        | "Tanh"
        | "LeakyRelu"
        | "ThresholdedRelu"
        | "Elu"
        | "Celu"
        | "Selu"
        | "HardSigmoid"
        | "HardSwish"
        | "Swish"
        | "Gelu"
        | "Mish"
        | "Softplus"
        | "Softsign"
        | "Shrink"
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
        | "com.microsoft.Gelu"
        | "com.microsoft.FastGelu"
        | "com.microsoft.QuickGelu" => functions::unary,
        "PRelu" => functions::p_relu,
        "MaxPool" => pool::max,
        "GlobalMaxPool" => pool::global_max,
        "AveragePool" => pool::average,
        "GlobalAveragePool" => pool::global_average,
        "ReduceMax" => pool::reduce_max,
        "ReduceMin" => elementwise::reduce_min,
        "ReduceMean" => pool::reduce_mean,
        "ReduceSum" => pool::reduce_sum,
        "ReduceL1" => pool::reduce_l1,
        "ReduceL2" => pool::reduce_l2,
        "ReduceSumSquare" => pool::reduce_sum_square,
        "LpPool" | "GlobalLpPool" => pool::lp,
        "BatchNormalization" => affine::batch_normalization,
        "GatherElements" => movement::gather_elements,
        "GatherND" => movement::gather_nd,
        "Flatten" => shape::flatten,
        "Reshape" => shape::reshape,
        "Transpose" => shape::transpose,
        "Squeeze" => shape::squeeze,
        "Unsqueeze" => shape::unsqueeze,
        "Identity" => shape::identity,
        "Dropout" => movement::dropout,
        "Constant" => shape::constant,
        "Concat" => movement::concat,
        "Split" => movement::split,
        "Slice" => movement::slice,
        "Pad" => pad::pad,
        "Gather" => movement::gather,
        "Expand" => movement::expand,
        "Tile" => movement::tile,
        "DepthToSpace" => movement::depth_to_space,
        "SpaceToDepth" => movement::space_to_depth,
        "Resize" | "Upsample" => resize::resize,
        "Shape" => shapes::shape_of,
        "ConstantOfShape" => shapes::constant_of_shape,
        "Range" => shapes::range,
        "Softmax" => softmax::softmax,
        "LogSoftmax" => softmax::log_softmax,
        "ArgMax" => arg_max::arg_max,
        _ => return None,
    })
}
