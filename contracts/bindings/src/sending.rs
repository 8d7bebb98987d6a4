//! How a [`Node`] sends a transaction: tried first, at a price with a cap, once whatever happens.
//!
//! One call is sent under one nonce. What is stuck is sent again under the same nonce for a higher price, so that one of the two at most is ever in a
//! block; another nonce is taken once, when the node has refused the first, and then the call is tried again before it is sent. A call that sends ether along
//! has one nonce only: a node that keeps the bytes and says that their nonce is used could have it signed, and paid, again and again.

use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy_primitives::utils::format_ether;
use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::node::{Event, RETRIES, Unanswered, afford, call};
use crate::transaction::Transaction;
use crate::{ContractsError, Node, Receipt, Signer};

/// Most gas that a transaction may have on mainnet (EIP-7825).
const MOST_GAS: u64 = 1 << 24;
/// A tip that is nobody's loss, in wei for a unit of gas.
const LOW_TIP: U256 = U256::from_limbs([3_000_000_000, 0, 0, 0]);
/// Under how many nonces a call is signed at most that sends no ether along.
const NONCES: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mined {
    transaction_hash: B256,
    status: U256,
    gas_used: U256,
    contract_address: Option<Address>,
    #[serde(default)]
    logs: Vec<Event>,
}

/// What a node says to a transaction.
enum Submitted {
    /// It is on its way, or in a block already.
    Taken,
    /// Its nonce is used, or is another's that pays more: this one will never be in a block.
    NonceUsed,
}

impl Node {
    /// The account's next nonce, once all that it has sent is in blocks: what is asked then is asked after all of it.
    ///
    /// # Errors
    /// [`ContractsError::NotMined`]; a node that does not answer.
    pub fn settled_nonce(&self, account: Address) -> Result<u64, ContractsError> {
        let mut first = 0;
        let settled = self.wait(|| {
            let (done, sent) = (self.nonce(account, "latest")?, self.nonce(account, "pending")?);
            first = done;
            Ok((done >= sent).then_some(done))
        })?;
        settled.ok_or_else(|| {
            self.not_mined(format!(
                "an earlier transaction of {account}, with nonce {first}, is in no block (its wallet can raise its price)"
            ))
        })
    }

    fn nonce(&self, account: Address, block: &str) -> Result<u64, ContractsError> {
        let nonce: U256 = self.ask_node("eth_getTransactionCount", &json!([account, block]))?;
        self.number(nonce)
    }

    pub(crate) fn send_transaction(
        &self,
        from: Address,
        to: Option<Address>,
        wei: U256,
        data: &[u8],
    ) -> Result<Receipt, ContractsError> {
        let signer = match &self.signer {
            Some(signer) if signer.address() == from => signer,
            other => return Err(ContractsError::NoKey { wanted: from, held: other.as_ref().map(Signer::address) }),
        };
        let parameters = call(from, to, wei, data);
        let tries = if wei.is_zero() { NONCES } else { 1 };
        for _ in 0..tries {
            let (transaction, output) = self.prepared(from, to, wei, data)?;
            self.signed.set(self.signed.get().saturating_add(cost(&transaction)));
            let (raw, hash) = signer.sign(&transaction)?;
            match self.submit(raw, hash).map_err(|error| self.refused_tip(error, &transaction))? {
                Submitted::Taken => {
                    let mined = self.watch(signer, transaction, hash, &parameters)?;
                    return self.receipt(mined, &output, &parameters);
                }
                Submitted::NonceUsed => {}
            }
        }
        Err(ContractsError::NonceUsed { account: from, tries })
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
        let call = call(from, to, wei, data);
        let output: Bytes = self.ask_node("eth_call", &json!([call, "latest"]))?;
        let estimate: U256 = self.ask_node("eth_estimateGas", &json!([call]))?;
        let estimate = self.number(estimate)?;
        let gas_limit = gas_limit(estimate);
        let (fee, tip) = self.price(gas_limit, self.signed.get())?;
        afford(from, has, wei.saturating_add(fee.saturating_mul(U256::from(gas_limit))))?;
        let transaction = Transaction {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: self.small(fee)?,
            max_priority_fee_per_gas: self.small(tip)?,
            to,
            value: wei,
            input: data.to_vec().into(),
        };
        Ok((transaction, output))
    }

