//! The graph as bytes, and its digest: what is computed, without the names of things.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `ASSAYGR4`; the last byte is the version |
//! | 8..16 | length of the next part, little-endian |
//! | then | what is computed: the graph in postcard, without names |
//! | then | the names of the graph, its tensors, nodes, inputs and outputs, in postcard, for messages |
//!
//! The digest covers the first mark and what is computed. Names are not part of it: the same network is the same model under any name
//! of its file, its nodes and its tensors.

use std::io::BufWriter;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::ModelError;
use crate::graph::QuantizedGraph;

/// Magic and version of a compiled graph.
const MAGIC: &[u8; 8] = b"ASSAYGR4";

/// What people call the graph and its parts, in the order of the parts.
#[derive(Serialize, Deserialize)]
struct Names<S> {
    graph: S,
    tensors: Vec<S>,
    nodes: Vec<S>,
    inputs: Vec<S>,
    outputs: Vec<S>,
}

impl QuantizedGraph {
    /// Versioned bytes, of the form above. Equal graphs have equal bytes.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "postcard refuses only sequences of unknown length and types without a serialiser; a graph has neither"
    )]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [MAGIC.as_slice(), &[0; 8]].concat();
        let start = bytes.len();
        bytes = postcard::to_extend(self, bytes).expect("a graph is plain data");
        let length = (bytes.len() - start) as u64;
        if let Some(slot) = bytes.get_mut(MAGIC.len()..start) {
            slot.copy_from_slice(&length.to_le_bytes());
        }
        postcard::to_extend(&self.names(), bytes).expect("names are plain data")
    }

    /// Decodes and [validates](QuantizedGraph::validate) a graph, from any bytes without panic.
    ///
    /// # Errors
    /// [`ModelError::BadGraphBytes`] if these are not the bytes of a graph of this version, every byte of them; otherwise as
    /// [`QuantizedGraph::validate`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (computed, names) = parts(bytes)?;
        let mut graph: Self = decoded(computed)?;
        graph.rename(decoded(names)?)?;
        graph.validate()?;
        Ok(graph)
    }

    /// SHA-256 of the mark and of what is computed: the identity of the model. The names of graph, tensors and nodes do not change it.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "as to_bytes, and a hasher takes all bytes")]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = BufWriter::with_capacity(1 << 16, Sha256::new_with_prefix(MAGIC));
        postcard::to_io(self, &mut hasher).expect("a graph is plain data");
        hasher.into_inner().expect("a hasher takes all bytes").finalize().into()
    }

    /// The digest of the graph of these bytes, which are hashed as they are: much faster than [`QuantizedGraph::digest`].
    ///
    /// Bytes that [`QuantizedGraph::to_bytes`] did not make may have another digest than the graph decoded from them; no key
    /// belongs to it.
    ///
    /// # Errors
    /// [`ModelError::BadGraphBytes`] if the bytes do not begin as a graph of this version does.
    pub fn digest_of(bytes: &[u8]) -> Result<[u8; 32], ModelError> {
        let (computed, _) = parts(bytes)?;
        Ok(Sha256::new_with_prefix(MAGIC).chain_update(computed).finalize().into())
    }

    /// Number of trained constants: weights and biases.
    pub fn parameters(&self) -> usize {
        self.nodes.iter().map(|node| node.op.parameters()).sum()
    }

    fn names(&self) -> Names<&str> {
        Names {
            graph: &self.name,
            tensors: self.tensors.iter().map(|info| info.name.as_str()).collect(),
            nodes: self.nodes.iter().map(|node| node.name.as_str()).collect(),
            inputs: self.inputs.iter().map(|port| port.name.as_str()).collect(),
            outputs: self.outputs.iter().map(|port| port.name.as_str()).collect(),
        }
    }

    /// Gives the graph and its parts their names; there must be one for each.
    fn rename(&mut self, names: Names<String>) -> Result<(), ModelError> {
        let Names { graph, tensors, nodes, inputs, outputs } = names;
        let expected = [self.tensors.len(), self.nodes.len(), self.inputs.len(), self.outputs.len()];
        let got = [tensors.len(), nodes.len(), inputs.len(), outputs.len()];
        if expected != got {
            return Err(bad(format!("expected names of {expected:?} tensors, nodes, inputs and outputs, got {got:?}")));
        }
        self.name = graph;
        self.tensors.iter_mut().zip(tensors).for_each(|(info, name)| info.name = name);
        self.nodes.iter_mut().zip(nodes).for_each(|(node, name)| node.name = name);
        self.inputs.iter_mut().zip(inputs).for_each(|(port, name)| port.name = name);
        self.outputs.iter_mut().zip(outputs).for_each(|(port, name)| port.name = name);
        Ok(())
    }
}

fn bad(reason: String) -> ModelError {
    ModelError::BadGraphBytes { reason }
}

/// What is computed, and the names.
fn parts(bytes: &[u8]) -> Result<(&[u8], &[u8]), ModelError> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        let got = String::from_utf8_lossy(bytes.get(..8).unwrap_or(bytes)).into_owned();
        return Err(bad(format!("expected the mark ASSAYGR4, got {got:?}")));
    };
    let (length, rest) =
        rest.split_first_chunk::<8>().ok_or_else(|| bad("it ends in its first 16 bytes".to_owned()))?;
    let length = u64::from_le_bytes(*length);
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    split.ok_or_else(|| bad(format!("expected {length} bytes of what is computed, got {}", rest.len())))
}

/// All of these bytes as one value.
fn decoded<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ModelError> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| bad(error.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(bad(format!("expected the end, got {} more bytes", rest.len()))) }
}
