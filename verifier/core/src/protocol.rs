//! What a proof says, in order, and what is opened where: the one description that every verifier follows.
//!
//! The proof is halo2's for a circuit without lookups, opened by SHPLONK, or the same with grouped commitments. Nothing here is a number of the field: the description
//! follows from the constraint system alone, so a verifier in another language is a walk over the same lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::groups::{CommitmentGroup, Grouping, Opening};
use crate::{Column, ConstraintSystem};

/// A polynomial that the verifier knows by a commitment or by its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Polynomial {
    /// A fixed column; the key holds the commitment.
    Fixed(u32),
    /// An advice column.
    Advice(u32),
    /// A column of public values; it has no commitment, the verifier computes its values.
    Instance(u32),
    /// `s_j` of the permutation: where the cells of the `j`-th copied column are mapped to. The key holds the commitment.
    Permutation(u32),
    /// `z_i`, the running product of the `i`-th chunk of copied columns.
    Product(u32),
    /// A random polynomial, which hides the values of the others in the opening.
    Random,
    /// A piece of the quotient: `h(X) = sum_i X^(n i) h_i(X)`.
    Piece(u32),
    /// `sum_i x^(n i) h_i(X)`, whose value at `x` is what the gates demand. It has no commitment of its own, unless commitments
    /// are grouped: then it is `h` itself.
    Quotient,
    /// A group of columns behind one commitment, by its place in [`Grouping::groups`].
    Group(u32),
    /// The opening's quotient `W = sum_s v^s N_s / Z_s`.
    OpeningQuotient,
    /// The opening's last quotient `W'`, of a polynomial that vanishes at `u`, by `X - u`.
    OpeningLast,
}

/// A challenge of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TranscriptChallenge {
    /// The circuit's own, by number.
    Circuit(u32),
    /// Would fold halo2's lookups; drawn and not used.
    Theta,
    /// Folds a cell and its label in the permutation.
    Beta,
    /// Shifts the factors of the permutation's products.
    Gamma,
    /// Folds the gates.
    Y,
    /// Where everything is evaluated.
    X,
    /// Folds the polynomials of one rotation set.
    OpeningY,
    /// Folds the rotation sets.
    OpeningV,
    /// Where the opening's quotient is checked.
    OpeningU,
}

/// The value of a polynomial at `w^rotation x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evaluation {
    /// The polynomial.
    pub polynomial: Polynomial,
    /// Rows below the current one, as the gates name them.
    pub rotation: i32,
}

/// The next thing that happens between prover and verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The proof's next 64 bytes: a commitment.
    Commitment(Polynomial),
    /// The proof's next 32 bytes: a value.
    Evaluation(Evaluation),
    /// The transcript gives a challenge.
    Challenge(TranscriptChallenge),
}

/// Polynomials that are opened at the same points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationSet {
    /// The points `w^rotation x`, each by its rotation nearest to zero, ascending.
    pub rotations: Vec<i32>,
    /// The polynomials, by first mention; the challenge `y` of the opening folds them in this order.
    pub polynomials: Vec<Polynomial>,
}

/// The order of a proof and of its opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Everything after the transcript has absorbed the key's representative and the public values, one word each.
    pub steps: Vec<Step>,
    /// By first mention; the challenge `v` of the opening folds them in this order. None when commitments are grouped.
    pub sets: Vec<RotationSet>,
    /// Which polynomials share a commitment.
    pub grouping: Grouping,
    k: u32,
}

impl Protocol {
    /// The protocol of a circuit of `2^k` rows.
    pub fn new(k: u32, constraints: &ConstraintSystem, opening: Opening) -> Self {
        let grouping = Grouping::new(k, constraints, opening);
        match opening {
            Opening::Shplonk => Self::single(k, constraints, grouping),
            Opening::Grouped { .. } => Self::grouped(k, constraints, grouping),
        }
    }

