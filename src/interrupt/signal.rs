//! The signal of Ctrl-C, on systems that have one.

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::terminal::Terminal;

/// Runs something on the first Ctrl-C, in a thread of its own.
pub(super) fn on_interrupt(run: impl FnOnce() + Send + 'static) {
    match Signals::new([SIGINT]) {
        Ok(mut signals) => {
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    run();
                }
            });
        }
        Err(error) => Terminal::warn(format_args!("Ctrl-C will stop this command without a word: {error}")),
    }
}
