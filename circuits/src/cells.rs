//! The cells of a column in the narrowest form that holds them.

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::byte_cells::ByteCells;
use crate::field::{integer, small};

/// Exceptions that [`Cells::Mixed`] holds whatever its length; beyond them, one in [`SPARSE`] cells.
const FEW: usize = 64;
const SPARSE: usize = 16;

/// Cells of a column, from row 0 on; what is not stored is zero.
///
/// A cell that does not fit widens its column: bytes keep up to one wide cell in 16 aside ([`Cells::Mixed`]: the few biases of a
/// lane of weights), and become words beyond that; what is no 32-bit integer makes the column one of field elements. Columns
/// are equal if their cells are, in whatever form.
#[derive(Clone, Debug)]
pub enum Cells {
    /// 8-bit signed integers: weights, flags, elements of i8 tensors.
    Bytes(ByteCells),
    /// Bytes and the few cells that are none: the value of a row is its byte *plus* its wide value, and a row has not both. A
    /// linear form over the column is that over `bytes`, plus one term for each of `wide`.
    Mixed {
        /// The cells, 0 where they are in `wide`.
        bytes: ByteCells,
        /// Row and value, by ascending row; no value is 0.
        wide: Vec<(usize, i64)>,
    },
    /// 32-bit signed integers: accumulators, remainders, elements of u8 tensors.
    Words(Vec<i32>),
    /// Field elements.
    Field(Vec<Fr>),
}

impl Default for Cells {
    fn default() -> Self {
        Self::Bytes(ByteCells::default())
    }
}

impl Cells {
    /// Bytes and the wide cells among them, row and value by ascending row; nothing where a row has both or is not among the
    /// bytes, a value is 0 or the rows do not ascend.
    pub fn mixed(bytes: ByteCells, wide: Vec<(usize, i64)>) -> Option<Self> {
        if wide.is_empty() {
            return Some(Self::Bytes(bytes));
        }
        let good = |(row, value): &(usize, i64)| bytes.get(*row) == Some(&0) && *value != 0;
        let ascending = wide.is_sorted_by(|(row, _), (next, _)| row < next);
        (ascending && wide.iter().all(good)).then_some(Self::Mixed { bytes, wide })
    }

