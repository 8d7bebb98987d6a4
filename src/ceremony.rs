//! The ceremonies that this user trusts, in a small file that they can edit, and how a key's SRS stands with them.

use std::path::PathBuf;

use assay_verifier::{Ceremony, SrsPoint, Standing, standing};
use serde::Serialize;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files;
use crate::terminal::Terminal;

const HEAD: &str = "# Ceremonies whose powers you trust, one a line: the digest of the SRS, then what you call it. `assay srs import` adds to them.\n";

/// What every command says of an SRS whose secret is published: where it is.
pub(crate) fn insecure(origin: &str) -> String {
    format!(
        "the SRS is insecure: its secret is published ({}), and whoever knows it can forge every proof made with it",
        shown(origin)
    )
}

/// Where a secret was published; a command stands in backquotes.
fn shown(origin: &str) -> String {
    if origin.starts_with("assay ") { format!("`{origin}`") } else { origin.to_owned() }
}

/// What a verdict says of an SRS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SrsVerdict {
    pub(crate) digest: String,
    /// `published`, `named` or `unnamed`.
    pub(crate) standing: &'static str,
    /// Where the secret was published, or what the user calls the ceremony.
    pub(crate) ceremony: Option<String>,
}

impl SrsVerdict {
    /// How an SRS stands with the ceremonies of the user's file and those named for this once.
    pub(crate) fn of(srs: &SrsPoint, named: &[[u8; 32]]) -> Outcome<Self> {
        let mut trusted = trusted()?;
        trusted.extend(
            named.iter().map(|digest| Ceremony { digest: *digest, name: "named with --srs-digest".to_owned() }),
        );
        let (standing, ceremony) = match standing(srs, &trusted) {
            Standing::Published(published) => ("published", Some(published.origin.to_owned())),
            Standing::Named(ceremony) => ("named", Some(ceremony.name.clone())),
            Standing::Unnamed => ("unnamed", None),
        };
        Ok(Self { digest: hex::encode(srs.digest()), standing, ceremony })
    }

    /// Whether anybody can forge what is proved with it.
    pub(crate) fn insecure(&self) -> bool {
        self.standing == "published"
    }

    /// What to warn of, if anything.
    pub(crate) fn warning(&self) -> Option<String> {
        match (self.standing, &self.ceremony) {
            ("named", _) => None,
            ("published", Some(origin)) => Some(insecure(origin)),
            _ => Some(format!(
                "the SRS is not one you named: whoever made it may know its secret and forge every proof made with it. If you trust SRS {}, \
                 name it with `assay verify --srs-digest`, import the ceremony's file, or add a line to {}",
                self.digest,
                path().map_or_else(|| "your list of ceremonies".to_owned(), |path| path.display().to_string())
            )),
        }
    }

    /// Warns on standard error, unless the SRS is one that the user named.
    pub(crate) fn warn(&self) {
        if let Some(warning) = self.warning() {
            Terminal::warn(warning);
        }
    }

    /// For people: the digest, and what is known of it.
    pub(crate) fn line(&self) -> String {
        let known = match (self.standing, &self.ceremony) {
            ("named", Some(name)) => name.clone(),
            ("published", Some(origin)) => format!("insecure: secret published by {}", shown(origin)),
            _ => "not one you named".to_owned(),
        };
        format!("{}, {known}", self.digest)
    }
}

/// The ceremonies of the user's file.
fn trusted() -> Outcome<Vec<Ceremony>> {
    let Some(path) = path().filter(|path| path.exists()) else { return Ok(Vec::new()) };
    let shown = path.display();
    let text = String::from_utf8(files::read(&path)?).request(format_args!("{shown} is not text"))?;
    let mut ceremonies = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        let (digits, name) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), "no name"));
        match digest(digits) {
            Ok(digest) => ceremonies.push(Ceremony { digest, name: name.trim().to_owned() }),
            Err(fault) => {
                return refuse(format_args!("{shown}, line {}: {fault}: correct the line or remove it", at + 1));
            }
        }
    }
    Ok(ceremonies)
}

/// Adds a ceremony that the user has named, by importing it, unless it is there or its secret is published. Says where.
pub(crate) fn trust(srs: &SrsPoint, name: &str) -> Outcome<Option<PathBuf>> {
    let Some(path) = path() else { return Ok(None) };
    if SrsVerdict::of(srs, &[])?.standing != "unnamed" {
        return Ok(None);
    }
    let before = if path.exists() { files::read(&path)? } else { HEAD.as_bytes().to_vec() };
    let newline = if before.ends_with(b"\n") { "" } else { "\n" };
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = format!("{newline}{} {name}\n", hex::encode(srs.digest()));
    files::create_parent(&path)?;
    files::write(&path, &[before.as_slice(), line.as_bytes()].concat())?;
    Ok(Some(path))
}

fn path() -> Option<PathBuf> {
    files::data_folder().map(|folder| folder.join("ceremonies"))
}

/// 32 bytes of hexadecimal.
pub(crate) fn digest(text: &str) -> Result<[u8; 32], String> {
    let mut digest = [0; 32];
    match hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut digest) {
        Ok(()) => Ok(digest),
        Err(error) => Err(format!("expected a digest, 64 digits of hexadecimal, got {text:?} ({error})")),
    }
}
