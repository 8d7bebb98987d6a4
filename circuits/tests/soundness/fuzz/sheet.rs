//! [`Sheet`]: a layout's columns with random values in every phase-0 cell, and everything that gates and copies make of them. It knows
//! the fixed columns, the gates and the copies of a layout, and nothing of how the planner or the witness filler came to them.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use assay_circuits::{Advice, Algebra, Challenge, Challenges, Fixed, Gate, Lanes, Layout, Wire};
use assay_models::samples::Numbers;
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::networks::{random, small};

/// A value that may not be known yet; zero times anything is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Maybe(Option<Fr>);

impl Maybe {
    fn is(self, value: u64) -> bool {
        self.0 == Some(Fr::from(value))
    }
}

impl Add for Maybe {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(a, b)| a + b))
    }
}

impl Sub for Maybe {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(a, b)| a - b))
    }
}

impl Mul for Maybe {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        if self.is(0) || other.is(0) { Self(Some(Fr::ZERO)) } else { Self(self.0.zip(other.0).map(|(a, b)| a * b)) }
    }
}

/// A statement that a copy makes: the difference of its ends, up to sign, and its name.
pub(crate) type Claims = BTreeMap<[u8; 32], Vec<String>>;

/// A difference as the key of a claim.
pub(crate) fn claim(difference: Fr) -> [u8; 32] {
    difference.to_repr().min((-difference).to_repr())
}

pub(crate) struct Sheet<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) challenges: Challenges,
    pub(crate) instances: Vec<Fr>,
    cells: BTreeMap<(Advice, usize), Fr>,
}

impl<'a> Sheet<'a> {
    /// Random values in every phase-0 cell that may be used, and in every public word.
    pub(crate) fn new(layout: &'a Layout, seed: u64) -> Self {
        let mut numbers = Numbers::new(seed ^ 0x5EED);
        let challenges = [(); 5].map(|()| random(&mut numbers));
        let instances = (0..layout.instances()).map(|_| random(&mut numbers)).collect();
        let mut cells = BTreeMap::new();
        for (row, lane, _) in layout.elements().unwrap() {
            for column in [Advice::C, Advice::T, Advice::B, Advice::Z, Advice::R] {
                cells.insert((column(lane), row), random(&mut numbers));
            }
            for part in layout.shape.lanes.further_parts() {
                cells.insert((Advice::Part(part, lane), row), random(&mut numbers));
            }
        }
        for (row, ..) in layout.dense_inputs() {
            cells.insert((Advice::X, row), random(&mut numbers));
        }
        Self { layout, challenges, instances, cells }
    }

    pub(crate) fn challenge(&self, challenge: Challenge) -> Fr {
        self.challenges[challenge as usize]
    }

    /// A phase-0 cell.
    pub(crate) fn cell(&self, column: Advice, row: usize) -> Fr {
        self.cells[&(column, row)]
    }

    /// Solves gates for the cells they define, and lets copies define the cells that no gate defines, until nothing changes; then
    /// returns what the other copies state.
    ///
    /// # Errors
    /// A copy whose ends depend on a cell that no gate and no copy defines: a cheating prover chooses it.
    pub(crate) fn claims(&mut self) -> Result<Claims, String> {
        let report = self.layout.report();
        let activations: Vec<usize> = (1..=report.activation_rows).collect();
        self.solve(&activations, &Gate::DEFINING[..4]);
        let rows: Vec<usize> = (1..=report.weight_rows + report.scalar_rows).collect();
        let mut defining = vec![false; self.layout.copies.len()];
        loop {
            let mut changed = self.solve(&rows, &Gate::DEFINING[4..]);
            for (at, defines) in defining.iter_mut().enumerate().filter(|(_, defines)| !**defines) {
                *defines = self.define(at);
                changed |= *defines;
            }
            if !changed {
                // A geometric sum: nothing gives `G` but `G (z - 1) = z^n - 1`, read backwards.
                match (0..defining.len()).find(|at| !defining[*at] && self.divide(*at)) {
                    Some(at) => defining[at] = true,
                    None => break,
                }
            }
        }
        let mut claims = Claims::new();
        for (copy, _) in self.layout.copies.iter().zip(&defining).filter(|(_, defines)| !**defines) {
            let (Some(left), Some(right)) = (self.wire(copy.left), self.wire(copy.right)) else {
                return Err(format!("copy {} ties cells that nothing defines", self.layout.copy_name(copy)));
            };
            claims.entry(claim(left - right)).or_default().push(self.layout.copy_name(copy));
        }
        self.wire_claims(&mut claims)?;
        Ok(claims)
    }

