//! Who has what of a model's fees: as asked for, as usual, or as in the registration of before.

use assay_contracts::market::{MAX_CONTRIBUTORS, MAX_WORDS};
use assay_contracts::{Address, Registration};

use crate::cli::RegisterArgs;
use crate::commands::market::terms::Terms;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::ModelFolder;

const ALL: u16 = 10_000;
/// Hundredths of a percent of every fee that an owner takes who names no share.
const OWNER_POINTS: u16 = 2_000;

/// The terms to register with, and the place to read about the model: those of the account's registration of before, unless others are
/// asked for, which are refused: a second registration beside the first is to be meant.
pub(super) fn kept_or_asked(
    args: &RegisterArgs,
    asked: Registration,
    kept: Option<(Registration, Terms)>,
    account: Address,
    folder: &ModelFolder,
) -> Outcome<(Registration, String)> {
    let named = args.uri.clone().unwrap_or_default();
    let Some((registered, terms)) = kept else { return Ok((asked, named)) };
    let uri = args.uri.clone().unwrap_or_else(|| terms.uri.clone());
    let wanted = if is_silent(args) { terms.clone() } else { Terms::of(account, &asked, &uri) };
    if wanted.same_shares(&terms) && uri == terms.uri {
        return Ok((registered, uri));
    }
    let path = folder.file("registration.json");
    refuse(format_args!(
        "the model is registered already, with {}. Run the same command with --again to register it once more with other terms ({} is then \
         about the new registration), or without --owner-share, --contributor and --uri to keep these",
        terms.in_words(),
        path.display()
    ))
    .next(|| args.chain.next("register", folder.model()))
}

/// Whether the user leaves all shares to what was before, or is usual.
pub(super) fn is_silent(args: &RegisterArgs) -> bool {
    args.owner_share.is_none() && args.contributors.is_empty()
}

/// The refusal to register with shares that nobody named here: a file of somebody else's, and a node of one mind with it, can name any.
pub(super) fn nothing_to_keep<T>(terms: &Terms, folder: &ModelFolder) -> Outcome<T> {
    refuse(format_args!(
        "{} is about a registration that is not on the chain, with {}: nothing is there to keep. Name the shares yourself (--owner-share, \
         --contributor), or register with the usual ones (--again)",
        folder.file("registration.json").display(),
        terms.in_words()
    ))
}

/// Shares and words of a registration, as the registry takes them; the rest is empty.
pub(super) fn shares(args: &RegisterArgs, (input, output): (usize, usize)) -> Outcome<Registration> {
    if input + output > MAX_WORDS {
        return refuse(format_args!(
            "the model takes and gives {} words of 31 bytes: a market takes {MAX_WORDS} at most",
            input + output
        ));
    }
    let (contributors, points): (Vec<_>, Vec<_>) = args.contributors.iter().copied().unzip();
    if contributors.len() > MAX_CONTRIBUTORS {
        return refuse(format_args!("{} contributors: at most {MAX_CONTRIBUTORS}", contributors.len()));
    }
    for (at, (account, points)) in args.contributors.iter().enumerate() {
        if account.is_zero() || *points == 0 {
            return refuse(format_args!("contributor {account} has nothing to do with {points} points: leave it out"));
        }
        if contributors.iter().take(at).any(|other| other == account) {
            return refuse(format_args!("contributor {account} is named twice: name it once, with all of its share"));
        }
    }
    let owner_points = args.owner_share.unwrap_or(OWNER_POINTS);
    let shared = points.iter().fold(owner_points, |sum, points| sum.saturating_add(*points));
    let Some(prover_points) = ALL.checked_sub(shared) else {
        return refuse(format_args!("the shares sum to {} %: at most 100", f64::from(shared) / 100.0));
    };
    Ok(Registration {
        inputWords: u16::try_from(input).request("the input is too large for a market")?,
        outputWords: u16::try_from(output).request("the output is too large for a market")?,
        proverPoints: prover_points,
        ownerPoints: owner_points,
        contributors,
        points,
        ..Registration::default()
    })
}
