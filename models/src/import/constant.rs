//! [`Constant`]: an initialiser or folded constant, integers and floats alike.

use std::sync::Arc;

use crate::onnx::{TensorProto, tensor_proto::DataLocation, tensor_proto::DataType};

use crate::error::ModelError;
use crate::graph::DType;
use crate::ops::{ELEMENTS_LIMIT, Gather, Pick, RANK_LIMIT};
use crate::transpose::Transpose;
use crate::weights::Weights;

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
        values: Integers,
        dtype: DType,
    },
    Floats(Vec<f64>),
    /// `DequantizeLinear` of integers: `real = scale * value`, zero point already subtracted; one scale, or one per index of `axis`.
    Quantised {
        values: Integers,
        dtype: DType,
        scales: Vec<f64>,
        axis: usize,
    },
}

/// Integers of a constant; clones share them.
#[derive(Clone, Debug)]
pub(super) enum Integers {
    /// At most 16 bits each.
    Narrow(Weights),
    Wide(Arc<Vec<i64>>),
}

impl Integers {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(values) => values.len(),
            Self::Wide(values) => values.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<i64> {
        match self {
            Self::Narrow(values) => values.get(index).map(i64::from),
            Self::Wide(values) => values.get(index).copied(),
        }
    }

    pub(super) fn to_vec(&self) -> Vec<i64> {
        self.iter().collect()
    }

    fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Each integer less the zero point of its index; `None` says that all zero points are 0.
    pub(super) fn less(&self, zero_point: Option<impl Fn(usize) -> i64>) -> Self {
        let Some(zero_point) = zero_point else { return self.clone() };
        let corrected = || self.iter().enumerate().map(|(at, value)| value.saturating_sub(zero_point(at)));
        let narrow: Option<Vec<i16>> = corrected().map(|value| i16::try_from(value).ok()).collect();
        narrow.map_or_else(|| Self::Wide(Arc::new(corrected().collect())), Self::from)
    }

    /// The integers as weights; the first beyond `-limit..=limit` is the error.
    pub(super) fn within(&self, limit: u16) -> Result<Weights, i64> {
        match self {
            Self::Narrow(values) => match values.iter().find(|value| value.unsigned_abs() > limit) {
                Some(wide) => Err(wide.into()),
                None => Ok(values.clone()),
            },
            Self::Wide(values) => values
                .iter()
                .map(|value| i16::try_from(*value).ok().filter(|v| v.unsigned_abs() <= limit).ok_or(*value))
                .collect(),
        }
    }

    fn transposed(&self, transpose: &Transpose, shape: &[usize]) -> Result<Self, crate::OpFault> {
        Ok(match self {
            Self::Narrow(values) => Self::Narrow(values.transposed(transpose, shape)?),
            Self::Wide(values) => Self::Wide(Arc::new(transpose.reorder(values, shape)?)),
        })
    }
}

impl From<Vec<i64>> for Integers {
    fn from(values: Vec<i64>) -> Self {
        let narrow: Option<Vec<i16>> = values.iter().map(|value| i16::try_from(*value).ok()).collect();
        narrow.map_or_else(|| Self::Wide(Arc::new(values)), Self::from)
    }
}

impl From<Vec<i16>> for Integers {
    fn from(values: Vec<i16>) -> Self {
        Self::Narrow(values.into())
    }
}

