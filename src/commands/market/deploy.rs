//! `assay deploy`: the market's contracts on a chain.

use assay_contracts::{Address, Market};
use serde::Serialize;

use super::{OnChain as _, Session};
use crate::cli::ChainArgs;
use crate::failure::Outcome;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Deployed {
    chain: u64,
    market: Address,
    registry: Address,
    router: Address,
    owner: Address,
}

pub(crate) fn run(args: &ChainArgs, terminal: Terminal) -> Outcome {
    let Session { mut node, account } = Session::open(args)?;
    let (market, _) = terminal
        .step("deploy the market", None, || Market::deploy(&mut node, account))
        .on_chain("cannot deploy the market")?;
    let Market { chain, address, registry, router } = market;
    terminal.say(format_args!("market {address}, registry {registry}, router {router} on chain {chain}"));
    terminal.say(format_args!("{account} proposes verifiers to the router and guards it"));
    terminal.say(format_args!("next: assay register MODEL.onnx --market {address}"));
    terminal.result(&Deployed { chain, market: address, registry, router, owner: account });
    Ok(())
}
