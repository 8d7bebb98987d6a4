//! The `.npy` of `NumPy`, version 1 to 3: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use super::InputValues;
use crate::error::ModelError;
use crate::ops::{ELEMENTS_LIMIT, RANK_LIMIT};
use crate::transpose::Transpose;

pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Reads a `.npy` file of floats of 32 or 64 bits or integers of 8 to 64, in either byte order, in C or Fortran order.
///
/// # Errors
/// [`ModelError::InputFile`] with what was expected and got. No bytes make it panic.
pub fn parse_npy(bytes: &[u8]) -> Result<InputValues, ModelError> {
    let (header, body) = split(bytes)?;
    let shape = shape(field(header, "shape")?)?;
    let count = shape.iter().product();
    let descr = field(header, "descr")?.trim().trim_matches(['\'', '"']);
    let numbers = match descr {
        "<f4" => elements(body, count, |b| f32::from_le_bytes(b).into()),
        ">f4" => elements(body, count, |b| f32::from_be_bytes(b).into()),
        "<f8" => elements(body, count, f64::from_le_bytes),
        ">f8" => elements(body, count, f64::from_be_bytes),
        "|u1" => elements(body, count, |[b]: [u8; 1]| b.into()),
        "|i1" => elements(body, count, |b| i8::from_le_bytes(b).into()),
        "<u2" => elements(body, count, |b| u16::from_le_bytes(b).into()),
        ">u2" => elements(body, count, |b| u16::from_be_bytes(b).into()),
        "<i2" => elements(body, count, |b| i16::from_le_bytes(b).into()),
        ">i2" => elements(body, count, |b| i16::from_be_bytes(b).into()),
        "<u4" => elements(body, count, |b| u32::from_le_bytes(b).into()),
        ">u4" => elements(body, count, |b| u32::from_be_bytes(b).into()),
        "<i4" => elements(body, count, |b| i32::from_le_bytes(b).into()),
        ">i4" => elements(body, count, |b| i32::from_be_bytes(b).into()),
        "<u8" => elements(body, count, |b| u64::from_le_bytes(b) as f64),
        ">u8" => elements(body, count, |b| u64::from_be_bytes(b) as f64),
        "<i8" => elements(body, count, |b| i64::from_le_bytes(b) as f64),
        ">i8" => elements(body, count, |b| i64::from_be_bytes(b) as f64),
        other => Err(bad(&format!(
            "expected elements of type float32, float64 or an integer type, got {other}: save it with x.astype(numpy.float32)"
        ))),
    }?;
    let numbers = match field(header, "fortran_order")?.trim() {
        "False" => numbers,
        "True" => row_major(&numbers, &shape)?,
        other => return Err(bad(&format!("expected fortran_order True or False, got {other}"))),
    };
    Ok(InputValues { shape, numbers, quantised: false })
}

fn bad(reason: &str) -> ModelError {
    ModelError::InputFile { format: "a .npy file", reason: reason.to_owned() }
}

