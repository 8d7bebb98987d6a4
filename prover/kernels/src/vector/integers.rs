//! Sums and products of scalars with small integers: integer sums first, one reduction an output.

use halo2curves::bn256::Fr;
use rayon::prelude::*;

use super::{BLOCK, Small};
use crate::engine::Engine;
use crate::field::{self, Limbs, Modulus, ScalarField, add_wide, multiply_add, subtract_wide};
use crate::level::{Kernel, Level};
use crate::raw::{limbs_mut, scalar, scalar_limbs};

const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;
/// Rows of a tile: one cache line of bytes a lane.
const ROWS: usize = 64;
/// Rows summed at a time.
const QUAD: usize = 4;
/// `2^512 mod p`: takes a second word of 256 bits to its place.
const R2: Limbs = field::power_of_two(ScalarField::P, 512);
/// `2^296 / p`.
const QUOTIENT: i128 = quotient();

/// `out_i += scale * values_i`.
pub(super) fn add_scaled<T: Small>(level: Level, out: &mut [Fr], scale: Fr, values: &[T]) {
    let count = out.len().min(values.len());
    let (out, values) = (limbs_mut(&mut out[..count]), &values[..count]);
    let table = (size_of::<T>() == 1 && count >= 512).then(|| multiples(scale));
    let work = |out: &mut [Limbs], values: &[T]| match &table {
        Some(multiples) => level.single().run(AddMultiples { out, multiples, values }),
        None => level.single().run(AddScaled { out, scale, values }),
    };
    if count <= BLOCK {
        work(out, values);
    } else {
        out.par_chunks_mut(BLOCK).zip(values.par_chunks(BLOCK)).for_each(|(out, values)| work(out, values));
    }
}

/// `scale * v` at `v + 128` for every byte `v`.
fn multiples(scale: Fr) -> Vec<Limbs> {
    let mut multiple = scale * i64::to_field(-128);
    (0..256)
        .map(|_| {
            let current = multiple;
            multiple += scale;
            scalar_limbs(current)
        })
        .collect()
}

/// `sum_i weights_i values_i`; equal lengths.
pub(super) fn dot<T: Small>(level: Level, weights: &[Limbs], values: &[T]) -> Fr {
    scalar(level.single().run(Dot { weights, values }))
}

/// `out_i += sum_j scales_j lanes_j[i]`.
pub(super) fn fold_bytes(level: Level, out: &mut [Fr], scales: &[Fr], lanes: &[&[i8]]) {
    let count = scales.len().min(lanes.len());
    let (scales, lanes) = (&scales[..count], &lanes[..count]);
    let scales: Vec<[i64; 9]> = scales.iter().map(|scale| split(scalar_limbs(*scale))).collect();
    let out = limbs_mut(out);
    let fold = |block: usize, out: &mut [Limbs]| {
        let mut tile = vec![[0; ROWS]; count];
        for (index, out) in out.chunks_mut(ROWS).enumerate() {
            let row = block * BLOCK + index * ROWS;
            for (tile, lane) in tile.iter_mut().zip(lanes) {
                let bytes = lane.get(row..).unwrap_or_default();
                let bytes = &bytes[..bytes.len().min(ROWS)];
                tile[..bytes.len()].copy_from_slice(bytes);
                tile[bytes.len()..].fill(0);
            }
            level.min(Level::Avx2).run(Fold { out, scales: &scales, tile: &tile });
        }
    };
    if out.len() <= BLOCK {
        fold(0, out);
    } else {
        out.par_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| fold(block, out));
    }
}

/// Limbs of 29 bits.
fn split(a: Limbs) -> [i64; 9] {
    core::array::from_fn(|j| {
        let bit = BITS as usize * j;
        let (word, shift) = (bit / 64, bit % 64);
        let next = a.get(word + 1).copied().unwrap_or(0);
        let limb = (u128::from(next) << 64 | u128::from(a[word])) >> shift;
        (limb as u64 & MASK) as i64
    })
}

struct Fold<'a> {
    out: &'a mut [Limbs],
    scales: &'a [[i64; 9]],
    tile: &'a [[i8; ROWS]],
}

impl Kernel for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, _engine: E) {
        for (quad, out) in self.out.chunks_mut(QUAD).enumerate() {
            let mut sums = [[0_i64; QUAD]; 9];
            for (scale, bytes) in self.scales.iter().zip(self.tile) {
                let mut values = [0_i64; QUAD];
                for (value, byte) in values.iter_mut().zip(&bytes[quad * QUAD..(quad + 1) * QUAD]) {
                    *value = i64::from(*byte);
                }
                for (sums, limb) in sums.iter_mut().zip(scale) {
                    for (sum, value) in sums.iter_mut().zip(values) {
                        // Both fit 32 bits, and so the compiler finds the vector product.
                        *sum += i64::from(*limb as i32) * i64::from(value as i32);
                    }
                }
            }
            for (row, out) in out.iter_mut().enumerate() {
                let mut carry = 0_i64;
                let limbs: [u64; 9] = core::array::from_fn(|j| {
                    let sum = sums[j][row] + carry;
                    carry = sum >> BITS;
                    sum as u64 & MASK
                });
                let words = [
                    limbs[0] | limbs[1] << 29 | limbs[2] << 58,
                    limbs[2] >> 6 | limbs[3] << 23 | limbs[4] << 52,
                    limbs[4] >> 12 | limbs[5] << 17 | limbs[6] << 46,
                    limbs[6] >> 18 | limbs[7] << 11 | limbs[8] << 40,
                ];
                let (words, over) = add_wide(words, *out);
                *out = reduce_signed(words, (carry << 5) + (limbs[8] >> 24) as i64 + i64::from(over));
            }
        }
    }
}

