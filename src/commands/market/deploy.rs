//! `assay deploy`: the market's contracts on a chain.

use assay_contracts::{Address, Market};
use serde::Serialize;

use super::{OnChain as _, Session};
use crate::cli::DeployArgs;
use crate::failure::Outcome;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Deployed {
    chain: u64,
    market: Address,
    registry: Address,
    router: Address,
    owner: Address,
    guardian: Address,
    next: Next,
}

pub(crate) fn run(args: &DeployArgs, terminal: Terminal) -> Outcome {
    let Session { mut node, account } = Session::open(&args.chain)?;
    let (owner, guardian) = (args.owner.unwrap_or(account), args.guardian.unwrap_or(account));
    let (market, _) = terminal
        .step("deploy the market", None, || Market::deploy_for(&mut node, account, owner, guardian))
        .on_chain("cannot deploy the market")?;
    let Market { chain, address, registry, router } = market;
    terminal.say(format_args!("market {address}, registry {registry}, router {router} on chain {chain}"));
    terminal.say(format_args!("{owner} proposes verifiers to the router, {guardian} guards it"));
    let next = Next::assay("register MODEL.onnx --market").arg(address.to_string());
    terminal.next(&next);
    terminal.result(&Deployed { chain, market: address, registry, router, owner, guardian, next });
    Ok(())
}
