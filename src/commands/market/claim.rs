//! `assay claim`: what is yours, paid out.

use assay_contracts::{Address, Market, Network as _, Node, Status, U256};
use serde::Serialize;

use super::records::{self, Asked};
use super::{OnChain as _, Session, market_of, shown};
use crate::cli::ClaimArgs;
use crate::failure::{Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Claimed {
    account: Address,
    refunded: bool,
    share_wei: String,
    withdrawn_wei: String,
}

pub(crate) fn run(args: &ClaimArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let record = records::registered(&folder)?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, &record)?;
    let path = records::request_path(&folder, args.request.as_deref());
    let asked = records::request(&path)?;
    if args.request.is_some() && asked.is_none() {
        return refuse(format_args!("{} does not exist", path.display()));
    }
    let refunded = match asked {
        Some(asked) if asked.check(&market, &record).is_ok() => refund(&mut node, &market, &asked, account, terminal)?,
        _ => false,
    };
    let share = market.claimable(&mut node, record.model_id, account).on_chain("cannot ask for your share")?;
    if !share.is_zero() {
        market.claim(&mut node, account, record.model_id, account).on_chain("cannot claim your share")?;
        terminal.say(format_args!("your share of the model's fees: {}", shown(share)));
    }
    let credit = market.credit(&mut node, account).on_chain("cannot ask for your credit")?;
    if credit.is_zero() {
        terminal.say(format_args!("the market owes {account} nothing now"));
    } else {
        market.withdraw(&mut node, account).on_chain("cannot withdraw your credit")?;
        terminal.say(format_args!("paid out: {}", shown(credit)));
    }
    terminal.result(&Claimed { account, refunded, share_wei: share.to_string(), withdrawn_wei: credit.to_string() });
    Ok(())
}

/// Ends a request of this account that nobody answered in time.
fn refund(node: &mut Node, market: &Market, asked: &Asked, account: Address, terminal: Terminal) -> Outcome<bool> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let waiting = matches!(job.status, Status::Open | Status::Locked);
    if !waiting || asked.request.client != account || now <= asked.request.deadline.to::<u64>() {
        return Ok(false);
    }
    market.refund(node, account, &asked.request).on_chain("cannot take the escrow back")?;
    terminal
        .say(format_args!("nobody answered in time: {} go back to you", shown(U256::from(asked.request.feeCeiling))));
    Ok(true)
}
