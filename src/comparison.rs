//! Whether a verifying key is a model's: made again from the model and the SRS, and compared.
//!
//! A key and a proof that come together say nothing by themselves: whoever makes both can prove anything about a circuit of their own. The
//! only thing that is taken for granted here is the ONNX file; graph, key and SRS of the folder may be anybody's.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use assay_circuits::Layout;
use assay_models::import;
use assay_prover::{Srs, keygen_observed};
use assay_verifier::VerifyingKey;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};

use crate::commands::srs;
use crate::compiled::{Compiled, short};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::known::{self, Known};
use crate::next::Next;
use crate::planning::profile_of;
use crate::terminal::Terminal;

/// How a key was found to be a model's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compared {
    /// An earlier command of this user made it from the model or compared it.
    Before,
    /// Now, in so many seconds.
    Now(f64),
}

/// Refuses a key that is not the one that the model and the key's SRS give. Takes as long as making keys, once for each key.
pub(crate) fn with_model(
    folder: &ModelFolder,
    compiled: &Compiled,
    key: &VerifyingKey,
    srs: Option<&Path>,
    terminal: Terminal,
) -> Outcome<Compared> {
    // What is named is looked at also where nothing depends on it: whoever names it believes that it is that SRS.
    if let Some(path) = srs {
        srs::belongs(path, key)?;
    }
    if Known::of(&compiled.onnx, &compiled.named()).is_some_and(|known| known.has_key(&key.digest())) {
        return Ok(Compared::Before);
    }
    let start = Instant::now();
    let model = folder.model().display();
    terminal.say(format_args!("comparing the key with {model}: it is made again from the model, once"));
    check_graph(folder, compiled)?;
    let other = |why: &str| {
        refuse(format_args!(
            "the verifying key {} is not the key of {model}: {why}. A proof for it says nothing about {model}: make a key and a proof, or get a \
             proof for the right key",
            short(&key.digest())
        ))
        .next(|| Next::of("setup", folder.model()).then(&files::prove(folder.model())))
    };
    let Some(lanes) = profile_of(key)? else { return other("it describes another circuit") };
    let layout = Arc::new(Layout::with_lanes(&compiled.graph, lanes).request("cannot plan a circuit")?);
    if (key.k(), key.instances()) != (layout.k, layout.instances()) {
        return other("it describes another circuit");
    }
    let powers = powers(folder, key, srs, terminal)?;
    let (made, _) = terminal
        .counted("make the key again, to compare", "columns", |progress| {
            keygen_observed(&powers, layout, compiled.digest, progress)
        })
        .machine("cannot make the key again")?;
    if made.verifying_key().bytes() != key.bytes() {
        return other(&format!(
            "made from the model and the same SRS, that is {}",
            short(&made.verifying_key().digest())
        ));
    }
    known::remember(&compiled.onnx, &compiled.named(), Some(key.digest()));
    Ok(Compared::Now(start.elapsed().as_secs_f64()))
}

/// Refuses a compiled graph that is not what the ONNX file compiles to, names of inputs and outputs included.
fn check_graph(folder: &ModelFolder, compiled: &Compiled) -> Outcome {
    if Known::of(&compiled.onnx, &compiled.named()).is_some() {
        return Ok(());
    }
    let model = folder.model().display();
    let bytes = files::read(folder.model())?;
    let read: [u8; 32] = Sha256::digest(&bytes).into();
    if read != compiled.onnx {
        return refuse(format_args!("{model} changed while it was read: run the command again"));
    }
    let graph = import(&bytes, "model").request(format_args!("cannot import {model}"))?;
    let imported = graph.digest();
    if imported != compiled.digest {
        return refuse(format_args!(
            "{} holds graph {}, and {model} compiles to graph {}",
            folder.file("graph.bin").display(),
            short(&compiled.digest),
            short(&imported)
        ))
        .next(|| Next::of("compile", folder.model()));
    }
    // Names are no part of the digest, and say which value is which.
    if (&graph.inputs, &graph.outputs) != (&compiled.graph.inputs, &compiled.graph.outputs) {
        let file = folder.file("graph.bin");
        return refuse(format_args!("{} has other names for inputs and outputs than {model}", file.display()))
            .next(|| Next::of("compile", folder.model()));
    }
    known::remember(&compiled.onnx, &compiled.named(), None);
    Ok(())
}

/// The powers that a key was made with: those that were named, else those beside the key, else the user's own. All are checked: a wrong basis
/// could make a wrong key come out right.
fn powers(folder: &ModelFolder, key: &VerifyingKey, named: Option<&Path>, terminal: Terminal) -> Outcome<Srs> {
    let candidates = match named {
        Some(path) => vec![path.to_owned()],
        None => [Some(folder.file("srs")), srs::default_path().ok()].into_iter().flatten().collect(),
    };
    let mut faults = Vec::new();
    for path in candidates.iter().filter(|path| named.is_some() || path.exists()) {
        match srs::for_key(path, key, terminal) {
            Ok(srs) => {
                srs.check(OsRng).request(format_args!("cannot use the SRS {}", path.display()))?;
                return Ok(srs);
            }
            Err(failure) => faults.push(format!("{failure:#}")),
        }
    }
    let found = if faults.is_empty() { "there is none".to_owned() } else { faults.join("; ") };
    let verify = Next::of("verify", folder.model());
    refuse(format_args!(
        "to compare the key with {} it takes 2^{} powers of the SRS {}: {found}. Name a file of that ceremony, `{verify} --srs FILE`, or a \
         digest of the key from somebody whom you trust, `{verify} --vk-digest HEX`",
        folder.model().display(),
        key.k() + key.opening().width().next_power_of_two().ilog2(),
        hex::encode(key.srs().digest()),
    ))
}
