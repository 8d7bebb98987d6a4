//! `assay srs`: the structured reference string that keys are made with.

use std::path::{Path, PathBuf};

use assay_prover::{PUBLISHED_SEED, Srs};
use serde::Serialize;

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
                .step("make an insecure SRS", || Srs::insecure(*k, PUBLISHED_SEED))
                .request("cannot make an SRS of this size")?;
            Terminal::warn("the secret of this SRS is published: whoever knows it can forge every proof made with it");
            save(&srs, output.as_deref(), terminal)
        }
        SrsCommand::Import { file, output } => {
            let bytes = files::read(file)?;
            let (srs, _) = terminal
                .step("check every power by pairing", || Srs::import_halo2_raw(&bytes))
                .request(format_args!("cannot import {}", file.display()))?;
            save(&srs, output.as_deref(), terminal)
        }
    }
}

fn save(srs: &Srs, output: Option<&Path>, terminal: Terminal) -> Outcome {
    let path = match output {
        Some(path) => path.to_owned(),
        None => default_path()?,
    };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).machine(format_args!("cannot create {}", folder.display()))?;
    }
    files::write(&path, &srs.to_bytes().machine("cannot encode the SRS")?)?;
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
    Srs::from_bytes(&files::read(&path)?).request(format_args!("cannot use {}", path.display()))
}
