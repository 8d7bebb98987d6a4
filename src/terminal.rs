//! What people and machines see: lines, verdicts, steps with their seconds, warnings, errors, and the one JSON object of `--json`. The only
//! module that writes to the terminal.

mod clean;
mod fold;
mod picture;
mod progress;
mod stream;

use std::fmt::Display;
use std::time::{Duration, Instant};

use serde::Serialize;

pub(crate) use self::picture::picture;
pub(crate) use self::stream::{Tone, lost};

use self::progress::{Progress, WORTH_SAYING};
use self::stream::Stream;
use crate::failure::{Failure, Kind};
use crate::next::Next;
use crate::units;

/// Where the values of named lines begin.
const FIELD: usize = 11;

/// What stands before a command to paste.
const NEXT: &str = "next: ";

/// Columns of standard output, where it is a terminal.
pub(crate) fn width() -> Option<usize> {
    Stream::Out.width()
}

/// Text without the characters that a terminal, or a line of text, obeys: each is an escape that one can see.
pub(crate) fn cleaned(text: &str) -> String {
    clean::line(text)
}

/// Phases by name and their seconds.
pub(crate) type Phases = Vec<(&'static str, f64)>;

/// How a command talks: to people on standard output, or to machines in one JSON object at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    json: bool,
}

impl Terminal {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for people.
    pub(crate) fn say(self, line: impl Display) {
        if !self.json {
            Stream::Out.line(&line.to_string(), None, None);
        }
    }

    /// Lines for people that hold nothing of others', such as a picture.
    pub(crate) fn lines(self, lines: impl Display) {
        if !self.json {
            Stream::Out.whole(&clean::lines(&lines.to_string()));
        }
    }

    /// A line for people in which the first of these words stand out.
    pub(crate) fn say_marked(self, line: impl Display, words: &str, tone: Tone) {
        if !self.json {
            Stream::Out.line(&line.to_string(), None, Some((words, tone)));
        }
    }

    /// A value with its name.
    pub(crate) fn field(self, name: &str, value: impl Display, mark: Option<(&str, Tone)>) {
        if !self.json {
            Stream::Out.line(&format!("  {name:<width$}{value}", width = FIELD - 2), Some(FIELD), mark);
        }
    }

    /// The command that comes next, on a line of its own, never folded.
    pub(crate) fn next(self, next: &Next) {
        if !self.json {
            Stream::Out.whole(&clean::line(&format!("{NEXT}{next}")));
        }
    }

    /// A warning, for people and machines alike, on standard error.
    pub(crate) fn warn(line: impl Display) {
        Stream::Err.line(&format!("warning: {line}"), None, Some(("warning:", Tone::Caution)));
    }

    /// The result for machines: one JSON object, last.
    pub(crate) fn result(self, value: &impl Serialize) {
        if self.json {
            match serde_json::to_string_pretty(value) {
                Ok(text) => Stream::Out.whole(&clean::json(&text)),
                Err(_) => stream::lose(),
            }
        }
    }

    /// The error of a failed command, with its causes and what to do next: for people on standard error, for machines in the one object.
    pub(crate) fn report(self, failure: &Failure) {
        progress::clear();
        let (said, because) = match failure.kind {
            Kind::Interrupted => (failure.error.to_string(), "  "),
            _ => (format!("error: {}", failure.error), "  because: "),
        };
        let mark = if failure.kind == Kind::InvalidProof { said.as_str() } else { "error:" };
        Stream::Err.line(&said, None, Some((mark, Tone::Bad)));
        for cause in failure.error.chain().skip(1) {
            Stream::Err.line(&format!("{because}{cause}"), None, None);
        }
        if let Some(next) = &failure.next {
            Stream::Err.whole(&clean::line(&format!("{NEXT}{next}")));
        }
        self.result(&failure.object());
    }

