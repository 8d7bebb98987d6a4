//! [`Network`]: a float ONNX graph with its constants as numbers.

use std::collections::{BTreeMap, HashMap, HashSet};

use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::tensor_shape_proto::dimension;
use assay_models::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, tensor_shape_proto, type_proto,
};
use prost::Message;

use crate::error::QuantiseError;

/// Float numbers of a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Floats {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// A float graph: nodes in an order in which they can run.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    model: ModelProto,
    pub(crate) nodes: Vec<NodeProto>,
    /// Float constants by name.
    pub(crate) floats: HashMap<String, Floats>,
    /// Other constants: shapes, axes.
    pub(crate) others: HashMap<String, TensorProto>,
    pub(crate) input: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) outputs: Vec<String>,
}

/// What happens to an operator's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A layer with constant weights: its accumulators are rounded to 8 bits.
    Layer,
    /// Made of several elements or tensors: its result is rounded to 8 bits.
    Computed,
    /// A function of each element, where its operands are one tensor and numbers; else as computed.
    Pointwise,
    /// Relu and Clip: a bound of the rounding of what comes before.
    Bound,
    /// Moves or chooses elements: the scale stays.
    Moves,
    /// Computes shapes.
    Shapes,
}

/// What an operator is, if it can be quantised.
pub(crate) fn kind(operator: &str) -> Option<Kind> {
    Some(match operator {
        "Conv" | "ConvTranspose" | "Gemm" | "MatMul" => Kind::Layer,
        "AveragePool" | "GlobalAveragePool" | "ReduceMean" | "ReduceSum" | "Sum" | "Mean" | "Concat" | "Softmax"
        | "LogSoftmax" => Kind::Computed,
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Sigmoid" | "Tanh" | "LeakyRelu" | "PRelu" | "ThresholdedRelu"
        | "Elu" | "Celu" | "Selu" | "HardSigmoid" | "HardSwish" | "Gelu" | "Mish" | "Softplus" | "Softsign"
        | "Shrink" | "Erf" | "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Abs" | "Neg" | "Sign" | "Floor" | "Ceil"
        | "Round" | "Sin" | "Cos" | "Tan" | "Asin" | "Acos" | "Atan" | "Sinh" | "Cosh" | "Asinh" | "Acosh"
        | "Atanh" => Kind::Pointwise,
        "Relu" | "Clip" => Kind::Bound,
        "MaxPool" | "GlobalMaxPool" | "ReduceMax" | "ReduceMin" | "Flatten" | "Reshape" | "Transpose" | "Squeeze"
        | "Unsqueeze" | "Slice" | "Split" | "Pad" | "Gather" | "Expand" | "Tile" | "DepthToSpace" | "SpaceToDepth"
        | "Resize" | "Upsample" => Kind::Moves,
        "Shape" | "ConstantOfShape" | "Range" | "Cast" => Kind::Shapes,
        _ => return None,
    })
}

impl Network {
    /// Reads a float model with one input. Sizes that the file leaves open are those that are asked for, else those of the samples.
    pub(crate) fn read(onnx: &[u8], given: [Option<&[usize]>; 2]) -> Result<Self, QuantiseError> {
        let not_onnx = |reason: String| QuantiseError::NotOnnx { reason };
        let mut model = ModelProto::decode(onnx).map_err(|error| not_onnx(error.to_string()))?;
        let graph = model.graph.take().ok_or_else(|| not_onnx("it has no graph".to_owned()))?;
        let (mut floats, mut others) = (HashMap::new(), HashMap::new());
        let constants = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(constant_of);
        for tensor in graph.initializer.iter().cloned().chain(constants) {
            match read_floats(&tensor)? {
                Some(read) => drop(floats.insert(tensor.name.clone(), read)),
                None => drop(others.insert(tensor.name.clone(), tensor)),
            }
        }
        let is_constant = |name: &str| floats.contains_key(name) || others.contains_key(name);
        let inputs: Vec<&ValueInfoProto> = graph.input.iter().filter(|input| !is_constant(&input.name)).collect();
        let [input] = inputs[..] else {
            let names = inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(QuantiseError::Inputs { got: inputs.len(), names });
        };
        let (input, shape) = (input.name.clone(), fixed_shape(input, given)?);
        let nodes: Vec<NodeProto> = graph.node.into_iter().filter(|node| node.op_type != "Constant").collect();
        if let Some(node) =
            nodes.iter().find(|node| node.op_type.contains("QuantizeLinear") || node.op_type.starts_with("QLinear"))
        {
            let (node, operator) = (node.name.clone(), node.op_type.clone());
            return Err(QuantiseError::AlreadyQuantised { node, operator });
        }
        let outputs = graph.output.into_iter().map(|output| output.name).collect();
        let mut network = Self { model, nodes, floats, others, input, shape, outputs };
        network.sort();
        Ok(network)
    }

