//! The memory map: named regions, laid out one after the other behind Solidity's own words.

/// Bytes of a word.
pub(crate) const WORD: usize = 32;
/// Where Solidity lets a contract's own memory begin.
const START: usize = 0x80;

/// A stretch of memory with a name; the generated code uses the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// The constant's name.
    pub(crate) name: String,
    /// Address of the first byte.
    pub(crate) at: usize,
    /// Words it holds.
    pub(crate) words: usize,
    /// What is there, for people; empty where the name says it.
    pub(crate) holds: String,
}

/// Regions in the order of their addresses. Nothing overlaps and nothing is left out in between.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    regions: Vec<Region>,
}

impl Memory {
    /// Appends a region and returns its name.
    pub(crate) fn reserve(&mut self, name: impl Into<String>, words: usize, holds: impl Into<String>) -> String {
        let name = name.into();
        self.regions.push(Region { name: name.clone(), at: self.end(), words, holds: holds.into() });
        name
    }

    /// The first address behind all regions.
    pub(crate) fn end(&self) -> usize {
        self.regions.last().map_or(START, |region| region.at + WORD * region.words)
    }

    /// All regions.
    pub(crate) fn regions(&self) -> &[Region] {
        &self.regions
    }
}
