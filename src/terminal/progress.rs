//! That a step goes on: a spinner on a terminal, and a line now and then in a pipe.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::clean;
use super::stream::{Stream, dumb};

/// A step that is over sooner says nothing of itself before its end, and an estimate below it is none.
pub(super) const WORTH_SAYING: Duration = Duration::from_secs(2);

/// The spinner on the screen.
static SPINNER: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn spinner() -> MutexGuard<'static, Option<ProgressBar>> {
    SPINNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs something that writes to the terminal, with the spinner out of its way.
pub(super) fn suspended<T>(run: impl FnOnce() -> T) -> T {
    let shown = spinner().clone();
    match shown {
        Some(bar) => bar.suspend(run),
        None => run(),
    }
}

/// Takes the spinner off the screen.
pub(super) fn clear() {
    if let Some(bar) = spinner().take() {
        bar.finish_and_clear();
    }
}

/// A step that is shown to go on until it is dropped.
pub(super) enum Progress {
    Silent,
    Spinner(ProgressBar),
    Pulse(Pulse),
}

impl Progress {
    /// Of a step with this name.
    pub(super) fn new(what: &str, silent: bool) -> Self {
        let what = &*clean::line(what);
        if silent {
            return Self::Silent;
        }
        if !Stream::Err.is_terminal() || dumb() {
            return Self::Pulse(Pulse::new(what));
        }
        let style = ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        *spinner() = Some(bar.clone());
        Self::Spinner(bar)
    }

    /// Says how far the step is.
    pub(super) fn say(&self, message: &str) {
        let message = clean::line(message);
        match self {
            Self::Silent => {}
            Self::Spinner(bar) => bar.set_message(message),
            Self::Pulse(pulse) => *pulse.message.lock().unwrap_or_else(PoisonError::into_inner) = message,
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if matches!(self, Self::Spinner(_)) {
            clear();
        }
    }
}

/// Lines on standard error: after two seconds, then each time that the time has doubled.
pub(super) struct Pulse {
    message: Arc<Mutex<String>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    fn new(what: &str) -> Self {
        let message = Arc::new(Mutex::new(what.to_owned()));
        let (end, ended) = channel();
        let shared = Arc::clone(&message);
        let thread = std::thread::spawn(move || beat(&shared, &ended));
        Self { message, end: Some(end), thread: Some(thread) }
    }
}

fn beat(message: &Mutex<String>, ended: &Receiver<()>) {
    let start = Instant::now();
    let mut next = WORTH_SAYING;
    while ended.recv_timeout(next.saturating_sub(start.elapsed())) == Err(RecvTimeoutError::Timeout) {
        let message = message.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Stream::Err.line(&format!("  {message}: {} s so far", start.elapsed().as_secs()), None, None);
        next *= 2;
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It writes lines only: if it failed, they are missing, and nothing else is.
            let _ = thread.join();
        }
    }
}
