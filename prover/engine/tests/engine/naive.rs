//! halo2's PLONK prover over KZG with SHPLONK, spelled out in coefficients: nothing of the engine is used.
//!
//! The quotient is the long division of the whole numerator by `X^n - 1`; openings are long divisions; a commitment is the
//! sum of coefficients times powers of the SRS. Randomness is drawn in the order that the engine's `create_proof` documents.

mod numerator;

use std::collections::{BTreeMap, BTreeSet};

use assay_verifier::{Column, ConstraintSystem};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{BatchInvert, Field, PrimeField};
use halo2curves::group::Curve;
use rand::RngCore;
use rayon::prelude::*;

use numerator::Wide;

/// A cell by its column and row.
pub(crate) type Cell = (Column, usize);
/// Coefficients, from the constant on.
type Poly = Vec<Fr>;

/// The columns of a phase, given the challenges drawn so far.
type Fill<'a> = dyn Fn(u8, &[Fr]) -> Vec<Vec<Fr>> + 'a;

/// A circuit as plain vectors.
pub(crate) struct Circuit<'a> {
    pub(crate) k: u32,
    pub(crate) constraints: &'a ConstraintSystem,
    /// `n` rows or fewer; the rest is zero.
    pub(crate) fixed: &'a [Vec<Fr>],
    pub(crate) copies: &'a [(Cell, Cell)],
    /// `[s^i]_1`.
    pub(crate) powers: &'a [G1Affine],
}

/// Every column of a proof: values over the rows, coefficients, or values on a larger domain.
struct Columns {
    fixed: Vec<Vec<Fr>>,
    advice: Vec<Vec<Fr>>,
    instance: Vec<Fr>,
    sigma: Vec<Vec<Fr>>,
    products: Vec<Vec<Fr>>,
}

impl Columns {
    fn of(&self, column: Column) -> &[Fr] {
        match column {
            Column::Fixed(i) => &self.fixed[i as usize],
            Column::Advice(i) => &self.advice[i as usize],
            Column::Instance(_) => &self.instance,
        }
    }

    fn map(&self, of: impl Fn(&[Fr]) -> Vec<Fr> + Sync) -> Self {
        let all = |columns: &[Vec<Fr>]| columns.par_iter().map(|column| of(column)).collect::<Vec<_>>();
        Self {
            fixed: all(&self.fixed),
            advice: all(&self.advice),
            instance: of(&self.instance),
            sigma: all(&self.sigma),
            products: all(&self.products),
        }
    }
}

/// The primitive `2^k`-th root of unity.
fn root(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// `out_i = sum_j values_j root^(i j)`, by halves.
fn transform(values: &[Fr], root: Fr) -> Vec<Fr> {
    if values.len() == 1 {
        return values.to_vec();
    }
    let half = |offset| transform(&values.iter().skip(offset).step_by(2).copied().collect::<Vec<_>>(), root.square());
    let (even, odd) = (half(0), half(1));
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power * root));
    powers.take(values.len()).enumerate().map(|(i, p)| even[i % even.len()] + p * odd[i % odd.len()]).collect()
}

/// The polynomial with these values at the `2^k`-th roots of unity; missing values are zero.
fn interpolate(values: &[Fr], k: u32) -> Poly {
    let mut values = values.to_vec();
    values.resize(1 << k, Fr::ZERO);
    let inverse = Fr::from(1 << k).invert().unwrap();
    transform(&values, root(k).invert().unwrap()).into_iter().map(|c| c * inverse).collect()
}

fn evaluate(poly: &[Fr], x: Fr) -> Fr {
    poly.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}

fn commit(poly: &[Fr], powers: &[G1Affine]) -> G1Affine {
    halo2_proofs::arithmetic::best_multiexp(poly, &powers[..poly.len()]).to_affine()
}

fn add_scaled(to: &mut Poly, scale: Fr, poly: &[Fr]) {
    to.resize(to.len().max(poly.len()), Fr::ZERO);
    to.iter_mut().zip(poly).for_each(|(a, b)| *a += scale * b);
}

/// `p * (X - root)`.
fn times(poly: &[Fr], root: Fr) -> Poly {
    let mut product = vec![Fr::ZERO; poly.len() + 1];
    for (i, c) in poly.iter().enumerate() {
        product[i + 1] += c;
        product[i] -= root * c;
    }
    product
}

/// `p / (X - root)`; the division must be exact.
fn divide(poly: &[Fr], root: Fr) -> Poly {
    let mut quotient = vec![Fr::ZERO; poly.len()];
    let mut carry = Fr::ZERO;
    for (i, c) in poly.iter().enumerate().rev() {
        quotient[i] = carry;
        carry = carry * root + c;
    }
    assert_eq!(carry, Fr::ZERO, "the root is one");
    quotient
}

