//! A chain behind a node's JSON-RPC, and what it is asked. Calls are made one after the other; `sending` sends transactions.

mod history;

use std::cell::Cell;
use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, Log, U256};
pub use history::{Happened, Sent, is_development};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::market::exact;
use crate::{ContractsError, Network, Receipt, Revert, Signer};

/// Pauses before a question is asked again, after an answer that says nothing about it (no connection, 429, 5xx).
pub(crate) const RETRIES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_secs(2)];

/// How long a node is waited for, and what a transaction may cost whatever the node says.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For an answer, all tries together. Below ten seconds, so that a node that hangs is soon reported.
    pub answer: Duration,
    /// For an answer with events, which a node may have to seek through many blocks.
    pub events: Duration,
    /// Until a transaction is in a block.
    pub mined: Duration,
    /// Until a transaction that is in no block is sent again for a higher price.
    pub stuck: Duration,
    /// Largest tip, in wei for a unit of gas.
    pub most_tip: U256,
    /// Most that the gas of all transactions that a [`Node`] sends may cost, in wei: for each its limit of gas times its highest price, whatever the
    /// node says that it has cost in the end.
    pub most_cost: U256,
}

impl Default for Limits {
    /// A tip of 10 gwei and 0.5 ether of gas: enough to deploy the market on mainnet while a unit of gas costs 20 gwei.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(9),
            events: Duration::from_secs(30),
            mined: Duration::from_mins(3),
            stuck: Duration::from_secs(45),
            most_tip: U256::from(10_000_000_000_u64),
            most_cost: U256::from(500_000_000_000_000_000_u64),
        }
    }
}

/// A node, and the key that signs transactions sent through it, if there is one.
#[derive(Debug)]
pub struct Node {
    agent: ureq::Agent,
    url: String,
    /// The URL as errors show it.
    shown: String,
    pub(crate) chain_id: u64,
    pub(crate) signer: Option<Signer>,
    pub(crate) limits: Limits,
    /// What the gas of all that was signed may cost at most, in wei.
    pub(crate) signed: Cell<U256>,
}

/// An event in a block.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    number: U256,
    timestamp: U256,
    pub(crate) base_fee_per_gas: Option<U256>,
}

/// What JSON-RPC answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    result: Option<Value>,
    pub(crate) error: Option<Problem>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    data: Option<Value>,
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// Nothing came, or nothing that says anything about the question: asking again may help.
    Lost(String),
    /// Asking again does not help.
    Final(ContractsError),
}

impl Node {
    /// Connects to a node, with the limits that [`Limits`] has by default.
    ///
    /// # Errors
    /// As [`Node::connect_within`].
    pub fn connect(url: &str, signer: Option<Signer>) -> Result<Self, ContractsError> {
        Self::connect_within(url, signer, Limits::default())
    }

