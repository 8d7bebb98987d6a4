//! How a command fails: the exit code says whose turn it is, the next step says what to do.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::next::Next;

/// Exit codes of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 1: the proof is invalid.
    InvalidProof,
    /// 2: the request is wrong (model, input, key, arguments).
    Request,
    /// 3: the machine failed (disk, memory, an internal fault).
    Machine,
    /// 130: stopped with Ctrl-C.
    Interrupted,
}

impl Kind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::InvalidProof => 1,
            Self::Request => 2,
            Self::Machine => 3,
            Self::Interrupted => 130,
        }
    }
}

/// An error with its exit code, and the command that helps where one does.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) error: anyhow::Error,
    pub(crate) next: Option<Next>,
    /// What was found before it failed, which machines are told with the error.
    pub(crate) found: Option<Value>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, error: anyhow::Error) -> Self {
        Self { kind, error, next: None, found: None }
    }

    /// The object that `--json` prints: what was found, and `error`, `because`, `next`, `code`.
    pub(crate) fn object(&self) -> Value {
        let mut object = match &self.found {
            Some(Value::Object(found)) => found.clone(),
            _ => serde_json::Map::new(),
        };
        let because: Vec<String> = self.error.chain().skip(1).map(ToString::to_string).collect();
        object.insert("error".to_owned(), self.error.to_string().into());
        object.insert("because".to_owned(), because.into());
        object.insert("next".to_owned(), self.next.as_ref().map(ToString::to_string).into());
        object.insert("code".to_owned(), self.kind.code().into());
        Value::Object(object)
    }
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
        self.map_err(|e| Failure::new(Kind::Request, e.into().context(doing.to_string())))
    }

    fn machine(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Failure::new(Kind::Machine, e.into().context(doing.to_string())))
    }
}

/// Says what to do about a failure.
pub(crate) trait Advise {
    /// The command that helps, unless a more exact one is known already.
    fn next(self, next: impl FnOnce() -> Next) -> Self;
    /// What was found all the same.
    fn found(self, found: &impl Serialize) -> Self;
}

impl<T> Advise for Outcome<T> {
    fn next(self, next: impl FnOnce() -> Next) -> Self {
        self.map_err(|failure| Failure { next: failure.next.or_else(|| Some(next())), ..failure })
    }

    fn found(self, found: &impl Serialize) -> Self {
        self.map_err(|failure| Failure { found: serde_json::to_value(found).ok(), ..failure })
    }
}

/// A wrong request in words.
pub(crate) fn refuse<T>(message: impl fmt::Display) -> Outcome<T> {
    Err(Failure::new(Kind::Request, anyhow::anyhow!(message.to_string())))
}
