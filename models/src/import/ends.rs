//! Where a graph begins and ends: its inputs and its outputs.

use crate::onnx::tensor_proto::DataType;
use crate::onnx::tensor_shape_proto::{Dimension, dimension::Value as Size};
use crate::onnx::type_proto::{Tensor, Value as Type};
use crate::onnx::{GraphProto, ValueInfoProto};

use super::builder::{ACCUMULATORS, Builder, Input};
use super::constant;
use super::order::{Needed, Producers};
use super::value::{Pending, Quantisation, Source, Value};
use crate::error::ModelError;
use crate::graph::{DType, Port};
use crate::warning::Warning;
use crate::words::End;

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

/// The inputs that no initialiser provides and the outputs need, each of a fixed shape. A refused one is unknown from here on.
pub(super) fn read_inputs(graph: &GraphProto, needed: &Needed<'_>, builder: &mut Builder) {
    let constant = |name: &str| {
        graph.initializer.iter().any(|tensor| tensor.name == name)
            || graph
                .sparse_initializer
                .iter()
                .any(|tensor| tensor.values.as_ref().is_some_and(|values| values.name == name))
    };
    for input in &graph.input {
        if builder.values.contains_key(&input.name) || constant(&input.name) {
            continue;
        }
        if !needed.values.contains(input.name.as_str()) {
            builder.warnings.push(Warning::UnusedInput { input: input.name.clone() });
            continue;
        }
        let value = read_input(input, builder).unwrap_or_else(|refusal| {
            builder.refusals.push(refusal);
            Value::Unknown(said_shape(input))
        });
        builder.values.insert(input.name.clone(), value);
    }
}

fn read_input(input: &ValueInfoProto, builder: &mut Builder) -> Result<Value, ModelError> {
    let shape = fixed_shape(input)?;
    let dtype = match elem_type(input) {
        Some(DataType::Float) => {
            let source = Source::Input(builder.inputs.len());
            builder.inputs.push(Input { name: input.name.clone(), tensor: None, integers: false });
            return Ok(Value::Pending(Box::new(Pending::new(&input.name, &input.name, source, shape))));
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
    builder.inputs.push(Input { name: input.name.clone(), tensor: Some(tensor), integers: true });
    Ok(Value::Integer(tensor))
}

/// The shape of an input; a first size that is open is that of a batch, and 1.
fn fixed_shape(info: &ValueInfoProto) -> Result<Vec<usize>, ModelError> {
    let dynamic = |axis, got: &str| ModelError::DynamicShape { tensor: info.name.clone(), axis, got: got.to_owned() };
    let shape = tensor_type(info).and_then(|tensor| tensor.shape.as_ref()).ok_or_else(|| dynamic(0, "not given"))?;
    let size = |(axis, size): (usize, &Dimension)| match &size.value {
        Some(Size::DimValue(size)) if *size > 0 => Ok(*size),
        Some(Size::DimValue(size)) => Err(dynamic(axis, &size.to_string())),
        // A batch of one: a proof is of one inference.
        Some(Size::DimParam(_)) | None if axis == 0 => Ok(1),
        Some(Size::DimParam(name)) => Err(dynamic(axis, &format!("{name:?}"))),
        None => Err(dynamic(axis, "unknown")),
    };
    let sizes = shape.dim.iter().enumerate().map(size).collect::<Result<Vec<i64>, _>>()?;
    constant::shape(&sizes, &info.name, 1)
}

/// The tensors that leave the graph; `None` where one is the result of something refused.
pub(super) fn read_outputs(graph: &GraphProto, producers: &Producers<'_>, builder: &mut Builder) -> Option<Vec<Port>> {
    if graph.output.is_empty() {
        builder.refusals.push(ModelError::NoPort { what: End::Output.plural() });
    }
    let read = |output| {
        read_output(output, producers, builder).unwrap_or_else(|refusal| {
            builder.refusals.push(refusal);
            None
        })
    };
    // All are read before one that is missing ends it, so that everything is refused at once.
    let outputs: Vec<Option<Port>> = graph.output.iter().map(read).collect();
    outputs.into_iter().collect()
}

fn read_output(
    output: &ValueInfoProto,
    producers: &Producers<'_>,
    builder: &mut Builder,
) -> Result<Option<Port>, ModelError> {
    let name = output.name.clone();
    let port = |tensor, integers| Ok(Some(Port { name: name.clone(), tensor, integers }));
    match builder.values.get(&name).cloned() {
        None if producers.contains_key(name.as_str()) => Ok(None),
        None => Err(ModelError::MissingInput { node: "graph output".to_owned(), tensor: name }),
        Some(Value::Unknown(_)) => Ok(None),
        Some(Value::Integer(tensor)) => port(tensor, true),
        Some(Value::Real(tensor)) => port(tensor, false),
        Some(Value::Pending(pending)) if pending.integer => {
            port(builder.quantise(&pending, ACCUMULATORS, &name)?, true)
        }
        Some(Value::Pending(pending)) if matches!(pending.source, Source::Input(_)) => {
            Err(ModelError::NotComputed { output: name })
        }
        Some(Value::Pending(pending)) => Err(ModelError::Unquantised {
            node: pending.node,
            problem: "its result leaves the graph as floats",
            help: "quantise the output too: QuantizeLinear and DequantizeLinear at the end of the graph",
        }),
        Some(Value::Constant(_)) => Err(ModelError::NotComputed { output: name }),
    }
}
