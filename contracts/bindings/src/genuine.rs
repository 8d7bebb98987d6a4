//! Whether a market is the one that this crate brings: who pays one that he was merely told of asks first.
//!
//! Market, registry, beacon and signatures are known by their addresses. [`place`](crate::network::place) puts a contract where the hash of its creation code says,
//! constructor's arguments included, so that only this code can ever have run there, from an empty storage on. Comparing the code that stands at an address
//! would not do: a constructor of somebody else's can return the market's code after it has credited its author with a thousand ether of other people's.
//! The router's address depends on whom it was made for, its first owner and guardian. Who names them, a file, a flag or a node, need not be believed:
//! they make the router's address, or they do not.

use alloy_primitives::Address;
use alloy_sol_types::SolConstructor as _;
use serde::{Deserialize, Serialize};

use crate::interface::InferenceMarket as market;
use crate::interface::ModelRegistry as registry;
use crate::interface::VerifierRouter as router;
use crate::network::{FACTORY, FACTORY_CODE, address_of};
use crate::{Artifact, ContractsError, Market, Network};

/// Owner and guardian of a router: the first ones, whom it was made for, or the present ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// Proposes verifiers.
    pub owner: Address,
    /// May end a class of verifiers, as the owner may.
    pub guardian: Address,
}

/// Who has power over a router now; zero is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct InOffice {
    /// Proposes verifiers, and may end a class of them.
    pub owner: Address,
    /// May end a class of verifiers.
    pub guardian: Address,
    /// To whom the owner has offered its place: it takes it by a transaction of its own, whenever it likes.
    pub pending_owner: Option<Address>,
}

impl Market {
    /// The market at an address, if it, its registry, its router, its beacon and who judges its signatures are those that [`Market::deploy`] deploys; and whom its router was made for.
    /// All of `named` are tried, whoever has named them, and then the present owner and guardian.
    ///
    /// # Errors
    /// [`ContractsError::Foreign`]: one of them is not; [`ContractsError::NoFactory`]; as [`Market::at`].
    pub fn genuine(
        network: &mut impl Network,
        address: Address,
        named: &[Parties],
    ) -> Result<(Self, Parties), ContractsError> {
        let found = Self::at(network, address)?;
        let foreign = |what, address| ContractsError::Foreign { market: found.address, what, address };
        let router = answered(network.ask(found.registry, &registry::routerCall {}))?;
        let Some(router) = router else { return Err(foreign("its registry has other code", found.registry)) };
        if router != found.router {
            return Err(foreign("its router is not its registry's", found.router));
        }
        let made_for = made_for(network, router, named)?;
        let (Some(made_for), false) = (made_for, network.code(router)?.is_empty()) else {
            return Err(foreign(
                "its router has other code, or its owner or guardian has changed since it was made: --router-for OWNER,GUARDIAN names the first two, as `assay deploy` printed them",
                router,
            ));
        };
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
        Ok((found, made_for))
    }

    /// Who has power over the router now.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn in_office(&self, network: &mut impl Network) -> Result<InOffice, ContractsError> {
        let owner = network.ask(self.router, &router::ownerCall {})?;
        let guardian = network.ask(self.router, &router::guardianCall {})?;
        let pending = network.ask(self.router, &router::pendingOwnerCall {})?;
        Ok(InOffice { owner, guardian, pending_owner: (!pending.is_zero()).then_some(pending) })
    }
}

/// Whom a router was made for: those of the named ones and of the present ones that make its address.
fn made_for(network: &mut impl Network, router: Address, named: &[Parties]) -> Result<Option<Parties>, ContractsError> {
    let code = Artifact::router()?;
    let make_it = |parties: &Parties| {
        let arguments = router::constructorCall { owner: parties.owner, firstGuardian: parties.guardian };
        router == placed(&code, &arguments.abi_encode())
    };
    if let Some(parties) = named.iter().find(|parties| make_it(parties)) {
        return Ok(Some(*parties));
    }
    Ok(present(network, router)?.filter(make_it))
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
