//! Names of the places in memory: what a person reads in the generated code.

use assay_verifier::protocol::{Polynomial, TranscriptChallenge};

/// `_NEXT` for the row below, `_PREV` for the row above, `_P5` and `_M5` for rows farther away, nothing for this row.
pub(crate) fn rotated(name: &str, rotation: i32) -> String {
    match rotation {
        0 => name.to_owned(),
        1 => format!("{name}_NEXT"),
        -1 => format!("{name}_PREV"),
        down if down > 0 => format!("{name}_P{down}"),
        up => format!("{name}_M{}", up.unsigned_abs()),
    }
}

/// The value of a polynomial at a rotation of `x`.
pub(crate) fn value(polynomial: Polynomial, rotation: i32) -> String {
    rotated(&name(polynomial), rotation)
}

/// The value of the public column at a rotation of `x`.
pub(crate) fn instance(rotation: i32) -> String {
    value(Polynomial::Instance(0), rotation)
}

/// A polynomial's commitment.
pub(crate) fn commitment(polynomial: Polynomial) -> String {
    match polynomial {
        Polynomial::OpeningQuotient | Polynomial::OpeningLast => name(polynomial),
        _ => format!("COMMIT_{}", name(polynomial)),
    }
}

/// The number that a commitment of the key is multiplied by.
pub(crate) fn scalar(polynomial: Polynomial) -> String {
    format!("SCALAR_{}", name(polynomial))
}

/// A challenge of the circuit.
pub(crate) fn circuit_challenge(index: u32) -> String {
    format!("CHALLENGE_{index}")
}

/// A challenge; the one that halo2 draws for its own lookups, which no circuit here has, is read by nothing and has no name.
pub(crate) fn challenge(challenge: TranscriptChallenge) -> Option<String> {
    let name = match challenge {
        TranscriptChallenge::Circuit(index) => return Some(circuit_challenge(index)),
        TranscriptChallenge::Theta => return None,
        TranscriptChallenge::Beta => "BETA",
        TranscriptChallenge::Gamma => "GAMMA",
        TranscriptChallenge::Y => "Y",
        TranscriptChallenge::X => "X",
        TranscriptChallenge::OpeningY => "OPEN_Y",
        TranscriptChallenge::OpeningV => "OPEN_V",
        TranscriptChallenge::OpeningU => "OPEN_U",
    };
    Some(name.to_owned())
}

fn name(polynomial: Polynomial) -> String {
    match polynomial {
        Polynomial::Advice(column) => format!("ADVICE_{column}"),
        Polynomial::Instance(_) => "INSTANCE".to_owned(),
        Polynomial::Product(index) => format!("PRODUCT_{index}"),
        Polynomial::Fixed(column) => format!("FIXED_{column}"),
        Polynomial::Permutation(index) => format!("SIGMA_{index}"),
        Polynomial::Piece(index) => format!("PIECE_{index}"),
        Polynomial::Quotient => "QUOTIENT".to_owned(),
        Polynomial::Random => "RANDOM".to_owned(),
        Polynomial::Group(index) => format!("GROUP_{index}"),
        Polynomial::OpeningQuotient => "OPENING_H".to_owned(),
        Polynomial::OpeningLast => "OPENING_Q".to_owned(),
    }
}
