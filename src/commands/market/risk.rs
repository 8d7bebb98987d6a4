//! What a lock puts at risk, and what delivering pays: the rules of `docs/market.md`, before they are met.

use assay_contracts::market::LOCK_MATURITY;
use assay_contracts::{Address, Job, Request, Status, U256};

use super::amounts::amount;
use crate::terminal::Terminal;

const POINTS: u64 = 10_000;
/// Points of the bond that a locker loses when another prover delivers. Half of that is the other's.
const LATE: u64 = 2_000;
/// Points of the bond that a locker loses when nobody delivers.
const ABSENT: u64 = 5_000;
/// Points of what is lost of a bond for an absent prover that whoever found it has.
const BOUNTY: u64 = 1_000;

/// What a locker can lose, in the smallest units of the request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Risk {
    /// Reserved while the lock stands.
    pub(super) bond: U256,
    /// Most that is lost when another prover delivers after the locker's exclusivity: a fifth of the bond, and the whole fee of then, at the deadline, when the lock pays
    /// nothing any more.
    pub(super) rescued: U256,
    /// Lost when nobody delivers: half of the bond.
    pub(super) absent: U256,
}

impl Risk {
    /// Of a lock to be made.
    pub(super) fn of_lock(request: &Request) -> Self {
        Self::new(request, request.lock_bond())
    }

    /// Of a lock that was made.
    pub(super) fn of_job(request: &Request, job: &Job) -> Self {
        Self::new(request, U256::from(job.bond))
    }

    fn new(request: &Request, bond: U256) -> Self {
        let most = points(bond, LATE).saturating_add(U256::from(request.feeCeiling));
        Self { bond, rescued: most.min(bond), absent: points(bond, ABSENT) }
    }

    /// Says what can be lost, and how.
    pub(super) fn say(&self, token: Address, terminal: Terminal) {
        terminal.field(
            "late",
            "from half of the time left on, the price falls in a line to nothing at the deadline",
            None,
        );
        let (rescued, absent) = (amount(self.rescued, token), amount(self.absent, token));
        terminal.field("rescued", format_args!("you lose up to {rescued} when another prover delivers then"), None);
        terminal.field("absent", format_args!("you lose {absent} when nobody delivers"), None);
    }
}

/// What delivering pays, in the smallest units of the request's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pay {
    /// The fee, of which the model's sharers have their part.
    pub(super) fee: U256,
    /// From the bond of a locker that did not deliver; added to the account's own bond.
    pub(super) of_bond: U256,
    /// What a challenger pays for the proof that it has asked for; nobody shares in it.
    pub(super) of_challenger: U256,
}

impl Pay {
    /// All of it, for an account whose share of the fee is this.
    pub(super) fn with(self, share: U256) -> U256 {
        share.saturating_add(self.of_bond).saturating_add(self.of_challenger)
    }

    /// For `account`, which delivers at a Unix time.
    pub(super) fn of(request: &Request, job: &Job, account: Address, now: u64) -> Self {
        let (agreed, risen) = (U256::from(job.price), U256::from(request.price_at(now)));
        let (until, deadline) = (job.time.to::<u64>(), request.deadline.to::<u64>());
        let fee = |fee| Self { fee, of_bond: U256::ZERO, of_challenger: U256::ZERO };
        match job.status {
            Status::None | Status::Open => fee(risen),
            // Whoever overtakes a young lock is paid as if there were none.
            Status::Locked if job.prover != account && now <= until => fee(risen),
            Status::Locked if now > until => {
                let (left, all) = (deadline.saturating_sub(now), deadline.saturating_sub(until).max(1));
                let left = agreed * U256::from(left) / U256::from(all);
                if job.prover == account {
                    return fee(left);
                }
                let of_bond = risen.saturating_sub(left) + points(U256::from(job.bond), LATE) / U256::from(2);
                Self { of_bond, ..fee(left) }
            }
            Status::Proving if !job.challenger.is_zero() => {
                Self { of_challenger: U256::from(request.proofFee), ..fee(agreed) }
            }
            _ => fee(agreed),
        }
    }
}

/// Unix time of the last block in which a lock is too young to exclude anybody; never later than its exclusivity or the deadline, whatever the node says of the lock. The contract knows
/// when the lock was made by the end of its exclusivity, halfway to the deadline.
pub(super) fn young_until(request: &Request, job: &Job) -> u64 {
    let (time, deadline) = (job.time.to::<u64>(), request.deadline.to::<u64>());
    (2 * time).saturating_add(LOCK_MATURITY).saturating_sub(deadline).min(time).min(deadline)
}

/// What an account has from ending a request without an answer that is paid, when it calls for that itself, in the smallest units of the request's token: as its client, as its challenger, as
/// its prover, and as the caller. Of a request that is `dead` nobody loses any bond.
pub(super) fn of_end(request: &Request, job: &Job, account: Address, dead: bool) -> U256 {
    let bond = U256::from(job.bond);
    let lost = match job.status {
        _ if dead => U256::ZERO,
        Status::Locked => points(bond, ABSENT),
        Status::Proving => bond,
        _ => U256::ZERO,
    };
    let bounty = points(lost, BOUNTY);
    let of_loss = U256::from(request.loss).min((lost / U256::from(2)).saturating_sub(bounty));
    let finder = if job.challenger.is_zero() { account } else { job.challenger };
    let parts = [
        (request.client, U256::from(request.feeCeiling).saturating_add(of_loss)),
        (job.challenger, U256::from(request.proofFee)),
        (finder, bounty),
        (job.prover, bond.saturating_sub(lost)),
    ];
    let own = parts.into_iter().filter(|(who, _)| *who == account);
    own.fold(U256::ZERO, |sum, (_, part)| sum.saturating_add(part))
}

