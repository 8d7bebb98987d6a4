//! How a request stands: its price, its times, the bond behind it, and who can end it.

use assay_contracts::revert::status;
use assay_contracts::{Address, B256, Job, Market, Network as _, Node, Request, Status, Tier, U256};
use serde::Serialize;

use crate::commands::market::amounts::{self, amount};
use crate::commands::market::events::{Settlement, settlement};
use crate::commands::market::records::Asked;
use crate::commands::market::risk::{Pay, Risk};
use crate::commands::market::{OnChain as _, when};
use crate::failure::Outcome;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
pub(super) struct RequestState {
    id: B256,
    status: &'static str,
    /// Of the amounts; zero is ether.
    pub(super) token: Address,
    /// What was paid, or is paid now; none of a request that was never opened, unknown when the node keeps no events of the settlement.
    price_wei: Option<String>,
    price_units: Option<String>,
    deadline: u64,
    /// Whether the client can have the escrow back now.
    refundable: bool,
    /// What a missing or wrong answer costs the client, as the client says.
    loss_wei: Option<String>,
    loss_units: Option<String>,
    /// What a lock or an answer reserves of a prover's bond.
    pub(super) bond_wei: Option<String>,
    pub(super) bond_units: Option<String>,
    /// Of the bond, what a locker loses at most when another prover delivers, and when nobody does.
    lost_if_rescued_wei: Option<String>,
    lost_if_absent_wei: Option<String>,
    pub(super) prover: Option<Address>,
    exclusive_until: Option<u64>,
    /// When the proof of a disputed answer is due.
    proof_due: Option<u64>,
    paid_to: Option<Address>,
    #[serde(skip)]
    pub(super) reserves: bool,
    #[serde(skip)]
    pub(super) next: Option<Next>,
}

/// Another verb about the same request.
pub(super) type Again<'a> = dyn Fn(&str) -> Next + 'a;

/// How a request stands, and says so.
pub(super) fn request_state(
    node: &mut Node,
    market: &Market,
    asked: &Asked,
    again: &Again<'_>,
    terminal: Terminal,
) -> Outcome<RequestState> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let (request, token) = (&asked.request, asked.request.token);
    let settled = match job.status {
        Status::Settled => settlement(node, market, asked).map_err(Terminal::warn).ok(),
        _ => None,
    };
    let price = price(request, &job, settled.as_ref(), now);
    say_price(asked, &job, price, now, terminal);
    let dead = is_live(&job) && market.dead(node, request.modelId).on_chain("cannot ask for the model")?;
    let bond = say_bond(asked, &job, dead, terminal);
    let (exclusive_until, proof_due) = say_times(&job, now, terminal);
    if let Some(settled) = settled {
        terminal.say(format_args!("  paid to {}", settled.payee));
    }
    let due = due(asked, &job, dead, now);
    let refundable = due.is_some_and(|(_, refundable)| refundable);
    let next = match due {
        Some((why, _)) => {
            terminal.say(format_args!("  {why}"));
            Some(again("claim"))
        }
        None => settled.filter(|_| job.proved).map(|_| again("proof")),
    };
    if let Some(next) = &next {
        terminal.next(next);
    }
    let (wei, units) = (|n: U256| amounts::wei(n, token), |n: U256| amounts::units(n, token));
    let (bond, risk) = (bond.map(|(bond, _)| bond), bond.and_then(|(_, risk)| risk));
    Ok(RequestState {
        id: asked.id,
        status: status(job.status),
        token,
        price_wei: price.and_then(wei),
        price_units: price.and_then(units),
        deadline: request.deadline.to(),
        refundable,
        loss_wei: wei(U256::from(request.loss)),
        loss_units: units(U256::from(request.loss)),
        bond_wei: bond.and_then(wei),
        bond_units: bond.and_then(units),
        lost_if_rescued_wei: risk.and_then(|risk| wei(risk.rescued)),
        lost_if_absent_wei: risk.and_then(|risk| wei(risk.absent)),
        reserves: matches!(job.status, Status::Locked | Status::Answered | Status::Proving),
        prover: (!job.prover.is_zero()).then_some(job.prover),
        exclusive_until,
        proof_due,
        paid_to: settled.map(|settled| settled.payee),
        next,
    })
}

/// What was paid for a request, or is paid now.
fn price(request: &Request, job: &Job, settled: Option<&Settlement>, now: u64) -> Option<U256> {
    match job.status {
        Status::Settled => settled.map(|settled| settled.price),
        Status::None => None,
        Status::Open => Some(U256::from(request.price_at(now))),
        Status::Locked => Some(Pay::of(request, job, job.prover, now).fee),
        _ => Some(U256::from(job.price)),
    }
}

