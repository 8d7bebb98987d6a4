//! Sums of many pairs of affine points with one inversion a batch, and of groups of points by trees of such sums.
//!
//! `l = (y2 - y1) / (x2 - x1)`, `x3 = l^2 - x1 - x2`, `y3 = l (x1 - x3) - y1`: six products a sum, with Montgomery's trick
//! for the quotients. Points are two limbs, `x` at `2 i` and `y` at `2 i + 1`, canonical; the identity is `(0, 0)`.

use crate::engine::Engine;
use crate::field::{self, BaseField as F, Limbs, Modulus};
use crate::level::{Kernel, Level};
use crate::raw::prefetch;
use crate::vector::{invert_lanes, invert_one_coordinate};

/// Pairs that share an inversion; their slopes' denominators stay in the second-level cache.
const BATCH: usize = 1 << 10;

/// Pairs between the one at hand and the one whose points are asked for.
const AHEAD: usize = 16;

const IDENTITY: [Limbs; 2] = [[0; 4]; 2];

/// Twice every point; the identity's double is the identity.
pub(super) fn doubled(level: Level, points: &[Limbs]) -> Vec<Limbs> {
    let mut out = vec![[0; 4]; points.len()];
    for (points, out) in points.chunks(2 * BATCH).zip(out.chunks_mut(2 * BATCH)) {
        let (denominators, numerators): (Vec<Limbs>, Vec<Limbs>) = points.chunks_exact(2).map(tangent).unzip();
        let outs: Vec<u32> = (0..denominators.len() as u32).collect();
        let pairs: Vec<[u32; 2]> = outs.iter().map(|place| [*place; 2]).collect();
        level.run(AddPairs::<true> {
            source: points,
            pairs: &pairs,
            outs: &outs,
            out,
            denominators: &denominators,
            numerators: &numerators,
        });
    }
    out
}

/// The tangent's slope `3 x^2 / 2 y`, as denominator and numerator; that of the identity is `0 / 1`, so that its double
/// is `(0, 0)` again.
fn tangent(point: &[Limbs]) -> (Limbs, Limbs) {
    match point {
        [x, y] if *y != [0; 4] => {
            let square = field::square::<F>(*x);
            let numerator = field::add::<F>(field::double::<F>(square), square);
            (field::canonical::<F>(field::double::<F>(*y)), field::canonical::<F>(numerator))
        }
        _ => (F::ONE, [0; 4]),
    }
}

/// Groups of points that are summed, each by a tree.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The points of all groups, one group after the other; what lies behind them means nothing.
    pub(super) points: Vec<Limbs>,
    /// How many points each group has.
    pub(super) counts: Vec<u32>,
    next: Vec<Limbs>,
    pairs: Vec<[u32; 2]>,
    outs: Vec<u32>,
    /// Whether a sum was the identity: then pairs are looked at before they are added.
    identities: bool,
}

impl Groups {
    /// Most bytes that the sums of so many points of another vector hold: those of pairs and of what is left over, in two vectors
    /// that change places and grow by up to a quarter more than they hold, and the pairs.
    pub(super) fn summing_bytes(points: usize) -> usize {
        (2 * 50 + 12) * points
    }

    /// Most bytes that groups of so many points of their own hold: two vectors that change places, grown by up to a half, and the
    /// pairs.
    pub(super) fn bytes(points: usize) -> usize {
        (2 * 96 + 12) * points
    }

    /// No groups.
    pub(super) fn clear(&mut self) {
        self.points.clear();
        self.counts.clear();
    }

    /// Adds a point to the last group; not the identity.
    pub(super) fn push(&mut self, point: &[Limbs]) {
        self.points.extend_from_slice(point);
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
    }

    /// Begins an empty group.
    pub(super) fn begin(&mut self) {
        self.counts.push(0);
    }

    /// Sums every group: its count becomes one, or stays zero, and `points` holds the sums.
    pub(super) fn sum(&mut self, level: Level) {
        self.identities = false;
        self.sum_points(level);
    }

    /// Sums groups, by their counts, of the points of `source` that `order` names, none the identity.
    pub(super) fn sum_of(&mut self, level: Level, source: &[Limbs], order: &[u32]) {
        self.identities = false;
        self.plan(source, |place| order[place as usize]);
        self.add(level, source);
        core::mem::swap(&mut self.points, &mut self.next);
        self.sum_points(level);
    }

