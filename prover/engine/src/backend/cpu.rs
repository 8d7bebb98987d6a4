//! [`CpuBackend`]: the reference backend, on rayon's threads.

use std::sync::OnceLock;

use assay_kernels::{Coset, Domain, Multiples, msm, msm_small, suffix_sums, vector};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use rayon::prelude::*;

use super::{Backend, ColumnTerm, coset_shift};
use crate::column::{Body, NarrowColumn};
use crate::quotient::Sum;

/// Rows evaluated together: a few operands of this length fit the first-level cache.
const BLOCK: usize = 128;
/// More cosets than any accepted degree needs.
const MAX_COSETS: usize = 64;
/// Bytes of multiples of the Lagrange points that may be kept between proofs: those of `2^15` points. More would be a
/// large part of all that a prover holds.
const MULTIPLES_BYTES: usize = 40 << 20;

/// An SRS and a domain in this process's memory. A column or vector is a plain vector.
pub struct CpuBackend<'a> {
    domain: Domain,
    cosets: Vec<OnceLock<Coset>>,
    points: Vec<Fr>,
    powers: &'a [G1Affine],
    /// The Lagrange points of all slots, one slot after the other.
    lagrange: &'a [G1Affine],
    /// One for each slot.
    bases: Vec<Basis<'a>>,
}

/// Where the columns of one slot are committed.
struct Basis<'a> {
    /// `[s^j L_i(s^m)]_1`.
    lagrange: &'a [G1Affine],
    /// `sum_(h >= i) lagrange_h`: the basis of a column's differences.
    differences: Vec<G1Affine>,
    /// Multiples of the Lagrange points, for those who prove more than once.
    multiples: Option<Multiples>,
}

impl<'a> CpuBackend<'a> {
    /// A backend over `n = 2^k` points, with `m n` powers `[s^i]_1` and, slot after slot, the `n` points
    /// `[s^j L_i(s^m)]_1` of each of `m` slots.
    pub fn new(k: u32, powers: &'a [G1Affine], lagrange: &'a [G1Affine]) -> Self {
        let domain = Domain::new(k);
        let points = vector::powers(domain.omega(), domain.n());
        let cosets = (0..MAX_COSETS).map(|_| OnceLock::new()).collect();
        let basis = |lagrange| Basis { lagrange, differences: suffix_sums(lagrange), multiples: None };
        let bases = lagrange.par_chunks(domain.n()).map(basis).collect();
        Self { domain, cosets, points, powers, lagrange, bases }
    }

    /// The domain of the rows.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Computes multiples of the Lagrange points once, so that full-width sums over them take two thirds of the time. Does nothing
    /// where they would take more than [`CpuBackend::kept_bytes`] allows.
    pub fn keep_multiples(&mut self) {
        if Self::kept_bytes(self.domain.k(), self.bases.len()) > 0 {
            for basis in &mut self.bases {
                basis.multiples = Some(Multiples::new(basis.lagrange));
            }
        }
    }

    /// Bytes that [`CpuBackend::keep_multiples`] takes at `2^k` points and this width; none where a slot would take more than 40 MiB.
    pub fn kept_bytes(k: u32, width: usize) -> usize {
        Some(Multiples::bytes(1 << k)).filter(|bytes| *bytes <= MULTIPLES_BYTES).unwrap_or(0) * width
    }

    fn cached_coset(&self, coset: usize) -> Option<&Coset> {
        self.cosets.get(coset).map(|slot| slot.get_or_init(|| Coset::new(&self.domain, coset_shift(coset))))
    }

    fn zeros(&self) -> Vec<Fr> {
        vec![Fr::ZERO; self.domain.n()]
    }

