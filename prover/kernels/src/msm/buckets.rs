//! Points into buckets by their digits, and buckets into the sums of their windows.

use core::ops::Range;

use halo2curves::bn256::{G1, G1Affine};
use halo2curves::group::Group;
use rayon::prelude::*;

use super::addition::Groups;
use super::digits::{BETA, Scalars, Windows};
use crate::field::{BaseField, Limbs, canonical, multiply, negate};
use crate::level::Level;
use crate::raw::coordinate;

/// Bytes of a point.
const POINT: usize = 64;
/// A digit of zero has no bucket.
pub(super) const NO_KEY: u32 = u32::MAX;
/// Points and windows taken at a time.
const MOST_POINTS: usize = 1 << 18;
/// Points whose buckets are filled together.
pub(super) const TILE: usize = 1 << 14;

/// Where points with this digit are gathered: those with digits `d` and `-d`, and those of each part, beside each other.
#[inline(always)]
pub(super) fn key(digit: i32, part: u32, parts: u32) -> u32 {
    if digit == 0 { NO_KEY } else { 2 * (parts * (digit.unsigned_abs() - 1) + part) + u32::from(digit < 0) }
}

/// Buckets whose rows and columns are summed apart; those of fewer share their inversions.
const APART: usize = 1 << 12;

/// The buckets of a run of windows: bucket `d - 1` of a window holds the sum of the points with digit `d`, less those
/// with digit `-d`.
#[derive(Debug)]
pub(super) struct Buckets {
    sums: Vec<Limbs>,
    windows: Windows,
    run: Range<u32>,
}

impl Buckets {
    /// The buckets of windows `run` over the points of `range`.
    pub(super) fn fill<S: Scalars>(
        level: Level,
        bases: &Bases<'_>,
        scalars: &S,
        windows: Windows,
        run: Range<u32>,
        range: Range<usize>,
        work: &mut Work,
    ) -> Self {
        let buckets = windows.buckets() * run.len();
        let mut filled = Self { sums: vec![[0; 4]; 2 * buckets], windows, run };
        let chunk = chunk(buckets, filled.run.len());
        for start in range.clone().step_by(chunk) {
            filled.add_chunk(level, bases, scalars, start..range.end.min(start + chunk), work);
        }
        filled
    }

    fn add_chunk<S: Scalars>(
        &mut self,
        level: Level,
        bases: &Bases<'_>,
        scalars: &S,
        range: Range<usize>,
        work: &mut Work,
    ) {
        let sorted = self.sort(bases, scalars, range, work);
        self.sum_sorted(level, bases, 2 * S::PARTS as usize, sorted, work);
    }

    /// Puts the points in the order of their buckets; returns how many have one, and leaves in `work` how many each has.
    fn sort<S: Scalars>(&self, bases: &Bases<'_>, scalars: &S, range: Range<usize>, work: &mut Work) -> usize {
        let Work { keys, counts, places, order, .. } = work;
        // Points with digits `d` and `-d` are summed apart, so that none is negated before its sum is; likewise the
        // endomorphism is left to sums.
        let per_window = 2 * S::PARTS as usize * self.windows.buckets();
        counts.clear();
        counts.resize(per_window * self.run.len(), 0);
        keys.clear();
        for (nth, window) in self.run.clone().enumerate() {
            let counts = &mut counts[nth * per_window..(nth + 1) * per_window];
            for part in 0..S::PARTS {
                keys.extend(range.clone().map(|i| {
                    let digit = if bases.is_identity(i) { 0 } else { scalars.digit(i, part, self.windows, window) };
                    let key = key(digit, part, S::PARTS);
                    if let Some(count) = counts.get_mut(key as usize) {
                        *count += 1;
                    }
                    key
                }));
            }
        }
        places.clear();
        let mut end = 0;
        places.extend(counts.iter().map(|count| {
            end += count;
            end - count
        }));
        if order.len() < end as usize {
            order.resize(end as usize, 0);
        }
        let of_windows = keys.chunks_exact(S::PARTS as usize * range.len());
        for (keys, places) in of_windows.zip(places.chunks_exact_mut(per_window)) {
            for (i, key) in range.clone().cycle().zip(keys) {
                if *key != NO_KEY {
                    let place = &mut places[*key as usize];
                    order[*place as usize] = i as u32;
                    *place += 1;
                }
            }
        }
        end as usize
    }

