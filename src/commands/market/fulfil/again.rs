//! The command that a person ran, to be run again, or with one more option.

use assay_contracts::U256;

use crate::cli::{FulfilArgs, LockArgs};
use crate::commands::market::amounts::exact;
use crate::commands::market::records;
use crate::next::Next;

/// The same command.
pub(super) fn again(args: &FulfilArgs) -> Next {
    locking(without_lock(args), args)
}

/// The same command with the file that a client sends, where it lies in the working directory.
pub(super) fn with_request(args: &FulfilArgs) -> Option<Next> {
    let file = records::client_file()?;
    Some(locking(options(args.chain.next("fulfil", &args.model).arg("--request").arg(file), args), args))
}

fn locking(next: Next, args: &FulfilArgs) -> Next {
    let LockArgs { lock, max_bond, no_wait } = &args.locking;
    let next = if *lock { next.arg("--lock") } else { next };
    let next = max_bond.iter().fold(next, |next, bond| next.arg("--max-bond").arg(exact(U256::from(*bond))));
    if *no_wait { next.arg("--no-wait") } else { next }
}

/// The same command without `--lock` and what goes with it.
pub(super) fn without_lock(args: &FulfilArgs) -> Next {
    options(request(args.chain.next("fulfil", &args.model), args), args)
}

/// What the user has said beside the chain, the request and the lock.
fn options(next: Next, args: &FulfilArgs) -> Next {
    let next = args.memory.iter().fold(next, |next, memory| next.arg("--memory").arg(format!("{}B", memory.0)));
    let price = |token: &crate::cli::TokenPrice| format!("{}={}", token.token, exact(U256::from(token.wei)));
    let next = args.token.iter().fold(next, |next, token| next.arg("--token").arg(price(token)));
    let flags = [
        ("--at-a-loss", args.risks.at_a_loss),
        ("--trust-router", args.risks.trust_router),
        ("--now", args.now),
        ("--check", args.check),
    ];
    flags.into_iter().filter(|(_, given)| *given).fold(next, |next, (flag, _)| next.arg(flag))
}

/// What shows how the request stands.
pub(super) fn status(args: &FulfilArgs) -> Next {
    request(args.chain.node.next("status", &args.model), args)
}

/// What pays out afterwards.
pub(super) fn claim(args: &FulfilArgs) -> Next {
    let next = request(args.chain.next("claim", &args.model), args);
    args.token.iter().fold(next, |next, token| next.arg("--token").arg(token.token.to_string()))
}

fn request(next: Next, args: &FulfilArgs) -> Next {
    args.request.iter().fold(next, |next, path| next.arg("--request").file(path))
}
