//! What a request pays and what delivering it takes, before anything is done.

use assay_contracts::{Address, B256, InOffice, Job, Network as _, Request, Status, U256, gas_limit};
use assay_verifier::VerifyingKey;
use serde::Serialize;

use super::Work;
use super::again::again;
use super::lock::Offer;
use super::proving::Proving;
use super::turn::Turn;
use crate::cli::FulfilArgs;
use crate::commands::market::amounts::{self, Worth, amount, exact};
use crate::commands::market::risk::Pay;
use crate::commands::market::{OnChain as _, gas, prover_share, shown, when};
use crate::failure::{Advise as _, Outcome, refuse};
use crate::terminal::Terminal;
use crate::units;

/// The terms of a request for one account. Amounts are of the request's token where nothing else is said.
pub(super) struct Terms {
    id: B256,
    account: Address,
    token: Address,
    now: u64,
    until: Option<u64>,
    at_stake: Option<U256>,
    /// What that is worth, in wei.
    saves: U256,
    pay: Pay,
    /// The prover's part of the fee.
    share: U256,
    rise: Option<Rise>,
    /// What share and part of the bond are worth, in wei.
    income: U256,
    gas: u64,
    /// Of that, the fulfilment's.
    fulfilment: u64,
    /// What that gas costs now, in wei, by the price that would be signed.
    gas_cost: U256,
    /// What the gas of all transactions may cost by that price, in wei: those of a lock are paid before, at up to twice the price.
    dearest: U256,
    /// What it may cost, as the user says, in wei.
    most_cost: U256,
    /// The account's balance, in wei.
    balance: U256,
    router: InOffice,
    /// The lock that is asked for, where one can be had.
    pub(super) lock: Option<Offer>,
}

/// That the fee goes on rising.
#[derive(Clone, Copy, Debug)]
struct Rise {
    /// What it rises to, and when, in Unix seconds.
    to: U256,
    at: u64,
    /// From when on the share pays for the gas of now; none when it never does.
    pays: Option<u64>,
}

impl Rise {
    /// Of the fee that an account is paid at `now`, where it still rises; `pays` says whether a fee is enough.
    fn of(request: &Request, job: &Job, now: u64, pays: impl Fn(U256) -> bool) -> Option<Self> {
        let (to, end) = (U256::from(request.feeCeiling), request.rampEnd.to::<u64>().min(request.deadline.to()));
        let fee = |time| U256::from(request.price_at(time));
        if job.status != Status::Open || now >= end || fee(now) >= fee(end) {
            return None;
        }
        let (mut low, mut high) = (now, end);
        while low < high {
            let middle = low.midpoint(high);
            if pays(fee(middle)) { high = middle } else { low = middle + 1 }
        }
        Some(Self { to: to.min(fee(end)), at: end, pays: pays(fee(high)).then_some(high) })
    }
}

/// [`Terms`] for machines.
#[derive(Serialize)]
pub(super) struct Checked {
    id: B256,
    /// Of the amounts in units; zero is ether.
    token: Address,
    price_wei: Option<String>,
    price_units: Option<String>,
    share_wei: Option<String>,
    share_units: Option<String>,
    /// From the bond of a locker that did not deliver, ten days later.
    of_bond_wei: Option<String>,
    of_bond_units: Option<String>,
    of_challenger_wei: Option<String>,
    of_challenger_units: Option<String>,
    /// While the fee rises: what to, when, and from when on it pays for the gas of now, in Unix seconds.
    rises_to_wei: Option<String>,
    rises_to_units: Option<String>,
    rises_until: Option<u64>,
    pays_from: Option<u64>,
    gas: u64,
    gas_wei: String,
    /// Worth of the share and the part of a bond, less the gas.
    net_wei: String,
    /// Lost without the proof.
    at_stake_wei: Option<String>,
    bond_wei: Option<String>,
    bond_missing_wei: Option<String>,
    lost_if_rescued_wei: Option<String>,
    lost_if_absent_wei: Option<String>,
    seconds_left: Option<u64>,
    prove_s: f64,
    prove_bytes: u64,
    /// Who may end the verifier that judges the answer, as it is now.
    router: InOffice,
}

