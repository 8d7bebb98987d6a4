//! `assay setup`: the keys of a compiled model.

use std::sync::Arc;

use assay_circuits::Layout;
use assay_prover::{Cost, Srs, constraints, keygen_observed};
use assay_verifier::Opening;
use rand::rngs::OsRng;
use serde::Serialize;

use super::{cuts, opening, shape_of, srs, threads, warn_if_no_chain_takes};
use crate::ceremony::SrsVerdict;
use crate::cli::{MAX_GENERATED, SetupArgs};
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::known::{self, Known};
use crate::memory::{Bytes, peak_mb, within};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Setup {
    k: u32,
    columns_per_commitment: u32,
    #[serde(rename = "setup_s")]
    seconds: f64,
    /// None where nothing was cut.
    cut_s: Option<f64>,
    peak_rss_mb: Option<u64>,
    expected_setup_mb: u64,
    expected_prove_s: f64,
    expected_prove_mb: u64,
    vk_digest: String,
    srs_digest: String,
    insecure: bool,
}

pub(crate) fn run(args: &SetupArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let compiled = compiled::read(&folder)?;
    let layout = Arc::new(Layout::plan(&compiled.graph).request("cannot plan a circuit")?);
    let constraints = constraints(&layout.shape).machine("cannot describe the circuit")?;
    let srs = srs::load(args.srs.as_deref())?;
    let opening = opening(args.opening, args.columns.width, &layout)?;
    check_powers(&layout, opening, &srs)?;
    warn_if_no_chain_takes(&shape_of(&layout, &constraints, opening)?);
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
    if Known::of(&compiled.onnx, &compiled.digest).is_some() {
        known::remember(&compiled.onnx, &compiled.digest, Some(verifying.digest()));
    }
    let standing = SrsVerdict::of(&srs.point(), &[])?;
    standing.warn();
    terminal.say(format_args!("verifying key {}", hex::encode(verifying.digest())));
    let expected: f64 = cost.phases.iter().map(|(_, seconds)| seconds).sum();
    terminal.say(format_args!("a proof will take about {expected:.1} s and {}", Bytes(cost.peak_bytes)));
    terminal.say(format_args!("next: assay prove {} --input input.json", folder.model().display()));
    terminal.result(&Setup {
        k: verifying.k(),
        columns_per_commitment: opening.width(),
        seconds,
        cut_s: cut_seconds,
        peak_rss_mb: peak_mb(),
        expected_setup_mb: cost.setup_peak_bytes(cut_seconds.is_some()) >> 20,
        expected_prove_s: expected,
        expected_prove_mb: cost.peak_bytes >> 20,
        vk_digest: hex::encode(verifying.digest()),
        srs_digest: hex::encode(srs.digest()),
        insecure: standing.insecure(),
    });
    Ok(())
}

/// Refuses an SRS with fewer powers than the keys need.
fn check_powers(layout: &Layout, opening: Opening, srs: &Srs) -> Outcome {
    let (needed, powers) = ((opening.width() as usize) << layout.k, srs.powers().len());
    if powers >= needed {
        return Ok(());
    }
    let wanted = layout.k + opening.width().next_power_of_two().ilog2();
    let got = if powers.is_power_of_two() { format!("2^{}", powers.ilog2()) } else { powers.to_string() };
    let help = larger(wanted, srs.is_insecure());
    let narrower = if opening == Opening::Shplonk { "" } else { ", or name fewer columns with --width" };
    refuse(format_args!(
        "the circuit has 2^{} rows and needs 2^{wanted} powers, the SRS has {got}: {help}{narrower}",
        layout.k
    ))
}

/// How to come by an SRS of `2^k` powers, in place of an insecure one or of a ceremony's.
fn larger(k: u32, insecure: bool) -> String {
    if !insecure {
        return format!("import a file of the ceremony with 2^{k} powers or more: `assay srs import FILE`");
    }
    if k > MAX_GENERATED {
        return "import a larger one with `assay srs import`".to_owned();
    }
    format!("run `assay srs generate --insecure -k {k}` or import a larger one")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_is_advised_can_be_typed() {
        for k in 4..30 {
            assert!(!larger(k, false).contains("generate"), "it would replace a ceremony's file");
            let advice = larger(k, true);
            if let Some(command) = advice.split('`').nth(1).filter(|command| command.contains("generate")) {
                Cli::try_parse_from(command.split(' ')).unwrap();
            }
            assert_eq!(advice.contains("generate"), k <= MAX_GENERATED);
        }
    }
}