    /// Adds the sums of points that are sorted; a bucket has so many kinds of them.
    fn sum_sorted(&mut self, level: Level, bases: &Bases<'_>, kinds: usize, sorted: usize, work: &mut Work) {
        let Work { counts, order, groups, merged, .. } = work;
        // Tiles bound the memory: the points in work are those of a few buckets.
        let (mut sums, mut counts) = (self.sums.as_mut_slice(), counts.as_slice());
        let mut order = &order[..sorted];
        while !sums.is_empty() {
            let mut points = 0;
            let full = |of_bucket: &[u32]| {
                points += of_bucket.iter().sum::<u32>() as usize;
                points >= TILE
            };
            let buckets = counts.chunks_exact(kinds).position(full).map_or(sums.len() / 2, |last| last + 1);
            let (own_sums, own_counts, own);
            (own_sums, sums) = sums.split_at_mut(2 * buckets);
            (own_counts, counts) = counts.split_at(kinds * buckets);
            (own, order) = order.split_at(points);
            groups.clear();
            groups.counts.extend_from_slice(own_counts);
            groups.sum_of(level, bases.points, own);
            take(level, own_sums, groups, merged, kinds);
        }
    }

    /// The buckets of several parts of the points added together.
    pub(super) fn merge(level: Level, parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        let mut groups = Groups::default();
        for bucket in (0..first.sums.len()).step_by(2) {
            groups.begin();
            let sums = parts.iter().map(|part| &part.sums[bucket..bucket + 2]);
            sums.filter(|sum| *sum != [[0; 4]; 2]).for_each(|sum| groups.push(sum));
        }
        groups.sum(level);
        let mut sums = vec![[0; 4]; first.sums.len()];
        groups.give(&mut sums);
        Some(Self { sums, windows: first.windows, run: first.run.clone() })
    }

    /// Bytes of so many buckets.
    pub(super) fn bytes(buckets: usize) -> usize {
        POINT * buckets
    }

    /// Most bytes that [`Buckets::merge`] holds beside its parts, and its result.
    pub(super) fn merging_bytes(parts: usize, buckets: usize) -> usize {
        Self::bytes(buckets) + Groups::bytes(parts * buckets)
    }

    /// `sum_d d bucket_d` of every window.
    pub(super) fn window_sums(&self, level: Level, work: &mut Work) -> Vec<G1> {
        window_sums(level, &self.sums, self.windows.buckets(), work)
    }
}

/// Adds sums of points with digits `d` and `-d`, and of those whose image under the endomorphism has them, to the
/// buckets.
pub(super) fn take(level: Level, sums: &mut [Limbs], groups: &Groups, all: &mut Groups, kinds: usize) {
    all.clear();
    let mut points = groups.points.chunks_exact(2);
    for (sum, counts) in sums.chunks_exact(2).zip(groups.counts.chunks_exact(kinds)) {
        all.begin();
        if sum != [[0; 4]; 2] {
            all.push(sum);
        }
        for (kind, _) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            if let Some([x, y]) = points.next().filter(|point| *point != [[0; 4]; 2]) {
                let x = if kind < 2 { *x } else { canonical::<BaseField>(multiply::<BaseField>(*x, BETA)) };
                all.push(&[x, if kind % 2 == 1 { negate::<BaseField>(*y) } else { *y }]);
            }
        }
    }
    all.sum(level);
    all.give(sums);
}

/// `sum_d d bucket_d` of every window of so many buckets.
///
/// With `d - 1 = r h + c`, that is `h sum_r r row_r + sum_c (c + 1) column_c`: rows and columns are plain sums of
/// points, and only their few sums need running sums.
pub(super) fn window_sums(level: Level, buckets: &[Limbs], per_window: usize, work: &mut Work) -> Vec<G1> {
    let columns = 1_usize << (per_window.ilog2().div_ceil(2));
    let rows = per_window / columns;
    let windows = || (0..buckets.len() / 2).step_by(per_window);
    let row = |first: usize, row: usize| (first + row * columns..first + (row + 1) * columns).step_by(1);
    let column = |first: usize, column: usize| (first + column..first + per_window).step_by(columns);
    let of_rows = || windows().flat_map(|first| (0..rows).map(move |r| row(first, r)));
    let of_columns = || windows().flat_map(|first| (0..columns).map(move |c| column(first, c)));
    let (row_sums, column_sums) = if buckets.len() < 2 * APART {
        let mut sums = plain_sums(level, buckets, of_rows().chain(of_columns()), work);
        let column_sums = sums.split_off(rows * windows().count());
        (sums, column_sums)
    } else {
        rayon::join(
            || plain_sums(level, buckets, of_rows(), work),
            || plain_sums(level, buckets, of_columns(), &mut Work::default()),
        )
    };
    let sums = row_sums.chunks_exact(rows).zip(column_sums.chunks_exact(columns));
    sums.map(|(rows, sums)| {
        let row_sum = running_sum(rows.get(1..).unwrap_or_default());
        (0..columns.ilog2()).fold(row_sum, |sum, _| sum.double()) + running_sum(sums)
    })
    .collect()
}

