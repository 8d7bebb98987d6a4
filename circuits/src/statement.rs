//! The public statement: packed input words, packed output words, context.

use assay_models::{QuantizedGraph, packing};
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use crate::error::CircuitError;

/// The instance column of one inference: input words, output words (31 bytes each, big-endian, signed elements shifted
/// by 128) and the context element.
///
/// # Errors
/// Values outside their type's range, or a wrong number of them.
pub fn statement(graph: &QuantizedGraph, input: &[i64], output: &[i64], context: Fr) -> Result<Vec<Fr>, CircuitError> {
    let mut words = Vec::new();
    for (tensor, values, what) in [(graph.input, input, "input"), (graph.output, output, "output")] {
        let info = graph.tensors.get(tensor.0).ok_or(CircuitError::Invariant("tensor index"))?;
        if values.len() != info.len() {
            let (expected, got) = (info.len(), values.len());
            return Err(CircuitError::TraceMismatch { what: what.to_owned(), expected, got });
        }
        for word in packing::pack(values, info.dtype)? {
            words.push(field_of(word)?);
        }
    }
    words.push(context);
    Ok(words)
}

/// A big-endian word of at most 31 bytes as a field element.
fn field_of(word: [u8; 32]) -> Result<Fr, CircuitError> {
    let mut little = word;
    little.reverse();
    Option::from(Fr::from_repr(little)).ok_or(CircuitError::Invariant("a word of 31 bytes is below the modulus"))
}