    /// `out_i += scale * sparse[(i + rotation) mod n]`.
    fn add_sparse(&self, out: &mut [Fr], scale: Fr, sparse: &[(usize, Fr)], rotation: i32) {
        let n = self.domain.n();
        let shift = rotation.rem_euclid(n as i32) as usize;
        for (row, value) in sparse {
            if let Some(cell) = out.get_mut((row + n - shift) % n) {
                *cell += scale * value;
            }
        }
    }

    /// `out_i += scale * body[(i + rotation) mod n]`, lines left out.
    fn add_body(&self, out: &mut [Fr], scale: Fr, body: &Body, rotation: i32) {
        let n = self.domain.n();
        let shift = rotation.rem_euclid(n as i32) as usize;
        // Rows shift.. come first, rows ..shift wrap around to the end.
        let (head, tail) = out.split_at_mut(n - shift);
        match body {
            Body::Line { .. } => {}
            Body::Bytes(cells) => {
                vector::add_scaled_small(head, scale, cells.get(shift..).unwrap_or_default());
                vector::add_scaled_small(tail, scale, cells.get(..shift.min(cells.len())).unwrap_or_default());
            }
            Body::Words(cells) => {
                vector::add_scaled_small(head, scale, cells.get(shift..).unwrap_or_default());
                vector::add_scaled_small(tail, scale, cells.get(..shift.min(cells.len())).unwrap_or_default());
            }
            Body::Field(cells) => {
                add_scaled(head, scale, cells.get(shift..).unwrap_or_default());
                add_scaled(tail, scale, cells.get(..shift.min(cells.len())).unwrap_or_default());
            }
        }
    }
}

impl Basis<'_> {
    /// `sum_i values_i lagrange_i`.
    fn sum_values(&self, values: &[Fr]) -> G1 {
        self.multiples.as_ref().map_or_else(|| msm(self.lagrange, values), |multiples| multiples.sum(values))
    }

    /// The Lagrange points of the sparse rows, summed.
    fn commit_sparse(&self, sparse: &[(usize, Fr)]) -> G1 {
        let (bases, scalars): (Vec<G1Affine>, Vec<Fr>) =
            sparse.iter().filter_map(|(row, value)| Some((*self.lagrange.get(*row)?, *value))).unzip();
        msm(&bases, &scalars)
    }

    /// Field elements by their values or by their differences, whichever are fewer.
    fn commit_field(&self, values: &[Fr]) -> G1 {
        let (differences, nonzero) = sparser(values, Fr::ZERO);
        match differences {
            Some(changes) => {
                let (bases, scalars): (Vec<G1Affine>, Vec<Fr>) = changes
                    .into_iter()
                    .filter_map(|(row, to, from)| Some((*self.differences.get(row)?, to - from)))
                    .unzip();
                msm(&bases, &scalars)
            }
            None if nonzero * 4 < values.len() => {
                let rows = values.iter().enumerate().filter(|(_, value)| **value != Fr::ZERO);
                self.commit_sparse(&rows.map(|(row, value)| (row, *value)).collect::<Vec<_>>())
            }
            None => self.sum_values(values),
        }
    }

    fn commit_small<T: vector::Small + PartialEq>(&self, values: &[T], zero: T) -> G1 {
        let (differences, _) = sparser(values, zero);
        match differences {
            Some(changes) => {
                let (bases, scalars): (Vec<G1Affine>, Vec<i64>) = changes
                    .into_iter()
                    .filter_map(|(row, to, from)| Some((*self.differences.get(row)?, to.into() - from.into())))
                    .unzip();
                msm_small(&bases, &scalars)
            }
            None => msm_small(self.lagrange, values),
        }
    }
}

/// Row, value from there on, value before.
type Change<T> = (usize, T, T);

/// Changes where they are fewer than half of the nonzero values, with a last one to zero past the end; and
/// the number of nonzero values.
fn sparser<T: Copy + PartialEq>(values: &[T], zero: T) -> (Option<Vec<Change<T>>>, usize) {
    let nonzero = values.iter().filter(|value| **value != zero).count();
    let before = std::iter::once(&zero).chain(values);
    let after = values.iter().chain(std::iter::once(&zero));
    let changed = before.zip(after).enumerate().filter(|(_, (from, to))| from != to);
    let count = changed.clone().count();
    ((count * 2 < nonzero).then(|| changed.map(|(row, (from, to))| (row, *to, *from)).collect()), nonzero)
}

