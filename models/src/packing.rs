//! Packing of byte tensors into the words a contract sees: 31 bytes a word, always less than the field's modulus.

use crate::error::ModelError;
use crate::graph::DType;

/// Elements of a word.
pub const BYTES_PER_WORD: usize = 31;

/// Packs elements into 32-byte big-endian words, each less than 2^248.
///
/// Each chunk of up to 31 elements becomes `sum_i byte_i * 256^(len - 1 - i)`: the first element present is the most significant
/// byte, and the last, shorter chunk is right-aligned the same way. A `U8` element is its own byte; an `I8` element `v` is
/// `v + 128`.
///
/// # Errors
/// [`ModelError::NotAByte`] if an element is out of range or `dtype` is wider than a byte.
pub fn pack(values: &[i64], dtype: DType) -> Result<Vec<[u8; 32]>, ModelError> {
    let mut words = Vec::with_capacity(values.len().div_ceil(BYTES_PER_WORD));
    for (chunk_index, chunk) in values.chunks(BYTES_PER_WORD).enumerate() {
        let mut word = [0; 32];
        for (at, (slot, value)) in word.iter_mut().skip(32 - chunk.len()).zip(chunk).enumerate() {
            let index = chunk_index * BYTES_PER_WORD + at;
            *slot = byte(*value, dtype).ok_or(ModelError::NotAByte { index, got: *value, dtype })?;
        }
        words.push(word);
    }
    Ok(words)
}

/// The inverse of [`pack`]: `count` elements of a type of one byte.
///
/// # Errors
/// [`ModelError::NotPacked`]: not as many words as `count` elements take, or a word with bits above its bytes.
pub fn unpack(words: &[[u8; 32]], count: usize, dtype: DType) -> Result<Vec<i64>, ModelError> {
    let expected = count.div_ceil(BYTES_PER_WORD);
    let refused = ModelError::NotPacked { elements: count, expected, got: words.len() };
    if words.len() != expected {
        return Err(refused);
    }
    let zero = if matches!(dtype, DType::I8) { 128 } else { 0 };
    let mut values = Vec::with_capacity(count);
    for word in words {
        let bytes = BYTES_PER_WORD.min(count - values.len());
        let (above, packed) = word.split_at(32 - bytes);
        if above.iter().any(|byte| *byte != 0) {
            return Err(refused);
        }
        values.extend(packed.iter().map(|byte| i64::from(*byte) - zero));
    }
    Ok(values)
}

fn byte(value: i64, dtype: DType) -> Option<u8> {
    match dtype {
        DType::U8 => u8::try_from(value).ok(),
        DType::I8 => i8::try_from(value).ok().and_then(|v| u8::try_from(i16::from(v) + 128).ok()),
        DType::I16 | DType::I32 | DType::I64 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_present_is_the_most_significant_byte() {
        let values: Vec<i64> = (1..=33).collect();
        let words = pack(&values, DType::U8).unwrap();
        assert_eq!(words.len(), 2);
        let first: Vec<u8> = std::iter::once(0).chain(1..=31).collect();
        assert_eq!(words[0].to_vec(), first);
        assert_eq!((words[1][..30].iter().max(), words[1][30], words[1][31]), (Some(&0), 32, 33));
    }

    #[test]
    fn signed_elements_are_shifted_by_128() {
        let words = pack(&[-128, 0, 127], DType::I8).unwrap();
        assert_eq!(words[0][29..], [0, 128, 255]);
    }

    #[test]
    fn unpacking_is_the_inverse_and_refuses_what_packing_does_not_make() {
        for dtype in [DType::U8, DType::I8] {
            let values: Vec<i64> = (0..70).map(|v| 3 * v % 128).collect();
            let words = pack(&values, dtype).unwrap();
            assert_eq!(unpack(&words, 70, dtype).unwrap(), values);
            assert!(unpack(&words, 62, dtype).is_err() && unpack(&words, 94, dtype).is_err());
            for (word, byte) in [(0, 0), (2, 23)] {
                let mut changed = words.clone();
                changed[word][byte] = 1;
                assert!(unpack(&changed, 70, dtype).is_err(), "word {word}");
            }
        }
    }

    #[test]
    fn values_that_are_no_bytes_are_refused_with_their_index() {
        for (values, dtype) in [(vec![0, 256], DType::U8), (vec![0, -1], DType::U8), (vec![0, 128], DType::I8)] {
            assert!(matches!(pack(&values, dtype), Err(ModelError::NotAByte { index: 1, .. })));
        }
        assert!(matches!(pack(&[1], DType::I32), Err(ModelError::NotAByte { index: 0, .. })));
    }
}
