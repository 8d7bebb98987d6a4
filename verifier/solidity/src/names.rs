//! Names of the places in memory: what a person reads in the generated code.

use crate::shape::Polynomial;

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
    rotated("INSTANCE", rotation)
}

/// A polynomial's commitment.
pub(crate) fn commitment(polynomial: Polynomial) -> String {
    format!("COMMIT_{}", name(polynomial))
}

/// The commitment to a piece of the quotient.
pub(crate) fn piece(index: usize) -> String {
    format!("COMMIT_PIECE_{index}")
}

/// The number that a commitment of the key is multiplied by.
pub(crate) fn scalar(polynomial: Polynomial) -> String {
    format!("SCALAR_{}", name(polynomial))
}

/// A challenge of the circuit.
pub(crate) fn challenge(index: usize) -> String {
    format!("CHALLENGE_{index}")
}

fn name(polynomial: Polynomial) -> String {
    match polynomial {
        Polynomial::Advice(column) => format!("ADVICE_{column}"),
        Polynomial::Product(index) => format!("PRODUCT_{index}"),
        Polynomial::Fixed(column) => format!("FIXED_{column}"),
        Polynomial::Sigma(index) => format!("SIGMA_{index}"),
        Polynomial::Quotient => "QUOTIENT".to_owned(),
        Polynomial::Random => "RANDOM".to_owned(),
        Polynomial::Group(index) => format!("GROUP_{index}"),
    }
}