impl Work {
    pub(super) fn terms(&mut self, turn: &Turn, worth: Worth, key: &VerifyingKey, args: &FulfilArgs) -> Outcome<Terms> {
        let lock = if args.locking.lock { self.offer(turn, args)? } else { None };
        let pay = Pay::of(&self.asked.request, &self.job, self.account, turn.now);
        let share = prover_share(&self.model, pay.fee);
        let fulfilment = gas::fulfilment(key, self.model.outputWords)?;
        let gas = fulfilment.saturating_add(if lock.is_some() { gas::LOCK } else { 0 });
        let price = self.node.gas_price().on_chain("cannot ask for the price of gas")?;
        let gas_cost = price.saturating_mul(U256::from(gas));
        let pays = |fee| worth.wei(prover_share(&self.model, fee)) >= gas_cost;
        let rise = Rise::of(&self.asked.request, &self.job, turn.now, pays);
        Ok(Terms {
            id: self.asked.id,
            account: self.account,
            token: self.asked.request.token,
            now: turn.now,
            until: turn.until,
            at_stake: turn.at_stake,
            saves: worth.wei(turn.at_stake.unwrap_or(U256::ZERO)),
            pay,
            share,
            rise,
            fulfilment,
            income: worth.wei(pay.with(share)),
            gas,
            gas_cost,
            dearest: dearest(price, fulfilment, gas),
            most_cost: self.node.most_cost(),
            balance: self.node.balance(self.account).on_chain("cannot ask for your balance")?,
            lock,
            router: self.router,
        })
    }
}

impl Terms {
    /// Refuses a lock when gas has become too dear since the terms were made: with the lock, bond would be at stake for nothing. `gain` is what
    /// delivering is worth now, in wei.
    pub(super) fn still_accepted(&self, work: &Work, gain: U256, args: &FulfilArgs) -> Outcome {
        let price = work.node.gas_price().on_chain("cannot ask for the price of gas")?;
        let cost = |gas: u64| price.saturating_mul(U256::from(gas));
        if cost(self.gas) > gain && !args.risks.at_a_loss {
            return refuse(format_args!(
                "the gas costs about {} by now, for what is worth {} to you: nothing is locked or sent",
                shown(cost(self.gas)),
                shown(gain)
            ))
            .next(|| again(args));
        }
        check_cap(dearest(price, self.fulfilment, self.gas), self.most_cost)
    }

    /// Refuses to work for less than the gas costs, also where that saves a bond that is worth less; to pay more for gas or to bond more than the user allows, and to begin what the account cannot pay for.
    pub(super) fn accepted(&self, args: &FulfilArgs) -> Outcome {
        if self.income.saturating_add(self.saves) < self.gas_cost && !args.risks.at_a_loss {
            if let Some(pays) = self.rise.and_then(|rise| rise.pays) {
                return refuse(format_args!(
                    "of the fee of {} now, {} are yours{}, and the gas costs about {}: the fee rises, and pays for that {}. Run the same \
                     command then",
                    amount(self.pay.fee, self.token),
                    amount(self.share, self.token),
                    self.worth(),
                    shown(self.gas_cost),
                    when(pays, self.now)
                ))
                .next(|| again(args));
            }
            let saves = self.at_stake.map_or_else(String::new, |bond| {
                format!(", the proof saves {} of your bond", amount(bond, self.token))
            });
            return refuse(format_args!(
                "of the fee of {}, {} are yours{}{saves}, and the gas costs about {}: with --at-a-loss it is proved all the same",
                amount(self.pay.fee, self.token),
                amount(self.share, self.token),
                self.worth(),
                shown(self.gas_cost)
            ))
            .next(|| again(args).arg("--at-a-loss"));
        }
        check_cap(self.dearest, self.most_cost)?;
        if let Some(offer) = &self.lock {
            offer.accepted(args)?;
        }
        let bond = self.lock.as_ref().map_or(U256::ZERO, |offer| offer.missing);
        // What the gas may cost when it is sent: nodes are paid up to twice the base fee, and limits are set a fifth above the estimate.
        let gas = self.gas_cost.saturating_mul(U256::from(12)) / U256::from(5);
        let needed = gas.saturating_add(bond);
        if self.balance < needed {
            return refuse(format_args!(
                "account {} has {}, and this may take {}: {} for gas and {} for the bond. Send {} ether to it first",
                self.account,
                shown(self.balance),
                shown(needed),
                shown(gas),
                shown(bond),
                exact(needed - self.balance)
            ))
            .next(|| again(args));
        }
        Ok(())
    }

    /// `, worth 0.01 ether` where the fee is in a token.
    fn worth(&self) -> String {
        if self.token.is_zero() { String::new() } else { format!(", worth {}", shown(self.income)) }
    }