    /// Connects to a node.
    ///
    /// # Errors
    /// [`ContractsError::Url`]; [`ContractsError::Node`]: it does not answer, or not as a node does.
    pub fn connect_within(url: &str, signer: Option<Signer>, limits: Limits) -> Result<Self, ContractsError> {
        let shown = shown(url)?;
        // A node does not live elsewhere: who answers for it must be whom the user named.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        let mut node = Self {
            agent: config.into(),
            url: url.to_owned(),
            shown,
            chain_id: 0,
            signer,
            limits,
            signed: Cell::default(),
        };
        let id: U256 = node.ask_node("eth_chainId", &json!([]))?;
        node.chain_id = node.number(id)?;
        Ok(node)
    }

    /// The account of the key, if there is one.
    pub fn account(&self) -> Option<Address> {
        self.signer.as_ref().map(Signer::address)
    }

    /// The latest block's number.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn block_number(&self) -> Result<u64, ContractsError> {
        self.number(self.latest()?.number)
    }

    /// Most that the gas of all transactions may cost, in wei.
    pub fn most_cost(&self) -> U256 {
        self.limits.most_cost
    }

    /// Lowers what the gas of all transactions from now on may cost, in wei, whatever was signed before: none is signed for more, also when the price
    /// rises while it waits. Never raises it.
    pub fn spend_at_most(&mut self, wei: U256) {
        self.limits.most_cost = self.limits.most_cost.min(self.signed.get().saturating_add(wei));
    }

    /// Lets time pass on a development chain, and mines a block.
    ///
    /// # Errors
    /// A chain that is none.
    pub fn advance(&self, seconds: u64) -> Result<(), ContractsError> {
        self.ask_node::<Value>("evm_increaseTime", &json!([seconds]))?;
        self.ask_node::<Value>("evm_mine", &json!([])).map(|_| ())
    }

    pub(crate) fn latest(&self) -> Result<Block, ContractsError> {
        self.ask_node("eth_getBlockByNumber", &json!(["latest", false]))
    }

    /// Asks the node, again when the connection or the node's front fails.
    pub(crate) fn ask_node<T: DeserializeOwned>(&self, method: &str, parameters: &Value) -> Result<T, ContractsError> {
        let answer = self.answer(method, parameters)?;
        if let Some(problem) = answer.error {
            return Err(self.problem(method, &problem));
        }
        let result = answer.result.unwrap_or_default();
        serde_json::from_value(result).map_err(|error| self.failed(format!("{method}: the answer is none: {error}")))
    }

    /// What a node's refusal means: a contract's, or its own.
    pub(crate) fn problem(&self, method: &str, problem: &Problem) -> ContractsError {
        problem.revert().map_or_else(
            || self.failed(format!("{method}: {}", problem.message)),
            |data| ContractsError::Reverted { error: Revert::decode(&data), gas: 0 },
        )
    }

    fn answer(&self, method: &str, parameters: &Value) -> Result<Answer, ContractsError> {
        let patience = if method == "eth_getLogs" { self.limits.events } else { self.limits.answer };
        let start = Instant::now();
        let mut pauses = RETRIES.iter();
        loop {
            match self.answer_once(method, parameters, patience.saturating_sub(start.elapsed())) {
                Ok(answer) => return Ok(answer),
                Err(Unanswered::Final(error)) => return Err(error),
                Err(Unanswered::Lost(problem)) => match pauses.next() {
                    Some(pause) if start.elapsed() + *pause < patience => sleep(*pause),
                    _ => return Err(self.failed(problem)),
                },
            }
        }
    }

    /// One question, whose answer must be there within `patience`.
    pub(crate) fn answer_once(
        &self,
        method: &str,
        parameters: &Value,
        patience: Duration,
    ) -> Result<Answer, Unanswered> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let fail = |what: String| Err(Unanswered::Final(self.failed(what)));
        let lost = |what: String| Err(Unanswered::Lost(what));
        let hangs = || {
            let seconds = patience.as_secs_f64();
            lost(format!("{method}: no answer within {seconds:.0} s; is it a node? name another with --rpc"))
        };
        let request = self.agent.post(&self.url).config().timeout_global(Some(patience)).build();
        match request.send_json(&body) {
            Ok(mut response) if response.status().is_success() => match response.body_mut().read_to_string() {
                Ok(text) => serde_json::from_str(&text)
                    .or_else(|error| fail(format!("{method}: the answer is no JSON-RPC: {error}"))),
                Err(ureq::Error::Timeout(_)) => hangs(),
                Err(error) => lost(format!("{method}: the answer broke off: {error}")),
            },
            Ok(response) if response.status().as_u16() == 429 || response.status().is_server_error() => {
                lost(format!("{method}: HTTP status {}", response.status()))
            }
            Ok(response) => fail(format!("{method}: HTTP status {}", response.status())),
            // Its own words repeat the whole URL.
            Err(ureq::Error::BadUri(_)) => Err(Unanswered::Final(ContractsError::Url("it is malformed"))),
            Err(error @ ureq::Error::HostNotFound) => fail(format!("{error}; check --rpc")),
            Err(ureq::Error::Timeout(_)) => hangs(),
            Err(error) => lost(format!("{error}; is it running? a development chain is one command: anvil")),
        }
    }

    pub(crate) fn failed(&self, what: String) -> ContractsError {
        ContractsError::Node { url: self.shown.clone(), what }
    }

    pub(crate) fn number(&self, value: U256) -> Result<u64, ContractsError> {
        u64::try_from(value).map_err(|_| self.failed(format!("{value} is too large a number")))
    }
}

impl Network for Node {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn time(&mut self) -> Result<u64, ContractsError> {
        self.number(self.latest()?.timestamp)
    }

    fn balance(&mut self, account: Address) -> Result<U256, ContractsError> {
        self.ask_node("eth_getBalance", &json!([account, "latest"]))
    }

    fn code(&mut self, contract: Address) -> Result<Vec<u8>, ContractsError> {
        let code: Bytes = self.ask_node("eth_getCode", &json!([contract, "latest"]))?;
        Ok(code.to_vec())
    }

    fn call(&mut self, from: Address, to: Address, wei: U256, data: &[u8]) -> Result<Vec<u8>, ContractsError> {
        if !wei.is_zero() {
            afford(from, self.balance(from)?, wei)?;
        }
        let output: Bytes = self.ask_node("eth_call", &json!([call(from, Some(to), wei, data), "latest"]))?;
        Ok(output.to_vec())
    }

