//! Keys of any shape, and proofs that they accept: the SRS's secret is known here, and whoever knows it can forge.

use std::collections::{BTreeMap, BTreeSet};

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, UniformRand as _};
use assay_verifier::constraints::MAX_QUERIES_A_COLUMN;
use assay_verifier::encoding::{g1_to_bytes, scalar_to_bytes};
use assay_verifier::protocol::{Polynomial, Step};
use assay_verifier::{
    Column, ConstraintSystem, Expression, ExpressionNode, Grouping, Instances, KeyParts, NamedGate, Opening, Proof,
    Query, SrsPoint, Verifier, VerifyError, VerifyingKey,
};
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// The SRS's secret.
const SECRET: u64 = 4_711;

/// A key, and the logarithms of its commitments.
pub(crate) struct Shaped {
    pub(crate) key: VerifyingKey,
    logarithms: BTreeMap<[[u8; 32]; 2], Fr>,
}

/// What a shape is made of; what is not named is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) k: u32,
    pub(crate) instances: usize,
    pub(crate) instance_queries: usize,
    pub(crate) advice: usize,
    /// Different rotations of all columns but that of public values; the first advice column has as many of them as it may.
    pub(crate) rotations: usize,
    pub(crate) fixed: usize,
    pub(crate) copied: usize,
    pub(crate) gates: usize,
    /// Leaves of a gate's polynomial.
    pub(crate) leaves: usize,
    pub(crate) challenges: usize,
    pub(crate) degree: u32,
    /// Columns behind a commitment; SHPLONK has none.
    pub(crate) width: Option<u32>,
}

impl Sizes {
    /// Sizes of a small circuit, drawn by a seed.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let advice = rng.gen_range(1..14);
        let fixed = rng.gen_range(0..14);
        let degree = rng.gen_range(3..7);
        Self {
            k: rng.gen_range(8..=25),
            instances: rng.gen_range(1..60),
            instance_queries: rng.gen_range(0..=16),
            advice,
            rotations: rng.gen_range(1..8),
            fixed,
            copied: rng.gen_range(0..=advice + fixed),
            gates: rng.gen_range(1..10),
            leaves: rng.gen_range(1..12),
            challenges: rng.gen_range(0..5),
            degree,
            width: rng.r#gen::<bool>().then(|| rng.gen_range((degree - 1).max(2)..9)),
        }
    }
}

impl Shaped {
    /// A key of these sizes; which cells its gates read, and its commitments, are drawn by a seed.
    pub(crate) fn new(sizes: &Sizes, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let constraints = constraints(sizes, &mut rng);
        let opening = sizes.width.map_or(Opening::Shplonk, |width| Opening::Grouped { width });
        let groups = Grouping::new(sizes.k, &constraints, opening).key.len();
        let (commitments, logarithms) =
            (0..groups).map(|_| point(&mut rng)).map(|(p, log)| (p, (g1_to_bytes(&p), log))).unzip();
        let parts = KeyParts {
            k: sizes.k,
            instances: sizes.instances,
            constraints,
            opening,
            commitments,
            representative: Fr::rand(&mut rng),
            graph_digest: [9; 32],
            srs: SrsPoint { s_g2: (G2Affine::generator() * Fr::from(SECRET)).into_affine() },
        };
        Self { key: VerifyingKey::new(parts).unwrap(), logarithms }
    }

    /// Public values, and a proof that the key accepts for them: of words that mean nothing, but for the last point, which solves the
    /// verifier's equation.
    pub(crate) fn forged(&self, seed: u64) -> (Instances, Proof) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let instances: Vec<Fr> = (0..self.key.instances()).map(|_| Fr::rand(&mut rng)).collect();
        let instances = Instances::from(instances);
        let mut logarithms = self.logarithms.clone();
        logarithms.insert(g1_to_bytes(&G1Affine::generator()), Fr::ONE);
        let mut bytes = Vec::new();
        for step in &self.key.protocol().steps {
            match step {
                Step::Commitment(_) => {
                    let (point, logarithm) = point(&mut rng);
                    logarithms.insert(g1_to_bytes(&point), logarithm);
                    bytes.extend(g1_to_bytes(&point).concat());
                }
                Step::Evaluation(_) => bytes.extend(scalar_to_bytes(&Fr::rand(&mut rng))),
                Step::Challenge(_) => {}
            }
        }
        assert_eq!(self.key.protocol().steps.last(), Some(&Step::Commitment(Polynomial::OpeningLast)));
        let mut proof = Proof { key_digest: self.key.digest(), bytes };
        let verifier = Verifier::new(&self.key).unwrap();
        assert!(matches!(verifier.verify(&instances, &proof), Err(VerifyError::Invalid)));
        // With e the equation's other terms: s Q = e + u Q.
        let equation = verifier.equation(&instances, &proof).unwrap();
        let (mut others, mut u) = (Fr::ZERO, Fr::ZERO);
        for (point, scale) in &equation.terms {
            if *point == equation.left { u += scale } else { others += logarithms[&g1_to_bytes(point)] * scale }
        }
        let last = G1Affine::generator() * (others * (Fr::from(SECRET) - u).inverse().unwrap());
        let at = proof.bytes.len() - 64;
        proof.bytes[at..].copy_from_slice(&g1_to_bytes(&last.into_affine()).concat());
        verifier.verify(&instances, &proof).unwrap();
        (instances, proof)
    }
}

