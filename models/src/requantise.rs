//! Requantisation: `z = saturate(RNE(acc * m / D) + zero_point)`, exact, round half to even; then, where there is one, a table of values.

use serde::{Deserialize, Serialize};

/// The integer rule that takes an accumulator back to a narrow tensor.
///
/// `z = clamp(RNE(acc * m / D) + zero_point, low, high)` with `m = multipliers[channel]` (or the only one) and
/// `D = divisor`. Relu, Clip and saturation are `low` and `high`.
///
/// With a `table` the result is `table[z - low]`: any function of the rounded sum (Sigmoid, Exp, a square), given value by value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requantise {
    /// `m`, one for the tensor or one per output channel; each at least 1.
    pub multipliers: Vec<u64>,
    /// `D`, at least 1.
    pub divisor: u64,
    /// Added after rounding.
    pub zero_point: i32,
    /// Smallest output.
    pub low: i32,
    /// Largest output.
    pub high: i32,
    /// What takes the place of each of `low..=high`, in this order; empty where they stay.
    pub table: Vec<i32>,
}

/// Most cells that hold a remainder.
pub const MAX_PARTS: usize = 3;

/// Consecutive integers: the first, and how many. No integers are `(0, 0)`.
pub type Span = (i64, u64);

/// How an accumulator is cut for small tables: `acc * m = modulus * c + t` with `t` in `first .. first + modulus` and
/// `b = [t > threshold]`. The output is a function of `(c, b)` alone.
///
/// Two cuts have this property:
/// - *rounded*: `modulus = 2 D`, `-D/2 <= t < 3D/2` with half-ends by parity, `b = [t > D/2]`; then `RNE(acc * m / D) = 2 c + b`.
/// - *sticky*: `modulus` divides `D / 2`, `0 <= t < modulus`, `b = [t > 0]`. Every point where the rounded quotient changes is an odd
///   multiple of `D / 2` and so a multiple of the modulus: whether `acc * m` lies above it, at it or below it follows from `c` and `b`.
///
/// The remainder may stand in several cells, `t = t_0 + steps_0 t_1 + steps_1 t_2`, so that tables hold about the root of as many rows. Each part is
/// looked up with `b` alone. For each `b` the spans of the parts ([`Split::spans`]) add up to exactly the remainders that have this `b`: a part that
/// is counted in steps of `s` leaves a span of at least `s` and fewer than `2 s` integers to the parts before it, without a gap and without
/// an integer too many. Some remainders have two forms; `c` and `b` follow from their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// Number of remainders, at least 1.
    pub modulus: u64,
    /// Smallest remainder.
    pub first: i64,
    /// Largest remainder with `b = 0`.
    pub threshold: i64,
    /// What the second and the third part count, ascending; 0 for a part that is always 0.
    pub steps: [u64; MAX_PARTS - 1],
}

impl Split {
    /// `(c, t, b)` of `acc * m`.
    pub fn cut(&self, numerator: i128) -> (i64, i64, i64) {
        let (modulus, first) = (i128::from(self.modulus), i128::from(self.first));
        let c = (numerator - first).div_euclid(modulus);
        let t = (numerator - modulus * c) as i64;
        (c as i64, t, i64::from(t > self.threshold))
    }

    /// The parts of a remainder.
    pub fn parts(&self, t: i64) -> [i64; MAX_PARTS] {
        let mut span = self.remainders(t > self.threshold);
        let mut left = t;
        let mut parts = [0; MAX_PARTS];
        for (part, step) in (1..MAX_PARTS).zip(self.steps).rev() {
            let (high, low) = apart(span, step);
            // The last of the steps leaves the longer rest.
            let most = high.0 + high.1 as i64 - 1;
            parts[part] = if step == 0 { 0 } else { (left - low.0).div_euclid(step as i64).min(most) };
            left -= step as i64 * parts[part];
            span = low;
        }
        parts[0] = left;
        parts
    }

    /// What each part may be, for `b = 0` and for `b = 1`.
    pub fn spans(&self) -> [[Span; 2]; MAX_PARTS] {
        let [none, one] = [false, true].map(|b| {
            let mut spans = [(0, 0); MAX_PARTS];
            let mut span = self.remainders(b);
            for (part, step) in (1..MAX_PARTS).zip(self.steps).rev() {
                (spans[part], span) = apart(span, step);
            }
            spans[0] = span;
            spans
        });
        std::array::from_fn(|part| [none[part], one[part]])
    }

