//! `assay verify`: the native check of a proof, in milliseconds.

use std::time::Instant;

use assay_verifier::{ProofFile, Verifier, VerifyError, VerifyingKey};
use serde::Serialize;

use super::short;
use crate::cli::VerifyArgs;
use crate::failure::{Classify as _, Failure, Kind, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Verdict {
    valid: bool,
    insecure: bool,
    verify_ms: f64,
    vk_digest: String,
    graph_digest: String,
    instances: Vec<String>,
}

pub(crate) fn run(args: &VerifyArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let key = match &args.key {
        Some(path) => files::read(path)?,
        None => folder.read("vk", "setup")?,
    };
    let key = VerifyingKey::from_bytes(&key).request("cannot read the verifying key")?;
    let proof = match &args.proof {
        Some(path) => files::read(path)?,
        None => folder.read("proof.json", "prove")?,
    };
    let text = String::from_utf8(proof).request("the proof file is not text")?;
    let file = ProofFile::from_json(&text).request("cannot read the proof file")?;
    let graph_digest = file.graph_digest().request("cannot read the proof file")?;
    if graph_digest != key.graph_digest() {
        return refuse(format_args!(
            "the proof is of graph {}, the key of graph {}: name the model the proof was made for",
            short(&graph_digest),
            short(&key.graph_digest())
        ));
    }
    let instances = file.instances().request("cannot read the proof's public values")?;
    let proof = file.proof().request("cannot read the proof")?;
    let verifier = Verifier::new(&key).request("cannot use the verifying key")?;
    let start = Instant::now();
    let result = verifier.verify(&instances, &proof);
    let verify_ms = start.elapsed().as_secs_f64() * 1000.0;
    let insecure = key.srs().insecure;
    if insecure {
        Terminal::warn("the key's SRS is insecure: whoever knows its published seed can forge this proof");
    }
    terminal.result(&Verdict {
        valid: result.is_ok(),
        insecure,
        verify_ms,
        vk_digest: hex::encode(key.digest()),
        graph_digest: hex::encode(graph_digest),
        instances: instances.words().iter().map(|w| format!("0x{}", hex::encode(w))).collect(),
    });
    result.map_err(classify)?;
    terminal.say(format_args!("valid, in {verify_ms:.1} ms"));
    Ok(())
}

fn classify(error: VerifyError) -> Failure {
    let kind = if error.rejects_proof() { Kind::InvalidProof } else { Kind::Request };
    Failure { kind, error: anyhow::Error::new(error).context("the proof is not accepted") }
}
