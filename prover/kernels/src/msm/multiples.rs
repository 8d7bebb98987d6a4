//! Sums over points whose multiples `2^(c w) P_i` are kept for every window `w` of `c` bits: digits of all windows go to
//! one set of buckets (Brickell et al., "Fast exponentiation with precomputation", Eurocrypt 1992).
//!
//! Windows can be wide, because their buckets are summed once, and no sum is doubled. A full-width sum over `2^14` points takes
//! 17 additions a point instead of 22 and a fifth of the buckets.

use core::mem::size_of;

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::group::Group;
use rayon::prelude::*;

use super::addition::doubled;
use super::buckets::{NO_KEY, Work, key, take, window_sums};
use super::digits::{Full, Scalars, Windows};
use super::{BUCKET_COST, MOST_BITS};
use crate::field::Limbs;
use crate::level::Level;
use crate::raw::{Point, coordinates, coordinates_of};

/// Bits of a scalar's magnitude: it is at most `(r - 1) / 2`.
const WIDTH: u32 = 253;
/// Points that are doubled together, while they are in the cache.
const BLOCK: usize = 1 << 9;
/// Points whose buckets are filled together.
const TILE: usize = 1 << 13;

/// `2^(c w) P_i` for some points `P_i` and all windows `w` of a full-width scalar.
#[derive(Debug)]
pub struct Multiples {
    level: Level,
    windows: Windows,
    /// All multiples of a point, one point after the other.
    points: Vec<Point>,
}

impl Multiples {
    /// Computes them: about 250 doublings a point.
    pub fn new(bases: &[G1Affine]) -> Self {
        Self::at(Level::current(), bases)
    }

    /// [`Multiples::new`] with the instructions of one level.
    pub fn at(level: Level, bases: &[G1Affine]) -> Self {
        let windows = plan(bases.len());
        let each = windows.count as usize;
        let mut points = vec![Point::default(); each * bases.len()];
        let fill = |(out, bases): (&mut [Point], &[Limbs])| {
            let mut multiples = bases.to_vec();
            for window in 0..each {
                if window > 0 {
                    multiples = (0..windows.bits).fold(multiples, |points, _| doubled(level, &points));
                }
                for (out, point) in out.iter_mut().skip(window).step_by(each).zip(multiples.chunks_exact(2)) {
                    *out = Point([point[0], point[1]]);
                }
            }
        };
        points.par_chunks_mut(each * BLOCK).zip(coordinates(bases).par_chunks(2 * BLOCK)).for_each(fill);
        Self { level, windows, points }
    }

    /// Bytes that the multiples of `count` points take.
    pub fn bytes(count: usize) -> usize {
        plan(count).count as usize * count * size_of::<Point>()
    }

    /// `sum_i scalars_i P_i`; missing scalars are zero. Needs 32 bytes a scalar, 8 a digit, 64 a bucket, and a MiB a thread.
    pub fn sum(&self, scalars: &[Fr]) -> G1 {
        let count = scalars.len().min(self.points.len() / self.windows.count as usize);
        let mut scalars = Full::new(self.level, &scalars[..count]);
        if scalars.width().is_none() {
            return G1::identity();
        }
        scalars.prepare(self.windows);
        let keys = self.keys(&scalars);
        let (counts, order) = sort(&keys, 2 * self.windows.buckets());
        drop(keys);
        let tile = (self.windows.buckets() * TILE / order.len().max(TILE)).max(1);
        let mut rest = order.as_slice();
        let orders: Vec<&[u32]> = counts
            .chunks(2 * tile)
            .map(|counts| {
                let (own, others) = rest.split_at(counts.iter().sum::<u32>() as usize);
                rest = others;
                own
            })
            .collect();
        let mut sums = vec![[0; 4]; 2 * self.windows.buckets()];
        let tiles = sums.par_chunks_mut(2 * tile).zip(counts.par_chunks(2 * tile)).zip(orders);
        tiles.with_max_len(1).for_each_init(Work::default, |work, ((sums, counts), order)| {
            work.groups.clear();
            work.groups.counts.extend_from_slice(counts);
            work.groups.sum_of(self.level, coordinates_of(&self.points), order);
            take(self.level, sums, &work.groups, &mut work.merged, 2);
        });
        window_sums(self.level, &sums, self.windows.buckets(), &mut Work::default()).into_iter().sum()
    }

    /// The bucket of every multiple by the digit of its scalar.
    fn keys(&self, scalars: &Full) -> Vec<u32> {
        const SCALARS: usize = 1 << 10;
        let each = self.windows.count as usize;
        let mut keys = vec![NO_KEY; each * scalars.count()];
        let fill = |(block, (keys, points)): (usize, (&mut [u32], &[Point]))| {
            for (at, (keys, points)) in keys.chunks_mut(each).zip(points.chunks(each)).enumerate() {
                // No point but the identity has the identity among its multiples: their order is the prime r.
                if points.first().is_some_and(|point| point.0 != [[0; 4]; 2]) {
                    for (window, out) in (0..).zip(keys) {
                        *out = key(scalars.digit(block * SCALARS + at, 0, self.windows, window), 0, 1);
                    }
                }
            }
        };
        keys.par_chunks_mut(each * SCALARS).zip(self.points.par_chunks(each * SCALARS)).enumerate().for_each(fill);
        keys
    }
}

/// How often each key below `count` occurs, and the places of the keys in the order of keys.
fn sort(keys: &[u32], count: usize) -> (Vec<u32>, Vec<u32>) {
    let mut counts = vec![0; count];
    for key in keys.iter().filter(|key| **key != NO_KEY) {
        counts[*key as usize] += 1;
    }
    let mut end = 0;
    let starts = counts.iter().map(|count| {
        end += count;
        end - count
    });
    let mut places: Vec<u32> = starts.collect();
    let mut order = vec![0; end as usize];
    for (at, key) in (0..).zip(keys).filter(|(_, key)| **key != NO_KEY) {
        let place = &mut places[*key as usize];
        order[*place as usize] = at;
        *place += 1;
    }
    (counts, order)
}

/// The windows with the least work.
fn plan(count: usize) -> Windows {
    let cost = |windows: &Windows| windows.count as usize * count + BUCKET_COST * windows.buckets();
    let candidates = (1..=MOST_BITS).map(|bits| Windows::new(bits, WIDTH));
    candidates.min_by_key(cost).unwrap_or(Windows::new(1, WIDTH))
}
