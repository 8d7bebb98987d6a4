//! Ctrl-C: what was half written is removed, what was kept is said, and the exit code is 130.
//!
//! Files come and go under one lock, which whoever stops the process takes and never gives back: what it says of a file is so at the end.

#[cfg_attr(unix, path = "interrupt/signal.rs")]
#[cfg_attr(not(unix), path = "interrupt/unheard.rs")]
mod signal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::failure::{Failure, Kind};
use crate::next::Next;
use crate::terminal::Terminal;

/// What this process has done to files.
#[derive(Debug)]
struct Done {
    partial: Vec<PathBuf>,
    written: Vec<PathBuf>,
    removed: Vec<PathBuf>,
}

static DONE: Mutex<Done> = Mutex::new(Done { partial: Vec::new(), written: Vec::new(), removed: Vec::new() });

fn done() -> MutexGuard<'static, Done> {
    DONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates a partial file, which Ctrl-C removes.
pub(crate) fn create<T>(partial: &Path, create: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let mut done = done();
    let created = create(partial)?;
    done.partial.push(partial.to_owned());
    Ok(created)
}

/// Renames a partial file to the whole one. A file that is `told` is named on Ctrl-C as one that was kept.
pub(crate) fn finish(partial: &Path, whole: &Path, told: bool) -> io::Result<()> {
    let mut done = done();
    fs::rename(partial, whole)?;
    done.partial.retain(|path| path != partial);
    done.removed.retain(|path| path != whole);
    if told && !done.written.iter().any(|path| path == whole) {
        done.written.push(whole.to_owned());
    }
    Ok(())
}

/// Removes a partial file whose content could not be written.
pub(crate) fn discard(partial: &Path) {
    let mut done = done();
    // Best effort: the error of the write is the one to report.
    let _ = fs::remove_file(partial);
    done.partial.retain(|path| path != partial);
}

/// Removes a whole file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let mut done = done();
    fs::remove_file(path)?;
    done.written.retain(|written| written != path);
    done.removed.push(path.to_owned());
    Ok(())
}

impl Done {
    /// What to say of it.
    fn sentences(&self) -> Vec<String> {
        let list =
            |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let mut sentences = Vec::new();
        if self.written.is_empty() && self.removed.is_empty() {
            sentences.push("nothing was written; files from before are whole".to_owned());
        }
        if !self.written.is_empty() {
            sentences.push(format!("these files were written before that, and are whole: {}", list(&self.written)));
        }
        if !self.removed.is_empty() {
            sentences.push(format!("these files were removed, to be made again: {}", list(&self.removed)));
        }
        sentences
    }
}

/// Listens for Ctrl-C from now on. `again` is the command that runs; `sends` says that it may have sent transactions.
pub(crate) fn listen(terminal: Terminal, again: Next, sends: bool) {
    signal::on_interrupt(move || {
        let done = done();
        for partial in &done.partial {
            let _ = fs::remove_file(partial);
        }
        let mut sentences = done.sentences();
        if sends {
            sentences.push(
                "a transaction that was sent before that stays sent, and the same command goes on from there"
                    .to_owned(),
            );
        }
        let mut error = None;
        for sentence in sentences.into_iter().rev() {
            error = Some(match error {
                None => anyhow::anyhow!(sentence),
                Some(error) => anyhow::Error::context(error, sentence),
            });
        }
        let stopped = error.map_or_else(|| anyhow::anyhow!("stopped"), |error| error.context("stopped"));
        let failure = Failure { next: Some(again.clone()), ..Failure::new(Kind::Interrupted, stopped) };
        terminal.report(&failure);
        std::process::exit(i32::from(Kind::Interrupted.code()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_and_what_was_removed_is_said() {
        let nothing = Done { partial: vec!["x".into()], written: Vec::new(), removed: Vec::new() };
        assert_eq!(nothing.sentences(), ["nothing was written; files from before are whole"]);
        let some = Done { partial: Vec::new(), written: vec!["srs".into(), "pk".into()], removed: vec!["vk".into()] };
        let [written, removed] = &some.sentences()[..] else { panic!("{:?}", some.sentences()) };
        assert!(written.ends_with("whole: srs, pk") && removed.ends_with("again: vk"), "{written} {removed}");
    }
}
