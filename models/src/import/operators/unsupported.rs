//! Operators without a rule: what would help.

use std::collections::HashSet;

use crate::onnx::{GraphProto, NodeProto};

use super::rule;
use crate::error::ModelError;
use crate::import::node::NodeView;

/// The refusals of all nodes whose operator has no rule, one an operator and advice.
pub(in crate::import) fn unsupported(
    graph: &GraphProto,
    nodes: &[&NodeProto],
    functions: &[String],
) -> Vec<ModelError> {
    let last = last(graph);
    let mut refusals: Vec<ModelError> = Vec::new();
    for node in nodes.iter().map(|node| NodeView::new(node)).filter(|node| rule(&node.operator()).is_none()) {
        let operator = node.operator();
        if functions.contains(&operator) {
            calls(&mut refusals, node.name, operator);
            continue;
        }
        let help = help(&operator, last.contains(node.output));
        let known = refusals.iter_mut().find_map(|refusal| match refusal {
            ModelError::UnsupportedOperator { operator: known, nodes, help: said } => {
                (*known == operator && *said == help).then_some(nodes)
            }
            _ => None,
        });
        if let Some(nodes) = known {
            nodes.push(node.name.to_owned());
        } else {
            let nodes = vec![node.name.to_owned()];
            refusals.push(ModelError::UnsupportedOperator { operator, nodes, help });
        }
    }
    refusals
}

/// Adds a call of one of the file's own functions to the refusal of all of them.
fn calls(refusals: &mut Vec<ModelError>, node: &str, function: String) {
    for refusal in refusals.iter_mut() {
        if let ModelError::Functions { nodes, functions } = refusal {
            nodes.push(node.to_owned());
            if !functions.contains(&function) {
                functions.push(function);
            }
            return;
        }
    }
    refusals.push(ModelError::Functions { nodes: vec![node.to_owned()], functions: vec![function] });
}

/// Names of the values after which a graph does nothing but quantise and change shapes.
fn last(graph: &GraphProto) -> HashSet<&str> {
    let mut last: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    loop {
        let before = last.len();
        for node in &graph.node {
            let passes = matches!(
                node.op_type.as_str(),
                "QuantizeLinear"
                    | "DequantizeLinear"
                    | "Identity"
                    | "Flatten"
                    | "Reshape"
                    | "Squeeze"
                    | "Unsqueeze"
                    | "Cast"
            );
            if passes && node.output.iter().any(|output| last.contains(output.as_str())) {
                last.extend(node.input.first().map(String::as_str));
            }
        }
        if last.len() == before {
            return last;
        }
    }
}

/// Whether an operator without a rule gives its first operand's shape.
pub(in crate::import) fn keeps_shape(operator: &str) -> bool {
    matches!(
        plain(operator),
        "Softmax"
            | "LogSoftmax"
            | "BatchNormalization"
            | "LayerNormalization"
            | "InstanceNormalization"
            | "Dropout"
            | "Sigmoid"
            | "Tanh"
            | "Gelu"
            | "Erf"
            | "Exp"
            | "Sqrt"
            | "Abs"
            | "Neg"
            | "HardSwish"
            | "HardSigmoid"
            | "LeakyRelu"
            | "PRelu"
            | "Elu"
            | "Selu"
            | "Softplus"
            | "Sub"
            | "Div"
            | "Mul"
            | "Cast"
    )
}

/// The operator of ONNX that a quantised operator of ONNX Runtime's own stands for.
fn plain(operator: &str) -> &str {
    let own = operator.strip_prefix("com.microsoft.").and_then(|own| own.strip_prefix("QLinear"));
    own.unwrap_or(operator)
}

/// What would help where an operator has no rule; `last` says that nothing but a change of form comes after it.
fn help(operator: &str, last: bool) -> &'static str {
    let name = plain(operator);
    match name {
        "Softmax" | "LogSoftmax" | "Sigmoid" if last => {
            "end the model before it: it does not change which score is the largest, and can be computed from the proved scores"
        }
        "Softmax" | "LogSoftmax" => "it has no integer form inside a network: use one without it",
        "BatchNormalization" => {
            "fold it into the layer before it: export the model in eval mode, or run onnxruntime's quant_pre_process before quantising"
        }
        "Dropout" => "remove it: export the model in eval mode",
        "DynamicQuantizeLinear" => {
            "scales must be fixed: use static quantisation (quantize_static with calibration data)"
        }
        "Sub" | "Div" => {
            "if it prepares the input, prepare the input file so and export the model without it; otherwise fold it into weights and bias"
        }
        "Shape" | "Gather" | "Slice" | "ConstantOfShape" | "Expand" | "Range" | "Where" => {
            "if it only computes shapes, fix all dimensions and fold constants (for example with onnxsim)"
        }
        "Concat" => {
            "if it only computes shapes, fix all dimensions and fold constants (for example with onnxsim); tensors cannot be joined"
        }
        "Loop" | "If" | "Scan" => "control flow cannot be proved: export a model without it",
        "Sigmoid" | "Tanh" | "Gelu" | "Erf" | "HardSwish" | "HardSigmoid" | "LeakyRelu" | "PRelu" | "Elu" | "Selu"
        | "Softplus" => "use Relu or Clip in its place, and train the model again",
        "ReduceMean" => AVERAGE,
        // The same in ONNX's own operators would be refused later.
        "AveragePool" | "GlobalAveragePool" if name != operator => AVERAGE,
        _ if name != operator && rule(name).is_some() => {
            "quantise with quant_format=QuantFormat.QDQ, which writes ONNX's own operators"
        }
        _ => "the supported operators are listed in models/README.md; replace it or end the model before it",
    }
}

/// What stands for an average in operators that can be proved.
const AVERAGE: &str = "use Flatten and a Gemm whose weights average in its place";
