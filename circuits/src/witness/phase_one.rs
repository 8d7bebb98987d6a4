//! Phase 1: every cell is found by solving the gate that defines it, so the gates are written once. Chains of rows that do not
//! depend on each other are filled in parallel.

use std::borrow::Cow;

use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};
use rayon::prelude::*;

use super::filler::Filler;
use super::{Challenges, Columns, Pinned};
use crate::cells::Cells;
use crate::columns::{Advice, Challenge, Fixed};
use crate::error::CircuitError;
use crate::field::integer;
use crate::gates::Gate;
use crate::layout::Layout;
use crate::lookups::{Lookup, by_helper};
use crate::place::{ScalarRow, Sources, Wire};

/// Rows filled together where rows are independent.
const CHUNK: usize = 2048;
/// Rows in which a row is looked for that depends on none before; a long segment has none, and is filled in one piece.
const SEARCH: usize = 256;

const F: [(Gate, Advice); 2] = [Gate::DEFINING[0], Gate::DEFINING[1]];
const G: [(Gate, Advice); 2] = [Gate::DEFINING[2], Gate::DEFINING[3]];
const ACC1: [(Gate, Advice); 1] = [Gate::DEFINING[4]];
const PRODUCTS: [(Gate, Advice); 3] = [Gate::DEFINING[5], Gate::DEFINING[6], Gate::DEFINING[7]];

impl Columns {
    /// Fills phase 1 under the challenges: Horner sums, scalars, weights, helpers and their sum.
    ///
    /// # Errors
    /// A challenge that is 1, which no transcript gives but with a chance of `2^-250`.
    pub fn complete(&mut self, layout: &Layout, challenges: &Challenges, pinned: &Pinned) -> Result<(), CircuitError> {
        self.complete_with(layout, challenges, pinned, None)
    }

    /// As [`Columns::complete`], given what [`fold_weights`] of the layout and the challenge `r` makes, by whatever means.
    ///
    /// # Errors
    /// As [`Columns::complete`]; folded weights of another number of rows.
    pub fn complete_with(
        &mut self,
        layout: &Layout,
        challenges: &Challenges,
        pinned: &Pinned,
        folded_weights: Option<&[Fr]>,
    ) -> Result<(), CircuitError> {
        if folded_weights.is_some_and(|folds| folds.len() != layout.places.weights_end) {
            return Err(CircuitError::Invariant("there is a folded weight for every weights row"));
        }
        let phase = Phase { columns: self, layout, challenges, pinned };
        let (chains, helpers) = rayon::join(|| phase.chains(folded_weights), || phase.helpers());
        for (column, cells) in chains?.into_iter().chain(helpers) {
            // Helpers that these lanes have no use for were not filled.
            if let Some(slot) = layout.shape.advice_index(column).and_then(|index| self.advice.get_mut(index)) {
                *slot = Cells::Field(cells);
            }
        }
        Ok(())
    }
}

/// The weights of every row folded by `r`: `sum_j r^(L-1-j) W_j`, from row 0 up to the last weights row.
pub fn fold_weights(layout: &Layout, r: Fr) -> Vec<Fr> {
    let lanes = layout.shape.lanes.weights;
    let mut folds = vec![Fr::ZERO; layout.places.weights_end];
    let mut powers = vec![Fr::ONE; lanes];
    for lane in (1..lanes).rev() {
        powers[lane - 1] = powers[lane] * r;
    }
    let columns: Vec<(&Cells, Fr)> = (0..lanes)
        .zip(powers)
        .filter_map(|(lane, power)| Some((layout.fixed_cells(Fixed::W(lane as u8))?, power)))
        .collect();
    folds.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, folds)| {
        for (cells, power) in &columns {
            add_multiple(folds, cells, chunk * CHUNK, *power);
        }
    });
    folds
}

/// `sums_i += power * cells_(from + i)`; the multiples of bytes are looked up.
fn add_multiple(sums: &mut [Fr], cells: &Cells, from: usize, power: Fr) {
    match cells {
        Cells::Bytes(bytes) | Cells::Mixed { bytes, .. } => {
            let mut multiples = [Fr::ZERO; 256];
            for at in 1..=127 {
                multiples[at] = multiples[at - 1] + power;
                multiples[256 - at] = multiples[(257 - at) % 256] - power;
            }
            multiples[128] = multiples[129] - power;
            for (sum, byte) in sums.iter_mut().zip(bytes.get(from..).unwrap_or_default()) {
                *sum += multiples[usize::from(byte.cast_unsigned())];
            }
            if let Cells::Mixed { wide, .. } = cells {
                let start = wide.partition_point(|(row, _)| *row < from);
                for (row, value) in wide.iter().skip(start) {
                    let Some(sum) = sums.get_mut(row - from) else { break };
                    *sum += power * integer(*value);
                }
            }
        }
        Cells::Words(_) | Cells::Field(_) => {
            sums.iter_mut().enumerate().for_each(|(at, sum)| *sum += power * cells.get(from + at));
        }
    }
}

