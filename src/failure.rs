//! How a command fails: the exit code says whose turn it is.

use std::fmt;

/// Exit codes of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 1: the proof is invalid.
    InvalidProof,
    /// 2: the request is wrong (model, input, key, arguments).
    Request,
    /// 3: the machine failed (disk, memory, an internal fault).
    Machine,
}

impl Kind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::InvalidProof => 1,
            Self::Request => 2,
            Self::Machine => 3,
        }
    }
}

/// An error with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) error: anyhow::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// Result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Gives an error its exit code and says what was being done.
pub(crate) trait Classify<T> {
    /// The request is wrong.
    fn request(self, doing: impl fmt::Display) -> Outcome<T>;
    /// The machine failed.
    fn machine(self, doing: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> Classify<T> for Result<T, E> {
    fn request(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Failure { kind: Kind::Request, error: e.into().context(doing.to_string()) })
    }

    fn machine(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Failure { kind: Kind::Machine, error: e.into().context(doing.to_string()) })
    }
}

/// A wrong request in words.
pub(crate) fn refuse<T>(message: impl fmt::Display) -> Outcome<T> {
    Err(Failure { kind: Kind::Request, error: anyhow::anyhow!(message.to_string()) })
}
