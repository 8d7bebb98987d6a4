//! [`Constant`]: an initialiser or folded constant, integers and floats alike.

use tract_onnx::pb::{TensorProto, tensor_proto::DataLocation, tensor_proto::DataType};

use crate::error::ModelError;
use crate::graph::DType;
use crate::ops::{ELEMENTS_LIMIT, RANK_LIMIT, Transpose};

/// A tensor known at import.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// ONNX value name.
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) elements: Elements,
}

/// What a constant holds.
#[derive(Clone, Debug)]
pub(super) enum Elements {
    Integers {
        values: Vec<i64>,
        dtype: DType,
    },
    Floats(Vec<f64>),
    /// `DequantizeLinear` of integers: `real = scale * value`, zero point already subtracted; one scale, or one per index of `axis`.
    Quantised {
        values: Vec<i64>,
        dtype: DType,
        scales: Vec<f64>,
        axis: usize,
    },
}

impl Constant {
    /// Reads a tensor of a model file.
    pub(super) fn read(proto: &TensorProto, name: &str) -> Result<Self, ModelError> {
        if proto.data_location == Some(DataLocation::External as i32) {
            return Err(ModelError::ExternalData { tensor: name.to_owned() });
        }
        let shape = shape(&proto.dims, name, 0)?;
        let elements = match DataType::try_from(proto.data_type) {
            Ok(DataType::Float) => {
                let decode = |b: [u8; 4]| f64::from(f32::from_le_bytes(b));
                Elements::Floats(read(proto, &proto.float_data, |v| Some(f64::from(*v)), decode, &shape, name)?)
            }
            Ok(DataType::Double) => {
                Elements::Floats(read(proto, &proto.double_data, |v| Some(*v), f64::from_le_bytes, &shape, name)?)
            }
            Ok(kind) => integers(proto, kind, &shape, name)?,
            Err(_) => return Err(element_type(name, format!("number {}", proto.data_type))),
        };
        Ok(Self { name: name.to_owned(), shape, elements })
    }

    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Integers and their type.
    pub(super) fn integers(&self) -> Result<(&[i64], DType), ModelError> {
        match &self.elements {
            Elements::Integers { values, dtype } => Ok((values, *dtype)),
            Elements::Floats(_) | Elements::Quantised { .. } => Err(ModelError::ElementType {
                tensor: self.name.clone(),
                got: "a float type".to_owned(),
                expected: "an integer type",
            }),
        }
    }

    /// Floats, all finite.
    pub(super) fn floats(&self) -> Result<&[f64], ModelError> {
        let Elements::Floats(values) = &self.elements else {
            return Err(ModelError::ElementType {
                tensor: self.name.clone(),
                got: "integers".to_owned(),
                expected: "FLOAT",
            });
        };
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(index) => Err(ModelError::NotFinite {
                tensor: self.name.clone(),
                index,
                got: values.get(index).copied().unwrap_or(f64::NAN),
            }),
        }
    }

    /// The same elements under another shape of as many; a per-channel axis does not survive.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Option<Self> {
        let per_channel = matches!(&self.elements, Elements::Quantised { scales, .. } if scales.len() > 1);
        (!per_channel).then(|| Self { shape, ..self.clone() })
    }

    /// Axes permuted.
    pub(super) fn transposed(&self, transpose: &Transpose) -> Result<Self, crate::OpFault> {
        let shape = transpose.output_shape(&self.shape)?;
        let elements = match &self.elements {
            Elements::Integers { values, dtype } => {
                Elements::Integers { values: transpose.evaluate(values, &self.shape)?, dtype: *dtype }
            }
            Elements::Floats(values) => Elements::Floats(transpose.evaluate(values, &self.shape)?),
            Elements::Quantised { values, dtype, scales, axis } => Elements::Quantised {
                values: transpose.evaluate(values, &self.shape)?,
                dtype: *dtype,
                scales: scales.clone(),
                axis: transpose.perm.iter().position(|from| from == axis).unwrap_or(*axis),
            },
        };
        Ok(Self { name: self.name.clone(), shape, elements })
    }
}

