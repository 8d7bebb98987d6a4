//! `assay propose`: a verifier, before the router that says which code may judge. For the router's owner.

use assay_contracts::interface::VerifierRouter;
use assay_contracts::interface::VerifierRouter::VerifierRouterErrors as RouterErrors;
use assay_contracts::market::hash;
use assay_contracts::network::address_of;
use assay_contracts::{Address, B256, ContractsError, Market, Network as _, Node, Revert, SolCall as _, U256};
use serde::Serialize;

use super::date::iso;
use super::trust::market_at;
use super::verifier::Verifier;
use super::{OnChain as _, Session, when};
use crate::cli::ProposeArgs;
use crate::failure::{Outcome, refuse};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Proposed {
    verifier: Address,
    class: B256,
    /// `proposed` or `admitted`.
    status: &'static str,
    /// From when it may judge, in Unix seconds and as a date; null once it may.
    admissible_at: Option<u64>,
    admissible_date: Option<String>,
}

/// How a verifier stands with a router.
pub(super) enum Standing {
    /// It judges.
    Admitted,
    /// It may be admitted from a Unix time on, in seconds.
    Proposed(u64),
    /// Nobody has proposed it.
    Unknown,
}

pub(crate) fn run(args: &ProposeArgs, terminal: Terminal) -> Outcome {
    let verifier = args.verifier;
    let session = Session::open(&args.chain)?;
    session.say(&args.chain, terminal);
    let Session { mut node, account } = session;
    let (market, _) = market_at(&mut node, &args.chain.node, args.market, None)?;
    let code = node.code(verifier).on_chain("cannot read the verifier's code")?;
    if code.is_empty() {
        return refuse(format_args!(
            "there is no contract at {verifier} on chain {}: name the verifier's address, which `assay register` says",
            market.chain
        ));
    }
    let class = hash(&code);
    terminal.say(format_args!("verifier {verifier} is of class {class}"));
    let (mut standing, now) = stands(&mut node, &market, verifier, class)?;
    if matches!(standing, Standing::Unknown) {
        check_code(args, verifier, class)?;
        propose(&mut node, &market, account, verifier)?;
        standing = stands(&mut node, &market, verifier, class)?.0;
    }
    if matches!(standing, Standing::Proposed(earliest) if now >= earliest) {
        admit(&mut node, &market, account, verifier, terminal)?;
        standing = Standing::Admitted;
    }
    let admissible_at = match standing {
        Standing::Proposed(earliest) => Some(earliest),
        Standing::Admitted => None,
        Standing::Unknown => return refuse("the router does not know the proposal by now: run the command again"),
    };
    match admissible_at {
        Some(earliest) => {
            terminal.say(format_args!("it is proposed and may judge from {}, {}", iso(earliest), when(earliest, now)));
            terminal.say("next: run the same command again then, or `assay register`: either admits it");
        }
        None => terminal.say("the router has admitted it: it judges"),
    }
    terminal.result(&Proposed {
        verifier,
        class,
        status: if admissible_at.is_some() { "proposed" } else { "admitted" },
        admissible_at,
        admissible_date: admissible_at.map(iso),
    });
    Ok(())
}

/// Refuses code of which this program knows nothing: whoever proposes it answers for what is paid by its word. What a node says of the code at
/// another address than that where a verifier is placed is its word alone. A verifier is of no SRS; each key brings its own, and whoever
/// relies on a model compares it (`trust::check_id`, `trust::check_srs`).
fn check_code(args: &ProposeArgs, verifier: Address, class: B256) -> Outcome {
    match Verifier::of_class(class)? {
        Some(brought) if verifier == address_of(&brought.creation) => Ok(()),
        Some(brought) => refuse(format_args!(
            "a verifier with this code is at {}, where `assay register` places it: propose that one",
            address_of(&brought.creation)
        )),
        None if args.unknown_code => {
            Terminal::warn("this is no verifier that assay brings");
            Ok(())
        }
        None => refuse(
            "this is no verifier that assay brings, and a verifier decides who is paid. If you have read the code and know that it accepts valid \
             proofs alone, add --unknown-code",
        ),
    }
}

/// How a verifier stands with the router, and what time it is on the chain.
pub(super) fn stands(node: &mut Node, market: &Market, verifier: Address, class: B256) -> Outcome<(Standing, u64)> {
    let asked = "cannot ask the router";
    let now = node.time().on_chain(asked)?;
    match node.ask(market.router, &VerifierRouter::routeCall { class }) {
        Err(ContractsError::Reverted { error: Revert::Router(RouterErrors::UnknownClass(_)), .. }) => {}
        other => {
            other.on_chain("this verifier cannot be used")?;
            return Ok((Standing::Admitted, now));
        }
    }
    let earliest = node.ask(market.router, &VerifierRouter::admissibleAtCall { verifier }).on_chain(asked)?;
    let earliest = earliest.saturating_to::<u64>();
    Ok((if earliest == 0 { Standing::Unknown } else { Standing::Proposed(earliest) }, now))
}

/// The router's owner, and in words who can take that place, if anybody can.
pub(super) fn owner(node: &mut Node, market: &Market) -> Outcome<(Address, String)> {
    let office = market.in_office(node).on_chain("cannot ask the router")?;
    let pending = office.pending_owner.map(|pending| {
        format!(
            " (the place is offered to {pending}, which takes it by `acceptOwnership` of the router, {})",
            market.router
        )
    });
    Ok((office.owner, pending.unwrap_or_default()))
}

/// Proposes a verifier, as the router's owner.
pub(super) fn propose(node: &mut Node, market: &Market, account: Address, verifier: Address) -> Outcome {
    let call = VerifierRouter::proposeCall { verifier };
    let (owner, pending) = owner(node, market)?;
    if owner != account {
        return refuse(format_args!(
            "the router's owner is {owner}{pending}, who alone proposes verifiers, and your account is {account}: use the owner's key. An owner that is \
             a contract calls the router, {}, with data 0x{}",
            market.router,
            hex::encode(call.abi_encode())
        ));
    }
    node.transact(account, market.router, U256::ZERO, &call).map(|_| ()).on_chain("cannot propose the verifier")
}

/// Admits a proposed verifier whose time has come.
pub(super) fn admit(
    node: &mut Node,
    market: &Market,
    account: Address,
    verifier: Address,
    terminal: Terminal,
) -> Outcome {
    node.transact(account, market.router, U256::ZERO, &VerifierRouter::admitCall { verifier })
        .on_chain("cannot admit the verifier")?;
    terminal.say(format_args!("the router has admitted verifier {verifier}"));
    Ok(())
}
