//! Files of a model: where they lie by default, read with clear errors, written whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assay_prover::Mapped;

use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::interrupt;
use crate::next::Next;

/// The folder `MODEL.assay` beside `MODEL.onnx`.
#[derive(Clone, Debug)]
pub(crate) struct ModelFolder {
    folder: PathBuf,
    model: PathBuf,
}

impl ModelFolder {
    /// The folder of a model, named by its ONNX file or by the folder itself.
    pub(crate) fn of(model: &Path) -> Self {
        let onnx = if model.extension().is_some_and(|e| e == "assay") {
            model.with_extension("onnx")
        } else {
            model.to_owned()
        };
        Self { folder: onnx.with_extension("assay"), model: onnx }
    }

    /// The ONNX file.
    pub(crate) fn model(&self) -> &Path {
        &self.model
    }

    /// The ONNX file, refused where there is neither the file nor a folder of what was made of it.
    pub(crate) fn there(&self) -> Outcome<&Path> {
        if self.model.exists() || self.folder.exists() {
            return Ok(&self.model);
        }
        refuse(format_args!(
            "cannot read {}: there is no such file, and no folder {}",
            self.model.display(),
            self.folder.display()
        ))
    }

    /// The bytes of the ONNX file.
    pub(crate) fn onnx(&self) -> Outcome<Vec<u8>> {
        refuse_other_files(&self.model)?;
        read(&self.model)
    }

    /// A file in the folder: `graph.bin`, `layout.json`, `srs`, `pk`, `vk`, `proof.json`, Solidity, `calldata.hex`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Creates the folder.
    pub(crate) fn create(&self) -> Outcome {
        fs::create_dir_all(&self.folder).machine(format_args!("cannot create {}", self.folder.display()))
    }

    /// Reads a file that an earlier command makes.
    pub(crate) fn read(&self, name: &str, made_by: &str) -> Outcome<Vec<u8>> {
        self.get(name, made_by, |path| fs::read(path))
    }

    /// Maps a file that an earlier command makes.
    pub(crate) fn map(&self, name: &str, made_by: &str) -> Outcome<Arc<Mapped>> {
        self.get(name, made_by, |path| Mapped::open(path).map(Arc::new))
    }

    fn get<T>(&self, name: &str, made_by: &str, how: impl FnOnce(&Path) -> io::Result<T>) -> Outcome<T> {
        let path = self.file(name);
        match how(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => self.missing(&path, made_by),
            other => other.machine(format_args!("cannot read {}", path.display())),
        }
    }

    /// A file of the folder is missing, maybe because there is no such model at all.
    fn missing<T>(&self, path: &Path, made_by: &str) -> Outcome<T> {
        refuse_other_files(self.there()?)?;
        match made_by {
            "compile" | "setup" => {
                refuse(format_args!("{} does not exist", path.display())).next(|| Next::of(made_by, &self.model))
            }
            "prove" => refuse(format_args!("{} does not exist", path.display())).next(|| prove(&self.model)),
            _ => refuse(format_args!(
                "{} does not exist: run `{}` first",
                path.display(),
                Next::of(made_by, &self.model)
            )),
        }
    }
}

/// Proves the answer to an input that is called as in the examples; where there is none, says how inputs are written.
pub(crate) fn prove(model: &Path) -> Next {
    const INPUT: &str = "input.json";
    if Path::new(INPUT).exists() {
        return Next::of("prove", model).arg("--input").arg(INPUT);
    }
    Next::assay("infer").arg("--help")
}

/// Refuses what is named as a model and is plainly something else. An ONNX file begins with neither of these bytes.
fn refuse_other_files(model: &Path) -> Outcome {
    let what = if model.is_dir() {
        "a folder"
    } else {
        let mut first = [0; 6];
        let read = fs::File::open(model).and_then(|mut file| file.read(&mut first)).unwrap_or_default();
        match first.get(..read) {
            Some([b'{' | b'[', ..]) => "JSON",
            Some(b"\x93NUMPY") => "an array of NumPy",
            Some([b'P', b'K', ..]) => "a zip archive",
            _ => return Ok(()),
        }
    };
    refuse(format_args!("{} is {what}, not a model: name the ONNX file", model.display()))
}