    /// Writes the groups' sums, two limbs each; empty groups leave theirs.
    pub(super) fn give(&self, sums: &mut [Limbs]) {
        let mut points = self.points.chunks_exact(2);
        for (sum, _) in sums.chunks_exact_mut(2).zip(&self.counts).filter(|(_, count)| **count > 0) {
            if let Some(point) = points.next() {
                sum.copy_from_slice(point);
            }
        }
    }

    fn sum_points(&mut self, level: Level) {
        while self.counts.iter().any(|count| *count > 1) {
            let points = core::mem::take(&mut self.points);
            self.plan(&points, |place| place);
            self.add(level, &points);
            self.points = core::mem::replace(&mut self.next, points);
        }
    }

    /// Pairs neighbours within groups and moves the odd ones.
    fn plan(&mut self, source: &[Limbs], at: impl Fn(u32) -> u32) {
        self.pairs.clear();
        self.outs.clear();
        let total: u32 = self.counts.iter().map(|count| count.div_ceil(2)).sum();
        if self.next.len() < 2 * total as usize {
            self.next.resize(2 * total as usize, [0; 4]);
        }
        let (mut from, mut to) = (0, 0);
        for count in &mut self.counts {
            let pairs = *count / 2;
            for pair in 0..pairs {
                self.pairs.push([at(from + 2 * pair), at(from + 2 * pair + 1)]);
                self.outs.push(to + pair);
            }
            if *count % 2 == 1 {
                let (odd, place) = (2 * at(from + *count - 1) as usize, 2 * (to + pairs) as usize);
                self.next[place..place + 2].copy_from_slice(&source[odd..odd + 2]);
            }
            from += *count;
            *count = count.div_ceil(2);
            to += *count;
        }
    }

    /// Adds the planned pairs of points of `source`.
    fn add(&mut self, level: Level, source: &[Limbs]) {
        let Self { next, pairs, outs, identities, .. } = self;
        let mut left: Vec<usize> = (0..pairs.len().div_ceil(BATCH)).collect();
        if !*identities {
            let none = AddPairs::<false> { source, pairs, outs, out: next, denominators: &[], numerators: &[] };
            left = level.run(none);
        }
        for batch in left {
            let range = batch * BATCH..pairs.len().min((batch + 1) * BATCH);
            let mut batch = Batch { source, pairs: &pairs[range.clone()], outs: &outs[range], out: next };
            *identities |= batch.add(level);
        }
    }
}

/// Pairs of points of `source` whose sums go to `out`.
struct Batch<'a> {
    source: &'a [Limbs],
    pairs: &'a [[u32; 2]],
    outs: &'a [u32],
    out: &'a mut [Limbs],
}

/// How a pair is added when the chord's formula has no meaning for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    /// The points are equal.
    Double,
    /// One is the identity, or they cancel.
    Known([Limbs; 2]),
}

impl Batch<'_> {
    #[inline(always)]
    fn pair(&self, pair: usize) -> [Limbs; 4] {
        let [left, right] = self.pairs[pair].map(|place| 2 * place as usize);
        [self.source[left], self.source[left + 1], self.source[right], self.source[right + 1]]
    }

    #[inline(always)]
    fn special(&self, pair: usize) -> Option<Special> {
        let [x1, y1, x2, y2] = self.pair(pair);
        if x1 != x2 && x1 != [0; 4] && x2 != [0; 4] {
            return None;
        }
        match ([x1, y1] == IDENTITY, [x2, y2] == IDENTITY) {
            (true, _) => Some(Special::Known([x2, y2])),
            (_, true) => Some(Special::Known([x1, y1])),
            _ if x1 != x2 => None,
            _ if y1 == y2 => Some(Special::Double),
            _ => Some(Special::Known(IDENTITY)),
        }
    }

    /// Adds pairs of any points; true when a sum is the identity.
    #[cold]
    fn add(&mut self, level: Level) -> bool {
        let (mut denominators, mut numerators) = (Vec::new(), Vec::new());
        let mut known = Vec::new();
        for pair in 0..self.pairs.len() {
            let [x1, y1, x2, y2] = self.pair(pair);
            let (denominator, numerator) = match self.special(pair) {
                None => (field::subtract::<F>(x2, x1), field::subtract::<F>(y2, y1)),
                Some(Special::Double) => tangent(&[x1, y1]),
                Some(Special::Known(point)) => {
                    known.push((self.outs[pair], point));
                    (F::ONE, F::ONE)
                }
            };
            denominators.push(field::canonical::<F>(denominator));
            numerators.push(field::canonical::<F>(numerator));
        }
        level.run(AddPairs::<true> {
            source: self.source,
            pairs: self.pairs,
            outs: self.outs,
            out: self.out,
            denominators: &denominators,
            numerators: &numerators,
        });
        for (place, point) in &known {
            self.out[2 * *place as usize..2 * *place as usize + 2].copy_from_slice(point);
        }
        known.iter().any(|(_, point)| *point == IDENTITY)
    }
}

