//! Soundness of the market's command line: what it is told by files, flags and nodes moves no money by itself.
#![cfg(test)]

#[path = "../anvil/mod.rs"]
mod anvil;
mod clock;
mod contracts;
mod propose;
#[path = "../proxy/mod.rs"]
mod proxy;
mod router;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod sending;
mod shares;
mod words;

use std::fs;
use std::process::{Command, Output};

use anvil::{ACCOUNTS, Anvil};
use assay_contracts::{Node, Signer};
use sandbox::Sandbox;
use serde_json::Value;

const WRONG_REQUEST: i32 = 2;
const MACHINE: i32 = 3;
const MODEL: &str = "mnist-mlp.onnx";
const REQUEST: [&str; 6] = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];

/// Who is who among anvil's accounts.
const OWNER: usize = 0;
const PROVER: usize = 1;
const OTHER: usize = 2;
const CLIENT: usize = 3;

/// A node, and a folder with the small network.
struct Scene {
    sandbox: Sandbox,
    anvil: Anvil,
}

impl Scene {
    fn new(name: &str) -> Self {
        Self { sandbox: Sandbox::new(name), anvil: Anvil::start() }
    }

    /// With keys.
    fn with_keys(name: &str) -> Self {
        let scene = Self::new(name);
        let estimate: Value = serde_json::from_str(&scene.sandbox.succeeds(&["estimate", MODEL, "--json"])).unwrap();
        let powers = estimate["openings"][0]["srs_k"].to_string();
        scene.sandbox.succeeds(&["srs", "generate", "--insecure", "-k", &powers]);
        scene.sandbox.succeeds(&["compile", MODEL]);
        scene.sandbox.succeeds(&["setup", MODEL]);
        scene
    }

    /// A command of one of the accounts.
    fn command(&self, account: usize, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("ASSAY_RPC", &self.anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1);
        command
    }

    /// A command that must succeed, and its JSON.
    fn does(&self, account: usize, arguments: &[&str]) -> Value {
        let output = self.command(account, &[arguments, &["--json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A command that must be refused, say these words, and send nothing. Returns what it says.
    fn refused(&self, account: usize, arguments: &[&str], says: &[&str]) -> String {
        let state = || (self.anvil.sent(ACCOUNTS[account].0), self.anvil.balance(ACCOUNTS[account].0));
        let before = state();
        let output = self.command(account, arguments).output().unwrap();
        let message = failed(&output, WRONG_REQUEST, says);
        assert_eq!(state(), before, "{arguments:?} sent something");
        message
    }

    /// The chain as an account's own program sees it.
    fn node(&self, account: usize) -> Node {
        Node::connect(&self.anvil.url, Some(signer(account))).unwrap()
    }

    fn read(&self, file: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.sandbox.path(file)).unwrap()).unwrap()
    }

    /// Changes a field of a JSON file.
    fn write(&self, file: &str, field: &str, value: impl Into<Value>) {
        let mut json = self.read(file);
        json[field] = value.into();
        fs::write(self.sandbox.path(file), json.to_string()).unwrap();
    }
}

fn signer(account: usize) -> Signer {
    Signer::from_hex(ACCOUNTS[account].1).unwrap()
}

fn failed(output: &Output, code: i32, says: &[&str]) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    for words in says {
        assert!(message.contains(words), "it does not say {words:?}: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
    message
}
