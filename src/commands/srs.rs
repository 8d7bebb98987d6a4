//! `assay srs`: the structured reference string that keys are made with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_prover::cost::seconds_of_cut;
use assay_prover::srs::ptau::{Contribution, Kind, Ptau};
use assay_prover::{PUBLISHED_SEED, Srs, SrsSource};
use assay_verifier::{Opening, VerifyingKey};
use serde::Serialize;

use super::{cuts, threads};
use crate::ceremony::{self, SrsVerdict};
use crate::cli::{MAX_GENERATED, SrsCommand};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files;
use crate::next::{Next, quoted};
use crate::terminal::Terminal;
use crate::units;

#[derive(Serialize)]
struct Made {
    path: String,
    k: u32,
    insecure: bool,
    digest: String,
    /// Who contributed, in order, as a powers-of-tau file says.
    contributions: Option<Vec<String>>,
}

/// An SRS of somebody else, taken over.
struct Imported {
    srs: Srs,
    /// What it is called in the list of ceremonies that the user trusts.
    name: String,
    contributions: Option<Vec<Contribution>>,
}

pub(crate) fn run(command: &SrsCommand, terminal: Terminal) -> Outcome {
    match command {
        SrsCommand::Generate { insecure: _, k, output, force } => {
            let path = output.clone().map_or_else(default_path, Ok)?;
            if !force {
                refuse_to_replace(&path, None)?;
            }
            let (srs, _) = terminal
                .step("make an insecure SRS", None, || Srs::insecure(*k, PUBLISHED_SEED))
                .request("cannot make an SRS of this size")?;
            save(&srs, &path, None, terminal)
        }
        SrsCommand::Import { file, k, output, force, unnamed } => {
            let path = output.clone().map_or_else(default_path, Ok)?;
            refuse_the_same(file, &path)?;
            let imported = import(file, *k, terminal)?;
            if !force {
                refuse_to_replace(&path, Some(&imported.srs))?;
            }
            let names = imported.contributions.as_ref().map(|all| all.iter().map(shown).collect());
            save(&imported.srs, &path, names, terminal)?;
            if *unnamed {
                terminal.say(
                    "its ceremony is not named: keys made with these powers are said to be of none that you trust",
                );
                return Ok(());
            }
            // Beacons are public: where nobody contributed a secret, there is none to trust.
            let secret = |all: &Vec<Contribution>| all.iter().any(|one| one.kind == Kind::Secret);
            if !imported.contributions.as_ref().is_none_or(secret) {
                return Ok(());
            }
            if let Some(list) = ceremony::trust(&imported.srs.point(), &imported.name)? {
                terminal.say(format_args!(
                    "named in {}: keys made with this ceremony are said to be of \"{}\"",
                    list.display(),
                    imported.name
                ));
            }
            Ok(())
        }
    }
}

/// Refuses to write an SRS over the file that it comes from: what is left of a ceremony's file would be its cut.
fn refuse_the_same(file: &Path, target: &Path) -> Outcome {
    let same = file.canonicalize().ok().zip(target.canonicalize().ok()).is_some_and(|(file, target)| file == target);
    if same {
        return refuse(format_args!(
            "{} would be replaced by what is imported from it: name another file with --output",
            target.display()
        ));
    }
    Ok(())
}

/// Refuses to replace what cannot be made again here: a file that is no SRS, and a ceremony's powers, unless by as many or more of the same
/// ceremony.
fn refuse_to_replace(path: &Path, by: Option<&Srs>) -> Outcome {
    if !path.exists() {
        return Ok(());
    }
    let shown = path.display();
    let next = "name another file with --output, or add --force to replace it";
    let Some((point, powers)) = Srs::claims(&files::map(path)?) else {
        return refuse(format_args!("{shown} is no SRS of this version of assay, and would be replaced: {next}"));
    };
    if point.published().is_some() || by.is_some_and(|srs| srs.point() == point && srs.powers().len() as u64 >= powers)
    {
        return Ok(());
    }
    let digest = hex::encode(point.digest());
    let by = match by {
        None => "an insecure SRS",
        Some(srs) if srs.point() == point => "fewer powers of it",
        Some(_) => "those of another ceremony",
    };
    refuse(format_args!(
        "{shown} holds {powers} powers of the ceremony {digest}, and would be replaced by {by}: {next}"
    ))
}

/// Recognises a file of powers, says what it is, and checks and takes it over.
fn import(file: &Path, k: Option<u32>, terminal: Terminal) -> Outcome<Imported> {
    let bytes = files::map(file)?;
    let shown = file.display();
    let name = file.file_name().map_or_else(|| shown.to_string(), |name| name.to_string_lossy().into_owned());
    match SrsSource::of(&bytes) {
        SrsSource::Ptau => {
            let ptau = Ptau::parse(&bytes).request(format_args!("cannot import {shown}"))?;
            let (power, ceremony) = (ptau.power(), ptau.ceremony_power());
            terminal.say(format_args!(
                "{shown} holds powers of tau (snarkjs): up to k = {power}, of a ceremony of 2^{ceremony}"
            ));
            let contributions = ptau.contributions();
            let people = say_contributions(contributions.as_deref(), terminal);
            let (srs, _) = terminal
                .step("check every power, transform them", Some(expected_transform(k.unwrap_or(power))), || {
                    Srs::import_ptau(&bytes, k)
                })
                .request(format_args!("cannot import {shown}"))?;
            Ok(Imported { srs, name: format!("{name}, {people}"), contributions })
        }
        SrsSource::Halo2Raw => {
            let (srs, _) =
                terminal.step("check every power by pairing", None, || Srs::import_halo2_raw(&bytes)).request(
                    format_args!("cannot import {shown} as halo2's raw parameters (powers of tau begin with \"ptau\")"),
                )?;
            terminal.say(format_args!("{shown} holds raw parameters of halo2: k = {}", srs.k()));
            terminal.say("  such a file does not say who contributed: trust it as you trust where you have it from");
            let srs = match k {
                None => srs,
                Some(k) if srs.fits(k, Opening::Shplonk) => srs,
                Some(k) => {
                    let (cut, _) = terminal
                        .step("cut the SRS to size", Some(expected_transform(k)), || srs.truncated(k))
                        .request("cannot cut the SRS")?;
                    cut
                }
            };
            Ok(Imported { srs, name: format!("{name}, contributors unknown"), contributions: None })
        }
        SrsSource::Assay => refuse(format_args!(
            "{shown} is an SRS of assay already: name it with --srs, as in `assay setup MODEL --srs {}`",
            quoted(&shown.to_string())
        )),
    }
}

