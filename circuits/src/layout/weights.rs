//! Weights rows: a segment of fixed values over `ceil(len / L)` rows, padded at the front so that its fold by `r` does not
//! depend on `L`.

use super::Builder;
use crate::columns::Fixed;

/// First and last row of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Builder<'_> {
    /// Lays one segment; `starts_sum` marks the first segment of an op, where p starts at 0.
    pub(crate) fn segment(&mut self, values: &[i64], starts_sum: bool) -> Segment {
        let rows = values.len().div_ceil(self.lanes);
        let padding = rows * self.lanes - values.len();
        let first = self.weight_row;
        self.weight_row += rows;
        self.counts.weights += values.len();
        self.counts.padding += padding;
        for (index, value) in values.iter().enumerate() {
            let at = padding + index;
            self.set(first + at / self.lanes, Fixed::W((at % self.lanes) as u8), *value);
        }
        for row in first..first + rows {
            self.set(row, Fixed::On, 1);
            self.flag(row, Fixed::Car, row > first);
            self.flag(row, Fixed::KeepP, !(starts_sum && row == first));
        }
        Segment { first, last: first + rows - 1 }
    }
}
