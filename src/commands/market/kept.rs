//! A proof that is kept from when it is made until no reorganisation can undo what it was paid: run again, a command sends the same one.

use std::fmt;
use std::path::PathBuf;

use assay_contracts::{Address, B256, Market, Node};
use assay_verifier::{Instances, Proof, ProofFile, Verifier, VerifyingKey};

use super::OnChain as _;
use crate::failure::{Classify as _, Outcome};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;

/// Where the proof of a request that pays one account lies: named by its context, which is the request's and the payee's own, and below 2^248.
pub(super) struct Kept(PathBuf);

impl Kept {
    pub(super) fn of(folder: &ModelFolder, market: &Market, id: B256, payee: Address) -> Self {
        let digits: String = hex::encode(market.context(id, payee)).chars().skip(2).take(16).collect();
        Self(folder.file(&format!("proof-{digits}.json")))
    }

    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// The proof that lies there, if it is a valid one of this statement.
    pub(super) fn proof(&self, key: &VerifyingKey, statement: &Instances) -> Option<Proof> {
        let file = ProofFile::from_json(&std::fs::read_to_string(&self.0).ok()?).ok()?;
        let proof = file.proof().ok()?;
        Verifier::new(key).ok()?.verify(statement, &proof).ok()?;
        Some(proof)
    }

    pub(super) fn write(&self, key: &VerifyingKey, statement: &Instances, proof: &Proof) -> Outcome {
        let file = ProofFile::new(key, statement, proof).to_json().machine("cannot encode the proof")?;
        files::write(&self.0, file.as_bytes())
    }

    /// Removes the proof when the settlement in `block` is final, and says that it stays when it is not, or when the node does not know. Returns
    /// whether it is still there.
    pub(super) fn release(&self, node: &Node, block: u64, terminal: Terminal) -> Outcome<bool> {
        if !self.exists() {
            return Ok(false);
        }
        let last = match node.final_block().on_chain("cannot ask which blocks are final") {
            Ok(last) => last,
            Err(failure) => {
                Terminal::warn(format_args!("{self} is kept: {failure}"));
                return Ok(true);
            }
        };
        if last >= block {
            files::remove(&self.0)?;
            return Ok(false);
        }
        terminal.say(format_args!("{self} stays until block {block} is final: the same command removes it then"));
        Ok(true)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
