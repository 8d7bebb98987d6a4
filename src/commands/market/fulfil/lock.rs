//! A lock: what it puts at risk, how it is had, and the minute in which it excludes nobody.

use std::fmt::Display;
use std::thread::sleep;
use std::time::{Duration, Instant};

use assay_contracts::market::{LOCK_MATURITY, MIN_DURATION, U96, digest};
use assay_contracts::node::is_development;
use assay_contracts::revert::status;
use assay_contracts::{Address, ContractsError, Status, Tier, U256};

use super::Work;
use super::again::without_lock;
use super::proving::{Proving, SENDING};
use super::terms::Terms;
use super::turn::Turn;
use crate::cli::FulfilArgs;
use crate::commands::market::alone::Alone;
use crate::commands::market::amounts::Worth;
use crate::commands::market::risk::{Risk, young_until};
use crate::commands::market::{OnChain as _, shown, when};
use crate::failure::{Advise as _, Failure, Kind, Outcome, refuse};
use crate::terminal::Terminal;

/// Most bond that a lock reserves when the user says nothing, in fees of now: what a fee may rise to is what a late lock loses, and not what it pays.
const FEES: u64 = 3;
/// Seconds that a proof needs to get into a block before somebody else's young lock excludes it.
const TWO_BLOCKS: u64 = 24;
/// Longest wait for a block that is young enough, beyond the minute that a lock takes.
const STANDSTILL: Duration = Duration::from_mins(5);

/// A lock that can be had.
pub(super) struct Offer {
    pub(super) risk: Risk,
    /// What of the bond is not there yet, in wei.
    pub(super) missing: U256,
    /// The account's bond beside what locks reserve, in wei.
    free: U256,
    /// Most bond that the user allows, in wei.
    most: U256,
    /// Whether the client's loss asks for more bond than the fee does.
    by_loss: bool,
}

impl Offer {
    /// Refuses a bond above what the user allows.
    pub(super) fn accepted(&self, args: &FulfilArgs) -> Outcome {
        if self.risk.bond <= self.most {
            return Ok(());
        }
        let limit = if args.locking.max_bond.is_some() {
            "--max-bond"
        } else {
            "three times the fee of now, the limit without --max-bond"
        };
        refuse(format_args!(
            "a lock of this request reserves a bond of {} ({}), more than {} ({limit}); what you lose of it without a proof is {}. Without --lock \
             there is no bond",
            shown(self.risk.bond),
            if self.by_loss { "five times the loss that the client names" } else { "five quarters of its highest fee" },
            shown(self.most),
            shown(self.risk.absent)
        ))
        .next(|| without_lock(args))
    }

    /// Says what the lock takes and what can be lost, before anything moves.
    pub(super) fn say(&self, terminal: Terminal) {
        let (all, missing) = (shown(self.risk.bond), shown(self.missing));
        let there = shown(self.risk.bond - self.missing);
        let line = format_args!("{all}: {there} of it are in your bond already, {missing} are added").to_string();
        terminal.field("bond", line, None);
        self.risk.say(Address::ZERO, terminal);
    }
}

impl Work {
    /// The lock that this account could have now, if there is one to have.
    pub(super) fn offer(&mut self, turn: &Turn, args: &FulfilArgs) -> Outcome<Option<Offer>> {
        if self.job.status != Status::Open {
            if self.job.status == Status::Locked && !self.is_own_lock() {
                Terminal::warn(
                    "the request has had its lock, and its prover's time alone is over: going on without a lock",
                );
            }
            return Ok(None);
        }
        let request = &self.asked.request;
        if request.tier != Tier::Proved {
            Terminal::warn("only requests of tier proved have a lock: going on without one");
            return Ok(None);
        }
        if !request.token.is_zero() {
            return refuse(format_args!(
                "a lock of this request takes a bond in token {}, and --lock bonds ether only",
                request.token
            ))
            .next(|| without_lock(args));
        }
        let (deadline, most) = (request.deadline.to::<u64>(), request.price_at(turn.now));
        let risk = Risk::of_lock(request);
        let by_loss = U256::from(request.loss).saturating_mul(U256::from(4)) > U256::from(request.feeCeiling);
        let most = args.locking.max_bond.map_or_else(|| U256::from(most) * U256::from(FEES), U256::from);
        if turn.now.saturating_add(MIN_DURATION + SENDING) > deadline {
            Terminal::warn(format_args!(
                "the deadline is {}, a lock takes two hours: going on without a lock",
                when(deadline, turn.now)
            ));
            return Ok(None);
        }
        let free = self.free_bond()?;
        Ok(Some(Offer { risk, missing: risk.bond.saturating_sub(free), free, most, by_loss }))
    }

    /// The account's bond beside what locks reserve, in wei.
    fn free_bond(&mut self) -> Outcome<U256> {
        let bond =
            self.market.bond(&mut self.node, self.account, Address::ZERO).on_chain("cannot ask for your bond")?;
        Ok(U256::from(bond.free))
    }

