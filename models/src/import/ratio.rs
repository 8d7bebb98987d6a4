//! [`Ratio`]: exact ratios of scales, and the integers that stand for them.

/// `numerator / denominator * 2^exponent`, positive; both odd, without a common factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    numerator: u128,
    denominator: u128,
    exponent: i32,
}

/// Largest odd part of a divisor that is kept exact: the windows of average pools.
const SMALL_DENOMINATOR: u128 = 4096;

/// Multipliers keep this many bits.
const MULTIPLIER_BITS: i32 = 24;

/// Largest power of two in a divisor.
const DIVISOR_BITS: i32 = 48;

impl Ratio {
    pub(super) const ONE: Self = Self { numerator: 1, denominator: 1, exponent: 0 };

    /// A scale, exactly; `None` unless it is finite and in `2^-60..=2^60`.
    pub(super) fn of(scale: f64) -> Option<Self> {
        let limit = 2f64.powi(60);
        if !(scale >= limit.recip() && scale <= limit) {
            return None;
        }
        let bits = scale.to_bits();
        let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
        let exponent = (bits >> 52) as i32 - 1075;
        let shift = mantissa.trailing_zeros();
        Some(Self { numerator: (mantissa >> shift).into(), denominator: 1, exponent: exponent + shift as i32 })
    }

    /// A small positive integer; `None` for 0.
    pub(super) fn integer(value: u32) -> Option<Self> {
        Self::of(value.into())
    }

    /// The product; `None` if its integers grow beyond 128 bits.
    pub(super) fn times(self, other: Self) -> Option<Self> {
        let (a, b) = (gcd(self.numerator, other.denominator), gcd(other.numerator, self.denominator));
        Some(Self {
            numerator: (self.numerator / a).checked_mul(other.numerator / b)?,
            denominator: (self.denominator / b).checked_mul(other.denominator / a)?,
            exponent: self.exponent.checked_add(other.exponent)?,
        })
    }

    /// The quotient; `None` if its integers grow beyond 128 bits.
    pub(super) fn over(self, other: Self) -> Option<Self> {
        self.times(Self { numerator: other.denominator, denominator: other.numerator, exponent: -other.exponent })
    }

    /// The nearest float.
    pub(super) fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64 * 2f64.powi(self.exponent)
    }
}

/// Multipliers `m_i` and one divisor `D` with `m_i / D` the given ratios.
///
/// Exact where every ratio is a fraction of 24-bit integers over `N * 2^s` with odd `N <= 4096`: powers of two (`m = 1` over
/// `D = 2^s`, or `m = 2^e` over 1) and divisions by a pooling window among them. Otherwise as close as a multiplier of 24 bits is: one ratio is the
/// smallest fraction within `2^-25` of itself that its continued fraction gives, whose divisor is about the root of what 24 bits would take; of several,
/// `D = 2^s` with the largest multiplier rounded to 24 bits and the others to the same step, at least 1. `None` if a multiplier would need
/// more than 32 bits.
pub(super) fn fit(ratios: &[Ratio]) -> Option<(Vec<u64>, u64)> {
    exact(ratios).or_else(|| fraction(ratios)).or_else(|| rounded(ratios))
}

fn exact(ratios: &[Ratio]) -> Option<(Vec<u64>, u64)> {
    let mut denominator = 1u128;
    for ratio in ratios {
        denominator = denominator / gcd(denominator, ratio.denominator) * ratio.denominator;
        if denominator > SMALL_DENOMINATOR {
            return None;
        }
    }
    let shift = -ratios.iter().map(|ratio| ratio.exponent).min()?.min(0);
    if shift > DIVISOR_BITS {
        return None;
    }
    let multiplier = |ratio: &Ratio| {
        let odd = ratio.numerator.checked_mul(denominator / ratio.denominator)?;
        let fits = odd < 1 << MULTIPLIER_BITS && ratio.exponent + shift < 32;
        let multiplier = if fits { odd << (ratio.exponent + shift) } else { return None };
        u32::try_from(multiplier).ok().map(u64::from)
    };
    Some((ratios.iter().map(multiplier).collect::<Option<_>>()?, (denominator as u64) << shift))
}

