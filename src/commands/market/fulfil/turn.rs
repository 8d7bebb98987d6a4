//! Whose turn a request is, until when, and what the account loses without the proof.

use assay_contracts::revert::status;
use assay_contracts::{Status, Tier, U256};

use super::Work;
use super::again::{again, claim};
use crate::cli::FulfilArgs;
use crate::commands::market::risk::Risk;
use crate::commands::market::when;
use crate::failure::{Advise as _, Outcome, refuse};

/// That an account can be paid for a request now.
pub(super) struct Turn {
    /// Unix time.
    pub(super) now: u64,
    /// Last moment to deliver; none for an answer that stands and is not disputed.
    pub(super) until: Option<u64>,
    /// Bond that the account loses when it does not deliver: for that no fee is too small.
    pub(super) at_stake: Option<U256>,
}

impl Work {
    /// Bond that the account loses when nobody delivers, as the request stood when it was last asked for.
    pub(super) fn at_stake(&self) -> Option<U256> {
        match self.job.status {
            Status::Locked if self.is_own_lock() => Some(Risk::of_job(&self.asked.request, &self.job).absent),
            Status::Proving if self.job.prover == self.account => Some(U256::from(self.job.bond)),
            _ => None,
        }
    }

    /// Refuses a request that this account cannot be paid for now. An answer that nobody disputes is proved only when that is asked for.
    pub(super) fn turn(&mut self, args: &FulfilArgs) -> Outcome<Turn> {
        let (id, account, job) = (self.asked.id, self.account, self.job.clone());
        let now = self.now()?;
        let named = self.asked.request.prover;
        if !named.is_zero() && named != account {
            return refuse(format_args!("request {id} is for prover {named} alone"));
        }
        let (deadline, time) = (self.asked.request.deadline.to::<u64>(), job.time.to::<u64>());
        let (until, at_stake) = match job.status {
            Status::Open => (Some(deadline), None),
            Status::Locked if job.prover == account => (Some(deadline), self.at_stake()),
            Status::Locked if now > time => (Some(deadline), None),
            Status::Locked => {
                return refuse(format_args!(
                    "request {id} is locked by {}: anybody's turn {}",
                    job.prover,
                    when(time, now)
                ));
            }
            Status::Proving => (Some(time), self.at_stake()),
            Status::Answered if args.now => (None, None),
            Status::Answered if now > time && (self.asked.request.tier != Tier::Sampled || job.drawn) => {
                return refuse(format_args!(
                    "request {id} has your answer, and its window ended {}: nobody disputed it, and no proof is needed",
                    when(time, now)
                ))
                .next(|| claim(args));
            }
            Status::Answered => {
                let open = match self.asked.request.tier {
                    Tier::Sampled if !job.drawn => "it has not been drawn",
                    Tier::Challenged => "nobody has challenged it",
                    _ => "nothing is held against it",
                };
                return refuse(format_args!(
                    "request {id} has your answer, and {open}: no proof is due. Its window ends {}; with --now it is proved, and paid at once",
                    when(time, now)
                ))
                .next(|| again(args).arg("--now"));
            }
            Status::None => {
                return refuse(format_args!("request {id} was never opened: its client runs `assay request` again"));
            }
            other => return refuse(format_args!("request {id} is {}: there is nothing to prove", status(other))),
        };
        match until {
            Some(until) if now > until => {
                let what = if job.status == Status::Proving { "time to prove ended" } else { "deadline was" };
                refuse(format_args!("request {id}: the {what} {}, a proof is not paid any more", when(until, now)))
            }
            _ => Ok(Turn { now, until, at_stake }),
        }
    }
}
