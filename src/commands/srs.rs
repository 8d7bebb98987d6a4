//! `assay srs`: the structured reference string that keys are made with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_prover::cost::seconds_of_cut;
use assay_prover::srs::ptau::Ptau;
use assay_prover::{PUBLISHED_SEED, Srs, SrsSource};
use assay_verifier::Opening;
use serde::Serialize;

use super::threads;
use crate::cli::SrsCommand;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Made {
    path: String,
    k: u32,
    insecure: bool,
    digest: String,
}

pub(crate) fn run(command: &SrsCommand, terminal: Terminal) -> Outcome {
    match command {
        SrsCommand::Generate { insecure: _, k, output } => {
            let (srs, _) = terminal
                .step("make an insecure SRS", None, || Srs::insecure(*k, PUBLISHED_SEED))
                .request("cannot make an SRS of this size")?;
            save(&srs, output.as_deref(), terminal)
        }
        SrsCommand::Import { file, k, output } => save(&import(file, *k, terminal)?, output.as_deref(), terminal),
    }
}

/// Recognises a file of powers, says what it is, and checks and takes it over.
fn import(file: &Path, k: Option<u32>, terminal: Terminal) -> Outcome<Srs> {
    let bytes = files::map(file)?;
    let shown = file.display();
    match SrsSource::of(&bytes) {
        SrsSource::Ptau => {
            let ptau = Ptau::parse(&bytes).request(format_args!("cannot import {shown}"))?;
            let (power, ceremony) = (ptau.power(), ptau.ceremony_power());
            terminal.say(format_args!(
                "{shown} holds powers of tau (snarkjs): up to k = {power}, of a ceremony of 2^{ceremony}"
            ));
            let (srs, _) = terminal
                .step("check every power, transform them", Some(expected_transform(k.unwrap_or(power))), || {
                    Srs::import_ptau(&bytes, k)
                })
                .request(format_args!("cannot import {shown}"))?;
            Ok(srs)
        }
        SrsSource::Halo2Raw => {
            let (srs, _) =
                terminal.step("check every power by pairing", None, || Srs::import_halo2_raw(&bytes)).request(
                    format_args!("cannot import {shown} as halo2's raw parameters (powers of tau begin with \"ptau\")"),
                )?;
            terminal.say(format_args!("{shown} holds raw parameters of halo2: k = {}", srs.k()));
            match k {
                None => Ok(srs),
                Some(k) if srs.fits(k, Opening::Shplonk) => Ok(srs),
                Some(k) => {
                    let (cut, _) = terminal
                        .step("cut the SRS to size", Some(expected_transform(k)), || srs.truncated(k))
                        .request("cannot cut the SRS")?;
                    Ok(cut)
                }
            }
        }
        SrsSource::Assay => refuse(format_args!(
            "{shown} is an SRS of assay already: name it with --srs, as in `assay setup MODEL --srs {shown}`"
        )),
    }
}

/// How long it takes to compute the Lagrange basis of `2^k` powers, for progress lines.
fn expected_transform(k: u32) -> Duration {
    Duration::from_secs_f64(seconds_of_cut(k, Opening::Shplonk, threads()))
}

fn save(srs: &Srs, output: Option<&Path>, terminal: Terminal) -> Outcome {
    let path = match output {
        Some(path) => path.to_owned(),
        None => default_path()?,
    };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).machine(format_args!("cannot create {}", folder.display()))?;
    }
    files::write_with(&path, |out| srs.write(out))?;
    if srs.is_insecure() {
        Terminal::warn("the secret of this SRS is published: whoever knows it can forge every proof made with it");
    }
    let made = Made {
        path: path.display().to_string(),
        k: srs.k(),
        insecure: srs.is_insecure(),
        digest: hex::encode(srs.digest()),
    };
    terminal.say(format_args!("wrote {} (k = {}, digest {})", made.path, made.k, made.digest));
    terminal.result(&made);
    Ok(())
}

/// The SRS that commands use when none is named: `assay/srs` in the user's data folder.
fn default_path() -> Outcome<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    match data.or_else(home) {
        Some(folder) => Ok(folder.join("assay").join("srs")),
        None => refuse("neither XDG_DATA_HOME nor HOME is set: name the SRS with --srs or --output"),
    }
}

/// Loads the SRS that was named, or the user's own.
pub(super) fn load(named: Option<&Path>) -> Outcome<Srs> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => default_path()?,
    };
    if named.is_none() && !path.exists() {
        return refuse(format_args!(
            "there is no SRS at {}: run `assay srs import FILE` with a ceremony's parameters, or `assay srs generate --insecure` to try things out",
            path.display()
        ));
    }
    Srs::from_mapped(&files::map(&path)?).request(format_args!("cannot use {}", path.display()))
}
