//! `assay status`: how a registration, a request and an account stand. Sends nothing and needs no key.

use assay_contracts::revert::status;
use assay_contracts::{Address, B256, ContractsError, Market, Network as _, Node, Status, U256};
use serde::Serialize;

use super::records::{self, Asked};
use super::trust::market_of;
use super::{Bond, OnChain as _, bond, settlement, shown, when};
use crate::cli::StatusArgs;
use crate::failure::{Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct State {
    chain: u64,
    market: Address,
    model_id: B256,
    /// Whether proofs of the model are judged: its key and its verifier's class are what was registered, and not tombstoned.
    judged: bool,
    retired: bool,
    request: Option<RequestState>,
    account: Option<AccountState>,
}

#[derive(Serialize)]
struct RequestState {
    id: B256,
    status: &'static str,
    /// What was paid, or is paid now; unknown when the node keeps no events of the settlement.
    price_wei: Option<String>,
    deadline: u64,
    prover: Option<Address>,
    exclusive_until: Option<u64>,
    paid_to: Option<Address>,
}

#[derive(Serialize)]
struct AccountState {
    account: Address,
    credit_wei: String,
    claimable_wei: String,
    #[serde(flatten)]
    bond: Bond,
}

pub(crate) fn run(args: &StatusArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let record = records::registered(&folder)?;
    let mut node = Node::connect(&args.node.rpc, None).on_chain("cannot use the node")?;
    let market = market_of(&mut node, record.chain, record.market)?;
    let model = match market.model(&mut node, record.model_id) {
        Ok((model, _)) => Ok(model),
        Err(ContractsError::Reverted { error, .. }) => Err(error),
        Err(failure) => return Err(failure).on_chain("cannot ask for the model"),
    };
    terminal.say(format_args!("model {} on market {}, chain {}", record.model_id, market.address, market.chain));
    match &model {
        Ok(model) if model.retired => terminal.say("  retired: takes no new requests"),
        Ok(_) => terminal.say("  proofs are judged"),
        Err(error) => terminal.say(format_args!("  proofs are not judged: {error}")),
    }
    let path = records::request_path(&folder, args.request.as_deref());
    let request = match records::request(&path)? {
        Some(asked) => {
            asked.check(&market, &record)?;
            Some(request_state(&mut node, &market, &asked, terminal)?)
        }
        None if args.request.is_some() => return refuse(format_args!("{} does not exist", path.display())),
        None => None,
    };
    let account = match args.account {
        Some(account) => Some(account_state(&mut node, &market, record.model_id, account, terminal)?),
        None => None,
    };
    terminal.result(&State {
        chain: market.chain,
        market: market.address,
        model_id: record.model_id,
        judged: model.is_ok(),
        retired: model.is_ok_and(|model| model.retired),
        request,
        account,
    });
    Ok(())
}

fn request_state(node: &mut Node, market: &Market, asked: &Asked, terminal: Terminal) -> Outcome<RequestState> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let deadline = asked.request.deadline.to::<u64>();
    let settled = match job.status {
        Status::Settled => settlement(node, market, asked).map_err(Terminal::warn).ok(),
        _ => None,
    };
    let price = match job.status {
        Status::Settled => settled.map(|(_, price)| price),
        Status::None | Status::Open => Some(U256::from(asked.request.price_at(now))),
        _ => Some(U256::from(job.price)),
    };
    terminal.say(format_args!("request {}: {}", asked.id, status(job.status)));
    let shown_price = price.map_or_else(|| "unknown".to_owned(), shown);
    terminal.say(format_args!("  price {shown_price}, deadline {}", when(deadline, now)));
    let locked = job.status == Status::Locked;
    let exclusive_until = locked.then(|| job.time.to::<u64>());
    if let Some(until) = exclusive_until {
        terminal.say(format_args!("  {} has locked it; anybody's turn {}", job.prover, when(until, now)));
    }
    if let Some((payee, _)) = settled {
        terminal.say(format_args!("  proved by {payee}"));
    }
    if matches!(job.status, Status::Open | Status::Locked) {
        if now > deadline {
            terminal.say("  nobody answered in time: `assay claim` takes the escrow back");
        } else if market.dead(node, asked.request.modelId).on_chain("cannot ask for the model")? {
            terminal.say("  nobody can prove it any more: `assay claim` takes the escrow back");
        }
    }
    Ok(RequestState {
        id: asked.id,
        status: status(job.status),
        price_wei: price.map(|price| price.to_string()),
        deadline,
        prover: (!job.prover.is_zero()).then_some(job.prover),
        exclusive_until,
        paid_to: settled.map(|(payee, _)| payee),
    })
}

fn account_state(
    node: &mut Node,
    market: &Market,
    model: B256,
    account: Address,
    terminal: Terminal,
) -> Outcome<AccountState> {
    let credit = market.credit(node, account).on_chain("cannot ask for the credit")?;
    let claimable = market.claimable(node, model, account).on_chain("cannot ask for the share")?;
    terminal.say(format_args!("account {account}: credit {}, share to claim {}", shown(credit), shown(claimable)));
    let bond = bond(node, market, account, terminal)?;
    Ok(AccountState { account, credit_wei: credit.to_string(), claimable_wei: claimable.to_string(), bond })
}
