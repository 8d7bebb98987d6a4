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
mod unsupported;

pub(super) use unsupported::{keeps_shape, unsupported};

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
        "com.microsoft.QGemm" => qlinear::gemm,
        "com.microsoft.QLinearAdd" => qlinear::add,
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