    /// The same remainders in parts that count so much.
    #[must_use]
    pub const fn in_steps(self, steps: [u64; MAX_PARTS - 1]) -> Self {
        Self { steps, ..self }
    }

    /// The remainders with this `b`.
    const fn remainders(&self, b: bool) -> Span {
        let below = (self.threshold - self.first) as u64 + 1;
        match (b, self.modulus - below) {
            (false, _) => (self.first, below),
            (true, 0) => (0, 0),
            (true, above) => (self.threshold + 1, above),
        }
    }
}

/// A span as a sum of two: of multiples of `step`, and of what is left, from below `step` on and of fewer than `2 step` integers. For a step of 0
/// the first is 0 alone.
const fn apart((first, count): Span, step: u64) -> (Span, Span) {
    if count == 0 {
        return ((0, 0), (0, 0));
    }
    if step == 0 {
        return ((0, 1), (first, count));
    }
    let multiples = if count < 2 * step { 1 } else { count / step };
    let lowest = first.div_euclid(step as i64);
    ((lowest, multiples), (first - lowest * step as i64, count - (multiples - 1) * step))
}

/// The witness of one requantisation: the [`Split`] of `acc * m`, and the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequantiseCells {
    /// Quotient by the modulus, towards minus infinity.
    pub c: i64,
    /// The parts of the remainder.
    pub t: [i64; MAX_PARTS],
    /// Whether the remainder is above the threshold.
    pub b: i64,
    /// Saturated output.
    pub z: i64,
}

impl Requantise {
    /// Accumulators as they are, in `i32`.
    pub fn accumulators() -> Self {
        Self { multipliers: vec![1], divisor: 1, zero_point: 0, low: i32::MIN, high: i32::MAX, table: vec![] }
    }

    /// `m` of a channel.
    pub fn multiplier(&self, channel: usize) -> u64 {
        match self.multipliers.as_slice() {
            [only] => *only,
            many => many.get(channel).copied().unwrap_or(1),
        }
    }

    /// `RNE(acc * m / D)`: round half to even, before the zero point.
    pub fn round(&self, acc: i64, channel: usize) -> i64 {
        self.round_quotient(i128::from(acc) * i128::from(self.multiplier(channel)))
    }

