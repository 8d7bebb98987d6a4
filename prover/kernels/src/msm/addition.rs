//! Sums of many pairs of affine points with one inversion a batch, and of groups of points by trees of such sums.
//!
//! `l = (y2 - y1) / (x2 - x1)`, `x3 = l^2 - x1 - x2`, `y3 = l (x1 - x3) - y1`: six products a sum, with Montgomery's trick
//! for the quotients. Points are two limbs, `x` at `2 i` and `y` at `2 i + 1`, canonical; the identity is `(0, 0)`.

use crate::engine::Engine;
use crate::field::{self, BaseField as F, Limbs, Modulus};
use crate::level::{Kernel, Level};
use crate::vector::{invert_lanes, invert_one_coordinate};

/// Pairs that share an inversion; their slopes' denominators stay in the second-level cache.
const BATCH: usize = 1 << 10;

const IDENTITY: [Limbs; 2] = [[0; 4]; 2];

/// Groups of points, one after the other, that are summed in place of their points.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The points of all groups.
    pub(super) points: Vec<Limbs>,
    /// How many points each group has.
    pub(super) counts: Vec<u32>,
    next: Vec<Limbs>,
    lefts: Vec<u32>,
    outs: Vec<u32>,
    denominators: Vec<Limbs>,
    numerators: Vec<Limbs>,
}

impl Groups {
    /// Adds a point to the last group.
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
        while self.plan() {
            let Self { points, next, lefts, outs, denominators, numerators, .. } = self;
            for (lefts, outs) in lefts.chunks(BATCH).zip(outs.chunks(BATCH)) {
                let mut batch = Batch { source: points, lefts, outs, out: next, denominators, numerators };
                batch.add(level);
            }
            core::mem::swap(&mut self.points, &mut self.next);
        }
    }

    /// Pairs neighbours within groups and moves the odd ones; false when there are no pairs.
    fn plan(&mut self) -> bool {
        self.lefts.clear();
        self.outs.clear();
        if self.counts.iter().all(|count| *count < 2) {
            return false;
        }
        let total: u32 = self.counts.iter().map(|count| count.div_ceil(2)).sum();
        self.next.resize(2 * total as usize, [0; 4]);
        let (mut from, mut to) = (0, 0);
        for count in &mut self.counts {
            let pairs = *count / 2;
            self.lefts.extend((0..pairs).map(|pair| from + 2 * pair));
            self.outs.extend((0..pairs).map(|pair| to + pair));
            if *count % 2 == 1 {
                let (odd, place) = (2 * (from + *count - 1) as usize, 2 * (to + pairs) as usize);
                self.next[place] = self.points[odd];
                self.next[place + 1] = self.points[odd + 1];
            }
            from += *count;
            *count = count.div_ceil(2);
            to += *count;
        }
        true
    }
}

/// Pairs `(source[left], source[left + 1])` whose sums go to `out`.
struct Batch<'a> {
    source: &'a [Limbs],
    lefts: &'a [u32],
    outs: &'a [u32],
    out: &'a mut [Limbs],
    denominators: &'a mut Vec<Limbs>,
    numerators: &'a mut Vec<Limbs>,
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
    fn add(&mut self, level: Level) {
        if (0..self.lefts.len()).all(|pair| self.special(pair).is_none()) {
            level.run(AddPairs::<false> {
                source: self.source,
                lefts: self.lefts,
                outs: self.outs,
                out: self.out,
                denominators: &[],
                numerators: &[],
            });
        } else {
            self.add_with_specials(level);
        }
    }

    #[inline(always)]
    fn pair(&self, pair: usize) -> [Limbs; 4] {
        let left = 2 * self.lefts[pair] as usize;
        [self.source[left], self.source[left + 1], self.source[left + 2], self.source[left + 3]]
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

    #[cold]
    fn add_with_specials(&mut self, level: Level) {
        self.denominators.clear();
        self.numerators.clear();
        let mut known = Vec::new();
        for pair in 0..self.lefts.len() {
            let [x1, y1, x2, y2] = self.pair(pair);
            let (denominator, numerator) = match self.special(pair) {
                None => (field::subtract::<F>(x2, x1), field::subtract::<F>(y2, y1)),
                Some(Special::Double) => {
                    let square = field::square::<F>(x1);
                    (field::double::<F>(y1), field::add::<F>(field::double::<F>(square), square))
                }
                Some(Special::Known(point)) => {
                    known.push((self.outs[pair], point));
                    (F::ONE, F::ONE)
                }
            };
            self.denominators.push(field::canonical::<F>(denominator));
            self.numerators.push(field::canonical::<F>(numerator));
        }
        level.run(AddPairs::<true> {
            source: self.source,
            lefts: self.lefts,
            outs: self.outs,
            out: self.out,
            denominators: self.denominators,
            numerators: self.numerators,
        });
        for (place, point) in known {
            self.out[2 * place as usize..2 * place as usize + 2].copy_from_slice(&point);
        }
    }
}

