//! The graph as bytes: `ASSAYGR1`, then the graph in postcard; and its digest.

use std::io::BufWriter;

use sha2::{Digest, Sha256};

use crate::error::ModelError;
use crate::graph::QuantizedGraph;

/// Magic and version of a compiled graph.
const MAGIC: &[u8; 8] = b"ASSAYGR1";

impl QuantizedGraph {
    /// Versioned bytes: the magic `ASSAYGR1`, then the graph in postcard. Equal graphs have equal bytes.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "postcard refuses only sequences of unknown length and types without a serialiser; a graph has neither"
    )]
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, MAGIC.to_vec()).expect("a graph is plain data")
    }

    /// Decodes and [validates](QuantizedGraph::validate) a graph, from any bytes without panic.
    ///
    /// # Errors
    /// [`ModelError::BadGraphBytes`] if these are not the bytes of a graph of this version, every byte of them; otherwise as
    /// [`QuantizedGraph::validate`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let bad = |reason: String| ModelError::BadGraphBytes { reason };
        let Some(body) = bytes.strip_prefix(MAGIC) else {
            let got = String::from_utf8_lossy(bytes.get(..8).unwrap_or(bytes)).into_owned();
            return Err(bad(format!("expected the mark ASSAYGR1, got {got:?}")));
        };
        let (graph, rest): (Self, _) = postcard::take_from_bytes(body).map_err(|error| bad(error.to_string()))?;
        if !rest.is_empty() {
            return Err(bad(format!("expected the end, got {} more bytes", rest.len())));
        }
        graph.validate()?;
        Ok(graph)
    }

    /// SHA-256 of [`QuantizedGraph::to_bytes`]: the identity of the model.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "as to_bytes, and a hasher takes all bytes")]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = BufWriter::with_capacity(1 << 16, Sha256::new_with_prefix(MAGIC));
        postcard::to_io(self, &mut hasher).expect("a graph is plain data");
        hasher.into_inner().expect("a hasher takes all bytes").finalize().into()
    }

    /// The digest of the graph of these bytes, which are hashed as they are: much faster than [`QuantizedGraph::digest`].
    ///
    /// Bytes that [`QuantizedGraph::to_bytes`] did not make have another digest than the graph decoded from them; no key
    /// belongs to it.
    pub fn digest_of(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    /// Number of trained constants: weights and biases.
    pub fn parameters(&self) -> usize {
        self.nodes.iter().map(|node| node.op.parameters()).sum()
    }
}
