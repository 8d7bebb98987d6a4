//! What is worth less than the gas that it costs to take it, in ether: what a token is worth, nobody has said here.

use assay_contracts::market::ETHER;
use assay_contracts::{Address, B256, Market, Network as _, Node, U256};

use super::{OnChain as _, gas, shown};
use crate::failure::Outcome;
use crate::terminal::Terminal;

/// What gas costs now, and whether the user pays more for it than it brings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// Wei for a unit of gas.
    price: U256,
    at_a_loss: bool,
}

/// What an account can take out of a market, in wei.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due {
    /// Of a model's fees, not credited yet.
    pub(super) share: U256,
    /// Of its bond, whose notice is over.
    pub(super) leaving: U256,
    /// Credited before.
    pub(super) credit: U256,
}

/// What stays where it is, and what its gas would cost, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dust {
    pub(super) share: bool,
    pub(super) leaving: bool,
    /// Whether everything stays, what was credited before too.
    pub(super) all: bool,
    pub(super) wei: U256,
    pub(super) gas_wei: U256,
}

impl Costs {
    pub(super) fn of(node: &Node, at_a_loss: bool) -> Outcome<Self> {
        Ok(Self { price: node.gas_price().on_chain("cannot ask for the price of gas")?, at_a_loss })
    }

    fn of_gas(&self, gas: u64) -> U256 {
        self.price.saturating_mul(U256::from(gas))
    }

    /// What ending a request and paying out what it gives back costs, where that is more than it gives, or it gives nothing.
    pub(super) fn exceed(&self, gain: U256, token: Address) -> Option<U256> {
        let cost = self.of_gas(gas::REFUND + gas::WITHDRAW);
        let little = gain.is_zero() || (token == ETHER && gain < cost);
        (little && !self.at_a_loss).then_some(cost)
    }

    /// What of it is not worth its gas: a part of it that costs more by itself, or all, if all together does.
    pub(super) fn dust(&self, due: &Due) -> Dust {
        if self.at_a_loss {
            return Dust::default();
        }
        let parts = [(due.share, self.of_gas(gas::SHARE)), (due.leaving, self.of_gas(gas::LEAVE))];
        let [mut share, mut leaving] = parts.map(|(amount, cost)| !amount.is_zero() && amount < cost);
        // What each brings, and costs, when it is taken.
        let sum = |parts: [(bool, (U256, U256)); 3]| {
            let taken = parts.into_iter().filter(|(taken, (amount, _))| *taken && !amount.is_zero());
            taken.fold((U256::ZERO, U256::ZERO), |sum, (_, part)| {
                (sum.0.saturating_add(part.0), sum.1.saturating_add(part.1))
            })
        };
        let [of_share, of_leaving] = parts;
        let withdrawal = self.of_gas(gas::WITHDRAW);
        let brings = sum([(!share, of_share), (!leaving, of_leaving), (true, (due.credit, U256::ZERO))]);
        let nothing = brings.0 < brings.1.saturating_add(withdrawal);
        if nothing {
            [share, leaving] = parts.map(|(amount, _)| !amount.is_zero());
        }
        let (wei, gas_wei) = sum([(share, of_share), (leaving, of_leaving), (nothing, (due.credit, U256::ZERO))]);
        let all = nothing && !wei.is_zero();
        let gas_wei = if all { gas_wei.saturating_add(withdrawal) } else { gas_wei };
        Dust { share, leaving, all, wei, gas_wei }
    }
}

impl Due {
    /// In ether, as the chain is now.
    pub(super) fn of(node: &mut Node, market: &Market, model: B256, account: Address) -> Outcome<Self> {
        let share = market.claimable(node, model, account).on_chain("cannot ask for your share")?;
        let credit = market.credit(node, account).on_chain("cannot ask for your credit")?;
        let bond = market.bond(node, account, ETHER).on_chain("cannot ask for your bond")?;
        let over = node.time().on_chain("cannot ask for the time")? >= bond.leavesAt.to::<u64>();
        Ok(Self { share, leaving: if over { U256::from(bond.leaving) } else { U256::ZERO }, credit })
    }
}

impl Dust {
    /// What a request that was not ended would give back, and what its gas would cost, beside it.
    pub(super) fn and(self, (wei, gas_wei): (U256, U256)) -> Self {
        Self { wei: self.wei.saturating_add(wei), gas_wei: self.gas_wei.saturating_add(gas_wei), ..self }
    }

    /// Says it, if there is any.
    pub(super) fn say(&self, terminal: Terminal) {
        if !self.wei.is_zero() {
            terminal.say(format_args!(
                "{} of yours stay where they are: taking them out costs about {} of gas now. --at-a-loss takes them all the same:",
                shown(self.wei),
                shown(self.gas_wei)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With gas at one wei.
    fn dust(share: u64, leaving: u64, credit: u64) -> (bool, bool, bool, u64, u64) {
        let costs = Costs { price: U256::ONE, at_a_loss: false };
        let [share, leaving, credit] = [share, leaving, credit].map(U256::from);
        let Dust { share, leaving, all, wei, gas_wei } = costs.dust(&Due { share, leaving, credit });
        (share, leaving, all, wei.to(), gas_wei.to())
    }

    #[test]
    fn what_costs_more_gas_than_it_brings_stays() {
        let (share, leave, withdraw) = (gas::SHARE, gas::LEAVE, gas::WITHDRAW);
        assert_eq!(dust(0, 0, 0), (false, false, false, 0, 0));
        assert_eq!(dust(0, 0, withdraw), (false, false, false, 0, 0));
        assert_eq!(dust(0, 0, withdraw - 1), (false, false, true, withdraw - 1, withdraw));
        // A share that pays for its own gas, and not for the payment's too.
        assert_eq!(dust(share + 1, 0, 0), (true, false, true, share + 1, share + withdraw));
        assert_eq!(dust(share + 1, 0, withdraw), (false, false, false, 0, 0));
        // Beside enough, what is too little stays alone.
        assert_eq!(dust(share - 1, leave - 1, withdraw), (true, true, false, share + leave - 2, share + leave));
        assert_eq!(dust(1, leave, withdraw), (true, false, false, 1, share));
        assert_eq!(dust(1, 1, 1), (true, true, true, 3, share + leave + withdraw));
    }

    #[test]
    fn whoever_says_so_takes_everything() {
        let costs = Costs { price: U256::ONE, at_a_loss: true };
        let due = Due { share: U256::ONE, leaving: U256::ONE, credit: U256::ONE };
        assert_eq!(costs.dust(&due), Dust::default());
        assert_eq!(costs.exceed(U256::ZERO, ETHER), None);
        let costs = Costs { at_a_loss: false, ..costs };
        assert!(costs.exceed(U256::ONE, ETHER).is_some());
        assert_eq!(costs.exceed(U256::from(gas::REFUND + gas::WITHDRAW), ETHER), None);
        assert_eq!(costs.exceed(U256::ONE, Address::repeat_byte(7)), None, "nobody has said what a token is worth");
        assert!(costs.exceed(U256::ZERO, Address::repeat_byte(7)).is_some(), "nothing of it is worth nothing");
    }
}