impl Constant {
    /// Reads a tensor of a model file, whose raw data is given apart so that bytes need not be copied.
    pub(super) fn read(proto: &TensorProto, raw: Vec<u8>, name: &str) -> Result<Self, ModelError> {
        if proto.data_location == Some(DataLocation::External as i32) {
            return Err(ModelError::ExternalData { tensor: name.to_owned() });
        }
        let shape = shape(&proto.dims, name, 0)?;
        let elements = match DataType::try_from(proto.data_type) {
            Ok(DataType::Float) => {
                let decode = |b: [u8; 4]| f64::from(f32::from_le_bytes(b));
                Elements::Floats(read(&raw, &proto.float_data, |v| Ok(f64::from(*v)), decode, &shape, name)?)
            }
            Ok(kind) => integers(proto, raw, kind, &shape, name)?,
            Err(_) => return Err(element_type(name, format!("number {}", proto.data_type))),
        };
        Ok(Self { name: name.to_owned(), shape, elements })
    }

    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Integers and their type.
    pub(super) fn integers(&self) -> Result<(&Integers, DType), ModelError> {
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

    /// Integers of 64 bits.
    pub(super) fn integers_of(name: &str, shape: Vec<usize>, values: Vec<i64>) -> Self {
        Self { name: name.to_owned(), shape, elements: Elements::Integers { values: values.into(), dtype: DType::I64 } }
    }

    /// The only number, whatever it is of; `None` where there are several.
    pub(super) fn scalar(&self) -> Option<f64> {
        if self.len() == 1 { self.reals().and_then(|reals| reals.first().copied()) } else { None }
    }

    /// The real numbers that the elements stand for; `None` where some have no scale.
    pub(super) fn reals(&self) -> Option<Vec<f64>> {
        match &self.elements {
            Elements::Floats(values) => Some(values.clone()),
            Elements::Integers { values, .. } => Some(values.iter().map(|value| value as f64).collect()),
            Elements::Quantised { values, scales, axis, .. } => {
                let inner: usize = self.shape.iter().skip(axis + 1).product();
                let size = self.shape.get(*axis).copied().unwrap_or(1);
                let scale = |at: usize| {
                    scales.get(if scales.len() == 1 { 0 } else { at / inner.max(1) % size.max(1) }).copied()
                };
                values.iter().enumerate().map(|(at, value)| Some(value as f64 * scale(at)?)).collect()
            }
        }
    }

    /// Elements of constants of one kind in the order of a gather; `None` where they are of several kinds or scales.
    pub(super) fn gathered(parts: &[Arc<Self>], gather: &Gather, name: &str) -> Option<Self> {
        fn pick<T: Copy>(parts: &[Vec<T>], gather: &Gather, constant: impl Fn(i32) -> T) -> Option<Vec<T>> {
            let value = |pick| match pick {
                Pick::Element { operand, index } => parts.get(operand)?.get(index).copied(),
                Pick::Constant(value) => Some(constant(value)),
            };
            gather.picks().map(value).collect()
        }
        let integers = |part: &Arc<Self>| match &part.elements {
            Elements::Integers { values, dtype } => Some((values.to_vec(), *dtype, Vec::new())),
            Elements::Quantised { values, dtype, scales, .. } if scales.len() == 1 => {
                Some((values.to_vec(), *dtype, scales.clone()))
            }
            Elements::Quantised { .. } | Elements::Floats(_) => None,
        };
        let floats = |part: &Arc<Self>| if let Elements::Floats(of) = &part.elements { Some(of.clone()) } else { None };
        let shape = gather.shape.clone();
        let elements = if let Some(parts) = parts.iter().map(floats).collect::<Option<Vec<_>>>() {
            Elements::Floats(pick(&parts, gather, f64::from)?)
        } else {
            let parts = parts.iter().map(integers).collect::<Option<Vec<_>>>()?;
            let (_, dtype, scales) = parts.first()?.clone();
            if parts.iter().any(|(_, of, scale)| *of != dtype || *scale != scales) {
                return None;
            }
            let values: Vec<Vec<i64>> = parts.into_iter().map(|(values, ..)| values).collect();
            let values = pick(&values, gather, i64::from)?.into();
            if scales.is_empty() {
                Elements::Integers { values, dtype }
            } else {
                Elements::Quantised { values, dtype, scales, axis: 0 }
            }
        };
        Some(Self { name: name.to_owned(), shape, elements })
    }

    /// Axes permuted.
    pub(super) fn transposed(&self, transpose: &Transpose) -> Result<Self, crate::OpFault> {
        let shape = transpose.permuted(&self.shape)?;
        let elements = match &self.elements {
            Elements::Integers { values, dtype } => {
                Elements::Integers { values: values.transposed(transpose, &self.shape)?, dtype: *dtype }
            }
            Elements::Floats(values) => Elements::Floats(transpose.reorder(values, &self.shape)?),
            Elements::Quantised { values, dtype, scales, axis } => Elements::Quantised {
                values: values.transposed(transpose, &self.shape)?,
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

fn integers(
    proto: &TensorProto,
    raw: Vec<u8>,
    kind: DataType,
    shape: &[usize],
    name: &str,
) -> Result<Elements, ModelError> {
    let narrow = &proto.int32_data;
    let (dtype, values) = match kind {
        DataType::Int8 if raw.len() == shape.iter().product::<usize>() && !raw.is_empty() => {
            let values: Vec<i8> = raw.into_iter().map(u8::cast_signed).collect();
            (DType::I8, Integers::Narrow(values.into()))
        }
        DataType::Int8 => {
            let decode = |b: [u8; 1]| i8::from_le_bytes(b).into();
            (DType::I8, read(&raw, narrow, within::<i16>(DType::I8), decode, shape, name)?.into())
        }
        DataType::Uint8 => {
            (DType::U8, read(&raw, narrow, within::<i16>(DType::U8), |[b]: [u8; 1]| b.into(), shape, name)?.into())
        }
        DataType::Int16 => {
            (DType::I16, read(&raw, narrow, within::<i16>(DType::I16), i16::from_le_bytes, shape, name)?.into())
        }
        DataType::Int32 => {
            let decode = |b: [u8; 4]| i32::from_le_bytes(b).into();
            (DType::I32, read(&raw, narrow, within::<i64>(DType::I32), decode, shape, name)?.into())
        }
        DataType::Int64 => {
            let values = read(&raw, &proto.int64_data, |v| Ok(*v), i64::from_le_bytes, shape, name)?;
            (DType::I64, values.into())
        }
        other => return Err(element_type(name, other.as_str_name())),
    };
    Ok(Elements::Integers { values, dtype })
}

/// A value that its own type does not have.
struct Wide {
    got: i32,
    dtype: DType,
}

impl Wide {
    fn of(self, tensor: &str, index: usize) -> ModelError {
        let Self { got, dtype } = self;
        let (low, high) = (dtype.min(), dtype.max());
        ModelError::ValueRange {
            tensor: tensor.to_owned(),
            index,
            got: got.into(),
            dtype: dtype.onnx_name(),
            low,
            high,
        }
    }
}

fn within<T: TryFrom<i32>>(dtype: DType) -> impl Fn(&i32) -> Result<T, Wide> {
    move |value| {
        let wide = || Wide { got: *value, dtype };
        let inside = (dtype.min()..=dtype.max()).contains(&i64::from(*value));
        T::try_from(*value).ok().filter(|_| inside).ok_or_else(wide)
    }
}

/// Elements from the raw bytes, or from the typed field where there are none.
fn read<T, O, const SIZE: usize>(
    raw: &[u8],
    typed: &[T],
    convert: impl Fn(&T) -> Result<O, Wide>,
    decode: impl Fn([u8; SIZE]) -> O,
    shape: &[usize],
    name: &str,
) -> Result<Vec<O>, ModelError> {
    let expected = shape.iter().product();
    let size = |got| ModelError::InitializerSize { tensor: name.to_owned(), expected, got };
    if !raw.is_empty() {
        let (chunks, rest) = raw.as_chunks::<SIZE>();
        return if chunks.len() == expected && rest.is_empty() {
            Ok(chunks.iter().map(|bytes| decode(*bytes)).collect())
        } else {
            Err(size(raw.len() / SIZE))
        };
    }
    if typed.len() != expected {
        return Err(size(typed.len()));
    }
    let value = |(index, value): (usize, &T)| convert(value).map_err(|wide| wide.of(name, index));
    typed.iter().enumerate().map(value).collect()
}

fn element_type(tensor: &str, got: String) -> ModelError {
    let expected = "FLOAT, UINT8, INT8, INT16, INT32 or INT64";
    ModelError::ElementType { tensor: tensor.to_owned(), got, expected }
}
