//! Whether a market is the one that this crate brings: who pays one that he was merely told of asks first.
//!
//! Market, registry, beacon and signatures are known by their addresses. [`place`](crate::network::place) puts a contract where the hash of its creation code says,
//! constructor's arguments included, so that only this code can ever have run there, from an empty storage on. Comparing the code that stands at an address
//! would not do: a constructor of somebody else's can return the market's code after it has credited its author with a thousand ether of other people's.
//! The router's address depends on who owned it first, which nobody may remember; its code is compared, and its storage decides nothing but which class
//! may judge, which every payer compares with the code generated for the model.

use alloy_primitives::Address;
use alloy_sol_types::SolConstructor as _;

use crate::interface::InferenceMarket as market;
use crate::interface::ModelRegistry as registry;
use crate::interface::VerifierRouter as router;
use crate::network::{FACTORY, FACTORY_CODE, address_of};
use crate::{Artifact, Chain, ContractsError, Market, Network};

impl Market {
    /// The market at an address, if it, its registry, its router, its beacon and who judges its signatures are those that [`Market::deploy`] deploys.
    ///
    /// # Errors
    /// [`ContractsError::Foreign`]: one of them is not; [`ContractsError::NoFactory`]; as [`Market::at`].
    pub fn genuine(network: &mut impl Network, address: Address) -> Result<Self, ContractsError> {
        let found = Self::at(network, address)?;
        let foreign = |what, address| ContractsError::Foreign { market: found.address, what, address };
        let named = match network.ask(found.registry, &registry::routerCall {}) {
            // What is no registry answers anything.
            Err(ContractsError::Answer { .. } | ContractsError::Reverted { .. } | ContractsError::Halted { .. }) => {
                return Err(foreign("its registry has other code", found.registry));
            }
            other => other?,
        };
        if named != found.router {
            return Err(foreign("its router is not its registry's", found.router));
        }
        if network.code(found.router)? != router_code()? {
            return Err(foreign("its router has other code", found.router));
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

/// The code of a router, which is the same whoever owns it.
fn router_code() -> Result<Vec<u8>, ContractsError> {
    let anybody = FACTORY;
    let arguments = router::constructorCall { owner: anybody, firstGuardian: anybody }.abi_encode();
    let mut chain = Chain::new();
    let (address, _) = chain.deploy(Address::ZERO, &[Artifact::router()?.bytecode(), arguments].concat())?;
    chain.code(address)
}
