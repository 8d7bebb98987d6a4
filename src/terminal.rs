//! What people see: steps with a spinner and their seconds, tables, pictures. Silent where standard error is no terminal
//! or `--json` is asked for. The only module that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the binary's one place that writes to the terminal")]

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

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
            println!("{line}");
        }
    }

    /// A warning, for people and machines alike, on standard error.
    pub(crate) fn warn(line: impl Display) {
        eprintln!("warning: {line}");
    }

    /// The result for machines: one JSON object, last.
    pub(crate) fn result(self, value: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string_pretty(value)
        {
            println!("{text}");
        }
    }

    /// Runs a step under a spinner that shows the time it has taken and the time expected; says how long it took.
    pub(crate) fn step<T, E>(
        self,
        what: &str,
        expected: Option<Duration>,
        run: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, f64), E> {
        let start = Instant::now();
        let about = expected.map_or_else(String::new, |d| format!(" of about {:.0} s", d.as_secs_f64().max(1.0)));
        let spinner = self.spinner(&format!("{what}{about}"));
        let result = run();
        spinner.finish_and_clear();
        let value = result?;
        let seconds = start.elapsed().as_secs_f64();
        self.say(format_args!("  {what:<34} {seconds:>8.2} s"));
        Ok((value, seconds))
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
        let spinner = self.spinner(what);
        let mut marks: Vec<(&'static str, f64)> = Vec::new();
        let result = run(&mut |phase| {
            let elapsed = start.elapsed().as_secs_f64();
            let left = seconds_left(expected, marks.len(), elapsed);
            spinner.set_message(format!("{what}: {phase}{left}"));
            marks.push((phase, elapsed));
        });
        spinner.finish_and_clear();
        let value = result?;
        let seconds = start.elapsed().as_secs_f64();
        self.say(format_args!("  {what:<34} {seconds:>8.2} s"));
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
        let spinner = self.spinner(what);
        let result = run(&mut |done, total| {
            let left = match done {
                0 => String::new(),
                _ => {
                    format!(", about {:.0} s left", start.elapsed().as_secs_f64() * (total - done) as f64 / done as f64)
                }
            };
            spinner.set_message(format!("{what}: {done} of {total} {units}{left}"));
        });
        spinner.finish_and_clear();
        let value = result?;
        let seconds = start.elapsed().as_secs_f64();
        self.say(format_args!("  {what:<34} {seconds:>8.2} s"));
        Ok((value, seconds))
    }

    fn spinner(self, what: &str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = ProgressBar::new_spinner().with_style(style).with_message(what.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner
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

/// The error of a failed command, with its causes and what to do next.
pub(crate) fn report(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// A grey picture of bytes, row by row, two rows of pixels a line.
pub(crate) fn picture(pixels: &[u8], width: usize) -> String {
    const SHADES: [char; 5] = [' ', '\u{2591}', '\u{2592}', '\u{2593}', '\u{2588}'];
    let rows: Vec<&[u8]> = pixels.chunks(width.max(1)).collect();
    let mut lines = Vec::new();
    for pair in rows.chunks(2) {
        let at = |row: usize, column: usize| pair.get(row).and_then(|r| r.get(column)).map_or(0, |v| usize::from(*v));
        let shade = |column: usize| SHADES[(at(0, column) + at(1, column)).div_ceil(2) * (SHADES.len() - 1) / 255];
        lines.push((0..width).map(shade).collect::<String>().trim_end().to_owned());
    }
    let blank = lines.iter().take_while(|l| l.is_empty()).count();
    let end = lines.iter().rposition(|l| !l.is_empty()).map_or(0, |i| i + 1);
    lines.get(blank..end).unwrap_or_default().iter().flat_map(|line| ["      ", line.as_str(), "\n"]).collect()
}
