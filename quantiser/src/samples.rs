//! Float models with seeded weights and inputs for them, for tests and examples.

use assay_models::onnx::attribute_proto::AttributeType;
use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::tensor_shape_proto::dimension;
use assay_models::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, tensor_shape_proto, type_proto,
};
use assay_models::samples::Numbers;
use prost::Message;

/// A float model in the making.
#[derive(Clone, Debug, Default)]
pub struct FloatModel {
    /// Its graph, to which tests may add.
    pub graph: GraphProto,
}

impl FloatModel {
    /// A model with the input `x`; a size of 0 is one that is free, named `batch`.
    #[must_use]
    pub fn new(input: &[i64]) -> Self {
        let dim = |size: &i64| tensor_shape_proto::Dimension {
            value: Some(if *size == 0 {
                dimension::Value::DimParam("batch".to_owned())
            } else {
                dimension::Value::DimValue(*size)
            }),
            ..Default::default()
        };
        let shape = Some(TensorShapeProto { dim: input.iter().map(dim).collect() });
        let mut model = Self::default();
        model.graph.input.push(value("x", shape));
        model
    }

    /// Adds a float constant.
    pub fn floats(&mut self, name: &str, dims: &[i64], values: &[f32]) -> &mut Self {
        self.graph.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: dims.to_vec(),
            data_type: DataType::Float as i32,
            float_data: values.to_vec(),
            ..Default::default()
        });
        self
    }

    /// Adds a node named as its output.
    pub fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[AttributeProto]) -> &mut Self {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes.to_vec(),
            ..Default::default()
        });
        self
    }

    /// The file, ending with a value.
    pub fn file(&self, output: &str) -> Vec<u8> {
        let mut graph = self.graph.clone();
        graph.output.push(value(output, None));
        let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 17 }];
        ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }.encode_to_vec()
    }
}

fn value(name: &str, shape: Option<TensorShapeProto>) -> ValueInfoProto {
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..Default::default() }
}

/// A list attribute.
pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..Default::default()
    }
}

/// A number attribute.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i, r#type: AttributeType::Int as i32, ..Default::default() }
}

/// Numbers around 0, of about this size.
pub fn floats(numbers: &mut Numbers, count: usize, size: f32) -> Vec<f32> {
    let one = |numbers: &mut Numbers| (0..4).map(|_| numbers.between(-1000, 1000) as f32).sum::<f32>() / 2000.0 * size;
    (0..count).map(|_| one(numbers)).collect()
}

/// A perceptron with Relu between its layers, and 32 inputs for it.
pub fn perceptron(sizes: &[usize], seed: u64) -> (Vec<u8>, Vec<Vec<f32>>) {
    let mut numbers = Numbers::new(seed);
    let inputs = sizes.first().copied().unwrap_or(1);
    let mut model = FloatModel::new(&[1, inputs as i64]);
    let mut last = "x".to_owned();
    for (layer, pair) in sizes.windows(2).enumerate() {
        let [from, to] = pair else { continue };
        let [weights, bias, sum, relu] = ["w", "b", "s", "r"].map(|name| format!("{name}{layer}"));
        let size = (2.0 / *from as f32).sqrt();
        model.floats(&weights, &[*to as i64, *from as i64], &floats(&mut numbers, from * to, size));
        model.floats(&bias, &[*to as i64], &floats(&mut numbers, *to, 0.1));
        model.node("Gemm", &[&last, &weights, &bias], &sum, &[int("transB", 1)]);
        last = if layer + 2 < sizes.len() {
            model.node("Relu", &[&sum], &relu, &[]);
            relu
        } else {
            sum
        };
    }
    let samples = (0..32).map(|_| floats(&mut numbers, inputs, 1.0)).collect();
    (model.file(&last), samples)
}
