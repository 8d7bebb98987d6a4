//! `assay status`: how a registration, a request and an account stand. Sends nothing and needs no key.

mod account;
mod model;
mod request;

use assay_contracts::{Address, B256, ContractsError, InOffice, Market, Model, Node, Revert};
use serde::Serialize;

use self::account::{AccountState, account_state};
use self::model::{Known, known};
use self::request::{RequestState, request_state};
use super::OnChain as _;
use super::records::{self, Record};
use super::terms::Terms;
use super::trust::{self, market_of};
use crate::ceremony::SrsVerdict;
use crate::cli::StatusArgs;
use crate::failure::Outcome;
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct State {
    chain: u64,
    market: Address,
    model_id: B256,
    /// Whether proofs of the model are judged: its key and its verifier's class are what was registered, and not tombstoned.
    judged: bool,
    retired: bool,
    /// Whether the model's id proves that it is registered with the key in the folder; null where there is no key.
    own_key: Option<bool>,
    /// Whether the verifier generated for that key judges the model; null where nothing says what is generated for it.
    own_judge: Option<bool>,
    /// How the SRS stands that the registered key names; null where proofs are not judged.
    srs: Option<SrsVerdict>,
    /// Who proposes verifiers to the market's router, and who may end one's class, as it is now.
    router: InOffice,
    /// Who has what of every fee; unknown when the node keeps no events of the registration.
    terms: Option<Terms>,
    request: Option<RequestState>,
    account: Option<AccountState>,
    next: Option<Next>,
}

pub(crate) fn run(args: &StatusArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let (record, asked) = records::place(&folder, args.request.as_deref(), "status", &args.node)?;
    let mut node = Node::connect(&args.node.rpc, None).on_chain("cannot use the node")?;
    let (market, _) = market_of(&mut node, &args.node, &folder, &record)?;
    let model = model_of(&mut node, &market, &record, terminal)?;
    let known = match &model {
        Ok(model) => {
            let told = asked.as_ref().and_then(|asked| asked.model.as_ref());
            known(&mut node, &market, (&record, model), told, &folder, terminal)?
        }
        Err(_) => Known::default(),
    };
    let router = trust::say_router(&mut node, &market, terminal)?;
    let again = |verb: &str| {
        let next = args.node.next(verb, folder.model());
        args.request.iter().fold(next, |next, path| next.arg("--request").file(path))
    };
    let request = match asked {
        Some(asked) => {
            asked.check(&market)?;
            Some(request_state(&mut node, &market, &asked, &again, terminal)?)
        }
        None => None,
    };
    let account = match args.account {
        Some(account) => Some(account_state(&mut node, &market, record.model_id, account, request.as_ref(), terminal)?),
        None => None,
    };
    terminal.result(&State {
        chain: market.chain,
        market: market.address,
        model_id: record.model_id,
        judged: model.is_ok(),
        retired: model.is_ok_and(|model| model.retired),
        own_key: known.own_key,
        own_judge: known.own_judge,
        srs: known.srs,
        router,
        terms: known.terms,
        next: request.as_ref().and_then(|request| request.next.clone()),
        request,
        account,
    });
    Ok(())
}

/// The model, or why proofs of it are not judged; says which.
fn model_of(node: &mut Node, market: &Market, record: &Record, terminal: Terminal) -> Outcome<Result<Model, Revert>> {
    let model = match market.model(node, record.model_id) {
        Ok((model, _)) => Ok(model),
        Err(ContractsError::Reverted { error, .. }) => Err(error),
        Err(failure) => return Err(failure).on_chain("cannot ask for the model"),
    };
    terminal.say(format_args!("model {} on market {}, chain {}", record.model_id, market.address, market.chain));
    match &model {
        Ok(model) if model.retired => terminal.say("  retired: takes no new requests"),
        Ok(_) => {}
        Err(error) => terminal.say(format_args!("  proofs are not judged: {error}")),
    }
    Ok(model)
}
