//! `assay claim`: what is yours, paid out.

use assay_contracts::interface::InferenceMarket;
use assay_contracts::market::ETHER;
use assay_contracts::{Address, B256, Market, Network as _, Node, Status, U256};
use serde::Serialize;

use super::amounts::{self, amount};
use super::dust::{Costs, Due, Dust};
use super::ending::{Ended, ended};
use super::records::{self, Asked};
use super::trust::market_of;
use super::{Bond, OnChain as _, Session, bond, when};
use crate::cli::ClaimArgs;
use crate::failure::{Failure, Outcome};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Claimed {
    account: Address,
    refunded: bool,
    /// Whether an answer that nobody disputed was settled now.
    settled: bool,
    share_wei: String,
    /// Of the bond, what was taken now: it is part of what is withdrawn.
    left_wei: String,
    withdrawn_wei: String,
    /// What stays with the market because its gas costs more, and what that would cost.
    dust_wei: String,
    dust_gas_wei: String,
    /// Takes that out all the same; null where there is none.
    next: Option<Next>,
    /// The same in the request's token, where that is not ether.
    token: Option<InToken>,
    /// The bond that stays.
    #[serde(flatten)]
    bond: Bond,
    /// Of the bond, what the request at hand reserves; null where it reserves none, or none in ether.
    bond_reserved_wei: Option<String>,
    bond_reserved_units: Option<String>,
}

/// Amounts in a token's smallest units.
#[derive(Serialize)]
struct InToken {
    token: Address,
    share_units: String,
    left_units: String,
    withdrawn_units: String,
    bond_units: String,
    bond_leaving_units: String,
}

pub(crate) fn run(args: &ClaimArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let (record, asked) = records::place(&folder, args.request.as_deref(), "claim", &args.chain.node)
        .map_err(|failure| Failure { next: failure.next.map(|next| with_request(args).unwrap_or(next)), ..failure })?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let (market, _) = market_of(&mut node, &args.chain.node, &folder, &record)?;
    let asked = of_market(asked, &market, args, &folder)?;
    let costs = Costs::of(&node, args.at_a_loss)?;
    let Ended { refunded, settled, dust: unended } = match &asked {
        Some(asked) => ended(&mut node, &market, asked, account, (&folder, &costs), terminal)?,
        None => Ended::default(),
    };
    let Taken { share, left, credit, dust } =
        in_ether(&mut node, &market, (record.model_id, account), args, (&costs, unended), terminal)?;
    say_other_token(asked.as_ref(), args, terminal);
    let of = (record.model_id, account);
    let token = args.token.map(|token| in_token(&mut node, &market, of, (token, args.leave), terminal)).transpose()?;
    let leaves = can_leave(&mut node, &market, account, args.token, terminal)?;
    let bond = bond(&mut node, &market, account, ETHER, terminal)?;
    let reserved = match &asked {
        Some(asked) => reserved(&mut node, &market, asked, account, terminal)?,
        None => None,
    };
    dust.say(terminal);
    let next = say_next(&dust, leaves, args, &folder, terminal);
    terminal.result(&Claimed {
        account,
        refunded,
        settled,
        share_wei: share.to_string(),
        left_wei: left.to_string(),
        withdrawn_wei: credit.to_string(),
        dust_wei: dust.wei.to_string(),
        dust_gas_wei: dust.gas_wei.to_string(),
        next,
        token,
        bond,
        bond_reserved_wei: reserved.and_then(|(units, token)| amounts::wei(units, token)),
        bond_reserved_units: reserved.and_then(|(units, token)| amounts::units(units, token)),
    });
    Ok(())
}

/// The request at hand, if it is the market's. One that the user did not name and that is not, is left alone.
fn of_market(asked: Option<Asked>, market: &Market, args: &ClaimArgs, folder: &ModelFolder) -> Outcome<Option<Asked>> {
    match asked.map(|asked| asked.check(market).map(|()| asked)) {
        Some(Err(failure)) if args.request.is_some() => Err(failure),
        Some(Err(failure)) => {
            let path = records::request_path(folder, None);
            Terminal::warn(format_args!("{} is left alone: {failure}", path.display()));
            Ok(None)
        }
        Some(Ok(asked)) => Ok(Some(asked)),
        None => Ok(None),
    }
}

