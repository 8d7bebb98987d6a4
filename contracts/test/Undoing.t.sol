// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {MockVerifier} from "./support/MockVerifier.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Dead verifiers and keys: everybody takes back what he put in, and nobody gains.
contract UndoingTest is Scene {
    function test_TombstoneUndoesAndNeverRedirects() external {
        Request memory waiting = opened(Tier.Proved);
        Request memory locked = request(Tier.Proved);
        lock(locked, prover);
        Request memory next = request(Tier.Proved);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        refuse(proved(locked, prover), VerifierRouter.Tombstoned.selector);
        vm.prank(client);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.open(next, "", "");
        vm.prank(rival);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.lock(waiting, "", "", 0);
        vm.prank(GUARDIAN);
        market.refund(waiting);
        vm.prank(GUARDIAN);
        market.refund(locked);
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
        assertEq(credit(GUARDIAN) + credit(BURN), 0, "nobody gains");
    }

    /// A key that was created and destroyed in the transaction of its registration can come back with other code.
    function test_ChangedKeyJudgesNothingAndUndoes() external {
        ModelRegistry.Registration memory r = registration(class);
        r.key = address(new MockVerifier(77, false));
        vm.prank(OWNER);
        modelId = registry.register(r, "");
        Request memory waiting = opened(Tier.Proved);
        Request memory locked = request(Tier.Proved);
        lock(locked, prover);
        Request memory next = request(Tier.Proved);
        vm.etch(r.key, hex"00");
        refuse(proved(locked, prover), ModelRegistry.KeyChanged.selector);
        vm.prank(client);
        vm.expectPartialRevert(ModelRegistry.KeyChanged.selector);
        market.open(next, "", "");
        vm.prank(rival);
        vm.expectPartialRevert(ModelRegistry.KeyChanged.selector);
        market.lock(waiting, "", "", 0);
        market.refund(waiting);
        market.refund(locked);
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
    }

    /// As for a changed key: a verifier that was created and destroyed in the transaction of its admission.
    function test_ChangedVerifierJudgesNothingAndUndoes() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.etch(address(verifier), hex"00");
        refuse(proved(r, prover), VerifierRouter.ClassChanged.selector);
        assertTrue(!router.live(class) && registry.dead(modelId), "dead");
        market.refund(r);
        assertEq(credit(client), r.feeCeiling, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
    }
}
