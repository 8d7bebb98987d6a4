//! What a terminal of 80 columns shows of a command, and whether a word of it is broken.
//!
//! `script` of util-linux, which every Linux system has, gives the terminal.

use std::path::Path;
use std::process::{Command, Output};

use crate::sandbox::Sandbox;

pub(crate) const COLUMNS: usize = 80;

/// What a terminal of 80 columns gets from a command line.
pub(crate) fn recorded(sandbox: &Sandbox, line: &str, environment: &[(&str, &str)]) -> String {
    let typed = format!("stty cols {COLUMNS} rows 24; {line}");
    let mut command = Command::new("script");
    command.args(["-qec", &typed, "/dev/null"]).current_dir(&sandbox.folder);
    command.env("XDG_DATA_HOME", sandbox.path("data")).env("XDG_CACHE_HOME", sandbox.path("cache"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR").env("PATH", path());
    let output = command.envs(environment.iter().copied()).output().expect("`script` of util-linux gives a terminal");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines that are left on a screen when cursor and line are moved as a program asks for.
pub(crate) fn screen(recorded: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::<char>::new()], 0, 0);
    let mut rest = recorded.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "only sequences with a bracket are known");
                let sequence: String = rest.by_ref().take_while_inclusive();
                let (number, kind) = sequence.split_at(sequence.len() - 1);
                match kind {
                    "K" if number == "2" => lines[row].clear(),
                    "K" => lines[row].truncate(column),
                    "A" => row -= number.parse::<usize>().unwrap_or(1).min(row),
                    "m" | "h" | "l" => {}
                    _ => panic!("unknown: {sequence}"),
                }
            }
            c => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

/// The characters up to a letter, with it.
trait Sequence {
    fn take_while_inclusive(&mut self) -> String;
}

impl<I: Iterator<Item = char>> Sequence for I {
    fn take_while_inclusive(&mut self) -> String {
        let mut taken = String::new();
        for c in self {
            taken.push(c);
            if c.is_ascii_alphabetic() {
                break;
            }
        }
        taken
    }
}

/// Words, with numbers made alike, and without the lines of steps that go on: two runs take different times.
pub(crate) fn words(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.ends_with("so far"));
    let mut words = Vec::new();
    for word in lines.flat_map(str::split_whitespace) {
        let mut alike = String::new();
        for c in word.chars() {
            let number = c.is_ascii_digit() || (matches!(c, '.' | ',') && alike.ends_with('0'));
            if !number {
                alike.push(c);
            } else if !alike.ends_with('0') {
                alike.push('0');
            }
        }
        words.push(alike);
    }
    words
}

/// The lines of a screen on which a word may be broken: wider than it, and neither a command nor with a word that no line has room for.
pub(crate) fn too_wide<'a>(seen: &'a [String], long: &str) -> Vec<&'a String> {
    let fits = |line: &&String| {
        let command = line.starts_with("next: ");
        let path = line.split_whitespace().any(|word| word.len() > COLUMNS / 2) || line.contains(long);
        line.chars().count() <= COLUMNS || command || path
    };
    seen.iter().filter(|line| !fits(line)).collect()
}

/// The commands in a text, which stand in backquotes, that no line of a screen has in one piece.
pub(crate) fn broken<'a>(seen: &[String], piped: &'a str) -> Vec<&'a str> {
    let commands = piped.split('`').skip(1).step_by(2);
    commands.filter(|command| !seen.iter().any(|line| line.contains(command))).collect()
}

/// Where commands are looked for: first where this binary is.
pub(crate) fn path() -> std::ffi::OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_assay")).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(binary).chain(std::env::split_paths(&others))).unwrap()
}

impl Sandbox {
    /// Runs a line as it is pasted into a shell, with an environment.
    pub(crate) fn shell_with(&self, line: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.folder).env("PATH", path());
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_CACHE_HOME", self.path("cache"));
        command.envs(environment.iter().copied()).output().unwrap()
    }
}
