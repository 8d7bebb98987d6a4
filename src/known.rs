//! What this user's own commands have found of models, kept in the user's data folder: which graph an ONNX file compiles to, and which keys
//! are that graph's.
//!
//! It is not kept beside the model, because that folder may have come from somebody else, who could have written it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::files;

/// The program whose findings these are: another version may compile the same file to another graph or circuit.
fn program() -> String {
    format!("{}, circuits of revision {}", env!("CARGO_PKG_VERSION"), assay_circuits::REVISION)
}

/// Findings about one ONNX file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    program: String,
    graph_digest: String,
    vk_digests: Vec<String>,
}

impl Known {
    /// What is known of the ONNX file of this digest, if it compiles to this graph ([`named`](crate::compiled::named)).
    pub(crate) fn of(onnx: &[u8; 32], graph: &[u8; 32]) -> Option<Self> {
        let known: Self = serde_json::from_slice(&std::fs::read(path(onnx)?).ok()?).ok()?;
        (known.program == program() && known.graph_digest == hex::encode(graph)).then_some(known)
    }

    /// Whether the key of this digest was made from the graph, or found equal to one that was.
    pub(crate) fn has_key(&self, key: &[u8; 32]) -> bool {
        self.vk_digests.contains(&hex::encode(key))
    }
}

/// Remembers that an ONNX file compiles to a graph, and that keys are that graph's.
///
/// Best effort: what is not remembered is found again, and takes its time.
pub(crate) fn remember(onnx: &[u8; 32], graph: &[u8; 32], key: Option<[u8; 32]>) {
    let mut known = Known::of(onnx, graph).unwrap_or_default();
    (known.program, known.graph_digest) = (program(), hex::encode(graph));
    known.vk_digests.extend(key.filter(|key| !known.has_key(key)).map(hex::encode));
    if let (Some(path), Ok(text)) = (path(onnx), serde_json::to_vec_pretty(&known))
        && let Some(folder) = path.parent()
        && std::fs::create_dir_all(folder).is_ok()
    {
        let _ = files::write_untold(&path, &text);
    }
}

fn path(onnx: &[u8; 32]) -> Option<PathBuf> {
    Some(files::data_folder()?.join("models").join(format!("{}.json", hex::encode(onnx))))
}