/// Sizes of a shape, each at least `smallest`, with at most [`ELEMENTS_LIMIT`] elements and [`RANK_LIMIT`] axes.
pub(super) fn shape(dims: &[i64], name: &str, smallest: usize) -> Result<Vec<usize>, ModelError> {
    let bad = || ModelError::BadShape { tensor: name.to_owned(), shape: dims.to_vec(), limit: ELEMENTS_LIMIT };
    let sizes: Vec<usize> = dims
        .iter()
        .map(|size| usize::try_from(*size).ok().filter(|size| *size >= smallest))
        .collect::<Option<_>>()
        .ok_or_else(bad)?;
    // Zero sizes are counted as one, so that no order of multiplication hides an overflow.
    let product = sizes.iter().try_fold(1usize, |product, size| product.checked_mul((*size).max(1)));
    if sizes.len() <= RANK_LIMIT && product.is_some_and(|product| product <= ELEMENTS_LIMIT) {
        Ok(sizes)
    } else {
        Err(bad())
    }
}

fn integers(proto: &TensorProto, kind: DataType, shape: &[usize], name: &str) -> Result<Elements, ModelError> {
    let narrow = &proto.int32_data;
    let (dtype, values) = match kind {
        DataType::Uint8 => (DType::U8, read(proto, narrow, within(DType::U8), |[b]: [u8; 1]| b.into(), shape, name)?),
        DataType::Int8 => {
            let decode = |b: [u8; 1]| i8::from_le_bytes(b).into();
            (DType::I8, read(proto, narrow, within(DType::I8), decode, shape, name)?)
        }
        DataType::Int16 => {
            let decode = |b: [u8; 2]| i16::from_le_bytes(b).into();
            (DType::I16, read(proto, narrow, within(DType::I16), decode, shape, name)?)
        }
        DataType::Int32 => {
            let decode = |b: [u8; 4]| i32::from_le_bytes(b).into();
            (DType::I32, read(proto, narrow, within(DType::I32), decode, shape, name)?)
        }
        DataType::Int64 => (DType::I64, read(proto, &proto.int64_data, |v| Some(*v), i64::from_le_bytes, shape, name)?),
        other => return Err(element_type(name, other.as_str_name().to_owned())),
    };
    Ok(Elements::Integers { values, dtype })
}

fn within(dtype: DType) -> impl Fn(&i32) -> Option<i64> {
    move |value| Some(i64::from(*value)).filter(|value| (dtype.min()..=dtype.max()).contains(value))
}

/// Elements from the raw bytes, or from the typed field where there are none.
fn read<T, O, const SIZE: usize>(
    proto: &TensorProto,
    typed: &[T],
    convert: impl Fn(&T) -> Option<O>,
    decode: impl Fn([u8; SIZE]) -> O,
    shape: &[usize],
    name: &str,
) -> Result<Vec<O>, ModelError> {
    let expected = shape.iter().product();
    let size = |got| ModelError::InitializerSize { tensor: name.to_owned(), expected, got };
    if !proto.raw_data.is_empty() {
        let (chunks, rest) = proto.raw_data.as_chunks::<SIZE>();
        return if chunks.len() == expected && rest.is_empty() {
            Ok(chunks.iter().map(|bytes| decode(*bytes)).collect())
        } else {
            Err(size(proto.raw_data.len() / SIZE))
        };
    }
    if typed.len() != expected {
        return Err(size(typed.len()));
    }
    let values: Option<Vec<O>> = typed.iter().map(convert).collect();
    values.ok_or_else(|| element_type(name, "values outside its own type".to_owned()))
}

fn element_type(tensor: &str, got: String) -> ModelError {
    let expected = "FLOAT, DOUBLE, UINT8, INT8, INT16, INT32 or INT64";
    ModelError::ElementType { tensor: tensor.to_owned(), got, expected }
}
