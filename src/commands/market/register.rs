//! `assay register`: a model with its key and its shape's verifier, on the market's registry.

use assay_contracts::interface::ModelRegistry;
use assay_contracts::market::{MAX_CONTRIBUTORS, MAX_WORDS, hash};
use assay_contracts::network::{address_of, creation_of_data, place};
use assay_contracts::{Address, B256, ContractsError, Market, Model, Network as _, Node, Registration, Revert, U256};
use serde::Serialize;

use super::date::iso;
use super::propose::{self, Standing, stands};
use super::records::{self, Record};
use super::terms::{self, Terms};
use super::trust::{self, market_at};
use super::verifier::Verifier;
use super::{OnChain as _, Session, model_file, when, words_of};
use crate::cli::RegisterArgs;
use crate::comparison;
use crate::compiled;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

const ALL: u16 = 10_000;
/// Hundredths of a percent of every fee that an owner takes who names no share.
const OWNER_POINTS: u16 = 2_000;

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
    let address = match (args.market, before) {
        (Some(market), _) => market,
        (None, Some(record)) => record.market,
        (None, None) => return refuse("which market? name it with --market ADDRESS; `assay deploy` makes one"),
    };
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
    // Where the key is, or will be: its address follows from its code.
    let key_at = address_of(&creation_of_data(&code));
    let id = |terms: &Registration| Registration { key: key_at, ..terms.clone() }.id(account, hash(&code));
    let before = before.filter(|record| (record.chain, record.market) == (market.chain, market.address) && !args.again);
    let kept = before.map(|record| terms::registered(&mut node, &market, &record)).transpose()?.flatten();
    // Of another model, or with other keys, in the same folder: nothing of before is about them.
    let same = |of: &Registration| {
        (of.graphDigest, of.keyDigest, of.class) == (asked.graphDigest, asked.keyDigest, asked.class)
    };
    let mut kept = kept.filter(|(registered, terms)| terms.owner == account && same(registered));
    if let Some((registered, terms)) = &kept
        && registered_as(&mut node, &market, id(registered))?.is_none()
    {
        if is_silent(args) {
            return nothing_to_keep(terms, &folder);
        }
        kept = None;
    }
    let keeps = kept.is_some();
    let (terms, uri) = kept_or_asked(args, asked, kept, account, &folder)?;
    trust::check_srs(key.srs(), market.chain)?;
    admit(&mut node, &market, account, &verifier, args.skip_delay, terminal)?;

    let (model_id, registration) = (id(&terms), Registration { key: key_at, ..terms });
    let record = Record { chain: market.chain, market: market.address, model_id, router: Some(made_for) };
    let found = registered_as(&mut node, &market, model_id)?;
    let (new, retired) = (found.is_none(), found.is_some_and(|model| model.retired));
    let mut terms = Terms::of(account, &registration, &uri);
    if new {
        // A node that has said that there is something to keep, and now says that there is not.
        if keeps {
            return nothing_to_keep(&terms, &folder);
        }
        terminal.say("the model's terms, for good:");
        terms.say(terminal);
        // One transaction: the key goes with it.
        let (key, r, uri) = (creation_of_data(&code).into(), registration.clone(), uri.clone());
        let call = ModelRegistry::registerWithKeyCall { key, r, uri };
        terminal
            .step("register the model and its key", None, || node.transact(account, market.registry, U256::ZERO, &call))
            .on_chain("cannot register the model")?;
    } else if let Some((_, found)) =
        terms::registered(&mut node, &market, &record).map_err(Terminal::warn).ok().flatten()
    {
        terms = found;
    }
    let path = records::write_registration(&folder, &record, account, &registration)?;
    let described = model_file::write(&folder, &record, &model.graph, &key, verifier.class, labels)?;
    if new {
        terminal.say(format_args!("model {model_id}"));
    } else {
        terminal.say(format_args!("model {model_id}, registered already"));
        terms.say(terminal);
    }
    terminal.say(format_args!("wrote {}: whoever asks the model needs it", path.display()));
    terminal.say(format_args!("wrote {}: programs ask the model by it, in real numbers", described.display()));
    let next = next(args, &folder, retired, terminal);
    terminal.next(&next);
    terminal.result(&Registered {
        record,
        class: verifier.class,
        key: key_at,
        terms,
        new,
        retired,
        registration: path.display().to_string(),
        model: described.display().to_string(),
        next,
    });
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

