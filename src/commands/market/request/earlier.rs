//! What an earlier run has left in the request's file: whether it goes on with that, or makes a new request.

use std::path::Path;

use assay_contracts::interface::InferenceMarket::{RequestRefunded, RequestSettled, RequestSlashed};
use assay_contracts::market::MIN_DURATION;
use assay_contracts::revert::status;
use assay_contracts::{Address, Market, Node, Request, SolEvent as _, Status};

use super::{OPENING, asking, lasting};
use crate::cli::RequestArgs;
use crate::commands::market::records::{Asked, Record};
use crate::commands::market::{OnChain as _, clock, events};
use crate::failure::{Outcome, refuse};

/// What an earlier run has left in the file.
pub(super) enum Earlier {
    Nothing,
    /// A request that has ended, for good.
    Ended(Asked),
    /// This very request, on the chain.
    Open(Asked),
    /// This very request, which the chain has not taken yet and still can.
    ToOpen(Asked),
    /// A request of this account that the chain has not taken, with other terms or too little time.
    Unopened(Asked),
}

/// What it has left, or a refusal: a file is not replaced that a refund may take.
pub(super) fn earlier(
    node: &mut Node,
    market: &Market,
    record: &Record,
    asked: Asked,
    (account, input): (Address, &[[u8; 32]]),
    args: &RequestArgs,
    path: &Path,
) -> Outcome<Earlier> {
    let (file, id) = (path.display(), asked.id);
    // The file is what a refund of the request in it takes, wherever that is.
    if let Err(failure) = asked.check_record(record).and_then(|()| asked.check(market)) {
        return refuse(format_args!("{file} holds another request: {failure}; name another file with --output"));
    }
    let r = &asked.request;
    let (start, deadline) = (r.rampStart.to::<u64>(), r.deadline.to::<u64>());
    let same = *r == asking((account, r.nonce), record, input, args, (start, deadline));
    let at = market.job(node, id).on_chain("cannot ask for the request")?.status;
    match at {
        Status::None if r.client != account => refuse(format_args!(
            "{file} holds request {id} of {}, which is not open: name another file with --output",
            r.client
        )),
        Status::None if !is_written_here(r) => refuse(format_args!(
            "{file} holds request {id}, which is not open, and whose terms are none that `assay request` writes: name another file with --output"
        )),
        Status::None => {
            let now = clock::time(node)?;
            // One that has waited would pay more at once, and leave less time, than what is asked for now.
            let in_time =
                start <= now && now - start <= OPENING && deadline >= now.saturating_add(MIN_DURATION + OPENING);
            let as_long = deadline.checked_sub(start) == Some(lasting(args));
            let go_on = same && in_time && as_long && !args.again;
            Ok(if go_on { Earlier::ToOpen(asked) } else { Earlier::Unopened(asked) })
        }
        Status::Settled | Status::Refunded | Status::Slashed if args.again => {
            check_final(node, market, &asked, at, path)?;
            Ok(Earlier::Ended(asked))
        }
        Status::Settled | Status::Refunded | Status::Slashed => refuse(format_args!(
            "{file} holds request {id}, which is {}: add --again for a new one, which is paid for again",
            status(at)
        )),
        _ if same => Ok(Earlier::Open(asked)),
        _ => refuse(format_args!(
            "{file} holds request {id}, with another input, fee or account, which is {}: name another file with --output",
            status(at)
        )),
    }
}

/// Refuses a new request in the place of one whose end a reorganisation could still undo: then both would be open, and both paid for.
fn check_final(node: &Node, market: &Market, asked: &Asked, at: Status, path: &Path) -> Outcome {
    let event = match at {
        Status::Settled => RequestSettled::SIGNATURE_HASH,
        Status::Refunded => RequestRefunded::SIGNATURE_HASH,
        _ => RequestSlashed::SIGNATURE_HASH,
    };
    let (file, id, at) = (path.display(), asked.id, status(at));
    let doing = format!("{file} holds request {id}, which is {at}, and the node does not say since which block");
    let happened = events::happened(node, market, asked, event).on_chain(&doing)?;
    let last = node.final_block().on_chain("cannot ask which blocks are final")?;
    match happened.last() {
        Some(end) if end.block <= last => Ok(()),
        Some(end) => refuse(format_args!(
            "{file} holds request {id}, which is {at} since block {}, and blocks are final up to {last}: a reorganisation could open it again, and \
             both would be paid for. Run the same command later, or name another file with --output",
            end.block
        )),
        None => refuse(format_args!("{doing}: name another file with --output")),
    }
}

/// Whether these are terms that `assay request` writes, whatever the input, the fee and the times.
fn is_written_here(request: &Request) -> bool {
    let ids = (request.client, request.nonce, request.modelId, request.inputDigest);
    let like = Request::proved(ids, request.feeCeiling, request.rampStart.to(), request.deadline.to());
    *request == Request { feeFloor: request.feeFloor, rampEnd: request.rampEnd, loss: request.loss, ..like }
}
