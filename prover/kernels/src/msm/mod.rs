//! Multi-scalar multiplication: `sum_i s_i P_i`.
//!
//! Pippenger's buckets (1976) with signed digits, filled by batches of affine additions (Bernstein, Doumen, Lange,
//! Oosterwijk, "Faster batch forgery identification", section 4); full-width scalars are halved by the curve's
//! endomorphism (Gallant, Lambert, Vanstone 2001). Bases are affine points, scalars field elements in Montgomery form or
//! small integers. What an MSM holds beside its operands is counted by [`msm_bytes`]: 32 bytes a full-width scalar, 64 bytes a
//! bucket that is not summed yet, and up to 16 MiB a thread for long sums.

mod addition;
mod buckets;
mod digits;
mod multiples;
mod short;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use rayon::prelude::*;

use crate::field::Limbs;
use crate::level::Level;
use crate::raw::coordinates;
use crate::vector::Small;
use buckets::{Bases, Buckets, Work};
use digits::{Full, Halves, Integers, Scalars, Windows};

pub use multiples::Multiples;

/// Sums of fewer points go by doubling and adding.
const SHORT: usize = 24;
/// Bytes of the multiples of those.
const SHORT_BYTES: usize = SHORT * 1024;
/// Scalars of more bits are split into halves.
const SPLIT: u32 = 240;
/// What a bucket costs beside a point: its part in a row, a column and the merge of parts.
const BUCKET_COST: usize = 3;
/// Windows of at most this many bits: 2^15 buckets of 64 bytes are 2 MiB.
const MOST_BITS: u32 = 16;
/// Points that make it worthwhile to split a window between threads.
const PART: usize = 1 << 13;

/// `sum_i scalars_i bases_i`; missing scalars are zero.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1 {
    msm_at(Level::current(), bases, scalars)
}

/// `sum_i scalars_i bases_i` for small integers; missing scalars are zero.
pub fn msm_small<T: Small>(bases: &[G1Affine], scalars: &[T]) -> G1 {
    msm_small_at(Level::current(), bases, scalars)
}

/// [`msm`] with the instructions of one level.
pub fn msm_at(level: Level, bases: &[G1Affine], scalars: &[Fr]) -> G1 {
    let count = bases.len().min(scalars.len());
    if count < SHORT {
        return short::sum(&bases[..count], &scalars[..count]);
    }
    let scalars = Full::new(level, &scalars[..count]);
    if scalars.width() > Some(SPLIT) {
        sum(level, coordinates(bases), Halves::new(scalars))
    } else {
        sum(level, coordinates(bases), scalars)
    }
}

/// [`msm_small`] with the instructions of one level.
pub fn msm_small_at<T: Small>(level: Level, bases: &[G1Affine], scalars: &[T]) -> G1 {
    let count = bases.len().min(scalars.len());
    sum(level, coordinates(bases), Integers::new(&scalars[..count]))
}

fn sum<S: Scalars>(level: Level, bases: &[Limbs], mut scalars: S) -> G1 {
    let Some(width) = scalars.width() else { return G1::identity() };
    let count = scalars.count();
    let threads = rayon::current_num_threads();
    let Tasks { windows, runs, parts } = Tasks::new(S::PARTS, count, width, threads);
    scalars.prepare(windows);
    let window_of = |run: usize| (run * windows.count as usize / runs) as u32;
    let bases = Bases::new(&bases[..2 * count]);
    let spare: Mutex<Vec<Work>> = Mutex::default();
    let borrow = || spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
    let give_back = |work: Work| spare.lock().map_or((), |mut spare| spare.push(work));
    let fill = |task: usize| {
        let (run, part) = (task / parts, task % parts);
        let range = part * count / parts..(part + 1) * count / parts;
        let run = window_of(run)..window_of(run + 1);
        let mut work = borrow();
        let filled = Buckets::fill(level, &bases, &scalars, windows, run, range, &mut work);
        give_back(work);
        filled
    };
    let finish = |parts: &[Buckets]| {
        let mut work = borrow();
        let sums = match parts {
            [only] => only.window_sums(level, &mut work),
            _ => Buckets::merge(level, parts).map_or_else(Vec::new, |merged| merged.window_sums(level, &mut work)),
        };
        give_back(work);
        sums
    };
    let sums: Vec<G1> = if threads == 1 {
        (0..runs).flat_map(|run| finish(&[fill(run)])).collect()
    } else if parts == 1 {
        (0..runs).into_par_iter().with_max_len(1).flat_map_iter(|run| finish(&[fill(run)])).collect()
    } else {
        let buckets: Vec<Buckets> = (0..runs * parts).into_par_iter().with_max_len(1).map(fill).collect();
        buckets.par_chunks(parts).flat_map_iter(finish).collect()
    };
    sums.iter().rev().fold(G1::identity(), |sum, window| (0..windows.bits).fold(sum, |sum, _| sum.double()) + window)
}