/// Batches of sums; with `GIVEN`, one batch by given slopes. Missing lanes repeat the last pair, and so write its sum
/// again. Gives the batches that it left because two points have one `x`.
struct AddPairs<'a, const GIVEN: bool> {
    source: &'a [Limbs],
    pairs: &'a [[u32; 2]],
    outs: &'a [u32],
    out: &'a mut [Limbs],
    denominators: &'a [Limbs],
    numerators: &'a [Limbs],
}

impl<const GIVEN: bool> Kernel for AddPairs<'_, GIVEN> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) -> Vec<usize> {
        let Self { source, pairs, outs, out, denominators, numerators } = self;
        let mut steps = Vec::with_capacity(BATCH.min(pairs.len()).div_ceil(E::LANES));
        let mut left = Vec::new();
        for (batch, (pairs, outs)) in pairs.chunks(BATCH).zip(outs.chunks(BATCH)).enumerate() {
            let last = pairs.len() - 1;
            let one = |first: usize, l: usize| 2 * pairs[(first + l).min(last)][0] as usize;
            let other = |first: usize, l: usize| 2 * pairs[(first + l).min(last)][1] as usize;
            let to = |first: usize, l: usize| 2 * outs[(first + l).min(last)] as usize;
            steps.clear();
            let mut product = engine.splat(F::ONE);
            for first in (0..pairs.len()).step_by(E::LANES) {
                let ahead = (first + AHEAD).min(pairs.len())..(first + AHEAD + E::LANES).min(pairs.len());
                pairs[ahead].iter().flatten().for_each(|place| prefetch(source, 2 * *place as usize));
                let denominator = if GIVEN {
                    engine.load_factor(denominators, |l| (first + l).min(last))
                } else {
                    let x1 = engine.load_factor(source, |l| one(first, l));
                    let x2 = engine.load_factor(source, |l| other(first, l));
                    engine.subtract_factor::<F>(x2, x1)
                };
                steps.push((product, denominator));
                product = engine.multiply::<F>(product, denominator);
            }
            let mut lanes = [F::ONE; 8];
            engine.store::<F>(product, &mut lanes, |l| l);
            if lanes.contains(&[0; 4]) {
                left.push(batch);
                continue;
            }
            let mut inverse = invert_lanes::<F, E>(engine, product, invert_one_coordinate);
            for (step, (before, denominator)) in steps.iter().enumerate().rev() {
                let first = step * E::LANES;
                let own = engine.multiply::<F>(inverse, engine.factor::<F>(*before));
                inverse = engine.multiply::<F>(inverse, *denominator);
                let y_difference = if GIVEN {
                    engine.load_factor(numerators, |l| (first + l).min(last))
                } else {
                    let y1 = engine.load_factor(source, |l| one(first, l) + 1);
                    let y2 = engine.load_factor(source, |l| other(first, l) + 1);
                    engine.subtract_factor::<F>(y2, y1)
                };
                let slope = engine.multiply::<F>(own, y_difference);
                let slope_factor = engine.factor::<F>(slope);
                let x1 = engine.load(source, |l| one(first, l));
                let x2 = engine.load(source, |l| other(first, l));
                let square = engine.multiply::<F>(slope, slope_factor);
                let x3 = engine.reduce::<F>(engine.subtract::<F>(square, engine.add::<F>(x1, x2)));
                let y1 = engine.load(source, |l| one(first, l) + 1);
                let rise = engine.multiply::<F>(engine.subtract::<F>(x1, x3), slope_factor);
                engine.store::<F>(x3, out, |l| to(first, l));
                engine.store::<F>(engine.subtract::<F>(rise, y1), out, |l| to(first, l) + 1);
            }
        }
        left
    }
}