struct AddMultiples<'a, T> {
    out: &'a mut [Limbs],
    multiples: &'a [Limbs],
    values: &'a [T],
}

impl<T: Small> Kernel for AddMultiples<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, _engine: E) {
        for (out, value) in self.out.iter_mut().zip(self.values) {
            let value: i64 = (*value).into();
            let (sum, _) = add_wide(*out, self.multiples[(value + 128) as u8 as usize]);
            *out = field::canonical::<ScalarField>(sum);
        }
    }
}

struct AddScaled<'a, T> {
    out: &'a mut [Limbs],
    scale: Fr,
    values: &'a [T],
}

impl<T: Small> Kernel for AddScaled<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, _engine: E) {
        let scale = scalar_limbs(self.scale);
        let minus_scale = field::negate::<ScalarField>(scale);
        for (out, value) in self.out.iter_mut().zip(self.values) {
            let number: i64 = (*value).into();
            let side = if number < 0 { minus_scale } else { scale };
            let magnitude = number.unsigned_abs();
            if magnitude < 1 << 32 {
                let mut words = [0; 4];
                let mut carry = 0;
                for j in 0..4 {
                    (words[j], carry) = multiply_add(out[j], side[j], magnitude, carry);
                }
                *out = reduce_signed(words, carry as i64);
            } else {
                let product = field::multiply::<ScalarField>(side, scalar_limbs(Fr::from(magnitude)));
                *out = field::canonical::<ScalarField>(field::add::<ScalarField>(*out, product));
            }
        }
    }
}

/// `high 2^256 + words` modulo `p`, `|high| < 2^34`.
#[inline(always)]
fn reduce_signed(words: Limbs, high: i64) -> Limbs {
    let top = (i128::from(high) << 24) + i128::from(words[3] >> 40);
    // At most one off either way; one less keeps the rest above zero and below 3 p.
    let quotient = ((top * QUOTIENT) >> 64) as i64 - 1;
    let magnitude = quotient.unsigned_abs();
    let mut multiple = [0; 4];
    let mut carry = 0;
    for j in 0..4 {
        (multiple[j], carry) = multiply_add(0, ScalarField::P[j], magnitude, carry);
    }
    let rest = if quotient < 0 { add_wide(words, multiple).0 } else { subtract_wide(words, multiple).0 };
    let once = field::canonical::<ScalarField>(rest);
    field::canonical::<ScalarField>(once)
}

struct Dot<'a, T> {
    weights: &'a [Limbs],
    values: &'a [T],
}

impl<T: Small> Kernel for Dot<'_, T> {
    type Output = Limbs;

    #[inline(always)]
    fn run<E: Engine>(self, _engine: E) -> Limbs {
        // Integers are shifted to be positive; the weights' sum takes the shift away again.
        let mut sum = [0; 6];
        let mut weight_sum = [0; 6];
        for (weight, value) in self.weights.iter().zip(self.values) {
            let value: i64 = (*value).into();
            let value = value as u64 ^ 1 << 63;
            let mut product = [0; 5];
            for j in 0..4 {
                (product[j], product[4]) = multiply_add(0, weight[j], value, product[4]);
            }
            accumulate(&mut sum, &product);
            accumulate(&mut weight_sum, weight);
        }
        let shift = scalar_limbs(Fr::from(1 << 63));
        let excess = field::multiply::<ScalarField>(reduce_sum(weight_sum), shift);
        field::canonical::<ScalarField>(field::subtract::<ScalarField>(reduce_sum(sum), excess))
    }
}

#[inline(always)]
fn accumulate<const N: usize>(sum: &mut [u64; 6], term: &[u64; N]) {
    let mut carry = 0;
    for j in 0..6 {
        let wide = u128::from(sum[j]) + u128::from(term.get(j).copied().unwrap_or(0)) + carry;
        sum[j] = wide as u64;
        carry = wide >> 64;
    }
}

/// The same modulo `p`, below `2 p`.
fn reduce_sum(sum: [u64; 6]) -> Limbs {
    let low = field::multiply::<ScalarField>(ScalarField::ONE, [sum[0], sum[1], sum[2], sum[3]]);
    let high = field::multiply::<ScalarField>(R2, [sum[4], sum[5], 0, 0]);
    field::add::<ScalarField>(low, high)
}

/// Long division of `2^296`, which leaves 43 bits.
const fn quotient() -> i128 {
    let mut quotient = 0;
    let mut rest = [1, 0, 0, 0];
    let mut round = 0;
    while round < 296 {
        let doubled = field::double_wide(rest);
        let (less, below) = field::subtract_const(doubled, ScalarField::P);
        quotient <<= 1;
        rest = if below { doubled } else { less };
        if !below {
            quotient |= 1;
        }
        round += 1;
    }
    quotient
}