/// Says who contributed to a ceremony, and warns where nobody or one person alone vouches for it. Returns how many did, in words.
fn say_contributions(contributions: Option<&[Contribution]>, terminal: Terminal) -> String {
    let Some(contributions) = contributions else {
        Terminal::warn("the file does not say who contributed to its powers: whoever made it may know their secret");
        return "contributors unknown".to_owned();
    };
    terminal.say("  contributions, as the file says; `snarkjs powersoftau verify` checks them:");
    for (at, contribution) in contributions.iter().enumerate() {
        terminal.say(format_args!("  {:>4}  {}", at + 1, shown(contribution)));
    }
    match contributions.iter().filter(|contribution| contribution.kind == Kind::Secret).count() {
        0 => {
            Terminal::warn("nobody contributed a secret to these powers: anybody may know it");
            "no contribution".to_owned()
        }
        1 => {
            Terminal::warn(
                "these powers are one person's: whoever made the one contribution may know the secret and forge every proof",
            );
            "one person's powers".to_owned()
        }
        many => format!("{many} contributions"),
    }
}

/// A contribution for people: its name, without control characters.
fn shown(contribution: &Contribution) -> String {
    let mut text: String = contribution.name.chars().filter(|c| !c.is_control()).collect();
    if text.is_empty() {
        text.push_str("(no name)");
    }
    if contribution.kind == Kind::Beacon {
        let _ = write!(text, ", a public beacon");
    }
    text
}

/// How long it takes to compute the Lagrange basis of `2^k` powers, for progress lines.
fn expected_transform(k: u32) -> Duration {
    Duration::from_secs_f64(seconds_of_cut(k, Opening::Shplonk, threads()))
}

fn save(srs: &Srs, path: &Path, contributions: Option<Vec<String>>, terminal: Terminal) -> Outcome {
    files::create_parent(path)?;
    files::write_with(path, |out| srs.write(out))?;
    if srs.is_insecure() {
        SrsVerdict::of(&srs.point(), &[])?.warn();
    }
    let made = Made {
        path: path.display().to_string(),
        k: srs.k(),
        insecure: srs.is_insecure(),
        digest: hex::encode(srs.digest()),
        contributions,
    };
    terminal.say(format_args!("wrote {} (k = {}, digest {})", made.path, made.k, made.digest));
    terminal.result(&made);
    Ok(())
}

/// The SRS that commands use when none is named: `assay/srs` in the user's data folder.
pub(crate) fn default_path() -> Outcome<PathBuf> {
    match files::data_folder() {
        Some(folder) => Ok(folder.join("srs")),
        None => refuse("neither XDG_DATA_HOME nor HOME is an absolute path: name the SRS with --srs or --output"),
    }
}

/// Makes an insecure SRS of `2^k` powers, where a file of that size is made here at all.
pub(super) fn generate(k: u32, output: Option<&Path>) -> Option<Next> {
    let next = Next::assay("srs generate").arg("--insecure").arg("-k").arg(k.to_string());
    let next = output.map_or_else(|| next.clone(), |path| next.clone().arg("--output").file(path));
    (k <= MAX_GENERATED).then_some(next)
}

/// Loads the SRS that was named, or the user's own, of which `2^k` powers are needed.
pub(super) fn load(named: Option<&Path>, k: u32) -> Outcome<Srs> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => default_path()?,
    };
    if named.is_none() && !path.exists() {
        let refused = refuse(format_args!(
            "there is no SRS at {}: import a ceremony's with `assay srs import FILE`, or make an insecure one to try things out",
            path.display()
        ));
        return match generate(k, None) {
            Some(next) => refused.next(|| next),
            None => refused,
        };
    }
    open(&path)
}

fn open(path: &Path) -> Outcome<Srs> {
    Srs::from_mapped(&files::map(path)?).request(format_args!("cannot use {}", path.display()))
}

/// The SRS in a file, refused where it is not the one of a key.
pub(crate) fn belongs(path: &Path, key: &VerifyingKey) -> Outcome<Srs> {
    let srs = open(path)?;
    if srs.point() != *key.srs() {
        return refuse(format_args!("{} is another SRS, {}", path.display(), hex::encode(srs.digest())));
    }
    Ok(srs)
}

/// The powers of a file that a key was made with, cut to the key's size. Its points are not checked as at an import: see [`Srs::check`].
pub(crate) fn for_key(path: &Path, key: &VerifyingKey, terminal: Terminal) -> Outcome<Srs> {
    let srs = belongs(path, key)?;
    if srs.powers().len() < (key.opening().width() as usize) << key.k() {
        return refuse(format_args!("{} holds {} powers only", path.display(), units::count(srs.powers().len())));
    }
    Ok(cuts::of_size(srs, key.k(), key.opening(), || Ok(()), terminal)?.0)
}
