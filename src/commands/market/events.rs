//! What has happened to a request, as the chain's events say.

use assay_contracts::interface::InferenceMarket::RequestSettled;
use assay_contracts::node::Happened;
use assay_contracts::{Address, B256, ContractsError, Market, Node, SolEvent as _, U256};

use super::OnChain as _;
use super::records::Asked;
use crate::failure::{Failure, Kind, Outcome};

/// Events of one kind about a request. Nothing proves the block that its file names: where none is found from there on, they are sought from the first one on.
pub(super) fn happened(
    node: &Node,
    market: &Market,
    asked: &Asked,
    event: B256,
) -> Result<Vec<Happened>, ContractsError> {
    let topics = [event, asked.id];
    let found = node.happened(market.address, asked.from_block, &topics)?;
    if found.is_empty() && asked.from_block > 0 { node.happened(market.address, 0, &topics) } else { Ok(found) }
}

/// How a request was settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settlement {
    pub(super) payee: Address,
    /// What was paid, in units of the request's token.
    pub(super) price: U256,
    /// Number of the block.
    pub(super) block: u64,
}

/// How a settled request was settled.
pub(super) fn settlement(node: &Node, market: &Market, asked: &Asked) -> Outcome<Settlement> {
    let doing = format!("request {} is settled, and the node does not say who was paid", asked.id);
    let happened = happened(node, market, asked, RequestSettled::SIGNATURE_HASH).on_chain(&doing)?;
    let missing = || Failure::new(Kind::Machine, anyhow::anyhow!("{doing}: it has no such event in any block"));
    let last = happened.last().ok_or_else(missing)?;
    let event = RequestSettled::decode_log_data(&last.event).map_err(|_| missing())?;
    Ok(Settlement { payee: event.payee, price: event.price, block: last.block })
}
