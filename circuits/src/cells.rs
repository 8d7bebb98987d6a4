//! The cells of a column in the narrowest form that holds them.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// Cells of a column, from row 0 on; what is not stored is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// 8-bit signed integers: weights, flags, elements of i8 tensors.
    Bytes(Vec<i8>),
    /// 32-bit signed integers: accumulators, remainders, elements of u8 tensors.
    Words(Vec<i32>),
    /// Field elements.
    Field(Vec<Fr>),
}

impl Cells {
    /// Number of stored cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(cells) => cells.len(),
            Self::Words(cells) => cells.len(),
            Self::Field(cells) => cells.len(),
        }
    }

    /// Whether no cell is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell as a field element; zero past the stored ones.
    pub fn get(&self, row: usize) -> Fr {
        match self {
            Self::Bytes(cells) => cells.get(row).map_or(Fr::ZERO, |v| crate::field::integer(i64::from(*v))),
            Self::Words(cells) => cells.get(row).map_or(Fr::ZERO, |v| crate::field::integer(i64::from(*v))),
            Self::Field(cells) => cells.get(row).copied().unwrap_or(Fr::ZERO),
        }
    }
}
