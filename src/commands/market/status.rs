//! `assay status`: how a registration, a request and an account stand. Sends nothing and needs no key.

mod account;
mod model;

use assay_contracts::revert::status;
use assay_contracts::{Address, B256, ContractsError, InOffice, Job, Market, Network as _, Node, Status, Tier, U256};
use serde::Serialize;

use self::account::{AccountState, account_state};
use self::model::{own_judge, own_key, srs};
use super::amounts::{self, amount};
use super::events::settlement;
use super::records::{self, Asked};
use super::risk::{Pay, Risk};
use super::terms::{self, Terms};
use super::trust::{self, market_of};
use super::{OnChain as _, when};
use crate::ceremony::SrsVerdict;
use crate::cli::StatusArgs;
use crate::failure::Outcome;
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct State {
    chain: u64,
    market: Address,
    model_id: B256,
    /// Whether proofs of the model are judged: its key and its verifier's class are what was registered, and not tombstoned.
    judged: bool,
    retired: bool,
    /// Whether the model's id proves that it is registered with the key in the folder; null where there is no key.
    own_key: Option<bool>,
    /// Whether the verifier generated for that key judges the model; null where nothing says what is generated for it.
    own_judge: Option<bool>,
    /// How the SRS stands that the registered key names; null where proofs are not judged.
    srs: Option<SrsVerdict>,
    /// Who proposes verifiers to the market's router, and who may end one's class, as it is now.
    router: InOffice,
    /// Who has what of every fee; unknown when the node keeps no events of the registration.
    terms: Option<Terms>,
    request: Option<RequestState>,
    account: Option<AccountState>,
    next: Option<Next>,
}

#[derive(Serialize)]
struct RequestState {
    id: B256,
    status: &'static str,
    /// Of the amounts; zero is ether.
    token: Address,
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
    bond_wei: Option<String>,
    bond_units: Option<String>,
    /// Of the bond, what a locker loses at most when another prover delivers, and when nobody does.
    lost_if_rescued_wei: Option<String>,
    lost_if_absent_wei: Option<String>,
    prover: Option<Address>,
    exclusive_until: Option<u64>,
    /// When the proof of a disputed answer is due.
    proof_due: Option<u64>,
    paid_to: Option<Address>,
    #[serde(skip)]
    reserves: bool,
    #[serde(skip)]
    next: Option<Next>,
}

pub(crate) fn run(args: &StatusArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let (record, asked) = records::place(&folder, args.request.as_deref(), "status", &args.node)?;
    let mut node = Node::connect(&args.node.rpc, None).on_chain("cannot use the node")?;
    let (market, _) = market_of(&mut node, &args.node, &folder, &record)?;
    let model = match market.model(&mut node, record.model_id) {
        Ok((model, _)) => Ok(model),
        Err(ContractsError::Reverted { error, .. }) => Err(error),
        Err(failure) => return Err(failure).on_chain("cannot ask for the model"),
    };
    terminal.say(format_args!("model {} on market {}, chain {}", record.model_id, market.address, market.chain));
    match &model {
        Ok(model) if model.retired => terminal.say("  retired: takes no new requests"),
        Ok(_) => {}
        Err(error) => terminal.say(format_args!("  proofs are not judged: {error}")),
    }
    let terms = match &model {
        Ok(model) => {
            let found = terms::registered(&mut node, &market, &record).map_err(Terminal::warn).ok().flatten();
            let terms = found.map(|(_, terms)| terms);
            match &terms {
                Some(terms) => terms.say(terminal),
                None => terminal.field("owner", model.owner, None),
            }
            terms
        }
        Err(_) => None,
    };
    let srs = match &model {
        Ok(model) => srs(&mut node, model, terminal)?,
        Err(_) => None,
    };
    let (own_key, own_judge) = match &model {
        Ok(model) => {
            let told = asked.as_ref().and_then(|asked| asked.model.as_ref());
            let (own, key) = own_key(&mut node, &market, (&record, model), told, &folder, terminal)?;
            (own, own_judge(key.as_ref(), model, &folder, terminal))
        }
        Err(_) => (None, None),
    };
    let router = trust::say_router(&mut node, &market, terminal)?;
    let again = |verb: &str| {
        let next = args.node.next(verb, folder.model());
        args.request.iter().fold(next, |next, path| next.arg("--request").file(path))
    };
    let request = match asked {
        Some(asked) => {
            asked.check(&market)?;
            Some(request_state(&mut node, &market, &asked, &again, terminal)?)
        }
        None => None,
    };
    let account = match args.account {
        Some(account) => Some(account_state(&mut node, &market, record.model_id, account, request.as_ref(), terminal)?),
        None => None,
    };
    terminal.result(&State {
        chain: market.chain,
        market: market.address,
        model_id: record.model_id,
        judged: model.is_ok(),
        retired: model.is_ok_and(|model| model.retired),
        own_key,
        own_judge,
        srs,
        router,
        terms,
        next: request.as_ref().and_then(|request| request.next.clone()),
        request,
        account,
    });
    Ok(())
}

/// Another verb about the same request.
type Again<'a> = dyn Fn(&str) -> Next + 'a;

fn request_state(
    node: &mut Node,
    market: &Market,
    asked: &Asked,
    again: &Again<'_>,
    terminal: Terminal,
) -> Outcome<RequestState> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let (request, token) = (&asked.request, asked.request.token);
    let deadline = request.deadline.to::<u64>();
    let settled = match job.status {
        Status::Settled => settlement(node, market, asked).map_err(Terminal::warn).ok(),
        _ => None,
    };
    let price = match job.status {
        Status::Settled => settled.map(|settled| settled.price),
        Status::None => None,
        Status::Open => Some(U256::from(request.price_at(now))),
        Status::Locked => Some(Pay::of(request, &job, job.prover, now).fee),
        _ => Some(U256::from(job.price)),
    };
    terminal.say(format_args!("request {}: {}", asked.id, status(job.status)));
    if job.status == Status::None {
        terminal.say("  it was never opened: nothing is in escrow, and nothing is paid for it");
    } else {
        let shown_price = price.map_or_else(|| "unknown".to_owned(), |price| amount(price, token));
        terminal.say(format_args!("  price {shown_price}, deadline {}", when(deadline, now)));
    }
    let rise = request.rampEnd.to::<u64>();
    if job.status == Status::Open && request.price_at(now) < request.feeCeiling {
        let ceiling = amount(U256::from(request.feeCeiling), token);
        terminal.say(format_args!("  the price rises, to {ceiling} {}", when(rise, now)));
    }
    let dead = is_live(&job) && market.dead(node, request.modelId).on_chain("cannot ask for the model")?;
    let bond = say_bond(asked, &job, dead, terminal);
    let exclusive_until = (job.status == Status::Locked).then(|| job.time.to::<u64>());
    if let Some(until) = exclusive_until {
        terminal.say(format_args!("  {} has locked it; anybody's turn {}", job.prover, when(until, now)));
    }
    let proof_due = (job.status == Status::Proving).then(|| job.time.to::<u64>());
    if let Some(due) = proof_due {
        terminal.say(format_args!("  the proof of {} is due {}", job.prover, when(due, now)));
    }
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
        deadline,
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
            Some(("nobody disputed its answer: `assay claim` of its prover or its client has it paid", false))
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
