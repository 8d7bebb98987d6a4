//! Vectors of field elements and of small integers.
//!
//! Elements are in Montgomery form and canonical; sums and products are taken elementwise in natural order. Long
//! vectors are worked on by all threads, short ones by the caller's.

mod elements;
mod integers;
mod inversion;
#[cfg(test)]
mod tests;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::field::{self, ScalarField};
use crate::level::Level;
use crate::raw::{limbs, limbs_mut, scalar, scalar_limbs};

pub(crate) use inversion::{invert_lanes, invert_one_coordinate};

/// Elements that one thread takes at a time.
const BLOCK: usize = 1 << 11;

/// A small signed integer that stands for a field element.
pub trait Small: Copy + Send + Sync + Into<i64> {
    /// The field element of the integer.
    fn to_field(self) -> Fr {
        let value: i64 = self.into();
        let magnitude = Fr::from(value.unsigned_abs());
        if value < 0 { -magnitude } else { magnitude }
    }
}

impl Small for i8 {}
impl Small for i16 {}
impl Small for i32 {}
impl Small for i64 {}

/// `out_i += scale * values_i`.
pub fn add_scaled(out: &mut [Fr], scale: Fr, values: &[Fr]) {
    blocks(out, values, |out, values| elements::add_scaled(Level::current(), out, scalar_limbs(scale), values));
}

/// `out_i += scale * values_i` for small integers.
pub fn add_scaled_small<T: Small>(out: &mut [Fr], scale: Fr, values: &[T]) {
    integers::add_scaled(Level::current(), out, scale, values);
}

/// `out_i += sum_j scales_j lanes_j[i]`: many lanes of bytes folded in one pass. Lanes may be shorter than `out`.
pub fn fold_bytes(out: &mut [Fr], scales: &[Fr], lanes: &[&[i8]]) {
    integers::fold_bytes(Level::current(), out, scales, lanes);
}

/// `sum_i weights_i values_i`.
pub fn dot(weights: &[Fr], values: &[Fr]) -> Fr {
    let dot = |(w, v): (&[Fr], &[Fr])| scalar(elements::dot(Level::current(), limbs(w), limbs(v)));
    let count = weights.len().min(values.len());
    let (weights, values) = (&weights[..count], &values[..count]);
    if count <= BLOCK {
        return dot((weights, values));
    }
    weights.par_chunks(BLOCK).zip(values.par_chunks(BLOCK)).map(dot).sum()
}

/// `sum_i weights_i values_i` for small integers.
pub fn dot_small<T: Small>(weights: &[Fr], values: &[T]) -> Fr {
    let dot = |(w, v): (&[Fr], &[T])| integers::dot(Level::current(), limbs(w), v);
    let count = weights.len().min(values.len());
    let (weights, values) = (&weights[..count], &values[..count]);
    if count <= 4 * BLOCK {
        return dot((weights, values));
    }
    weights.par_chunks(4 * BLOCK).zip(values.par_chunks(4 * BLOCK)).map(dot).sum()
}

/// `out_i *= values_i`.
pub fn multiply(out: &mut [Fr], values: &[Fr]) {
    blocks(out, values, |out, values| elements::multiply(Level::current(), out, values));
}

/// `out_i += values_i`.
pub fn add(out: &mut [Fr], values: &[Fr]) {
    blocks(out, values, |out, values| elements::add(Level::current(), out, values));
}

/// `out_i *= scale`.
pub fn scale(out: &mut [Fr], scale: Fr) {
    scale_limbs(Level::current(), limbs_mut(out), scalar_limbs(scale));
}

/// `out_i *= scale` at one level; `out` may be below `2 p`.
pub(crate) fn scale_limbs(level: Level, out: &mut [field::Limbs], scale: field::Limbs) {
    if out.len() <= BLOCK {
        elements::scale(level, out, scale);
    } else {
        out.par_chunks_mut(BLOCK).for_each(|out| elements::scale(level, out, scale));
    }
}

/// `out_i = 1 / out_i`; zeros stay. One inversion a block (Montgomery's trick).
pub fn invert(out: &mut [Fr]) {
    if out.len() <= BLOCK {
        inversion::invert(Level::current(), limbs_mut(out));
    } else {
        out.par_chunks_mut(BLOCK).for_each(|out| inversion::invert(Level::current(), limbs_mut(out)));
    }
}

/// `base^0, base^1, ...`, `count` of them.
pub fn powers(base: Fr, count: usize) -> Vec<Fr> {
    let mut powers = vec![Fr::ONE; count];
    let fill = |(block, out): (usize, &mut [Fr])| {
        let first = base.pow_vartime([(block * BLOCK) as u64]);
        elements::powers(Level::current(), limbs_mut(out), scalar_limbs(first), scalar_limbs(base));
    };
    if count <= BLOCK {
        fill((0, &mut powers));
    } else {
        powers.par_chunks_mut(BLOCK).enumerate().for_each(fill);
    }
    powers
}

fn blocks(out: &mut [Fr], values: &[Fr], work: impl Fn(&mut [field::Limbs], &[field::Limbs]) + Sync) {
    let count = out.len().min(values.len());
    let (out, values) = (limbs_mut(&mut out[..count]), limbs(&values[..count]));
    if count <= BLOCK {
        work(out, values);
    } else {
        out.par_chunks_mut(BLOCK).zip(values.par_chunks(BLOCK)).for_each(|(out, values)| work(out, values));
    }
}

/// `a b` of canonical scalars.
pub(crate) fn product(a: field::Limbs, b: field::Limbs) -> field::Limbs {
    field::canonical::<ScalarField>(field::multiply::<ScalarField>(a, b))
}
