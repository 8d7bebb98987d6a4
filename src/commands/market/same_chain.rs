//! The next command about the same chain: with what the user has said of the chain in this one.

use std::path::Path;

use assay_contracts::Parties;
use assay_contracts::node::Limits;

use crate::cli::{ChainArgs, NODE, NodeArgs, USUAL_NODE};
use crate::next::Next;

impl NodeArgs {
    /// `assay VERB MODEL` on the same chain.
    pub(super) fn next(&self, verb: &str, model: &Path) -> Next {
        let next = Next::of(verb, model);
        // What the environment names it names for the next command too.
        let usual = std::env::var(NODE).unwrap_or_else(|_| USUAL_NODE.to_owned());
        let next = if self.rpc == usual { next } else { next.arg("--rpc").arg(open(&self.rpc)) };
        let parties = |Parties { owner, guardian }: &Parties| format!("{owner},{guardian}");
        self.router_for.iter().fold(next, |next, named| next.arg("--router-for").arg(parties(named)))
    }
}

impl ChainArgs {
    /// `assay VERB MODEL` on the same chain, as the same account, within the same limits.
    pub(super) fn next(&self, verb: &str, model: &Path) -> Next {
        let (usual, limits) = (Limits::default(), self.limits());
        let (tip, cost) = (&self.max_tip, &self.max_cost);
        let next = self.node.next(verb, model);
        let next = self.chain_id.iter().fold(next, |next, id| next.arg("--chain").arg(id.to_string()));
        let next = if limits.most_tip == usual.most_tip { next } else { next.arg("--max-tip").arg(tip.to_string()) };
        let next =
            if limits.most_cost == usual.most_cost { next } else { next.arg("--max-cost").arg(cost.to_string()) };
        self.keystore.iter().fold(next, |next, path| next.arg("--keystore").file(path))
    }
}

/// A node's URL where nothing in it can be secret: neither user nor path nor query. In the place of another stands a word, with which a command that is pasted is refused.
fn open(url: &str) -> &str {
    let place = url.split_once("://").map_or("", |(_, place)| place.trim_end_matches('/'));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !place.is_empty() && place.chars().all(is_plain) { url } else { "URL" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_where_nothing_in_it_can_be_secret() {
        for url in ["http://127.0.0.1:8545", "https://node.example/", "http://[::1]:8545"] {
            assert_eq!(open(url), url);
        }
        let secret =
            ["https://node.example/v3/key", "https://user:key@node.example", "https://node.example?key", "key"];
        for url in secret {
            assert_eq!(open(url), "URL");
        }
    }
}