/// The terms to register with, and the place to read about the model: those of the account's registration of before, unless others are
/// asked for, which are refused: a second registration beside the first is to be meant.
fn kept_or_asked(
    args: &RegisterArgs,
    asked: Registration,
    kept: Option<(Registration, Terms)>,
    account: Address,
    folder: &ModelFolder,
) -> Outcome<(Registration, String)> {
    let named = args.uri.clone().unwrap_or_default();
    let Some((registered, terms)) = kept else { return Ok((asked, named)) };
    let uri = args.uri.clone().unwrap_or_else(|| terms.uri.clone());
    let wanted = if is_silent(args) { terms.clone() } else { Terms::of(account, &asked, &uri) };
    if wanted.same_shares(&terms) && uri == terms.uri {
        return Ok((registered, uri));
    }
    let path = folder.file("registration.json");
    refuse(format_args!(
        "the model is registered already, with {}. Run the same command with --again to register it once more with other terms ({} is then \
         about the new registration), or without --owner-share, --contributor and --uri to keep these",
        terms.in_words(),
        path.display()
    ))
    .next(|| args.chain.next("register", folder.model()))
}

/// Whether the user leaves all shares to what was before, or is usual.
fn is_silent(args: &RegisterArgs) -> bool {
    args.owner_share.is_none() && args.contributors.is_empty()
}

/// The refusal to register with shares that nobody named here: a file of somebody else's, and a node of one mind with it, can name any.
fn nothing_to_keep<T>(terms: &Terms, folder: &ModelFolder) -> Outcome<T> {
    refuse(format_args!(
        "{} is about a registration that is not on the chain, with {}: nothing is there to keep. Name the shares yourself (--owner-share, \
         --contributor), or register with the usual ones (--again)",
        folder.file("registration.json").display(),
        terms.in_words()
    ))
}

/// Shares and words of a registration, as the registry takes them; the rest is empty.
fn shares(args: &RegisterArgs, (input, output): (usize, usize)) -> Outcome<Registration> {
    if input + output > MAX_WORDS {
        return refuse(format_args!(
            "the model takes and gives {} words of 31 bytes: a market takes {MAX_WORDS} at most",
            input + output
        ));
    }
    let (contributors, points): (Vec<_>, Vec<_>) = args.contributors.iter().copied().unzip();
    if contributors.len() > MAX_CONTRIBUTORS {
        return refuse(format_args!("{} contributors: at most {MAX_CONTRIBUTORS}", contributors.len()));
    }
    for (at, (account, points)) in args.contributors.iter().enumerate() {
        if account.is_zero() || *points == 0 {
            return refuse(format_args!("contributor {account} has nothing to do with {points} points: leave it out"));
        }
        if contributors.iter().take(at).any(|other| other == account) {
            return refuse(format_args!("contributor {account} is named twice: name it once, with all of its share"));
        }
    }
    let owner_points = args.owner_share.unwrap_or(OWNER_POINTS);
    let shared = points.iter().fold(owner_points, |sum, points| sum.saturating_add(*points));
    let Some(prover_points) = ALL.checked_sub(shared) else {
        return refuse(format_args!("the shares sum to {} %: at most 100", f64::from(shared) / 100.0));
    };
    Ok(Registration {
        inputWords: u16::try_from(input).request("the input is too large for a market")?,
        outputWords: u16::try_from(output).request("the output is too large for a market")?,
        proverPoints: prover_points,
        ownerPoints: owner_points,
        contributors,
        points,
        ..Registration::default()
    })
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

/// Makes sure that the router has admitted the verifier's class: deploys, proposes and admits what is missing, as far as time and
/// ownership allow.
fn admit(
    node: &mut Node,
    market: &Market,
    account: Address,
    brought: &Verifier,
    skip_delay: bool,
    terminal: Terminal,
) -> Outcome {
    // Where it is, or will be.
    let verifier = address_of(&brought.creation);
    if matches!(stands(node, market, verifier, brought.class)?.0, Standing::Admitted) {
        return Ok(());
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
