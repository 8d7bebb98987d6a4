//! The next step of a person: a command that runs when it is pasted into a shell.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use serde::{Serialize, Serializer};

/// A command line of a POSIX shell. Its arguments are quoted where the shell would read them otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// `assay VERB`; the verb may be two words, or none.
    pub(crate) fn assay(verb: &str) -> Self {
        Self(format!("assay {verb}").trim_end().to_owned())
    }

    /// A command of the system.
    pub(crate) fn shell(command: &str) -> Self {
        Self(command.to_owned())
    }

    /// `assay VERB MODEL`.
    pub(crate) fn of(verb: &str, model: &Path) -> Self {
        Self::assay(verb).file(model)
    }

    /// With an option or a value.
    pub(crate) fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        Self(format!("{} {}", self.0, quoted(&argument.as_ref().to_string_lossy())))
    }

    /// With a file, also one whose name looks like an option.
    pub(crate) fn file(self, path: &Path) -> Self {
        if path.to_string_lossy().starts_with('-') { self.arg(Path::new(".").join(path)) } else { self.arg(path) }
    }

    /// And then another, if the first went well.
    pub(crate) fn then(self, next: &Self) -> Self {
        Self(format!("{} && {}", self.0, next.0))
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A word as a POSIX shell reads it: as it is, or in single quotes.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_argument_as_it_was_given() {
        for word in
            ["lenet.onnx", "my model.onnx", "it's", "$HOME", "a\"b`c`\\d", "", "*", "~", "a\nb", "é!#&;|<>(){}[]?"]
        {
            let script = format!("printf '%s.' {}", quoted(word));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{word}."), "{script}");
        }
        let next =
            Next::of("compile", Path::new("-my model.onnx")).then(&Next::assay("srs generate").arg("-k").arg("12"));
        assert_eq!(next.to_string(), "assay compile './-my model.onnx' && assay srs generate -k 12");
    }
}
