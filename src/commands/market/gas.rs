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

/// Of crediting a share of a model's fees, for the first time.
pub(super) const SHARE: u64 = 100_000;
/// Of taking a part of a bond whose notice is over.
pub(super) const LEAVE: u64 = 70_000;
/// Of paying a credit out.
pub(super) const WITHDRAW: u64 = 60_000;
/// Of giving the escrow of a request back, and what is left of a bond.
pub(super) const REFUND: u64 = 110_000;

/// Gas of a fulfilment for a key, of an output of so many words.
pub(super) fn fulfilment(key: &VerifyingKey, output_words: u16) -> Outcome<u64> {
    let verification = Shape::of(key).and_then(|shape| Gas::of(&shape, key.instances()));
    let verification = verification.request("cannot count the gas")?.total();
    Ok(verification.saturating_add(MARKET).saturating_add(u64::from(output_words).saturating_mul(WORD)))
}
