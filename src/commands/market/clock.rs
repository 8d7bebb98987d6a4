//! What time it is on a chain, as far as a node is believed.

use std::time::{SystemTime, UNIX_EPOCH};

use assay_contracts::node::is_development;
use assay_contracts::{Network as _, Node};

use super::OnChain as _;
use crate::failure::{Classify as _, Outcome, refuse};

/// Most seconds between the clock of a chain and that of this machine: blocks come every few, and clocks are set.
const CLOCKS: u64 = 600;

/// Unix time of the chain's latest block, by which fees, deadlines and locks are counted.
///
/// # Errors
/// A time that is far from this machine's.
pub(super) fn time(node: &mut Node) -> Outcome<u64> {
    let now = node.time().on_chain("cannot ask for the time")?;
    let machine = SystemTime::now().duration_since(UNIX_EPOCH).machine("the machine's clock is before 1970")?;
    check(node.chain_id(), now, machine.as_secs())?;
    Ok(now)
}

/// Refuses a chain whose clock is far from this machine's. A development chain's clock is moved by hand.
fn check(chain: u64, chain_time: u64, machine_time: u64) -> Outcome {
    if is_development(chain) || chain_time.abs_diff(machine_time) <= CLOCKS {
        return Ok(());
    }
    refuse(format_args!(
        "the chain's latest block is of Unix time {chain_time}, this machine's clock says {machine_time}: the node is behind or wrong, or the \
         clock is. Fees, deadlines and locks would follow from it: set the clock, or name another node with --rpc"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_whose_clock_is_far_from_the_machines_is_refused() {
        let now = 1_800_000_000;
        for wrong in [now - 3_600, now + 3_600, 0, u64::MAX] {
            assert!(check(1, wrong, now).is_err(), "{wrong}");
            assert!(check(31_337, wrong, now).is_ok(), "a development chain's clock is moved by hand");
        }
        assert!(check(1, now - 60, now).is_ok() && check(1, now + 60, now).is_ok());
    }
}
