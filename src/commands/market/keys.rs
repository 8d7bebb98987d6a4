//! The account's key: from a keystore file or the environment, never from the command line, where others could read it.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use assay_contracts::Signer;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files;

const KEY: &str = "ASSAY_PRIVATE_KEY";
const PASSWORD: &str = "ASSAY_PASSWORD";

/// The key of `--keystore`, else of the environment.
pub(super) fn signer(keystore: Option<&Path>) -> Outcome<Signer> {
    if let Some(path) = keystore {
        check(&files::read(path)?).request(format_args!("cannot open the keystore {}", path.display()))?;
        let bytes = eth_keystore::decrypt_key(path, password(path)?)
            .request(format_args!("cannot open the keystore {}: wrong password, or no keystore", path.display()))?;
        return Signer::from_bytes(&bytes).request(format_args!("cannot use the key in {}", path.display()));
    }
    match std::env::var(KEY) {
        Ok(text) => Signer::from_hex(&text).request(format_args!("cannot use {KEY}")),
        Err(_) => refuse(format_args!("whose account? name a keystore with --keystore FILE, or set {KEY}")),
    }
}

/// Refuses, before the password is asked for, what is no keystore, or one whose derived key or vector is too short to decrypt with:
/// Ethereum's have 32 and 16 bytes.
fn check(keystore: &[u8]) -> Result<(), anyhow::Error> {
    let json: serde_json::Value = serde_json::from_slice(keystore).context("it is not JSON")?;
    let crypto = &json["crypto"];
    let key = crypto["kdfparams"]["dklen"].as_u64().unwrap_or_default();
    ensure!(key >= 32, "expected a derived key (dklen) of at least 32 bytes, got {key}");
    let vector = crypto["cipherparams"]["iv"].as_str().unwrap_or_default().trim_start_matches("0x").len() / 2;
    ensure!(vector >= 16, "expected a vector (iv) of at least 16 bytes, got {vector}");
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keystore_that_cannot_be_decrypted_is_refused_before_it_is_tried() {
        let folder = std::env::temp_dir().join(format!("assay-keystore-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        eth_keystore::encrypt_key(&folder, &mut rand::thread_rng(), [1; 32], "x", Some("key")).unwrap();
        let good = std::fs::read_to_string(folder.join("key")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        check(good.as_bytes()).unwrap();
        let refused = |pointer: &str, value: serde_json::Value, says: &str| {
            let mut json: serde_json::Value = serde_json::from_str(&good).unwrap();
            *json.pointer_mut(pointer).unwrap() = value;
            let error = check(json.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        refused("/crypto/kdfparams/dklen", 16.into(), "dklen");
        refused("/crypto/kdfparams/dklen", (-1).into(), "dklen");
        refused("/crypto/cipherparams/iv", "00".into(), "iv");
        refused("/crypto", 1.into(), "dklen");
        assert!(check(b"hello").is_err());
    }
}
