//! `assay setup`: the keys of a compiled model.

use std::sync::Arc;

use assay_circuits::Layout;
use assay_prover::{Cost, Srs, constraints, keygen_observed};
use assay_verifier::Opening;
use serde::Serialize;

use super::cuts::Cuts;
use super::{compiled_graph, opening, shape_of, srs, threads, warn_if_no_chain_takes};
use crate::cli::{MAX_GENERATED, SetupArgs};
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
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
    let (graph, digest) = compiled_graph(&folder)?;
    let layout = Arc::new(Layout::plan(&graph).request("cannot plan a circuit")?);
    let constraints = constraints(&layout.shape).machine("cannot describe the circuit")?;
    let srs = srs::load(args.srs.as_deref())?;
    let opening = opening(args.opening, args.columns.width, &layout)?;
    check_powers(&layout, opening, &srs)?;
    warn_if_no_chain_takes(&shape_of(&layout, &constraints, opening)?);
    let cost = Cost::new(&layout, &constraints, opening, threads()).machine("cannot count the circuit's cost")?;
    within(args.memory, cost.keygen_peak_bytes, "making the keys of")?;
    let (srs, cut_seconds) = of_size(srs, &layout, opening, &cost, args.memory, terminal)?;
    let (key, seconds) = terminal
        .counted("make the keys", "columns", |progress| keygen_observed(&srs, layout, digest, progress))
        .machine("cannot make the keys")?;
    let verifying = key.verifying_key();
    folder.create()?;
    // The verifying key goes first and comes last: whoever finds one finds what belongs to it.
    files::remove(&folder.file("vk"))?;
    files::write_with(&folder.file("srs"), |out| srs.write(out))?;
    files::write_with(&folder.file("pk"), |out| key.write(out))?;
    files::write(&folder.file("vk"), verifying.bytes())?;
    if srs.is_insecure() {
        Terminal::warn("the SRS is insecure: whoever knows its published seed can forge proofs for this key");
    }
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
        insecure: srs.is_insecure(),
    });
    Ok(())
}

/// The SRS in the size of the keys, and how long it took to cut it, if it was cut: one that has the size is used as it is, and
/// one that was cut for another model is found again.
fn of_size(
    srs: Srs,
    layout: &Layout,
    opening: Opening,
    cost: &Cost,
    memory: Option<Bytes>,
    terminal: Terminal,
) -> Outcome<(Srs, Option<f64>)> {
    if srs.fits(layout.k, opening) {
        return Ok((srs, None));
    }
    let cuts = Cuts::of_user();
    if let Some(cut) = cuts.as_ref().and_then(|cuts| cuts.find(&srs, layout.k, opening)) {
        return Ok((cut, None));
    }
    within(memory, cost.setup_peak_bytes(true), "cutting the SRS to size and making the keys of")?;
    let (cut, seconds) = terminal
        .counted("cut the SRS to size", "multiples", |progress| srs.cut_observed(layout.k, opening, progress))
        .request("cannot cut the SRS")?;
    if let Some(cuts) = &cuts {
        cuts.keep(&cut);
    }
    Ok((cut, Some(seconds)))
}

/// Refuses an SRS with fewer powers than the keys need.
fn check_powers(layout: &Layout, opening: Opening, srs: &Srs) -> Outcome {
    let (needed, powers) = ((opening.width() as usize) << layout.k, srs.powers().len());
    if powers >= needed {
        return Ok(());
    }
    let wanted = layout.k + opening.width().next_power_of_two().ilog2();
    let got = if powers.is_power_of_two() { format!("2^{}", powers.ilog2()) } else { powers.to_string() };
    let help = larger(wanted);
    let narrower = if opening == Opening::Shplonk { "" } else { ", or name fewer columns with --width" };
    refuse(format_args!(
        "the circuit has 2^{} rows and needs 2^{wanted} powers, the SRS has {got}: {help}{narrower}",
        layout.k
    ))
}

/// How to come by an SRS of `2^k` powers.
fn larger(k: u32) -> String {
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
            let advice = larger(k);
            if let Some(command) = advice.split('`').nth(1).filter(|command| command.contains("generate")) {
                Cli::try_parse_from(command.split(' ')).unwrap();
            }
            assert_eq!(advice.contains("generate"), k <= MAX_GENERATED);
        }
    }
}
