//! Writes keys, proofs and mutants of both, with the native verifier's verdict on each, to `sdk/test/vectors/`: the TypeScript verifier
//! must agree on all of them. Beside them it writes real numbers with the integers of a model's input, for the client.
//!
//! The output is the same each time: CI runs this and `git diff --exit-code`. A mutant is a stretch of a file and what stands in its place.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that makes test vectors"
)]

mod keys;
mod profiles;
mod proofs;
mod quantise;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use assay_circuits::{Lanes, Layout};
use assay_models::{import, interpret, samples};
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use assay_verifier::encoding::hex_of;
use assay_verifier::{Instances, Opening, Proof, ProofFile, Verifier, VerifyError, VerifyingKey, verify};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// A key and what was proved for it.
struct Scene {
    name: &'static str,
    key: VerifyingKey,
    instances: Instances,
    proof: Proof,
    /// Every how many bytes of the key one is changed.
    stride: usize,
    /// One in how many changes of a word is tried, another for each word.
    share: usize,
}

/// A changed file.
struct Mutant {
    of: Target,
    bytes: Vec<u8>,
}

/// What of a scene is changed.
#[derive(Clone, Copy)]
enum Target {
    /// The key's file; the proof then names the changed key.
    Key,
    /// The text of the proof's file.
    File,
    /// The proof's bytes.
    Proof,
    /// The public values, 32 bytes each.
    Instances,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::File => "file",
            Self::Proof => "proof",
            Self::Instances => "instances",
        }
    }
}

impl Scene {
    fn file(&self) -> String {
        ProofFile::new(&self.key, &self.instances, &self.proof).to_json().unwrap()
    }

    fn original(&self, target: Target) -> Vec<u8> {
        match target {
            Target::Key => self.key.bytes().to_vec(),
            Target::File => self.file().into_bytes(),
            Target::Proof => self.proof.bytes.clone(),
            Target::Instances => self.instances.words().concat(),
        }
    }

    fn verdict(&self, mutant: &Mutant, verifier: &Verifier) -> Result<(), VerifyError> {
        let bytes = &mutant.bytes;
        match mutant.of {
            Target::Key => {
                let key = VerifyingKey::from_bytes(bytes)?;
                verify(&key, &self.instances, &Proof { key_digest: key.digest(), ..self.proof.clone() })
            }
            Target::File => {
                let file = ProofFile::from_json(std::str::from_utf8(bytes).unwrap())?;
                file.graph_digest()?;
                let instances = file.instances()?;
                verifier.verify(&instances, &file.proof()?)
            }
            Target::Proof => verifier.verify(&self.instances, &Proof { bytes: bytes.clone(), ..self.proof.clone() }),
            Target::Instances => verifier.verify(&Instances::from_words(bytes.as_chunks().0)?, &self.proof),
        }
    }

    /// One line a mutant: `[target, at, bytes removed, hexadecimal inserted, verdict]`.
    fn mutants(&self) -> (String, usize) {
        let verifier = Verifier::new(&self.key).unwrap();
        let all: Vec<Mutant> = proofs::mutants(self).into_iter().chain(keys::mutants(self)).collect();
        let mut lines = String::from("[\n");
        for (index, mutant) in all.iter().enumerate() {
            let (at, removed, inserted) = splice(&self.original(mutant.of), &mutant.bytes);
            let verdict = said(&self.verdict(mutant, &verifier));
            let end = if index + 1 == all.len() { "" } else { "," };
            let (name, hex) = (mutant.of.name(), hex_of(&inserted));
            writeln!(lines, "[\"{name}\", {at}, {removed}, \"{hex}\", \"{verdict}\"]{end}").unwrap();
        }
        (lines + "]\n", all.len())
    }
}

/// The shortest stretch of `from` that differs, and what stands in its place in `to`.
fn splice(from: &[u8], to: &[u8]) -> (usize, usize, Vec<u8>) {
    let same = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let (from, to) = (&from[same..], &to[same..]);
    let end = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
    (same, from.len() - end, to[..to.len() - end].to_vec())
}

/// The error's words; of errors that quote a decoder, whose words are its own, only the kind.
fn said(verdict: &Result<(), VerifyError>) -> String {
    match verdict {
        Ok(()) => "valid".to_owned(),
        Err(VerifyError::Magic { .. }) => "Magic".to_owned(),
        Err(VerifyError::Encoding { .. }) => "Encoding".to_owned(),
        Err(VerifyError::Json(_)) => "Json".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The inference of the zoo's first held-out digit.
fn lenet(name: &'static str, opening: Opening) -> Scene {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/zoo");
    let graph = import(&std::fs::read(zoo.join("lenet/lenet.onnx")).unwrap(), "lenet").unwrap();
    let digits = std::fs::read(zoo.join("digits.u8")).unwrap();
    let pixels: Vec<i64> = digits[..784].iter().map(|pixel| i64::from(*pixel)).collect();
    Scene { stride: 31, share: 3, ..inference(name, Layout::plan(&graph).unwrap(), &[pixels], opening) }
}

/// A network so small that every word of its proof can be changed in every way, in lanes that are no profile's: nobody brings its verifier.
fn tiny(name: &'static str, opening: Opening) -> Scene {
    let graph = samples::tiny_mlp();
    inference(name, Layout::with_lanes(&graph, Lanes::new(1, 3)).unwrap(), &samples::inputs(&graph, 1), opening)
}

fn inference(name: &'static str, layout: Layout, inputs: &[Vec<i64>], opening: Opening) -> Scene {
    let layout = Arc::new(layout);
    let graph = &layout.plan.graph;
    let srs = Srs::insecure_for(layout.k, opening, PUBLISHED_SEED).unwrap();
    let key = keygen(&srs, Arc::clone(&layout), graph.digest()).unwrap();
    let trace = interpret(graph, inputs).unwrap();
    let rng = ChaCha20Rng::seed_from_u64(1);
    let (instances, proof) = prove(&key, &srs, &trace, 4_711.into(), rng, &mut |_| ()).unwrap();
    Scene { name, key: key.verifying_key().clone(), instances, proof, stride: 7, share: 1 }
}

fn main() -> Result<(), std::io::Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/test/vectors");
    std::fs::write(folder.join("quantise.json"), quantise::vectors())?;
    std::fs::write(folder.join("profiles.json"), profiles::vectors())?;
    let grouped = |width| Opening::Grouped { width };
    let scenes = [
        tiny("tiny", Opening::Shplonk),
        lenet("lenet", Opening::Shplonk),
        // A width that is no power of two.
        tiny("tiny-grouped", grouped(5)),
        lenet("lenet-grouped", grouped(8)),
    ];
    for scene in scenes {
        verify(&scene.key, &scene.instances, &scene.proof).unwrap();
        let (mutants, count) = scene.mutants();
        std::fs::write(folder.join(format!("{}.vk", scene.name)), scene.key.bytes())?;
        std::fs::write(folder.join(format!("{}.proof.json", scene.name)), scene.file())?;
        std::fs::write(folder.join(format!("{}.mutants.json", scene.name)), mutants)?;
        println!("{}: {count} mutants", scene.name);
    }
    Ok(())
}