/// Says that the request pays in a token that the user has not named.
fn say_other_token(asked: Option<&Asked>, args: &ClaimArgs, terminal: Terminal) {
    let paid_in = asked.map(|asked| asked.request.token).filter(|token| *token != ETHER && args.token != Some(*token));
    if let Some(token) = paid_in {
        // A file from somebody else can name any contract.
        terminal.say(format_args!(
            "the request pays in token {token}, which is left alone: with --token {token} what is yours in it is taken out too"
        ));
    }
}

/// Says what takes out the dust, which is returned, and what a bond.
fn say_next(dust: &Dust, leaves: bool, args: &ClaimArgs, folder: &ModelFolder, terminal: Terminal) -> Option<Next> {
    let again = args.chain.next("claim", folder.model());
    let again = args.request.iter().fold(again, |next, path| next.arg("--request").file(path));
    let again = options(again, args);
    let next = (!dust.wei.is_zero()).then(|| again.clone().arg("--at-a-loss"));
    if let Some(next) = &next {
        terminal.next(next);
    }
    if leaves {
        terminal.say("the bond comes back ten days after a notice, which this gives:");
        terminal.next(&if args.leave { again } else { again.arg("--leave") });
    }
    next
}

/// What was taken of an account's ether, and what stays.
struct Taken {
    share: U256,
    left: U256,
    credit: U256,
    dust: Dust,
}

/// Takes out what is an account's in ether, but for what is not worth its gas, to which belongs what a request that was not ended would give.
fn in_ether(
    node: &mut Node,
    market: &Market,
    (model, account): (B256, Address),
    args: &ClaimArgs,
    (costs, unended): (&Costs, (U256, U256)),
    terminal: Terminal,
) -> Outcome<Taken> {
    let due = Due::of(node, market, model, account)?;
    let dust = costs.dust(&due);
    let share = if dust.share { U256::ZERO } else { earned(node, market, model, ETHER, account, terminal)? };
    let left = leave(node, market, (ETHER, !dust.leaving), account, args.leave, terminal)?;
    let credit = if dust.all { U256::ZERO } else { withdraw(node, market, ETHER, account, terminal)? };
    let dust = if dust.leaving && Due::of(node, market, model, account)?.leaving.is_zero() {
        // Notice was given of it anew: no gas takes it out now.
        costs.dust(&Due { leaving: U256::ZERO, ..due })
    } else {
        dust
    };
    Ok(Taken { share, left, credit, dust: dust.and(unended) })
}

/// Takes out what is an account's in a token that the user has named.
fn in_token(
    node: &mut Node,
    market: &Market,
    (model, account): (B256, Address),
    (token, notice): (Address, bool),
    terminal: Terminal,
) -> Outcome<InToken> {
    let earned = earned(node, market, model, token, account, terminal)?;
    let left = leave(node, market, (token, true), account, notice, terminal)?;
    let credit = withdraw(node, market, token, account, terminal)?;
    let bond = bond(node, market, account, token, terminal)?;
    Ok(InToken {
        token,
        share_units: earned.to_string(),
        left_units: left.to_string(),
        withdrawn_units: credit.to_string(),
        bond_units: bond.free,
        bond_leaving_units: bond.leaving,
    })
}

/// The same command with the file that a client sends, where it lies in the working directory.
fn with_request(args: &ClaimArgs) -> Option<Next> {
    let file = records::client_file()?;
    Some(options(args.chain.next("claim", ModelFolder::of(&args.model).model()).arg("--request").arg(file), args))
}

/// What the user has said beside the chain and the request.
fn options(next: Next, args: &ClaimArgs) -> Next {
    let next = args.token.iter().fold(next, |next, token| next.arg("--token").arg(token.to_string()));
    let next = if args.leave { next.arg("--leave") } else { next };
    if args.at_a_loss { next.arg("--at-a-loss") } else { next }
}

/// Credits what this account has earned of the model's fees in a token; returns how much that is.
fn earned(
    node: &mut Node,
    market: &Market,
    model: B256,
    token: Address,
    account: Address,
    terminal: Terminal,
) -> Outcome<U256> {
    let asking = "cannot ask for your share";
    let all = InferenceMarket::earnedOfCall { modelId: model, token, account };
    let claimed = InferenceMarket::claimedOfCall { modelId: model, token, account };
    let all = node.ask(market.address, &all).on_chain(asking)?;
    let share = all.saturating_sub(node.ask(market.address, &claimed).on_chain(asking)?);
    if !share.is_zero() {
        let call = InferenceMarket::claimCall { modelId: model, token, account };
        node.transact(account, market.address, U256::ZERO, &call).on_chain("cannot claim your share")?;
        terminal.say(format_args!("your share of the model's fees: {}", amount(share, token)));
    }
    Ok(share)
}