    fn send(&mut self, from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Result<Receipt, ContractsError> {
        self.send_transaction(from, to, wei, data)
    }
}

impl Event {
    /// None with more topics than an event has.
    pub(crate) fn log(self) -> Option<Log> {
        Log::new(self.address, self.topics, self.data)
    }
}

impl Problem {
    /// What a contract reverted with, where that is the problem: nodes put it in `data`, or one level below.
    fn revert(&self) -> Option<Vec<u8>> {
        let data = match &self.data {
            Some(Value::String(text)) => Some(text.as_str()),
            Some(Value::Object(fields)) => fields.get("data").or_else(|| fields.get("result")).and_then(Value::as_str),
            _ => None,
        };
        let bytes = data.and_then(|text| text.strip_prefix("0x")).and_then(|digits| hex::decode(digits).ok());
        bytes.or_else(|| self.message.contains("execution reverted").then(Vec::new))
    }
}

/// A call as nodes take it.
pub(crate) fn call(from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Value {
    let mut call = json!({ "from": from, "value": wei, "data": Bytes::copy_from_slice(data) });
    if let (Some(to), Some(fields)) = (to, call.as_object_mut()) {
        fields.insert("to".to_owned(), json!(to));
    }
    call
}

/// Refuses what an account cannot pay; amounts in wei.
pub(crate) fn afford(account: Address, has: U256, needs: U256) -> Result<(), ContractsError> {
    if has < needs {
        return Err(ContractsError::Funds { account, has: exact(has), needs: exact(needs) });
    }
    Ok(())
}

fn hexadecimal(number: u64) -> String {
    format!("{number:#x}")
}

/// A node's URL without what may be secret: user, password, path and query.
fn shown(url: &str) -> Result<String, ContractsError> {
    let uri: ureq::http::Uri = url.parse().map_err(|_| ContractsError::Url("it is malformed"))?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
    let scheme = scheme.ok_or(ContractsError::Url("it begins with neither http:// nor https://"))?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(ContractsError::Url("it names no host"))?;
    let at = format!("{host}{}", uri.port_u16().map_or_else(String::new, |port| format!(":{port}")));
    // What stands there and is no port may be a password with a slash in it.
    if uri.authority().and_then(|authority| authority.as_str().rsplit('@').next()) != Some(at.as_str()) {
        return Err(ContractsError::Url("its port is no number"));
    }
    Ok(format!("{scheme}://{at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_limit_counts_from_what_was_signed_before_and_stays_below_the_users() {
        let with = |signed: u64| Node {
            agent: ureq::Agent::new_with_defaults(),
            url: String::new(),
            shown: String::new(),
            chain_id: 1,
            signer: None,
            limits: Limits { most_cost: U256::from(100), ..Limits::default() },
            signed: Cell::new(U256::from(signed)),
        };
        for (signed, wei, most) in [(0, 30, 30), (40, 30, 70), (80, 30, 100), (0, 200, 100)] {
            let mut node = with(signed);
            node.spend_at_most(U256::from(wei));
            assert_eq!(node.most_cost(), U256::from(most), "{wei} after {signed}");
        }
    }

    #[test]
    fn an_error_shows_the_host_and_never_what_a_url_hides() {
        for (url, expected) in [
            ("https://user:secret@node.example:8545/v3/key?token=1", "https://node.example:8545"),
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
            ("http://[::1]:8545/key", "http://[::1]:8545"),
        ] {
            assert_eq!(shown(url).unwrap(), expected);
        }
        for url in [
            "user:secret@node.example:8545",
            "http://user:se/cret@node.example",
            "ws://user:secret@node.example",
            "node.example/secret",
            "http://",
            "http:///secret",
            "secret here",
            "",
        ] {
            let error = shown(url).unwrap_err().to_string();
            assert!(error.contains("http://127.0.0.1:8545") && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn reverts_are_found_where_nodes_put_them() {
        let problem = |text: &str| serde_json::from_str::<Problem>(text).unwrap().revert();
        assert_eq!(problem(r#"{"code":3,"message":"x","data":"0x01ff"}"#), Some(vec![1, 255]));
        assert_eq!(problem(r#"{"message":"x","data":{"data":"0x02"}}"#), Some(vec![2]));
        assert_eq!(problem(r#"{"message":"execution reverted"}"#), Some(vec![]));
        assert_eq!(problem(r#"{"message":"nonce too low"}"#), None);
        assert_eq!(problem("{}"), None);
    }
}
