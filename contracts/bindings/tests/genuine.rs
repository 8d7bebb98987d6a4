//! Soundness: a market that is not the one that `Market::deploy` deploys, down to its empty storage, is refused by name before it is paid anything.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_contracts::interface::InferenceMarket as market;
use assay_contracts::interface::ModelRegistry as registry;
use assay_contracts::interface::VerifierRouter as router;
use assay_contracts::market::parse_ether;
use assay_contracts::network::{address_of, creation_of_data, place};
use assay_contracts::{
    Address, Artifact, Chain, ContractsError, InOffice, Market, Network as _, Parties, SolCall as _, U256,
};

fn scene() -> (Chain, Address, Market) {
    let mut chain = Chain::new();
    let owner = chain.account("owner", parse_ether("10").unwrap());
    let market = Market::deploy(&mut chain, owner).unwrap();
    (chain, owner, market)
}

/// Arguments of a constructor: two addresses as words.
fn words(addresses: &[Address]) -> Vec<u8> {
    addresses.iter().flat_map(|address| address.into_word().0).collect()
}

fn with(artifact: &Artifact, addresses: &[Address]) -> Vec<u8> {
    [artifact.bytecode(), words(addresses)].concat()
}

/// What is said of a router that is none.
const ROUTER: &str = "its router has other code, or its owner or guardian has changed since it was made: --router-for OWNER,GUARDIAN names the first two, as `assay deploy` printed them";

/// What is refused, and where.
fn refused(chain: &mut Chain, address: Address) -> (&'static str, Address) {
    let error = Market::genuine(chain, address, &[]).unwrap_err();
    let ContractsError::Foreign { market, what, address: at } = error else { unreachable!("{error}") };
    assert_eq!(market, address);
    (what, at)
}

#[test]
fn what_deploy_deploys_is_genuine_whoever_owns_it() {
    let (mut chain, owner, found) = scene();
    let first = Parties { owner, guardian: owner };
    assert_eq!(Market::genuine(&mut chain, found.address, &[]).unwrap(), (found, first));
    let guardian = chain.account("guardian", U256::ZERO);
    let other = Market::deploy_for(&mut chain, owner, guardian, owner).unwrap();
    assert_ne!(other.address, found.address);
    let first = Parties { owner: guardian, guardian: owner };
    assert_eq!(Market::genuine(&mut chain, other.address, &[]).unwrap(), (other, first));
    // The router's owner has changed since: its first one makes the address all the same.
    chain.transact(guardian, other.router, U256::ZERO, &router::renounceOwnershipCall {}).unwrap();
    let (what, at) = refused(&mut chain, other.address);
    assert!(what.contains("--router-for") && at == other.router, "{what}");
    let wrong = Parties { owner, guardian };
    assert!(Market::genuine(&mut chain, other.address, &[wrong]).is_err());
    assert_eq!(Market::genuine(&mut chain, other.address, &[wrong, first]).unwrap(), (other, first));
    let nobody = InOffice { owner: Address::ZERO, guardian: owner, pending_owner: None };
    assert_eq!(other.in_office(&mut chain).unwrap(), nobody);
    assert_eq!(chain.ask(other.router, &router::guardianCall {}).unwrap(), owner);
}

#[test]
fn other_code_in_any_of_its_places_is_refused_by_name() {
    let (mut chain, owner, good) = scene();
    let [beacon, signers] =
        [Artifact::beacon(), Artifact::signatures()].map(|one| address_of(&one.unwrap().bytecode()));
    // Answers every question with one address, as a contract does that takes all money.
    let answering =
        |address: Address| [&[0x73][..], address.as_slice(), &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]].concat();
    let mut placed = |code: Vec<u8>| place(&mut chain, owner, &code).unwrap();

    // A market that is none, with true registry and router.
    let liar = placed(creation_of_data(&answering(good.router)));
    // A true market before a registry of other code, whose router is the true one.
    let registry_liar = placed(with(&Artifact::market().unwrap(), &[liar, beacon, signers]));
    // A true market and registry before a router of other code.
    let router_liar = placed(creation_of_data(&[0x60, 1, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]));
    let its_registry = placed(with(&Artifact::registry().unwrap(), &[router_liar]));
    let routed_by_liar = placed(with(&Artifact::market().unwrap(), &[its_registry, beacon, signers]));
    // A true market that draws by another beacon.
    let drawn_by_liar = placed(with(&Artifact::market().unwrap(), &[good.registry, liar, signers]));
    // A true market that believes whoever says that everybody signed everything.
    let signed_by_liar = placed(with(&Artifact::market().unwrap(), &[good.registry, beacon, liar]));
    // A true registry behind a market of other code.
    assert_eq!(refused(&mut chain, liar).1, good.router, "the router as its registry");
    assert_eq!(refused(&mut chain, registry_liar), ("its registry has other code", liar));
    assert_eq!(refused(&mut chain, routed_by_liar), (ROUTER, router_liar));
    let what = "its own code is other, or `assay deploy` did not place it";
    assert_eq!(refused(&mut chain, drawn_by_liar), (what, drawn_by_liar));
    assert_eq!(refused(&mut chain, signed_by_liar), (what, signed_by_liar));
}

/// The true code, over a storage that says whose all the money is: comparing the code finds nothing.
#[test]
fn true_code_that_another_constructor_put_there_is_refused() {
    let (mut chain, owner, good) = scene();
    let code = chain.code(good.address).unwrap();
    let (copy, _) = chain.deploy(owner, &creation_of_data(&code)).unwrap();
    assert_eq!(chain.code(copy).unwrap(), code);
    assert_eq!(chain.ask(copy, &market::registryCall {}).unwrap(), good.registry);
    assert_eq!(refused(&mut chain, copy).1, copy);
    // Placed by the factory, too, as long as it is not by this creation code.
    let placed = place(&mut chain, owner, &creation_of_data(&code)).unwrap();
    assert_eq!(refused(&mut chain, placed).1, placed);
    let code = chain.code(good.registry).unwrap();
    let copy = place(&mut chain, owner, &creation_of_data(&code)).unwrap();
    let [beacon, signers] =
        [Artifact::beacon(), Artifact::signatures()].map(|one| address_of(&one.unwrap().bytecode()));
    let before_copy = place(&mut chain, owner, &with(&Artifact::market().unwrap(), &[copy, beacon, signers])).unwrap();
    assert_eq!(
        chain.call(owner, copy, U256::ZERO, &registry::routerCall {}.abi_encode()).unwrap()[12..],
        good.router[..]
    );
    assert_eq!(refused(&mut chain, before_copy), ("its registry has other code", copy));
}
