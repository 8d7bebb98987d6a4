//! What has happened on a chain: events and their transactions, what a transaction carried, and what no reorganisation undoes.

use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use serde::Deserialize;
use serde_json::json;

use super::{Block, Event, Node, hexadecimal};
use crate::ContractsError;

/// Chain ids of development chains: anvil's and hardhat's, and geth's and ganache's.
const DEVELOPMENT: [u64; 2] = [31_337, 1_337];
/// Blocks after which a block counts as final where the node does not say what is: two epochs of the mainnet.
const DEEP: u64 = 64;

/// Whether the chain of this id is one that a program on somebody's own machine makes, for trying things out.
pub fn is_development(chain: u64) -> bool {
    DEVELOPMENT.contains(&chain)
}

/// An event in a block.
#[derive(Clone, Debug)]
pub struct Happened {
    /// What the contract said.
    pub event: LogData,
    /// The transaction in which it did.
    pub transaction: B256,
    /// The block's number.
    pub block: u64,
}

/// What a transaction carried.
#[derive(Clone, Debug, Deserialize)]
pub struct Sent {
    /// Whom it called; none for a deployment.
    pub to: Option<Address>,
    /// The calldata.
    pub input: Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logged {
    #[serde(flatten)]
    event: Event,
    transaction_hash: B256,
    block_number: U256,
}

/// A block that is not made yet: it may have no number.
#[derive(Debug, Deserialize)]
struct Next {
    timestamp: U256,
}

impl Node {
    /// Events of a contract from a block on, or from the latest if that is earlier, whose first topics are these.
    ///
    /// # Errors
    /// A node that does not answer, or keeps no events so far back.
    pub fn happened(
        &self,
        contract: Address,
        from_block: u64,
        topics: &[B256],
    ) -> Result<Vec<Happened>, ContractsError> {
        let from_block = from_block.min(self.block_number()?);
        let filter = json!({ "address": contract, "fromBlock": hexadecimal(from_block), "topics": topics });
        let logged: Vec<Logged> = self.ask_node("eth_getLogs", &json!([filter]))?;
        let happened = logged.into_iter().filter_map(|logged| {
            let block = self.number(logged.block_number);
            let event = logged.event.log()?.data;
            Some(block.map(|block| Happened { event, transaction: logged.transaction_hash, block }))
        });
        happened.collect()
    }

    /// What a transaction carried; none where the node does not know it.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn sent(&self, transaction: B256) -> Result<Option<Sent>, ContractsError> {
        self.ask_node("eth_getTransactionByHash", &json!([transaction]))
    }

    /// Number of the last block that no reorganisation undoes: what the node calls `finalized`. On a development chain, and where a node knows no
    /// such block, it is the one 64 blocks below the latest.
    ///
    /// # Errors
    /// A node that does not answer.
    pub fn final_block(&self) -> Result<u64, ContractsError> {
        let named = if is_development(self.chain_id) {
            None
        } else {
            // A node that refuses the question does not know the tag; one that does not answer is no reason to guess.
            let answer = self.answer("eth_getBlockByNumber", &json!(["finalized", false]))?;
            answer.result.and_then(|block| serde_json::from_value::<Option<Block>>(block).ok().flatten())
        };
        match named {
            Some(block) => self.number(block.number),
            None => Ok(self.block_number()?.saturating_sub(DEEP)),
        }
    }

    /// Unix time that the next block would have, in seconds. On a chain that makes blocks only when asked it goes on while the latest block's stands.
    ///
    /// # Errors
    /// A node that does not answer, or makes no next block.
    pub fn next_time(&self) -> Result<u64, ContractsError> {
        let block: Next = self.ask_node("eth_getBlockByNumber", &json!(["pending", false]))?;
        self.number(block.timestamp)
    }
}
