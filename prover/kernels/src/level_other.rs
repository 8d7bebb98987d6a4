//! Machines for which only the portable level is written.

use super::{Kernel, Level, portable};

pub(super) fn has(level: Level) -> bool {
    level == Level::Portable
}

pub(super) fn run<K: Kernel>(_level: Level, kernel: K) -> K::Output {
    portable(kernel)
}