    pub(super) fn say(&self, proving: &Proving, terminal: Terminal) {
        let token = |units: U256| amount(units, self.token);
        terminal.say(format_args!("request {}", self.id));
        let share = format_args!("{} of {}{}", token(self.share), token(self.pay.fee), self.worth()).to_string();
        terminal.field("share", share, None);
        if let Some(rise) = self.rise {
            let line = format_args!("the fee, to {} {}", token(rise.to), when(rise.at, self.now)).to_string();
            terminal.field("rises", line, None);
        }
        if !self.pay.of_bond.is_zero() {
            let of_bond = token(self.pay.of_bond);
            let line = format_args!("and {of_bond} of the bond of who locked it, ten days later").to_string();
            terminal.field("", line, None);
        }
        if !self.pay.of_challenger.is_zero() {
            let line = format_args!("and {} of who challenged the answer", token(self.pay.of_challenger)).to_string();
            terminal.field("", line, None);
        }
        terminal.field("gas", format_args!("{}, about {}", units::count(self.gas), shown(self.gas_cost)), None);
        let net = match self.income.checked_sub(self.gas_cost) {
            Some(gain) => shown(gain),
            None => format!("a loss of {}", shown(self.gas_cost - self.income)),
        };
        terminal.field("net", net, None);
        if let Some(bond) = self.at_stake {
            terminal.field("saves", format_args!("{} of your bond, which goes without the proof", token(bond)), None);
        }
        if let Some(offer) = &self.lock {
            offer.say(terminal);
        }
        let left = self.until.map_or_else(|| "no limit".to_owned(), |until| when(until, self.now));
        terminal.field("deadline", left, None);
        let proof = match proving.bytes() {
            0 => "there already, from an earlier run".to_owned(),
            bytes => format!("about {} and {}", units::seconds(proving.seconds()), units::size(bytes)),
        };
        terminal.field("proof", proof, None);
    }

    pub(super) fn checked(&self, proving: &Proving) -> Checked {
        let (wei, units) = (|n: U256| amounts::wei(n, self.token), |n: U256| amounts::units(n, self.token));
        let lock = self.lock.as_ref();
        let net = self.income.checked_sub(self.gas_cost);
        Checked {
            id: self.id,
            token: self.token,
            price_wei: wei(self.pay.fee),
            price_units: units(self.pay.fee),
            share_wei: wei(self.share),
            share_units: units(self.share),
            of_bond_wei: wei(self.pay.of_bond),
            of_bond_units: units(self.pay.of_bond),
            of_challenger_wei: wei(self.pay.of_challenger),
            of_challenger_units: units(self.pay.of_challenger),
            rises_to_wei: self.rise.and_then(|rise| wei(rise.to)),
            rises_to_units: self.rise.and_then(|rise| units(rise.to)),
            rises_until: self.rise.map(|rise| rise.at),
            pays_from: self.rise.and_then(|rise| rise.pays),
            gas: self.gas,
            gas_wei: self.gas_cost.to_string(),
            net_wei: net.map_or_else(|| format!("-{}", self.gas_cost - self.income), |net| net.to_string()),
            at_stake_wei: self.at_stake.and_then(wei),
            bond_wei: lock.map(|offer| offer.risk.bond.to_string()),
            bond_missing_wei: lock.map(|offer| offer.missing.to_string()),
            lost_if_rescued_wei: lock.map(|offer| offer.risk.rescued.to_string()),
            lost_if_absent_wei: lock.map(|offer| offer.risk.absent.to_string()),
            seconds_left: self.until.map(|until| until.saturating_sub(self.now)),
            prove_s: proving.seconds(),
            prove_bytes: proving.bytes(),
            router: self.router,
        }
    }
}

/// What a fulfilment, and the lock before it that is the rest of the gas, may cost in wei at a price of gas now: a lock's transactions are signed at up to twice that price,
/// and what they may cost is no longer left of what the user allows.
fn dearest(price: U256, fulfilment: u64, all: u64) -> U256 {
    let before = gas_limit(all.saturating_sub(fulfilment));
    price.saturating_mul(U256::from(gas_limit(fulfilment)) + U256::from(2) * U256::from(before))
}

/// Refuses what would cost more gas than the user allows, in wei.
fn check_cap(cost: U256, most: U256) -> Outcome {
    if cost <= most {
        return Ok(());
    }
    refuse(format_args!(
        "the gas may cost {} now, more than --max-cost {}: nothing is begun that could not be ended",
        shown(cost),
        exact(most)
    ))
}
