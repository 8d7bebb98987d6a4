//! A chain behind a node's JSON-RPC. Calls are made one after the other; every transaction is tried before it is signed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, Log, LogData, U256};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::transaction::Transaction;
use crate::{ContractsError, Network, Receipt, Revert, Signer};

/// Seconds that a node may take for one answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Seconds to wait until a transaction is in a block.
const MINED: Duration = Duration::from_mins(3);
/// Pauses before a question is asked again, after an answer that says nothing about it (no connection, 429, 5xx).
const RETRIES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(600), Duration::from_secs(2)];
/// Most gas that a transaction may have on mainnet (EIP-7825).
const MOST_GAS: u64 = 1 << 24;

/// A node, and the key that signs transactions sent through it, if there is one.
#[derive(Debug)]
pub struct Node {
    agent: ureq::Agent,
    url: String,
    /// The URL as errors show it.
    shown: String,
    chain_id: u64,
    signer: Option<Signer>,
}

/// An event in a block.
#[derive(Debug, Deserialize)]
struct Event {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    number: U256,
    timestamp: U256,
    base_fee_per_gas: Option<U256>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mined {
    status: U256,
    gas_used: U256,
    contract_address: Option<Address>,
    #[serde(default)]
    logs: Vec<Event>,
}

/// What JSON-RPC answers.
#[derive(Debug, Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<Value>,
}

