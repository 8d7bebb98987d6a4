//! Gas of the market's transactions, forecast.

use assay_solidity::{Gas, Shape};
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Outcome};

/// Of a fulfilment beside the verification: the market's own work and the credits.
const MARKET: u64 = 180_000;
/// Of the market's work on a word of the output, which it hashes and puts into an event.
const WORD: u64 = 400;
/// Of adding to a bond and of locking.
pub(super) const LOCK: u64 = 250_000;

/// Gas of a fulfilment for a key, of an output of so many words.
pub(super) fn fulfilment(key: &VerifyingKey, output_words: u16) -> Outcome<u64> {
    let verification = Shape::of(key).and_then(|shape| Gas::of(&shape, key.instances()));
    let verification = verification.request("cannot count the gas")?.total();
    Ok(verification.saturating_add(MARKET).saturating_add(u64::from(output_words).saturating_mul(WORD)))
}
