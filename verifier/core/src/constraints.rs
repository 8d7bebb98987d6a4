//! The constraint system as data: what halo2's `configure` builds, in the same order.
//!
//! Columns and challenges are numbered by creation and queries by first use. Both orders are part of the protocol (they
//! order the words of a proof), so the description records them instead of leaving them to the rebuilding code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::expression::{MAX_NODES, NODES};
use crate::reader::Reader;
use crate::{Expression, ExpressionNode, VerifyError};

/// Most columns of one kind, queries of one kind, gates, and polynomials of all gates. Circuits of 256 weight lanes have 286 fixed columns.
pub const MAX_COUNT: usize = 1024;
/// Most rows in which one column is read: an opening interpolates through them, which takes the square of their number.
pub const MAX_QUERIES_A_COLUMN: usize = 16;
/// Most different rotations of all columns: each is a point that something is opened at.
pub const MAX_ROTATIONS: usize = 64;
/// Most bytes of a gate's name.
pub const MAX_NAME: usize = 256;
/// Most rows between the current row and a queried one.
pub const MAX_ROTATION: u32 = 1024;
/// Most rows of the public column that the gates read: a verifier computes each value from all public values.
pub const MAX_INSTANCE_QUERIES: usize = 16;
/// Most challenges.
pub const MAX_CHALLENGES: usize = 64;
/// Least and most degree; copies alone need 3.
pub const DEGREES: (u32, u32) = (3, 64);

// What the limits count, in errors: the same when a list is read and when the whole is checked.
const ADVICE: &str = "advice columns";
const CHALLENGES: &str = "challenges";
const QUERIES: &str = "queries";
const INSTANCE_QUERIES: &str = "instance queries";
const GATES: &str = "gates";
const NAME: &str = "bytes of a gate's name";
const POLYNOMIALS: &str = "polynomials of all gates";
const EQUALITY: &str = "equality-enabled columns";
const CONSTANTS: &str = "columns of constants";

/// A column, by its kind and its number within the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Column {
    /// Filled at key generation.
    Fixed(u32),
    /// Filled by the prover.
    Advice(u32),
    /// Public values.
    Instance(u32),
}

/// A column queried some rows below the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Query {
    /// Number of the column within its kind.
    pub column: u32,
    /// Rows below the current one; negative is above.
    pub rotation: i32,
}

/// Polynomials that must vanish in every usable row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedGate {
    /// The gate's name, for people.
    pub name: String,
    /// Its polynomials; halo2 combines them in this order.
    pub polynomials: Vec<Expression>,
}

/// Columns, phases, challenges, queries, gates and copies of a circuit. No halo2 lookups, no selectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConstraintSystem {
    /// Number of fixed columns.
    pub fixed_columns: u32,
    /// Phase (0, 1, 2) of each advice column.
    pub advice_phases: Vec<u8>,
    /// Phase after which each challenge is drawn.
    pub challenge_phases: Vec<u8>,
    /// Number of instance columns; assay's circuits have one.
    pub instance_columns: u32,
    /// Distinct fixed queries, by first use.
    pub fixed_queries: Vec<Query>,
    /// Distinct advice queries, by first use.
    pub advice_queries: Vec<Query>,
    /// Distinct instance queries, by first use.
    pub instance_queries: Vec<Query>,
    /// Gates, by creation.
    pub gates: Vec<NamedGate>,
    /// Equality-enabled columns, in the permutation's order.
    pub equality: Vec<Column>,
    /// Fixed columns enabled for constants, by creation.
    pub constants: Vec<u32>,
    /// Degree set explicitly; the degree of the system.
    pub minimum_degree: u32,
}

impl Column {
    fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        let kind = match reader.u32()? {
            0 => Self::Fixed,
            1 => Self::Advice,
            2 => Self::Instance,
            _ => return Err(reader.no_variant()),
        };
        reader.u32().map(kind)
    }
}

impl Query {
    fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        Ok(Self { column: reader.u32()?, rotation: reader.i32()? })
    }
}