/// The polynomial of least degree through these points.
fn through(points: &BTreeMap<Fr, Fr>) -> Poly {
    let mut sum = vec![Fr::ZERO];
    for (x, y) in points {
        let others: Vec<Fr> = points.keys().filter(|other| *other != x).copied().collect();
        let basis = others.iter().fold(vec![Fr::ONE], |product, other| times(&product, *other));
        let scale = y * evaluate(&basis, *x).invert().unwrap();
        add_scaled(&mut sum, scale, &basis);
    }
    sum
}

impl Circuit<'_> {
    fn n(&self) -> usize {
        1 << self.k
    }

    /// Rows of blinds at the end of a permutation product; advice columns have one more.
    fn blinding_factors(&self) -> usize {
        let queries = &self.constraints.advice_queries;
        let of_column = |column: usize| queries.iter().filter(|query| query.column as usize == column).count();
        let most = (0..self.constraints.advice_phases.len()).map(of_column).max().unwrap_or(1);
        most.max(3) + 2
    }

    fn label(&self, (column, row): (usize, usize)) -> Fr {
        Fr::DELTA.pow_vartime([column as u64]) * root(self.k).pow_vartime([row as u64])
    }

    /// Values of the permutation's columns. Cycles are merged cell by cell, the smaller renamed, as halo2 does it.
    pub(crate) fn sigma(&self) -> Vec<Vec<Fr>> {
        let columns = self.constraints.equality.len();
        let identity: Vec<Vec<(usize, usize)>> =
            (0..columns).map(|column| (0..self.n()).map(|row| (column, row)).collect()).collect();
        let (mut mapping, mut cycle) = (identity.clone(), identity);
        let mut sizes = vec![vec![1usize; self.n()]; columns];
        let place = |cell: Cell| (self.constraints.equality.iter().position(|c| *c == cell.0).unwrap(), cell.1);
        for (left, right) in self.copies {
            let (left, right) = (place(*left), place(*right));
            let (mut kept, mut merged) = (cycle[left.0][left.1], cycle[right.0][right.1]);
            if kept == merged {
                continue;
            }
            if sizes[kept.0][kept.1] < sizes[merged.0][merged.1] {
                std::mem::swap(&mut kept, &mut merged);
            }
            sizes[kept.0][kept.1] += sizes[merged.0][merged.1];
            let mut cell = merged;
            loop {
                cycle[cell.0][cell.1] = kept;
                cell = mapping[cell.0][cell.1];
                if cell == merged {
                    break;
                }
            }
            let swapped = mapping[left.0][left.1];
            mapping[left.0][left.1] = mapping[right.0][right.1];
            mapping[right.0][right.1] = swapped;
        }
        mapping.iter().map(|column| column.iter().map(|cell| self.label(*cell)).collect()).collect()
    }

    /// Commitments to the fixed columns and to the permutation's.
    pub(crate) fn commitments(&self) -> [Vec<G1Affine>; 2] {
        let commit = |values: &Vec<Fr>| commit(&interpolate(values, self.k), self.powers);
        [self.fixed.iter().map(commit).collect(), self.sigma().iter().map(commit).collect()]
    }

    /// Writes a proof; `witness` gives the columns of a phase without their last `blinding_factors + 1` rows.
    pub(crate) fn prove<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        representative: Fr,
        witness: &Fill<'_>,
        instances: &[Fr],
        mut rng: impl RngCore,
        transcript: &mut T,
    ) {
        transcript.common_scalar(representative).unwrap();
        for value in instances {
            transcript.common_scalar(*value).unwrap();
        }
        let (advice, challenges) = self.advice(witness, &mut rng, transcript);
        let padded = |column: &[Fr]| [column, &vec![Fr::ZERO; self.n() - column.len()]].concat();
        let _theta = *transcript.squeeze_challenge_scalar::<()>();
        let mut columns = Columns {
            fixed: self.fixed.iter().map(|column| padded(column)).collect(),
            advice,
            instance: padded(instances),
            sigma: self.sigma(),
            products: Vec::new(),
        };
        let (beta, gamma) =
            (*transcript.squeeze_challenge_scalar::<()>(), *transcript.squeeze_challenge_scalar::<()>());
        columns.products = self.products(&columns, (beta, gamma), &mut rng, transcript);

        // The random polynomial `a + b X`.
        let random = vec![Fr::random(&mut rng), Fr::random(&mut rng)];
        transcript.write_point(commit(&random, self.powers)).unwrap();
        let y = *transcript.squeeze_challenge_scalar::<()>();
        let polys = columns.map(|values| interpolate(values, self.k));
        let numerator = Wide::new(self, &polys, challenges, (beta, gamma)).numerator(y);
        let h = self.quotient(numerator);
        let _unused: Vec<Fr> = h.chunks(self.n()).map(|_| Fr::random(&mut rng)).collect();
        for piece in h.chunks(self.n()) {
            transcript.write_point(commit(piece, self.powers)).unwrap();
        }
        self.show(&polys, &random, &h, transcript);
    }

    /// Advice, phase by phase, and the challenges between.
    fn advice<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        witness: &Fill<'_>,
        mut rng: impl RngCore,
        transcript: &mut T,
    ) -> (Vec<Vec<Fr>>, Vec<Fr>) {
        let (n, cs) = (self.n(), self.constraints);
        let usable = n - self.blinding_factors() - 1;
        let mut advice = vec![Vec::new(); cs.advice_phases.len()];
        let mut challenges = vec![Fr::ZERO; cs.challenge_phases.len()];
        for phase in 0..=*cs.advice_phases.iter().max().unwrap() {
            let mut columns = witness(phase, &challenges);
            for column in &mut columns {
                column.resize(usable, Fr::ZERO);
                column.extend((usable..n).map(|_| Fr::random(&mut rng)));
            }
            let _unused: Vec<Fr> = columns.iter().map(|_| Fr::random(&mut rng)).collect();
            for column in &columns {
                transcript.write_point(commit(&interpolate(column, self.k), self.powers)).unwrap();
            }
            let slots = advice.iter_mut().zip(&cs.advice_phases).filter(|(_, p)| **p == phase);
            slots.zip(columns).for_each(|((slot, _), column)| *slot = column);
            for (challenge, _) in challenges.iter_mut().zip(&cs.challenge_phases).filter(|(_, p)| **p == phase) {
                *challenge = *transcript.squeeze_challenge_scalar::<()>();
            }
        }
        (advice, challenges)
    }

    /// Copied columns by the product that takes them in.
    fn copied(&self) -> Vec<Vec<usize>> {
        let all: Vec<usize> = (0..self.constraints.equality.len()).collect();
        all.chunks(self.constraints.minimum_degree as usize - 2).map(<[usize]>::to_vec).collect()
    }

    /// Permutation products, row by row.
    fn products<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        columns: &Columns,
        (beta, gamma): (Fr, Fr),
        mut rng: impl RngCore,
        transcript: &mut T,
    ) -> Vec<Vec<Fr>> {
        let blinds = self.blinding_factors();
        let usable = self.n() - blinds - 1;
        let mut products: Vec<Vec<Fr>> = Vec::new();
        for chunk in self.copied() {
            let mut z = vec![products.last().map_or(Fr::ONE, |previous| previous[usable])];
            for row in 0..usable {
                let (mut numerator, mut denominator) = (z[row], vec![Fr::ONE]);
                for &index in &chunk {
                    let value = columns.of(self.constraints.equality[index])[row] + gamma;
                    numerator *= value + beta * self.label((index, row));
                    denominator[0] *= value + beta * columns.sigma[index][row];
                }
                denominator.batch_invert();
                z.push(numerator * denominator[0]);
            }
            z.extend((0..blinds).map(|_| Fr::random(&mut rng)));
            let _unused = Fr::random(&mut rng);
            transcript.write_point(commit(&interpolate(&z, self.k), self.powers)).unwrap();
            products.push(z);
        }
        products
    }

    /// `numerator / (X^n - 1)`, of as many pieces as the degree asks for.
    fn quotient(&self, mut numerator: Poly) -> Poly {
        let n = self.n();
        let mut h = vec![Fr::ZERO; numerator.len()];
        for i in (n..numerator.len()).rev() {
            h[i - n] = numerator[i];
            let carry = numerator[i];
            numerator[i - n] += carry;
        }
        assert!(numerator[..n].iter().all(|c| *c == Fr::ZERO), "the witness satisfies the circuit");
        let rest = h.split_off((self.constraints.minimum_degree as usize - 1) * n);
        assert!(rest.iter().all(|c| *c == Fr::ZERO), "the degree is the system's");
        h
    }

    /// Values at x, in the order of the transcript, and their opening.
    fn show<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        polys: &Columns,
        random: &Poly,
        h: &[Fr],
        transcript: &mut T,
    ) {
        let (n, omega, cs) = (self.n(), root(self.k), self.constraints);
        let x = *transcript.squeeze_challenge_scalar::<()>();
        let at = |rotation: i32| x * omega.pow_vartime([rotation.rem_euclid(n as i32) as u64]);
        let mut write = |poly: &[Fr], rotation: i32| transcript.write_scalar(evaluate(poly, at(rotation))).unwrap();
        for q in &cs.advice_queries {
            write(&polys.advice[q.column as usize], q.rotation);
        }
        for q in &cs.fixed_queries {
            write(&polys.fixed[q.column as usize], q.rotation);
        }
        write(random, 0);
        for poly in &polys.sigma {
            write(poly, 0);
        }
        let last_rotation = -(self.blinding_factors() as i32 + 1);
        for (index, poly) in polys.products.iter().enumerate() {
            write(poly, 0);
            write(poly, 1);
            if index + 1 < polys.products.len() {
                write(poly, last_rotation);
            }
        }
        let mut h_at_x = Vec::new();
        let x_to_n = x.pow_vartime([n as u64]);
        for piece in h.chunks(n).rev() {
            h_at_x = h_at_x.into_iter().map(|c: Fr| c * x_to_n).collect();
            add_scaled(&mut h_at_x, Fr::ONE, piece);
        }

        // The queries in the verifier's order.
        let mut queries: Vec<(&Poly, Fr)> = Vec::new();
        queries.extend(cs.advice_queries.iter().map(|q| (&polys.advice[q.column as usize], at(q.rotation))));
        queries.extend(polys.products.iter().flat_map(|poly| [(poly, at(0)), (poly, at(1))]));
        queries.extend(polys.products.iter().rev().skip(1).map(|poly| (poly, at(last_rotation))));
        queries.extend(cs.fixed_queries.iter().map(|q| (&polys.fixed[q.column as usize], at(q.rotation))));
        queries.extend(polys.sigma.iter().map(|poly| (poly, at(0))));
        queries.extend([(&h_at_x, at(0)), (random, at(0))]);
        self.open(&queries, transcript);
    }

    /// SHPLONK for these polynomials at these points.
    fn open<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        queries: &[(&Poly, Fr)],
        transcript: &mut T,
    ) {
        let mut points: Vec<(&Poly, BTreeSet<Fr>)> = Vec::new();
        for (poly, point) in queries {
            match points.iter_mut().find(|(known, _)| std::ptr::eq(*known, *poly)) {
                Some((_, known)) => assert!(known.insert(*point), "no query is made twice"),
                None => points.push((poly, BTreeSet::from([*point]))),
            }
        }
        let mut groups: Vec<(BTreeSet<Fr>, Vec<&Poly>)> = Vec::new();
        for (poly, points) in points {
            match groups.iter_mut().find(|(known, _)| *known == points) {
                Some((_, members)) => members.push(poly),
                None => groups.push((points, vec![poly])),
            }
        }
        let all: BTreeSet<Fr> = groups.iter().flat_map(|(points, _)| points.iter().copied()).collect();
        let y = *transcript.squeeze_challenge_scalar::<()>();
        let v = *transcript.squeeze_challenge_scalar::<()>();
        let remainder =
            |poly: &Poly, points: &BTreeSet<Fr>| through(&points.iter().map(|p| (*p, evaluate(poly, *p))).collect());

        let (mut h, mut power_of_v) = (Vec::new(), Fr::ONE);
        for (points, members) in &groups {
            let (mut numerator, mut power_of_y) = (Vec::new(), Fr::ONE);
            for poly in members {
                add_scaled(&mut numerator, power_of_y, poly);
                add_scaled(&mut numerator, -power_of_y, &remainder(poly, points));
                power_of_y *= y;
            }
            let quotient = points.iter().fold(numerator, |poly, point| divide(&poly, *point));
            add_scaled(&mut h, power_of_v, &quotient);
            power_of_v *= v;
        }
        transcript.write_point(commit(&h, self.powers)).unwrap();

        let u = *transcript.squeeze_challenge_scalar::<()>();
        let vanishing = |points: &mut dyn Iterator<Item = &Fr>| points.fold(Fr::ONE, |z, point| z * (u - point));
        let (mut last, mut power_of_v) = (Vec::new(), Fr::ONE);
        for (points, members) in &groups {
            let (others, mut power_of_y) = (vanishing(&mut all.difference(points)), Fr::ONE);
            for poly in members {
                let scale = power_of_v * power_of_y * others;
                add_scaled(&mut last, scale, poly);
                add_scaled(&mut last, -scale, &[evaluate(&remainder(poly, points), u)]);
                power_of_y *= y;
            }
            power_of_v *= v;
        }
        add_scaled(&mut last, -vanishing(&mut all.iter()), &h);
        let first = vanishing(&mut all.difference(&groups[0].0)).invert().unwrap();
        let last: Poly = divide(&last, u).into_iter().map(|c| c * first).collect();
        transcript.write_point(commit(&last, self.powers)).unwrap();
    }
}