    /// `RNE(numerator / D)`.
    fn round_quotient(&self, numerator: i128) -> i64 {
        let divisor = i128::from(self.divisor);
        let (quotient, remainder) = (numerator.div_euclid(divisor), numerator.rem_euclid(divisor));
        let up = match (2 * remainder).cmp(&divisor) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => quotient & 1,
            std::cmp::Ordering::Greater => 1,
        };
        (quotient + up) as i64
    }

    /// The output for a rounded quotient. A rule that lacks a value of its table, which no valid one does, has an output that no type holds.
    pub fn saturate(&self, raw: i64) -> i64 {
        let value = (raw + i64::from(self.zero_point)).clamp(i64::from(self.low), i64::from(self.high));
        match self.table.as_slice() {
            [] => value,
            table => table.get((value - i64::from(self.low)) as usize).map_or(i64::MIN, |value| i64::from(*value)),
        }
    }

    /// Smallest and largest output for the quotients from that of one accumulator to that of a larger one.
    pub(crate) fn outputs(&self, (least, most): (i64, i64), channel: usize) -> (i64, i64) {
        let bare =
            |acc| (self.round(acc, channel) + i64::from(self.zero_point)).clamp(self.low.into(), self.high.into());
        let (first, last) = (bare(least), bare(most));
        if self.table.is_empty() {
            return (first, last);
        }
        let values = self.table.iter().skip((first - i64::from(self.low)) as usize).take((last - first + 1) as usize);
        values.fold((i64::MAX, i64::MIN), |(low, high), value| (low.min((*value).into()), high.max((*value).into())))
    }

    /// Values of a table for which there is room in every circuit.
    pub(crate) const LARGEST_TABLE: usize = 1 << 20;

    /// `z` of one accumulator.
    pub fn apply(&self, acc: i64, channel: usize) -> i64 {
        self.saturate(self.round(acc, channel))
    }

    /// All four cells of one accumulator.
    pub fn cells(&self, split: Split, acc: i64, channel: usize) -> RequantiseCells {
        let (c, t, b) = split.cut(i128::from(acc) * i128::from(self.multiplier(channel)));
        RequantiseCells { c, t: split.parts(t), b, z: self.apply(acc, channel) }
    }

    /// The output of every accumulator with this `c` and `b`.
    pub fn output(&self, split: Split, c: i64, b: i64) -> i64 {
        let t = if b == 0 { split.first } else { split.threshold + 1 };
        self.saturate(self.round_quotient(i128::from(split.modulus) * i128::from(c) + i128::from(t)))
    }

    /// The rounded cut, then every sticky one whose modulus is `D` divided by a power of two, by descending modulus; remainders in one part.
    pub fn splits(&self) -> impl Iterator<Item = Split> + use<> {
        let half = (self.divisor / 2) as i64;
        let steps = [0; MAX_PARTS - 1];
        let rounded = Split { modulus: 2 * self.divisor, first: -half, threshold: half, steps };
        let sticky = (1..=self.divisor.trailing_zeros()).map({
            let divisor = self.divisor;
            move |shift| Split { modulus: divisor >> shift, first: 0, threshold: 0, steps }
        });
        std::iter::once(rounded).chain(sticky)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_decides_every_accumulator_by_c_and_b_alone() {
        for divisor in [1u64, 2, 3, 4, 9, 10, 12, 49, 64, 96] {
            let rule =
                Requantise { multipliers: vec![1, 3, 7], divisor, zero_point: 3, low: 0, high: 255, table: vec![] };
            let rounded = rule.splits().next().unwrap();
            assert_eq!(rule.splits().count() as u32, 1 + divisor.trailing_zeros());
            for split in rule.splits() {
                for channel in 0..3 {
                    for acc in -500..500 {
                        let cells = rule.cells(split, acc, channel);
                        let [t, ..] = cells.t;
                        assert!((split.first..split.first + split.modulus as i64).contains(&t));
                        assert_eq!(cells.b, i64::from(t > split.threshold));
                        let numerator = split.modulus as i64 * cells.c + t;
                        assert_eq!(acc * rule.multiplier(channel) as i64, numerator, "{divisor} {split:?} {acc}");
                        assert_eq!(cells.z, rule.output(split, cells.c, cells.b), "{divisor} {split:?} {acc}");
                        if split == rounded {
                            assert_eq!(2 * cells.c + cells.b, rule.round(acc, channel));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn parts_add_up_to_the_remainders_of_each_b_and_to_nothing_else() {
        let steps = [0, 1, 2, 3, 4, 8, 16, 32, 128];
        let pairs = steps.into_iter().flat_map(|s| steps.into_iter().map(move |l| [s, l]));
        let pairs: Vec<_> = pairs.filter(|[s, l]| s < l || *l == 0).collect();
        for divisor in [1u64, 2, 3, 4, 9, 10, 12, 49, 64, 96] {
            let rule = Requantise { multipliers: vec![1], divisor, zero_point: 3, low: 0, high: 255, table: vec![] };
            for (split, steps) in rule.splits().flat_map(|split| pairs.iter().map(move |steps| (split, *steps))) {
                let split = split.in_steps(steps);
                let spans = split.spans();
                for b in 0..2i64 {
                    let [t0, t1, t2] = spans.map(|of| of[b as usize]).map(|(first, n)| first..first + n as i64);
                    let mut sums = std::collections::BTreeSet::new();
                    for (h, m) in t2.flat_map(|h| t1.clone().map(move |m| (h, m))) {
                        sums.extend(t0.clone().map(|l| l + m * steps[0] as i64 + h * steps[1] as i64));
                    }
                    let all = split.first..split.first + split.modulus as i64;
                    let expected = all.filter(|t| i64::from(*t > split.threshold) == b).collect();
                    assert_eq!(sums, expected, "{split:?} {b}");
                }
                for t in split.first..split.first + split.modulus as i64 {
                    let (parts, b) = (split.parts(t), usize::from(t > split.threshold));
                    assert_eq!(parts[0] + parts[1] * steps[0] as i64 + parts[2] * steps[1] as i64, t);
                    for (part, spans) in parts.into_iter().zip(spans) {
                        let (first, count) = spans[b];
                        assert!((first..first + count as i64).contains(&part), "{split:?} {t}");
                    }
                }
            }
        }
    }

    #[test]
    fn ties_go_to_the_even_quotient() {
        let rule = Requantise { multipliers: vec![1], divisor: 2, zero_point: 0, low: -128, high: 127, table: vec![] };
        let rounded: Vec<i64> = (-5..=5).map(|acc| rule.round(acc, 0)).collect();
        assert_eq!(rounded, [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2]);
    }
}