/// The sum of each group of buckets.
fn plain_sums<I: Iterator<Item = usize>>(
    level: Level,
    buckets: &[Limbs],
    each: impl Iterator<Item = I>,
    work: &mut Work,
) -> Vec<G1Affine> {
    let Work { order, groups, .. } = work;
    groups.clear();
    order.clear();
    for members in each {
        let before = order.len();
        order.extend(members.filter(|at| buckets[2 * at..2 * at + 2] != [[0; 4]; 2]).map(|at| at as u32));
        groups.counts.push((order.len() - before) as u32);
    }
    groups.sum_of(level, buckets, order);
    let mut points = groups.points.chunks_exact(2).map(affine);
    let sum = |count: &u32| if *count == 0 { G1Affine::default() } else { points.next().unwrap_or_default() };
    groups.counts.iter().map(sum).collect()
}

/// `sum_i (i + 1) points_i`.
fn running_sum(points: &[G1Affine]) -> G1 {
    let (mut running, mut sum) = (G1::identity(), G1::identity());
    for point in points.iter().rev() {
        running += point;
        sum += running;
    }
    sum
}

fn affine(point: &[Limbs]) -> G1Affine {
    match point {
        [x, y] => G1Affine { x: coordinate(*x), y: coordinate(*y) },
        _ => G1Affine::default(),
    }
}

/// Points of a run of so many windows with so many buckets in all that are sorted together: chunks bound the memory.
fn chunk(buckets: usize, windows: usize) -> usize {
    ((8 * buckets).clamp(1 << 14, MOST_POINTS) / windows.max(1)).max(1)
}

/// What filling buckets needs besides them, kept from one filling to the next.
#[derive(Default)]
pub(super) struct Work {
    keys: Vec<u32>,
    counts: Vec<u32>,
    places: Vec<u32>,
    order: Vec<u32>,
    pub(super) groups: Groups,
    pub(super) merged: Groups,
}

impl Work {
    /// Most bytes of the work on a run of windows with so many buckets in all, over so many points; of points that fall into buckets
    /// evenly, as those of random scalars do.
    pub(super) fn bytes(parts: u32, windows: Windows, count: usize, buckets: usize) -> usize {
        let run = buckets / windows.buckets();
        let entries = parts as usize * run * chunk(buckets, run).min(count);
        let places = 2 * parts as usize * buckets;
        // The keys' vector grows by doubling.
        let sorting = 4 * (2 * entries + entries + 2 * places);
        // A tile's points in pairs; then, to be merged, its buckets and the sums of their kinds.
        let tile = entries.min(TILE + TILE / 2);
        let merged = (places + buckets) * tile / entries.max(1);
        let tiled = Groups::summing_bytes(tile) + Groups::bytes(merged.min(2 * tile));
        // Rows and columns are summed at once.
        let summing = 2 * (4 * buckets + Groups::summing_bytes(buckets));
        sorting + tiled.max(summing)
    }
}

/// Points of a sum.
pub(super) struct Bases<'a> {
    points: &'a [Limbs],
    identities: bool,
}

impl<'a> Bases<'a> {
    /// The points and whether the identity is among them.
    pub(super) fn new(points: &'a [Limbs]) -> Self {
        Self { points, identities: points.par_chunks(2).with_min_len(1 << 12).any(|point| point == [[0; 4]; 2]) }
    }

    #[inline(always)]
    fn is_identity(&self, i: usize) -> bool {
        self.identities && self.points[2 * i..2 * i + 2] == [[0; 4]; 2]
    }
}
