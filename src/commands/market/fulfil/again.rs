//! The command that a person ran, to be run again, or with one more option.

use assay_contracts::U256;

use crate::cli::{FulfilArgs, LockArgs};
use crate::commands::market::amounts::exact;
use crate::next::Next;

/// The same command.
pub(super) fn again(args: &FulfilArgs) -> Next {
    let LockArgs { lock, max_bond, no_wait } = &args.locking;
    let next = if *lock { without_lock(args).arg("--lock") } else { without_lock(args) };
    let next = max_bond.iter().fold(next, |next, bond| next.arg("--max-bond").arg(exact(U256::from(*bond))));
    if *no_wait { next.arg("--no-wait") } else { next }
}

/// The same command without `--lock` and what goes with it.
pub(super) fn without_lock(args: &FulfilArgs) -> Next {
    let next = request(Next::of("fulfil", &args.model), args);
    let next = args.chain.keystore.iter().fold(next, |next, path| next.arg("--keystore").file(path));
    let price = |token: &crate::cli::TokenPrice| format!("{}={}", token.token, exact(U256::from(token.wei)));
    let next = args.token.iter().fold(next, |next, token| next.arg("--token").arg(price(token)));
    let flags = [("--at-a-loss", args.at_a_loss), ("--now", args.now), ("--check", args.check)];
    flags.into_iter().filter(|(_, given)| *given).fold(next, |next, (flag, _)| next.arg(flag))
}

/// What pays out afterwards.
pub(super) fn claim(args: &FulfilArgs) -> Next {
    request(Next::of("claim", &args.model), args)
}

fn request(next: Next, args: &FulfilArgs) -> Next {
    args.request.iter().fold(next, |next, path| next.arg("--request").file(path))
}
