//! The public statement: packed input words, packed output words, context.

use assay_models::{End, QuantizedGraph};
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

use crate::error::CircuitError;

/// The instance column of one inference: the words of its inputs and of its outputs (31 bytes each, big-endian, signed elements
/// shifted by 128) and the context element, in the order of [`QuantizedGraph::public_words`].
///
/// # Errors
/// Values outside their type's range, or a wrong number of them.
pub fn statement<I: AsRef<[i64]>, O: AsRef<[i64]>>(
    graph: &QuantizedGraph,
    inputs: &[I],
    outputs: &[O],
    context: Fr,
) -> Result<Vec<Fr>, CircuitError> {
    let words = [graph.pack(End::Input, inputs)?, graph.pack(End::Output, outputs)?].concat();
    let mut words = words.into_iter().map(field_of).collect::<Result<Vec<_>, _>>()?;
    words.push(context);
    Ok(words)
}

/// A big-endian word of at most 31 bytes as a field element.
fn field_of(word: [u8; 32]) -> Result<Fr, CircuitError> {
    let mut little = word;
    little.reverse();
    Option::from(Fr::from_repr(little)).ok_or(CircuitError::Invariant("a word of 31 bytes is below the modulus"))
}
