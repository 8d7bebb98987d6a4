//! [`Column`]: the values of a polynomial at the `n` roots of unity, in the narrowest form that holds them.

use assay_circuits::Cells;
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
    /// Small integers or field elements, one a row.
    Cells(Cells),
}

/// Value `i` is that of the body plus those of `sparse` at row `i`.
///
/// The sparse part is what does not fit the body: blinds at the end of a narrow column, the moved cells of a permutation
/// column, a few wide weights among bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The regular part.
    pub body: Body,
    /// `(row, value)` added to the body, each row at most once.
    pub sparse: Vec<(usize, Fr)>,
}

impl Column {
    /// The column of these cells.
    pub fn new(cells: Cells) -> Self {
        Self { body: Body::Cells(cells), sparse: Vec::new() }
    }

    /// The column of these field elements.
    pub fn field(values: Vec<Fr>) -> Self {
        Self::new(Cells::Field(values))
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
            Body::Cells(cells) => cells.get(row),
        };
        self.sparse.iter().filter(|(at, _)| *at == row).fold(body, |sum, (_, value)| sum + value)
    }

    /// Adds blinds at consecutive rows from `first`, where the body holds nothing.
    pub(crate) fn blind(&mut self, first: usize, blinds: impl IntoIterator<Item = Fr>) {
        if let Body::Cells(Cells::Field(cells)) = &mut self.body {
            cells.resize(first, Fr::ZERO);
            cells.extend(blinds);
        } else {
            self.sparse.extend(blinds.into_iter().enumerate().map(|(i, blind)| (first + i, blind)));
        }
    }
}
