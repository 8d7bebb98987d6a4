//! What a person sees on a terminal of 80 columns: no word is broken, and colours say little.
#![cfg(target_os = "linux")]

use std::fs;

use crate::recording::{broken, recorded, screen, too_wide, words};
use crate::sandbox::Sandbox;

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
        assert_eq!(too_wide(&seen, &long[..40]), [""; 0], "{line}");
        // Run again, into a pipe: nothing is folded, and nothing else is different.
        let piped = sandbox.shell(&format!("{line} 2>&1"));
        let piped = String::from_utf8(piped.stdout).unwrap();
        let help = line.ends_with("--help");
        assert!(help || broken(&seen, &piped).is_empty(), "{line}: {seen:?}");
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

/// Sizes are decimal everywhere: what is said in one unit is compared with what is said in another.
#[test]
fn no_help_counts_in_binary_units() {
    let sandbox = Sandbox::new("units");
    let verbs = [
        "",
        "compile",
        "estimate",
        "setup",
        "infer",
        "prove",
        "verify",
        "contract",
        "srs",
        "srs generate",
        "srs import",
        "demo",
        "deploy",
        "propose",
        "register",
        "request",
        "fulfil",
        "proof",
        "claim",
        "status",
    ];
    for verb in verbs {
        let help = sandbox.succeeds(&verb.split_whitespace().chain(["--help"]).collect::<Vec<_>>());
        assert!(help.contains("Usage: assay") && !help.contains("iB"), "{verb}: {help}");
    }
    sandbox.fails(&["setup", "mnist-mlp.onnx", "--memory", "8XB"], crate::WRONG_REQUEST, &["such as 8GB or 512MB"]);
}