    /// What a unit of gas costs in the next block, in wei: the latest block's base fee and the tip that would be signed.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn gas_price(&self) -> Result<U256, ContractsError> {
        Ok(self.latest()?.base_fee_per_gas.unwrap_or_default().saturating_add(self.tip()))
    }

    /// Highest price and tip of a unit of gas, in wei: room for twice the base fee of now, as far as the cap on the cost goes, of which `signed` wei
    /// are other transactions'.
    fn price(&self, gas_limit: u64, signed: U256) -> Result<(U256, U256), ContractsError> {
        let base = self.latest()?.base_fee_per_gas.unwrap_or_default();
        let tip = self.tip();
        let (now, gas) = (base.saturating_add(tip), U256::from(gas_limit));
        let left = self.limits.most_cost.saturating_sub(signed);
        let most = left.checked_div(gas).unwrap_or(left);
        if now > most {
            return Err(ContractsError::TooDear {
                gas: gas_limit,
                price: format!("base fee {base} wei, tip {tip} wei"),
                cost: format_ether(now.saturating_mul(gas)),
                left: format_ether(left),
                most: format_ether(self.limits.most_cost),
            });
        }
        Ok((now.saturating_add(base).min(most), tip))
    }

    /// The tip that the node names, in wei, at most [`LOW_TIP`] or twice what blocks of late were paid, and never more than the cap: a tip is all spent,
    /// whatever the node's reason for naming it.
    fn tip(&self) -> U256 {
        #[derive(Deserialize)]
        struct History {
            reward: Vec<Vec<U256>>,
        }
        // Some nodes answer neither question.
        let named = self.ask_node("eth_maxPriorityFeePerGas", &json!([])).unwrap_or(U256::from(1_000_000_000));
        let history = self.ask_node::<History>("eth_feeHistory", &json!(["0x14", "latest", [50]]));
        let mut paid: Vec<U256> = history.map_or_else(|_| vec![], |history| history.reward.concat());
        paid.sort_unstable();
        let usual = paid.get(paid.len() / 2).map(|median| median.saturating_mul(U256::from(2)).max(LOW_TIP));
        named.min(usual.unwrap_or(named)).min(self.limits.most_tip)
    }

    fn small(&self, price: U256) -> Result<u128, ContractsError> {
        u128::try_from(price).map_err(|_| self.failed(format!("a gas price of {price} wei")))
    }

    /// A node that takes no tip so small, although the user allows no larger one.
    fn refused_tip(&self, error: ContractsError, transaction: &Transaction) -> ContractsError {
        let tip = U256::from(transaction.max_priority_fee_per_gas);
        match &error {
            ContractsError::Node { what, .. } if what.contains("underpriced") && tip >= self.limits.most_tip => {
                ContractsError::Tip { tip: tip.to_string(), error: Box::new(error) }
            }
            _ => error,
        }
    }

    /// Sends signed bytes, and the same bytes again when the answer is lost.
    fn submit(&self, raw: Vec<u8>, hash: B256) -> Result<Submitted, ContractsError> {
        const METHOD: &str = "eth_sendRawTransaction";
        let parameters = json!([Bytes::from(raw)]);
        let mut pauses = RETRIES.iter();
        let mut lost = false;
        let error = loop {
            match self.answer_once(METHOD, &parameters, self.limits.answer) {
                Ok(answer) => match answer.error {
                    None => return Ok(Submitted::Taken),
                    Some(problem) if is_known(&problem.message) => return Ok(Submitted::Taken),
                    // Bytes whose answer was lost may be what has used the nonce.
                    Some(problem) if is_nonce(&problem.message) && !lost => return Ok(Submitted::NonceUsed),
                    Some(problem) => break self.problem(METHOD, &problem),
                },
                Err(Unanswered::Final(error)) => break error,
                Err(Unanswered::Lost(what)) => match pauses.next() {
                    Some(pause) => sleep(*pause),
                    None => break self.failed(what),
                },
            }
            lost = true;
        };
        let known = self.ask_node::<Value>("eth_getTransactionByHash", &json!([hash]));
        let after = |error| ContractsError::Sent { hash, error: Box::new(error) };
        match known.map_err(after)? {
            Value::Null if lost && is_nonce(&error.to_string()) => Err(after(error)),
            Value::Null => Err(error),
            _ => Ok(Submitted::Taken),
        }
    }

    /// Waits until a transaction is in a block, or one that replaced it for a higher price.
    fn watch(
        &self,
        signer: &Signer,
        mut transaction: Transaction,
        hash: B256,
        parameters: &Value,
    ) -> Result<Mined, ContractsError> {
        let mut hashes = vec![hash];
        let (mut raised, mut used) = (Instant::now(), false);
        // It is on its way, whatever the node says meanwhile.
        let mut failure = None;
        let mined = self.wait(|| {
            failure = None;
            for hash in hashes.iter().rev() {
                match self.ask_node::<Option<Mined>>("eth_getTransactionReceipt", &json!([hash])) {
                    Ok(None) => {}
                    Ok(mined) => return Ok(mined),
                    Err(error) => failure = Some(error),
                }
            }
            if failure.is_none() && raised.elapsed() > self.limits.stuck {
                let next = self.nonce(signer.address(), "latest");
                if next.is_ok_and(|next| next > transaction.nonce) {
                    // By one of these, whose receipt is late, or by another.
                    if used {
                        let (account, nonce) = (signer.address(), transaction.nonce);
                        return Err(ContractsError::Overtaken { account, nonce, hashes: hashes.clone() });
                    }
                    used = true;
                } else if let Some(dearer) = self.dearer(&transaction, parameters) {
                    let (raw, hash) = signer.sign(&dearer)?;
                    // One of the two at most is ever in a block.
                    self.signed.set(self.signed.get().saturating_sub(cost(&transaction)).saturating_add(cost(&dearer)));
                    hashes.push(hash);
                    // Refused or lost: it is watched all the same, and the next one pays more than this.
                    let _ = self.submit(raw, hash);
                    transaction = dearer;
                }
                raised = Instant::now();
            }
            Ok(None)
        })?;
        mined.ok_or_else(|| match (failure, hashes.last()) {
            (Some(error), Some(hash)) => ContractsError::Sent { hash: *hash, error: Box::new(error) },
            (_, last) => {
                let hash = last.copied().unwrap_or(hash);
                self.not_mined(format!("transaction {hash}, with nonce {}, is sent and in no block", transaction.nonce))
            }
        })
    }

    /// The same transaction for an eighth more, which nodes take in the other's place, or for what is asked for now. None when that is more than the
    /// caps allow, or when it would fail by now: that is not worth more.
    fn dearer(&self, transaction: &Transaction, parameters: &Value) -> Option<Transaction> {
        self.ask_node::<Bytes>("eth_call", &json!([parameters, "latest"])).ok()?;
        let others = self.signed.get().saturating_sub(cost(transaction));
        let (fee, tip) = self.price(transaction.gas_limit, others).ok()?;
        let more = |price: u128| price.saturating_add(price.div_ceil(8)).max(1);
        let tip = more(transaction.max_priority_fee_per_gas).max(u128::try_from(tip).ok()?);
        let fee = more(transaction.max_fee_per_gas).max(u128::try_from(fee).ok()?).max(tip);
        let dearer = Transaction { max_fee_per_gas: fee, max_priority_fee_per_gas: tip, ..transaction.clone() };
        let signed = others.saturating_add(cost(&dearer));
        let allowed = U256::from(tip) <= self.limits.most_tip && signed <= self.limits.most_cost;
        allowed.then_some(dearer)
    }

    fn receipt(&self, mined: Mined, output: &Bytes, parameters: &Value) -> Result<Receipt, ContractsError> {
        let (hash, gas) = (mined.transaction_hash, mined.gas_used.saturating_to::<u64>());
        if mined.status.is_zero() {
            // Something came first; what the contract says now is why.
            return Err(match self.ask_node::<Value>("eth_call", &json!([parameters, "latest"])) {
                Err(ContractsError::Reverted { error, .. }) => ContractsError::Reverted { error, gas },
                _ => ContractsError::Failed(hash),
            });
        }
        let logs = mined.logs.into_iter().filter_map(Event::log).collect();
        Ok(Receipt { hash, gas, output: output.to_vec(), contract: mined.contract_address, logs })
    }

    fn not_mined(&self, what: String) -> ContractsError {
        ContractsError::NotMined { what, seconds: self.limits.mined.as_secs() }
    }

    /// Asks until there is an answer, less and less often; none when a transaction should have been in a block by now.
    fn wait<T>(
        &self,
        mut ready: impl FnMut() -> Result<Option<T>, ContractsError>,
    ) -> Result<Option<T>, ContractsError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            if let Some(value) = ready()? {
                return Ok(Some(value));
            }
            if start.elapsed() > self.limits.mined {
                return Ok(None);
            }
            sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

