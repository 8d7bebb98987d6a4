//! The operators of ONNX: one line each here, one file a family.

mod activation;
mod add;
mod arg_max;
mod linear;
mod multiply;
mod pool;
mod qlinear;
mod quantize;
mod shape;

use super::builder::Builder;
use super::node::NodeView;
use super::value::Value;
use crate::error::ModelError;

/// What an operator does to the values before it.
pub(super) type Rule = fn(&mut Builder, &NodeView<'_>) -> Result<Value, ModelError>;

/// The rule of an operator, by its ONNX name.
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
        "Add" => add::add,
        "Mul" => multiply::multiply,
        "Cast" => multiply::cast,
        "Relu" => activation::relu,
        "Clip" => activation::clip,
        "MaxPool" => pool::max,
        "AveragePool" => pool::average,
        "GlobalAveragePool" => pool::global_average,
        "Flatten" => shape::flatten,
        "Reshape" => shape::reshape,
        "Transpose" => shape::transpose,
        "Squeeze" => shape::squeeze,
        "Unsqueeze" => shape::unsqueeze,
        "Identity" => shape::identity,
        "Constant" => shape::constant,
        "ArgMax" => arg_max::arg_max,
        _ => return None,
    })
}

/// What would help where an operator has no rule.
pub(super) fn help(operator: &str) -> &'static str {
    match operator {
        "Softmax" | "LogSoftmax" => {
            "end the model before it: softmax does not change which score is the largest, and can be computed from the proved scores"
        }
        "BatchNormalization" => "fold it into the layer before it: export the model in eval mode",
        "Dropout" => "remove it: export the model in eval mode",
        "DynamicQuantizeLinear" => {
            "scales must be fixed: use static quantisation (quantize_static with calibration data)"
        }
        "Shape" | "Gather" | "Concat" | "Slice" | "ConstantOfShape" | "Expand" | "Range" | "Where" => {
            "if it only computes shapes, fix all dimensions and fold constants (for example with onnxsim)"
        }
        "Loop" | "If" | "Scan" => "control flow cannot be proved: export a model without it",
        "Sigmoid" | "Tanh" | "Gelu" | "Erf" | "HardSwish" | "HardSigmoid" | "LeakyRelu" | "PRelu" | "Elu"
        | "Softplus" => "use Relu or Clip in its place",
        "ReduceMean" => "use GlobalAveragePool in its place",
        _ if operator.starts_with("com.microsoft.Q") => {
            "quantise with quant_format=QuantFormat.QDQ, which writes ONNX's own operators"
        }
        _ => "the supported operators are listed in models/README.md; replace it or end the model before it",
    }
}
