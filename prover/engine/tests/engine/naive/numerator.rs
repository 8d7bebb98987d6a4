//! [`Wide`]: the numerator of the quotient, evaluated identity by identity.

use assay_halo2::convert::scalar_from_ark;
use assay_verifier::{Expression, ExpressionNode};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::{Circuit, Columns, Poly, interpolate, root, transform};

/// The numerator of the quotient, as values on a domain larger than its degree.
pub(super) struct Wide<'a> {
    circuit: &'a Circuit<'a>,
    k: u32,
    columns: Columns,
    challenges: Vec<Fr>,
    beta_gamma: (Fr, Fr),
}

impl<'a> Wide<'a> {
    pub(super) fn new(circuit: &'a Circuit<'a>, polys: &Columns, challenges: Vec<Fr>, beta_gamma: (Fr, Fr)) -> Self {
        let k = circuit.k + circuit.constraints.minimum_degree.next_power_of_two().ilog2();
        Self { circuit, k, columns: polys.map(|poly| widened(poly, k)), challenges, beta_gamma }
    }

    /// One value for each point.
    fn each(&self, value: &(dyn Fn(usize) -> Fr + Sync)) -> Vec<Fr> {
        (0..1usize << self.k).into_par_iter().map(value).collect()
    }

    fn turned(&self, values: &[Fr], rotation: i32) -> Vec<Fr> {
        let n = values.len() as i64;
        let by = (i64::from(rotation) << (self.k - self.circuit.k)).rem_euclid(n) as usize;
        [&values[by..], &values[..by]].concat()
    }

    /// 1 in some rows.
    fn indicator(&self, rows: std::ops::Range<usize>) -> Vec<Fr> {
        let values: Vec<Fr> = (0..self.circuit.n()).map(|row| Fr::from(u64::from(rows.contains(&row)))).collect();
        widened(&interpolate(&values, self.circuit.k), self.k)
    }

    /// Coefficients of all identities, folded by `y`.
    pub(super) fn numerator(&self, y: Fr) -> Poly {
        let gates = self.circuit.constraints.gates.iter().flat_map(|gate| &gate.polynomials);
        let mut terms: Vec<Vec<Fr>> = gates.map(|polynomial| self.gate(polynomial)).collect();
        terms.extend(self.permutation());
        let zero = vec![Fr::ZERO; 1 << self.k];
        let folded = terms.iter().fold(zero, |sum, term| self.each(&|i| sum[i] * y + term[i]));
        interpolate(&folded, self.k)
    }

    fn gate(&self, expression: &Expression) -> Vec<Fr> {
        let same = |value: Fr| vec![value; 1 << self.k];
        let leaf = |node: &ExpressionNode| {
            Ok(match *node {
                ExpressionNode::Constant(ref value) => same(scalar_from_ark(value)),
                ExpressionNode::Challenge(i) => same(self.challenges[i as usize]),
                ExpressionNode::Fixed { column, rotation } => {
                    self.turned(&self.columns.fixed[column as usize], rotation)
                }
                ExpressionNode::Advice { column, rotation } => {
                    self.turned(&self.columns.advice[column as usize], rotation)
                }
                ExpressionNode::Instance { rotation, .. } => self.turned(&self.columns.instance, rotation),
                _ => unreachable!("an operation is no operand"),
            })
        };
        let apply = |node: &ExpressionNode, a: Vec<Fr>, b: Option<Vec<Fr>>| {
            Ok(match (node, b) {
                (ExpressionNode::Add, Some(b)) => self.each(&|i| a[i] + b[i]),
                (ExpressionNode::Multiply, Some(b)) => self.each(&|i| a[i] * b[i]),
                (ExpressionNode::Scale(factor), _) => {
                    let factor = scalar_from_ark(factor);
                    self.each(&|i| a[i] * factor)
                }
                _ => self.each(&|i| -a[i]),
            })
        };
        expression.fold(leaf, apply).unwrap()
    }

    /// The identities of the permutation's products.
    fn permutation(&self) -> Vec<Vec<Fr>> {
        let (n, blinds) = (self.circuit.n(), self.circuit.blinding_factors());
        let (usable, (beta, gamma), products) = (n - blinds - 1, self.beta_gamma, &self.columns.products);
        let (first, last) = (self.indicator(0..1), self.indicator(usable..usable + 1));
        let closed = self.indicator(usable..n);
        let mut terms = Vec::new();
        if let (Some(z), Some(end)) = (products.first(), products.last()) {
            terms.push(self.each(&|i| first[i] * (Fr::ONE - z[i])));
            terms.push(self.each(&|i| last[i] * (end[i].square() - end[i])));
        }
        for pair in products.windows(2) {
            let before = self.turned(&pair[0], -(blinds as i32 + 1));
            terms.push(self.each(&|i| first[i] * (pair[1][i] - before[i])));
        }
        let x = widened(&[Fr::ZERO, Fr::ONE], self.k);
        for (z, chunk) in products.iter().zip(self.circuit.copied()) {
            let (mut left, mut right) = (self.turned(z, 1), z.clone());
            for index in chunk {
                let column = self.columns.of(self.circuit.constraints.equality[index]);
                let (sigma, delta) = (&self.columns.sigma[index], self.circuit.label((index, 0)));
                left = self.each(&|i| left[i] * (column[i] + beta * sigma[i] + gamma));
                right = self.each(&|i| right[i] * (column[i] + beta * delta * x[i] + gamma));
            }
            terms.push(self.each(&|i| (Fr::ONE - closed[i]) * (left[i] - right[i])));
        }
        terms
    }
}

/// Values of a polynomial at the `2^k`-th roots of unity.
fn widened(poly: &[Fr], k: u32) -> Vec<Fr> {
    transform(&[poly, &vec![Fr::ZERO; (1 << k) - poly.len()]].concat(), root(k))
}