    /// Commitments: the advice columns phase by phase, each phase followed by its challenges; the permutation's products and the
    /// random polynomial; the pieces of the quotient. Values: the queries of advice and fixed columns, the random polynomial,
    /// the permutation's columns, and of each product the current row, the next one and, for all but the last, the row where
    /// the next product goes on. Two commitments of the opening.
    fn single(k: u32, constraints: &ConstraintSystem, grouping: Grouping) -> Self {
        let values = Values::new(constraints);
        let pieces = (0..constraints.pieces() as u32).map(Polynomial::Piece).collect();
        let mut steps = until_x(constraints, &grouping, |group| group.members.first().copied(), pieces);
        steps.extend(values.shown().map(Step::Evaluation));
        steps.extend([TranscriptChallenge::OpeningY, TranscriptChallenge::OpeningV].map(Step::Challenge));
        steps.extend(OPENING);
        Self { steps, sets: rotation_sets(values.opened(), k), grouping, k }
    }

    /// Commitments: the groups of advice columns phase by phase, each phase followed by its challenges; those of the permutation's
    /// products and the random polynomial; the quotient. Values: every member of every group, those of the key last, at every point
    /// of the group. Two commitments of the opening.
    fn grouped(k: u32, constraints: &ConstraintSystem, grouping: Grouping) -> Self {
        let mut places = (0..).map(Polynomial::Group);
        let mut steps = until_x(constraints, &grouping, |_| places.next(), vec![Polynomial::Quotient]);
        let values = grouping.groups().flat_map(|group| {
            let of = |polynomial: &Polynomial| {
                let polynomial = *polynomial;
                group.rotations.iter().map(move |rotation| Evaluation { polynomial, rotation: *rotation })
            };
            group.members.iter().flat_map(of)
        });
        steps.extend(values.map(Step::Evaluation));
        steps.push(Step::Challenge(TranscriptChallenge::OpeningV));
        steps.extend(OPENING);
        Self { steps, sets: Vec::new(), grouping, k }
    }

    /// Number of points and of scalars in a proof.
    pub fn shape(&self) -> (usize, usize) {
        let count = |of: fn(&Step) -> bool| self.steps.iter().filter(|step| of(step)).count();
        (count(|step| matches!(step, Step::Commitment(_))), count(|step| matches!(step, Step::Evaluation(_))))
    }

    /// Bytes of a proof.
    pub fn proof_length(&self) -> usize {
        let (points, scalars) = self.shape();
        64 * points + 32 * scalars
    }

    /// The rotation nearest to zero that names the same point: rotations count modulo the rows.
    pub fn nearest(&self, rotation: i32) -> i32 {
        nearest(rotation, self.k)
    }
}

/// The opening's two commitments.
const OPENING: [Step; 3] = [
    Step::Commitment(Polynomial::OpeningQuotient),
    Step::Challenge(TranscriptChallenge::OpeningU),
    Step::Commitment(Polynomial::OpeningLast),
];

/// Everything until `x` is drawn; `name` gives the next commitment's name, group by group.
fn until_x(
    constraints: &ConstraintSystem,
    grouping: &Grouping,
    mut name: impl FnMut(&CommitmentGroup) -> Option<Polynomial>,
    quotient: Vec<Polynomial>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut commit = |steps: &mut Vec<Step>, groups: &[CommitmentGroup]| {
        steps.extend(groups.iter().filter_map(&mut name).map(Step::Commitment));
    };
    for (groups, phase) in grouping.advice.iter().zip(0u8..) {
        commit(&mut steps, groups);
        let challenges = (0u32..).zip(&constraints.challenge_phases).filter(|(_, of)| **of == phase);
        steps.extend(challenges.map(|(index, _)| Step::Challenge(TranscriptChallenge::Circuit(index))));
    }
    steps.extend(
        [TranscriptChallenge::Theta, TranscriptChallenge::Beta, TranscriptChallenge::Gamma].map(Step::Challenge),
    );
    commit(&mut steps, &grouping.products);
    steps.push(Step::Challenge(TranscriptChallenge::Y));
    steps.extend(quotient.into_iter().map(Step::Commitment));
    steps.push(Step::Challenge(TranscriptChallenge::X));
    steps
}

/// The row where a permutation product ends and the next one goes on: `w^-(blinding factors + 1)`.
pub fn last_rotation(constraints: &ConstraintSystem) -> i32 {
    -(constraints.blinding_factors() as i32 + 1)
}

/// The values of a proof by what they are of.
struct Values {
    advice: Vec<Evaluation>,
    fixed: Vec<Evaluation>,
    permutation: Vec<Evaluation>,
    products: Vec<Evaluation>,
}

