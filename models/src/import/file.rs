//! The file as a whole: protobuf, versions, functions, and whether it is quantised at all.

use crate::onnx::tensor_proto::DataType;
use crate::onnx::{FunctionProto, GraphProto, ModelProto};
use prost::Message;

use super::ends::elem_type;
use super::schema::{FIRST_OPSET, LAST_OPSET};
use crate::error::ModelError;

/// Versions of the file format that are read.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=14;

/// The message of the file, or why there is none.
pub(super) fn decode(bytes: &[u8]) -> Result<(ModelProto, GraphProto), ModelError> {
    if bytes.is_empty() {
        return Err(ModelError::Empty);
    }
    let bad = |reason: String| ModelError::NotOnnx { reason };
    let mut proto = ModelProto::decode(bytes).map_err(|error| bad(error.to_string()))?;
    let graph = proto.graph.take().filter(|graph| !graph.node.is_empty() || !graph.output.is_empty());
    let graph = graph.ok_or_else(|| bad("it holds no graph".to_owned()))?;
    Ok((proto, graph))
}

/// The operator set of ONNX's own operators; versions that are not read and functions of the file's own are refused.
pub(super) fn opset(proto: &ModelProto, refusals: &mut Vec<ModelError>) -> i64 {
    let invalid = |what, got: String, expected: String| ModelError::InvalidFile { what, got, expected };
    if !IR_VERSIONS.contains(&proto.ir_version) {
        let expected = format!("{} to {}", IR_VERSIONS.start(), IR_VERSIONS.end());
        refusals.push(invalid("format version (ir_version)", proto.ir_version.to_string(), expected));
    }
    let domain = |name: &str| if name == "ai.onnx" { String::new() } else { name.to_owned() };
    let mut sets: Vec<(String, Vec<i64>)> = Vec::new();
    for set in &proto.opset_import {
        let name = domain(&set.domain);
        match sets.iter_mut().find(|(known, _)| *known == name) {
            Some((_, versions)) => versions.push(set.version),
            None => sets.push((name, vec![set.version])),
        }
    }
    for (name, versions) in sets.iter().filter(|(_, versions)| versions.len() > 1) {
        let name = if name.is_empty() { "ai.onnx" } else { name };
        let got = versions.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        refusals.push(invalid("list of operator sets", format!("{got} of {name}"), "one of each domain".to_owned()));
    }
    let expected = format!("{FIRST_OPSET} to {LAST_OPSET}");
    let version = sets.iter().find(|(name, _)| name.is_empty()).and_then(|(_, versions)| versions.first().copied());
    let known = version.filter(|version| (FIRST_OPSET..=LAST_OPSET).contains(version));
    if known.is_none() {
        let got = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        refusals.push(invalid("version of ONNX's operators (opset)", got, expected));
    }
    known.unwrap_or(LAST_OPSET)
}

/// Operators, with their domain, that the file defines itself.
pub(super) fn functions(proto: &ModelProto) -> Vec<String> {
    let name = |function: &FunctionProto| match function.domain.as_str() {
        "" | "ai.onnx" => function.name.clone(),
        domain => format!("{domain}.{}", function.name),
    };
    proto.functions.iter().map(name).collect()
}

/// Whether any operator works on integers.
pub(super) fn is_quantised(graph: &GraphProto) -> bool {
    let integer = |operator: &str| {
        operator.contains("QuantizeLinear") || operator.contains("QLinear") || operator.ends_with("Integer")
    };
    let initialised = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let mut inputs = graph.input.iter().filter(|input| !initialised(&input.name));
    let float = inputs.any(|input| elem_type(input) == Some(DataType::Float));
    !float || graph.node.iter().any(|node| integer(&node.op_type))
}
