//! The end of a request that is due, whoever calls for it: what it moves is then credited.

use assay_contracts::interface::InferenceMarket;
use assay_contracts::{Address, Job, Market, Network as _, Node, Status, Tier, U256};

use super::amounts::amount;
use super::dust::Costs;
use super::events::settlement;
use super::kept::Kept;
use super::records::Asked;
use super::risk::of_end;
use super::{OnChain as _, prover_share, when};
use crate::failure::Outcome;
use crate::files::ModelFolder;
use crate::terminal::Terminal;

/// How a request was ended now, if it was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    /// Its escrow went back to the client.
    pub(super) refunded: bool,
    /// Its answer, which nobody disputed, was paid.
    pub(super) settled: bool,
    /// What it would give this account if it were ended, and what the gas of that would cost, in wei, where that is more: then it is left alone.
    pub(super) dust: (U256, U256),
}

/// Ends a request from which this account then has something, as its client or its prover: one that nobody answered in time, or that nobody can answer any more, one whose answer nobody
/// disputed, and, for the client, one whose proof was due and did not come. Of one that is paid for, removes the proof that is not needed any more.
pub(super) fn ended(
    node: &mut Node,
    market: &Market,
    asked: &Asked,
    account: Address,
    (folder, costs): (&ModelFolder, &Costs),
    terminal: Terminal,
) -> Outcome<Ended> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let kept = Kept::of(folder, market, asked.id, account);
    if job.status == Status::Settled && kept.exists() {
        match settlement(node, market, asked) {
            Ok(settled) => drop(kept.release(node, settled.block, terminal)?),
            Err(failure) => Terminal::warn(format_args!("{kept} is kept: {failure}")),
        }
    }
    if !matches!(job.status, Status::Open | Status::Locked | Status::Answered | Status::Proving) {
        return Ok(Ended::default());
    }
    let client = asked.request.client;
    let is_client = client == account;
    if !is_client && job.prover != account {
        terminal.say(format_args!("request {} is {client}'s: its client and its prover claim it here", asked.id));
        return Ok(Ended::default());
    }
    let dead = market.dead(node, asked.request.modelId).on_chain("cannot ask for the model")?;
    let (now, due) = (node.time().on_chain("cannot ask for the time")?, job.time.to::<u64>());
    let deadline = asked.request.deadline.to::<u64>();
    let why = match job.status {
        _ if dead => "nobody can prove it any more",
        Status::Answered => return settle(node, market, asked, &job, (account, costs), terminal),
        // Its prover loses the whole bond, whoever calls.
        Status::Proving if now > due && is_client => {
            if let Some(dust) = too_little(asked, of_end(&asked.request, &job, account, dead), costs, terminal) {
                return Ok(dust);
            }
            let call = InferenceMarket::slashUnprovedCall { r: asked.request.clone() };
            node.transact(account, market.address, U256::ZERO, &call).on_chain("cannot end the request")?;
            return Ok(returned("the proof was due and did not come", asked, account, terminal));
        }
        Status::Proving => return Ok(waits(asked, "proved: that is due", (due, now), terminal)),
        _ if now > deadline => "nobody answered in time",
        _ => return Ok(waits(asked, "answered: its deadline is", (deadline, now), terminal)),
    };
    if let Some(dust) = too_little(asked, of_end(&asked.request, &job, account, dead), costs, terminal) {
        return Ok(dust);
    }
    market.refund(node, account, &asked.request).on_chain("cannot take the escrow back")?;
    let ended = returned(why, asked, account, terminal);
    if job.prover == account {
        let bond = amount(U256::from(job.bond), asked.request.token);
        let kept = if dead { "is free again" } else { "was reserved: what is not lost of it is free again" };
        terminal.say(format_args!("your bond of {bond} {kept}"));
    }
    Ok(ended)
}

/// Says what a request still waits for, and until when.
fn waits(asked: &Asked, what: &str, (until, now): (u64, u64), terminal: Terminal) -> Ended {
    terminal.say(format_args!("request {} is still to be {what} {}", asked.id, when(until, now)));
    Ended::default()
}

/// Says that ending a request gives this account nothing, or less than the gas costs, if that is so.
fn too_little(asked: &Asked, gain: U256, costs: &Costs, terminal: Terminal) -> Option<Ended> {
    let Asked { request, .. } = asked;
    let cost = costs.exceed(gain, request.token)?;
    if gain.is_zero() {
        terminal.say(format_args!(
            "request {} is not ended: that brings you nothing. --at-a-loss ends it all the same",
            asked.id
        ));
        return Some(Ended::default());
    }
    terminal.say(format_args!(
        "request {} is not ended: that brings {} at most",
        asked.id,
        amount(gain, request.token)
    ));
    Some(Ended { dust: (gain, cost), ..Ended::default() })
}

/// Says that the escrow goes back.
fn returned(why: &str, asked: &Asked, account: Address, terminal: Terminal) -> Ended {
    let Asked { request, .. } = asked;
    let escrow = amount(U256::from(request.feeCeiling), request.token);
    let client = if request.client == account { "you".to_owned() } else { format!("its client, {}", request.client) };
    terminal.say(format_args!("{why}: {escrow} go back to {client}"));
    Ended { refunded: true, ..Ended::default() }
}

/// Settles an answer whose window is over: its prover is paid and has its bond free again, and what the fee leaves of the escrow is the client's.
fn settle(
    node: &mut Node,
    market: &Market,
    asked: &Asked,
    job: &Job,
    (account, costs): (Address, &Costs),
    terminal: Terminal,
) -> Outcome<Ended> {
    let (now, end) = (node.time().on_chain("cannot ask for the time")?, job.time.to::<u64>());
    if now <= end {
        terminal.say(format_args!("request {} has an answer, whose window ends {}", asked.id, when(end, now)));
        return Ok(Ended::default());
    }
    if asked.request.tier == Tier::Sampled && !job.drawn {
        terminal.say(format_args!(
            "request {} has an answer that was not drawn yet: anybody calls `draw` of the market",
            asked.id
        ));
        return Ok(Ended::default());
    }
    let (request, price) = (&asked.request, U256::from(job.price));
    let mut gain = U256::ZERO;
    if request.client == account {
        gain = U256::from(request.feeCeiling).saturating_sub(price);
    }
    if job.prover == account {
        let (model, _) = market.model(node, request.modelId).on_chain("cannot ask for the model")?;
        gain = gain.saturating_add(prover_share(&model, price)).saturating_add(U256::from(job.bond));
    }
    if let Some(dust) = too_little(asked, gain, costs, terminal) {
        return Ok(dust);
    }
    let call = InferenceMarket::settleCall { r: asked.request.clone() };
    node.transact(account, market.address, U256::ZERO, &call).on_chain("cannot settle the request")?;
    terminal.say(format_args!("nobody disputed the answer of {}: it is paid, without a proof", job.prover));
    Ok(Ended { settled: true, ..Ended::default() })
}
