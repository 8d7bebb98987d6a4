//! One command at a time: what is looked at, decided, written and sent in one piece. A lock of the system goes with the process that holds it,
//! however that ends; the empty file that carries it stays.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use assay_contracts::Address;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files;
use crate::terminal::Terminal;

/// That no other command does the same until this is dropped.
pub(super) struct Alone {
    _held: File,
}

impl Alone {
    /// The only command that works on a request's file; the lock lies beside it. Waits for another's end.
    pub(super) fn with_file(path: &Path, terminal: Terminal) -> Outcome<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".lock");
        Self::with(&path.with_file_name(name), path.display(), terminal)
    }

    /// The only command of this user that moves an account's bond. Waits for another's end.
    pub(super) fn with_bond(chain: u64, account: Address, terminal: Terminal) -> Outcome<Self> {
        let Some(folder) = files::data_folder() else {
            return refuse(
                "there is no data folder, which holds the lock that keeps two commands from bonding twice: set HOME or XDG_DATA_HOME",
            );
        };
        let lock = folder.join("locks").join(format!("{chain}-{account}.lock"));
        files::create_parent(&lock)?;
        Self::with(&lock, format_args!("the bond of {account}"), terminal)
    }

    fn with(lock: &Path, what: impl Display, terminal: Terminal) -> Outcome<Self> {
        let doing = format!("cannot lock {}", lock.display());
        let file = open(lock).machine(&doing)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                terminal.say(format_args!("another command is at work on {what}: waiting for its end"));
                file.lock().machine(&doing)?;
            }
            Err(TryLockError::Error(error)) => Err(error).machine(&doing)?,
        }
        Ok(Self { _held: file })
    }
}

/// The file that carries a lock, created where there is none. What lies there and is no file, a link above all, is not followed and nothing is created through it: the folder may be somebody
/// else's.
fn open(lock: &Path) -> io::Result<File> {
    match File::options().create_new(true).write(true).open(lock) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => return created,
    }
    if !fs::symlink_metadata(lock)?.is_file() {
        return Err(io::Error::other("it is there, and is no file: remove it"));
    }
    File::options().write(true).open(lock)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_a_link_is_not_followed() {
        let folder = std::env::temp_dir().join(format!("assay-alone-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let [lock, elsewhere] = ["link.lock", "elsewhere"].map(|name| folder.join(name));
        std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
        assert!(open(&lock).unwrap_err().to_string().contains("no file"));
        assert!(!elsewhere.exists(), "created through the link");
        fs::write(&elsewhere, b"x").unwrap();
        assert!(open(&lock).is_err());
        fs::remove_file(&lock).unwrap();
        open(&lock).unwrap();
        open(&lock).unwrap().try_lock().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
