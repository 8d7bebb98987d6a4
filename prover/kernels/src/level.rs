//! Which instructions a kernel is compiled for, chosen when the program runs.
//!
//! A [`Kernel`] is written once over an [`Engine`]; [`Level::run`] compiles it for every level inside a function that
//! has the level's instructions. All levels leave the same bytes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::{Engine, Scalar};
use crate::ifma::{Emulated, Ifma};

#[cfg(target_arch = "x86_64")]
#[path = "level_x86.rs"]
mod machine;
#[cfg(not(target_arch = "x86_64"))]
#[path = "level_other.rs"]
mod machine;

/// A set of instructions, from the least to the most capable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The algorithm of `Ifma` in plain code, slow: for comparing where the instructions are missing.
    Emulated,
    /// What every machine has.
    Portable,
    /// 64-bit products without flags (BMI2, ADX), one lane.
    Adx,
    /// Four lanes of 29-bit limbs (AVX2, BMI2).
    Avx2,
    /// Eight lanes of 52-bit limbs (AVX-512 IFMA), with the above.
    Ifma,
}

/// The level that was chosen, by its place in [`Level::ALL`]; none beyond its end.
static CHOSEN: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Level {
    const ALL: [Self; 5] = [Self::Emulated, Self::Portable, Self::Adx, Self::Avx2, Self::Ifma];

    /// The level that work runs at: the best of this machine, or the one that was chosen.
    pub fn current() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        let best = || *BEST.get_or_init(|| Self::available().last().copied().unwrap_or(Self::Portable));
        Self::ALL.get(CHOSEN.load(Ordering::Relaxed)).copied().unwrap_or_else(best)
    }

    /// Has this process run at a level from now on, at a lesser one where the machine lacks it; for comparing whole proofs.
    pub fn choose(self) {
        let lesser = |level: &Self| *level <= self;
        let level = Self::available().into_iter().rfind(lesser).unwrap_or(self);
        CHOSEN.store(level as usize, Ordering::Relaxed);
    }

    /// The levels of this machine, the least capable first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|level| machine::has(*level)).collect()
    }

    /// The available levels and the emulation: what tests compare.
    pub fn comparable() -> Vec<Self> {
        let mut levels = Self::available();
        levels.push(Self::Emulated);
        levels
    }

    /// Elements that an engine of this level handles at a time.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::Portable | Self::Adx => 1,
            Self::Avx2 => 4,
            Self::Ifma | Self::Emulated => 8,
        }
    }

    /// Runs a kernel at this level, or at a lesser one where the machine lacks it.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        if self == Self::Emulated { kernel.run(Ifma(Emulated)) } else { machine::run(self, kernel) }
    }

    /// The level for work on single elements.
    pub(crate) fn single(self) -> Self {
        self.clamp(Self::Portable, Self::Adx)
    }
}

/// Work written over an engine. Its `run` must be inlined to be compiled for the level.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;
    /// Does the work.
    fn run<E: Engine>(self, engine: E) -> Self::Output;
}

/// The engine of machines without a better one.
fn portable<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Scalar)
}