    /// Help or the version, as the arguments' parser wrote it.
    pub(crate) fn help(self, text: &clap::builder::StyledStr) {
        if self.json {
            self.result(&serde_json::json!({ "help": text.to_string().trim_end() }));
        } else if Stream::Out.coloured() {
            Stream::Out.whole(text.ansi().to_string().trim_end());
        } else {
            Stream::Out.whole(clean::lines(&text.to_string()).trim_end());
        }
    }

    /// Runs a step under a spinner that shows the time it has taken and the time expected; says how long it took.
    pub(crate) fn step<T, E>(
        self,
        what: &str,
        expected: Option<Duration>,
        run: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, f64), E> {
        let about = expected.filter(|time| *time >= WORTH_SAYING);
        let about = about.map_or_else(String::new, |time| format!(", about {:.0} s", time.as_secs_f64()));
        self.timed(what, &format!("{what}{about}"), |_| run())
    }

    /// Runs a step of several phases under a spinner that names the phase and says how long is left.
    ///
    /// `expected` gives seconds by phase as predicted for this machine; what is left is corrected by how long the phases
    /// behind have really taken. Returns the seconds of each phase too.
    pub(crate) fn phases<T, E>(
        self,
        what: &str,
        expected: &[(&'static str, f64)],
        run: impl FnOnce(&mut dyn FnMut(&'static str)) -> Result<T, E>,
    ) -> Result<(T, f64, Phases), E> {
        let start = Instant::now();
        let mut marks: Vec<(&'static str, f64)> = Vec::new();
        let (value, seconds) = self.timed(what, what, |progress| {
            run(&mut |phase| {
                let elapsed = start.elapsed().as_secs_f64();
                let left = seconds_left(expected, marks.len(), elapsed);
                progress.say(&format!("{what}: {phase}{left}"));
                marks.push((phase, elapsed));
            })
        })?;
        let ends: Vec<f64> = marks.iter().skip(1).map(|(_, at)| *at).chain([seconds]).collect();
        let phases = marks.into_iter().zip(ends).map(|((phase, at), end)| (phase, end - at)).collect();
        Ok((value, seconds, phases))
    }

    /// Runs a step that counts what it has done; says how many are left and for how long, at the pace so far.
    pub(crate) fn counted<T, E>(
        self,
        what: &str,
        units: &str,
        run: impl FnOnce(&mut dyn FnMut(usize, usize)) -> Result<T, E>,
    ) -> Result<(T, f64), E> {
        let start = Instant::now();
        self.timed(what, what, |progress| {
            run(&mut |done, total| {
                let left = if done == 0 {
                    String::new()
                } else {
                    let seconds = start.elapsed().as_secs_f64() * (total - done) as f64 / done as f64;
                    format!(", about {seconds:.0} s left")
                };
                progress.say(&format!("{what}: {} of {} {units}{left}", units::count(done), units::count(total)));
            })
        })
    }

    /// Runs a step that is seen to go on, and says how long it took.
    fn timed<T, E>(self, what: &str, shown: &str, run: impl FnOnce(&Progress) -> Result<T, E>) -> Result<(T, f64), E> {
        let start = Instant::now();
        let progress = Progress::new(shown, self.json);
        let value = run(&progress)?;
        drop(progress);
        let seconds = start.elapsed().as_secs_f64();
        self.row(what, &units::seconds(seconds));
        Ok((value, seconds))
    }

    /// A name and a figure, in columns.
    pub(crate) fn row(self, what: &str, figure: &str) {
        self.say(format_args!("  {what:<34} {figure:>10}"));
    }
}

/// ", about N s left" from the phases to come, at the pace of those behind.
fn seconds_left(expected: &[(&'static str, f64)], done: usize, elapsed: f64) -> String {
    let sum = |phases: &[(&'static str, f64)]| phases.iter().map(|(_, seconds)| seconds).sum::<f64>();
    let (behind, ahead) = expected.split_at(done.min(expected.len()));
    let pace = if sum(behind) > 0.0 { elapsed / sum(behind) } else { 1.0 };
    let left = sum(ahead) * pace;
    if left >= 1.0 { format!(", about {left:.0} s left") } else { String::new() }
}