fn point(rng: &mut ChaCha20Rng) -> (G1Affine, Fr) {
    let logarithm = Fr::rand(rng);
    ((G1Affine::generator() * logarithm).into_affine(), logarithm)
}

/// Zero, and others of those given.
fn rotations(count: usize, pool: &[i32], rng: &mut ChaCha20Rng) -> BTreeSet<i32> {
    pool.choose_multiple(rng, count.saturating_sub(1)).copied().chain([0]).collect()
}

fn constraints(sizes: &Sizes, rng: &mut ChaCha20Rng) -> ConstraintSystem {
    let mut nearby: Vec<i32> = (-20..=20).filter(|rotation| *rotation != 0).collect();
    nearby.shuffle(rng);
    let pool = nearby.split_off(nearby.len() - sizes.rotations.saturating_sub(1));
    let mut queries = |columns: usize, pool: &[i32], rotations_of: &dyn Fn(usize) -> usize| -> Vec<Query> {
        let of = |column: usize| {
            let own = rotations(rotations_of(column), pool, rng);
            own.into_iter().map(move |rotation| Query { column: column as u32, rotation })
        };
        (0..columns).flat_map(of).collect()
    };
    let most = MAX_QUERIES_A_COLUMN;
    let advice_queries = queries(sizes.advice, &pool, &|column| if column == 0 { most } else { 1 + column % 3 });
    let fixed_queries = queries(sizes.fixed, &pool, &|column| 1 + usize::from(column % 5 == 4));
    let instance_queries =
        if sizes.instance_queries == 0 { Vec::new() } else { queries(1, &nearby, &|_| sizes.instance_queries) };
    let mut columns: Vec<Column> = (0..sizes.advice as u32).map(Column::Advice).collect();
    columns.extend((0..sizes.fixed as u32).map(Column::Fixed));
    columns.extend((sizes.instance_queries > 0).then_some(Column::Instance(0)));
    columns.shuffle(rng);
    columns.truncate(sizes.copied);
    let mut constraints = ConstraintSystem {
        fixed_columns: sizes.fixed as u32,
        advice_phases: (0..sizes.advice).map(|column| u8::from(2 * column > sizes.advice)).collect(),
        challenge_phases: vec![0; sizes.challenges],
        instance_columns: 1,
        fixed_queries,
        advice_queries,
        instance_queries,
        gates: Vec::new(),
        equality: columns,
        constants: Vec::new(),
        minimum_degree: sizes.degree,
    };
    let gate = |index: usize| {
        let polynomial = polynomial(&constraints, sizes, rng);
        NamedGate { name: format!("gate {index}"), polynomials: vec![polynomial] }
    };
    constraints.gates = (0..sizes.gates).map(gate).collect();
    constraints
}

/// A sum of products of cells, challenges and numbers.
fn polynomial(constraints: &ConstraintSystem, sizes: &Sizes, rng: &mut ChaCha20Rng) -> Expression {
    let cells: Vec<ExpressionNode> = constraints
        .queries()
        .map(|(column, rotation)| match column {
            Column::Fixed(column) => ExpressionNode::Fixed { column, rotation },
            Column::Advice(column) => ExpressionNode::Advice { column, rotation },
            Column::Instance(column) => ExpressionNode::Instance { column, rotation },
        })
        .collect();
    let mut nodes = Vec::new();
    let mut left = sizes.leaves.max(1);
    while left > 0 {
        let factors = rng.gen_range(1..=left.min(sizes.degree as usize));
        left -= factors;
        let first = nodes.is_empty();
        for factor in 0..factors {
            nodes.push(match rng.gen_range(0..8) {
                0 if sizes.challenges > 0 => ExpressionNode::Challenge(rng.gen_range(0..sizes.challenges as u32)),
                1 => ExpressionNode::Constant(Fr::rand(rng)),
                _ => cells[rng.gen_range(0..cells.len())].clone(),
            });
            if rng.gen_ratio(1, 6) {
                nodes.push(if rng.r#gen() { ExpressionNode::Negate } else { ExpressionNode::Scale(Fr::rand(rng)) });
            }
            if factor > 0 {
                nodes.push(if rng.gen_ratio(1, 5) { ExpressionNode::Add } else { ExpressionNode::Multiply });
            }
        }
        if !first {
            nodes.push(if rng.gen_ratio(1, 40) { ExpressionNode::Negate } else { ExpressionNode::Add });
            if nodes.last() == Some(&ExpressionNode::Negate) {
                nodes.push(ExpressionNode::Add);
            }
        }
    }
    Expression::new(nodes)
}
