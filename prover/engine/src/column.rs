//! [`NarrowColumn`]: the values of a polynomial at the `n` roots of unity, in the narrowest form that holds them.

use assay_circuits::{ByteCells, Cells};
use assay_kernels::Small;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// The regular part of a column. What is not stored is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `constant + slope * w^i`: the polynomial `constant + slope * X`.
    Line {
        /// Value at 0.
        constant: Fr,
        /// Coefficient of `X`.
        slope: Fr,
    },
    /// 8-bit integers, one a row.
    Bytes(ByteCells),
    /// 32-bit integers, one a row.
    Words(Vec<i32>),
    /// Field elements, one a row.
    Field(Vec<Fr>),
}

/// Value `i` is that of the body plus those of `sparse` at row `i`.
///
/// The sparse part is what does not fit the body: blinds at the end of a narrow column, the moved cells of a permutation
/// column, a few wide weights among bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NarrowColumn {
    /// The regular part.
    pub body: Body,
    /// `(row, value)` added to the body, each row at most once.
    pub sparse: Vec<(usize, Fr)>,
}

impl NarrowColumn {
    /// The column of this body alone.
    pub fn new(body: Body) -> Self {
        Self { body, sparse: Vec::new() }
    }

    /// The column of these field elements.
    pub fn field(values: Vec<Fr>) -> Self {
        Self::new(Body::Field(values))
    }

    /// The polynomial `constant + slope * X`.
    pub fn line(constant: Fr, slope: Fr) -> Self {
        Self { body: Body::Line { constant, slope }, sparse: Vec::new() }
    }

    /// Zero but for these rows.
    pub fn sparse(sparse: Vec<(usize, Fr)>) -> Self {
        Self { body: Body::Line { constant: Fr::ZERO, slope: Fr::ZERO }, sparse }
    }

    /// The value at `row`, given `point = w^row`.
    pub fn get(&self, row: usize, point: Fr) -> Fr {
        let body = match &self.body {
            Body::Line { constant, slope } => constant + slope * point,
            Body::Bytes(cells) => cells.get(row).map_or(Fr::ZERO, |value| value.to_field()),
            Body::Words(cells) => cells.get(row).map_or(Fr::ZERO, |value| value.to_field()),
            Body::Field(cells) => cells.get(row).copied().unwrap_or(Fr::ZERO),
        };
        self.sparse.iter().filter(|(at, _)| *at == row).fold(body, |sum, (_, value)| sum + value)
    }

    /// Whether every value is 0.
    pub fn is_zero(&self) -> bool {
        let body = match &self.body {
            Body::Line { constant, slope } => *constant == Fr::ZERO && *slope == Fr::ZERO,
            Body::Bytes(cells) => cells.iter().all(|cell| *cell == 0),
            Body::Words(cells) => cells.iter().all(|cell| *cell == 0),
            Body::Field(cells) => cells.iter().all(|cell| *cell == Fr::ZERO),
        };
        body && self.sparse.iter().all(|(_, value)| *value == Fr::ZERO)
    }

    /// Adds blinds at consecutive rows from `first`, where the body holds nothing.
    pub(crate) fn blind(&mut self, first: usize, blinds: impl IntoIterator<Item = Fr>) {
        if let Body::Field(cells) = &mut self.body {
            cells.resize(first, Fr::ZERO);
            cells.extend(blinds);
        } else {
            self.sparse.extend(blinds.into_iter().enumerate().map(|(i, blind)| (first + i, blind)));
        }
    }
}

impl From<Cells> for NarrowColumn {
    fn from(cells: Cells) -> Self {
        match cells {
            Cells::Bytes(cells) => Self::new(Body::Bytes(cells)),
            Cells::Mixed { bytes, wide } => Self {
                body: Body::Bytes(bytes),
                sparse: wide.into_iter().map(|(row, value)| (row, value.to_field())).collect(),
            },
            Cells::Words(cells) => Self::new(Body::Words(cells)),
            Cells::Field(cells) => Self::new(Body::Field(cells)),
        }
    }
}
