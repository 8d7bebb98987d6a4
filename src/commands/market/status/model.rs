//! Who has what of a model's fees, and what judges it: the SRS of its key, the key itself, the verifier.

use assay_contracts::market::hash;
use assay_contracts::{Market, Model, Network as _, Node};
use assay_verifier::VerifyingKey;

use crate::ceremony::SrsVerdict;
use crate::commands::market::records::{Record, Told};
use crate::commands::market::terms::{self, Terms};
use crate::commands::market::{OnChain as _, trust};
use crate::failure::{Classify as _, Outcome};
use crate::files::ModelFolder;
use crate::terminal::{Terminal, Tone};

/// What is found out about a model whose proofs are judged; nothing about another.
#[derive(Default)]
pub(super) struct Known {
    pub(super) terms: Option<Terms>,
    pub(super) srs: Option<SrsVerdict>,
    pub(super) own_key: Option<bool>,
    pub(super) own_judge: Option<bool>,
}

/// Finds it out, and says it.
pub(super) fn known(
    node: &mut Node,
    market: &Market,
    (record, model): (&Record, &Model),
    told: Option<&Told>,
    folder: &ModelFolder,
    terminal: Terminal,
) -> Outcome<Known> {
    let found = terms::registered(node, market, record).map_err(Terminal::warn).ok().flatten();
    let terms = found.map(|(_, terms)| terms);
    match &terms {
        Some(terms) => terms.say(terminal),
        None => terminal.field("owner", model.owner, None),
    }
    let srs = srs(node, model, terminal)?;
    let (own_key, key) = own_key(node, market, (record, model), told, folder, terminal)?;
    let own_judge = own_judge(key.as_ref(), model, folder, terminal);
    Ok(Known { terms, srs, own_key, own_judge })
}

/// How the SRS of a registered key stands with the user, and says so; none of what is no key. A model's id vouches for the code: registration and own key are compared with it.
fn srs(node: &mut Node, model: &Model, terminal: Terminal) -> Outcome<Option<SrsVerdict>> {
    let code = node.code(model.key).on_chain("cannot read the key")?;
    let srs = assay_solidity::srs_of(&code).filter(|_| hash(&code) == model.keyHash);
    let Some(srs) = srs else {
        Terminal::warn(format_args!("the contract at {}, which should be the model's key, names no SRS", model.key));
        return Ok(None);
    };
    let verdict = SrsVerdict::of(&srs, &[])?;
    terminal.field("SRS", verdict.line(), Some(("insecure", Tone::Caution)));
    verdict.warn();
    Ok(Some(verdict))
}

/// Whether a model is the one of the key in its folder, whatever the node says of it; none where there is no key. And the key, if it is.
fn own_key(
    node: &mut Node,
    market: &Market,
    model: (&Record, &Model),
    told: Option<&Told>,
    folder: &ModelFolder,
    terminal: Terminal,
) -> Outcome<(Option<bool>, Option<VerifyingKey>)> {
    let path = folder.file("vk");
    if !path.exists() {
        return Ok((None, None));
    }
    let key = VerifyingKey::from_bytes(&folder.read("vk", "setup")?);
    let key = key.request(format_args!("cannot read the verifying key {}", path.display()));
    match key.and_then(|key| trust::check_id(node, market, model, told, folder, &key).map(|_| key)) {
        Ok(key) => {
            terminal.say(format_args!(
                "  it is registered with the key {}, as its id proves; that it is the key of {} was not computed",
                path.display(),
                folder.model().display()
            ));
            Ok((Some(true), Some(key)))
        }
        Err(failure) => {
            Terminal::warn(failure);
            Ok((Some(false), None))
        }
    }
}

/// Whether the verifier generated for a model's key judges it, and says so; none where that verifier is not known here.
fn own_judge(key: Option<&VerifyingKey>, model: &Model, folder: &ModelFolder, terminal: Terminal) -> Option<bool> {
    let own = key.and_then(|key| trust::is_generated(folder, key, model).map_err(Terminal::warn).ok());
    match own {
        Some(true) => terminal.say("  proofs are judged, by the verifier generated for its key"),
        Some(false) => Terminal::warn(trust::other_judge(model)),
        None => terminal.say(format_args!(
            "  proofs are judged by verifier code {}; whether that is the code generated for the model's key was not compared",
            model.class
        )),
    }
    own
}
