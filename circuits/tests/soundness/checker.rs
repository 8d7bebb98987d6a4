//! Every gate over field elements and every copy against an instance vector; failures carry names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Add, Mul, Sub};

use assay_circuits::{Advice, Algebra, Challenge, Challenges, Columns, Fixed, Gate, Lanes, Layout, Row, Wire};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// A constraint that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// A gate, in a row.
    Gate(Gate, usize),
    /// A copy, by name.
    Copy(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(gate, row) => write!(f, "gate {} in row {row}", gate.name()),
            Self::Copy(name) => write!(f, "copy {name}"),
        }
    }
}

/// Constraints that a weakened circuit lacks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped {
    /// A gate in every row.
    pub(crate) gate: Option<Gate>,
    /// A gate in one row.
    pub(crate) gate_in_row: Option<(Gate, usize)>,
    /// A copy, by name.
    pub(crate) copy: Option<String>,
}

impl Dropped {
    pub(crate) fn gate(gate: Gate) -> Self {
        Self { gate: Some(gate), ..Self::default() }
    }

    pub(crate) fn copy(name: &str) -> Self {
        Self { copy: Some(name.to_owned()), ..Self::default() }
    }

    fn has(&self, gate: Gate, row: usize) -> bool {
        self.gate == Some(gate) || self.gate_in_row == Some((gate, row))
    }
}

/// A claimed proof, opened: the circuit, all its cells, the challenges and the statement.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) columns: &'a Columns,
    pub(crate) challenges: &'a Challenges,
    pub(crate) instances: &'a [Fr],
}

impl Claim<'_> {
    pub(crate) fn gate(&self, gate: Gate, row: usize) -> Fr {
        gate.polynomial(&Row { layout: self.layout, columns: self.columns, challenges: self.challenges, row })
    }

    pub(crate) fn wire(&self, wire: Wire) -> Fr {
        match wire {
            Wire::Advice(column, row) => self.columns.get(self.layout, column, row),
            Wire::Instance(row) => self.instances.get(row).copied().unwrap_or(Fr::ZERO),
        }
    }

    /// Everything that fails, every gate evaluated in every usable row.
    pub(crate) fn failures(&self, dropped: &Dropped) -> Vec<Failure> {
        let gates = Gate::all(self.layout.shape.lanes);
        let everywhere = (0..self.layout.usable_rows())
            .flat_map(|row| gates.iter().map(move |gate| (*gate, row)).collect::<Vec<_>>());
        self.failures_among(everywhere, dropped)
    }

    /// Everything that fails, given that all gates hold over `honest` on the same layout: only gates that read a changed
    /// cell are evaluated.
    pub(crate) fn failures_beside(&self, honest: &Columns, readers: &Readers, dropped: &Dropped) -> Vec<Failure> {
        let usable = self.layout.usable_rows();
        let mut touched = BTreeSet::new();
        for ((column, values), before) in self.layout.shape.advice.iter().zip(&self.columns.advice).zip(&honest.advice)
        {
            let rows = 0..values.len().max(before.len());
            for row in rows.filter(|row| values.get(*row) != before.get(*row)) {
                for (gate, rotation) in readers.of(*column) {
                    let at = row as i64 - i64::from(rotation);
                    touched.extend(usize::try_from(at).ok().filter(|at| *at < usable).map(|at| (gate, at)));
                }
            }
        }
        self.failures_among(touched, dropped)
    }

    fn failures_among(&self, gates: impl IntoIterator<Item = (Gate, usize)>, dropped: &Dropped) -> Vec<Failure> {
        let broken = gates
            .into_iter()
            .filter(|(gate, row)| !dropped.has(*gate, *row) && self.gate(*gate, *row) != Fr::ZERO)
            .map(|(gate, row)| Failure::Gate(gate, row));
        let apart = self
            .layout
            .copies
            .iter()
            .filter(|copy| self.wire(copy.left) != self.wire(copy.right))
            .map(|copy| self.layout.copy_name(copy))
            .filter(|name| dropped.copy.as_ref() != Some(name))
            .map(Failure::Copy);
        let unused = self.instances.iter().skip(self.layout.instances()).filter(|value| **value != Fr::ZERO);
        assert_eq!(unused.count(), 0, "the statement has words that no copy binds");
        broken.chain(apart).collect()
    }
}

/// Which gates read an advice column, and at which rotation.
pub(crate) struct Readers(Vec<(Advice, Gate, i32)>);

impl Readers {
    pub(crate) fn new(lanes: Lanes) -> Self {
        let read = |gate: Gate| {
            let recorder = Recorder { lanes, cells: RefCell::default() };
            let _ = gate.polynomial(&recorder);
            recorder.cells.into_inner().into_iter().map(move |(column, rotation)| (column, gate, rotation))
        };
        Self(Gate::all(lanes).into_iter().flat_map(read).collect())
    }

    pub(crate) fn of(&self, column: Advice) -> impl Iterator<Item = (Gate, i32)> {
        self.0.iter().filter(move |(read, ..)| *read == column).map(|(_, gate, rotation)| (*gate, *rotation))
    }
}

/// An algebra without values, which remembers the advice cells a gate asks for.
struct Recorder {
    lanes: Lanes,
    cells: RefCell<BTreeSet<(Advice, i32)>>,
}

#[derive(Clone)]
struct Nothing;

impl Add for Nothing {
    type Output = Self;
    fn add(self, _: Self) -> Self {
        self
    }
}

impl Sub for Nothing {
    type Output = Self;
    fn sub(self, _: Self) -> Self {
        self
    }
}

impl Mul for Nothing {
    type Output = Self;
    fn mul(self, _: Self) -> Self {
        self
    }
}

impl Algebra for Recorder {
    type Value = Nothing;

    fn fixed(&self, _: Fixed) -> Nothing {
        Nothing
    }

    fn advice(&self, column: Advice, rotation: i32) -> Nothing {
        self.cells.borrow_mut().insert((column, rotation));
        Nothing
    }

    fn challenge(&self, _: Challenge) -> Nothing {
        Nothing
    }

    fn constant(&self, _: u64) -> Nothing {
        Nothing
    }

    fn lanes(&self) -> Lanes {
        self.lanes
    }
}
