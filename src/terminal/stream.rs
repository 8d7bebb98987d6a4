//! Standard output and standard error: how wide they are, whether they have colours, and lines written to them.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use terminal_size::terminal_size_of;

use super::{clean, fold, progress};

/// Narrower terminals are taken to be of this many columns.
const NARROWEST: usize = 20;
/// Columns of a terminal that does not say.
const USUAL: usize = 80;

/// Whether something could not be written to standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// What a few words mean, in a colour that a dark and a light terminal show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Green: accepted.
    Good,
    /// Red: not accepted, or failed.
    Bad,
    /// Amber: insecure, or to be known.
    Caution,
    /// Bold: the answer.
    Strong,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Caution => "33",
            Self::Strong => "1",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(super) fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// Columns, where there is a terminal: those of `COLUMNS`, else the terminal's own.
    pub(super) fn width(self) -> Option<usize> {
        if !self.is_terminal() {
            return None;
        }
        let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
        let own = || match self {
            Self::Out => terminal_size_of(io::stdout()),
            Self::Err => terminal_size_of(io::stderr()),
        };
        let width = named.or_else(|| own().map(|(width, _)| usize::from(width.0)));
        Some(width.unwrap_or(USUAL).max(NARROWEST))
    }

    /// Whether colours are shown: on a terminal, unless `NO_COLOR` or a dumb terminal forbids them.
    pub(super) fn coloured(self) -> bool {
        self.is_terminal() && !dumb() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// Writes one line: on a terminal folded, going on at column `hang`, with the first `mark` in its colour, which may be all of it. What comes
    /// from elsewhere can neither end the line nor move the cursor: see [`clean`].
    pub(super) fn line(self, text: &str, hang: Option<usize>, mark: Option<(&str, Tone)>) {
        let text = clean::line(text);
        let indent = fold::columns(&text) - fold::columns(text.trim_start_matches(' '));
        let folded = match self.width() {
            // A command to paste stays on its line.
            Some(width) if !text.starts_with(super::NEXT) => {
                fold::fold(&text, width, hang.unwrap_or(indent + 2).min(width / 2))
            }
            _ => text.clone(),
        };
        let painted = |text: &str, tone: Tone| format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code());
        match mark.filter(|_| self.coloured()).map(|(mark, tone)| (clean::line(mark), tone)) {
            Some((mark, tone)) if mark == text => self.whole(&painted(&folded, tone)),
            Some((mark, tone)) => self.whole(&folded.replacen(&mark, &painted(&mark, tone), 1)),
            None => self.whole(&folded),
        }
    }

    /// Writes text as it is: it is clean, or the program's own.
    pub(super) fn whole(self, text: &str) {
        let written = progress::suspended(|| match self {
            Self::Out => writeln!(io::stdout(), "{text}"),
            Self::Err => writeln!(io::stderr(), "{text}"),
        });
        // A reader that has gone has read enough.
        if self == Self::Out && written.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
            lose();
        }
    }
}

/// Something that was to be read on standard output could not be written there.
pub(super) fn lose() {
    LOST.store(true, Ordering::Relaxed);
}

/// Whether something that was to be read on standard output is lost, because the disk is full for instance.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed) || io::stdout().flush().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe)
}

/// A terminal that can neither colour nor clear a line.
pub(super) fn dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}
