//! `assay status`: how a registration, a request and an account stand. Sends nothing and needs no key.

use assay_contracts::revert::status;
use assay_contracts::{Address, B256, Market, Network as _, Node, Status, U256};
use serde::Serialize;

use super::records::{self, Asked};
use super::{OnChain as _, market_of, settlement, shown, when};
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
    price_wei: String,
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
}

pub(crate) fn run(args: &StatusArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let record = records::registered(&folder)?;
    let mut node = Node::connect(&args.rpc, None).on_chain("cannot use the node")?;
    let market = market_of(&mut node, &record)?;
    let model = market.model(&mut node, record.model_id);
    terminal.say(format_args!("model {} on market {}, chain {}", record.model_id, market.address, market.chain));
    match &model {
        Ok((model, _)) if model.retired => terminal.say("  retired: takes no new requests"),
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
        retired: model.is_ok_and(|(model, _)| model.retired),
        request,
        account,
    });
    Ok(())
}

fn request_state(node: &mut Node, market: &Market, asked: &Asked, terminal: Terminal) -> Outcome<RequestState> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let deadline = asked.request.deadline.to::<u64>();
    let settled = if job.status == Status::Settled { settlement(node, market, asked) } else { None };
    let price = match (settled, job.status) {
        (Some((_, price)), _) => price,
        (None, Status::None | Status::Open) => U256::from(asked.request.price_at(now)),
        _ => U256::from(job.price),
    };
    terminal.say(format_args!("request {}: {}", asked.id, status(job.status)));
    terminal.say(format_args!("  price {}, deadline {}", shown(price), when(deadline, now)));
    let locked = job.status == Status::Locked;
    let exclusive_until = locked.then(|| job.time.to::<u64>());
    if let Some(until) = exclusive_until {
        terminal.say(format_args!("  {} has locked it; anybody's turn {}", job.prover, when(until, now)));
    }
    if let Some((payee, _)) = settled {
        terminal.say(format_args!("  proved by {payee}"));
    }
    if matches!(job.status, Status::Open | Status::Locked) && now > deadline {
        terminal.say("  nobody answered in time: `assay claim` takes the escrow back");
    }
    Ok(RequestState {
        id: asked.id,
        status: status(job.status),
        price_wei: price.to_string(),
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
    Ok(AccountState { account, credit_wei: credit.to_string(), claimable_wei: claimable.to_string() })
}