    /// Locks the request, with what is missing added to the bond. Where somebody else's lock came first, goes on without if the proof can still
    /// overtake it.
    pub(super) fn lock(
        &mut self,
        (terms, offer): (&Terms, &Offer),
        proving: &Proving,
        worth: Worth,
        args: &FulfilArgs,
        terminal: Terminal,
    ) -> Outcome {
        let (market, account) = (self.market, self.account);
        // Of two commands of one account the second finds what the first has added and locked.
        let _alone = Alone::with_bond(market.chain, account, terminal)?;
        let gain = self.gain(worth)?;
        if self.is_own_lock() || self.job.status == Status::Settled {
            return Ok(());
        }
        if self.job.status != Status::Open {
            return self.without(&format_args!("the request is {} by now", status(self.job.status)), proving, args);
        }
        if let Some(gain) = gain {
            terms.still_accepted(self, gain, args)?;
        }
        terminal.say("lock:");
        let free = self.free_bond()?;
        let offer = &Offer { missing: offer.risk.bond.saturating_sub(free), free, ..*offer };
        offer.say(terminal);
        if !offer.missing.is_zero() {
            let amount = U96::saturating_from(offer.missing);
            terminal
                .step("add to the bond", None, || market.fund_bond(&mut self.node, account, amount))
                .on_chain("cannot add to the bond")?;
            terminal.say(format_args!(
                "{} added to your bond of {}; assay claim --leave gives it back after ten days' notice",
                shown(offer.missing),
                shown(offer.free)
            ));
        }
        let locked = terminal.step("lock the request", None, || {
            market.lock(&mut self.node, account, &self.asked.request, digest(&proving.output))
        });
        self.refresh()?;
        match locked {
            Err(ContractsError::Reverted { error, .. }) => self.without(&error, proving, args),
            other => other.map(|_| ()).on_chain("cannot lock the request"),
        }
    }

    /// Goes on without a lock where the account can be paid all the same: anybody can for an open request, and for one whose lock is still young
    /// when the proof arrives.
    fn without(&mut self, why: &dyn Display, proving: &Proving, args: &FulfilArgs) -> Outcome {
        let arrives = self.now()?.saturating_add(proving.seconds().ceil() as u64).saturating_add(TWO_BLOCKS);
        let overtakes = self.job.status == Status::Locked && arrives <= young_until(&self.asked.request, &self.job);
        if !overtakes {
            self.turn(args)?;
        }
        Terminal::warn(format_args!("{why}: going on without a lock"));
        Ok(())
    }

    /// Unix time in the eyes of the next block. A development chain may make blocks only when asked; its next one goes with the clock.
    fn clock(&mut self) -> Outcome<u64> {
        let now = self.now()?;
        if !is_development(self.market.chain) {
            return Ok(now);
        }
        Ok(now.max(self.node.next_time().on_chain("cannot ask for the time of the next block")?))
    }

    /// Waits until this account's lock, if there is one, excludes everybody else: a proof that is shown before can be made again by others and paid to them.
    pub(super) fn wait_until_mature(&mut self, terminal: Terminal) -> Outcome {
        if !self.is_own_lock() {
            return Ok(());
        }
        let begin = self.clock()?;
        // A lock that stands is no younger than now, whatever the node says of its times.
        let young = young_until(&self.asked.request, &self.job).min(begin.saturating_add(LOCK_MATURITY));
        // What the lock's exclusivity and the deadline leave: a proof that waits longer is paid less, or not at all.
        let ends = self.asked.request.deadline.to::<u64>().min(self.job.time.to());
        if begin > young || begin >= ends {
            return Ok(());
        }
        let all = young + 1 - begin;
        terminal.say(format_args!(
            "the lock excludes others in {all} s: the proof waits until then; --no-wait sends it at once"
        ));
        let (start, all) = (Instant::now(), Duration::from_secs(all));
        let longest = STANDSTILL + all;
        let waited = terminal.step("wait for the lock", Some(all), || {
            loop {
                self.refresh()?;
                if self.job.status == Status::Open {
                    return refuse("the lock is gone, the chain was reorganised: run the same command again; proof and bond are kept");
                }
                let now = self.clock()?;
                if !self.is_own_lock() || now > young {
                    return Ok(());
                }
                if begin.saturating_add(start.elapsed().as_secs()) >= ends {
                    return Ok(());
                }
                if start.elapsed() > longest {
                    return Err(Failure::new(Kind::Machine, anyhow::anyhow!(
                            "the chain has made no block that is late enough: run the same command again later, the proof and the lock are kept; \
                             --no-wait sends the proof all the same"
                        )));
                }
                sleep(Duration::from_secs(1));
            }
        });
        waited.map(|_| ())
    }
}