impl Node {
    /// Connects to a node.
    ///
    /// # Errors
    /// [`ContractsError::Url`]; [`ContractsError::Node`]: it does not answer, or not as a node does.
    pub fn connect(url: &str, signer: Option<Signer>) -> Result<Self, ContractsError> {
        let shown = shown(url)?;
        let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER)).http_status_as_error(false).build();
        let mut node = Self { agent: config.into(), url: url.to_owned(), shown, chain_id: 0, signer };
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

    /// What a unit of gas costs now, in wei.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn gas_price(&self) -> Result<U256, ContractsError> {
        self.ask_node("eth_gasPrice", &json!([]))
    }

    /// Events of a contract from a block on whose first topics are these.
    ///
    /// # Errors
    /// A node that does not answer, or keeps no events so far back.
    pub fn events(&self, contract: Address, from_block: u64, topics: &[B256]) -> Result<Vec<LogData>, ContractsError> {
        let filter = json!({ "address": contract, "fromBlock": hexadecimal(from_block), "topics": topics });
        let events: Vec<Event> = self.ask_node("eth_getLogs", &json!([filter]))?;
        Ok(events.into_iter().filter_map(Event::log).map(|log| log.data).collect())
    }

    /// Lets time pass on a development chain, and mines a block.
    ///
    /// # Errors
    /// A chain that is none.
    pub fn advance(&self, seconds: u64) -> Result<(), ContractsError> {
        self.ask_node::<Value>("evm_increaseTime", &json!([seconds]))?;
        self.ask_node::<Value>("evm_mine", &json!([])).map(|_| ())
    }

    fn latest(&self) -> Result<Block, ContractsError> {
        self.ask_node("eth_getBlockByNumber", &json!(["latest", false]))
    }

    /// Asks the node, again when the connection or the node's front fails.
    fn ask_node<T: DeserializeOwned>(&self, method: &str, parameters: &Value) -> Result<T, ContractsError> {
        let answer = self.answer(method, parameters)?;
        if let Some(problem) = answer.error {
            return Err(problem.revert().map_or_else(
                || self.failed(format!("{method}: {}", problem.message)),
                |data| ContractsError::Reverted { error: Revert::decode(&data), gas: 0 },
            ));
        }
        let result = answer.result.unwrap_or_default();
        serde_json::from_value(result).map_err(|error| self.failed(format!("{method}: the answer is none: {error}")))
    }

    fn answer(&self, method: &str, parameters: &Value) -> Result<Answer, ContractsError> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let mut pauses = RETRIES.iter();
        loop {
            let problem = match self.agent.post(&self.url).send_json(&body) {
                Ok(mut response) if response.status().is_success() => match response.body_mut().read_json() {
                    Ok(answer) => return Ok(answer),
                    Err(error) => return Err(self.failed(format!("{method}: the answer is no JSON-RPC: {error}"))),
                },
                Ok(response) if response.status().as_u16() == 429 || response.status().is_server_error() => {
                    format!("{method}: HTTP status {}", response.status())
                }
                Ok(response) => return Err(self.failed(format!("{method}: HTTP status {}", response.status()))),
                // Its own words repeat the whole URL.
                Err(ureq::Error::BadUri(_)) => return Err(ContractsError::Url("it is malformed")),
                Err(error @ ureq::Error::HostNotFound) => return Err(self.failed(format!("{error}; check --rpc"))),
                Err(error) => format!("{error}; is it running? a development chain is one command: anvil"),
            };
            let Some(pause) = pauses.next() else { return Err(self.failed(problem)) };
            sleep(*pause);
        }
    }

    fn failed(&self, what: String) -> ContractsError {
        ContractsError::Node { url: self.shown.clone(), what }
    }

    fn number(&self, value: U256) -> Result<u64, ContractsError> {
        u64::try_from(value).map_err(|_| self.failed(format!("{value} is too large a number")))
    }

    fn nonce(&self, account: Address, block: &str) -> Result<u64, ContractsError> {
        let nonce: U256 = self.ask_node("eth_getTransactionCount", &json!([account, block]))?;
        self.number(nonce)
    }

    /// The account's next nonce, once all that it has sent is in blocks: what is asked then is asked after all of it.
    ///
    /// # Errors
    /// [`ContractsError::NotMined`]; a node that does not answer.
    pub fn settled_nonce(&self, account: Address) -> Result<u64, ContractsError> {
        wait(|| {
            let (done, sent) = (self.nonce(account, "latest")?, self.nonce(account, "pending")?);
            Ok((done >= sent).then_some(done))
        })?
        .ok_or_else(|| not_mined(format!("earlier transactions of {account} are in no block")))
    }

    /// Tries a transaction and returns it, ready to sign, with what it would return.
    fn prepared(
        &self,
        from: Address,
        to: Option<Address>,
        wei: U256,
        data: &[u8],
    ) -> Result<(Transaction, Bytes), ContractsError> {
        let nonce = self.settled_nonce(from)?;
        let has: U256 = self.ask_node("eth_getBalance", &json!([from, "latest"]))?;
        afford(from, has, wei)?;
        let call = transaction(from, to, wei, data);
        let output: Bytes = self.ask_node("eth_call", &json!([call, "latest"]))?;
        let estimate: U256 = self.ask_node("eth_estimateGas", &json!([call]))?;
        let estimate = self.number(estimate)?;
        // A fifth more: what others do before it is in a block can make it dearer.
        let gas_limit = estimate.saturating_add(estimate / 5).min(MOST_GAS.max(estimate));
        let base = self.latest()?.base_fee_per_gas.unwrap_or_default();
        let tip: U256 =
            self.ask_node("eth_maxPriorityFeePerGas", &json!([])).unwrap_or_else(|_| U256::from(1_000_000_000));
        let fee = base.saturating_mul(U256::from(2)).saturating_add(tip);
        afford(from, has, wei.saturating_add(fee.saturating_mul(U256::from(gas_limit))))?;
        let small = |value: U256| u128::try_from(value).map_err(|_| self.failed(format!("a gas price of {value} wei")));
        let transaction = Transaction {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: small(fee)?,
            max_priority_fee_per_gas: small(tip)?,
            to,
            value: wei,
            input: data.to_vec().into(),
        };
        Ok((transaction, output))
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
        let output: Bytes = self.ask_node("eth_call", &json!([transaction(from, Some(to), wei, data), "latest"]))?;
        Ok(output.to_vec())
    }

    fn send(&mut self, from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Result<Receipt, ContractsError> {
        let signer = match &self.signer {
            Some(signer) if signer.address() == from => signer,
            other => return Err(ContractsError::NoKey { wanted: from, held: other.as_ref().map(Signer::address) }),
        };
        let (prepared, output) = self.prepared(from, to, wei, data)?;
        let (raw, hash) = signer.sign(&prepared)?;
        let sent = self.ask_node::<Value>("eth_sendRawTransaction", &json!([Bytes::from(raw)]));
        let after = |error| ContractsError::Sent { hash, error: Box::new(error) };
        // A lost answer is sent again, and the node then knows the transaction or has it in a block already.
        if let Err(error) = sent
            && self.ask_node::<Value>("eth_getTransactionByHash", &json!([hash])).map_err(after)?.is_null()
        {
            return Err(error);
        }
        // It is on its way, whatever the node says meanwhile.
        let mut failure = None;
        let mined = wait(|| match self.ask_node::<Option<Mined>>("eth_getTransactionReceipt", &json!([hash])) {
            Ok(mined) => {
                failure = None;
                Ok(mined)
            }
            Err(error) => {
                failure = Some(error);
                Ok(None)
            }
        })?;
        let mined = mined.ok_or_else(|| {
            failure.map_or_else(|| not_mined(format!("transaction {hash} is sent and in no block")), after)
        })?;
        let gas = mined.gas_used.saturating_to::<u64>();
        if mined.status.is_zero() {
            // Something came first; what the contract says now is why.
            return Err(
                match self.ask_node::<Value>("eth_call", &json!([transaction(from, to, wei, data), "latest"])) {
                    Err(ContractsError::Reverted { error, .. }) => ContractsError::Reverted { error, gas },
                    _ => ContractsError::Failed(hash),
                },
            );
        }
        let logs = mined.logs.into_iter().filter_map(Event::log).collect();
        Ok(Receipt { hash, gas, output: output.to_vec(), contract: mined.contract_address, logs })
    }
}

impl Event {
    /// None with more topics than an event has.
    fn log(self) -> Option<Log> {
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

fn transaction(from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Value {
    let mut call = json!({ "from": from, "value": wei, "data": Bytes::copy_from_slice(data) });
    if let (Some(to), Some(fields)) = (to, call.as_object_mut()) {
        fields.insert("to".to_owned(), json!(to));
    }
    call
}

fn afford(account: Address, has: U256, needs: U256) -> Result<(), ContractsError> {
    if has < needs {
        return Err(ContractsError::Funds { account, has: has.to_string(), needs: needs.to_string() });
    }
    Ok(())
}

fn hexadecimal(number: u64) -> String {
    format!("{number:#x}")
}

fn not_mined(what: String) -> ContractsError {
    ContractsError::NotMined { what, seconds: MINED.as_secs() }
}

/// Asks until there is an answer, less and less often; none when [`MINED`] has passed.
fn wait<T>(mut ready: impl FnMut() -> Result<Option<T>, ContractsError>) -> Result<Option<T>, ContractsError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        if let Some(value) = ready()? {
            return Ok(Some(value));
        }
        if start.elapsed() > MINED {
            return Ok(None);
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(2));
    }
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