fn points(amount: U256, points: u64) -> U256 {
    amount.saturating_mul(U256::from(points)) / U256::from(POINTS)
}

#[cfg(test)]
mod tests {
    use assay_contracts::market::{U96, time};
    use assay_contracts::{B256, Chain, Market};

    use super::*;

    /// A fee from 100 to 200 between 0 and 1,000, due at 10,000; locked at 500 for a price of 150 and a bond of 250.
    fn locked() -> (Request, Job) {
        let ids = (Address::repeat_byte(1), U256::ZERO, B256::ZERO, B256::ZERO);
        let mut request = Request::proved(ids, U96::from(200), 0, 10_000);
        (request.feeFloor, request.rampEnd) = (U96::from(100), time(1_000));
        request.loss = U96::ZERO;
        let (mut chain, account) = (Chain::new(), Address::repeat_byte(9));
        let market = Market::deploy(&mut chain, account).unwrap();
        let none = market.job(&mut chain, B256::ZERO).unwrap();
        let job = Job {
            status: Status::Locked,
            prover: Address::repeat_byte(2),
            time: time(5_250),
            price: U96::from(150),
            bond: U96::from(250),
            ..none
        };
        (request, job)
    }

    fn units(value: u64) -> U256 {
        U256::from(value)
    }

    #[test]
    fn a_locker_can_lose_a_fifth_and_the_fee_or_half() {
        let (mut request, job) = locked();
        let risk = Risk { bond: units(250), rescued: units(50 + 200), absent: units(125) };
        assert_eq!(Risk::of_job(&request, &job), risk);
        assert_eq!(Risk::of_lock(&request), risk);
        request.loss = U96::from(1_000);
        let risk = Risk { bond: units(5_000), rescued: units(1_000 + 200), absent: units(2_500) };
        assert_eq!(Risk::of_lock(&request), risk);
    }

    #[test]
    fn pay_falls_for_who_is_late_and_has_a_part_of_the_bond_for_who_rescues() {
        let (request, mut job) = locked();
        let pay = |job: &Job, account: u8, now| {
            let pay = Pay::of(&request, job, Address::repeat_byte(account), now);
            (pay.fee, pay.of_bond)
        };
        assert_eq!(pay(&job, 2, 5_250), (units(150), units(0)));
        assert_eq!(pay(&job, 2, 7_625), (units(75), units(0)));
        assert_eq!(pay(&job, 2, 10_000), (units(0), units(0)));
        assert_eq!(pay(&job, 3, 520), (units(152), units(0)), "it overtakes a young lock");
        assert_eq!(
            pay(&job, 3, 7_625),
            (units(75), units(125 + 25)),
            "what the lock still pays, and the rest and a tenth of the bond"
        );
        job.status = Status::Proving;
        assert_eq!(pay(&job, 2, 9_000), (units(150), units(0)));
        job.status = Status::Open;
        assert_eq!(pay(&job, 2, 500), (units(150), units(0)));
    }

    #[test]
    fn an_end_gives_back_escrow_deposit_and_what_is_lost_of_a_bond() {
        let (mut request, mut job) = locked();
        (request.loss, request.proofFee, job.bond) = (U96::from(30), U96::from(7), U96::from(1_000));
        let of_end = |request: &Request, job: &Job, dead: bool| {
            [1, 2, 3].map(|account| of_end(request, job, Address::repeat_byte(account), dead).to::<u64>())
        };
        // Half of a locker's bond is lost, of which a tenth is whoever's ends it.
        assert_eq!(of_end(&request, &job, false), [200 + 30 + 50, 500 + 50, 50]);
        assert_eq!(of_end(&request, &job, true), [200, 1_000, 0]);
        job.status = Status::Proving;
        assert_eq!(of_end(&request, &job, false), [200 + 30 + 100, 100, 100], "drawn");
        job.challenger = Address::repeat_byte(1);
        assert_eq!(of_end(&request, &job, false), [200 + 30 + 100 + 7, 0, 0], "challenged by the client");
        assert_eq!(of_end(&request, &job, true), [200 + 7, 1_000, 0]);
        job.challenger = Address::repeat_byte(3);
        assert_eq!(of_end(&request, &job, false), [200 + 30, 0, 100 + 7]);
        request.loss = U96::from(5_000);
        assert_eq!(of_end(&request, &job, false)[0], 200 + 400, "what burns and the bounty leave of the bond");
        (job.status, job.bond) = (Status::Open, U96::ZERO);
        assert_eq!(of_end(&request, &job, false)[0], 200);
    }

    #[test]
    fn a_lock_is_young_for_as_long_as_the_contract_says() {
        let (request, mut job) = locked();
        assert_eq!(young_until(&request, &job), 560);
        // What no lock of this request can be, and a node can say.
        for (said, until) in [(9_990, 9_990), (20_000, 10_000), (40, 0)] {
            job.time = time(said);
            assert_eq!(young_until(&request, &job), until);
        }
    }
}
