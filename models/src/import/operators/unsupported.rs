//! Operators without a rule: what would help.

use crate::onnx::NodeProto;

use super::rule;
use crate::error::ModelError;
use crate::import::node::NodeView;

/// The refusals of all nodes whose operator has no rule, one an operator and advice.
pub(in crate::import) fn unsupported(nodes: &[&NodeProto], functions: &[String]) -> Vec<ModelError> {
    let mut refusals: Vec<ModelError> = Vec::new();
    for node in nodes.iter().map(|node| NodeView::new(node)).filter(|node| rule(&node.operator()).is_none()) {
        let operator = node.operator();
        if functions.contains(&operator) {
            calls(&mut refusals, node.name, operator);
            continue;
        }
        let help = help(&operator);
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

/// Whether an operator without a rule gives its first operand's shape.
pub(in crate::import) fn keeps_shape(operator: &str) -> bool {
    matches!(
        plain(operator),
        "QLinearSoftmax"
            | "Softmax"
            | "BatchNormalization"
            | "LayerNormalization"
            | "InstanceNormalization"
            | "LRN"
            | "CumSum"
    )
}

/// The operator of ONNX that a quantised operator of ONNX Runtime's own stands for.
fn plain(operator: &str) -> &str {
    let own = operator.strip_prefix("com.microsoft.").and_then(|own| own.strip_prefix("QLinear"));
    own.unwrap_or(operator)
}

/// What would help where an operator has no rule.
fn help(operator: &str) -> &'static str {
    let name = plain(operator);
    match name {
        "QLinearSoftmax" | "Softmax" => {
            "end the model before it: it does not change which score is the largest, and can be computed from the proved scores"
        }
        "BatchNormalization" => {
            "fold it into the layer before it: export the model in eval mode, or run onnxruntime's quant_pre_process before quantising"
        }
        "Dropout" => "remove it: export the model in eval mode",
        "DynamicQuantizeLinear" => {
            "scales must be fixed: use static quantisation (quantize_static with calibration data)"
        }
        "Where" => "if it only computes shapes, fix all dimensions and fold constants (for example with onnxsim)",
        "Loop" | "If" | "Scan" => "control flow cannot be proved: export a model without it",
        _ if name != operator && rule(name).is_some() => {
            "quantise with quant_format=QuantFormat.QDQ, which writes ONNX's own operators"
        }
        _ => "the supported operators are listed in models/README.md; replace it or end the model before it",
    }
}