/// How a sum is divided: `runs` of windows, each over `parts` of the points.
struct Tasks {
    windows: Windows,
    runs: usize,
    parts: usize,
}

impl Tasks {
    fn new(parts_of_scalar: u32, count: usize, width: u32, threads: usize) -> Self {
        let windows = plan(parts_of_scalar as usize * count, width);
        let all = windows.count as usize;
        // Short sums put several windows into one batch, long ones split a window's points between threads.
        let runs = (all * count / (1 << 15) + 1).max(threads.min(all * count / PART)).min(all);
        let parts = (2 * threads).div_ceil(runs).min(count / PART).max(1);
        Self { windows, runs, parts: if threads == 1 || runs >= 4 * threads { 1 } else { parts } }
    }
}

/// Most bytes that [`msm`] of so many points holds at once beside its operands, on so many threads: the scalars' magnitudes, the
/// buckets that are not summed yet, and what each thread works with.
pub fn msm_bytes(count: usize, threads: usize) -> usize {
    if count < SHORT { SHORT_BYTES } else { 32 * count + bytes(Halves::PARTS, count, Halves::WIDTH, threads) }
}

/// The same of [`msm_small`] for integers of so many bits.
pub fn msm_small_bytes(count: usize, bits: u32, threads: usize) -> usize {
    bytes(Integers::<i64>::PARTS, count, bits, threads)
}

fn bytes(parts_of_scalar: u32, count: usize, width: u32, threads: usize) -> usize {
    let Tasks { windows, runs, parts } = Tasks::new(parts_of_scalar, count, width, threads);
    let buckets = windows.buckets() * (windows.count as usize).div_ceil(runs);
    // Parts wait for each other; else a thread sums its buckets before it fills others.
    let (filled, merging) = match parts {
        1 => (threads.min(runs), 0),
        _ => (runs * parts, threads.min(runs) * Buckets::merging_bytes(parts, buckets)),
    };
    let work = Work::bytes(parts_of_scalar, windows, count.div_ceil(parts), buckets);
    filled * Buckets::bytes(buckets) + merging + threads.min(runs * parts) * work
}

/// The windows with the least work.
fn plan(count: usize, width: u32) -> Windows {
    let cost = |windows: &Windows| windows.count as usize * (count + BUCKET_COST * windows.buckets());
    let candidates = (1..=MOST_BITS).map(|bits| Windows::new(bits, width));
    candidates.min_by_key(cost).unwrap_or(Windows::new(1, width))
}

/// `D_i = sum_(j >= i) bases_j`: a vector that changes rarely is a short sum over these, of its differences.
pub fn suffix_sums(bases: &[G1Affine]) -> Vec<G1Affine> {
    const BLOCK: usize = 1 << 10;
    let mut totals: Vec<G1> =
        bases.par_chunks(BLOCK).map(|block| block.iter().fold(G1::identity(), |sum, b| sum + b)).collect();
    let mut after = G1::identity();
    for total in totals.iter_mut().rev() {
        let own = *total;
        *total = after;
        after += own;
    }
    let mut sums = vec![G1Affine::identity(); bases.len()];
    sums.par_chunks_mut(BLOCK).zip(bases.par_chunks(BLOCK)).zip(totals).for_each(|((out, bases), mut sum)| {
        let mut projective: Vec<G1> = bases
            .iter()
            .rev()
            .map(|base| {
                sum += base;
                sum
            })
            .collect();
        projective.reverse();
        G1::batch_normalize(&projective, out);
    });
    sums
}
