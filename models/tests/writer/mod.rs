//! Writes small ONNX models, for tests of the importer.
#![expect(clippy::unwrap_used, reason = "test code")]

use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::tensor_shape_proto::{Dimension, dimension::Value as Size};
use assay_models::onnx::type_proto::{Tensor, Value as Type};
use assay_models::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};
use prost::Message;

/// A model under construction.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) graph: GraphProto,
    /// All but the graph.
    pub(crate) model: ModelProto,
}

/// A typed input or output.
pub(crate) fn info(name: &str, kind: DataType, shape: &[i64]) -> ValueInfoProto {
    let dim = shape.iter().map(|size| Dimension { value: Some(Size::DimValue(*size)), ..Default::default() }).collect();
    let tensor = Tensor { elem_type: kind as i32, shape: Some(TensorShapeProto { dim }) };
    let r#type = Some(TypeProto { value: Some(Type::TensorType(tensor)), ..Default::default() });
    ValueInfoProto { name: name.to_owned(), r#type, ..Default::default() }
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 7, ints: ints.to_vec(), ..Default::default() }
}

pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 2, i, ..Default::default() }
}

pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 1, f, ..Default::default() }
}

pub(crate) fn string(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 3, s: s.as_bytes().to_vec(), ..Default::default() }
}

pub(crate) fn value(tensor: TensorProto) -> AttributeProto {
    AttributeProto { name: "value".to_owned(), r#type: 4, t: Some(tensor), ..Default::default() }
}

impl Writer {
    /// A float input `x` and a float output `y`.
    pub(crate) fn float(input: &[i64]) -> Self {
        Self::of(info("x", DataType::Float, input), info("y", DataType::Float, &[]))
    }

    pub(crate) fn of(input: ValueInfoProto, output: ValueInfoProto) -> Self {
        let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
        let model = ModelProto { ir_version: 8, opset_import: vec![opset], ..Default::default() };
        Self { graph: GraphProto { input: vec![input], output: vec![output], ..Default::default() }, model }
    }

    pub(crate) fn node(&mut self, op: &str, inputs: &[&str], output: &str, attributes: &[AttributeProto]) -> &mut Self {
        self.graph.node.push(NodeProto {
            op_type: op.to_owned(),
            name: format!("{output}/{op}"),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attributes.to_vec(),
            ..Default::default()
        });
        self
    }

    pub(crate) fn tensor(&mut self, name: &str, kind: DataType, shape: &[i64], raw_data: Vec<u8>) -> &mut Self {
        self.graph.initializer.push(TensorProto {
            name: name.to_owned(),
            dims: shape.to_vec(),
            data_type: kind as i32,
            raw_data,
            ..Default::default()
        });
        self
    }

    pub(crate) fn f32(&mut self, name: &str, shape: &[i64], values: &[f32]) -> &mut Self {
        self.tensor(name, DataType::Float, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn i8(&mut self, name: &str, shape: &[i64], values: &[i8]) -> &mut Self {
        self.tensor(name, DataType::Int8, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn u8(&mut self, name: &str, shape: &[i64], values: &[u8]) -> &mut Self {
        self.tensor(name, DataType::Uint8, shape, values.to_vec())
    }

    pub(crate) fn i32(&mut self, name: &str, shape: &[i64], values: &[i32]) -> &mut Self {
        self.tensor(name, DataType::Int32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn i64(&mut self, name: &str, shape: &[i64], values: &[i64]) -> &mut Self {
        self.tensor(name, DataType::Int64, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Scale `name.scale` and u8 zero point `name.zero`.
    pub(crate) fn scale(&mut self, name: &str, scale: f32, zero_point: u8) -> &mut Self {
        self.f32(&format!("{name}.scale"), &[], &[scale]).u8(&format!("{name}.zero"), &[], &[zero_point])
    }

    /// Scale `name.scale` and i8 zero point `name.zero`.
    pub(crate) fn signed_scale(&mut self, name: &str, scale: f32, zero_point: i8) -> &mut Self {
        self.f32(&format!("{name}.scale"), &[], &[scale]).i8(&format!("{name}.zero"), &[], &[zero_point])
    }

    /// `QuantizeLinear` of `input` to `name` with the scale of that name, written before.
    pub(crate) fn quantize(&mut self, input: &str, name: &str) -> &mut Self {
        let parameters = [format!("{name}.scale"), format!("{name}.zero")];
        self.node("QuantizeLinear", &[input, &parameters[0], &parameters[1]], name, &[])
    }

    /// `DequantizeLinear` of `name` to `output` with the scale of `name`.
    pub(crate) fn dequantize(&mut self, name: &str, output: &str) -> &mut Self {
        self.dequantize_as(name, name, output)
    }

    /// `DequantizeLinear` of `input` to `output` with the scale of `name`.
    pub(crate) fn dequantize_as(&mut self, input: &str, name: &str, output: &str) -> &mut Self {
        let parameters = [format!("{name}.scale"), format!("{name}.zero")];
        self.node("DequantizeLinear", &[input, &parameters[0], &parameters[1]], output, &[])
    }

    /// Quantised form of a float value: `QuantizeLinear` to `name`, `DequantizeLinear` to `name.real`, u8.
    pub(crate) fn requantize(&mut self, input: &str, name: &str, scale: f32, zero_point: u8) -> &mut Self {
        self.scale(name, scale, zero_point).quantize(input, name).dequantize(name, &format!("{name}.real"))
    }

    /// Int8 weights `name` with one scale and zero point 0, dequantised to `name.real`.
    pub(crate) fn weights(&mut self, name: &str, shape: &[i64], values: &[i8], scale: f32) -> &mut Self {
        self.i8(name, shape, values).signed_scale(name, scale, 0).dequantize(name, &format!("{name}.real"))
    }

    /// Makes the file one of another version of ONNX's operators.
    pub(crate) fn opset(&mut self, version: i64) -> &mut Self {
        self.model.opset_import = vec![OperatorSetIdProto { domain: String::new(), version }];
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let model = ModelProto { graph: Some(self.graph.clone()), ..self.model.clone() };
        let mut bytes = Vec::new();
        model.encode(&mut bytes).unwrap();
        bytes
    }
}
