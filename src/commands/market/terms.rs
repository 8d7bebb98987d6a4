//! Who has what of a model's fees, as it was registered.

use assay_contracts::interface::ModelRegistry::ModelRegistered;
use assay_contracts::market::hash;
use assay_contracts::{Address, Market, Network as _, Node, Registration, SolEvent as _};
use serde::Serialize;

use super::OnChain as _;
use super::records::Record;
use crate::failure::{Classify as _, Outcome};
use crate::next::quoted;
use crate::terminal::Terminal;

/// Shares of every fee in hundredths of a percent; they sum to 10,000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Terms {
    pub(super) owner: Address,
    pub(super) owner_points: u16,
    pub(super) prover_points: u16,
    pub(super) contributors: Vec<Contributor>,
    /// Where people read about the model; empty where its owner named no place.
    pub(super) uri: String,
}

/// Somebody else's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Contributor {
    account: Address,
    points: u16,
}

impl Terms {
    /// Of a registration of `owner`.
    pub(super) fn of(owner: Address, registration: &Registration, uri: &str) -> Self {
        let shares = registration.contributors.iter().zip(&registration.points);
        Self {
            owner,
            owner_points: registration.ownerPoints,
            prover_points: registration.proverPoints,
            contributors: shares.map(|(account, points)| Contributor { account: *account, points: *points }).collect(),
            uri: uri.to_owned(),
        }
    }

    /// Whether everybody has the same share, in whatever order they are named.
    pub(super) fn same_shares(&self, other: &Self) -> bool {
        let sorted = |terms: &Self| {
            let mut shares: Vec<_> = terms.contributors.iter().map(|share| (share.account, share.points)).collect();
            shares.sort_unstable();
            shares
        };
        (self.owner, self.owner_points) == (other.owner, other.owner_points) && sorted(self) == sorted(other)
    }

    /// In one sentence, as options take them.
    pub(super) fn in_words(&self) -> String {
        let mut words = format!("--owner-share {}", percent(self.owner_points));
        for Contributor { account, points } in &self.contributors {
            words = format!("{words} --contributor {account}={}", percent(*points));
        }
        if self.uri.is_empty() { words } else { format!("{words} --uri {}", quoted(&self.uri)) }
    }

    /// Says them.
    pub(super) fn say(&self, terminal: Terminal) {
        terminal.field("owner", self.owner, None);
        terminal.field(
            "shares",
            format_args!("owner {} %, provers {} %", percent(self.owner_points), percent(self.prover_points)),
            None,
        );
        for Contributor { account, points } in &self.contributors {
            terminal.field("", format_args!("contributor {account} {} %", percent(*points)), None);
        }
        if !self.uri.is_empty() {
            // The owner's words: nothing in them moves a terminal's cursor.
            terminal.field("uri", self.uri.escape_debug(), None);
        }
    }
}

fn percent(points: u16) -> f64 {
    f64::from(points) / 100.0
}

/// What a record's model was registered with, and its terms; none where the registry has no such event. A model's id is the hash of all that and of the key's code: what a node makes up
/// is none.
///
/// # Errors
/// A node that keeps no events so far back.
pub(super) fn registered(node: &mut Node, market: &Market, record: &Record) -> Outcome<Option<(Registration, Terms)>> {
    let topics = [ModelRegistered::SIGNATURE_HASH, record.model_id];
    let doing = "the node does not say with which terms the model is registered";
    let happened = node.happened(market.registry, 0, &topics).on_chain(doing)?;
    for happened in happened {
        let event = ModelRegistered::decode_log_data(&happened.event).machine(doing)?;
        let key = node.code(event.registration.key).on_chain(doing)?;
        // The registry takes as many shares as contributors; an id that nobody registered may be of anything.
        let paired = event.registration.contributors.len() == event.registration.points.len();
        if paired && event.registration.id(event.owner, hash(&key)) == record.model_id {
            let terms = Terms::of(event.owner, &event.registration, &event.uri);
            return Ok(Some((event.registration, terms)));
        }
    }
    Ok(None)
}
