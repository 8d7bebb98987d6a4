//! The section of a powers-of-tau file that names its contributors. All numbers are little-endian.
//!
//! A count in four bytes; then for each contribution its points and hashes, a kind in four bytes (0 a person's, 1 a beacon's), and the
//! length of its parameters in four bytes. A parameter begins with its kind: 1 a name, 3 a beacon's hash (both: a byte of length, then as
//! many bytes), 2 the exponent of the number of a beacon's iterations (one byte).

use super::{POINT, POINT_G2, number};

/// Points after a contribution (`[t]_1`, `[t]_2`, `[a]_1`, `[b]_1`, `[b]_2`), its proofs of knowledge (six points of G1, three of G2), the
/// state of its hash and the next challenge.
const POINTS_AND_HASHES: usize = (3 * POINT + 2 * POINT_G2) + (6 * POINT + 3 * POINT_G2) + 216 + 64;

const NAME: u8 = 1;
const ITERATIONS: u8 = 2;
const BEACON_HASH: u8 = 3;

/// A step of a ceremony, as its file tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What the contributor wrote; empty where nothing was. No file proves a name.
    pub name: String,
    /// Whose randomness it was.
    pub kind: Kind,
}

/// Whose randomness a contribution brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A contributor's own: if it was forgotten, the secret is.
    Secret,
    /// A public beacon's: everybody knows it.
    Beacon,
}

/// The contributions of a section, if every byte of it is understood.
pub(super) fn read(mut section: &[u8]) -> Option<Vec<Contribution>> {
    let count = number(&mut section)?;
    let mut contributions = Vec::new();
    for _ in 0..count {
        let (_, mut rest) = section.split_at_checked(POINTS_AND_HASHES)?;
        let kind = match number(&mut rest)? {
            0 => Kind::Secret,
            1 => Kind::Beacon,
            _ => return None,
        };
        let length = usize::try_from(number(&mut rest)?).ok()?;
        let (parameters, rest) = rest.split_at_checked(length)?;
        contributions.push(Contribution { name: name(parameters)?, kind });
        section = rest;
    }
    section.is_empty().then_some(contributions)
}

/// The name among parameters that are all understood; empty where there is none.
fn name(mut parameters: &[u8]) -> Option<String> {
    let mut name = String::new();
    while let Some((&kind, rest)) = parameters.split_first() {
        let (&first, rest) = rest.split_first()?;
        let length = if kind == ITERATIONS { 0 } else { usize::from(first) };
        let (content, rest) = rest.split_at_checked(length)?;
        match kind {
            NAME => name = String::from_utf8_lossy(content).into_owned(),
            ITERATIONS | BEACON_HASH => {}
            _ => return None,
        }
        parameters = rest;
    }
    Some(name)
}
