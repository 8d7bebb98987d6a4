//! Requantisation: `z = saturate(RNE(acc * m / D) + zero_point)`, exact, round half to even.

use serde::{Deserialize, Serialize};

/// The integer rule that takes an accumulator back to a narrow tensor.
///
/// `z = clamp(RNE(acc * m / D) + zero_point, low, high)` with `m = multipliers[channel]` (or the only one) and
/// `D = divisor`. Relu, Clip and saturation are `low` and `high`.
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
}

/// How an accumulator is cut in two for two small tables: `acc * m = modulus * c + t` with `t` in `first .. first + modulus` and
/// `b = [t > threshold]`. The output is a function of `(c, b)` alone.
///
/// Two cuts have this property:
/// - *rounded*: `modulus = 2 D`, `-D/2 <= t < 3D/2` with half-ends by parity, `b = [t > D/2]`; then `RNE(acc * m / D) = 2 c + b`.
/// - *sticky*: `modulus` divides `D / 2`, `0 <= t < modulus`, `b = [t > 0]`. Every point where the rounded quotient changes is an odd
///   multiple of `D / 2` and so a multiple of the modulus: whether `acc * m` lies above it, at it or below it follows from `c` and `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// Number of remainders, at least 1.
    pub modulus: u64,
    /// Smallest remainder.
    pub first: i64,
    /// Largest remainder with `b = 0`.
    pub threshold: i64,
}

impl Split {
    /// `(c, t, b)` of `acc * m`.
    pub fn cut(&self, numerator: i128) -> (i64, i64, i64) {
        let (modulus, first) = (i128::from(self.modulus), i128::from(self.first));
        let c = (numerator - first).div_euclid(modulus);
        let t = (numerator - modulus * c) as i64;
        (c as i64, t, self.bit(t))
    }

    /// Every `(t, b)`, by ascending `t`.
    pub fn remainders(&self) -> impl Iterator<Item = (i64, i64)> + use<> {
        let split = *self;
        (split.first..split.first + split.modulus as i64).map(move |t| (t, split.bit(t)))
    }

    fn bit(&self, t: i64) -> i64 {
        i64::from(t > self.threshold)
    }
}

/// The witness of one requantisation: the [`Split`] of `acc * m`, and the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequantiseCells {
    /// Quotient by the modulus, towards minus infinity.
    pub c: i64,
    /// Remainder.
    pub t: i64,
    /// Whether the remainder is above the threshold.
    pub b: i64,
    /// Saturated output.
    pub z: i64,
}

impl Requantise {
    /// Accumulators as they are, in `i32`.
    pub fn accumulators() -> Self {
        Self { multipliers: vec![1], divisor: 1, zero_point: 0, low: i32::MIN, high: i32::MAX }
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

    /// The output for a rounded quotient.
    pub fn saturate(&self, raw: i64) -> i64 {
        (raw + i64::from(self.zero_point)).clamp(i64::from(self.low), i64::from(self.high))
    }

    /// `z` of one accumulator.
    pub fn apply(&self, acc: i64, channel: usize) -> i64 {
        self.saturate(self.round(acc, channel))
    }

    /// All four cells of one accumulator.
    pub fn cells(&self, split: Split, acc: i64, channel: usize) -> RequantiseCells {
        let (c, t, b) = split.cut(i128::from(acc) * i128::from(self.multiplier(channel)));
        RequantiseCells { c, t, b, z: self.apply(acc, channel) }
    }

    /// The output of every accumulator with this `c` and `b`.
    pub fn output(&self, split: Split, c: i64, b: i64) -> i64 {
        let t = if b == 0 { split.first } else { split.threshold + 1 };
        self.saturate(self.round_quotient(i128::from(split.modulus) * i128::from(c) + i128::from(t)))
    }

    /// The rounded cut, then every sticky one whose modulus is `D` divided by a power of two, by descending modulus.
    pub fn splits(&self) -> impl Iterator<Item = Split> + use<> {
        let half = (self.divisor / 2) as i64;
        let rounded = Split { modulus: 2 * self.divisor, first: -half, threshold: half };
        let sticky = (1..=self.divisor.trailing_zeros()).map({
            let divisor = self.divisor;
            move |shift| Split { modulus: divisor >> shift, first: 0, threshold: 0 }
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
            let rule = Requantise { multipliers: vec![1, 3, 7], divisor, zero_point: 3, low: 0, high: 255 };
            let rounded = rule.splits().next().unwrap();
            assert_eq!(rule.splits().count() as u32, 1 + divisor.trailing_zeros());
            for split in rule.splits() {
                let table: Vec<(i64, i64)> = split.remainders().collect();
                assert_eq!(table.len() as u64, split.modulus);
                for channel in 0..3 {
                    for acc in -500..500 {
                        let cells = rule.cells(split, acc, channel);
                        assert!(table.contains(&(cells.t, cells.b)), "{divisor} {split:?} {acc} {cells:?}");
                        assert_eq!(
                            acc * rule.multiplier(channel) as i64,
                            split.modulus as i64 * cells.c + cells.t,
                            "{divisor} {split:?} {acc}"
                        );
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
    fn ties_go_to_the_even_quotient() {
        let rule = Requantise { multipliers: vec![1], divisor: 2, zero_point: 0, low: -128, high: 127 };
        let rounded: Vec<i64> = (-5..=5).map(|acc| rule.round(acc, 0)).collect();
        assert_eq!(rounded, [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2]);
    }
}
