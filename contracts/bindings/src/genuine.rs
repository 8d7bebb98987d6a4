//! Whether a market is the one that this crate brings: who pays one that he was merely told of asks first.
//!
//! Market, registry, beacon and signatures are known by their addresses. [`place`](crate::network::place) puts a contract where the hash of its creation code says,
//! constructor's arguments included, so that only this code can ever have run there, from an empty storage on. Comparing the code that stands at an address
//! would not do: a constructor of somebody else's can return the market's code after it has credited its author with a thousand ether of other people's.
//! The router's address depends on whom it was made for, its first owner and guardian, which nobody need remember as long as they are the present ones. What a node says of them
//! proves itself: they make the router's address, or they do not.

use alloy_primitives::Address;
use alloy_sol_types::SolConstructor as _;

use crate::interface::InferenceMarket as market;
use crate::interface::ModelRegistry as registry;
use crate::interface::VerifierRouter as router;
use crate::network::{FACTORY, FACTORY_CODE, address_of};
use crate::{Artifact, ContractsError, Market, Network};

/// Whom a router was made for: its first owner and guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// Proposes verifiers.
    pub owner: Address,
    /// May end a class of verifiers.
    pub guardian: Address,
}

impl Market {
    /// The market at an address, if it, its registry, its router, its beacon and who judges its signatures are those that [`Market::deploy`] deploys. `made_for` are the first owner
    /// and guardian of its router; without them the present ones are tried.
    ///
    /// # Errors
    /// [`ContractsError::Foreign`]: one of them is not; [`ContractsError::NoFactory`]; as [`Market::at`].
    pub fn genuine(
        network: &mut impl Network,
        address: Address,
        made_for: Option<Parties>,
    ) -> Result<Self, ContractsError> {
        let found = Self::at(network, address)?;
        let foreign = |what, address| ContractsError::Foreign { market: found.address, what, address };
        let named = answered(network.ask(found.registry, &registry::routerCall {}))?;
        let Some(named) = named else { return Err(foreign("its registry has other code", found.registry)) };
        if named != found.router {
            return Err(foreign("its router is not its registry's", found.router));
        }
        let parties = match made_for {
            Some(parties) => Some(parties),
            None => present(network, found.router)?,
        };
        let is_own = |parties: Parties| -> Result<bool, ContractsError> {
            let arguments = router::constructorCall { owner: parties.owner, firstGuardian: parties.guardian };
            Ok(found.router == placed(&Artifact::router()?, &arguments.abi_encode()))
        };
        if !parties.map(is_own).transpose()?.unwrap_or_default() || network.code(found.router)?.is_empty() {
            return Err(foreign(
                "its router has other code, or its owner or guardian has changed since it was made: --router-for OWNER,GUARDIAN names the first two, as `assay deploy` printed them",
                found.router,
            ));
        }
        let arguments = registry::constructorCall { judge: found.router }.abi_encode();
        if found.registry != placed(&Artifact::registry()?, &arguments) {
            return Err(foreign("its registry has other code", found.registry));
        }
        let beacon = placed(&Artifact::beacon()?, &[]);
        let signers = placed(&Artifact::signatures()?, &[]);
        let arguments = market::constructorCall { models: found.registry, source: beacon, signers }.abi_encode();
        if address != placed(&Artifact::market()?, &arguments) {
            return Err(foreign("its own code is other, or `assay deploy` did not place it", address));
        }
        for (what, place) in
            [("its beacon is not deployed", beacon), ("who judges its signatures is not deployed", signers)]
        {
            if network.code(place)?.is_empty() {
                return Err(foreign(what, place));
            }
        }
        // Without it, what an address says would rest on whoever put something else there.
        if network.code(FACTORY)? != FACTORY_CODE {
            return Err(ContractsError::NoFactory { factory: FACTORY, chain: network.chain_id() });
        }
        Ok(found)
    }
}

/// Where a contract with these constructor's arguments is placed.
fn placed(artifact: &Artifact, arguments: &[u8]) -> Address {
    address_of(&[artifact.bytecode().as_slice(), arguments].concat())
}

/// Owner and guardian of a router as they are now; none of what is no router.
fn present(network: &mut impl Network, router: Address) -> Result<Option<Parties>, ContractsError> {
    let owner = answered(network.ask(router, &router::ownerCall {}))?;
    let guardian = answered(network.ask(router, &router::guardianCall {}))?;
    Ok(owner.zip(guardian).map(|(owner, guardian)| Parties { owner, guardian }))
}

/// What a contract answered; none where it has no such function: what is no such contract answers anything.
fn answered<T>(answer: Result<T, ContractsError>) -> Result<Option<T>, ContractsError> {
    match answer {
        Err(ContractsError::Answer { .. } | ContractsError::Reverted { .. } | ContractsError::Halted { .. }) => {
            Ok(None)
        }
        other => other.map(Some),
    }
}
