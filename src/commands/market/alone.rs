//! One command at a time: what is looked at, decided, written and sent in one piece. A lock of the system goes with the process that holds it,
//! however that ends; the empty file that carries it stays.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{File, TryLockError};
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
        let file = File::options().create(true).write(true).truncate(false).open(lock).machine(&doing)?;
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
