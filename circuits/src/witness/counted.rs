//! [`Counted`]: how often each entry of the tables is looked up.

use crate::lookups::Lookup;

/// Lookups of some rows, by stack and entry, and those that no table holds.
pub(super) struct Counted {
    pub(super) counts: Vec<Vec<i32>>,
    pub(super) missing: Vec<(usize, Lookup)>,
}

impl Counted {
    pub(super) fn new(stacks: usize) -> Self {
        Self { counts: vec![Vec::new(); stacks], missing: Vec::new() }
    }

    pub(super) fn add(&mut self, from: (usize, Lookup), place: Option<(u8, usize)>) {
        match place.and_then(|(stack, at)| Some((self.counts.get_mut(usize::from(stack))?, at))) {
            Some((counts, at)) => {
                if counts.len() <= at {
                    counts.resize(at + 1, 0);
                }
                counts[at] += 1;
            }
            None => self.missing.push(from),
        }
    }

    /// Those of later rows of the same circuit too: both have its stacks.
    pub(super) fn and(mut self, later: Self) -> Self {
        for (counts, more) in self.counts.iter_mut().zip(later.counts) {
            if counts.len() < more.len() {
                counts.resize(more.len(), 0);
            }
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        self.missing.extend(later.missing);
        self
    }
}
