//! How numbers are written for people, the same in every command. JSON has plain numbers: `*_bytes`, `*_s`, `*_wei`.
//!
//! Sizes are decimal: 1 MB is 10^6 bytes, 1 GB is 10^9 bytes.

use assay_contracts::U256;

/// Decimal digits of one ether in wei.
const ETHER_DIGITS: usize = 18;
/// Digits of an amount of ether that are shown, from the first that is not zero.
const SIGNIFICANT: usize = 4;

/// A count with its digits in groups of three: `1,234,567`.
pub(crate) fn count(value: impl Copy + ToString) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in MB, from 1 GB on in GB with one decimal, rounded up: what is said to be needed is enough.
pub(crate) fn size(bytes: u64) -> String {
    let megabytes = bytes.div_ceil(1_000_000);
    if megabytes < 1_000 {
        return format!("{megabytes} MB");
    }
    let tenths = bytes.div_ceil(100_000_000);
    format!("{}.{} GB", count(tenths / 10), tenths % 10)
}

/// A time in seconds with two decimals; below a tenth of a second with two significant digits: `1.13 s`, `0.0035 s`.
pub(crate) fn seconds(time: f64) -> String {
    let decimals = if (1e-6..0.1).contains(&time) { (1.0 - time.log10().floor()) as usize } else { 2 };
    let text = format!("{time:.decimals$}");
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction} s", grouped(whole)),
        None => format!("{text} s"),
    }
}

/// A length of time in the two largest units that say enough: `50 s`, `12 min`, `1 h 20 min`, `3 days`.
fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} days", count(seconds / 86_400)),
    }
}

/// When something is, in Unix seconds, as seen from `now`: `in 1 h 20 min`, or `12 min ago`.
pub(crate) fn when(time: u64, now: u64) -> String {
    if time >= now { format!("in {}", length(time - now)) } else { format!("{} ago", length(now - time)) }
}

/// Wei as ether with its unit: `0.01234 ether`. See [`ether_number`].
pub(crate) fn ether(wei: U256) -> String {
    format!("{} ether", ether_number(wei))
}

/// Wei as ether with four significant digits, and all digits before the point: `0.01234`, `1.5`, `12,345`. What is left is cut off, so that no
/// amount is shown as more than it is.
pub(crate) fn ether_number(wei: U256) -> String {
    let digits = format!("{wei:0>width$}", width = ETHER_DIGITS + 1);
    let (whole, fraction) = digits.split_at(digits.len() - ETHER_DIGITS);
    let zeros = fraction.len() - fraction.trim_start_matches('0').len();
    let kept = if whole == "0" { zeros + SIGNIFICANT } else { SIGNIFICANT.saturating_sub(whole.len()) };
    let fraction: String = fraction.chars().take(kept).collect();
    match fraction.trim_end_matches('0') {
        "" => grouped(whole),
        fraction => format!("{}.{fraction}", grouped(whole)),
    }
}

/// A real number of a model's output, with six significant digits at most.
pub(crate) fn real(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    if !(1e-6..1e15).contains(&size) {
        return format!("{value:.5e}");
    }
    let decimals = (5.0 - size.log10().floor()).clamp(0.0, 11.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_digits_in_groups_of_three() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (61_706, "61,706"), (1_234_567, "1,234,567")] {
            assert_eq!(count(value), text);
        }
    }

    #[test]
    fn sizes_are_decimal_and_rounded_up() {
        let sizes = [
            (0, "0 MB"),
            (1, "1 MB"),
            (86_000_000, "86 MB"),
            (86_000_001, "87 MB"),
            (999_000_000, "999 MB"),
            (999_000_001, "1.0 GB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!((size(8_000_000_000).as_str(), size(1_810_000_000).as_str()), ("8.0 GB", "1.9 GB"));
    }

    #[test]
    fn times_have_two_decimals_or_two_significant_digits() {
        for (time, text) in
            [(1.126, "1.13 s"), (0.35, "0.35 s"), (0.0035, "0.0035 s"), (0.012, "0.012 s"), (0.0, "0.00 s")]
        {
            assert_eq!(seconds(time), text);
        }
        assert_eq!(seconds(12_345.678), "12,345.68 s");
    }

    #[test]
    fn ether_has_four_significant_digits_and_is_never_more_than_it_is() {
        let wei = |text: &str| text.parse::<U256>().unwrap();
        for (amount, text) in [
            ("0", "0 ether"),
            ("1", "0.000000000000000001 ether"),
            ("10000000000000000", "0.01 ether"),
            ("12349999999999999", "0.01234 ether"),
            ("1234567890", "0.000000001234 ether"),
            ("1500000000000000000", "1.5 ether"),
            ("1999999999999999999", "1.999 ether"),
            ("1932000000000000000001", "1,932 ether"),
            ("12345678000000000000000", "12,345 ether"),
        ] {
            assert_eq!(ether(wei(amount)), text);
        }
    }

    #[test]
    fn points_in_time_are_seen_from_now() {
        assert_eq!((when(70, 10), when(10, 4_000)), ("in 1 min".to_owned(), "1 h 6 min ago".to_owned()));
        assert_eq!((when(7, 7), when(8_640_000, 0)), ("in 0 s".to_owned(), "in 100 days".to_owned()));
    }

    #[test]
    fn real_numbers_have_six_significant_digits_at_most() {
        for (value, text) in [(14.25, "14.25"), (-0.007_812_5, "-0.0078125"), (1.0 / 3.0, "0.333333"), (0.0, "0")] {
            assert_eq!(real(value), text);
        }
        assert_eq!((real(123_456_789.0).as_str(), real(1e-9).as_str()), ("123456789", "1.00000e-9"));
    }
}
