//! `assay claim`: what is yours, paid out.

use assay_contracts::{Address, Market, Network as _, Node, Status, U256};
use serde::Serialize;

use super::records::{self, Asked, Record};
use super::trust::market_of;
use super::{Bond, OnChain as _, Session, bond, shown, when};
use crate::cli::ClaimArgs;
use crate::failure::{Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Claimed {
    account: Address,
    refunded: bool,
    share_wei: String,
    /// Of the bond, what was taken now: it is part of what is withdrawn.
    left_wei: String,
    withdrawn_wei: String,
    /// The bond that stays.
    #[serde(flatten)]
    bond: Bond,
}

pub(crate) fn run(args: &ClaimArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let record = records::registered(&folder)?;
    let path = records::request_path(&folder, args.request.as_deref());
    let asked = records::request(&path)?;
    if args.request.is_some() && asked.is_none() {
        return refuse(format_args!("{} does not exist", path.display()));
    }
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, record.chain, record.market)?;
    let refunded = match asked {
        Some(asked) => match asked.check(&market, &record) {
            Ok(()) => refund(&mut node, &market, &record, &asked, account, terminal)?,
            Err(failure) if args.request.is_some() => return Err(failure),
            Err(failure) => {
                Terminal::warn(format_args!("{} is left alone: {failure}", path.display()));
                false
            }
        },
        None => false,
    };
    let share = market.claimable(&mut node, record.model_id, account).on_chain("cannot ask for your share")?;
    if !share.is_zero() {
        market.claim(&mut node, account, record.model_id, account).on_chain("cannot claim your share")?;
        terminal.say(format_args!("your share of the model's fees: {}", shown(share)));
    }
    let left = leave(&mut node, &market, account, args.leave, terminal)?;
    let credit = market.credit(&mut node, account).on_chain("cannot ask for your credit")?;
    if credit.is_zero() {
        terminal.say(format_args!("the market owes {account} nothing now"));
    } else {
        market.withdraw(&mut node, account).on_chain("cannot withdraw your credit")?;
        terminal.say(format_args!("paid out: {}", shown(credit)));
    }
    let bond = bond(&mut node, &market, account, terminal)?;
    if bond.is_free() {
        terminal.say("next: assay claim --leave gives the ten days' notice that a bond takes to come back");
    }
    terminal.result(&Claimed {
        account,
        refunded,
        share_wei: share.to_string(),
        left_wei: left.to_string(),
        withdrawn_wei: credit.to_string(),
        bond,
    });
    Ok(())
}

/// Ends a request of this account that nobody answered in time, or that nobody can answer any more.
fn refund(
    node: &mut Node,
    market: &Market,
    record: &Record,
    asked: &Asked,
    account: Address,
    terminal: Terminal,
) -> Outcome<bool> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    if !matches!(job.status, Status::Open | Status::Locked) {
        return Ok(false);
    }
    let client = asked.request.client;
    if client != account {
        terminal.say(format_args!("request {} is {client}'s, who alone claims it here", asked.id));
        return Ok(false);
    }
    let dead = market.dead(node, record.model_id).on_chain("cannot ask for the model")?;
    let (now, deadline) = (node.time().on_chain("cannot ask for the time")?, asked.request.deadline.to::<u64>());
    if !dead && now <= deadline {
        terminal.say(format_args!(
            "request {} is still to be answered: its deadline is {}",
            asked.id,
            when(deadline, now)
        ));
        return Ok(false);
    }
    market.refund(node, account, &asked.request).on_chain("cannot take the escrow back")?;
    let why = if dead { "nobody can prove it any more" } else { "nobody answered in time" };
    terminal.say(format_args!("{why}: {} go back to you", shown(U256::from(asked.request.feeCeiling))));
    Ok(true)
}

/// Takes the part of a bond whose notice is over, and gives notice of the rest when that is asked for and no notice is running: giving one would
/// begin the running one's time again. Returns what was taken.
fn leave(node: &mut Node, market: &Market, account: Address, notice: bool, terminal: Terminal) -> Outcome<U256> {
    let bond = market.bond(node, account).on_chain("cannot ask for your bond")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    if bond.leaving != 0 && now < bond.leavesAt.to::<u64>() {
        return Ok(U256::ZERO);
    }
    let mut left = U256::ZERO;
    if bond.leaving != 0 {
        left = market.leave(node, account).on_chain("cannot take your bond")?;
        terminal.say(format_args!("the notice is over: {} of your bond come back", shown(left)));
    }
    if notice && bond.free != 0 {
        market.give_notice(node, account, bond.free).on_chain("cannot give notice")?;
        terminal.say(format_args!("notice is given of {}", shown(U256::from(bond.free))));
    } else if notice && bond.leaving == 0 {
        terminal.say("you have no free bond: what a lock reserves is free again when its request ends");
    }
    Ok(left)
}