/// One batch's sums; with `GIVEN`, by given slopes. Missing lanes repeat the last pair, and so write its sum again.
struct AddPairs<'a, const GIVEN: bool> {
    source: &'a [Limbs],
    lefts: &'a [u32],
    outs: &'a [u32],
    out: &'a mut [Limbs],
    denominators: &'a [Limbs],
    numerators: &'a [Limbs],
}

impl<const GIVEN: bool> Kernel for AddPairs<'_, GIVEN> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let Self { source, lefts, outs, out, denominators, numerators } = self;
        let last = lefts.len() - 1;
        let steps = lefts.len().div_ceil(E::LANES);
        let mut product = engine.splat(F::ONE);
        let mut before = vec![product; steps];
        let mut steepness = vec![engine.splat_factor(F::ONE); steps];
        for step in 0..steps {
            let first = step * E::LANES;
            let denominator = if GIVEN {
                engine.load_factor(denominators, |l| (first + l).min(last))
            } else {
                let x1 = engine.load_factor(source, |l| 2 * lefts[(first + l).min(last)] as usize);
                let x2 = engine.load_factor(source, |l| 2 * lefts[(first + l).min(last)] as usize + 2);
                engine.subtract_factor::<F>(x2, x1)
            };
            before[step] = product;
            steepness[step] = denominator;
            product = engine.multiply::<F>(product, denominator);
        }
        let mut inverse = invert_lanes::<F, E>(engine, product, invert_one_coordinate);
        for step in (0..steps).rev() {
            let first = step * E::LANES;
            let own = engine.multiply::<F>(inverse, engine.factor::<F>(before[step]));
            inverse = engine.multiply::<F>(inverse, steepness[step]);
            let y_difference = if GIVEN {
                engine.load_factor(numerators, |l| (first + l).min(last))
            } else {
                let y1 = engine.load_factor(source, |l| 2 * lefts[(first + l).min(last)] as usize + 1);
                let y2 = engine.load_factor(source, |l| 2 * lefts[(first + l).min(last)] as usize + 3);
                engine.subtract_factor::<F>(y2, y1)
            };
            let slope = engine.multiply::<F>(own, y_difference);
            let slope_factor = engine.factor::<F>(slope);
            let x1 = engine.load(source, |l| 2 * lefts[(first + l).min(last)] as usize);
            let x2 = engine.load(source, |l| 2 * lefts[(first + l).min(last)] as usize + 2);
            let square = engine.multiply::<F>(slope, slope_factor);
            let x3 = engine.reduce::<F>(engine.subtract::<F>(square, engine.add::<F>(x1, x2)));
            let y1 = engine.load(source, |l| 2 * lefts[(first + l).min(last)] as usize + 1);
            let rise = engine.multiply::<F>(engine.subtract::<F>(x1, x3), slope_factor);
            engine.store::<F>(x3, out, |l| 2 * outs[(first + l).min(last)] as usize);
            engine.store::<F>(engine.subtract::<F>(rise, y1), out, |l| 2 * outs[(first + l).min(last)] as usize + 1);
        }
    }
}