impl ConstraintSystem {
    /// Reads a description whose lists are within the limits. The rest is [`ConstraintSystem::check`]'s.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        let (mut polynomials, mut nodes) = (0, 0);
        Ok(Self {
            fixed_columns: reader.u32()?,
            advice_phases: reader.list(ADVICE, MAX_COUNT, Reader::byte)?,
            challenge_phases: reader.list(CHALLENGES, MAX_CHALLENGES, Reader::byte)?,
            instance_columns: reader.u32()?,
            fixed_queries: reader.list(QUERIES, MAX_COUNT, Query::read)?,
            advice_queries: reader.list(QUERIES, MAX_COUNT, Query::read)?,
            instance_queries: reader.list(INSTANCE_QUERIES, MAX_INSTANCE_QUERIES, Query::read)?,
            gates: reader.list(GATES, MAX_COUNT, |reader| {
                let name = reader.string(NAME, MAX_NAME)?;
                let polynomial = |reader: &mut Reader<'_>| Expression::read(reader, &mut nodes);
                Ok(NamedGate {
                    name,
                    polynomials: reader.list_of_many(POLYNOMIALS, MAX_COUNT, &mut polynomials, polynomial)?,
                })
            })?,
            equality: reader.list(EQUALITY, MAX_COUNT, Column::read)?,
            constants: reader.list(CONSTANTS, MAX_COUNT, Reader::u32)?,
            minimum_degree: reader.u32()?,
        })
    }

    /// Rows at the end of every advice column that hold blinds only, less one: a column is opened at its queries, at most
    /// three rotations of a product, and once more in the opening argument; one row is to spare.
    pub fn blinding_factors(&self) -> usize {
        let mut queries: BTreeMap<u32, usize> = BTreeMap::new();
        for query in &self.advice_queries {
            *queries.entry(query.column).or_default() += 1;
        }
        queries.into_values().max().unwrap_or(1).max(3) + 2
    }

    /// Copied columns of one permutation product: the degree leaves room for two other factors.
    pub fn chunk(&self) -> usize {
        (self.minimum_degree as usize).saturating_sub(2).max(1)
    }

    /// Number of permutation products.
    pub fn products(&self) -> usize {
        self.equality.len().div_ceil(self.chunk())
    }

    /// Pieces of the quotient: a gate of degree `d` over `2^k` rows has a quotient of degree below `(d - 1) 2^k`.
    pub fn pieces(&self) -> usize {
        (self.minimum_degree as usize).saturating_sub(1)
    }

    /// Checks that the description is complete and free of contradictions: whatever follows it, halo2 included, may
    /// rely on every name in it.
    ///
    /// # Errors
    /// The first contradiction or exceeded limit.
    pub fn check(&self) -> Result<(), VerifyError> {
        limit("fixed columns", 0, MAX_COUNT, self.fixed_columns as usize)?;
        limit(ADVICE, 1, MAX_COUNT, self.advice_phases.len())?;
        limit(CHALLENGES, 0, MAX_CHALLENGES, self.challenge_phases.len())?;
        limit("instance columns", 1, 1, self.instance_columns as usize)?;
        limit(INSTANCE_QUERIES, 0, MAX_INSTANCE_QUERIES, self.instance_queries.len())?;
        limit(GATES, 1, MAX_COUNT, self.gates.len())?;
        let polynomials = || self.gates.iter().flat_map(|gate| &gate.polynomials);
        limit(POLYNOMIALS, 1, MAX_COUNT, polynomials().count())?;
        limit(NODES, 1, MAX_NODES, polynomials().map(|polynomial| polynomial.nodes().len()).sum())?;
        limit("degree", DEGREES.0 as usize, DEGREES.1 as usize, self.minimum_degree as usize)?;
        self.check_phases()?;
        let queries = self.check_queries()?;
        self.check_equality(&queries)?;
        for (at, gate) in self.gates.iter().enumerate() {
            limit(NAME, 0, MAX_NAME, gate.name.len())?;
            if gate.polynomials.is_empty() {
                return Err(VerifyError::Inconsistent { what: "a gate has no polynomial", at });
            }
            for polynomial in &gate.polynomials {
                if polynomial.degree()? > u64::from(self.minimum_degree) {
                    return Err(VerifyError::Inconsistent { what: "a gate's degree exceeds the system's", at });
                }
                for node in polynomial.nodes() {
                    self.check_operand(node, &queries)?;
                }
            }
        }
        Ok(())
    }

    fn check_phases(&self) -> Result<(), VerifyError> {
        let mut seen = [false; 3];
        for (at, &phase) in self.advice_phases.iter().enumerate() {
            let before = phase == 0 || seen.get(usize::from(phase) - 1) == Some(&true);
            match seen.get_mut(usize::from(phase)) {
                Some(seen) if before => *seen = true,
                _ => return Err(VerifyError::Inconsistent { what: "an advice column skips a phase", at }),
            }
        }
        let known = |phase: &u8| seen.get(usize::from(*phase)) == Some(&true);
        match self.challenge_phases.iter().position(|phase| !known(phase)) {
            Some(at) => Err(VerifyError::Inconsistent { what: "a challenge follows a phase without columns", at }),
            None => Ok(()),
        }
    }

    /// Fixed, advice, then instance queries, each by first use.
    pub fn queries(&self) -> impl Iterator<Item = (Column, i32)> {
        let fixed = self.fixed_queries.iter().map(|query| (Column::Fixed(query.column), query.rotation));
        let advice = self.advice_queries.iter().map(|query| (Column::Advice(query.column), query.rotation));
        let instance = self.instance_queries.iter().map(|query| (Column::Instance(query.column), query.rotation));
        fixed.chain(advice).chain(instance)
    }

    /// All queries as (column, rotation); refuses repeated ones and columns that do not exist.
    fn check_queries(&self) -> Result<BTreeSet<(Column, i32)>, VerifyError> {
        let mut all = BTreeSet::new();
        let lists = [&self.fixed_queries, &self.advice_queries, &self.instance_queries];
        lists.into_iter().try_for_each(|list| limit(QUERIES, 0, MAX_COUNT, list.len()))?;
        for (at, (column, rotation)) in self.queries().enumerate() {
            let exists = self.has(column) && rotation.unsigned_abs() <= MAX_ROTATION;
            if !exists || !all.insert((column, rotation)) {
                return Err(VerifyError::Inconsistent { what: "a query repeats another or is out of range", at });
            }
        }
        let mut of_column: BTreeMap<Column, usize> = BTreeMap::new();
        self.queries().for_each(|(column, _)| *of_column.entry(column).or_default() += 1);
        limit("queries of a column", 0, MAX_QUERIES_A_COLUMN, of_column.into_values().max().unwrap_or(0))?;
        let rotations: BTreeSet<i32> = self.queries().map(|(_, rotation)| rotation).collect();
        limit("rotations", 0, MAX_ROTATIONS, rotations.len())?;
        Ok(all)
    }

    fn check_equality(&self, queries: &BTreeSet<(Column, i32)>) -> Result<(), VerifyError> {
        limit(EQUALITY, 0, MAX_COUNT, self.equality.len())?;
        limit(CONSTANTS, 0, MAX_COUNT, self.constants.len())?;
        let mut seen = BTreeSet::new();
        for (at, &column) in self.equality.iter().enumerate() {
            if !seen.insert(column) || !queries.contains(&(column, 0)) {
                return Err(VerifyError::Inconsistent {
                    what: "an equality-enabled column is repeated or not queried",
                    at,
                });
            }
        }
        let mut constants = BTreeSet::new();
        for (at, &column) in self.constants.iter().enumerate() {
            if !constants.insert(column) || !seen.contains(&Column::Fixed(column)) {
                return Err(VerifyError::Inconsistent {
                    what: "a constants column is repeated or not copied from",
                    at,
                });
            }
        }
        Ok(())
    }

    fn check_operand(&self, node: &ExpressionNode, queries: &BTreeSet<(Column, i32)>) -> Result<(), VerifyError> {
        let (known, at) = match *node {
            ExpressionNode::Fixed { column, rotation } => {
                (queries.contains(&(Column::Fixed(column), rotation)), column)
            }
            ExpressionNode::Advice { column, rotation } => {
                (queries.contains(&(Column::Advice(column), rotation)), column)
            }
            ExpressionNode::Instance { column, rotation } => {
                (queries.contains(&(Column::Instance(column), rotation)), column)
            }
            ExpressionNode::Challenge(index) => ((index as usize) < self.challenge_phases.len(), index),
            _ => (true, 0),
        };
        let what = "a gate uses a cell that is not among the queries, or a challenge that does not exist";
        if known { Ok(()) } else { Err(VerifyError::Inconsistent { what, at: at as usize }) }
    }

    fn has(&self, column: Column) -> bool {
        match column {
            Column::Fixed(index) => index < self.fixed_columns,
            Column::Advice(index) => (index as usize) < self.advice_phases.len(),
            Column::Instance(index) => index < self.instance_columns,
        }
    }
}

pub(crate) fn limit(what: &'static str, least: usize, most: usize, got: usize) -> Result<(), VerifyError> {
    if (least..=most).contains(&got) {
        Ok(())
    } else {
        Err(VerifyError::Limit { what, least: least as u64, most: most as u64, got: got as u64 })
    }
}
