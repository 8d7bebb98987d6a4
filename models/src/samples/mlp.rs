//! [`mlp_onnx`]: multi-layer perceptrons of any size, as ONNX files.

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

/// A quantised ONNX file (QDQ form) of a multi-layer perceptron with seeded random `i8` weights.
///
/// `widths` are the sizes of the input, of the hidden layers and of the output: `[784, 128, 10]` has two layers. Between them are
/// Relu and a requantisation by a power of two, chosen so that outputs of layers vary without saturating. Input `u8 [1, i]`,
/// hidden layers `u8`, output `i8 [1, o]`; [`import`](crate::import) reads any two or more widths of at least 1 whose products
/// are at most 2^26.
pub fn mlp_onnx(widths: &[usize], seed: u64) -> Vec<u8> {
    let mut file = File { graph: GraphProto::default(), numbers: Numbers::new(seed) };
    let (inputs, outputs) = (widths.first().copied().unwrap_or(1), widths.last().copied().unwrap_or(1));
    file.graph.input.push(info("input", inputs));
    file.graph.output.push(info("output", outputs));
    file.tensor("step", DataType::Float, &[], STEP.to_le_bytes().to_vec());
    file.tensor("unsigned", DataType::Uint8, &[], vec![0]);
    file.tensor("signed", DataType::Int8, &[], vec![0]);
    file.requantise("input", "layer0", "unsigned", "layer0.real");
    let layers = widths.len().saturating_sub(1);
    for (layer, pair) in widths.windows(2).enumerate() {
        if let [inputs, outputs] = *pair {
            file.layer(layer, inputs, outputs, layer + 1 == layers);
        }
    }
    let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
    ModelProto { ir_version: 8, opset_import: vec![opset], graph: Some(file.graph), ..Default::default() }
        .encode_to_vec()
}

/// Divisor of a layer's requantisation: a power of two near the deviation of its accumulators over 64.
fn divisor(inputs: usize) -> u32 {
    let deviation = (inputs as f64).sqrt() * 73.0 * 100.0;
    2u32.pow((deviation / 64.0).log2().ceil().max(0.0) as u32)
}

/// The file in the making.
struct File {
    graph: GraphProto,
    numbers: Numbers,
}

impl File {
    fn tensor(&mut self, name: &str, kind: DataType, shape: &[usize], raw_data: Vec<u8>) {
        let dims = shape.iter().map(|size| *size as i64).collect();
        let tensor =
            TensorProto { name: name.to_owned(), dims, data_type: kind as i32, raw_data, ..Default::default() };
        self.graph.initializer.push(tensor);
    }

    fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            op_type: operator.to_owned(),
            name: format!("{output}/{operator}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute,
            ..Default::default()
        });
    }

    /// `QuantizeLinear` to `integers`, `DequantizeLinear` of them to `real`.
    fn requantise(&mut self, from: &str, integers: &str, zero: &str, real: &str) {
        self.node("QuantizeLinear", &[from, "step", zero], integers, Vec::new());
        self.node("DequantizeLinear", &[integers, "step", zero], real, Vec::new());
    }

    /// `layer{n}.real` to `layer{n + 1}.real`, or to `output`: Gemm, Relu between layers, requantisation.
    fn layer(&mut self, layer: usize, inputs: usize, outputs: usize, last: bool) {
        let divisor = divisor(inputs);
        let named = |what: &str| format!("layer{layer}.{what}");
        let scale = (1.0 / f64::from(divisor)) as f32;
        self.tensor(&named("scale"), DataType::Float, &[], scale.to_le_bytes().to_vec());
        self.tensor(&named("bias.scale"), DataType::Float, &[], (scale * STEP).to_le_bytes().to_vec());
        let weights = (0..inputs * outputs).map(|_| self.numbers.between(-MAGNITUDE, MAGNITUDE) as u8).collect();
        self.tensor(&named("weights"), DataType::Int8, &[outputs, inputs], weights);
        let limit = 16 * i64::from(divisor);
        let bias = (0..outputs).flat_map(|_| (self.numbers.between(-limit, limit) as i32).to_le_bytes()).collect();
        self.tensor(&named("bias"), DataType::Int32, &[outputs], bias);
        for (name, scale) in [("weights", "scale"), ("bias", "bias.scale")] {
            let real = named(&format!("{name}.real"));
            self.node("DequantizeLinear", &[&named(name), &named(scale)], &real, Vec::new());
        }
        let transposed = AttributeProto { name: "transB".to_owned(), r#type: 2, i: 1, ..Default::default() };
        let operands = [named("real"), named("weights.real"), named("bias.real")];
        self.node("Gemm", &operands.each_ref().map(String::as_str), &named("sum"), vec![transposed]);
        let next = format!("layer{}", layer + 1);
        if last {
            self.requantise(&named("sum"), &next, "signed", "output");
        } else {
            self.node("Relu", &[&named("sum")], &named("relu"), Vec::new());
            self.requantise(&named("relu"), &next, "unsigned", &format!("{next}.real"));
        }
    }
}

/// A float vector `[1, size]`.
fn info(name: &str, size: usize) -> ValueInfoProto {
    let dim = [1, size].map(|size| Dimension { value: Some(Size::DimValue(size as i64)), ..Default::default() });
    let tensor = Tensor { elem_type: DataType::Float as i32, shape: Some(TensorShapeProto { dim: dim.to_vec() }) };
    let r#type = Some(TypeProto { value: Some(Type::TensorType(tensor)), ..Default::default() });
    ValueInfoProto { name: name.to_owned(), r#type, ..Default::default() }
}
