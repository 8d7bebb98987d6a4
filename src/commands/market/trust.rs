//! Whom the market's verbs trust: the contracts that this program brings, the verifier generated for a model, an SRS whose secret nobody published.
//!
//! Files and flags name a market; none of it is asked for anything, or paid, that was not looked at here first.

use assay_contracts::market::hash;
use assay_contracts::node::is_development;
use assay_contracts::{Address, InOffice, Market, Model, Network as _, Node, Parties};
use assay_verifier::{SrsPoint, VerifyingKey};

use super::records::{self, Record, Told};
use super::verifier::Verifier;
use super::{OnChain as _, terms};
use crate::ceremony::SrsVerdict;
use crate::cli::NodeArgs;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

/// The market that a file names for a chain: one that this program would deploy. With whom its router was made for.
pub(super) fn market_of(
    node: &mut Node,
    args: &NodeArgs,
    folder: &ModelFolder,
    record: &Record,
) -> Outcome<(Market, Parties)> {
    if node.chain_id() != record.chain {
        return refuse(format_args!(
            "the market is on chain {}, the node's is {}: name the right node with --rpc",
            record.chain,
            node.chain_id()
        ));
    }
    genuine(node, args, record.market, Some(folder), record.router)
}

/// The market at an address on the node's chain: one that this program would deploy. With whom its router was made for, as the registration in a model's folder may say.
pub(super) fn market_at(
    node: &mut Node,
    args: &NodeArgs,
    address: Address,
    folder: Option<&ModelFolder>,
) -> Outcome<(Market, Parties)> {
    genuine(node, args, address, folder, None)
}

/// A market whose router was made for whom the user, a file or the registration in a model's folder names, or for its present owner and guardian: for whoever makes its address.
fn genuine(
    node: &mut Node,
    args: &NodeArgs,
    address: Address,
    folder: Option<&ModelFolder>,
    named: Option<Parties>,
) -> Outcome<(Market, Parties)> {
    // A file that cannot be read names nobody; whoever needs what else is in it says so.
    let registered = folder.and_then(|folder| records::registration(folder).ok().flatten()?.router);
    let named: Vec<Parties> = [args.router_for, named, registered].into_iter().flatten().collect();
    Market::genuine(node, address, &named).on_chain("cannot use the market")
}

/// Says who may end the verifier that judges a market's models, as it is now.
pub(super) fn say_router(node: &mut Node, market: &Market, terminal: Terminal) -> Outcome<InOffice> {
    let office = market.in_office(node).on_chain("cannot ask the router")?;
    let named = |who: Address| if who.is_zero() { "nobody".to_owned() } else { who.to_string() };
    terminal.say(format_args!(
        "router {}: owner {}, guardian {}; the owner proposes verifiers, and either may end a class of them, which gives escrows back",
        market.router,
        named(office.owner),
        named(office.guardian)
    ));
    say_pending(&office, terminal);
    Ok(office)
}

/// Says who can take the owner's place, if anybody can.
pub(super) fn say_pending(office: &InOffice, terminal: Terminal) {
    if let Some(pending) = office.pending_owner {
        terminal
            .say(format_args!("  {pending} can take the owner's place at any time: it was offered to that account"));
    }
}

/// Refuses a model whose id is not the hash of this key, `[s]_2` of its SRS included, and of what its owner registered, and a record that says anything else: whatever a node says, the registry has this and nothing
/// else under that id. What was registered is returned; it is read from `told`, from `registration.json`, or from the chain's events; wherever it comes from, the id proves it.
pub(super) fn check_id(
    node: &mut Node,
    market: &Market,
    (record, model): (&Record, &Model),
    told: Option<&Told>,
    folder: &ModelFolder,
    key: &VerifyingKey,
) -> Outcome<Told> {
    let code = hash(&assay_solidity::key_code(key).request("cannot make the key's code")?);
    let is_it = |told: &Told| told.registration.id(told.owner, code) == record.model_id;
    let in_files = [told.cloned(), records::told(folder).ok().flatten()];
    let nowhere = in_files.iter().all(Option::is_none);
    let found = match in_files.into_iter().flatten().find(is_it) {
        Some(told) => Some(told),
        None => match terms::registered(node, market, record) {
            Ok(Some((registration, terms))) => Some(Told { owner: terms.owner, registration }).filter(is_it),
            Ok(None) if nowhere => {
                return refuse(format_args!(
                    "the node has no event of the model's registration, and {} does not hold it: get that file from the model's owner again",
                    folder.file("registration.json").display()
                ));
            }
            Err(failure) if nowhere => return Err(failure),
            _ => None,
        },
    };
    let Some(found) = found else {
        return refuse(format_args!(
            "model {} is not registered with the key in {}: what that key proves is no answer of it",
            record.model_id,
            folder.file("").display()
        ));
    };
    let registration = &found.registration;
    let registered = Model {
        key: registration.key,
        inputWords: registration.inputWords,
        outputWords: registration.outputWords,
        proverPoints: registration.proverPoints,
        retired: model.retired,
        class: registration.class,
        owner: found.owner,
        keyHash: code,
    };
    if *model == registered {
        return Ok(found);
    }
    refuse(format_args!(
        "the node says of model {} what is not registered under that id: name another node with --rpc",
        record.model_id
    ))
}

/// Refuses a model that another verifier judges than the one generated for its key: it may accept what is no proof, or refuse what is one.
pub(super) fn check_judge(folder: &ModelFolder, key: &VerifyingKey, model: &Model) -> Outcome {
    if is_generated(folder, key, model)? {
        return Ok(());
    }
    refuse(format_args!("{}. Use a model that is registered with the generated verifier", other_judge(model)))
}

/// Whether the verifier generated for a key judges a model.
///
/// # Errors
/// A shape whose verifier is not known here.
pub(super) fn is_generated(folder: &ModelFolder, key: &VerifyingKey, model: &Model) -> Outcome<bool> {
    Ok(Verifier::of(folder, key)?.class == model.class)
}

/// What a model is worth that another verifier judges.
pub(super) fn other_judge(model: &Model) -> String {
    format!(
        "the model is judged by verifier code {}, which is not the code generated for its shape: it may accept what is no proof, and refuse what is one",
        model.class
    )
}

/// Refuses an SRS whose secret is published, except on a chain for trying things out; warns of one that the user did not name. No class of verifiers vouches for an SRS: it is the key's,
/// and `check_id` has shown that the registered key is this one.
pub(super) fn check_srs(srs: &SrsPoint, chain: u64) -> Outcome {
    let verdict = SrsVerdict::of(srs, &[])?;
    if verdict.insecure() && !is_development(chain) {
        return refuse(format_args!(
            "the keys are of an SRS whose secret is published: everybody can forge proofs, and chain {chain} is no development chain. Import a \
             ceremony's powers with `assay srs import FILE`, and make the keys again with `assay setup`"
        ));
    }
    verdict.warn();
    Ok(())
}