/// Reads a file the user names.
pub(crate) fn read(path: &Path) -> Outcome<Vec<u8>> {
    named(path, fs::read(path))
}

/// Maps a file the user names.
pub(crate) fn map(path: &Path) -> Outcome<Arc<Mapped>> {
    named(path, Mapped::open(path).map(Arc::new))
}

/// Gives an error of a file the user names its exit code.
pub(crate) fn named<T>(path: &Path, result: io::Result<T>) -> Outcome<T> {
    match result {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::PermissionDenied) => {
            Err(e).request(format_args!("cannot read {}", path.display()))
        }
        other => other.machine(format_args!("cannot read {}", path.display())),
    }
}

/// Where this user's own files of assay lie: `assay` in the user's data folder, unless the environment names none. A path that is empty or
/// relative names none: it would be another folder in every working directory, and verdicts rest on what lies in it.
pub(crate) fn data_folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    Some(data?.join("assay"))
}

/// Creates the folder that a file is to lie in.
pub(crate) fn create_parent(path: &Path) -> Outcome {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).machine(format_args!("cannot create {}", folder.display())),
        None => Ok(()),
    }
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Outcome {
    match interrupt::remove(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other.machine(format_args!("cannot remove {}", path.display())),
    }
}

/// Writes a file under a temporary name in the same folder, flushes it to the disk and renames it: a reader finds the old
/// file or the whole new one. A write that is killed leaves at most a `*.partial` file, which no command reads and the next write of the
/// file removes.
///
/// No command writes into a file that exists: another may have it mapped.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Outcome {
    write_with(path, |out| out.write_all(bytes))
}

/// [`write()`] for content that is made while it is written.
pub(crate) fn write_with<E: Into<anyhow::Error>>(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<fs::File>) -> Result<(), E>,
) -> Outcome {
    write_whole(path, true, content)
}

/// [`write()`] for a file of the user's own that no command names.
pub(crate) fn write_untold(path: &Path, bytes: &[u8]) -> Outcome {
    write_whole(path, false, |out| out.write_all(bytes))
}

fn write_whole<E: Into<anyhow::Error>>(
    path: &Path,
    told: bool,
    content: impl FnOnce(&mut BufWriter<fs::File>) -> Result<(), E>,
) -> Outcome {
    let name = path.file_name().unwrap_or_default();
    remove_abandoned(path, name);
    let written = create_held(path, name).map_err(anyhow::Error::from).and_then(|(partial, file)| {
        let whole = write_partial(file, content).and_then(|held| {
            interrupt::finish(&partial, path, told)?;
            drop(held);
            Ok(())
        });
        if whole.is_err() {
            interrupt::discard(&partial);
        }
        whole
    });
    written.machine(format_args!("cannot write {}", path.display()))
}

/// Removes the partial files of a file that no process holds locked: their writers were killed. Best effort, they only take space.
fn remove_abandoned(path: &Path, name: &OsStr) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let (Some(other), Some(name)) = (other.to_str(), name.to_str()) else { continue };
        let writer = other.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".partial"));
        if writer.is_none_or(|writer| writer.is_empty() || !writer.chars().all(|c| c.is_ascii_hexdigit())) {
            continue;
        }
        let Ok(abandoned) = fs::File::open(entry.path()) else { continue };
        // Held until the file is gone: see `hold`.
        if abandoned.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Creates a partial file that no other process has, also none in another container, and locks it, so that nobody takes it for abandoned.