/// What the gas of a transaction costs at most, in wei.
fn cost(transaction: &Transaction) -> U256 {
    U256::from(transaction.max_fee_per_gas).saturating_mul(U256::from(transaction.gas_limit))
}

/// The limit of gas of a transaction that is estimated to take so much: a fifth more, because what others do before it is in a block can make it
/// dearer.
pub fn gas_limit(estimate: u64) -> u64 {
    estimate.saturating_add(estimate / 5).min(MOST_GAS.max(estimate))
}

/// Whether a node that says this has the very transaction already.
fn is_known(message: &str) -> bool {
    let message = message.to_lowercase();
    // "unknown transaction type" is a refusal.
    let message = message.replace("unknown", "");
    ["already known", "alreadyknown", "already imported", "known transaction"]
        .iter()
        .any(|words| message.contains(words))
}

/// Whether a node that says this has refused a transaction for its nonce: another is in a block or pays more.
fn is_nonce(message: &str) -> bool {
    let message = message.to_lowercase();
    let nonce = ["too low", "already been used", "already used"];
    (message.contains("replacement") && message.contains("underpriced"))
        || (message.contains("nonce") && nonce.iter().any(|words| message.contains(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As geth, Erigon, Nethermind, Besu, reth and anvil say it.
    #[test]
    fn nodes_own_words_for_a_known_transaction_and_a_used_nonce_are_understood() {
        for known in ["already known", "AlreadyKnown", "known transaction: 0x12", "transaction already imported"] {
            assert!(is_known(known) && !is_nonce(known), "{known}");
        }
        for used in [
            "nonce too low: next nonce 5, tx nonce 4",
            "Nonce too low",
            "replacement transaction underpriced",
            "Replacement transaction underpriced",
            "the nonce has already been used",
        ] {
            assert!(is_nonce(used) && !is_known(used), "{used}");
        }
        for other in ["transaction underpriced", "insufficient funds for gas * price + value", "nonce too high"] {
            assert!(!is_nonce(other) && !is_known(other), "{other}");
        }
    }
}