/// One fraction for ratios that are all the same: of the convergents `h / k` of its continued fraction and those between two of them, the first that is
/// close enough. `h = a h' + h''` and `k = a k' + k''`, with the partial quotients `a` of Euclid's algorithm, or less than one.
fn fraction(ratios: &[Ratio]) -> Option<(Vec<u64>, u64)> {
    let (first, others) = ratios.split_first()?;
    if others.iter().any(|other| other != first) {
        return None;
    }
    let power = |exponent: i32| 1u128.checked_shl(u32::try_from(exponent).ok()?);
    let mut p = first.numerator.checked_mul(power(first.exponent.max(0))?)?;
    let mut q = first.denominator.checked_mul(power((-first.exponent).max(0))?)?;
    let value = first.value();
    let is_close = |[m, divisor]: [u64; 2]| {
        m > 0 && (m as f64 / divisor as f64 / value - 1.0).abs() <= 2f64.powi(-MULTIPLIER_BITS - 1)
    };
    let (mut last, mut convergent) = ([0, 1], [1, 0]);
    while q != 0 {
        let quotient = u64::try_from(p / q).ok()?;
        let between = |a: u64| {
            let [m, divisor] = [0, 1].map(|at: usize| a.checked_mul(convergent[at])?.checked_add(last[at]));
            Some([m?, divisor?]).filter(|[m, divisor]| u32::try_from(*m).is_ok() && *divisor <= 1 << DIVISOR_BITS)
        };
        // The larger `a`, the closer.
        let (mut far, mut close) = (0, quotient);
        if between(close).is_none_or(is_close) {
            while far + 1 < close {
                let middle = far + (close - far) / 2;
                if between(middle).is_none_or(is_close) { close = middle } else { far = middle }
            }
            let [m, divisor] = between(close)?;
            return Some((vec![m; ratios.len()], divisor));
        }
        (last, convergent) = (convergent, between(quotient)?);
        (p, q) = (q, p % q);
    }
    None
}

fn rounded(ratios: &[Ratio]) -> Option<(Vec<u64>, u64)> {
    let largest = ratios.iter().map(|ratio| ratio.value()).fold(0.0, f64::max);
    let mut shift = 0;
    while shift < DIVISOR_BITS && largest * 2f64.powi(shift + 1) < 2f64.powi(MULTIPLIER_BITS) {
        shift += 1;
    }
    let multiplier = |ratio: &Ratio| {
        let multiplier = (ratio.value() * 2f64.powi(shift)).round_ties_even().max(1.0);
        (multiplier <= f64::from(u32::MAX)).then_some(multiplier as u64)
    };
    let multipliers = ratios.iter().map(multiplier).collect::<Option<Vec<u64>>>()?;
    let common = multipliers.iter().map(|m| m.trailing_zeros()).min()?.min(shift as u32);
    Some((multipliers.into_iter().map(|m| m >> common).collect(), 1 << (shift as u32 - common)))
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(scale: f64) -> Ratio {
        Ratio::of(scale).unwrap()
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!(fit(&[ratio(1.0 / 256.0)]), Some((vec![1], 256)));
        assert_eq!(fit(&[ratio(8.0)]), Some((vec![8], 1)));
        assert_eq!(fit(&[ratio(0.25), ratio(2.0)]), Some((vec![1, 8], 4)));
    }

    #[test]
    fn equal_scales_cancel_whatever_they_are() {
        let scale = ratio(f64::from(0.1f32)).times(ratio(0.5)).unwrap();
        assert_eq!(fit(&[scale.over(ratio(f64::from(0.1f32))).unwrap()]), Some((vec![1], 2)));
    }

    #[test]
    fn divisions_by_a_window_are_exact() {
        for n in [3u32, 9, 12, 49] {
            let unit = ratio(0.5).over(Ratio::integer(n).unwrap()).unwrap();
            assert_eq!(fit(&[unit]), Some((vec![1], u64::from(2 * n))));
        }
    }

    #[test]
    fn free_scales_are_rounded_to_24_bits_with_one_divisor() {
        let scales = [0.1f32, 0.003, 0.0471].map(|w| ratio(w.into()).times(ratio(0.017)).unwrap());
        let (multipliers, divisor) = fit(&scales).unwrap();
        assert!(divisor.is_power_of_two());
        assert!(multipliers.iter().all(|m| *m < 1 << 24));
        for (m, scale) in multipliers.iter().zip(scales) {
            assert!((*m as f64 / divisor as f64 - scale.value()).abs() <= scales[0].value() / 2f64.powi(23));
        }
    }

    #[test]
    fn one_free_scale_is_a_fraction_of_small_integers() {
        for scale in [0.0371, 0.1, 0.7, 1.3, 17.9, 0.000_931, 1e-6] {
            for other in [0.017, 3.3] {
                let scale = ratio(f64::from(scale as f32)).times(ratio(f64::from(other as f32))).unwrap();
                let (multipliers, divisor) = fit(&[scale, scale]).unwrap();
                let [m, same] = multipliers[..] else { panic!("a multiplier a channel") };
                assert!((m as f64 / divisor as f64 / scale.value() - 1.0).abs() <= 2f64.powi(-25));
                assert!(m == same && m * divisor < 1 << 36, "{m} / {divisor}");
            }
        }
    }

    #[test]
    fn scales_beyond_reason_are_refused() {
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e30, 1e-30] {
            assert_eq!(Ratio::of(scale), None);
        }
        assert_eq!(fit(&[ratio(2f64.powi(40))]), None);
    }
}