fn create_held(path: &Path, name: &OsStr) -> io::Result<(PathBuf, fs::File)> {
    loop {
        let mut partial: OsString = name.to_owned();
        partial.push(format!(".{:016x}.partial", rand::random::<u64>()));
        let partial = path.with_file_name(partial);
        match interrupt::create(&partial, hold) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            held => return held.map(|file| (partial, file)),
        }
    }
}

/// Creates a file and locks it. One that was removed before it was locked is created again; where there are no locks, nothing is removed either.
fn hold(partial: &Path) -> io::Result<fs::File> {
    loop {
        let file = fs::File::create_new(partial)?;
        if file.lock().is_err() || partial.exists() {
            return Ok(file);
        }
    }
}

fn write_partial<E: Into<anyhow::Error>>(
    file: fs::File,
    content: impl FnOnce(&mut BufWriter<fs::File>) -> Result<(), E>,
) -> Result<fs::File, anyhow::Error> {
    let mut out = BufWriter::new(file);
    content(&mut out).map_err(Into::into)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_neither_the_file_nor_a_partial_one() {
        let folder = std::env::temp_dir().join(format!("assay-files-{}", std::process::id()));
        fs::create_dir_all(folder.join("target.bin")).unwrap();
        fs::write(folder.join("target.bin").join("occupied"), b"x").unwrap();
        assert!(write(&folder.join("target.bin"), b"bytes").is_err(), "a folder cannot be replaced by a file");
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["target.bin"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_write_removes_what_killed_writers_left_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("assay-abandoned-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["vk.1.partial", "vk.2.partial", "pk.1.partial", "vk.x.partial"] {
            fs::write(folder.join(name), b"half").unwrap();
        }
        fs::remove_file(folder.join("vk.2.partial")).unwrap();
        let held = hold(&folder.join("vk.2.partial")).unwrap();
        write(&folder.join("vk"), b"whole").unwrap();
        let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["pk.1.partial", "vk", "vk.2.partial", "vk.x.partial"]);
        drop(held);
        fs::remove_dir_all(&folder).unwrap();
    }

    /// Whoever finds a partial file between its creation and its lock takes it for abandoned.
    #[test]
    fn a_writer_keeps_its_file_while_others_remove_what_is_abandoned() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = std::env::temp_dir().join(format!("assay-removers-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("vk");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    remove_abandoned(&path, OsStr::new("vk"));
                }
            });
            for _ in 0..500 {
                let (partial, held) = create_held(&path, OsStr::new("vk")).unwrap();
                let there = partial.exists();
                over.fetch_or(!there, Ordering::Relaxed);
                assert!(there, "the writer has a file without a name");
                drop(held);
                interrupt::discard(&partial);
            }
            over.store(true, Ordering::Relaxed);
        });
        fs::remove_dir_all(&folder).unwrap();
    }

    /// Another process may have the same number, in another container.
    #[test]
    fn a_partial_file_of_another_process_is_never_written_into() {
        let folder = std::env::temp_dir().join(format!("assay-writers-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let others = folder.join("vk.1.partial");
        fs::write(&others, b"theirs").unwrap();
        assert_eq!(hold(&others).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let path = folder.join("vk");
        let [(first, _one), (second, _two)] = [(); 2].map(|()| create_held(&path, OsStr::new("vk")).unwrap());
        assert!(first != second && first.exists() && second.exists());
        assert_eq!(fs::read(&others).unwrap(), b"theirs");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_folder_of_a_model_is_found_from_the_model_and_from_itself() {
        let from_model = ModelFolder::of(Path::new("zoo/lenet.onnx"));
        let from_folder = ModelFolder::of(Path::new("zoo/lenet.assay"));
        assert_eq!(from_model.file("vk"), Path::new("zoo/lenet.assay/vk"));
        assert_eq!(from_folder.file("vk"), from_model.file("vk"));
        assert_eq!(from_folder.model(), Path::new("zoo/lenet.onnx"));
    }
}
