//! The verifier of a model's shape, admitted by the market's router.

use assay_contracts::network::{address_of, place};
use assay_contracts::{Address, Market, Node};

use crate::commands::market::date::iso;
use crate::commands::market::propose::{self, Standing, stands};
use crate::commands::market::verifier::Verifier;
use crate::commands::market::{OnChain as _, when};
use crate::failure::{Outcome, refuse};
use crate::terminal::Terminal;
use crate::units;

/// Gas of a transaction that makes a contract, and of a byte of its code, sent and kept.
const CREATION_GAS: u64 = 53_000;
const BYTE_GAS: u64 = 216;

/// Makes sure that the router has admitted the verifier's class: deploys, proposes and admits what is missing, as far as time and
/// ownership allow.
pub(super) fn admit(
    node: &mut Node,
    market: &Market,
    account: Address,
    brought: &Verifier,
    skip_delay: bool,
    terminal: Terminal,
) -> Outcome {
    // Where it is, or will be.
    let verifier = address_of(&brought.creation);
    match stands(node, market, verifier, brought.class)?.0 {
        Standing::Admitted => return Ok(()),
        Standing::Unknown => warn_of_owner(node, market, account, brought)?,
        Standing::Proposed(_) => {}
    }
    let (verifier, _) = terminal
        .step("deploy the verifier", None, || place(node, account, &brought.creation))
        .on_chain("cannot deploy the verifier")?;
    if matches!(stands(node, market, verifier, brought.class)?.0, Standing::Unknown) {
        let (owner, pending) = propose::owner(node, market)?;
        if owner != account {
            return refuse(format_args!(
                "the router does not know this verifier yet. Its owner, {owner}{pending}, runs `assay propose {verifier} --market {}`; run this again \
                 seven days later",
                market.address
            ));
        }
        propose::propose(node, market, account, verifier)?;
    }
    if let (Standing::Proposed(earliest), now) = stands(node, market, verifier, brought.class)? {
        if now < earliest {
            if !skip_delay {
                return refuse(format_args!(
                    "the verifier {verifier} is proposed and may judge from {}, {}: run the same command again then",
                    iso(earliest),
                    when(earliest, now)
                ));
            }
            node.advance(earliest - now).on_chain("--skip-delay is for development chains such as anvil")?;
        }
        propose::admit(node, market, account, verifier, terminal)?;
    }
    Ok(())
}

/// Says before anything is paid that somebody else must propose the verifier, and what deploying it for him takes.
fn warn_of_owner(node: &mut Node, market: &Market, account: Address, brought: &Verifier) -> Outcome {
    let (owner, _) = propose::owner(node, market)?;
    if owner != account {
        let gas = CREATION_GAS + BYTE_GAS * brought.creation.len() as u64;
        Terminal::warn(format_args!(
            "the router does not know this model's verifier: its owner, {owner}, must propose it, or nothing can be registered. It is deployed now, \
             for him to propose, unless it is there: that takes about {} gas",
            units::count(gas)
        ));
    }
    Ok(())
}
