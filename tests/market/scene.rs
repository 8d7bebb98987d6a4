//! A model that is registered with a market on a node, and the people around it.

use std::fs;
use std::process::{Child, Command, Output, Stdio};

use assay_contracts::{Market, Node, Request, Signer, U256};
use serde_json::{Value, json};

use crate::anvil::{ACCOUNTS, Anvil};
use crate::proxy::Proxy;
use crate::sandbox::Sandbox;

pub(crate) const WRONG_REQUEST: i32 = 2;
pub(crate) const MACHINE: i32 = 3;
pub(crate) const MODEL: &str = "mnist-mlp.onnx";
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;
pub(crate) const FEE: u128 = ETHER / 10;
/// Of a lock for [`FEE`]: five quarters of it.
pub(crate) const BOND: u128 = FEE * 5 / 4;

/// Who is who among anvil's accounts.
pub(crate) const OWNER: usize = 0;
pub(crate) const PROVER: usize = 1;
pub(crate) const RIVAL: usize = 2;
pub(crate) const CLIENT: usize = 3;

/// A model that is registered with a market on a node.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) anvil: Anvil,
    pub(crate) market: String,
    pub(crate) registry: String,
}

impl Scene {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// With keys made with these options.
    pub(crate) fn with(name: &str, setup: &[&str]) -> Self {
        let (sandbox, anvil) = (Sandbox::new(name), Anvil::start());
        let estimate: Value = serde_json::from_str(&sandbox.succeeds(&["estimate", MODEL, "--json"])).unwrap();
        let opening = usize::from(!setup.is_empty());
        let powers = estimate["openings"][opening]["srs_k"].to_string();
        sandbox.succeeds(&["srs", "generate", "--insecure", "-k", &powers]);
        sandbox.succeeds(&["compile", MODEL]);
        sandbox.succeeds(&[&["setup", MODEL], setup].concat());
        let mut scene = Self { sandbox, anvil, market: String::new(), registry: String::new() };
        let deployed = scene.does(OWNER, &["deploy"]);
        [scene.market, scene.registry] = ["market", "registry"].map(|key| deployed[key].as_str().unwrap().to_owned());
        let market = scene.market.clone();
        scene.does(OWNER, &["register", MODEL, "--market", &market, "--owner-share", "30", "--skip-delay"]);
        scene
    }

    /// A command of one of the accounts.
    pub(crate) fn command(&self, account: usize, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("ASSAY_RPC", &self.anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1);
        command
    }

    /// A command that must succeed, and its JSON.
    pub(crate) fn does(&self, account: usize, arguments: &[&str]) -> Value {
        let output = self.command(account, &[arguments, &["--json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The chain as an account's own program sees it.
    pub(crate) fn node(&self, account: usize) -> (Node, Market) {
        let mut node = Node::connect(&self.anvil.url, Some(Signer::from_hex(ACCOUNTS[account].1).unwrap())).unwrap();
        let market = Market::at(&mut node, self.market.parse().unwrap()).unwrap();
        (node, market)
    }

    /// The request in a file.
    pub(crate) fn request(&self, file: &str) -> Request {
        let text = fs::read_to_string(self.sandbox.path(file)).unwrap();
        serde_json::from_value(serde_json::from_str::<Value>(&text).unwrap()["request"].take()).unwrap()
    }

    /// Opens a request of the client with other terms, which no command makes, and writes it as `assay request` does.
    pub(crate) fn opens(&self, file: &str, change: impl FnOnce(&mut Request)) -> Request {
        let template = format!("{file}.template");
        self.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", &template]);
        let mut asked: Value =
            serde_json::from_str(&fs::read_to_string(self.sandbox.path(&template)).unwrap()).unwrap();
        let mut request = self.request(&template);
        request.nonce += U256::ONE;
        change(&mut request);
        let (mut node, market) = self.node(CLIENT);
        let (id, _) = market.open(&mut node, &request).unwrap();
        asked["id"] = json!(id);
        asked["request"] = serde_json::to_value(&request).unwrap();
        fs::write(self.sandbox.path(file), asked.to_string()).unwrap();
        request
    }

    /// A command behind a node that fails; it must end with this code and say these words.
    pub(crate) fn behind(&self, proxy: &Proxy, account: usize, arguments: &[&str], code: i32, says: &[&str]) {
        let output = self.command(account, arguments).env("ASSAY_RPC", &proxy.url).output().unwrap();
        failed(&output, code, says);
    }

    /// Files in the model's folder whose names begin so.
    pub(crate) fn files(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(self.sandbox.path("mnist-mlp.assay")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    pub(crate) fn asks(&self) -> Value {
        self.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"])
    }

    pub(crate) fn refused(&self, account: usize, arguments: &[&str], says: &[&str]) {
        let output = self.command(account, arguments).output().unwrap();
        failed(&output, WRONG_REQUEST, says);
    }

    pub(crate) fn status(&self) -> Value {
        self.does(RIVAL, &["status", MODEL])
    }

    /// A prover at work in the background.
    pub(crate) fn begins_to_fulfil(&self, account: usize) -> Child {
        let mut command = self.command(account, &["fulfil", MODEL]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

pub(crate) fn failed(output: &Output, code: i32, says: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for words in says {
        assert!(message.contains(words), "it does not say {words:?}: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// Unix time of the latest block.
pub(crate) fn block_time(scene: &Scene) -> u128 {
    let block = scene.anvil.rpc("eth_getBlockByNumber", &json!(["latest", false]));
    u128::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Forgets what a builder returns.
pub(crate) fn void(_: &mut Command) {}

pub(crate) fn wei(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}
