//! SRSs cut to size, kept in the user's cache folder and shared by all models: to make the Lagrange basis of a size is most of the
//! time of a first `assay setup`.
//!
//! A cut is named by the digest of its SRS, `k` and the columns behind a commitment, and is an SRS file like any other: what is
//! read must be as it was written, and of the same secret. Of the file that is cut, which may be somebody else's, no more than the first powers
//! is known to be of that secret: a cut is checked whole before it is used or kept. It is written under another name and renamed; two commands at once
//! make the same file. The cuts that were not used for longest are removed when all take more than [`MOST_BYTES`].

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use assay_prover::{ProverError, Srs};
use assay_verifier::Opening;
use rand::rngs::OsRng;

use crate::failure::{Classify as _, Outcome};
use crate::files;
use crate::terminal::Terminal;

/// Most bytes that all kept cuts take together.
const MOST_BYTES: u64 = 4_000_000_000;
/// How the names of cuts end.
const ENDING: &str = ".srs";

/// The powers for `2^k` rows with this opening, and how long it took to cut them, if they were cut: an SRS that has the size is used as it is,
/// and one that was cut before is found again. `before` may refuse the work.
pub(super) fn of_size(
    srs: Srs,
    k: u32,
    opening: Opening,
    before: impl FnOnce() -> Outcome,
    terminal: Terminal,
) -> Outcome<(Srs, Option<f64>)> {
    if srs.fits(k, opening) {
        return Ok((srs, None));
    }
    let cuts = Cuts::of_user();
    if let Some(cut) = cuts.as_ref().and_then(|cuts| cuts.find(&srs, k, opening)) {
        return Ok((cut, None));
    }
    before()?;
    let (cut, seconds) = terminal
        .counted("cut the SRS to size", "multiples", |progress| srs.cut_observed(k, opening, progress))
        .request("cannot cut the SRS")?;
    terminal.step("check what was cut", None, || cut.check(OsRng)).request("cannot use the SRS")?;
    if let Some(cuts) = &cuts {
        cuts.keep(&cut);
    }
    Ok((cut, Some(seconds)))
}

/// A folder of cuts.
struct Cuts {
    folder: PathBuf,
    most_bytes: u64,
}

