//! A folder for the binary to run in, as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own with the small network and its sample input; removed at the end.
pub(crate) struct Sandbox {
    pub(crate) folder: PathBuf,
}

impl Sandbox {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("assay-cli-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp");
        for file in ["mnist-mlp.onnx", "input.json", "input.npy"] {
            fs::copy(zoo.join(file), folder.join(file)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command.args(arguments).current_dir(&self.folder).env("XDG_DATA_HOME", self.path("data"));
        command.env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail with this code and say each of these words.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32, says: &[&str]) {
        let output = self.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        for words in says {
            assert!(message.contains(words), "{arguments:?} does not say {words:?}: {message}");
        }
        assert!(!message.contains("panicked"), "{message}");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}
