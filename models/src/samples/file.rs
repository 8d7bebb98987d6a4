//! [`File`]: an ONNX file of seeded random layers in the making.

use std::collections::HashMap;

use crate::onnx::tensor_proto::DataType;
use crate::onnx::tensor_shape_proto::{Dimension, dimension::Value as Size};
use crate::onnx::type_proto::{Tensor, Value as Type};
use crate::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};
use prost::Message;

use super::Numbers;

/// Scale of every activation.
const STEP: f32 = 1.0 / 256.0;
/// Largest weight.
const MAGNITUDE: i64 = 127;

/// The file in the making: activations `layer{n}` of one scale, `layer{n}.real` as real numbers, `layer0` the input.
pub(super) struct File {
    graph: GraphProto,
    numbers: Numbers,
    /// What a layer reads in place of the activations of its number.
    instead: HashMap<usize, String>,
}

impl File {
    /// A file with an input `input` of a shape, `u8` of zero point 0, and an output `output`.
    pub(super) fn new(input: &[usize], output: &[usize], seed: u64) -> Self {
        let mut file = Self { graph: GraphProto::default(), numbers: Numbers::new(seed), instead: HashMap::new() };
        file.graph.input.push(info("input", input));
        file.graph.output.push(info("output", output));
        file.tensor("step", DataType::Float, &[], STEP.to_le_bytes().to_vec());
        file.tensor("unsigned", DataType::Uint8, &[], vec![0]);
        file.tensor("signed", DataType::Int8, &[], vec![0]);
        file.requantise("input", "layer0", "unsigned", "layer0.real");
        file
    }

    /// The bytes of the file.
    pub(super) fn bytes(self) -> Vec<u8> {
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        ModelProto { ir_version: 8, opset_import: vec![opset], graph: Some(self.graph), ..Default::default() }
            .encode_to_vec()
    }

    /// A node `{output}/{operator}`.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            op_type: operator.to_owned(),
            name: format!("{output}/{operator}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute,
            ..Default::default()
        });
    }

    /// Has a layer read another value than `layer{n}.real`.
    pub(super) fn reads(&mut self, layer: usize, value: &str) {
        self.instead.insert(layer, value.to_owned());
    }

    /// `layer{n}.real` to `layer{n + 1}.real`, or to `output` behind the last: an operator with random weights `[outputs, ...]` and biases, Relu between
    /// layers, and a requantisation by a power of two, chosen so that outputs of layers vary without saturating.
    pub(super) fn layer(
        &mut self,
        layer: usize,
        operator: &str,
        shape: &[usize],
        attribute: AttributeProto,
        last: bool,
    ) {
        let (outputs, count) = (shape.first().copied().unwrap_or(1), shape.iter().product::<usize>());
        let divisor = divisor(count / outputs);
        let named = |what: &str| format!("layer{layer}.{what}");
        let scale = (1.0 / f64::from(divisor)) as f32;
        self.tensor(&named("scale"), DataType::Float, &[], scale.to_le_bytes().to_vec());
        self.tensor(&named("bias.scale"), DataType::Float, &[], (scale * STEP).to_le_bytes().to_vec());
        let weights = (0..count).map(|_| self.numbers.between(-MAGNITUDE, MAGNITUDE) as u8).collect();
        self.tensor(&named("weights"), DataType::Int8, shape, weights);
        let limit = 16 * i64::from(divisor);
        let bias = (0..outputs).flat_map(|_| (self.numbers.between(-limit, limit) as i32).to_le_bytes()).collect();
        self.tensor(&named("bias"), DataType::Int32, &[outputs], bias);
        for (name, scale) in [("weights", "scale"), ("bias", "bias.scale")] {
            let real = named(&format!("{name}.real"));
            self.node("DequantizeLinear", &[&named(name), &named(scale)], &real, Vec::new());
        }
        let read = self.instead.get(&layer).cloned().unwrap_or_else(|| named("real"));
        let operands = [read, named("weights.real"), named("bias.real")];
        self.node(operator, &operands.each_ref().map(String::as_str), &named("sum"), vec![attribute]);
        let next = format!("layer{}", layer + 1);
        if last {
            self.requantise(&named("sum"), &next, "signed", "output");
        } else {
            self.node("Relu", &[&named("sum")], &named("relu"), Vec::new());
            self.requantise(&named("relu"), &next, "unsigned", &format!("{next}.real"));
        }
    }

    fn tensor(&mut self, name: &str, kind: DataType, shape: &[usize], raw_data: Vec<u8>) {
        let dims = shape.iter().map(|size| *size as i64).collect();
        let tensor =
            TensorProto { name: name.to_owned(), dims, data_type: kind as i32, raw_data, ..Default::default() };
        self.graph.initializer.push(tensor);
    }

    /// `QuantizeLinear` to `integers`, `DequantizeLinear` of them to `real`.
    fn requantise(&mut self, from: &str, integers: &str, zero: &str, real: &str) {
        self.node("QuantizeLinear", &[from, "step", zero], integers, Vec::new());
        self.node("DequantizeLinear", &[integers, "step", zero], real, Vec::new());
    }
}

/// An attribute of one integer.
pub(super) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 2, i, ..Default::default() }
}

/// An attribute of several integers.
pub(super) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 7, ints: ints.to_vec(), ..Default::default() }
}

/// Divisor of a layer's requantisation: a power of two near the deviation of its accumulators over 64.
fn divisor(inputs: usize) -> u32 {
    let deviation = (inputs as f64).sqrt() * 73.0 * 100.0;
    2u32.pow((deviation / 64.0).log2().ceil().max(0.0) as u32)
}

/// A float tensor.
fn info(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dim = shape.iter().map(|size| Dimension { value: Some(Size::DimValue(*size as i64)), ..Default::default() });
    let tensor = Tensor { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim: dim.collect() }) };
    let r#type = Some(TypeProto { value: Some(Type::TensorType(tensor)), ..Default::default() });
    ValueInfoProto { name: name.to_owned(), r#type, ..Default::default() }
}
