//! The key contract of a model: data that a verifier of the key's shape reads.
//!
//! Its code is one STOP byte and words: a header with the number of public values and `[s]_2`, the roots of unity that the shape needs, and the commitments of the
//! opened fixed and permutation polynomials, in the order of the opening.

use assay_verifier::encoding::{g1_to_bytes, g2_from_bytes, g2_to_bytes, scalar_to_bytes};
use assay_verifier::protocol::Polynomial;
use assay_verifier::{Opening, SrsPoint, VerifyingKey};
use ruint::aliases::U256;

use crate::SolidityError;
use crate::layout::KEY_HEADER;
use crate::names::{commitment, rotated};
use crate::shape::Shape;
use crate::word::{Roots, Word};

/// First word of a key: the format, its version and the opening.
const MAGIC: [&[u8; 32]; 2] = [b"assay verifying key 2, shplonk  ", b"assay verifying key 2, grouped  "];

/// Words of the header before `[s]_2`.
const SRS_AT: usize = 6;

/// A word of a key, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct KeyWord {
    /// The region it is read into.
    pub(crate) name: String,
    pub(crate) value: Word,
    /// A point's second word.
    pub(crate) second: bool,
}

/// The magic word as the verifier compares it.
pub(crate) fn magic(opening: Opening) -> Word {
    let [shplonk, grouped] = MAGIC;
    Word(*if opening == Opening::Shplonk { shplonk } else { grouped })
}

/// The words of a key.
///
/// # Errors
/// A key that cannot be rebuilt.
pub(crate) fn words(key: &VerifyingKey, shape: &Shape) -> Result<Vec<KeyWord>, SolidityError> {
    let domain = Roots::new(key.k());
    // The pairing's precompile takes imaginary parts first.
    let [x, x_imaginary, y, y_imaginary] = g2_to_bytes(&key.srs().s_g2).map(Word);
    let header = [
        magic(key.opening()),
        Word(shape.digest()),
        Word::of(U256::from(key.k())),
        domain.rows_inverse(),
        Word(scalar_to_bytes(&key.representative())),
        Word::of(U256::from(key.instances())),
        x_imaginary,
        x,
        y_imaginary,
        y,
    ];
    let named = |((name, _), value): ((&str, &str), Word)| KeyWord { name: name.to_owned(), value, second: false };
    let mut words: Vec<KeyWord> = KEY_HEADER.into_iter().zip(header).map(named).collect();
    let root = |rotation| KeyWord { name: rotated("ROOT", rotation), value: domain.root(rotation), second: false };
    words.extend(shape.roots().into_iter().map(root));
    for polynomial in shape.key_polynomials() {
        let point = match polynomial {
            Polynomial::Fixed(column) => key.fixed_commitments().get(column as usize),
            Polynomial::Permutation(index) => key.permutation_commitments().get(index as usize),
            Polynomial::Group(index) => {
                let of_key = (index as usize).checked_sub(shape.protocol.grouping.of_proof());
                of_key.and_then(|index| key.commitments().get(index))
            }
            _ => None,
        };
        let missing = SolidityError::UnknownRegion { name: commitment(polynomial) };
        let [x, y] = point.map(g1_to_bytes).ok_or(missing)?;
        let word = |value, second| KeyWord { name: commitment(polynomial), value: Word(value), second };
        words.extend([word(x, false), word(y, true)]);
    }
    Ok(words)
}

/// The SRS that the code of a key's contract names; none of what is no key of this version.
pub(crate) fn srs_of(code: &[u8]) -> Option<SrsPoint> {
    let (stop, words) = code.split_first()?;
    let mut words = words.chunks_exact(32).map(|word| <[u8; 32]>::try_from(word).ok());
    let format = words.next()??;
    if *stop != 0 || !MAGIC.contains(&&format) {
        return None;
    }
    // After what `words` writes before it.
    let mut words = words.skip(SRS_AT - 1);
    let [x_imaginary, x, y_imaginary, y] = [words.next()??, words.next()??, words.next()??, words.next()??];
    g2_from_bytes(&[x, x_imaginary, y, y_imaginary]).map(|s_g2| SrsPoint { s_g2 })
}

/// The code of the key's contract: a STOP byte, then the words.
pub(crate) fn code(words: &[KeyWord]) -> Vec<u8> {
    std::iter::once(0).chain(words.iter().flat_map(|word| word.value.0)).collect()
}