/// Says how a request stands, what it costs, and to what that still rises.
fn say_price(asked: &Asked, job: &Job, price: Option<U256>, now: u64, terminal: Terminal) {
    let (request, token) = (&asked.request, asked.request.token);
    terminal.say(format_args!("request {}: {}", asked.id, status(job.status)));
    if job.status == Status::None {
        terminal.say("  it was never opened: nothing is in escrow, and nothing is paid for it");
    } else {
        let shown_price = price.map_or_else(|| "unknown".to_owned(), |price| amount(price, token));
        terminal.say(format_args!("  price {shown_price}, deadline {}", when(request.deadline.to(), now)));
    }
    let rise = request.rampEnd.to::<u64>();
    if job.status == Status::Open && request.price_at(now) < request.feeCeiling {
        let ceiling = amount(U256::from(request.feeCeiling), token);
        terminal.say(format_args!("  the price rises, to {ceiling} {}", when(rise, now)));
    }
}

/// Until when a lock excludes others, and when the proof of a disputed answer is due; says so.
fn say_times(job: &Job, now: u64, terminal: Terminal) -> (Option<u64>, Option<u64>) {
    let exclusive_until = (job.status == Status::Locked).then(|| job.time.to::<u64>());
    if let Some(until) = exclusive_until {
        terminal.say(format_args!("  {} has locked it; anybody's turn {}", job.prover, when(until, now)));
    }
    let proof_due = (job.status == Status::Proving).then(|| job.time.to::<u64>());
    if let Some(due) = proof_due {
        terminal.say(format_args!("  the proof of {} is due {}", job.prover, when(due, now)));
    }
    (exclusive_until, proof_due)
}

/// Whether a request has not ended.
fn is_live(job: &Job) -> bool {
    matches!(job.status, Status::Open | Status::Locked | Status::Answered | Status::Proving)
}

/// Why `assay claim` ends a request now, where it does, and whether the escrow then goes back to the client. A live request that nobody can prove any more is `dead`.
fn due(asked: &Asked, job: &Job, dead: bool, now: u64) -> Option<(&'static str, bool)> {
    let over = now > job.time.to::<u64>();
    let late = now > asked.request.deadline.to::<u64>();
    match job.status {
        Status::Open if dead => {
            Some(("nobody can prove it any more: `assay claim` gives the client the escrow back", true))
        }
        _ if dead => Some((
            "nobody can prove it any more: `assay claim` of its client or its prover gives both their own back",
            true,
        )),
        Status::Open if late => Some(("its deadline passed: `assay claim` gives the client the escrow back", true)),
        Status::Locked if late => Some((
            "its deadline passed: `assay claim` of its client or its locker gives the client the escrow back, and the locker what it does not lose",
            true,
        )),
        Status::Proving if over => {
            Some(("its proof did not come: `assay claim` gives the client the escrow back", true))
        }
        Status::Answered if over && (asked.request.tier != Tier::Sampled || job.drawn) => {
            let why = "nobody disputed its answer: `assay claim` of its prover, or of its client if the fee leaves some of the escrow, has it paid";
            Some((why, false))
        }
        _ => None,
    }
}

/// The bond behind a live request, or of its lock to come, and what a locker can lose; says so, with the client's loss. Of a request that is `dead` nobody locks, and nobody loses, anything.
fn say_bond(asked: &Asked, job: &Job, dead: bool, terminal: Terminal) -> Option<(U256, Option<Risk>)> {
    let request = &asked.request;
    let shown = |units: U256| amount(units, request.token);
    if dead {
        let bond = U256::from(job.bond);
        if job.status == Status::Open {
            return None;
        }
        terminal.say(format_args!("  the prover's bond {}, of which nothing can be lost any more", shown(bond)));
        return Some((bond, None));
    }
    let (bond, risk) = match job.status {
        Status::Open if request.tier == Tier::Proved => {
            let risk = Risk::of_lock(request);
            (risk.bond, Some(risk))
        }
        Status::Locked => (U256::from(job.bond), Some(Risk::of_job(request, job))),
        Status::Answered | Status::Proving => (U256::from(job.bond), None),
        _ => return None,
    };
    terminal.say(format_args!(
        "  the client's loss {}, the prover's bond {}",
        shown(U256::from(request.loss)),
        shown(bond)
    ));
    if let Some(risk) = &risk {
        terminal.say(format_args!(
            "  a locker loses up to {} when another prover delivers, {} when nobody does",
            shown(risk.rescued),
            shown(risk.absent)
        ));
    }
    Some((bond, risk))
}
