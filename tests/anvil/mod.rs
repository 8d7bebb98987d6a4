//! A real node for tests: anvil, as `npm ci` in `contracts/` installs it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// Accounts that anvil gives 10,000 ether each, and their published keys.
pub(crate) const ACCOUNTS: [(&str, &str); 4] = [
    (
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    ),
    (
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    ),
    (
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    ),
    (
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    ),
];

/// A node of its own, stopped at the end.
pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
}

impl Anvil {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more of anvil's options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let architecture = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
        let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let binary = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("contracts/node_modules/@foundry-rs/anvil-{system}-{architecture}/bin/anvil"));
        assert!(
            binary.exists(),
            "{} is missing: run `npm ci` in contracts/; where npm has no anvil for this platform, these tests cannot run",
            binary.display()
        );
        let mut command = Command::new(binary);
        command.args(["--port", "0"]).args(options).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // It goes on talking: somebody must listen, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://{address}") }
    }

    /// One call of JSON-RPC.
    pub(crate) fn rpc(&self, method: &str, parameters: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let mut answer: Value = ureq::post(&self.url).send_json(&body).unwrap().body_mut().read_json().unwrap();
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    pub(crate) fn number(&self, method: &str, parameters: &Value) -> u128 {
        let value = self.rpc(method, parameters);
        u128::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }

    /// Wei of an account.
    pub(crate) fn balance(&self, account: &str) -> u128 {
        self.number("eth_getBalance", &json!([account, "latest"]))
    }

    /// Transactions that an account has in blocks.
    pub(crate) fn sent(&self, account: &str) -> u128 {
        self.number("eth_getTransactionCount", &json!([account, "latest"]))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.rpc("evm_increaseTime", &json!([seconds]));
        self.rpc("evm_mine", &json!([]));
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
