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

/// The witness of one requantisation: `acc * m = 2 D c + t`, `-D/2 <= t < 3D/2` with half-ends by parity,
/// `b = [t > D/2]`, `RNE(acc * m / D) = 2 c + b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequantiseCells {
    /// Half of the rounded quotient, towards minus infinity.
    pub c: i64,
    /// Remainder.
    pub t: i64,
    /// Parity of the rounded quotient.
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
        let numerator = i128::from(acc) * i128::from(self.multiplier(channel));
        let divisor = i128::from(self.divisor);
        let (quotient, remainder) = (numerator.div_euclid(divisor), numerator.rem_euclid(divisor));
        let up = match (2 * remainder).cmp(&divisor) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => quotient & 1,
            std::cmp::Ordering::Greater => 1,
        };
        (quotient + up) as i64
    }

    /// The output for a rounded quotient `raw = 2 c + b`.
    pub fn saturate(&self, raw: i64) -> i64 {
        (raw + i64::from(self.zero_point)).clamp(i64::from(self.low), i64::from(self.high))
    }

    /// `z` of one accumulator.
    pub fn apply(&self, acc: i64, channel: usize) -> i64 {
        self.saturate(self.round(acc, channel))
    }

    /// All four cells of one accumulator.
    pub fn cells(&self, acc: i64, channel: usize) -> RequantiseCells {
        let raw = self.round(acc, channel);
        let b = raw.rem_euclid(2);
        let c = (raw - b) / 2;
        let t = i128::from(acc) * i128::from(self.multiplier(channel)) - 2 * i128::from(self.divisor) * i128::from(c);
        RequantiseCells { c, t: t as i64, b, z: self.saturate(raw) }
    }

    /// Every `(t, b)`: `2 D` consecutive `t`, each with its `b`.
    pub fn remainders(&self) -> Vec<(i64, i64)> {
        let d = self.divisor as i64;
        (-d..2 * d)
            .filter(|t| -d <= 2 * t && 2 * t <= 3 * d)
            .filter_map(|t| remainder_bit(t, d).map(|b| (t, b)))
            .collect()
    }
}

/// `b` of a remainder, where `t` belongs to the table: at an exact tie the even quotient wins.
fn remainder_bit(t: i64, d: i64) -> Option<i64> {
    if 2 * t.abs() <= d {
        Some(0) // RNE(t / D) = 0: a tie at t = +-D/2 goes to the even 0
    } else if 2 * (t - d).abs() < d {
        Some(1) // RNE(t / D) = 1: strictly inside, its ties belong to 0 and 2
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remainder_table_holds_2d_consecutive_values_and_decides_every_accumulator() {
        for divisor in [1u64, 2, 3, 4, 9, 10, 49, 64, 96] {
            let rule = Requantise { multipliers: vec![1, 3, 7], divisor, zero_point: 3, low: 0, high: 255 };
            let table = rule.remainders();
            assert_eq!(table.len() as u64, 2 * divisor);
            assert!(table.windows(2).all(|w| w[1].0 == w[0].0 + 1));
            for channel in 0..3 {
                for acc in -500..500 {
                    let cells = rule.cells(acc, channel);
                    assert!(table.contains(&(cells.t, cells.b)), "{divisor} {acc} {cells:?}");
                    assert_eq!(acc * rule.multiplier(channel) as i64, 2 * divisor as i64 * cells.c + cells.t);
                    assert_eq!(2 * cells.c + cells.b, rule.round(acc, channel));
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
