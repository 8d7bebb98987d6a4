//! The verbs of the market: a model is registered, an answer asked for, proved, paid for.

mod alone;
mod amounts;
pub(crate) mod claim;
mod clock;
mod date;
pub(crate) mod deploy;
mod dust;
mod ending;
mod events;
pub(crate) mod fulfil;
mod gas;
mod kept;
mod keys;
mod model_file;
pub(crate) mod proof;
pub(crate) mod propose;
mod records;
pub(crate) mod register;
pub(crate) mod request;
mod risk;
mod same_chain;
pub(crate) mod status;
mod terms;
mod trust;
pub(crate) mod verifier;

use std::fmt::Display;

use assay_contracts::node::is_development;
use assay_contracts::{Address, ContractsError, Market, Model, Network as _, Node, U256};
use assay_models::{End, QuantizedGraph};
use assay_verifier::{Opening, VerifyingKey};
use serde::Serialize;

use self::amounts::amount;
pub(crate) use self::records::input_of_request;
use crate::cli::ChainArgs;
use crate::failure::{Advise as _, Classify as _, Failure, Kind, Outcome, refuse};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;
use crate::units::{ether as shown, when};

/// Whose turn it is after an error of the chain: the machine's where a node failed or was too slow, else the user's.
trait OnChain<T> {
    fn on_chain(self, doing: impl Display) -> Outcome<T>;
}

impl<T> OnChain<T> for Result<T, ContractsError> {
    fn on_chain(self, doing: impl Display) -> Outcome<T> {
        self.map_err(|error| {
            let kind = match error {
                ContractsError::Node { .. }
                | ContractsError::NotMined { .. }
                | ContractsError::Sent { .. }
                | ContractsError::NonceUsed { .. }
                | ContractsError::Overtaken { .. }
                | ContractsError::Failed(_) => Kind::Machine,
                _ => Kind::Request,
            };
            Failure::new(kind, anyhow::Error::new(error).context(doing.to_string()))
        })
    }
}

/// A refusal because of how a request stands ends in the command that shows it; a node that failed shows nothing.
fn or_status<T>(outcome: Outcome<T>, status: impl FnOnce() -> Next) -> Outcome<T> {
    match outcome {
        Err(failure) if failure.kind == Kind::Request => Err(failure).next(status),
        other => other,
    }
}

/// A node, and the account whose key is at hand.
struct Session {
    node: Node,
    account: Address,
}

impl Session {
    fn open(args: &ChainArgs) -> Outcome<Self> {
        let signer = keys::signer(args.keystore.as_deref())?;
        let account = signer.address();
        let node = Node::connect_within(&args.node.rpc, Some(signer), args.limits()).on_chain("cannot use the node")?;
        match args.chain_id {
            Some(meant) if meant != node.chain_id() => refuse(format_args!(
                "the node is of chain {}, and you mean chain {meant}: name the right node with --rpc. Nothing is signed",
                node.chain_id()
            )),
            _ => Ok(Self { node, account }),
        }
    }

    /// Says what is signed for, before anything is: no file pins the chain, and a node can name any.
    fn say(&self, args: &ChainArgs, terminal: Terminal) {
        terminal.say(format_args!("chain {}, as the node says; account {}", self.node.chain_id(), self.account));
        if args.chain_id.is_none() && !is_development(self.node.chain_id()) {
            terminal.say("  --chain ID refuses another chain than the one that you mean");
        }
    }
}

/// What of a price is the prover's: the sharers' part is rounded down.
fn prover_share(model: &Model, price: U256) -> U256 {
    price - price * U256::from(10_000 - model.proverPoints.min(10_000)) / U256::from(10_000)
}

/// A bond without what locks reserve of it.
#[derive(Serialize)]
struct Bond {
    /// What vouches for new locks.
    #[serde(rename = "bond_wei")]
    free: String,
    /// What notice was given of.
    #[serde(rename = "bond_leaving_wei")]
    leaving: String,
    /// When that can be taken, in Unix seconds.
    #[serde(rename = "bond_leaves_at")]
    leaves_at: Option<u64>,
}

/// An account's bond in a token; says what it is, if there is any.
fn bond(node: &mut Node, market: &Market, account: Address, token: Address, terminal: Terminal) -> Outcome<Bond> {
    let bond = market.bond(node, account, token).on_chain("cannot ask for the bond")?;
    let now = node.time().on_chain("cannot ask for the time")?;
    let leaves_at = (bond.leaving != 0).then(|| bond.leavesAt.to::<u64>());
    if bond.free != 0 {
        terminal.say(format_args!("bond: {}, beside what locks reserve", amount(U256::from(bond.free), token)));
    }
    if let Some(at) = leaves_at {
        let leaving = amount(U256::from(bond.leaving), token);
        terminal.say(format_args!(
            "notice of {leaving} is {}",
            if at > now {
                format!("running: `assay claim` pays it out {}", when(at, now))
            } else {
                "over: `assay claim` pays it out".to_owned()
            }
        ));
    }
    Ok(Bond { free: bond.free.to_string(), leaving: bond.leaving.to_string(), leaves_at })
}

/// Input and output words of a model.
fn words_of(graph: &QuantizedGraph) -> Outcome<(usize, usize)> {
    let count = |end| graph.word_count(end).request("cannot read the graph");
    Ok((count(End::Input)?, count(End::Output)?))
}

/// Refuses a model on the chain whose key or words are not those of the folder.
fn check_model(
    node: &mut Node,
    model: &Model,
    key: &VerifyingKey,
    words: (usize, usize),
    folder: &ModelFolder,
) -> Outcome {
    let registered = (usize::from(model.inputWords), usize::from(model.outputWords));
    let (file, at) = (folder.model().display(), model.key);
    if registered != words {
        return refuse(format_args!(
            "this is about another model than {file}, which takes and gives {words:?} words: the model with the key at {at} takes and gives \
             {registered:?}. Name the ONNX file that its owner registered"
        ));
    }
    let expected = assay_solidity::key_code(key).request("cannot make the key's code")?;
    let got = node.code(at).on_chain("cannot read the key")?;
    if got == expected {
        return Ok(());
    }
    let what = format!("the key on the chain, at {at}, is not the one in the folder");
    // After the first byte a key says its format, the opening with it.
    let format = |code: &[u8]| code.get(1..33).map(<[u8]>::to_vec);
    if format(&got) != format(&expected) {
        let other = if key.opening() == Opening::Shplonk { "evm" } else { "shplonk" };
        return refuse(format_args!("{what}: it was made with another --opening, if it is of {file}"))
            .next(|| Next::of("setup", folder.model()).arg("--opening").arg(other));
    }
    if got.len() != expected.len() {
        return refuse(format_args!(
            "this is about another model than {file}: {what}, and is of another size. Name the ONNX file that its owner registered"
        ));
    }
    refuse(format_args!(
        "{what}: this is about another model than {file}, or its keys were made with another SRS. `assay setup {file} --srs FILE` makes them \
         with the owner's"
    ))
}
