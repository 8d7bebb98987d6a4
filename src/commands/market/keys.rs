//! The account's key: from a keystore file or the environment, never from the command line, where others could read it.

use std::io::IsTerminal as _;
use std::path::Path;

use assay_contracts::Signer;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files;

const KEY: &str = "ASSAY_PRIVATE_KEY";
const PASSWORD: &str = "ASSAY_PASSWORD";

/// The key of `--keystore`, else of the environment.
pub(super) fn signer(keystore: Option<&Path>) -> Outcome<Signer> {
    if let Some(path) = keystore {
        // Named before the password is asked for.
        files::read(path)?;
        let bytes = eth_keystore::decrypt_key(path, password(path)?)
            .request(format_args!("cannot open the keystore {}: wrong password, or no keystore", path.display()))?;
        return Signer::from_bytes(&bytes).request(format_args!("cannot use the key in {}", path.display()));
    }
    match std::env::var(KEY) {
        Ok(text) => Signer::from_hex(&text).request(format_args!("cannot use {KEY}")),
        Err(_) => refuse(format_args!("whose account? name a keystore with --keystore FILE, or set {KEY}")),
    }
}

fn password(path: &Path) -> Outcome<String> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        return refuse(format_args!("{} needs a password: set {PASSWORD}, or run this in a terminal", path.display()));
    }
    rpassword::prompt_password(format!("password of {}: ", path.display())).machine("cannot read the password")
}