    /// What the wire states: an element that is read is the one that is written to its position.
    ///
    /// # Errors
    /// A position that is written twice or never, one that is read more or less often than it counts, or a row that reads and writes.
    fn wire_claims(&self, claims: &mut Claims) -> Result<(), String> {
        let lanes = self.layout.shape.lanes;
        let (mut written, mut reads) = (BTreeMap::new(), Vec::new());
        for row in 0..self.layout.usable_rows() {
            let mut signs = Vec::new();
            for lane in lanes.of_activations() {
                let count = small(self.layout.fixed_at(Fixed::Reads(lane), row));
                let position = small(self.layout.fixed_at(Fixed::Position(lane), row));
                let padding = usize::from(lane) + 1 < lanes.activations
                    && self.layout.fixed_at(Fixed::Present(lane), row) != Fr::ONE;
                if count != 0 && padding {
                    return Err(format!("row {row}, lane {lane} pads a segment and is on the wire"));
                }
                match count {
                    0 => continue,
                    1 => reads.push((position, self.cell(Advice::Z(lane), row))),
                    less if less < 0 => {
                        if self.layout.fixed_at(Fixed::Lookup, row) != Fr::ONE {
                            return Err(format!("row {row} writes an element that nothing checks"));
                        }
                        let z = self.cell(Advice::Z(lane), row);
                        if written.insert(position, (z, -less)).is_some() {
                            return Err(format!("position {position} is written twice"));
                        }
                    }
                    more => return Err(format!("row {row} counts {more} times")),
                }
                signs.push(count > 0);
            }
            if signs.windows(2).any(|pair| pair[0] != pair[1]) {
                return Err(format!("row {row} reads and writes"));
            }
        }
        for (position, z) in reads {
            let (source, left) =
                written.get_mut(&position).ok_or_else(|| format!("position {position} is not written"))?;
            *left -= 1;
            claims.entry(claim(z - *source)).or_default().push(format!("wire position {position}"));
        }
        match written.iter().find(|(_, (_, left))| *left != 0) {
            Some((position, (_, left))) => Err(format!("position {position} counts {left} reads too many")),
            None => Ok(()),
        }
    }

    fn wire(&self, wire: Wire) -> Option<Fr> {
        match wire {
            Wire::Advice(column, row) => self.cells.get(&(column, row)).copied(),
            Wire::Instance(row) => self.instances.get(row).copied(),
        }
    }

    fn at(&self, row: usize) -> At<'_> {
        At { sheet: self, row }
    }

    fn defined(&self, column: Advice, row: usize) -> bool {
        Gate::DEFINING.iter().any(|(gate, defined)| *defined == column && !gate.on(&self.at(row)).is(0))
    }

    fn solve(&mut self, rows: &[usize], gates: &[(Gate, Advice)]) -> bool {
        let mut changed = false;
        for row in rows {
            for (gate, column) in gates {
                if self.cells.contains_key(&(*column, *row)) || gate.on(&self.at(*row)).is(0) {
                    continue;
                }
                assert!(gate.on(&self.at(*row)).is(1), "a gate is on or off");
                if let Maybe(Some(value)) = gate.value(&self.at(*row)) {
                    self.cells.insert((*column, *row), value);
                    changed = true;
                }
            }
        }
        changed
    }

    /// Lets a copy define an end that no gate defines.
    fn define(&mut self, copy: usize) -> bool {
        let copy = &self.layout.copies[copy];
        for (from, to) in [(copy.left, copy.right), (copy.right, copy.left)] {
            if let (Some(value), Wire::Advice(column, row)) = (self.wire(from), to)
                && !self.cells.contains_key(&(column, row))
                && !self.defined(column, row)
            {
                self.cells.insert((column, row), value);
                return true;
            }
        }
        false
    }

    /// Lets a copy define the left factor of a scalar row `p = acc2 * u` whose product is known from the copy's other end.
    fn divide(&mut self, copy: usize) -> bool {
        let copy = &self.layout.copies[copy];
        let Wire::Advice(Advice::P, row) = copy.left else { return false };
        let (Some(product), Some(factor)) = (self.wire(copy.right), self.wire(Wire::Advice(Advice::U, row))) else {
            return false;
        };
        let fixed = |column| self.layout.fixed_at(column, row);
        let bare =
            [Fixed::KeepP, Fixed::StepP, Fixed::CoefW, Fixed::CoefH, Fixed::Constant].map(fixed) == [Fr::ZERO; 5];
        let free = !self.cells.contains_key(&(Advice::Acc2, row)) && !self.defined(Advice::Acc2, row);
        if !free || !bare || fixed(Fixed::Product) != Fr::ONE {
            return false;
        }
        self.cells.insert((Advice::Acc2, row), product * factor.invert().unwrap());
        true
    }
}

/// The gates over one row.
struct At<'a> {
    sheet: &'a Sheet<'a>,
    row: usize,
}

impl Algebra for At<'_> {
    type Value = Maybe;

    fn fixed(&self, column: Fixed) -> Maybe {
        Maybe(Some(self.sheet.layout.fixed_at(column, self.row)))
    }

    fn advice(&self, column: Advice, rotation: i32) -> Maybe {
        let row = self.row.checked_add_signed(rotation as isize);
        Maybe(row.and_then(|row| self.sheet.cells.get(&(column, row)).copied()))
    }

    fn challenge(&self, challenge: Challenge) -> Maybe {
        Maybe(Some(self.sheet.challenge(challenge)))
    }

    fn constant(&self, value: u64) -> Maybe {
        Maybe(Some(Fr::from(value)))
    }

    fn lanes(&self) -> Lanes {
        self.sheet.layout.shape.lanes
    }
}
