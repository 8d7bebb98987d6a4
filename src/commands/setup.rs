//! `assay setup`: the keys of a compiled model.

use std::path::Path;
use std::sync::Arc;

use assay_circuits::Layout;
use assay_prover::{Cost, Pace, Srs, constraints, keygen_observed};
use assay_verifier::Opening;
use rand::rngs::OsRng;
use serde::Serialize;

use super::{cuts, opening, shape_of, srs, threads, warn_if_no_chain_takes};
use crate::ceremony::SrsVerdict;
use crate::cli::SetupArgs;
use crate::compiled;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::known::{self, Known};
use crate::memory::{peak_bytes, within};
use crate::next::Next;
use crate::terminal::Terminal;
use crate::{planned, units};

#[derive(Serialize)]
struct Setup {
    k: u32,
    activation_lanes: usize,
    weight_lanes: usize,
    columns_per_commitment: u32,
    #[serde(rename = "setup_s")]
    seconds: f64,
    /// None where nothing was cut.
    cut_s: Option<f64>,
    peak_rss_bytes: Option<u64>,
    expected_setup_bytes: u64,
    expected_prove_s: f64,
    expected_prove_bytes: u64,
    vk_digest: String,
    srs_digest: String,
    insecure: bool,
    next: Next,
}

pub(crate) fn run(args: &SetupArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let compiled = compiled::read(&folder)?;
    let layout = Arc::new(planned::layout(&folder, &compiled)?);
    let constraints = constraints(&layout.shape).machine("cannot describe the circuit")?;
    let opening = opening(args.opening);
    let srs = srs::load(args.srs.as_deref(), needed_k(&layout, opening))?;
    check_powers(&layout, opening, &srs, args.srs.as_deref())?;
    warn_if_no_chain_takes(&shape_of(&layout, &constraints, opening)?, layout.instances());
    let lanes = layout.shape.lanes;
    let cost = Cost::new(&layout, &constraints, opening, threads()).machine("cannot count the circuit's cost")?;
    within(args.memory, cost.keygen_peak_bytes, "making the keys of")?;
    let cutting = || within(args.memory, cost.setup_peak_bytes(true), "cutting the SRS to size and making the keys of");
    let (srs, cut_seconds) = cuts::of_size(srs, layout.k, opening, cutting, terminal)?;
    // What is cut is checked, and so is the user's own file when it is imported; powers that are named may be anybody's.
    if args.srs.is_some() && cut_seconds.is_none() {
        terminal.step("check the powers", None, || srs.check(OsRng)).request("cannot use the SRS")?;
    }
    let (key, seconds) = terminal
        .counted("make the keys", "columns", |progress| keygen_observed(&srs, layout, compiled.digest, progress))
        .machine("cannot make the keys")?;
    let verifying = key.verifying_key();
    folder.create()?;
    // The verifying key goes first and comes last: whoever finds one finds what belongs to it.
    files::remove(&folder.file("vk"))?;
    files::write_with(&folder.file("srs"), |out| srs.write(out))?;
    files::write_with(&folder.file("pk"), |out| key.write(out))?;
    files::write(&folder.file("vk"), verifying.bytes())?;
    // Only a graph that is known to be the model's makes a key that is: the folder may be somebody else's.
    if Known::of(&compiled.onnx, &compiled.named()).is_some() {
        known::remember(&compiled.onnx, &compiled.named(), Some(verifying.digest()));
    }
    let standing = SrsVerdict::of(&srs.point(), &[])?;
    standing.warn();
    terminal.say(format_args!("verifying key {}", hex::encode(verifying.digest())));
    let paced = Cost::paced(&Pace::measured(), key.layout(), &constraints, opening, threads());
    let paced = paced.machine("cannot count the circuit's cost")?;
    let expected: f64 = paced.phases.iter().map(|(_, seconds)| seconds).sum();
    let (time, memory) = (units::seconds(expected), units::size(cost.peak_bytes));
    terminal.say(format_args!("a proof will take about {time} and {memory}"));
    let next = files::prove(folder.model());
    terminal.next(&next);
    terminal.result(&Setup {
        k: verifying.k(),
        activation_lanes: lanes.activations,
        weight_lanes: lanes.weights,
        columns_per_commitment: opening.width(),
        seconds,
        cut_s: cut_seconds,
        peak_rss_bytes: peak_bytes(),
        expected_setup_bytes: cost.setup_peak_bytes(cut_seconds.is_some()),
        expected_prove_s: expected,
        expected_prove_bytes: cost.peak_bytes,
        vk_digest: hex::encode(verifying.digest()),
        srs_digest: hex::encode(srs.digest()),
        insecure: standing.insecure(),
        next,
    });
    Ok(())
}

/// The power of two of powers that keys of a layout need.
fn needed_k(layout: &Layout, opening: Opening) -> u32 {
    layout.k + opening.width().next_power_of_two().ilog2()
}

/// Refuses an SRS with fewer powers than the keys need.
fn check_powers(layout: &Layout, opening: Opening, srs: &Srs, named: Option<&Path>) -> Outcome {
    let (needed, powers) = ((opening.width() as usize) << layout.k, srs.powers().len());
    if powers >= needed {
        return Ok(());
    }
    let wanted = needed_k(layout, opening);
    let got = if powers.is_power_of_two() { format!("2^{}", powers.ilog2()) } else { units::count(powers) };
    let made = srs::generate(wanted, named).filter(|_| srs.is_insecure());
    // A ceremony's powers are not to be replaced by insecure ones.
    let help = match &made {
        Some(_) => "make a larger one to try things out, or import one with `assay srs import FILE`".to_owned(),
        None => format!("import a file of the ceremony with 2^{wanted} powers or more: `assay srs import FILE`"),
    };
    let refused = refuse(format_args!(
        "the circuit has 2^{} rows and needs 2^{wanted} powers, the SRS has {got}: {help}",
        layout.k
    ));
    match made {
        Some(next) => refused.next(|| next),
        None => refused,
    }
}