    /// Number of stored cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(cells) | Self::Mixed { bytes: cells, .. } => cells.len(),
            Self::Words(cells) => cells.len(),
            Self::Field(cells) => cells.len(),
        }
    }

    /// Whether no cell is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the stored cells take.
    pub fn bytes(&self) -> usize {
        const ELEMENT: usize = 32;
        match self {
            Self::Bytes(cells) => cells.len(),
            Self::Mixed { bytes, wide } => bytes.len() + (8 + ELEMENT) * wide.len(),
            Self::Words(cells) => 4 * cells.len(),
            Self::Field(cells) => ELEMENT * cells.len(),
        }
    }

    /// Whether every cell is zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.iter().all(|cell| *cell == 0),
            Self::Mixed { bytes, wide } => wide.is_empty() && bytes.iter().all(|cell| *cell == 0),
            Self::Words(cells) => cells.iter().all(|cell| *cell == 0),
            Self::Field(cells) => cells.iter().all(|cell| *cell == Fr::ZERO),
        }
    }

    /// A cell as a field element; zero past the stored ones.
    pub fn get(&self, row: usize) -> Fr {
        match self {
            Self::Field(cells) => cells.get(row).copied().unwrap_or(Fr::ZERO),
            Self::Bytes(_) | Self::Mixed { .. } | Self::Words(_) => integer(self.stored_integer(row)),
        }
    }

    /// A cell as an integer, zero past the stored ones; `None` for a field element that is not that of an `i64`.
    pub fn get_small(&self, row: usize) -> Option<i64> {
        match self {
            Self::Field(cells) => cells.get(row).map_or(Some(0), |value| small(*value)),
            Self::Bytes(_) | Self::Mixed { .. } | Self::Words(_) => Some(self.stored_integer(row)),
        }
    }

    /// A cell of a column of integers; zero in one of field elements.
    #[inline]
    pub(crate) fn stored_integer(&self, row: usize) -> i64 {
        match self {
            Self::Bytes(cells) => cells.get(row).map_or(0, |cell| i64::from(*cell)),
            Self::Mixed { bytes, wide } => match bytes.get(row) {
                Some(0) => wide
                    .binary_search_by_key(&row, |(at, _)| *at)
                    .ok()
                    .and_then(|at| wide.get(at))
                    .map_or(0, |(_, value)| *value),
                cell => cell.map_or(0, |cell| i64::from(*cell)),
            },
            Self::Words(cells) => cells.get(row).map_or(0, |cell| i64::from(*cell)),
            Self::Field(_) => 0,
        }
    }

    /// The bytes of a column that has some: all cells but the wide ones.
    pub(crate) fn bytes_mut(&mut self) -> Option<&mut [i8]> {
        match self {
            Self::Bytes(bytes) | Self::Mixed { bytes, .. } => Some(bytes.to_mut()),
            Self::Words(_) | Self::Field(_) => None,
        }
    }

    /// Makes clones share bytes from now on.
    pub(crate) fn share(&mut self) {
        if let Self::Bytes(bytes) | Self::Mixed { bytes, .. } = self {
            bytes.share();
        }
    }

    /// The stored cells as field elements.
    pub fn iter(&self) -> impl Iterator<Item = Fr> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Stores exactly `len` cells: cuts the column, or extends it by zeros.
    pub fn resize(&mut self, len: usize) {
        match self {
            Self::Bytes(cells) => cells.to_mut().resize(len, 0),
            Self::Mixed { bytes, wide } => {
                bytes.to_mut().resize(len, 0);
                wide.retain(|(row, _)| *row < len);
            }
            Self::Words(cells) => cells.resize(len, 0),
            Self::Field(cells) => cells.resize(len, Fr::ZERO),
        }
    }

    /// Sets a cell to an integer; the column grows to hold it and widens where it does not fit.
    pub fn set_small(&mut self, row: usize, value: i64) {
        if self.len() <= row {
            if value == 0 {
                return;
            }
            self.resize(row + 1);
        }
        match self {
            Self::Bytes(cells) => {
                let byte = i8::try_from(value);
                put(cells.to_mut(), row, byte.unwrap_or(0));
                if byte.is_err() {
                    *self = Self::Mixed { bytes: std::mem::take(cells), wide: vec![(row, value)] };
                }
            }
            Self::Mixed { bytes, wide } => {
                let byte = i8::try_from(value);
                put(bytes.to_mut(), row, byte.unwrap_or(0));
                match (wide.binary_search_by_key(&row, |(at, _)| *at), byte) {
                    (Ok(at), Ok(_)) => drop(wide.remove(at)),
                    (Ok(at), Err(_)) => put(wide, at, (row, value)),
                    (Err(_), Ok(_)) => {}
                    (Err(at), Err(_)) => wide.insert(at, (row, value)),
                }
                if wide.len() > FEW.max(bytes.len() / SPARSE) {
                    self.widen();
                }
            }
            Self::Words(cells) => match i32::try_from(value) {
                Ok(value) => put(cells, row, value),
                Err(_) => self.set_field(row, integer(value)),
            },
            Self::Field(cells) => put(cells, row, integer(value)),
        }
    }

    /// Sets a cell; the column grows to hold it and widens where it does not fit.
    pub fn set(&mut self, row: usize, value: Fr) {
        if let Some(value) = small(value) {
            return self.set_small(row, value);
        }
        if self.len() <= row {
            self.resize(row + 1);
        }
        self.set_field(row, value);
    }

    /// Sets a stored cell of a column that becomes one of field elements.
    fn set_field(&mut self, row: usize, value: Fr) {
        if !matches!(self, Self::Field(_)) {
            *self = Self::Field(self.iter().collect());
        }
        if let Self::Field(cells) = self {
            put(cells, row, value);
        }
    }

    /// From bytes and exceptions to words, or to field elements where a value is wider.
    fn widen(&mut self) {
        let words: Option<Vec<i32>> = (0..self.len()).map(|row| i32::try_from(self.stored_integer(row)).ok()).collect();
        *self = words.map_or_else(|| Self::Field(self.iter().collect()), Self::Words);
    }
}