/// What phase 1 is filled from.
struct Phase<'a> {
    columns: &'a Columns,
    layout: &'a Layout,
    challenges: &'a Challenges,
    pinned: &'a Pinned,
}

type Filled = Vec<(Advice, Vec<Fr>)>;

impl<'a> Phase<'a> {
    fn filler(&self) -> Filler<'a> {
        Filler::new(self.columns, self.layout, self.challenges, self.pinned)
    }

    /// The Horner sums of activations, side by side with those of weights; then scalars, then products.
    fn chains(&self, folded_weights: Option<&[Fr]>) -> Result<Filled, CircuitError> {
        let places = &self.layout.places;
        let ((f, g), acc1) = rayon::join(
            || {
                rayon::join(
                    || self.chain(&F, places.activations_end, &[]),
                    || self.chain(&G, places.activations_end, &[]),
                )
            },
            || {
                let r = self.challenges[Challenge::R as usize];
                let folds = folded_weights.map_or_else(|| Cow::Owned(fold_weights(self.layout, r)), Cow::Borrowed);
                self.chain(&ACC1, places.weights_end, &folds)
            },
        );
        let mut filled: Filled = f.into_iter().chain(g).chain(acc1).collect();
        let products = self.products(&filled)?;
        filled.extend(products);
        Ok(filled)
    }

    /// Columns of rows `1..rows`, each by its gate, which reads no later column.
    fn chain(&self, gates: &[(Gate, Advice)], rows: usize, folds: &[Fr]) -> Filled {
        let mut filled = Filled::new();
        for (gate, column) in gates {
            let cells = self.column(*gate, *column, rows, (&filled, folds));
            filled.push((*column, cells));
        }
        filled
    }

    /// A column of rows `1..rows` by its gate, in pieces that are filled side by side: each begins where no cell depends on the one before.
    fn column(&self, gate: Gate, column: Advice, rows: usize, (filled, folds): (&Filled, &[Fr])) -> Vec<Fr> {
        let filler = || {
            let mut filler: Filler<'_> = self.filler();
            for (column, cells) in filled {
                filler = filler.with(*column, cells);
            }
            filler.with_folds(folds)
        };
        let near = |row: usize| {
            let mut filler = filler();
            (row..rows.min(row + SEARCH)).find(|row| filler.begins(gate, column, *row))
        };
        let chunks: Vec<usize> = (CHUNK..rows).step_by(CHUNK).collect();
        let mut starts = vec![0];
        starts.extend(chunks.into_par_iter().filter_map(near).collect::<Vec<_>>());
        let ends = starts.iter().skip(1).copied().chain([rows]);
        let pieces: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
        let fill = |(from, to): (usize, usize)| {
            let end = if to == rows { self.layout.usable_rows() } else { to };
            let mut filler = filler().making_piece(column, from..to, end);
            (from.max(1)..to).for_each(|row| filler.solve(&[(gate, column)], row));
            filler.take(column)
        };
        pieces.into_par_iter().map(fill).collect::<Vec<_>>().concat()
    }

    /// Scalar rows, the operands they make, and the products of weights rows.
    fn products(&self, filled: &Filled) -> Result<Filled, CircuitError> {
        let rows = self.layout.places.scalars_end;
        let mut filler = self.filler();
        for (column, cells) in filled {
            filler = filler.with(*column, cells);
        }
        for (_, column) in PRODUCTS {
            filler = filler.making(column, rows);
        }
        for scalar in &self.layout.scalars {
            self.scalar(&mut filler, *scalar)?;
        }
        for copy in &self.layout.copies {
            if let Wire::Advice(Advice::U, row) = copy.left
                && row < self.layout.places.weights_end
            {
                let value = wire(&filler, copy.right)?;
                filler.set(Advice::U, row, value);
            }
        }
        (1..self.layout.places.weights_end).for_each(|row| filler.solve(&PRODUCTS, row));
        Ok(PRODUCTS.iter().map(|(_, column)| (*column, filler.take(*column))).collect())
    }

    fn scalar(&self, filler: &mut Filler<'_>, scalar: ScalarRow) -> Result<(), CircuitError> {
        for (column, source) in [(Advice::Acc2, scalar.left), (Advice::U, scalar.right)] {
            if let Some(source) = source {
                let value = wire(filler, source)?;
                filler.set(column, scalar.row, value);
            }
        }
        match scalar.sources {
            Sources::Quotient(dividend) => {
                let inverse: Option<Fr> = filler.get(Advice::U, scalar.row).invert().into();
                if let Some(inverse) = inverse {
                    let value = wire(filler, dividend)? * inverse;
                    filler.set(Advice::Acc2, scalar.row, value);
                } else if self.pinned.is_empty() {
                    return Err(CircuitError::Invariant("no challenge is 1"));
                }
            }
            Sources::Context => filler.set(Advice::P, scalar.row, self.columns.context),
            Sources::Copies => {}
        }
        filler.solve(&PRODUCTS[2..], scalar.row);
        Ok(())
    }

    /// The helpers, each the sum of its lookups' fractions, and `S`, the running sum of all helpers.
    fn helpers(&self) -> Filled {
        let usable = self.layout.usable_rows();
        let counted = self.layout.shape.lanes.of_tables().filter_map(|s| self.columns.cells(self.layout, Advice::M(s)));
        let rows = counted.map(Cells::len).fold(self.layout.places.activations_end, usize::max).min(usable - 1);
        let shared = by_helper(self.layout.shape.lanes);
        let columns: Vec<Advice> = (0..shared.len() as u8).map(Advice::H).collect();
        let mut filler = self.filler();
        for column in &columns {
            filler = filler.making(*column, rows);
        }
        let mut helpers: Vec<Vec<Fr>> = columns.iter().map(|column| filler.take(*column)).collect();
        for ((column, lookups), cells) in columns.iter().zip(&shared).zip(&mut helpers) {
            let chunks = cells.par_chunks_mut(CHUNK).enumerate();
            chunks.for_each(|(chunk, cells)| self.helper_chunk(&filler, *column, lookups, chunk * CHUNK, cells));
        }
        let mut pins = self.pinned.range((Advice::S, 0)..(Advice::S, usable)).peekable();
        let longest = helpers.iter().map(Vec::len).max().unwrap_or_default();
        let mut sums = Vec::with_capacity(rows + 1);
        let mut sum = Fr::ZERO;
        for row in 0..usable {
            if let Some((_, value)) = pins.next_if(|((_, at), _)| *at == row) {
                sum = *value;
            } else if row >= longest && sum == Fr::ZERO && pins.peek().is_none() {
                break; // zero from here on
            }
            sums.push(sum);
            for helper in &helpers {
                sum += helper.get(row).unwrap_or(&Fr::ZERO);
            }
        }
        columns.into_iter().zip(helpers).chain([(Advice::S, sums)]).collect()
    }

    /// A helper in consecutive rows, the denominators inverted together.
    fn helper_chunk(&self, filler: &Filler<'_>, column: Advice, lookups: &[Lookup], from: usize, cells: &mut [Fr]) {
        let (mut denominators, mut terms) = (Vec::new(), Vec::new());
        for row in from..from + cells.len() {
            if self.pinned.contains_key(&(column, row)) {
                continue;
            }
            let at = filler.at(row);
            for lookup in lookups {
                // The table stands in other rows than the activations, and is alone in reading them.
                if !matches!(lookup, Lookup::Table(_)) && row >= self.layout.places.activations_end {
                    continue;
                }
                let numerator = lookup.numerator(&at);
                if !numerator.is(0) {
                    terms.push((row - from, numerator.field()));
                    denominators.push(lookup.denominator(&at).field());
                }
            }
        }
        denominators.iter_mut().batch_invert();
        for ((at, numerator), inverse) in terms.into_iter().zip(denominators) {
            if let Some(helper) = cells.get_mut(at) {
                *helper += numerator * inverse;
            }
        }
    }
}

/// A cell that another is copied from.
fn wire(filler: &Filler<'_>, wire: Wire) -> Result<Fr, CircuitError> {
    match wire {
        Wire::Advice(column, row) => Ok(filler.get(column, row)),
        Wire::Instance(_) => Err(CircuitError::Invariant("no cell is copied from a public word")),
    }
}
