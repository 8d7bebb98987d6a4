//! What is read of an ERC-20 token.

use alloy_primitives::{Address, U256};

use self::call::Erc20;
use crate::{ContractsError, Network};

mod call {
    alloy_sol_types::sol! {
        contract Erc20 {
            function decimals() external view returns (uint8);
        }
    }
}

/// Smallest units in one whole token: `10^decimals`.
///
/// # Errors
/// [`ContractsError::Answer`]: what is there is no token, or says a number of decimals that no amount has. As [`Network::call`].
pub fn units_of_one(network: &mut impl Network, token: Address) -> Result<U256, ContractsError> {
    let decimals = network.ask(token, &Erc20::decimalsCall {})?;
    U256::from(10).checked_pow(U256::from(decimals)).ok_or(ContractsError::Answer {
        from: token,
        call: "decimals()",
        got: usize::from(decimals),
    })
}