fn put<T>(cells: &mut [T], row: usize, value: T) {
    if let Some(cell) = cells.get_mut(row) {
        *cell = value;
    }
}

impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        (0..self.len().max(other.len())).all(|row| self.get(row) == other.get(row))
    }
}

impl Eq for Cells {}

impl From<Vec<i8>> for Cells {
    fn from(cells: Vec<i8>) -> Self {
        Self::Bytes(cells.into())
    }
}

impl From<Vec<i32>> for Cells {
    fn from(cells: Vec<i32>) -> Self {
        Self::Words(cells)
    }
}

impl From<Vec<Fr>> for Cells {
    fn from(cells: Vec<Fr>) -> Self {
        Self::Field(cells)
    }
}

/// Integers in the narrowest form.
impl FromIterator<i64> for Cells {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        let mut cells = Self::default();
        for (row, value) in values.into_iter().enumerate() {
            cells.set_small(row, value);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cells_ask_for() {
        let mut cells: Cells = (0..1000).map(|row| row % 100 - 50).collect();
        let mut values: Vec<Fr> = cells.iter().collect();
        assert!(matches!(cells, Cells::Bytes(_)));
        let mut set = |cells: &mut Cells, row: usize, value: Fr| {
            cells.set(row, value);
            values.resize(values.len().max(row + 1), Fr::ZERO);
            values[row] = value;
            assert!(cells.iter().eq(values.iter().copied()) && *cells == Cells::Field(values.clone()));
        };
        for row in [3, 900, 17, 1002] {
            set(&mut cells, row, integer(1 << 40));
            set(&mut cells, row, -Fr::from(200));
        }
        assert!(matches!(&cells, Cells::Mixed { wide, .. } if wide.len() == 4));
        set(&mut cells, 17, Fr::ONE);
        assert!(matches!(&cells, Cells::Mixed { wide, .. } if wide.len() == 3));
        (0..80).for_each(|row| set(&mut cells, row, Fr::from(128)));
        assert!(matches!(cells, Cells::Words(_)));
        set(&mut cells, 5, Fr::from(1 << 31));
        assert!(matches!(cells, Cells::Field(_)));
        set(&mut cells, 6, Fr::from(3).invert().unwrap());
        assert_eq!((cells.get_small(6), cells.get_small(5), cells.get_small(5000)), (None, Some(1 << 31), Some(0)));
    }

    #[test]
    fn zeros_past_the_end_are_not_stored_and_cells_are_equal_in_any_form() {
        let mut cells = Cells::default();
        cells.set(10, Fr::ZERO);
        assert!(cells.is_empty() && cells.is_zero());
        cells.set_small(2, 300);
        assert_eq!(cells, Cells::from(vec![0, 0, 300i32, 0, 0]));
        cells.resize(2);
        assert!(cells.is_zero() && cells == Cells::default());
        assert_ne!(Cells::from(vec![1i8]), Cells::from(vec![1i8, 1]));
    }

    #[test]
    fn a_row_is_a_byte_or_a_wide_cell_and_wide_cells_ascend() {
        let mixed = |wide: &[(usize, i64)]| Cells::mixed(vec![1, 0, 0, -2].into(), wide.to_vec());
        assert_eq!(mixed(&[]), Some(Cells::from(vec![1i8, 0, 0, -2])));
        assert_eq!(mixed(&[(1, 500), (2, -700)]), Some(Cells::from(vec![1i32, 500, -700, -2])));
        for bad in [&[(3, 500)][..], &[(4, 500)], &[(1, 0)], &[(2, 500), (1, 500)], &[(1, 500), (1, 500)]] {
            assert_eq!(mixed(bad), None, "{bad:?}");
        }
    }
}
