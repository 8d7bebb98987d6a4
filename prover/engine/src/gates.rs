//! The polynomials that must vanish in every row, over numbered columns: the circuit's gates, then the permutation argument.

use std::collections::BTreeSet;

use assay_verifier::protocol::last_rotation;
use assay_verifier::{self as verifier, ConstraintSystem, ExpressionNode, VerifyError};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::permutation::Permutation;
use crate::polynomial::{GatePolynomial, Source};

/// Where each kind of column begins in the list that the quotient reads.
#[derive(Clone, Copy, Debug)]
pub struct Numbering {
    fixed: usize,
    advice: usize,
    instance: usize,
    /// Differences of the permutation's columns from `delta^j X`.
    moves: usize,
    /// Permutation products.
    products: usize,
    /// 1 in the first row.
    first_row: usize,
    /// 1 in the row where the products end.
    last_row: usize,
    /// 1 in that row and in the rows of blinds.
    closed: usize,
    /// The polynomial `X`.
    pub identity: Source,
}

impl Numbering {
    /// The numbering of a circuit's columns: fixed, advice, instance, moves, products, first row, last row, closed rows, `X`.
    pub fn new(constraints: &ConstraintSystem) -> Self {
        let advice = constraints.fixed_columns as usize;
        let instance = advice + constraints.advice_phases.len();
        let moves = instance + constraints.instance_columns as usize;
        let products_at = moves + constraints.equality.len();
        let first_row = products_at + constraints.products();
        Self {
            fixed: 0,
            advice,
            instance,
            moves,
            products: products_at,
            first_row,
            last_row: first_row + 1,
            closed: first_row + 2,
            identity: first_row + 3,
        }
    }

    /// The columns that are the same in every proof of a key, where they begin: fixed columns, moves, rows.
    pub fn constant(&self) -> [std::ops::Range<Source>; 3] {
        [self.fixed..self.advice, self.moves..self.products, self.first_row..self.identity]
    }

    fn of(&self, column: verifier::Column) -> Source {
        match column {
            verifier::Column::Fixed(i) => self.fixed + i as usize,
            verifier::Column::Advice(i) => self.advice + i as usize,
            verifier::Column::Instance(i) => self.instance + i as usize,
        }
    }
}

/// [`gates`] at challenges from a fixed seed: of the same form as at any others.
///
/// # Errors
/// A malformed expression.
pub fn typical_gates(constraints: &ConstraintSystem, zero: &BTreeSet<u32>) -> Result<Vec<GatePolynomial>, VerifyError> {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let challenges: Vec<Fr> = constraints.challenge_phases.iter().map(|_| Fr::random(&mut rng)).collect();
    let pair = (Fr::random(&mut rng), Fr::random(&mut rng));
    gates(constraints, zero, &challenges, pair, Fr::random(&mut rng))
}

/// Every gate in halo2's order, scaled by its power of `y`: their sum is what the quotient divides. Nothing reads the fixed columns that
/// are `zero`, because a network has no use for them.
///
/// # Errors
/// A malformed expression.
pub fn gates(
    constraints: &ConstraintSystem,
    zero: &BTreeSet<u32>,
    challenges: &[Fr],
    (beta, gamma): (Fr, Fr),
    y: Fr,
) -> Result<Vec<GatePolynomial>, VerifyError> {
    let number = Numbering::new(constraints);
    let leaf = |node: &ExpressionNode| match *node {
        ExpressionNode::Fixed { column, .. } if zero.contains(&column) => Some(GatePolynomial::default()),
        ExpressionNode::Fixed { column, rotation } => {
            Some(GatePolynomial::cell(number.of(verifier::Column::Fixed(column)), rotation))
        }
        ExpressionNode::Advice { column, rotation } => {
            Some(GatePolynomial::cell(number.of(verifier::Column::Advice(column)), rotation))
        }
        ExpressionNode::Instance { column, rotation } => {
            Some(GatePolynomial::cell(number.of(verifier::Column::Instance(column)), rotation))
        }
        ExpressionNode::Challenge(i) => challenges.get(i as usize).map(|value| GatePolynomial::constant(*value)),
        _ => None,
    };
    let network = constraints.gates.iter().flat_map(|gate| &gate.polynomials);
    let mut all = network.map(|polynomial| GatePolynomial::new(polynomial, leaf)).collect::<Result<Vec<_>, _>>()?;
    all.extend(permutation_gates(constraints, &number, beta, gamma));
    let mut power = Fr::ONE;
    for gate in all.iter_mut().rev() {
        *gate = std::mem::take(gate).scaled(power);
        power *= y;
    }
    Ok(all)
}

/// The permutation argument (PLONK with halo2's chunks of columns) in halo2's order: the first product starts at 1; the last
/// ends at 0 or 1; each goes on where the one before ended; each steps by the ratio of its columns in every open row.
fn permutation_gates(constraints: &ConstraintSystem, at: &Numbering, beta: Fr, gamma: Fr) -> Vec<GatePolynomial> {
    let one = || GatePolynomial::constant(Fr::ONE);
    let minus = |p: GatePolynomial| p.scaled(-Fr::ONE);
    let cell = GatePolynomial::cell;
    let products = at.products..at.first_row;
    let last_rotation = last_rotation(constraints);
    let mut gates = Vec::new();
    let (Some(first), Some(last)) = (products.clone().next(), products.clone().last()) else { return gates };
    gates.push(cell(at.first_row, 0) * (one() + minus(cell(first, 0))));
    gates.push(cell(at.last_row, 0) * (cell(last, 0) * (cell(last, 0) + minus(one()))));
    for product in products.clone().skip(1) {
        gates.push(cell(at.first_row, 0) * (cell(product, 0) + minus(cell(product - 1, last_rotation))));
    }
    let width = constraints.chunk();
    for (chunk, product) in products.enumerate() {
        let columns = constraints.equality.iter().enumerate().skip(chunk * width).take(width);
        let (mut left, mut right) = (cell(product, 1), cell(product, 0));
        for (index, column) in columns {
            let label = cell(at.identity, 0).scaled(beta * Permutation::delta(index));
            let identity = cell(at.of(*column), 0) + label + GatePolynomial::constant(gamma);
            left = left * (identity.clone() + cell(at.moves + index, 0).scaled(beta));
            right = right * identity;
        }
        gates.push((one() + minus(cell(at.closed, 0))) * (left + minus(right)));
    }
    gates
}
