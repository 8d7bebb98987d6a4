//! What a person sees on a terminal of 80 columns: no word is broken, and colours say little.
//!
//! `script` of util-linux, which every Linux system has, gives the terminal.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

const COLUMNS: usize = 80;

/// What a terminal of 80 columns gets from a command line.
fn recorded(sandbox: &Sandbox, line: &str, environment: &[(&str, &str)]) -> String {
    let typed = format!("stty cols {COLUMNS} rows 24; {line}");
    let mut command = Command::new("script");
    command.args(["-qec", &typed, "/dev/null"]).current_dir(&sandbox.folder);
    command.env("XDG_DATA_HOME", sandbox.path("data")).env("XDG_CACHE_HOME", sandbox.path("cache"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR").env("PATH", crate::failing::path());
    let output = command.envs(environment.iter().copied()).output().expect("`script` of util-linux gives a terminal");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines that are left on a screen when cursor and line are moved as a program asks for.
fn screen(recorded: &str) -> Vec<String> {
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
fn words(text: &str) -> Vec<String> {
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

#[test]
fn no_command_breaks_a_word_at_80_columns() {
    let sandbox = Sandbox::new("screen");
    let long = "a model with a name that is so long that no line of eighty columns has room for it and more.onnx";
    fs::copy(sandbox.path("mnist-mlp.onnx"), sandbox.path(long)).unwrap();
    let names =
        (0..10).map(|digit| format!("the digit {digit} as it is written by hand")).collect::<Vec<_>>().join("\n");
    fs::write(sandbox.path("names"), names).unwrap();
    fs::write(sandbox.path("bright.json"), format!(r#"{{"input_data": [[{}]]}}"#, ["2"; 784].join(", "))).unwrap();
    let lines = [
        "assay --help",
        "assay verify --help",
        "assay srs generate --insecure -k 12",
        "assay srs generate --insecure -k 4 --output srs-of-somebody",
        "assay srs import srs-of-somebody",
        "assay compile mnist-mlp.onnx --labels names",
        "assay estimate mnist-mlp.onnx",
        "assay setup mnist-mlp.onnx",
        "assay setup mnist-mlp.onnx --srs srs-of-somebody",
        "assay setup mnist-mlp.onnx --memory 1MB",
        "assay infer mnist-mlp.onnx --input bright.json --integers",
        "assay infer mnist-mlp.onnx --input names",
        "assay infer mnist-mlp.onnx --input",
        "assay prove mnist-mlp.onnx --input input.json --profile",
        "assay verify mnist-mlp.onnx --integers",
        "assay verify mnist-mlp.onnx --output 1,2",
        "assay verify mnist-mlp.onnx --output six",
        "assay verify mnist-mlp.onnx --context c0ffee",
        "assay contract mnist-mlp.onnx",
        &format!("assay compile '{long}'"),
        &format!("assay setup '{long}'"),
        &format!("assay verify '{long}'"),
        "assay frobnicate",
        "assay demo --model mnist-mlp",
    ];
    for line in lines {
        // On a dumb terminal there is no spinner, and what is written stays.
        let seen = screen(&recorded(&sandbox, line, &[("TERM", "dumb")]));
        for seen in &seen {
            let command = seen.starts_with("next: ");
            let path = seen.split_whitespace().any(|word| word.len() > COLUMNS / 2) || seen.contains(&long[..40]);
            assert!(seen.chars().count() <= COLUMNS || command || path, "{line}: {seen:?}");
        }
        // Run again, into a pipe: nothing is folded, and nothing else is different.
        let piped = sandbox.shell(&format!("{line} 2>&1"));
        let piped = String::from_utf8(piped.stdout).unwrap();
        for command in piped.split('`').skip(1).step_by(2).filter(|_| !line.ends_with("--help")) {
            assert!(seen.iter().any(|seen| seen.contains(command)), "{line}: {command} is broken: {seen:?}");
        }
        let help = line.ends_with("--help");
        let (seen, piped) = (words(&seen.join("\n")), words(&piped));
        assert!(help || seen == piped, "{line}:\n{seen:?}\n{piped:?}");
        assert!(!seen.is_empty(), "{line}");
    }
}

#[test]
fn the_columns_that_the_user_names_are_those_of_lines_and_of_help() {
    let sandbox = Sandbox::new("columns");
    for line in ["COLUMNS=50 assay setup mnist-mlp.onnx --width 2", "COLUMNS=50 assay estimate --help"] {
        let seen = screen(&recorded(&sandbox, line, &[("TERM", "dumb")]));
        let prose = seen.iter().filter(|seen| !seen.starts_with("next: ") && !seen.starts_with("  assay "));
        let widest = prose.map(|seen| seen.chars().count()).max().unwrap();
        assert!((40..=50).contains(&widest), "{line}: {seen:#?}");
    }
}

#[test]
fn verdicts_and_errors_have_colours_on_a_terminal_that_wants_them_and_nowhere_else() {
    let sandbox = Sandbox::new("colours");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    for command in ["compile", "setup"] {
        sandbox.succeeds(&[command, "mnist-mlp.onnx"]);
    }
    sandbox.succeeds(&["prove", "mnist-mlp.onnx", "--input", "input.json"]);
    let terminal = [("TERM", "xterm-256color")];
    let verify = "assay verify mnist-mlp.onnx";
    let seen = recorded(&sandbox, verify, &terminal);
    for coloured in [
        "\u{1b}[32mvalid\u{1b}[0m",
        "\u{1b}[1m6\u{1b}[0m",
        "\u{1b}[33mwarning:\u{1b}[0m",
        "\u{1b}[33minsecure\u{1b}[0m",
    ] {
        assert!(seen.contains(coloured), "no {coloured:?} in {seen:?}");
    }
    let refused = recorded(&sandbox, &format!("{verify} --output 1,2"), &terminal);
    assert!(refused.contains("\u{1b}[31merror:\u{1b}[0m --output expects"), "{refused:?}");
    let path = sandbox.path("mnist-mlp.assay/proof.json");
    let proof = fs::read_to_string(&path).unwrap();
    fs::write(sandbox.path("wrong.json"), proof.replacen("\"0x0", "\"0x1", 1)).unwrap();
    let differs = format!("{verify} --context 12 --input other.json");
    fs::write(sandbox.path("other.json"), format!(r#"{{"input_data": [[{}]]}}"#, ["0.5"; 784].join(", "))).unwrap();
    let differs = recorded(&sandbox, &differs, &terminal);
    let folded = "\u{1b}[31merror: the proof is valid, and not what was asked for: it is of another input and";
    assert!(differs.contains(&format!("{}\r\n", &folded[..folded.len() - 4])), "{differs:?}");
    assert!(differs.contains("\u{1b}[31mnot what was asked for\u{1b}[0m"), "{differs:?}");
    let rejected = recorded(&sandbox, &format!("{verify} --proof wrong.json"), &terminal);
    assert!(rejected.contains("\u{1b}[31merror: the proof is not accepted\u{1b}[0m"), "{rejected:?}");
    for (line, environment) in [
        (verify.to_owned(), [("NO_COLOR", "1")]),
        (verify.to_owned(), [("TERM", "dumb")]),
        (format!("{verify} 2>&1 | cat"), terminal),
    ] {
        let plain = recorded(&sandbox, &line, &environment);
        assert!(plain.contains("valid") && !plain.contains("\u{1b}["), "{line}: {plain:?}");
    }
}

#[test]
fn a_spinner_is_gone_when_its_step_is_over_and_when_it_is_stopped() {
    let sandbox = Sandbox::new("spinner");
    let terminal = [("TERM", "xterm-256color")];
    let seen = recorded(&sandbox, "assay srs generate --insecure -k 14", &terminal);
    let lines = screen(&seen);
    assert!(lines[0].starts_with("  make an insecure SRS ") && lines[0].ends_with(" s"), "{lines:?}");
    let stop =
        "RAYON_NUM_THREADS=1 timeout --foreground --signal=INT 2 assay srs generate --insecure -k 22 --output never";
    let seen = recorded(&sandbox, stop, &terminal);
    assert!(seen.contains("make an insecure SRS"), "there was a spinner: {seen:?}");
    let lines = screen(&seen);
    assert_eq!(lines[..2], ["stopped", "  nothing was written; files from before are whole"], "{lines:?}");
}

/// Without a terminal nobody sees a spinner: a step that goes on says so.
#[test]
fn a_long_step_is_seen_in_a_pipe_while_it_goes_on() {
    let sandbox = Sandbox::new("pulse");
    let output = sandbox.shell(
        "RAYON_NUM_THREADS=1 timeout --foreground --signal=INT 6 assay srs generate --insecure -k 22 --output never",
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.starts_with("  make an insecure SRS: 2 s so far\n  make an insecure SRS: 4 s so far\n"),
        "{message}"
    );
}
