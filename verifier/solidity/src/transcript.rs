//! The words of the transcript, in the order in which prover and verifier absorb them.
//!
//! A stretch is what is absorbed between two draws of challenges. In memory it follows the word that holds the state
//! before it, so that a draw is one hash over consecutive words. The first begins with the public values, which are as
//! many as the key says: it is put together behind everything else.

use assay_verifier::Opening;

use crate::memory::{Memory, WORD};
use crate::names;
use crate::shape::{OpeningSet, Polynomial, Shape};

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

/// The whole conversation of a shape.
pub(crate) fn stretches(shape: &Shape) -> Vec<Stretch> {
    let first = Stretch { state: FIRST_STATE.to_owned(), items: Vec::new(), challenges: Vec::new() };
    let mut conversation = Stretches { stretches: vec![first] };
    let cs = &shape.constraints;
    let grouped = shape.opening != Opening::Shplonk;
    let (mut groups, counts) = ((0..).map(Polynomial::Group), shape.groups_of_proof());
    let mut group = |conversation: &mut Stretches, at: usize| {
        for group in groups.by_ref().take(counts.get(at).copied().unwrap_or(0)) {
            conversation.point(names::commitment(group));
        }
    };
    for phase in 0..=cs.advice_phases.iter().copied().max().unwrap_or(0) {
        if grouped {
            group(&mut conversation, usize::from(phase));
        } else {
            for (column, _) in cs.advice_phases.iter().enumerate().filter(|(_, of)| **of == phase) {
                conversation.point(names::commitment(Polynomial::Advice(column as u32)));
            }
        }
        for (index, _) in cs.challenge_phases.iter().enumerate().filter(|(_, of)| **of == phase) {
            conversation.draw(Some(&names::challenge(index)));
        }
    }
    // halo2 draws a challenge for its own lookups, which this circuit has none of.
    conversation.draw(None);
    conversation.draw(Some("BETA"));
    conversation.draw(Some("GAMMA"));
    if grouped {
        group(&mut conversation, shape.groups_of_proof().len() - 1);
        conversation.draw(Some("Y"));
        conversation.point(names::commitment(Polynomial::Quotient));
    } else {
        for product in 0..shape.products() {
            conversation.point(names::commitment(Polynomial::Product(product)));
        }
        conversation.point(names::commitment(Polynomial::Random));
        conversation.draw(Some("Y"));
        for piece in 0..shape.pieces() {
            conversation.point(names::piece(piece));
        }
    }
    conversation.draw(Some("X"));
    for name in values(shape) {
        conversation.absorb(name, Kind::Scalar, 1);
    }
    if !grouped {
        conversation.draw(Some("OPEN_Y"));
    }
    conversation.draw(Some("OPEN_V"));
    conversation.point("OPENING_H".to_owned());
    conversation.draw(Some("OPEN_U"));
    conversation.point("OPENING_Q".to_owned());
    conversation.stretches
}

/// Names of the values at `x` and its rotations, in the order of the proof.
fn values(shape: &Shape) -> Vec<String> {
    let cs = &shape.constraints;
    if shape.opening != Opening::Shplonk {
        let groups = shape.groups();
        let of_group = |group: &OpeningSet| -> Vec<String> {
            let of = |member: &Polynomial| {
                let member = *member;
                group.rotations.iter().map(move |rotation| names::value(member, *rotation))
            };
            group.members.iter().flat_map(of).collect()
        };
        return groups.iter().flat_map(of_group).collect();
    }
    let advice = cs.advice_queries.iter().map(|query| names::value(Polynomial::Advice(query.column), query.rotation));
    let fixed = cs.fixed_queries.iter().map(|query| names::value(Polynomial::Fixed(query.column), query.rotation));
    let random = [names::value(Polynomial::Random, 0)];
    let sigmas = (0..cs.equality.len()).map(|column| names::value(Polynomial::Sigma(column), 0));
    let products = (0..shape.products()).flat_map(|product| {
        let last = (product + 1 < shape.products()).then_some(shape.last());
        [0, 1].into_iter().chain(last).map(move |rotation| names::value(Polynomial::Product(product), rotation))
    });
    advice.chain(fixed).chain(random).chain(sigmas).chain(products).collect()
}

struct Stretches {
    stretches: Vec<Stretch>,
}

impl Stretches {
    fn point(&mut self, name: String) {
        self.absorb(name, Kind::Point, 2);
    }

    fn absorb(&mut self, name: impl Into<String>, kind: Kind, words: usize) {
        let item = Item { name: name.into(), kind, words };
        if let Some(stretch) = self.stretches.last_mut().filter(|stretch| stretch.challenges.is_empty()) {
            stretch.items.push(item);
            return;
        }
        let state = format!("STATE_{}", self.stretches.len());
        self.stretches.push(Stretch { state, items: vec![item], challenges: Vec::new() });
    }

    fn draw(&mut self, challenge: Option<&str>) {
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.challenges.push(challenge.map(str::to_owned));
        }
    }
}
