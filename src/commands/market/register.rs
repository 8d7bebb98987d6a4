//! `assay register`: a model with its key and its shape's verifier, on the market's registry.

mod admission;
mod shares;

use assay_contracts::interface::ModelRegistry;
use assay_contracts::market::hash;
use assay_contracts::network::{address_of, creation_of_data};
use assay_contracts::{
    Address, B256, ContractsError, Market, Model, Network as _, Node, Parties, Registration, Revert, U256,
};
use serde::Serialize;

use self::admission::admit;
use self::shares::{is_silent, kept_or_asked, nothing_to_keep, shares};
use super::records::{self, Record};
use super::terms::{self, Terms};
use super::trust::{self, market_at};
use super::verifier::Verifier;
use super::{OnChain as _, Session, model_file, words_of};
use crate::cli::RegisterArgs;
use crate::comparison;
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Registered {
    #[serde(flatten)]
    record: Record,
    class: B256,
    key: Address,
    #[serde(flatten)]
    terms: Terms,
    new: bool,
    /// Whether it takes no requests any more.
    retired: bool,
    registration: String,
    model: String,
    next: Next,
}

pub(crate) fn run(args: &RegisterArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let model = compiled::read(&folder)?;
    let key = model.verifying_key(&folder)?;
    comparison::with_model(&folder, &model, &key, None, terminal)?;
    let labels = model_file::labels(&folder, &model.graph)?;
    let verifier = Verifier::of(&folder, &key)?;
    let before = records::registration(&folder)?;
    let address = market_named(args, before.as_ref())?;
    let code = assay_solidity::key_code(&key).request("cannot make the key's code")?;
    // All terms before any money: a refusal of the registry would come after verifier and key are paid for.
    let asked = Registration {
        graphDigest: model.digest.into(),
        keyDigest: key.digest().into(),
        class: verifier.class,
        ..shares(args, words_of(&model.graph)?)?
    };
    let session = Session::open(&args.chain)?;
    session.say(&args.chain, terminal);
    let Session { mut node, account } = session;
    let (market, made_for) = market_at(&mut node, &args.chain.node, address, Some(&folder))?;
    if args.market.is_none() {
        // A file named the market: whoever wrote it may own the router that says which verifiers judge.
        terminal.say(format_args!("market {address}, as {} names it", folder.file("registration.json").display()));
        trust::say_router(&mut node, &market, terminal)?;
    }
    let entry = Entry::of(account, code);
    let kept = kept(&mut node, &market, before, &entry, &asked, args, &folder)?;
    let keeps = kept.is_some();
    let (terms, uri) = kept_or_asked(args, asked, kept, account, &folder)?;
    trust::check_srs(key.srs(), market.chain)?;
    admit(&mut node, &market, account, &verifier, args.skip_delay, terminal)?;

    let registration = Registration { key: entry.key, ..terms };
    let placed = placed(&mut node, (&market, made_for), &entry, (&registration, &uri), keeps, &folder, terminal)?;
    let record = &placed.record;
    let path = records::write_registration(&folder, record, account, &registration)?;
    let described = model_file::write(&folder, record, &model.graph, &key, verifier.class, labels)?;
    placed.say(terminal);
    terminal.say(format_args!("wrote {}: whoever asks the model needs it", path.display()));
    terminal.say(format_args!("wrote {}: programs ask the model by it, in real numbers", described.display()));
    let next = next(args, &folder, placed.retired, terminal);
    terminal.next(&next);
    terminal.result(&Registered {
        record: placed.record,
        class: verifier.class,
        key: entry.key,
        terms: placed.terms,
        new: placed.new,
        retired: placed.retired,
        registration: path.display().to_string(),
        model: described.display().to_string(),
        next,
    });
    Ok(())
}

/// The market that the user names, or else the registration of before.
fn market_named(args: &RegisterArgs, before: Option<&Record>) -> Outcome<Address> {
    match (args.market, before) {
        (Some(market), _) => Ok(market),
        (None, Some(record)) => Ok(record.market),
        (None, None) => refuse("which market? name it with --market ADDRESS; `assay deploy` makes one"),
    }
}

/// A key to register, and who registers it.
struct Entry {
    account: Address,
    code: Vec<u8>,
    /// Where the key is, or will be: its address follows from its code.
    key: Address,
}

impl Entry {
    fn of(account: Address, code: Vec<u8>) -> Self {
        Self { account, key: address_of(&creation_of_data(&code)), code }
    }

    /// The id of the model with these terms.
    fn id(&self, terms: &Registration) -> B256 {
        Registration { key: self.key, ..terms.clone() }.id(self.account, hash(&self.code))
    }
}