impl Cuts {
    /// `assay/srs` in the user's cache folder; none where there is no such folder.
    fn of_user() -> Option<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(Self { folder: cache.join("assay").join("srs"), most_bytes: MOST_BYTES })
    }

    fn path(&self, srs: &Srs, k: u32, opening: Opening) -> PathBuf {
        self.folder.join(format!("{}-{k}-{}{ENDING}", hex::encode(srs.digest()), opening.width()))
    }

    /// The cut of this SRS for `2^k` rows with this opening, if it is kept and whole.
    fn find(&self, srs: &Srs, k: u32, opening: Opening) -> Option<Srs> {
        let path = self.path(srs, k, opening);
        match Srs::open(&path) {
            Ok(cut) if cut.fits(k, opening) && cut.point() == srs.point() => {
                // Best effort: it is only about which cut is removed first.
                let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                Some(cut)
            }
            Ok(_) => None,
            Err(ProverError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                Terminal::warn(format_args!("{} is of no use and is made again: {error}", path.display()));
                None
            }
        }
    }

    /// Keeps a cut. That it cannot be kept is no reason to fail: it is said, and the next setup cuts again.
    fn keep(&self, cut: &Srs) {
        let path = self.path(cut, cut.k(), cut.opening());
        if cut.file_bytes() > self.most_bytes {
            return;
        }
        let kept = fs::create_dir_all(&self.folder)
            .map_err(anyhow::Error::from)
            .and_then(|()| files::write_with(&path, |out| cut.write(out)).map_err(|failure| failure.error));
        match kept {
            Ok(()) => self.remove_beyond_limit(&path),
            Err(error) => Terminal::warn(format_args!(
                "the SRS that was cut to size is not kept in {} and will be cut again for the next model: {error:#}",
                self.folder.display()
            )),
        }
    }

    /// Removes the cuts that were not used for longest, all but `newest`, until the others fit. Best effort: they only take space.
    fn remove_beyond_limit(&self, newest: &Path) {
        let mut cuts: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.to_string_lossy().ends_with(ENDING)
                && let Ok(about) = entry.metadata()
                && let Ok(used) = about.modified()
            {
                cuts.push((used, about.len(), path));
            }
        }
        cuts.sort();
        let mut bytes: u64 = cuts.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, own, path) in cuts.iter().filter(|(_, _, path)| path != newest) {
            if bytes <= self.most_bytes {
                return;
            }
            // A command that uses it has it mapped and keeps it.
            if fs::remove_file(path).is_ok() {
                bytes -= own;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use assay_prover::PUBLISHED_SEED;

    use super::*;

    const K: u32 = 6;

    struct Folder(Cuts);

    impl Folder {
        fn new(name: &str, most_bytes: u64) -> Self {
            let folder = std::env::temp_dir().join(format!("assay-cuts-{name}-{}", std::process::id()));
            Self(Cuts { folder, most_bytes })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.folder);
        }
    }

    fn large() -> Srs {
        Srs::insecure(K + 3, PUBLISHED_SEED).unwrap()
    }

    #[test]
    fn a_cut_is_found_again_by_the_srs_it_is_of_its_size_and_its_opening_only() {
        let (folder, srs) = (Folder::new("found", MOST_BYTES), large());
        let cuts = &folder.0;
        let grouped = Opening::Grouped { width: 3 };
        assert!(cuts.find(&srs, K, grouped).is_none());
        let cut = srs.cut(K, grouped).unwrap();
        cuts.keep(&cut);
        let found = cuts.find(&srs, K, grouped).unwrap();
        assert_eq!((found.powers(), found.lagrange()), (cut.powers(), cut.lagrange()));
        assert!(cuts.find(&srs, K, Opening::Shplonk).is_none() && cuts.find(&srs, K - 1, grouped).is_none());
        let other = Srs::insecure(K + 3, [1; 32]).unwrap();
        assert!(cuts.find(&other, K, grouped).is_none());
        // Neither under the other's name.
        fs::rename(cuts.path(&srs, K, grouped), cuts.path(&other, K, grouped)).unwrap();
        assert!(cuts.find(&other, K, grouped).is_none());
    }

    #[test]
    fn a_damaged_or_cut_short_file_is_not_found_and_kept_anew() {
        let (folder, srs) = (Folder::new("damaged", MOST_BYTES), large());
        let cuts = &folder.0;
        let cut = srs.cut(K, Opening::Shplonk).unwrap();
        cuts.keep(&cut);
        let path = cuts.path(&srs, K, Opening::Shplonk);
        let good = fs::read(&path).unwrap();
        let mut damaged = good.clone();
        damaged[good.len() / 2] ^= 1;
        for bad in [&damaged[..], &good[..good.len() - 1], &good[..0]] {
            fs::write(&path, bad).unwrap();
            assert!(cuts.find(&srs, K, Opening::Shplonk).is_none());
            cuts.keep(&cut);
            assert!(cuts.find(&srs, K, Opening::Shplonk).is_some());
        }
    }

    #[test]
    fn the_cuts_that_were_not_used_for_longest_go_when_all_take_more_than_allowed() {
        let srs = large();
        let one = srs.cut(K, Opening::Shplonk).unwrap();
        let folder = Folder::new("limit", 3 * one.file_bytes());
        let cuts = &folder.0;
        let sizes = [K, K - 1, K - 2];
        for k in sizes {
            cuts.keep(&srs.cut(k, Opening::Shplonk).unwrap());
        }
        // The oldest file is used again.
        let hour = std::time::Duration::from_hours(1);
        for (age, k) in (1..).zip(sizes) {
            let file = File::open(cuts.path(&srs, k, Opening::Shplonk)).unwrap();
            file.set_modified(SystemTime::now() - hour * (10 - age)).unwrap();
        }
        assert!(cuts.find(&srs, K, Opening::Shplonk).is_some());
        cuts.keep(&srs.cut(K, Opening::Grouped { width: 2 }).unwrap());
        let there = |k, opening| cuts.path(&srs, k, opening).exists();
        assert!(!there(K - 1, Opening::Shplonk) && !there(K - 2, Opening::Shplonk), "used least");
        assert!(there(K, Opening::Shplonk) && there(K, Opening::Grouped { width: 2 }));
        cuts.keep(&srs.cut(K, Opening::Grouped { width: 4 }).unwrap());
        assert!(!there(K, Opening::Grouped { width: 4 }), "a cut above the limit is not kept");
        assert!(there(K, Opening::Shplonk));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_failure() {
        let (folder, srs) = (Folder::new("file", MOST_BYTES), large());
        fs::write(&folder.0.folder, b"in the way").unwrap();
        folder.0.keep(&srs.cut(K, Opening::Shplonk).unwrap());
        assert!(folder.0.find(&srs, K, Opening::Shplonk).is_none());
        fs::remove_file(&folder.0.folder).unwrap();
    }
}
