//! Points into buckets by their digits, and buckets into the sums of their windows.

use core::ops::Range;

use halo2curves::bn256::{G1, G1Affine};
use halo2curves::group::Group;

use super::addition::Groups;
use super::digits::{Scalars, Windows};
use crate::field::{BaseField, Limbs, negate};
use crate::level::Level;
use crate::raw::coordinate;

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
        bases: &[Limbs],
        scalars: &S,
        windows: Windows,
        run: Range<u32>,
        range: Range<usize>,
    ) -> Self {
        let buckets = windows.buckets() * run.len();
        let mut filled = Self { sums: vec![[0; 4]; 2 * buckets], windows, run };
        // Chunks bound the memory; few points a bucket and chunk cost no more additions, only more copies.
        let chunk = (2 * buckets).clamp(1 << 14, 1 << 16) / filled.run.len().max(1);
        let mut work = Work { digits: Vec::new(), groups: Groups::default() };
        for start in range.clone().step_by(chunk.max(1)) {
            filled.add_chunk(level, bases, scalars, start..range.end.min(start + chunk.max(1)), &mut work);
        }
        filled
    }

    fn add_chunk<S: Scalars>(
        &mut self,
        level: Level,
        bases: &[Limbs],
        scalars: &S,
        range: Range<usize>,
        work: &mut Work,
    ) {
        let Work { digits, groups } = work;
        let per_window = self.windows.buckets();
        groups.counts.clear();
        groups.counts.resize(self.sums.len() / 2, 0);
        digits.clear();
        for (nth, window) in self.run.clone().enumerate() {
            let counts = &mut groups.counts[nth * per_window..(nth + 1) * per_window];
            for i in range.clone() {
                let digit = scalars.digit(i, self.windows, window);
                digits.push(digit);
                if digit != 0 {
                    counts[digit.unsigned_abs() as usize - 1] += 1;
                }
            }
        }
        // A bucket that gets points takes part with what it has.
        let mut places = Vec::with_capacity(groups.counts.len());
        let mut end = 0_usize;
        for (count, sum) in groups.counts.iter_mut().zip(self.sums.chunks_exact(2)) {
            places.push(end);
            *count += u32::from(*count > 0 && sum != [[0; 4]; 2]);
            end += *count as usize;
        }
        groups.points.clear();
        groups.points.resize(2 * end, [0; 4]);
        for ((place, count), sum) in places.iter_mut().zip(&groups.counts).zip(self.sums.chunks_exact(2)) {
            if *count > 0 && sum != [[0; 4]; 2] {
                groups.points[2 * *place..2 * *place + 2].copy_from_slice(sum);
                *place += 1;
            }
        }
        let mut digits = digits.iter();
        for nth in 0..self.run.len() {
            let places = &mut places[nth * per_window..(nth + 1) * per_window];
            for (i, digit) in range.clone().zip(&mut digits) {
                if *digit != 0 {
                    let place = &mut places[digit.unsigned_abs() as usize - 1];
                    let y = bases[2 * i + 1];
                    groups.points[2 * *place] = bases[2 * i];
                    groups.points[2 * *place + 1] = if *digit < 0 { negate::<BaseField>(y) } else { y };
                    *place += 1;
                }
            }
        }
        groups.sum(level);
        let mut points = groups.points.chunks_exact(2);
        for (sum, _) in self.sums.chunks_exact_mut(2).zip(&groups.counts).filter(|(_, count)| **count > 0) {
            if let Some(point) = points.next() {
                sum.copy_from_slice(point);
            }
        }
    }

    /// The buckets of several parts of the points added together.
    pub(super) fn merge(level: Level, parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        let mut groups = Groups::default();
        for bucket in 0..first.sums.len() / 2 {
            groups.begin();
            for part in parts {
                groups.push(&part.sums[2 * bucket..2 * bucket + 2]);
            }
        }
        groups.sum(level);
        Some(Self { sums: groups.points, windows: first.windows, run: first.run.clone() })
    }

    /// `sum_d d bucket_d` of every window.
    ///
    /// With `d - 1 = r h + c`, that is `h sum_r r row_r + sum_c (c + 1) column_c`: rows and columns are plain sums of
    /// points, and only their few sums need running sums.
    pub(super) fn window_sums(&self, level: Level) -> Vec<G1> {
        let per_window = self.windows.buckets();
        let columns = 1_usize << (per_window.ilog2().div_ceil(2));
        let rows = per_window / columns;
        let mut groups = Groups::default();
        for sums in self.sums.chunks_exact(2 * per_window) {
            let mut group = |places: &mut dyn Iterator<Item = usize>| {
                groups.begin();
                for place in places {
                    let sum = &sums[2 * place..2 * place + 2];
                    if sum != [[0; 4]; 2] {
                        groups.push(sum);
                    }
                }
            };
            (0..rows).for_each(|row| group(&mut (row * columns..(row + 1) * columns)));
            (0..columns).for_each(|column| group(&mut (column..per_window).step_by(columns)));
        }
        groups.sum(level);
        let mut points = groups.points.chunks_exact(2).map(affine);
        let sums: Vec<G1Affine> = groups
            .counts
            .iter()
            .map(|count| if *count == 0 { G1Affine::default() } else { points.next().unwrap_or_default() })
            .collect();
        sums.chunks_exact(rows + columns)
            .map(|sums| {
                let (rows, sums) = sums.split_at(rows);
                let row_sum = running_sum(rows.get(1..).unwrap_or_default());
                (0..columns.ilog2()).fold(row_sum, |sum, _| sum.double()) + running_sum(sums)
            })
            .collect()
    }
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

struct Work {
    digits: Vec<i32>,
    groups: Groups,
}
