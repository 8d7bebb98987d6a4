//! The constraint system as data: what halo2's `configure` builds, in the same order.
//!
//! Columns and challenges are numbered by creation and queries by first use. Both orders are part of the protocol (they
//! order the words of a proof), so the description records them instead of leaving them to the rebuilding code.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Expression, Node, VerifyError};

/// Most columns of one kind, queries of one kind, gates, and polynomials of a gate.
pub const MAX_COUNT: usize = 4096;
/// Most rows between the current row and a queried one.
pub const MAX_ROTATION: u32 = 1024;
/// Most rows of the public column that the gates read: a verifier computes each value from all public values.
pub const MAX_INSTANCE_QUERIES: usize = 16;
/// Most challenges.
pub const MAX_CHALLENGES: usize = 64;
/// Least and most degree; copies alone need 3.
pub const DEGREES: (u32, u32) = (3, 64);

/// A column, by its kind and its number within the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Column {
    /// Filled at key generation.
    Fixed(u32),
    /// Filled by the prover.
    Advice(u32),
    /// Public values.
    Instance(u32),
}

/// A column queried some rows below the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Query {
    /// Number of the column within its kind.
    pub column: u32,
    /// Rows below the current one; negative is above.
    pub rotation: i32,
}

/// Polynomials that must vanish in every usable row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The gate's name, for people.
    pub name: String,
    /// Its polynomials; halo2 combines them in this order.
    pub polynomials: Vec<Expression>,
}

/// Columns, phases, challenges, queries, gates and copies of a circuit. No halo2 lookups, no selectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub gates: Vec<Gate>,
    /// Equality-enabled columns, in the permutation's order.
    pub equality: Vec<Column>,
    /// Fixed columns enabled for constants, by creation.
    pub constants: Vec<u32>,
    /// Degree set explicitly; the degree of the system.
    pub minimum_degree: u32,
}

impl ConstraintSystem {
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
        limit("advice columns", 1, MAX_COUNT, self.advice_phases.len())?;
        limit("challenges", 0, MAX_CHALLENGES, self.challenge_phases.len())?;
        limit("instance columns", 1, 1, self.instance_columns as usize)?;
        limit("instance queries", 0, MAX_INSTANCE_QUERIES, self.instance_queries.len())?;
        limit("gates", 1, MAX_COUNT, self.gates.len())?;
        limit("degree", DEGREES.0 as usize, DEGREES.1 as usize, self.minimum_degree as usize)?;
        self.check_phases()?;
        let queries = self.check_queries()?;
        self.check_equality(&queries)?;
        for (at, gate) in self.gates.iter().enumerate() {
            limit("polynomials of a gate", 1, MAX_COUNT, gate.polynomials.len())?;
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
        lists.into_iter().try_for_each(|list| limit("queries", 0, MAX_COUNT, list.len()))?;
        for (at, (column, rotation)) in self.queries().enumerate() {
            let exists = self.has(column) && rotation.unsigned_abs() <= MAX_ROTATION;
            if !exists || !all.insert((column, rotation)) {
                return Err(VerifyError::Inconsistent { what: "a query repeats another or is out of range", at });
            }
        }
        Ok(all)
    }

    fn check_equality(&self, queries: &BTreeSet<(Column, i32)>) -> Result<(), VerifyError> {
        limit("equality-enabled columns", 0, MAX_COUNT, self.equality.len())?;
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

    fn check_operand(&self, node: &Node, queries: &BTreeSet<(Column, i32)>) -> Result<(), VerifyError> {
        let (known, at) = match *node {
            Node::Fixed { column, rotation } => (queries.contains(&(Column::Fixed(column), rotation)), column),
            Node::Advice { column, rotation } => (queries.contains(&(Column::Advice(column), rotation)), column),
            Node::Instance { column, rotation } => (queries.contains(&(Column::Instance(column), rotation)), column),
            Node::Challenge(index) => ((index as usize) < self.challenge_phases.len(), index),
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
