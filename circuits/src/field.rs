//! Small integers as field elements.

use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

/// The field element of a signed integer.
pub(crate) fn integer(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The integer of a field element, if it is that of an `i64`.
pub(crate) fn small(value: Fr) -> Option<i64> {
    let magnitude = |value: Fr| {
        let bytes = value.to_repr();
        let (low, high) = bytes.as_ref().split_first_chunk()?;
        high.iter().all(|byte| *byte == 0).then(|| u64::from_le_bytes(*low))
    };
    let positive = magnitude(value).and_then(|low| i64::try_from(low).ok());
    positive.or_else(|| magnitude(-value).and_then(|low| 0i64.checked_sub_unsigned(low)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::ff::Field;

    #[test]
    fn every_64_bit_integer_comes_back_and_nothing_else() {
        for value in [0, 1, -1, 127, -128, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(small(integer(value)), Some(value));
        }
        for value in [integer(i64::MAX) + Fr::ONE, integer(i64::MIN) - Fr::ONE, Fr::from(2).invert().unwrap()] {
            assert_eq!(small(value), None);
        }
    }
}
