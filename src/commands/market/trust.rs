//! Whom the market's verbs trust: the contracts that this program brings, the verifier generated for a model, an SRS whose secret nobody published.
//!
//! Files and flags name a market; none of it is asked for anything, or paid, that was not looked at here first.

use std::fmt::Display;

use assay_contracts::market::hash;
use assay_contracts::node::is_development;
use assay_contracts::{Address, Market, Model, Network as _, Node};
use assay_verifier::{SrsPoint, VerifyingKey};

use super::records::{self, Record};
use super::{OnChain as _, terms, verifier};
use crate::ceremony::SrsVerdict;
use crate::cli::NodeArgs;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;

/// The market at an address that a file names for a chain: one that this program would deploy.
pub(super) fn market_of(node: &mut Node, args: &NodeArgs, chain: u64, address: Address) -> Outcome<Market> {
    if node.chain_id() != chain {
        return refuse(format_args!(
            "the market is on chain {chain}, the node's is {}: name the right node with --rpc",
            node.chain_id()
        ));
    }
    market_at(node, args, address)
}

/// The market at an address on the node's chain: one that this program would deploy.
pub(super) fn market_at(node: &mut Node, args: &NodeArgs, address: Address) -> Outcome<Market> {
    Market::genuine(node, address, args.router_for).on_chain("cannot use the market")
}

/// Refuses a model whose id is not the hash of this key, of the verifier generated for it, and of what its owner registered: whatever a node says of the record and of the code at its
/// key, the registry has this and nothing else under that id. What was registered is read from `registration.json`, or from the chain's events; wherever it comes from, the id proves it.
pub(super) fn check_id(
    node: &mut Node,
    market: &Market,
    record: &Record,
    folder: &ModelFolder,
    key: &VerifyingKey,
) -> Outcome {
    let told = match records::told(folder)? {
        Some(told) => Some(told),
        None => terms::registered(node, market, record)?.map(|(registration, terms)| (terms.owner, registration)),
    };
    let Some((owner, registration)) = told else {
        return refuse(format_args!(
            "the node has no event of the model's registration, and {} does not hold it: get that file from the model's owner again",
            folder.file("registration.json").display()
        ));
    };
    let code = assay_solidity::key_code(key).request("cannot make the key's code")?;
    let class = verifier::compiled(folder, key)?.class;
    if registration.class == class && registration.id(owner, hash(&code)) == record.model_id {
        return Ok(());
    }
    refuse(format_args!(
        "model {} is not registered with the key in {} and the verifier generated for it: nothing is paid for it",
        record.model_id,
        folder.file("").display()
    ))
}

/// Refuses a model that another verifier judges than the one generated for its key: it may accept what is no proof, or refuse what is one.
pub(super) fn check_judge(folder: &ModelFolder, key: &VerifyingKey, model: &Model) -> Outcome {
    let class = verifier::compiled(folder, key)?.class;
    if class == model.class {
        return Ok(());
    }
    refuse(format_args!(
        "the model is judged by verifier code {}, which is not the code generated for its shape ({class}): it may accept what is no proof, \
         and refuse what is one. Use a model that is registered with the generated verifier",
        model.class
    ))
}

/// Refuses an SRS whose secret is published, except on a chain for trying things out; warns of one that the user did not name.
pub(super) fn check_srs(srs: &SrsPoint, chain: u64) -> Outcome {
    let verdict = SrsVerdict::of(srs, &[])?;
    if verdict.insecure() && !is_development(chain) {
        return insecure("the keys are", chain);
    }
    verdict.warn();
    Ok(())
}

/// The refusal of an SRS whose secret is published: `what` is of it.
pub(super) fn insecure<T>(what: impl Display, chain: u64) -> Outcome<T> {
    refuse(format_args!(
        "{what} of an SRS whose secret is published: everybody can forge proofs, and chain {chain} is no development chain. Import a \
         ceremony's powers with `assay srs import FILE`, and make the keys again with `assay setup`"
    ))
}
