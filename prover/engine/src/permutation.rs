//! Copy constraints as a permutation of cells, of which only the moved ones are kept.
//!
//! Column `j` of the permutation holds `delta^j' w^i'` in row `i`, where `(j', i')` is the cell that `(j, i)` is mapped to:
//! the polynomial `delta^j X` but for the moved cells. Cycles are merged as halo2 merges them, so the columns are equal.

use std::collections::{BTreeMap, HashMap};

use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field, PrimeField};

use crate::column::NarrowColumn;

/// A cell: index among the equality-enabled columns, and row.
pub type Cell = (usize, usize);

/// Cycles of equal cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permutation {
    /// Number of equality-enabled columns.
    pub columns: usize,
    /// Where each moved cell is mapped to.
    pub moved: BTreeMap<Cell, Cell>,
}

impl Permutation {
    /// The permutation after these copies, in their order.
    pub fn new(columns: usize, copies: impl IntoIterator<Item = (Cell, Cell)>) -> Self {
        // Names of the cycles and their sizes; a cell that is not listed is a cycle of its own.
        let mut mapping: HashMap<Cell, Cell> = HashMap::new();
        let mut cycle: HashMap<Cell, Cell> = HashMap::new();
        let mut sizes: HashMap<Cell, usize> = HashMap::new();
        for (left, right) in copies {
            let mut kept = cycle.get(&left).copied().unwrap_or(left);
            let mut merged = cycle.get(&right).copied().unwrap_or(right);
            if kept == merged {
                continue;
            }
            let size = |sizes: &HashMap<Cell, usize>, name| sizes.get(&name).copied().unwrap_or(1);
            if size(&sizes, kept) < size(&sizes, merged) {
                std::mem::swap(&mut kept, &mut merged);
            }
            let total = size(&sizes, kept) + size(&sizes, merged);
            sizes.insert(kept, total);
            let mut cell = merged;
            loop {
                cycle.insert(cell, kept);
                cell = mapping.get(&cell).copied().unwrap_or(cell);
                if cell == merged {
                    break;
                }
            }
            let next = |mapping: &HashMap<Cell, Cell>, cell| mapping.get(&cell).copied().unwrap_or(cell);
            let (after_left, after_right) = (next(&mapping, left), next(&mapping, right));
            mapping.insert(left, after_right);
            mapping.insert(right, after_left);
        }
        Self { columns, moved: mapping.into_iter().filter(|(from, to)| from != to).collect() }
    }

    /// `delta^j`.
    pub fn delta(column: usize) -> Fr {
        Fr::DELTA.pow_vartime([column as u64])
    }

    /// The difference of column `j` from `delta^j X`: zero but for the moved cells.
    pub fn moves(&self, omega: Fr, column: usize) -> Vec<(usize, Fr)> {
        self.moved
            .range((column, 0)..(column + 1, 0))
            .map(|((_, row), to)| (*row, label(omega, *to) - label(omega, (column, *row))))
            .collect()
    }

    /// Column `j` of the permutation.
    pub fn column(&self, omega: Fr, column: usize) -> NarrowColumn {
        NarrowColumn { sparse: self.moves(omega, column), ..NarrowColumn::line(Fr::ZERO, Self::delta(column)) }
    }

    /// `(row, prod_j (p_j + beta delta^j w^i + gamma) / (p_j + beta s_j + gamma))` over the columns of a chunk, for the rows
    /// in which it is not 1; `value` gives the cells.
    ///
    /// # Errors
    /// Those of `value`.
    pub fn ratios<E>(
        &self,
        omega: Fr,
        chunk: std::ops::Range<usize>,
        (beta, gamma): (Fr, Fr),
        value: impl Fn(usize, usize) -> Result<Fr, E>,
    ) -> Result<Vec<(usize, Fr)>, E> {
        let mut rows: BTreeMap<usize, (Fr, Fr)> = BTreeMap::new();
        for ((column, row), to) in self.moved.range((chunk.start, 0)..(chunk.end, 0)) {
            let point = point(omega, *row);
            let shifted = value(*column, *row)? + gamma;
            let (numerator, denominator) = rows.entry(*row).or_insert((Fr::ONE, Fr::ONE));
            *numerator *= shifted + beta * Self::delta(*column) * point;
            *denominator *= shifted + beta * label(omega, *to);
        }
        let mut inverses: Vec<Fr> = rows.values().map(|(_, denominator)| *denominator).collect();
        inverses.iter_mut().batch_invert();
        // One inverse a row, both in the order of the rows.
        Ok(rows.into_iter().zip(inverses).map(|((row, (numerator, _)), inverse)| (row, numerator * inverse)).collect())
    }
}

fn point(omega: Fr, row: usize) -> Fr {
    omega.pow_vartime([row as u64])
}

/// `delta^j w^i`.
fn label(omega: Fr, (column, row): Cell) -> Fr {
    Permutation::delta(column) * point(omega, row)
}
