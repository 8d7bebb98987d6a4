//! A network in every profile, with both openings: the TypeScript verifier must accept each proof.

use assay_circuits::{Layout, PROFILES};
use assay_models::samples;
use assay_prover::cost::OPENING_FOR_CHAIN;
use assay_verifier::encoding::hex_of;
use assay_verifier::{Opening, verify};

use super::inference;

/// A list of `{ profile, key, proof }`: the key's file in hexadecimal and the proof's file.
pub(crate) fn vectors() -> String {
    let graph = samples::ports();
    let mut lines = Vec::new();
    for lanes in PROFILES {
        for opening in [Opening::Shplonk, OPENING_FOR_CHAIN] {
            let layout = Layout::with_lanes(&graph, lanes).unwrap();
            let scene = inference("profile", layout, &samples::inputs(&graph, 1), opening);
            verify(&scene.key, &scene.instances, &scene.proof).unwrap();
            let name = if opening == Opening::Shplonk { lanes.tag() } else { format!("{}-evm", lanes.tag()) };
            let (key, proof) = (hex_of(scene.key.bytes()), scene.file());
            lines.push(format!("{{\"profile\": \"{name}\", \"key\": \"{key}\", \"proof\": {proof}}}"));
        }
    }
    format!("[\n{}\n]\n", lines.join(",\n"))
}