/// What the account has registered before of the very same model, key and verifier, if it is still there.
fn kept(
    node: &mut Node,
    market: &Market,
    before: Option<Record>,
    entry: &Entry,
    asked: &Registration,
    args: &RegisterArgs,
    folder: &ModelFolder,
) -> Outcome<Option<(Registration, Terms)>> {
    let here = before.filter(|record| (record.chain, record.market) == (market.chain, market.address) && !args.again);
    let Some(record) = here else { return Ok(None) };
    // Of another model, or with other keys, in the same folder: nothing of before is about them.
    let same = |of: &Registration| {
        (of.graphDigest, of.keyDigest, of.class) == (asked.graphDigest, asked.keyDigest, asked.class)
    };
    let kept = terms::registered(node, market, &record)?;
    let kept = kept.filter(|(registered, terms)| terms.owner == entry.account && same(registered));
    let Some((registered, terms)) = kept else { return Ok(None) };
    if registered_as(node, market, entry.id(&registered))?.is_some() {
        return Ok(Some((registered, terms)));
    }
    if is_silent(args) { nothing_to_keep(&terms, folder) } else { Ok(None) }
}

/// The model in the registry: registered now, or before.
struct Placed {
    record: Record,
    terms: Terms,
    new: bool,
    retired: bool,
}

impl Placed {
    /// Says which it is, and the terms that are there already.
    fn say(&self, terminal: Terminal) {
        let model_id = self.record.model_id;
        if self.new {
            terminal.say(format_args!("model {model_id}"));
        } else {
            terminal.say(format_args!("model {model_id}, registered already"));
            self.terms.say(terminal);
        }
    }
}

/// Registers the model with its terms, unless it is there already. Refuses terms that were to be kept, and are not there.
fn placed(
    node: &mut Node,
    (market, made_for): (&Market, Parties),
    entry: &Entry,
    (registration, uri): (&Registration, &str),
    keeps: bool,
    folder: &ModelFolder,
    terminal: Terminal,
) -> Outcome<Placed> {
    let model_id = entry.id(registration);
    let record = Record { chain: market.chain, market: market.address, model_id, router: Some(made_for) };
    let found = registered_as(node, market, model_id)?;
    let (new, retired) = (found.is_none(), found.is_some_and(|model| model.retired));
    let mut terms = Terms::of(entry.account, registration, uri);
    if new {
        // A node that has said that there is something to keep, and now says that there is not.
        if keeps {
            return nothing_to_keep(&terms, folder);
        }
        send(node, market, entry, registration, &terms, terminal)?;
    } else if let Some((_, found)) = terms::registered(node, market, &record).map_err(Terminal::warn).ok().flatten() {
        terms = found;
    }
    Ok(Placed { record, terms, new, retired })
}

/// Says the terms, and registers the model with them.
fn send(
    node: &mut Node,
    market: &Market,
    entry: &Entry,
    registration: &Registration,
    terms: &Terms,
    terminal: Terminal,
) -> Outcome {
    terminal.say("the model's terms, for good:");
    terms.say(terminal);
    // One transaction: the key goes with it.
    let (key, r, uri) = (creation_of_data(&entry.code).into(), registration.clone(), terms.uri.clone());
    let call = ModelRegistry::registerWithKeyCall { key, r, uri };
    terminal
        .step("register the model and its key", None, || {
            node.transact(entry.account, market.registry, U256::ZERO, &call)
        })
        .on_chain("cannot register the model")?;
    Ok(())
}

/// What the owner does with the model then: a client asks it, unless it takes no requests any more.
fn next(args: &RegisterArgs, folder: &ModelFolder, retired: bool, terminal: Terminal) -> Next {
    if !retired {
        return args.chain.next("request", folder.model()).arg("--input").arg("input.json").arg("--fee").arg("0.01");
    }
    terminal.say(
        "it is retired, for good: it takes no new requests. With other shares it is another model, which takes some (--again, with another --owner-share)",
    );
    args.chain.node.next("status", folder.model())
}

/// The model that is registered under an id, if one is.
fn registered_as(node: &mut Node, market: &Market, model: B256) -> Outcome<Option<Model>> {
    match market.model(node, model) {
        Ok((model, _)) => Ok(Some(model)),
        Err(ContractsError::Reverted {
            error: Revert::Registry(ModelRegistry::ModelRegistryErrors::UnknownModel(_)),
            ..
        }) => Ok(None),
        Err(other) => Err(other).on_chain("cannot ask for the model"),
    }
}
