//! Where a graph begins and ends: its input and its output.

use crate::onnx::tensor_proto::DataType;
use crate::onnx::tensor_shape_proto::{Dimension, dimension::Value as Size};
use crate::onnx::type_proto::{Tensor, Value as Type};
use crate::onnx::{GraphProto, ValueInfoProto};

use super::builder::{ACCUMULATORS, Builder};
use super::constant;
use super::order::{Needed, Producers};
use super::value::{Pending, Quantisation, Source, Value};
use crate::error::ModelError;
use crate::graph::{DType, TensorId};
use crate::warning::Warning;

fn tensor_type(info: &ValueInfoProto) -> Option<&Tensor> {
    match info.r#type.as_ref()?.value.as_ref()? {
        Type::TensorType(tensor) => Some(tensor),
    }
}

pub(super) fn elem_type(info: &ValueInfoProto) -> Option<DataType> {
    tensor_type(info).and_then(|tensor| DataType::try_from(tensor.elem_type).ok())
}

/// The shape that the file says a value has, where it is one of numbers; a first size that is open is taken as 1.
pub(super) fn said_shape(info: &ValueInfoProto) -> Option<Vec<usize>> {
    let dims = &tensor_type(info)?.shape.as_ref()?.dim;
    let size = |(axis, dim): (usize, &Dimension)| match dim.value {
        Some(Size::DimValue(size)) if size > 0 => Some(size),
        _ => (axis == 0).then_some(1),
    };
    let sizes: Vec<i64> = dims.iter().enumerate().map(size).collect::<Option<_>>()?;
    constant::shape(&sizes, &info.name, 1).ok()
}

/// The inputs that no initialiser provides and the output needs: exactly one, of a fixed shape. A refused one is unknown from here on.
pub(super) fn read_input(graph: &GraphProto, needed: &Needed<'_>, builder: &mut Builder) {
    let wanted = |input: &&ValueInfoProto| {
        needed.values.contains(input.name.as_str()) && !builder.values.contains_key(&input.name)
    };
    let constant = |name: &str| {
        graph.initializer.iter().any(|tensor| tensor.name == name)
            || graph
                .sparse_initializer
                .iter()
                .any(|tensor| tensor.values.as_ref().is_some_and(|values| values.name == name))
    };
    for input in
        graph.input.iter().filter(|input| !needed.values.contains(input.name.as_str()) && !constant(&input.name))
    {
        builder.warnings.push(Warning::UnusedInput { input: input.name.clone() });
    }
    let inputs: Vec<&ValueInfoProto> = graph.input.iter().filter(wanted).collect();
    let [input] = inputs.as_slice() else {
        if !inputs.is_empty() {
            builder.refusals.push(not_one("inputs", &inputs));
        }
        for input in inputs {
            builder.values.insert(input.name.clone(), Value::Unknown(said_shape(input)));
        }
        return;
    };
    builder.input_name.clone_from(&input.name);
    let value = one_input(input, builder).unwrap_or_else(|refusal| {
        builder.refusals.push(refusal);
        Value::Unknown(said_shape(input))
    });
    builder.values.insert(input.name.clone(), value);
}

fn one_input(input: &ValueInfoProto, builder: &mut Builder) -> Result<Value, ModelError> {
    let shape = fixed_shape(input)?;
    let dtype = match elem_type(input) {
        Some(DataType::Float) => {
            return Ok(Value::Pending(Box::new(Pending::new(&input.name, &input.name, Source::Input, shape))));
        }
        Some(DataType::Uint8) => DType::U8,
        Some(DataType::Int8) => DType::I8,
        other => {
            let got = other.map_or_else(|| "no known type".to_owned(), DataType::as_str_name);
            return Err(ModelError::ElementType { tensor: input.name.clone(), got, expected: "FLOAT, UINT8 or INT8" });
        }
    };
    let quantisation = Quantisation { scale: 1.0, zero_point: 0, dtype };
    let tensor = builder.add_tensor(&input.name, shape, quantisation, false);
    builder.name_integer(tensor, &input.name);
    builder.input = Some(tensor);
    builder.integer_input = true;
    Ok(Value::Integer(tensor))
}

fn not_one(what: &'static str, infos: &[&ValueInfoProto]) -> ModelError {
    let names: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    ModelError::NotOne { what, got: infos.len(), names: names.join(", ") }
}

fn fixed_shape(info: &ValueInfoProto) -> Result<Vec<usize>, ModelError> {
    let dynamic = |axis, got: &str| ModelError::DynamicShape { tensor: info.name.clone(), axis, got: got.to_owned() };
    let shape = tensor_type(info).and_then(|tensor| tensor.shape.as_ref()).ok_or_else(|| dynamic(0, "not given"))?;
    let size = |(axis, size): (usize, &Dimension)| match &size.value {
        Some(Size::DimValue(size)) if *size > 0 => Ok(*size),
        Some(Size::DimValue(size)) => Err(dynamic(axis, &size.to_string())),
        Some(Size::DimParam(name)) => Err(dynamic(axis, &format!("{name:?}"))),
        None => Err(dynamic(axis, "unknown")),
    };
    let sizes = shape.dim.iter().enumerate().map(size).collect::<Result<Vec<i64>, _>>()?;
    constant::shape(&sizes, &info.name, 1)
}

/// The tensor that leaves the graph; `None` where it is the result of something refused.
pub(super) fn read_output(graph: &GraphProto, producers: &Producers<'_>, builder: &mut Builder) -> Option<TensorId> {
    let outputs: Vec<&ValueInfoProto> = graph.output.iter().collect();
    let [output] = outputs.as_slice() else {
        builder.refusals.push(not_one("outputs", &outputs));
        return None;
    };
    let missing = || ModelError::MissingInput { node: "graph output".to_owned(), tensor: output.name.clone() };
    let read = match builder.values.get(&output.name).cloned() {
        None if producers.contains_key(output.name.as_str()) => return None,
        None => Err(missing()),
        Some(Value::Unknown(_)) => return None,
        Some(Value::Integer(tensor) | Value::Real(tensor)) => Ok(tensor),
        Some(Value::Pending(pending)) if pending.integer => builder.quantise(&pending, ACCUMULATORS, &output.name),
        Some(Value::Pending(pending)) if matches!(pending.source, Source::Input) => {
            Err(ModelError::NotComputed { output: output.name.clone() })
        }
        Some(Value::Pending(pending)) => Err(ModelError::Unquantised {
            node: pending.node,
            problem: "its result leaves the graph as floats",
            help: "quantise the output too: QuantizeLinear and DequantizeLinear at the end of the graph",
        }),
        Some(Value::Constant(_)) => Err(ModelError::NotComputed { output: output.name.clone() }),
    };
    read.map_err(|refusal| builder.refusals.push(refusal)).ok()
}