    /// Puts nodes behind those they read, and drops those that no output needs.
    pub(crate) fn sort(&mut self) {
        let producer: HashMap<&str, usize> = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(at, node)| node.output.iter().map(move |name| (name.as_str(), at)))
            .collect();
        let (mut order, mut seen) = (Vec::new(), HashSet::new());
        // Depth first, without recursion: a node is put down once all that it reads is.
        let mut stack: Vec<(usize, bool)> =
            self.outputs.iter().rev().filter_map(|name| Some((*producer.get(name.as_str())?, false))).collect();
        while let Some((at, ready)) = stack.pop() {
            if ready {
                order.push(at);
            } else if seen.insert(at) {
                stack.push((at, true));
                let reads = self.nodes.get(at).map(|node| node.input.as_slice()).unwrap_or_default();
                stack.extend(reads.iter().rev().filter_map(|name| Some((*producer.get(name.as_str())?, false))));
            }
        }
        let nodes: Vec<NodeProto> = order.into_iter().filter_map(|at| self.nodes.get(at).cloned()).collect();
        self.nodes = nodes;
    }

    /// The node that makes a value.
    pub(crate) fn producer(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.output.iter().any(|output| output == name))
    }

    /// How many nodes read a value, and whether it leaves the graph.
    pub(crate) fn readers(&self, name: &str) -> usize {
        let reads: usize = self.nodes.iter().map(|node| node.input.iter().filter(|input| *input == name).count()).sum();
        reads + usize::from(self.outputs.iter().any(|output| output == name))
    }

    /// Whether a node is the addition of a constant to a layer's accumulators.
    pub(crate) fn is_bias(&self, node: &NodeProto) -> bool {
        node.op_type == "Add" && node.input.iter().any(|name| self.floats.contains_key(name))
    }

    /// Everything that is not quantised, in one list.
    pub(crate) fn check_operators(&self) -> Result<(), QuantiseError> {
        let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for node in self.nodes.iter().filter(|node| kind(&node.op_type).is_none() || !node.domain.is_empty()) {
            refused.entry(node.op_type.as_str()).or_default().push(node.name.as_str());
        }
        if refused.is_empty() {
            return Ok(());
        }
        let operators = refused.into_iter().map(|(operator, nodes)| {
            let more = nodes.len().saturating_sub(3);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let shown: Vec<String> = nodes.iter().take(3).map(|name| format!("{name:?}")).collect();
            format!("{operator} (node {}{more}): {}", shown.join(", "), help(operator))
        });
        Err(QuantiseError::Operators { operators: operators.collect() })
    }

    /// The float model as it is now, as an ONNX file whose outputs are these values.
    pub(crate) fn onnx(&self, outputs: &[String]) -> Vec<u8> {
        let floats = self.floats.iter().map(|(name, floats)| float_tensor(name, floats));
        let mut initializer: Vec<TensorProto> = floats.chain(self.others.values().cloned()).collect();
        initializer.sort_by(|one, other| one.name.cmp(&other.name));
        self.file(self.nodes.clone(), initializer, outputs, &HashMap::new())
    }

    /// A file of nodes and constants with this network's input, and outputs whose shapes are known or left out.
    pub(crate) fn file(
        &self,
        node: Vec<NodeProto>,
        initializer: Vec<TensorProto>,
        outputs: &[String],
        shapes: &HashMap<String, Vec<usize>>,
    ) -> Vec<u8> {
        let graph = GraphProto {
            node,
            name: "model".to_owned(),
            initializer,
            input: vec![float_value(&self.input, Some(&self.shape))],
            output: outputs.iter().map(|name| float_value(name, shapes.get(name).map(Vec::as_slice))).collect(),
            ..Default::default()
        };
        let model = ModelProto { graph: Some(graph), producer_name: "assay".to_owned(), ..self.model.clone() };
        model.encode_to_vec()
    }

    /// Version of ONNX's operators.
    pub(crate) fn opset(&self) -> i64 {
        let own = self.model.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
        own.map_or(0, |set| set.version)
    }

    /// Raises the version of ONNX's operators to the first that has scales for each channel. No other operators are left.
    pub(crate) fn raise_opset(&mut self, version: i64) {
        let version = self.opset().max(version);
        self.model.opset_import = vec![OperatorSetIdProto { domain: String::new(), version }];
        self.model.ir_version = self.model.ir_version.max(7);
    }
}

/// What to do about an operator that is not quantised.
fn help(operator: &str) -> &'static str {
    match operator {
        "BatchNormalization" => "put it directly behind a Conv or Gemm",
        "LayerNormalization" | "InstanceNormalization" | "GroupNormalization" | "RMSNormalization" | "LRN" => {
            "use BatchNormalization in its place and train again"
        }
        "LSTM" | "GRU" | "RNN" | "Loop" | "Scan" | "If" => "unroll it: export the model without control flow",
        _ => "see the list in models/README.md",
    }
}