impl Backend for CpuBackend<'_> {
    type Column = NarrowColumn;
    type Vector = Vec<Fr>;

    fn k(&self) -> u32 {
        self.domain.k()
    }

    fn load(&self, column: NarrowColumn) -> NarrowColumn {
        column
    }

    fn cell(&self, column: &NarrowColumn, row: usize) -> Fr {
        column.get(row, self.points.get(row).copied().unwrap_or(Fr::ZERO))
    }

    fn width(&self) -> usize {
        self.bases.len()
    }

    fn commit(&self, slot: usize, column: &NarrowColumn) -> G1Affine {
        let Some(basis) = self.bases.get(slot) else { return G1Affine::identity() };
        let body = match &column.body {
            Body::Line { constant, slope } => {
                let terms = self.powers.iter().skip(slot).step_by(self.width()).zip([constant, slope]);
                terms.map(|(power, c)| power * c).fold(G1::identity(), |sum, point| sum + point)
            }
            Body::Bytes(cells) => basis.commit_small(cells, 0),
            Body::Words(cells) => basis.commit_small(cells, 0),
            Body::Field(cells) => basis.commit_field(cells),
        };
        (body + basis.commit_sparse(&column.sparse)).to_affine()
    }

    fn commit_coefficients(&self, block: usize, polynomial: &Vec<Fr>) -> G1Affine {
        match self.bases.first().and_then(|basis| basis.multiples.as_ref()).filter(|_| self.width() == 1) {
            // The transform takes a fifteenth of the time of a sum over the powers.
            Some(multiples) => {
                let mut values = polynomial.clone();
                self.domain.evaluate(&mut values);
                multiples.sum(&values).to_affine()
            }
            None => msm(self.powers.get(block << self.domain.k()..).unwrap_or_default(), polynomial).to_affine(),
        }
    }

    fn commit_values(&self, components: &[Vec<Fr>]) -> G1Affine {
        match (self.bases.as_slice(), components) {
            ([basis, ..], [only]) => basis.sum_values(only).to_affine(),
            ([Basis { multiples: Some(_), .. }, ..], _) => {
                let slots = self.bases.par_iter().zip(components);
                slots.map(|(basis, own)| basis.sum_values(own)).reduce(G1::identity, |a, b| a + b).to_affine()
            }
            // One long sum is cheaper than one for each slot.
            _ => msm(self.lagrange, &components.concat()).to_affine(),
        }
    }

    fn components(&self, blocks: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
        let n = self.domain.n();
        let component = |slot: usize| {
            let strided = (slot..n * blocks.len()).step_by(self.width());
            let coefficient = |at: usize| blocks.get(at / n).and_then(|block| block.get(at % n)).copied();
            let mut values: Vec<Fr> = strided.map(|at| coefficient(at).unwrap_or(Fr::ZERO)).collect();
            values.resize(n, Fr::ZERO);
            self.domain.evaluate(&mut values);
            values
        };
        (0..self.width()).into_par_iter().map(component).collect()
    }

    fn fold(&self, terms: &[ColumnTerm<'_, NarrowColumn>], constant: Fr) -> Vec<Fr> {
        let mut out = self.zeros();
        let (mut scales, mut lanes) = (Vec::new(), Vec::new());
        let (mut level, mut slope) = (constant, Fr::ZERO);
        let n = self.domain.n() as i32;
        for (scale, column, rotation) in terms {
            if let Body::Line { constant, slope: own } = &column.body {
                level += scale * constant;
                let turned = self.points.get(rotation.rem_euclid(n) as usize).copied().unwrap_or(Fr::ONE);
                slope += scale * own * turned;
            }
            self.add_sparse(&mut out, *scale, &column.sparse, *rotation);
            match &column.body {
                // Lanes of bytes are folded together, in one pass over the rows.
                Body::Bytes(cells) if *rotation == 0 => {
                    scales.push(*scale);
                    lanes.push(cells.as_slice());
                }
                body => self.add_body(&mut out, *scale, body, *rotation),
            }
        }
        if !lanes.is_empty() {
            vector::fold_bytes(&mut out, &scales, &lanes);
        }
        if slope != Fr::ZERO {
            vector::add_scaled(&mut out, slope, &self.points);
        }
        if level != Fr::ZERO {
            for o in &mut out {
                *o += level;
            }
        }
        out
    }

    fn combine(&self, terms: &[(Fr, &Vec<Fr>)]) -> Vec<Fr> {
        let mut out = self.zeros();
        for (scale, vector) in terms {
            add_scaled(&mut out, *scale, vector);
        }
        out
    }

    fn interpolate(&self, mut values: Vec<Fr>) -> Vec<Fr> {
        self.domain.interpolate(&mut values);
        values
    }

    fn evaluate(&self, mut coefficients: Vec<Fr>) -> NarrowColumn {
        self.domain.evaluate(&mut coefficients);
        NarrowColumn::field(coefficients)
    }

    fn coset(&self, coefficients: &Vec<Fr>, coset: usize) -> Vec<Fr> {
        let mut values = coefficients.clone();
        if let Some(coset) = self.cached_coset(coset) {
            coset.evaluate(&mut values);
        }
        values
    }

    fn coset_points(&self, coset: usize) -> Vec<Fr> {
        let mut points = self.points.clone();
        vector::scale(&mut points, coset_shift(coset));
        points
    }

    fn coset_interpolate(&self, mut values: Vec<Fr>, coset: usize) -> Vec<Fr> {
        if let Some(coset) = self.cached_coset(coset) {
            coset.interpolate(&mut values);
        }
        values
    }

    fn quotient(&self, sum: &Sum, inputs: &[&Vec<Fr>], out: Option<Vec<Fr>>) -> Vec<Fr> {
        let mut out = out.unwrap_or_else(|| self.zeros());
        let depth = depth(sum);
        let fill = |(block, out): (usize, &mut [Fr])| {
            let mut scratch = vec![[Fr::ZERO; BLOCK]; 2 * depth];
            add_sum(out, block * BLOCK, sum, inputs, &mut scratch);
        };
        out.par_chunks_mut(BLOCK).enumerate().for_each(fill);
        out
    }

    fn grand_product(&self, first: Fr, ratios: &[(usize, Fr)], tail: &[Fr]) -> NarrowColumn {
        let n = self.domain.n();
        let mut values = Vec::with_capacity(n);
        let mut product = first;
        for (row, ratio) in ratios {
            values.resize(row + 1, product);
            product *= ratio;
        }
        values.resize(n - tail.len(), product);
        values.extend_from_slice(tail);
        NarrowColumn::field(values)
    }

    fn lagrange_weights(&self, x: Fr) -> Vec<Fr> {
        // L_i(x) = (x^n - 1) / n * w^i / (x - w^i)
        let mut weights: Vec<Fr> = self.points.iter().map(|point| x - point).collect();
        vector::invert(&mut weights);
        vector::multiply(&mut weights, &self.points);
        let k = self.domain.k();
        let scale = (x.pow_vartime([1u64 << k]) - Fr::ONE) * Fr::from(1u64 << k).invert().unwrap_or(Fr::ZERO);
        vector::scale(&mut weights, scale);
        weights
    }

    fn open(&self, column: &NarrowColumn, rotation: i32, x: Fr, weights: &Vec<Fr>) -> Fr {
        // p(w^r x) = sum_i p_i L_i(w^r x) and L_i(w^r x) = L_(i-r)(x).
        let n = self.domain.n();
        let shift = rotation.rem_euclid(n as i32) as usize;
        let (head, tail) = weights.split_at(n - shift);
        let at = |row: usize| weights.get((row + n - shift) % n).copied().unwrap_or(Fr::ZERO);
        let sparse: Fr = column.sparse.iter().map(|(row, value)| at(*row) * value).sum();
        let body = match &column.body {
            Body::Line { constant, slope } => constant + slope * x * self.points.get(shift).copied().unwrap_or(Fr::ONE),
            Body::Bytes(cells) => {
                let (wrapped, ahead) = cells.split_at(shift.min(cells.len()));
                vector::dot_small(head, ahead) + vector::dot_small(tail, wrapped)
            }
            Body::Words(cells) => {
                let (wrapped, ahead) = cells.split_at(shift.min(cells.len()));
                vector::dot_small(head, ahead) + vector::dot_small(tail, wrapped)
            }
            Body::Field(cells) => {
                let (wrapped, ahead) = cells.split_at(shift.min(cells.len()));
                vector::dot(head, ahead) + vector::dot(tail, wrapped)
            }
        };
        body + sparse
    }

    fn divide(&self, values: &Vec<Fr>, remainder: &[Fr], roots: &[Fr]) -> Vec<Fr> {
        let mut inverses: Vec<Fr> = self
            .points
            .iter()
            .map(|point| roots.iter().fold(Fr::ONE, |product, root| product * (point - root)))
            .collect();
        vector::invert(&mut inverses);
        let numerator =
            |(value, point): (&Fr, &Fr)| value - remainder.iter().rev().fold(Fr::ZERO, |sum, c| sum * point + c);
        let mut out: Vec<Fr> = values.par_iter().zip(&self.points).map(numerator).collect();
        vector::multiply(&mut out, &inverses);
        out
    }
}

