//! `graph.bin`: the graph that `assay compile` made, bound to the bytes of the model it was made from.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `ASSAYCM1`; the last byte is the version |
//! | 8..40 | SHA-256 of the ONNX file |
//! | 40.. | the graph, as [`QuantizedGraph::to_bytes`] writes it |
//!
//! Everything else in the folder is bound to the graph: the verifying key carries the graph's digest, and the other files carry the key's.

use std::fs::File;
use std::io;

use assay_models::QuantizedGraph;
use assay_verifier::VerifyingKey;
use sha2::{Digest as _, Sha256};

use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::next::Next;

const MAGIC: &[u8; 8] = b"ASSAYCM1";
const NAME: &str = "graph.bin";

/// A compiled model, compiled from the ONNX file that is there now.
pub(crate) struct Compiled {
    /// The network as integers.
    pub(crate) graph: QuantizedGraph,
    /// The graph's digest: what keys and proofs carry.
    pub(crate) digest: [u8; 32],
    /// SHA-256 of the ONNX file.
    pub(crate) onnx: [u8; 32],
}

/// SHA-256 of an ONNX file. Weights outside the file are refused at compile, so that this covers them all.
fn digest_of_model(folder: &ModelFolder) -> Outcome<[u8; 32]> {
    let mut hasher = Sha256::new();
    files::named(folder.model(), File::open(folder.model()).and_then(|mut file| io::copy(&mut file, &mut hasher)))?;
    Ok(hasher.finalize().into())
}

/// Writes the graph that the ONNX file of this digest was compiled to.
pub(crate) fn write(folder: &ModelFolder, onnx: &[u8; 32], graph: &QuantizedGraph) -> Outcome {
    files::write(&folder.file(NAME), &[MAGIC.as_slice(), onnx, &graph.to_bytes()].concat())
}

/// The compiled model, if the ONNX file is still the one that it was compiled from.
pub(crate) fn read(folder: &ModelFolder) -> Outcome<Compiled> {
    let bytes = folder.map(NAME, "compile")?;
    let (path, model) = (folder.file(NAME), folder.model().display());
    let body = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk::<32>);
    let again = || Next::of("compile", folder.model());
    let Some((compiled_from, graph)) = body else {
        return refuse(format_args!("{} is not what this version of assay compiles to", path.display())).next(again);
    };
    let onnx = digest_of_model(folder)?;
    if onnx != *compiled_from {
        return refuse(format_args!(
            "{model} changed since it was compiled ({}, compiled from {})",
            short(&onnx),
            short(compiled_from)
        ))
        .next(again);
    }
    let doing = format!("cannot use {}", path.display());
    let digest = QuantizedGraph::digest_of(graph).request(&doing).next(again)?;
    let graph = QuantizedGraph::from_bytes(graph).request(&doing).next(again)?;
    Ok(Compiled { graph, digest, onnx })
}

/// Digest of a graph and of the names by which its inputs and outputs are given and read. The graph's own leaves names out.
pub(crate) fn named(digest: &[u8; 32], graph: &QuantizedGraph) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(digest);
    for ports in [&graph.inputs, &graph.outputs] {
        hasher.update((ports.len() as u64).to_le_bytes());
        for port in ports {
            hasher.update((port.name.len() as u64).to_le_bytes());
            hasher.update(&port.name);
        }
    }
    hasher.finalize().into()
}

impl Compiled {
    /// As [`named`], of this graph.
    pub(crate) fn named(&self) -> [u8; 32] {
        named(&self.digest, &self.graph)
    }

    /// The verifying key in the model's folder, if it says that it is this graph's. Whether it is, [`crate::comparison`] finds.
    pub(crate) fn verifying_key(&self, folder: &ModelFolder) -> Outcome<VerifyingKey> {
        let key = folder.read("vk", "setup")?;
        self.own(folder, key, &folder.file("vk").display()).next(|| Next::of("setup", folder.model()))
    }

    /// Reads a verifying key, and refuses one that says it is another graph's.
    pub(crate) fn own(
        &self,
        folder: &ModelFolder,
        bytes: impl AsRef<[u8]>,
        name: &dyn std::fmt::Display,
    ) -> Outcome<VerifyingKey> {
        let key =
            VerifyingKey::from_bytes(bytes.as_ref()).request(format_args!("cannot read the verifying key {name}"))?;
        if key.graph_digest() != self.digest {
            return refuse(format_args!(
                "{name} is the key of another model: of graph {}, and {} compiles to graph {}",
                short(&key.graph_digest()),
                folder.model().display(),
                short(&self.digest)
            ));
        }
        Ok(key)
    }
}

/// Hexadecimal digits of a digest, shortened for people.
pub(crate) fn short(digest: &[u8; 32]) -> String {
    hex::encode(digest).chars().take(16).collect()
}