/// The tensor of a Constant node, named as its output.
fn constant_of(node: &NodeProto) -> Option<TensorProto> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let name = node.output.first()?.clone();
    if let Some(tensor) = attribute("value").and_then(|value| value.t.clone()) {
        return Some(TensorProto { name, ..tensor });
    }
    let floats = |dims: Vec<i64>, float_data: Vec<f32>| TensorProto {
        name: name.clone(),
        dims,
        data_type: DataType::Float as i32,
        float_data,
        ..Default::default()
    };
    let ints = |dims: Vec<i64>, int64_data: Vec<i64>| TensorProto {
        name: name.clone(),
        dims,
        data_type: DataType::Int64 as i32,
        int64_data,
        ..Default::default()
    };
    let of = |kind: &str, read: &dyn Fn(&AttributeProto) -> TensorProto| attribute(kind).map(read);
    of("value_float", &|a| floats(vec![], vec![a.f]))
        .or_else(|| of("value_floats", &|a| floats(vec![a.floats.len() as i64], a.floats.clone())))
        .or_else(|| of("value_int", &|a| ints(vec![], vec![a.i])))
        .or_else(|| of("value_ints", &|a| ints(vec![a.ints.len() as i64], a.ints.clone())))
}

/// Numbers of a float constant of 16, 32 or 64 bits; `None` for one of another type.
fn read_floats(tensor: &TensorProto) -> Result<Option<Floats>, QuantiseError> {
    let problem = |problem: &str| QuantiseError::Constant { tensor: tensor.name.clone(), problem: problem.to_owned() };
    if !tensor.external_data.is_empty() {
        return Err(problem("is in a file of its own: save the model in one file (onnx.save without external data)"));
    }
    let raw = &tensor.raw_data;
    let values: Vec<f32> = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) if raw.is_empty() => tensor.float_data.clone(),
        Ok(DataType::Float) => raw.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Ok(DataType::Double) if raw.is_empty() => tensor.double_data.iter().map(|value| *value as f32).collect(),
        Ok(DataType::Double) => raw.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        Ok(DataType::Float16) if raw.is_empty() => tensor.int32_data.iter().map(|bits| half(*bits as u16)).collect(),
        Ok(DataType::Float16) => raw.as_chunks::<2>().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect(),
        _ => return Ok(None),
    };
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
    let shape = shape.ok_or_else(|| problem("has a negative size: export the model again"))?;
    let len = shape.iter().try_fold(1usize, |len, size| len.checked_mul(*size));
    if len != Some(values.len()) {
        return Err(problem("has more or fewer numbers than its shape says: export the model again"));
    }
    if let Some(got) = values.iter().copied().find(|value| !value.is_finite()) {
        return Err(QuantiseError::NotFinite { what: format!("constant {:?}", tensor.name), got });
    }
    Ok(Some(Floats { shape, values }))
}

/// A float of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// The shape of an input: sizes that the file leaves open are those that are asked for, else those of the samples; the first is 1 where neither
/// says more.
fn fixed_shape(input: &ValueInfoProto, [given, samples]: [Option<&[usize]>; 2]) -> Result<Vec<usize>, QuantiseError> {
    let dynamic = |axis, got: String| QuantiseError::DynamicShape { input: input.name.clone(), axis, got };
    let Some(type_proto::Value::TensorType(tensor)) = input.r#type.as_ref().and_then(|kind| kind.value.clone()) else {
        return Err(dynamic(0, "no tensor".to_owned()));
    };
    let dims = tensor.shape.unwrap_or_default().dim;
    if let Some(given) = given.filter(|given| given.len() != dims.len()) {
        return Err(QuantiseError::Shape { input: input.name.clone(), axes: dims.len(), got: given.to_vec() });
    }
    let of_samples = |axis: usize| samples.filter(|samples| samples.len() == dims.len())?.get(axis).copied();
    let size = |(axis, dim): (usize, &tensor_shape_proto::Dimension)| {
        let wanted = given.and_then(|given| given.get(axis)).copied();
        let open = match &dim.value {
            Some(dimension::Value::DimValue(size)) if *size > 0 => {
                let fixed = *size as usize;
                return match wanted.filter(|wanted| *wanted != fixed) {
                    Some(wanted) => Err(dynamic(axis, format!("{fixed}, and {wanted} was given"))),
                    None => Ok(fixed),
                };
            }
            Some(dimension::Value::DimParam(name)) => format!("{name:?}"),
            Some(dimension::Value::DimValue(_)) | None => "unknown".to_owned(),
        };
        match wanted.or_else(|| of_samples(axis)).filter(|size| *size > 0) {
            Some(size) => Ok(size),
            None if axis == 0 => Ok(1),
            None => Err(dynamic(axis, open)),
        }
    };
    dims.iter().enumerate().map(size).collect()
}

/// A float constant.
pub(crate) fn float_tensor(name: &str, floats: &Floats) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: floats.shape.iter().map(|size| *size as i64).collect(),
        data_type: DataType::Float as i32,
        raw_data: floats.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..Default::default()
    }
}

/// A float value that enters or leaves a graph.
fn float_value(name: &str, shape: Option<&[usize]>) -> ValueInfoProto {
    let dim = |size: &usize| tensor_shape_proto::Dimension {
        value: Some(dimension::Value::DimValue(*size as i64)),
        ..Default::default()
    };
    let shape = shape.map(|shape| TensorShapeProto { dim: shape.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_16_bits_are_read() {
        let known = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 2f32.powi(-24)),
            (0x3555, 0.333_251_95),
        ];
        for (bits, value) in known {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:x}");
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
