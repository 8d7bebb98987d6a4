//! `assay deploy`: the market's contracts on a chain.

use std::path::{Path, PathBuf};

use assay_contracts::{Address, InOffice, Market, Parties};
use serde::Serialize;

use super::{OnChain as _, Session, trust};
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
    /// Who has power over the router as it is now.
    #[serde(flatten)]
    office: InOffice,
    /// The first ones: they make the router's address.
    router_for: Parties,
    /// Registers the model that lies in the working directory; none where there is none, or several.
    next: Option<Next>,
}

pub(crate) fn run(args: &DeployArgs, terminal: Terminal) -> Outcome {
    let session = Session::open(&args.chain)?;
    session.say(&args.chain, terminal);
    let Session { mut node, account } = session;
    let first = Parties { owner: args.owner.unwrap_or(account), guardian: args.guardian.unwrap_or(account) };
    let (market, _) = terminal
        .step("deploy the market", None, || Market::deploy_for(&mut node, account, first.owner, first.guardian))
        .on_chain("cannot deploy the market")?;
    // It may be there since long ago, and have changed hands.
    let office = market.in_office(&mut node).on_chain("cannot ask the router")?;
    let Market { chain, address, registry, router } = market;
    terminal.say(format_args!("market {address}, registry {registry}, router {router} on chain {chain}"));
    terminal.say(format_args!("the router is made for {},{}", first.owner, first.guardian));
    terminal.say(format_args!("{} proposes verifiers to the router, {} guards it", office.owner, office.guardian));
    trust::say_pending(&office, terminal);
    let register = |model: PathBuf| args.chain.next("register", &model).arg("--market").arg(address.to_string());
    let next = only_model(Path::new(".")).map(register);
    match &next {
        Some(next) => terminal.next(next),
        None => terminal
            .say(format_args!("a model's owner registers it with `assay register MODEL.onnx --market {address}`")),
    }
    terminal.result(&Deployed { chain, market: address, registry, router, office, router_for: first, next });
    Ok(())
}

/// The ONNX file in a folder, where it is the only one.
fn only_model(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let mut models = files.filter(|file| file.extension().is_some_and(|extension| extension == "onnx"));
    models.next().filter(|_| models.next().is_none())
}
