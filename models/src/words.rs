//! [`PublicWord`]: what a proof states, word by word. The one place that orders public values: circuits, verifiers of statements, the
//! market and the command line all read this list.
//!
//! | words, in this order | of |
//! |---|---|
//! | one for each 31 elements, begun anew for each tensor | every input of the graph |
//! | the same | every output |
//! | one | the context, which a market computes from chain, market, request and payee |

use std::ops::Range;

use crate::error::ModelError;
use crate::graph::{QuantizedGraph, TensorId};
use crate::packing::{self, BYTES_PER_WORD};

/// One public word of an inference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicWord {
    /// Packed elements of a tensor that enters or leaves the graph.
    Elements {
        /// Whether it is an input or an output.
        end: End,
        /// Which of the inputs or outputs.
        port: usize,
        /// The tensor.
        tensor: TensorId,
        /// Its elements in this word, at most 31.
        elements: Range<usize>,
    },
    /// Bound by nothing but its being public.
    Context,
}

/// Where a tensor meets the world outside the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It is given.
    Input,
    /// It is the answer.
    Output,
}

impl QuantizedGraph {
    /// The tensors that enter or leave the graph, in order.
    pub fn at(&self, end: End) -> Vec<TensorId> {
        match end {
            End::Input => self.inputs.iter().map(|input| input.tensor).collect(),
            End::Output => self.outputs.iter().map(|output| output.tensor).collect(),
        }
    }

    /// All public words of an inference, in the order in which a proof states them.
    ///
    /// # Errors
    /// [`ModelError::BadGraph`] for a tensor that the graph lacks.
    pub fn public_words(&self) -> Result<Vec<PublicWord>, ModelError> {
        let mut words = Vec::new();
        for end in [End::Input, End::Output] {
            for (port, tensor) in self.at(end).into_iter().enumerate() {
                let len = self.tensor(tensor)?.len();
                words.extend((0..len).step_by(BYTES_PER_WORD).map(|first| {
                    let elements = first..len.min(first + BYTES_PER_WORD);
                    PublicWord::Elements { end, port, tensor, elements }
                }));
            }
        }
        words.push(PublicWord::Context);
        Ok(words)
    }

    /// How many words all inputs or all outputs have.
    ///
    /// # Errors
    /// As [`QuantizedGraph::public_words`].
    pub fn word_count(&self, end: End) -> Result<usize, ModelError> {
        let mut count = 0;
        for tensor in self.at(end) {
            count += self.tensor(tensor)?.len().div_ceil(BYTES_PER_WORD);
        }
        Ok(count)
    }

    /// The words of all inputs or all outputs, as [`packing::pack`] makes them of each.
    ///
    /// # Errors
    /// [`ModelError::TensorCount`] and [`ModelError::ElementCount`] for values that are not those of the tensors;
    /// [`ModelError::NotAByte`].
    pub fn pack<V: AsRef<[i64]>>(&self, end: End, values: &[V]) -> Result<Vec<[u8; 32]>, ModelError> {
        let mut words = Vec::new();
        for (tensor, values) in self.paired(end, values)? {
            let (info, values) = (self.tensor(tensor)?, values.as_ref());
            if values.len() != info.len() {
                let (shape, expected, got) = (info.shape.clone(), info.len(), values.len());
                return Err(self.about(tensor, ModelError::ElementCount { shape, expected, got }));
            }
            let packed = packing::pack(values, info.dtype).map_err(|error| self.about(tensor, error))?;
            words.extend(packed);
        }
        Ok(words)
    }

    /// The inverse of [`QuantizedGraph::pack`].
    ///
    /// # Errors
    /// [`ModelError::NotPacked`] for words that are not those of the tensors.
    pub fn unpack(&self, end: End, words: &[[u8; 32]]) -> Result<Vec<Vec<i64>>, ModelError> {
        let mut rest = words;
        let mut values = Vec::new();
        for tensor in self.at(end) {
            let info = self.tensor(tensor)?;
            let (own, after) = rest.split_at(info.len().div_ceil(BYTES_PER_WORD).min(rest.len()));
            values.push(packing::unpack(own, info.len(), info.dtype).map_err(|error| self.about(tensor, error))?);
            rest = after;
        }
        let expected = words.len() - rest.len();
        let elements = values.iter().map(Vec::len).sum();
        if rest.is_empty() { Ok(values) } else { Err(ModelError::NotPacked { elements, expected, got: words.len() }) }
    }

    /// The tensors of an end with what belongs to each.
    ///
    /// # Errors
    /// [`ModelError::TensorCount`] where there are not as many.
    pub(crate) fn paired<'a, V>(
        &self,
        end: End,
        values: &'a [V],
    ) -> Result<impl Iterator<Item = (TensorId, &'a V)> + use<'a, V>, ModelError> {
        let tensors = self.at(end);
        if tensors.len() == values.len() {
            return Ok(tensors.into_iter().zip(values));
        }
        let ports = if end == End::Input { &self.inputs } else { &self.outputs };
        let names = ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(ModelError::TensorCount { end: end.plural(), expected: tensors.len(), names, got: values.len() })
    }

    /// An error of one input or output, which is named where there are others that it might be about.
    pub(crate) fn about(&self, tensor: TensorId, error: ModelError) -> ModelError {
        let mut ports = self.inputs.iter().chain(&self.outputs);
        match ports.find(|port| port.tensor == tensor) {
            Some(port) if self.inputs.len() + self.outputs.len() > 2 => {
                ModelError::OfTensor { tensor: port.name.clone(), source: Box::new(error) }
            }
            _ => error,
        }
    }
}

impl End {
    /// `inputs` or `outputs`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Input => "inputs",
            Self::Output => "outputs",
        }
    }
}