/// `out_i += scale * values_i`, without a product where there is none.
fn add_scaled(out: &mut [Fr], scale: Fr, values: &[Fr]) {
    if scale == Fr::ONE { vector::add(out, values) } else { vector::add_scaled(out, scale, values) }
}

fn depth(sum: &Sum) -> usize {
    1 + sum.products.iter().flatten().map(depth).max().unwrap_or(0)
}

/// `out_i += sum_i` for the rows of a block from `first` on; two scratch blocks a level.
fn add_sum(out: &mut [Fr], first: usize, sum: &Sum, inputs: &[&Vec<Fr>], scratch: &mut [[Fr; BLOCK]]) {
    if sum.constant != Fr::ZERO {
        for o in out.iter_mut() {
            *o += sum.constant;
        }
    }
    for leaf in &sum.leaves {
        let Some(input) = inputs.get(leaf.input) else { continue };
        // The block is contiguous but for a wrap-around.
        let start = (first as i64 + i64::from(leaf.rotation)).rem_euclid(input.len() as i64) as usize;
        let (head, tail) = out.split_at_mut(out.len().min(input.len() - start));
        let rows = [(head, input.get(start..)), (tail, Some(input.as_slice()))];
        for (out, values) in rows {
            let values = values.and_then(|values| values.get(..out.len())).unwrap_or_default();
            add_scaled(out, leaf.scale, values);
        }
    }
    let Some(([product, factor], rest)) = scratch.split_first_chunk_mut::<2>() else { return };
    let (product, factor) = (product.split_at_mut(out.len()).0, factor.split_at_mut(out.len()).0);
    for factors in &sum.products {
        for (at, sum) in factors.iter().enumerate() {
            let target = if at == 0 { &mut *product } else { &mut *factor };
            target.fill(Fr::ZERO);
            add_sum(target, first, sum, inputs, rest);
            if at > 0 {
                vector::multiply(product, factor);
            }
        }
        vector::add(out, product);
    }
}
