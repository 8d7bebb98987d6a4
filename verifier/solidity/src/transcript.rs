//! The words of the transcript, in the order in which prover and verifier absorb them.
//!
//! A stretch is what is absorbed between two draws of challenges. In memory it follows the word that holds the state
//! before it, so that a draw is one hash over consecutive words. The first begins with the public values, which are as
//! many as the key says: it is put together behind everything else.

use assay_verifier::protocol::{Evaluation, Step};

use crate::memory::{Memory, WORD};
use crate::names;
use crate::shape::Shape;

/// The state before the first stretch: the key's word.
pub(crate) const FIRST_STATE: &str = "STATE_REPRESENTATIVE";
/// The public values, behind that.
pub(crate) const INSTANCES: &str = "INSTANCES";

/// What a word or two of the proof are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Point,
    Scalar,
}

/// Words that are absorbed, under one name.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) words: usize,
}

/// What is absorbed of the proof before a draw, and what is drawn then.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    /// Holds the state before.
    pub(crate) state: String,
    pub(crate) items: Vec<Item>,
    /// Where the challenges go that are drawn after it; `None` for one that nothing reads.
    pub(crate) challenges: Vec<Option<String>>,
}

/// Consecutive words of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Name of the first word.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) words: usize,
}

impl Stretch {
    /// Words that are absorbed behind the state.
    pub(crate) fn words(&self) -> usize {
        self.items.iter().map(|item| item.words).sum()
    }

    /// Bytes that the first draw hashes, without the public values.
    pub(crate) fn hashed(&self) -> usize {
        WORD * (self.words() + 1)
    }

    /// The items by kind.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for item in &self.items {
            match runs.last_mut().filter(|run| run.kind == item.kind) {
                Some(run) => run.words += item.words,
                None => runs.push(Run { name: item.name.clone(), kind: item.kind, words: item.words }),
            }
        }
        runs
    }

    /// Whether the public values come before it.
    pub(crate) fn is_first(&self) -> bool {
        self.state == FIRST_STATE
    }

    /// Reserves the words of the stretch; the first one's state stands before the public values instead.
    pub(crate) fn place(&self, memory: &mut Memory) {
        if !self.is_first() {
            let holds =
                if self.challenges.is_empty() { "unused" } else { "the transcript's state before what follows" };
            memory.reserve(&self.state, 1, holds);
        }
        for item in &self.items {
            memory.reserve(&item.name, item.words, "");
        }
    }
}

/// The whole conversation of a shape: the protocol's steps, one after the other.
pub(crate) fn stretches(shape: &Shape) -> Vec<Stretch> {
    let first = Stretch { state: FIRST_STATE.to_owned(), items: Vec::new(), challenges: Vec::new() };
    let mut conversation = Stretches { stretches: vec![first] };
    for step in &shape.protocol.steps {
        match *step {
            Step::Commitment(polynomial) => conversation.absorb(names::commitment(polynomial), Kind::Point, 2),
            Step::Evaluation(Evaluation { polynomial, rotation }) => {
                conversation.absorb(names::value(polynomial, rotation), Kind::Scalar, 1);
            }
            Step::Challenge(challenge) => conversation.draw(names::challenge(challenge)),
        }
    }
    conversation.stretches
}

struct Stretches {
    stretches: Vec<Stretch>,
}

impl Stretches {
    fn absorb(&mut self, name: String, kind: Kind, words: usize) {
        let item = Item { name, kind, words };
        if let Some(stretch) = self.stretches.last_mut().filter(|stretch| stretch.challenges.is_empty()) {
            stretch.items.push(item);
            return;
        }
        let state = format!("STATE_{}", self.stretches.len());
        self.stretches.push(Stretch { state, items: vec![item], challenges: Vec::new() });
    }

    fn draw(&mut self, challenge: Option<String>) {
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.challenges.push(challenge);
        }
    }
}
