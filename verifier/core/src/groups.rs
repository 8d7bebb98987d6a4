//! Which polynomials share a commitment.
//!
//! With the SHPLONK opening none do. With the grouped one `m` columns `f_0 .. f_(m-1)` share `f(X) = sum_j X^j f_j(X^m)` (Gabizon, Williamson, ePrint 2021/1167). Since
//! `f mod (X^m - z) = sum_j X^j f_j(z)`, one division shows the values of all of them at `z`. Every member of a group is
//! opened at every point of the group, so joining columns of different rotations costs values and saves a commitment.
//!
//! The groups follow from the constraint system and the width alone: prover and verifiers derive the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::protocol::{Polynomial, last_rotation, nearest};
use crate::reader::Reader;
use crate::{ConstraintSystem, VerifyError};

/// How a proof shows its polynomials' values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Opening {
    /// One commitment a polynomial, opened as halo2 does (Boneh, Drake, Fisch, Gabizon, ePrint 2020/081).
    #[default]
    Shplonk,
    /// Several columns behind a commitment: fewer points for a contract to multiply, more work for the prover.
    Grouped {
        /// Columns behind a commitment at most, `m`; the SRS has `m 2^k` powers.
        width: u32,
    },
}

impl Opening {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        match reader.u32()? {
            0 => Ok(Self::Shplonk),
            1 => Ok(Self::Grouped { width: reader.u32()? }),
            _ => Err(reader.no_variant()),
        }
    }

    /// Columns behind a commitment at most.
    pub fn width(self) -> u32 {
        match self {
            Self::Shplonk => 1,
            Self::Grouped { width } => width,
        }
    }
}

/// A commitment costs as much gas as this many values: a multiplication and an addition on the curve and 64 bytes of
/// calldata, against 32 bytes, their absorption and a few products.
///
/// # Soundness
/// This number and the order and ties of `partition` say which column lies in which slot of a key's commitments. Keys do not hold the
/// groups: whoever changes either changes the key's format (its magic word, the representative's and the shape's tags) too. The keys in
/// `contracts/generated` and `sdk/test/vectors` pin them.
const VALUES_OF_A_COMMITMENT: usize = 10;

/// Columns behind one commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentGroup {
    /// At most as many as the width; member `j` is `f_j`.
    pub members: Vec<Polynomial>,
    /// Where each of them is opened: rotations nearest to zero, ascending.
    pub rotations: Vec<i32>,
}

impl CommitmentGroup {
    /// Values that a proof shows of the group.
    pub fn values(&self) -> usize {
        self.members.len() * self.rotations.len()
    }
}

/// All groups of a circuit, in the order of their commitments in the transcript, of their values in the proof and of their
/// powers in the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// The advice columns of each phase.
    pub advice: Vec<Vec<CommitmentGroup>>,
    /// Permutation products and the random polynomial.
    pub products: Vec<CommitmentGroup>,
    /// Fixed columns and permutation polynomials: committed in the key.
    pub key: Vec<CommitmentGroup>,
}

impl Grouping {
    /// The groups of a circuit of `2^k` rows: each polynomial by itself for SHPLONK, else what costs the least gas, with polynomials of equal
    /// rotations side by side.
    ///
    /// A group is opened at no more points than the column with the most: blinds cover no more.
    pub fn new(k: u32, constraints: &ConstraintSystem, opening: Opening) -> Self {
        let mut rotations: BTreeMap<Polynomial, BTreeSet<i32>> = BTreeMap::new();
        for query in &constraints.advice_queries {
            rotations.entry(Polynomial::Advice(query.column)).or_default().insert(query.rotation);
        }
        for query in &constraints.fixed_queries {
            rotations.entry(Polynomial::Fixed(query.column)).or_default().insert(query.rotation);
        }
        let products = constraints.products() as u32;
        let end = last_rotation(constraints);
        for product in 0..products {
            let chained = (product + 1 < products).then_some(end);
            rotations.insert(Polynomial::Product(product), [0, 1].into_iter().chain(chained).collect());
        }
        let most = constraints.blinding_factors() - 2;
        let split = |members: &mut dyn Iterator<Item = Polynomial>| {
            let set = |member: Polynomial| -> BTreeSet<i32> {
                let own = rotations.get(&member).cloned().unwrap_or_else(|| BTreeSet::from([0]));
                own.into_iter().map(|rotation| nearest(rotation, k)).collect()
            };
            let mut members: Vec<_> = members.map(|member| (set(member), member)).collect();
            match opening {
                Opening::Shplonk => members.into_iter().map(|member| group(&[member])).collect(),
                Opening::Grouped { width } => {
                    members.sort();
                    partition(&members, width as usize, most)
                }
            }
        };
        let phases = constraints.advice_phases.iter().max().map_or(0, |phase| phase + 1);
        let advice = (0..phases).map(|phase| {
            let columns = constraints.advice_phases.iter().enumerate().filter(|(_, p)| **p == phase);
            split(&mut columns.map(|(column, _)| Polynomial::Advice(column as u32)))
        });
        let products = (0..products).map(Polynomial::Product).chain([Polynomial::Random]);
        let fixed = (0..constraints.fixed_columns).map(Polynomial::Fixed);
        let permutations = (0..constraints.equality.len() as u32).map(Polynomial::Permutation);
        Self {
            advice: advice.collect(),
            products: split(&mut { products }),
            key: split(&mut fixed.chain(permutations)),
        }
    }

    /// Groups whose commitments are in the proof; those of the key follow them.
    pub fn of_proof(&self) -> usize {
        self.advice.iter().map(Vec::len).sum::<usize>() + self.products.len()
    }

    /// What the groups cost a verifier on a chain, in values: those shown, and each commitment as much as ten.
    pub fn weight(&self) -> usize {
        self.groups().map(|group| VALUES_OF_A_COMMITMENT + group.values()).sum()
    }

    /// Every group, in order.
    pub fn groups(&self) -> impl Iterator<Item = &CommitmentGroup> {
        self.advice.iter().flatten().chain(&self.products).chain(&self.key)
    }
}

/// Runs of the members, which are sorted by their rotations, so that commitments and values cost the least.
fn partition(members: &[(BTreeSet<i32>, Polynomial)], width: usize, most: usize) -> Vec<CommitmentGroup> {
    // best[end]: the least cost of the members before `end`, and where the last group begins.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for end in 1..=members.len() {
        let mut points: BTreeSet<i32> = BTreeSet::new();
        let starts = (end.saturating_sub(width)..end).rev();
        let candidates = starts.map_while(|start| {
            points.extend(&members.get(start)?.0);
            let allowed = points.len() <= most || start + 1 == end;
            let before = best.get(start)?.0;
            allowed.then_some((before + VALUES_OF_A_COMMITMENT + points.len() * (end - start), start))
        });
        let cheapest = candidates.min();
        best.extend(cheapest);
    }
    let mut groups = Vec::new();
    let mut end = members.len();
    while let Some((_, start)) = best.get(end).copied().filter(|_| end > 0) {
        groups.push(group(members.get(start..end).unwrap_or_default()));
        end = start;
    }
    groups.reverse();
    groups
}

fn group(members: &[(BTreeSet<i32>, Polynomial)]) -> CommitmentGroup {
    let rotations: BTreeSet<i32> = members.iter().flat_map(|(rotations, _)| rotations.iter().copied()).collect();
    CommitmentGroup {
        members: members.iter().map(|(_, member)| *member).collect(),
        rotations: rotations.into_iter().collect(),
    }
}