impl Values {
    fn new(constraints: &ConstraintSystem) -> Self {
        let of = |queries: &[crate::Query], column: fn(u32) -> Polynomial| {
            queries
                .iter()
                .map(|query| Evaluation { polynomial: column(query.column), rotation: query.rotation })
                .collect()
        };
        let current = |polynomial| Evaluation { polynomial, rotation: 0 };
        let count = constraints.products() as u32;
        let products = (0..count).flat_map(|index| {
            let at = |rotation| Evaluation { polynomial: Polynomial::Product(index), rotation };
            [at(0), at(1)].into_iter().chain((index + 1 < count).then(|| at(last_rotation(constraints))))
        });
        let permutation = 0..constraints.equality.len() as u32;
        Self {
            advice: of(&constraints.advice_queries, Polynomial::Advice),
            fixed: of(&constraints.fixed_queries, Polynomial::Fixed),
            permutation: permutation.map(Polynomial::Permutation).map(current).collect(),
            products: products.collect(),
        }
    }

    /// In the order of the proof.
    fn shown(&self) -> impl Iterator<Item = Evaluation> {
        let random = [Evaluation { polynomial: Polynomial::Random, rotation: 0 }];
        let columns = self.advice.iter().chain(&self.fixed).copied();
        columns.chain(random).chain(self.permutation.iter().chain(&self.products).copied())
    }

    /// In the order of the opening argument.
    fn opened(&self) -> impl Iterator<Item = Evaluation> {
        let last = [Polynomial::Quotient, Polynomial::Random].map(|polynomial| Evaluation { polynomial, rotation: 0 });
        let lists = [&self.advice, &self.products, &self.fixed, &self.permutation];
        lists.into_iter().flatten().copied().chain(last)
    }
}

/// Groups polynomials by the set of points they are opened at; both polynomials and sets stay in the order of first mention.
fn rotation_sets(opened: impl Iterator<Item = Evaluation>, k: u32) -> Vec<RotationSet> {
    let mut order = Vec::new();
    let mut rotations: BTreeMap<Polynomial, BTreeSet<i32>> = BTreeMap::new();
    for Evaluation { polynomial, rotation } in opened {
        let known = rotations.entry(polynomial).or_insert_with(|| {
            order.push(polynomial);
            BTreeSet::new()
        });
        known.insert(nearest(rotation, k));
    }
    let mut sets: Vec<RotationSet> = Vec::new();
    let mut places: BTreeMap<BTreeSet<i32>, usize> = BTreeMap::new();
    for polynomial in order {
        let set = rotations.remove(&polynomial).unwrap_or_default();
        let ascending = set.iter().copied().collect();
        let place = *places.entry(set).or_insert(sets.len());
        match sets.get_mut(place) {
            Some(known) => known.polynomials.push(polynomial),
            None => sets.push(RotationSet { rotations: ascending, polynomials: vec![polynomial] }),
        }
    }
    sets
}

pub(crate) fn nearest(rotation: i32, k: u32) -> i32 {
    let rows = 1i32 << k;
    let down = rotation.rem_euclid(rows);
    if down > rows / 2 { down - rows } else { down }
}

impl From<Column> for Polynomial {
    fn from(column: Column) -> Self {
        match column {
            Column::Fixed(index) => Self::Fixed(index),
            Column::Advice(index) => Self::Advice(index),
            Column::Instance(index) => Self::Instance(index),
        }
    }
}

impl fmt::Display for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(index) => write!(f, "fixed column {index}"),
            Self::Advice(index) => write!(f, "advice column {index}"),
            Self::Instance(index) => write!(f, "instance column {index}"),
            Self::Permutation(index) => write!(f, "permutation column {index}"),
            Self::Product(index) => write!(f, "permutation product {index}"),
            Self::Random => write!(f, "the random polynomial"),
            Self::Piece(index) => write!(f, "piece {index} of the quotient"),
            Self::Quotient => write!(f, "the quotient"),
            Self::Group(index) => write!(f, "group {index}"),
            Self::OpeningQuotient => write!(f, "the opening's quotient"),
            Self::OpeningLast => write!(f, "the opening's last quotient"),
        }
    }
}
