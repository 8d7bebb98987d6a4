//! Amounts as people and machines read them, and what a token is worth in ether.

use assay_contracts::market::{ETHER, format_ether};
use assay_contracts::{Address, Node, Request, U256, token};

use super::OnChain as _;
use crate::cli::TokenPrice;
use crate::failure::{Outcome, refuse};
use crate::units::ether;

/// Ether with all its digits, as options take it.
pub(super) fn exact(wei: U256) -> String {
    format_ether(wei).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount of a request's token: `0.01 ether`, or `10000 units of 0x...`.
pub(super) fn amount(units: U256, token: Address) -> String {
    if token == ETHER { ether(units) } else { format!("{units} units of {token}") }
}

/// An amount for machines, where it is of ether.
pub(super) fn wei(units: U256, token: Address) -> Option<String> {
    (token == ETHER).then(|| units.to_string())
}

/// An amount for machines, where it is of a token: in its smallest units.
pub(super) fn units(amount: U256, token: Address) -> Option<String> {
    (token != ETHER).then(|| amount.to_string())
}

/// Refuses a request in a token that the user has not named, or a token that the request is not in: anybody can make a token and count it in
/// millions.
pub(super) fn check_token(request: &Request, named: Option<TokenPrice>) -> Outcome {
    let token = request.token;
    match named {
        None if token == ETHER => Ok(()),
        Some(named) if named.token == token => Ok(()),
        None => refuse(format_args!(
            "the request pays in token {token}, not in ether: {} at most. Run again with --token {token}=PRICE, the price of one whole token in \
             ether, if it is worth something to you",
            amount(U256::from(request.feeCeiling), token)
        )),
        Some(named) if token == ETHER => {
            refuse(format_args!("the request pays in ether, --token names {}: run again without --token", named.token))
        }
        Some(named) => refuse(format_args!(
            "the request pays in token {token}, --token names {}: run again with --token {token}=PRICE, if that token is worth something to you",
            named.token
        )),
    }
}

/// What amounts of a request's token are worth in ether.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    /// Wei for one whole token.
    price: U256,
    /// Smallest units in one whole token.
    units: U256,
}

impl Worth {
    /// By the price that the user named, which [`check_token`] has accepted; ether is worth itself.
    pub(super) fn of(node: &mut Node, named: Option<TokenPrice>) -> Outcome<Self> {
        let Some(named) = named else { return Ok(Self { price: U256::ONE, units: U256::ONE }) };
        let units = token::units_of_one(node, named.token).on_chain("cannot ask the token for its decimals")?;
        Ok(Self { price: U256::from(named.wei), units })
    }

    /// Wei that an amount of 96 bits is worth, rounded down.
    pub(super) fn wei(&self, units: U256) -> U256 {
        units.saturating_mul(self.price) / self.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_tokens_are_never_ether() {
        let odd = U256::from(5_123_456_789_012_345_678_u64);
        assert_eq!((exact(odd).as_str(), amount(odd, ETHER).as_str()), ("5.123456789012345678", "5.123 ether"));
        assert_eq!((exact(U256::ZERO), exact(U256::from(10).pow(U256::from(19)))), ("0".to_owned(), "10".to_owned()));
        assert_eq!(amount(U256::from(7), ETHER), "0.000000000000000007 ether");
        let token = Address::repeat_byte(7);
        assert_eq!(amount(U256::from(7), token), format!("7 units of {token}"));
        assert_eq!((wei(U256::ONE, token), units(U256::ONE, token)), (None, Some("1".to_owned())));
        assert_eq!((wei(U256::ONE, ETHER), units(U256::ONE, ETHER)), (Some("1".to_owned()), None));
    }

    #[test]
    fn a_token_counts_as_much_as_the_user_says() {
        // Six decimals, 0.0003 ether for one: 2.5 of them.
        let worth = Worth { price: U256::from(300_000_000_000_000_u64), units: U256::from(1_000_000) };
        assert_eq!(worth.wei(U256::from(2_500_000)), U256::from(750_000_000_000_000_u64));
        assert_eq!(worth.wei(U256::ZERO), U256::ZERO);
    }
}
