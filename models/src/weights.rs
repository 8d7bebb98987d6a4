//! [`Weights`]: trained constants, one byte each where all of them fit one.

use std::fmt;
use std::sync::Arc;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ops::OpFault;
use crate::transpose::Transpose;

/// Weights with their zero point subtracted, in the narrowest form that holds all of them.
///
/// Clones share the values, so that a graph may be cloned without doubling its memory. Equal weights are equal bytes
/// ([`QuantizedGraph::to_bytes`](crate::QuantizedGraph::to_bytes)) whatever they were made from: a sequence of `i16`.
#[derive(Clone, PartialEq, Eq)]
pub struct Weights(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Bytes(Arc<Vec<i8>>),
    /// Some value is no `i8`.
    Words(Arc<Vec<i16>>),
}

/// The values of [`Weights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightValues<'a> {
    /// All of them are 8-bit.
    Bytes(&'a [i8]),
    /// Some are wider: 8-bit unsigned weights less their zero point.
    Words(&'a [i16]),
}

impl Weights {
    /// The values.
    pub fn values(&self) -> WeightValues<'_> {
        match &self.0 {
            Form::Bytes(values) => WeightValues::Bytes(values),
            Form::Words(values) => WeightValues::Words(values),
        }
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A weight; `None` past the last.
    pub fn get(&self, index: usize) -> Option<i16> {
        self.values().get(index)
    }

    /// The weights one by one.
    pub fn iter(&self) -> impl Iterator<Item = i16> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The weights of a transposed tensor; `shape` is the one before.
    pub(crate) fn transposed(&self, transpose: &Transpose, shape: &[usize]) -> Result<Self, OpFault> {
        Ok(Self(match &self.0 {
            Form::Bytes(values) => Form::Bytes(Arc::new(transpose.reorder(values, shape)?)),
            Form::Words(values) => Form::Words(Arc::new(transpose.reorder(values, shape)?)),
        }))
    }
}

impl<'a> WeightValues<'a> {
    /// Number of values.
    pub const fn len(self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Words(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A value; `None` past the last.
    pub fn get(self, index: usize) -> Option<i16> {
        match self {
            Self::Bytes(values) => values.get(index).copied().map(i16::from),
            Self::Words(values) => values.get(index).copied(),
        }
    }

    /// Values number `index * length` and on, `length` of them; none where that is past the end.
    #[must_use]
    pub fn row(self, index: usize, length: usize) -> WeightValues<'a> {
        let range = index.saturating_mul(length)..index.saturating_add(1).saturating_mul(length);
        match self {
            Self::Bytes(values) => Self::Bytes(values.get(range).unwrap_or_default()),
            Self::Words(values) => Self::Words(values.get(range).unwrap_or_default()),
        }
    }

    /// The sum.
    pub fn sum(self) -> i64 {
        let (positive, negative) = self.sums();
        positive + negative
    }

    /// Sum of the positive values, and of the negative ones.
    pub(crate) fn sums(self) -> (i64, i64) {
        match self {
            Self::Bytes(values) => sums(values),
            Self::Words(values) => sums(values),
        }
    }
}

/// Sums of positive and of negative values; those of 2^15 values fit 32 bits.
fn sums<W: Copy + Into<i32>>(values: &[W]) -> (i64, i64) {
    values.chunks(1 << 15).fold((0, 0), |(positive, negative), chunk| {
        let (mut up, mut down) = (0i32, 0i32);
        for weight in chunk {
            let weight: i32 = (*weight).into();
            up += weight.max(0);
            down += weight.min(0);
        }
        (positive + i64::from(up), negative + i64::from(down))
    })
}

impl From<Vec<i8>> for Weights {
    fn from(values: Vec<i8>) -> Self {
        Self(Form::Bytes(Arc::new(values)))
    }
}

impl From<Vec<i16>> for Weights {
    fn from(values: Vec<i16>) -> Self {
        if values.iter().all(|value| i8::try_from(*value).is_ok()) {
            values.into_iter().map(|value| value as i8).collect::<Vec<i8>>().into()
        } else {
            Self(Form::Words(Arc::new(values)))
        }
    }
}

impl FromIterator<i16> for Weights {
    fn from_iter<I: IntoIterator<Item = i16>>(values: I) -> Self {
        let mut narrow = Vec::new();
        let mut values = values.into_iter();
        while let Some(value) = values.next() {
            let Ok(byte) = i8::try_from(value) else {
                let before = narrow.into_iter().map(i16::from);
                return Self(Form::Words(Arc::new(before.chain([value]).chain(values).collect())));
            };
            narrow.push(byte);
        }
        narrow.shrink_to_fit();
        narrow.into()
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Weights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.values() {
            WeightValues::Bytes(values) => serializer.collect_seq(values.iter().map(|value| i16::from(*value))),
            WeightValues::Words(values) => serializer.collect_seq(values),
        }
    }
}

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Sequence)
    }
}

/// Reads weights one by one: what is claimed of their number allocates nothing.
struct Sequence;

impl<'de> Visitor<'de> for Sequence {
    type Value = Weights;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of weights")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Weights, A::Error> {
        let mut failure = None;
        let next = || {
            sequence.next_element::<i16>().unwrap_or_else(|error| {
                failure = Some(error);
                None
            })
        };
        let weights = std::iter::from_fn(next).collect();
        failure.map_or(Ok(weights), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_bytes_wherever_they_come_from_unless_one_is_wider() {
        let narrow = vec![1i16, -128, 127];
        assert_eq!(Weights::from(narrow.clone()), Weights::from(vec![1i8, -128, 127]));
        assert_eq!(narrow.iter().copied().collect::<Weights>(), Weights::from(vec![1i8, -128, 127]));
        let wide = vec![1i16, 128, -3];
        assert_eq!(wide.iter().copied().collect::<Weights>(), Weights::from(wide.clone()));
        assert_eq!(Weights::from(wide.clone()).values(), WeightValues::Words(&wide));
        for values in [narrow, wide] {
            let bytes = postcard::to_stdvec(&values).unwrap();
            let weights = Weights::from(values.clone());
            assert_eq!(postcard::to_stdvec(&weights).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<Weights>(&bytes).unwrap(), weights);
            assert!(postcard::from_bytes::<Weights>(&bytes[..bytes.len() - 1]).is_err());
            assert_eq!(weights.iter().collect::<Vec<_>>(), values);
        }
    }

    #[test]
    fn sums_keep_signs_apart() {
        let weights = Weights::from(vec![-128i8; 1 << 17]);
        assert_eq!(weights.values().sums(), (0, -(1 << 24)));
        assert_eq!(Weights::from(vec![3i16, -4, 255]).values().sums(), (258, -4));
        assert_eq!(Weights::from(vec![1i8, 2, 3, 4]).values().row(1, 2), WeightValues::Bytes(&[3, 4]));
        assert!(Weights::from(vec![1i8]).values().row(1, 2).is_empty());
    }
}