/// Pays out this account's credit in a token; returns how much that is.
fn withdraw(node: &mut Node, market: &Market, token: Address, account: Address, terminal: Terminal) -> Outcome<U256> {
    let credit = node.ask(market.address, &InferenceMarket::creditOfCall { account, token });
    let credit = credit.on_chain("cannot ask for your credit")?;
    if credit.is_zero() {
        let what = if token == ETHER { String::new() } else { format!(" in token {token}") };
        terminal.say(format_args!("the market owes {account} nothing{what} now"));
        return Ok(credit);
    }
    let call = InferenceMarket::withdrawCall { token, to: account };
    node.transact(account, market.address, U256::ZERO, &call).on_chain("cannot withdraw your credit")?;
    terminal.say(format_args!("paid out: {}", amount(credit, token)));
    Ok(credit)
}

/// What the request at hand reserves of this account's bond, and the token that it is in; says so.
fn reserved(
    node: &mut Node,
    market: &Market,
    asked: &Asked,
    account: Address,
    terminal: Terminal,
) -> Outcome<Option<(U256, Address)>> {
    let job = market.job(node, asked.id).on_chain("cannot ask for the request")?;
    let reserves = matches!(job.status, Status::Locked | Status::Answered | Status::Proving) && job.prover == account;
    let reserved = reserves.then(|| (U256::from(job.bond), asked.request.token));
    if let Some((units, token)) = reserved {
        terminal
            .say(format_args!("bond reserved by this request: {}, free again when it ends well", amount(units, token)));
    }
    Ok(reserved)
}

/// Whether notice can be given of the free part of a bond, in ether or a token that the user has named; says when, where a running notice comes first.
fn can_leave(
    node: &mut Node,
    market: &Market,
    account: Address,
    token: Option<Address>,
    terminal: Terminal,
) -> Outcome<bool> {
    let now = node.time().on_chain("cannot ask for the time")?;
    let mut can = false;
    for token in std::iter::once(ETHER).chain(token) {
        let bond = market.bond(node, account, token).on_chain("cannot ask for your bond")?;
        let over = bond.leavesAt.to::<u64>();
        let runs = bond.leaving != 0 && now < over;
        if bond.free != 0 && runs {
            terminal.say(format_args!(
                "a notice is running: --leave gives notice of your bond of {} when that is over, {}",
                amount(U256::from(bond.free), token),
                when(over, now)
            ));
        }
        can |= bond.free != 0 && !runs;
    }
    Ok(can)
}

/// Takes the part of a bond in a token whose notice is over, and gives notice of the rest when that is asked for and no notice is running: giving one would
/// begin the running one's time again. What is over and not worth taking yet is part of a new notice, which would make it free bond otherwise. Returns what was taken.
fn leave(
    node: &mut Node,
    market: &Market,
    (token, takes): (Address, bool),
    account: Address,
    notice: bool,
    terminal: Terminal,
) -> Outcome<U256> {
    let bond = market.bond(node, account, token).on_chain("cannot ask for your bond")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    if bond.leaving != 0 && now < bond.leavesAt.to::<u64>() {
        return Ok(U256::ZERO);
    }
    let mut left = U256::ZERO;
    if bond.leaving != 0 && takes {
        left = market.leave(node, account, token).on_chain("cannot take your bond")?;
        terminal.say(format_args!("the notice is over: {} of your bond come back", amount(left, token)));
    }
    if notice && bond.free != 0 {
        let stays = if left.is_zero() { bond.leaving } else { 0 };
        let all = bond.free.saturating_add(stays);
        market.give_notice(node, account, token, all).on_chain("cannot give notice")?;
        terminal.say(format_args!("notice is given of {}", amount(U256::from(all), token)));
    } else if notice && bond.leaving == 0 && token == ETHER {
        terminal.say("you have no free bond: what a lock reserves is free again when its request ends");
    }
    Ok(left)
}
