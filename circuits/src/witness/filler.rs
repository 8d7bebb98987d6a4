//! [`Filler`]: columns in the making, and the gates over one row of them.

use std::ops::Range;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{Challenges, Columns, Pinned};
use crate::cells::Cells;
use crate::columns::{Advice, Challenge, Fixed, Lanes};
use crate::gates::{Algebra, Gate};
use crate::layout::Layout;
use crate::number::Number;

/// Powers of challenges that are kept: those by which eight lanes step.
const POWERS: usize = 9;

/// The advice columns a chain of gates reads, and those it makes.
pub(super) struct Filler<'a> {
    pub(super) layout: &'a Layout,
    challenges: &'a Challenges,
    /// The first powers of every challenge.
    powers: Vec<[Number; POWERS]>,
    pinned: &'a Pinned,
    /// Folded weights by row.
    folds: &'a [Fr],
    /// By column.
    sources: Vec<Source<'a>>,
}

/// Where the cells of a column are.
enum Source<'a> {
    Absent,
    Read(&'a Cells),
    Filled(&'a [Fr]),
    /// Cells from row `from` on.
    Made {
        from: usize,
        cells: Vec<Fr>,
    },
}

impl<'a> Filler<'a> {
    /// Reads the phase-0 columns alone.
    pub(super) fn new(
        columns: &'a Columns,
        layout: &'a Layout,
        challenges: &'a Challenges,
        pinned: &'a Pinned,
    ) -> Self {
        let source = |column: Advice| {
            let index = layout.shape.advice_index(column).filter(|_| column.phase() == 0);
            index.and_then(|index| columns.advice.get(index)).map_or(Source::Absent, Source::Read)
        };
        let powers = challenges.iter().map(|challenge| {
            let mut power = Fr::ONE;
            [(); POWERS].map(|()| {
                let this = Number::of(power);
                power *= challenge;
                this
            })
        });
        let powers = powers.collect();
        Self { layout, challenges, powers, pinned, folds: &[], sources: Advice::all().map(source).collect() }
    }

    /// Reads the folded weights too.
    pub(super) const fn with_folds(mut self, folds: &'a [Fr]) -> Self {
        self.folds = folds;
        self
    }

    /// Reads a finished column too.
    pub(super) fn with(mut self, column: Advice, cells: &'a [Fr]) -> Self {
        self.sources[column.slot()] = Source::Filled(cells);
        self
    }

    /// Makes a column: pinned cells, and whatever is set later. Absent where the shape lacks it.
    pub(super) fn making(self, column: Advice, rows: usize) -> Self {
        let usable = self.layout.usable_rows();
        self.making_piece(column, 0..rows, usable)
    }

    /// As [`Filler::making`], of some rows of a column; cells that are pinned behind them, before row `end`, are part of it too.
    pub(super) fn making_piece(mut self, column: Advice, rows: Range<usize>, end: usize) -> Self {
        if self.layout.shape.advice_index(column).is_some() {
            let from = rows.start;
            let mut cells = vec![Fr::ZERO; rows.len()];
            for ((_, row), value) in self.pinned.range((column, from)..(column, end)) {
                let at = row - from;
                if cells.len() <= at {
                    cells.resize(at + 1, Fr::ZERO);
                }
                cells[at] = *value;
            }
            self.sources[column.slot()] = Source::Made { from, cells };
        }
        self
    }

    /// Whether what a gate makes of a row is the same whatever stands in its column in the row before.
    pub(super) fn begins(&mut self, gate: Gate, column: Advice, row: usize) -> bool {
        let from = row.saturating_sub(1);
        let [zero, one] = [Fr::ZERO, Fr::ONE].map(|before| {
            self.sources[column.slot()] = Source::Made { from, cells: vec![before] };
            let at = self.at(row);
            (gate.on(&at).field(), gate.value(&at).field())
        });
        zero == one
    }

    /// A finished column.
    pub(super) fn take(&mut self, column: Advice) -> Vec<Fr> {
        match std::mem::replace(&mut self.sources[column.slot()], Source::Absent) {
            Source::Made { cells, .. } => cells,
            Source::Absent | Source::Read(_) | Source::Filled(_) => Vec::new(),
        }
    }

    /// A cell; zero where the shape lacks the column.
    pub(super) fn get(&self, column: Advice, row: usize) -> Fr {
        self.number(column, row).field()
    }

    /// Sets a cell of a column in the making, unless it is pinned.
    pub(super) fn set(&mut self, column: Advice, row: usize, value: Fr) {
        if let Source::Made { from, cells } = &mut self.sources[column.slot()]
            && let Some(cell) = row.checked_sub(*from).and_then(|at| cells.get_mut(at))
            && !self.pinned.contains_key(&(column, row))
        {
            *cell = value;
        }
    }

    /// Solves gates for the cells they define in a row.
    pub(super) fn solve(&mut self, gates: &[(Gate, Advice)], row: usize) {
        for (gate, column) in gates {
            let at = self.at(row);
            if gate.on(&at).is(1) {
                let value = gate.value(&at).field();
                self.set(*column, row, value);
            }
        }
    }

    /// The gates over a row.
    pub(super) const fn at(&self, row: usize) -> At<'_> {
        At { filler: self, row }
    }

    #[inline]
    fn number(&self, column: Advice, row: usize) -> Number {
        match &self.sources[column.slot()] {
            Source::Absent => Number::Small(0),
            Source::Read(cells) => Number::cell(cells, row),
            Source::Filled(cells) => Number::of(cells.get(row).copied().unwrap_or(Fr::ZERO)),
            Source::Made { from, cells } => {
                let cell = row.checked_sub(*from).and_then(|at| cells.get(at));
                Number::of(cell.copied().unwrap_or(Fr::ZERO))
            }
        }
    }
}

/// The gates over one row.
pub(super) struct At<'a> {
    filler: &'a Filler<'a>,
    row: usize,
}

impl Algebra for At<'_> {
    type Value = Number;

    #[inline]
    fn fixed(&self, column: Fixed) -> Number {
        self.filler.layout.fixed_cells(column).map_or(Number::Small(0), |cells| Number::cell(cells, self.row))
    }

    #[inline]
    fn advice(&self, column: Advice, rotation: i32) -> Number {
        self.row.checked_add_signed(rotation as isize).map_or(Number::Small(0), |row| self.filler.number(column, row))
    }

    #[inline]
    fn challenge(&self, challenge: Challenge) -> Number {
        Number::of(self.filler.challenges[challenge as usize])
    }

    #[inline]
    fn constant(&self, value: u64) -> Number {
        i64::try_from(value).map_or_else(|_| Number::Field(Fr::from(value)), Number::Small)
    }

    fn lanes(&self) -> Lanes {
        self.filler.layout.shape.lanes
    }

    #[inline]
    fn power(&self, challenge: Challenge, exponent: usize) -> Number {
        match self.filler.powers.get(challenge as usize).and_then(|powers| powers.get(exponent)) {
            Some(power) => *power,
            None => self.power(challenge, exponent / 2) * self.power(challenge, exponent - exponent / 2),
        }
    }

    fn weights(&self) -> Number {
        Number::of(self.filler.folds.get(self.row).copied().unwrap_or(Fr::ZERO))
    }
}