/// Elements in Fortran order, first axis fastest, put into C order: a transposition of the tensor of reversed shape.
fn row_major(numbers: &[f64], shape: &[usize]) -> Result<Vec<f64>, ModelError> {
    let reversed: Vec<usize> = shape.iter().rev().copied().collect();
    let transpose = Transpose { perm: (0..shape.len()).rev().collect() };
    transpose.reorder(numbers, &reversed).map_err(|fault| bad(&fault.to_string()))
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

/// Sizes of a shape such as `(1, 28, 28`.
fn shape(text: &str) -> Result<Vec<usize>, ModelError> {
    let sizes = text.trim().trim_start_matches('(').split(',').map(str::trim).filter(|size| !size.is_empty());
    let refused =
        || bad(&format!("expected a shape of at most {RANK_LIMIT} axes and {ELEMENTS_LIMIT} elements, got {text})"));
    let sizes = sizes.map(str::parse).collect::<Result<Vec<usize>, _>>().map_err(|_| refused())?;
    // Zero sizes are counted as one, so that no order of multiplication hides an overflow.
    let product = sizes.iter().try_fold(1usize, |product, size| product.checked_mul((*size).max(1)));
    let fits = sizes.len() <= RANK_LIMIT && product.is_some_and(|product| product <= ELEMENTS_LIMIT);
    if fits { Ok(sizes) } else { Err(refused()) }
}

fn elements<const SIZE: usize>(
    body: &[u8],
    count: usize,
    decode: impl Fn([u8; SIZE]) -> f64,
) -> Result<Vec<f64>, ModelError> {
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

    fn numbers(descr: &str, body: &[u8]) -> Vec<f64> {
        let values = parse_npy(&file(descr, "False", "(1, 2)", body)).unwrap();
        assert_eq!((values.shape, values.quantised), (vec![1, 2], false), "{descr}");
        values.numbers
    }

    #[test]
    fn the_same_numbers_are_the_same_in_every_type_and_byte_order() {
        macro_rules! holds {
            ($low:expr, $($little:literal, $big:literal, $kind:ty);+) => {
                $(for (descr, body) in [
                    ($little, [<$kind>::from($low).to_le_bytes(), (100 as $kind).to_le_bytes()].concat()),
                    ($big, [<$kind>::from($low).to_be_bytes(), (100 as $kind).to_be_bytes()].concat()),
                ] {
                    assert_eq!(numbers(descr, &body), [f64::from($low), 100.0], "{descr}");
                })+
            };
        }
        holds!(-3i8, "|i1", "|i1", i8; "<i2", ">i2", i16; "<i4", ">i4", i32; "<i8", ">i8", i64; "<f4", ">f4", f32; "<f8", ">f8", f64);
        holds!(3u8, "|u1", "|u1", u8; "<u2", ">u2", u16; "<u4", ">u4", u32; "<u8", ">u8", u64);
    }

    #[test]
    fn fortran_order_gives_the_elements_in_row_major_order() {
        // numpy.save(f, numpy.asfortranarray(numpy.arange(6).reshape(2, 3))): columns one after the other.
        let body: Vec<u8> = [0i64, 3, 1, 4, 2, 5].iter().flat_map(|v| v.to_le_bytes()).collect();
        let values = parse_npy(&file("<i8", "True", "(2, 3)", &body)).unwrap();
        assert_eq!((values.shape, values.numbers), (vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    }

    #[test]
    fn other_files_are_refused_with_what_was_expected() {
        for (bytes, expected) in [
            (vec![], "begin with"),
            (b"\x93NUMPY\x01".to_vec(), "truncated"),
            (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version 1, 2 or 3, got 9.0"),
            (file("<f2", "False", "(1,)", &[0; 2]), "got <f2: save it with x.astype(numpy.float32)"),
            (file("|b1", "False", "(1,)", &[0; 1]), "got |b1"),
            (file("<c8", "False", "(1,)", &[0; 8]), "got <c8"),
            (file("<f4", "Maybe", "(1,)", &[0; 4]), "fortran_order True or False, got Maybe"),
            (file("<f4", "False", "(2,)", &[0; 4]), "expected 2 elements of 4 bytes, got 4 bytes"),
            (file("<f4", "False", "(99999999999, 99999999999)", &[0; 4]), "shape of at most"),
            (file("<f4", "False", "(-1,)", &[0; 4]), "shape of at most"),
            (file("<f4", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", &[0; 4]), "at most 8 axes"),
        ] {
            let message = parse_npy(&bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..80, byte: u8, cut in 0usize..100, fortran: bool) {
            let mut bytes = file("<f4", if fortran { "True" } else { "False" }, "(1, 2)", &[0; 8]);
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            bytes.truncate(cut);
            let _ = parse_npy(&bytes);
        }
    }
}
