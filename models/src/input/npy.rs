//! The `.npy` of `NumPy`, version 1 to 3: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use super::InputValues;
use crate::error::ModelError;
use crate::ops::ELEMENTS_LIMIT;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Reads a `.npy` file of `f4`, `f8`, `u1`, `i1` or `i8`, little-endian, in C order, of any shape.
///
/// Floats are real values, to be quantised by the model's input scale; integers are those of the quantised input itself.
///
/// # Errors
/// [`ModelError::InputFile`] with what was expected and got. No bytes make it panic.
pub fn parse_npy(bytes: &[u8]) -> Result<InputValues, ModelError> {
    let (header, body) = split(bytes)?;
    let count = count(field(header, "shape")?)?;
    if field(header, "fortran_order")?.trim() != "False" {
        return Err(bad("expected C order (fortran_order False): save numpy.ascontiguousarray(x)"));
    }
    let descr = field(header, "descr")?.trim().trim_matches(['\'', '"']);
    match descr {
        "<f4" => elements(body, count, |b| f64::from(f32::from_le_bytes(b))).map(InputValues::Real),
        "<f8" => elements(body, count, f64::from_le_bytes).map(InputValues::Real),
        "|u1" => elements(body, count, |b| u8::from_le_bytes(b).into()).map(InputValues::Quantised),
        "|i1" => elements(body, count, |b| i8::from_le_bytes(b).into()).map(InputValues::Quantised),
        "<i8" => elements(body, count, i64::from_le_bytes).map(InputValues::Quantised),
        other => Err(bad(&format!(
            "expected elements of type float32, float64, uint8, int8 or int64 in little-endian order, got {other}"
        ))),
    }
}

fn bad(reason: &str) -> ModelError {
    ModelError::InputFile { format: "a .npy file", reason: reason.to_owned() }
}

/// Header text and elements.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), ModelError> {
    let short = || bad("it is truncated");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("it does not begin with \\x93NUMPY"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let (length, rest) = match version {
        [1, _] => rest.split_first_chunk().map(|(length, rest)| (u16::from_le_bytes(*length).into(), rest)),
        [2 | 3, _] => rest.split_first_chunk().map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest)),
        [major, minor] => return Err(bad(&format!("expected format version 1, 2 or 3, got {major}.{minor}"))),
    }
    .ok_or_else(short)?;
    let (header, body) = rest.split_at_checked(length).ok_or_else(short)?;
    Ok((std::str::from_utf8(header).map_err(|_| bad("its header is not text"))?, body))
}

/// The text of a value in the header's Python dictionary, whose values hold commas only inside parentheses.
fn field<'a>(header: &'a str, key: &str) -> Result<&'a str, ModelError> {
    let missing = || bad(&format!("its header has no {key:?}"));
    let quoted = format!("'{key}':");
    let (_, rest) = header.split_once(&quoted).ok_or_else(missing)?;
    let end = match rest.find('(') {
        Some(open) if rest.get(..open).is_some_and(|before| before.trim().is_empty()) => rest.find(')'),
        _ => rest.find([',', '}']),
    };
    rest.get(..end.ok_or_else(missing)?).ok_or_else(missing)
}

/// Number of elements of a shape such as `(1, 28, 28`.
fn count(shape: &str) -> Result<usize, ModelError> {
    let sizes = shape.trim().trim_start_matches('(').split(',').map(str::trim).filter(|size| !size.is_empty());
    let product = sizes.map(str::parse::<usize>).try_fold(1usize, |product, size| product.checked_mul(size.ok()?));
    let refused = || bad(&format!("expected a shape of at most {ELEMENTS_LIMIT} elements, got {shape})"));
    product.filter(|product| *product <= ELEMENTS_LIMIT).ok_or_else(refused)
}

fn elements<T, const SIZE: usize>(
    body: &[u8],
    count: usize,
    decode: impl Fn([u8; SIZE]) -> T,
) -> Result<Vec<T>, ModelError> {
    let (chunks, rest) = body.as_chunks::<SIZE>();
    if chunks.len() != count || !rest.is_empty() {
        return Err(bad(&format!("expected {count} elements of {SIZE} bytes, got {} bytes", body.len())));
    }
    Ok(chunks.iter().map(|bytes| decode(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(descr: &str, order: &str, shape: &str, body: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [&MAGIC[..], &[1, 0], &length, header.as_bytes(), body].concat()
    }

    #[test]
    fn floats_are_real_and_integers_are_quantised() {
        let halves = [0.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat();
        assert_eq!(parse_npy(&file("<f4", "False", "(1, 2)", &halves)).unwrap(), InputValues::Real(vec![0.5, -2.0]));
        let double = 0.1f64.to_le_bytes();
        assert_eq!(parse_npy(&file("<f8", "False", "()", &double)).unwrap(), InputValues::Real(vec![0.1]));
        let quantised = |descr, body: &[u8]| parse_npy(&file(descr, "False", "(2,)", body)).unwrap();
        assert_eq!(quantised("|u1", &[255, 0]), InputValues::Quantised(vec![255, 0]));
        assert_eq!(quantised("|i1", &[255, 0]), InputValues::Quantised(vec![-1, 0]));
        let wide = [3i64.to_le_bytes(), (-4i64).to_le_bytes()].concat();
        assert_eq!(quantised("<i8", &wide), InputValues::Quantised(vec![3, -4]));
    }

    #[test]
    fn other_files_are_refused_with_what_was_expected() {
        for (bytes, expected) in [
            (vec![], "begin with"),
            (b"\x93NUMPY\x01".to_vec(), "truncated"),
            (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version 1, 2 or 3, got 9.0"),
            (file(">f4", "False", "(1,)", &[0; 4]), "got >f4"),
            (file("<f4", "True", "(1,)", &[0; 4]), "C order"),
            (file("<f4", "False", "(2,)", &[0; 4]), "expected 2 elements of 4 bytes, got 4 bytes"),
            (file("<f4", "False", "(99999999999, 99999999999)", &[0; 4]), "shape of at most"),
        ] {
            let message = parse_npy(&bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..80, byte: u8, cut in 0usize..100) {
            let mut bytes = file("<f4", "False", "(1, 2)", &[0; 8]);
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            bytes.truncate(cut);
            let _ = parse_npy(&bytes);
        }
    }
}
