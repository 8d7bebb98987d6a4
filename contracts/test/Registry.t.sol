// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {MockVerifier} from "./support/MockVerifier.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Models and verifier classes.
contract RegistryTest is Scene {
    function refuseModel(ModelRegistry.Registration memory r, bytes4 selector) internal {
        vm.expectPartialRevert(selector);
        vm.prank(OWNER);
        registry.register(r, "");
    }

    function test_ModelIsRegisteredOnceAndIsItsContent() external {
        ModelRegistry.Registration memory r = registration(class);
        refuseModel(r, ModelRegistry.ModelExists.selector);
        vm.prank(STRANGER);
        bytes32 other = registry.register(r, "");
        assertTrue(other != modelId, "another owner, another model");
        ModelRegistry.Model memory model = registry.get(modelId);
        assertTrue(model.owner == OWNER && model.class == class && model.proverPoints == 7000, "record");
    }

    /// The code of the factory that stands on nearly every chain.
    bytes internal constant FACTORY_CODE =
        hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";
    address internal constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    function test_KeyIsPlacedAndItsModelRegisteredInOneCall() external {
        vm.etch(FACTORY, FACTORY_CODE);
        // A contract of one byte, STOP: what a key's code begins with.
        bytes memory creation = hex"60015ff3";
        bytes32 hash = keccak256(abi.encodePacked(bytes1(0xff), FACTORY, bytes32(0), keccak256(creation)));
        ModelRegistry.Registration memory r = registration(class);
        r.key = address(uint160(uint256(hash)));
        assertEq(r.key.code.length, 0, "not there yet");
        vm.prank(OWNER);
        bytes32 id = registry.registerWithKey(creation, r, "");
        ModelRegistry.Model memory model = registry.get(id);
        assertTrue(model.owner == OWNER && model.key == r.key && model.keyHash == keccak256(hex"00"), "the caller's, with the key placed");
        (, address judge) = registry.judged(id);
        assertTrue(judge == address(verifier), "judged");
        // The key is there now, whoever placed it, and is not placed again, which would burn all gas.
        r.graphDigest = "another";
        vm.prank(OWNER);
        uint256 before = gasleft();
        assertTrue(registry.registerWithKey(creation, r, "") != id, "registered with the key that is there");
        assertTrue(before - gasleft() < 500_000, "gas");
    }

    function test_KeyElsewhereThanSaidIsRefused() external {
        vm.etch(FACTORY, FACTORY_CODE);
        ModelRegistry.Registration memory r = registration(class);
        r.key = STRANGER;
        vm.expectPartialRevert(ModelRegistry.NoCode.selector);
        vm.prank(OWNER);
        registry.registerWithKey(hex"60015ff3", r, "");
        vm.etch(FACTORY, "");
        vm.expectPartialRevert(ModelRegistry.NoCode.selector);
        vm.prank(OWNER);
        registry.registerWithKey(hex"60015ff3", r, "");
    }

    function test_PointsSumToAll(uint16 proverPoints, uint16 ownerPoints, uint16 contributorPoints) external {
        ModelRegistry.Registration memory r = registration(class);
        (r.proverPoints, r.ownerPoints, r.points[0]) = (proverPoints, ownerPoints, contributorPoints);
        r.graphDigest = "another";
        vm.prank(OWNER);
        (bool ok, bytes memory out) = address(registry).call(abi.encodeCall(registry.register, (r, "")));
        bool right = uint256(proverPoints) + ownerPoints + contributorPoints == 10_000 && ownerPoints <= 3000 && contributorPoints > 0;
        assertTrue(ok == right, "accepted iff right");
        if (ok) assertEq(registry.pointsOf(abi.decode(out, (bytes32)), CONTRIBUTOR), contributorPoints, "points");
    }

    function test_BadRegistrationsAreRefused() external {
        ModelRegistry.Registration memory r = registration(class);
        r.key = STRANGER;
        refuseModel(r, ModelRegistry.NoCode.selector);
        r = registration(class);
        r.outputWords = 0;
        refuseModel(r, ModelRegistry.ZeroWords.selector);
        r = registration(class);
        (r.inputWords, r.outputWords) = (3200, 1);
        refuseModel(r, ModelRegistry.TooManyWords.selector);
        r.inputWords = 3199;
        refuseModel(r, ModelRegistry.WrongInstanceCount.selector);
        r.inputWords = 3;
        refuseModel(r, ModelRegistry.WrongInstanceCount.selector);
        r = registration("unknown");
        refuseModel(r, VerifierRouter.UnknownClass.selector);
        r = registration(class);
        r.points = new uint16[](2);
        refuseModel(r, ModelRegistry.LengthMismatch.selector);
        r = registration(class);
        r.ownerPoints = 3001;
        refuseModel(r, ModelRegistry.TooManyOwnerPoints.selector);
        r = registration(class);
        r.contributors[0] = address(0);
        refuseModel(r, ModelRegistry.ZeroContributor.selector);
        r = registration(class);
        r.points[0] = 0;
        refuseModel(r, ModelRegistry.ZeroPoints.selector);
        r = registration(class);
        r.contributors = new address[](2);
        r.points = new uint16[](2);
        (r.contributors[0], r.contributors[1], r.points[0], r.points[1]) = (CONTRIBUTOR, CONTRIBUTOR, 500, 500);
        refuseModel(r, ModelRegistry.DuplicateContributor.selector);
        r.contributors = new address[](65);
        r.points = new uint16[](65);
        refuseModel(r, ModelRegistry.TooManyContributors.selector);
    }

    /// `MAX_OWNER_POINTS` bounds what the owner has as owner only.
    function test_OwnerMayAlsoContribute() external {
        ModelRegistry.Registration memory r = registration(class);
        r.contributors[0] = OWNER;
        vm.prank(OWNER);
        bytes32 id = registry.register(r, "");
        assertEq(registry.pointsOf(id, OWNER), 3000, "both");
        (r.proverPoints, r.ownerPoints, r.points[0]) = (0, 3000, 7000);
        vm.prank(OWNER);
        id = registry.register(r, "");
        assertEq(registry.pointsOf(id, OWNER), 10_000, "all of every fee");
    }

    function test_OnlyTheOwnerRetires() external {
        vm.prank(STRANGER);
        vm.expectPartialRevert(ModelRegistry.NotOwner.selector);
        registry.retire(modelId);
        vm.prank(STRANGER);
        vm.expectPartialRevert(ModelRegistry.NotOwner.selector);
        registry.setMetadata(modelId, "");
        vm.expectPartialRevert(ModelRegistry.UnknownModel.selector);
        registry.get("unknown");
    }

    function test_AdmissionTakesItsTime() external {
        MockVerifier next = new MockVerifier(9, false);
        vm.expectPartialRevert(VerifierRouter.NotProposed.selector);
        router.admit(address(next));
        vm.prank(STRANGER);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        router.propose(address(next));
        vm.prank(ADMIN);
        router.propose(address(next));
        vm.warp(vm.getBlockTimestamp() + 7 days - 1);
        vm.expectPartialRevert(VerifierRouter.TooEarly.selector);
        router.admit(address(next));
        vm.warp(vm.getBlockTimestamp() + 1);
        router.admit(address(next));
        assertTrue(router.route(address(next).codehash) == address(next), "routed");
    }

    /// EIP-7702: an account that delegates to a verifier can delegate to something else tomorrow.
    function test_DelegatedCodeIsNoVerifier() external {
        address account = address(0x7702);
        vm.etch(account, abi.encodePacked(hex"ef0100", address(verifier)));
        vm.prank(ADMIN);
        vm.expectPartialRevert(VerifierRouter.DelegatedCode.selector);
        router.propose(account);
        // Nor does a proposed contract become one.
        MockVerifier next = new MockVerifier(9, false);
        vm.prank(ADMIN);
        router.propose(address(next));
        vm.etch(address(next), abi.encodePacked(hex"ef0100", address(verifier)));
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectPartialRevert(VerifierRouter.ClassChanged.selector);
        router.admit(address(next));
    }

    function test_DelegatedCodeIsNoKey() external {
        address account = address(0x7702);
        vm.etch(account, abi.encodePacked(hex"ef0100", address(verifier)));
        ModelRegistry.Registration memory r = registration(class);
        r.key = account;
        vm.expectPartialRevert(ModelRegistry.DelegatedCode.selector);
        registry.register(r, "");
    }

    function test_AdmittedIsWhatWasProposed() external {
        MockVerifier next = new MockVerifier(9, false);
        bytes32 proposed = address(next).codehash;
        vm.prank(ADMIN);
        router.propose(address(next));
        assertTrue(router.proposedClass(address(next)) == proposed, "named");
        bytes memory code = address(next).code;
        vm.etch(address(next), address(registry).code);
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectPartialRevert(VerifierRouter.ClassChanged.selector);
        router.admit(address(next));
        vm.etch(address(next), code);
        assertTrue(router.admit(address(next)) == proposed, "admitted");
        assertTrue(router.live(proposed), "live");
        vm.etch(address(next), address(registry).code);
        vm.expectPartialRevert(VerifierRouter.ClassChanged.selector);
        router.route(proposed);
    }

    function test_CancelledProposalIsNotAdmitted() external {
        MockVerifier next = new MockVerifier(9, false);
        vm.prank(ADMIN);
        router.propose(address(next));
        vm.prank(ADMIN);
        router.cancel(address(next));
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectPartialRevert(VerifierRouter.NotProposed.selector);
        router.admit(address(next));
    }

    function test_ClassIsNeverReplaced() external {
        MockVerifier same = new MockVerifier(0, false);
        vm.prank(ADMIN);
        router.propose(address(same));
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectPartialRevert(VerifierRouter.ClassExists.selector);
        router.admit(address(same));
        vm.prank(ADMIN);
        vm.expectPartialRevert(VerifierRouter.NoCode.selector);
        router.propose(STRANGER);
    }

    function test_TombstoneIsForEver() external {
        vm.prank(STRANGER);
        vm.expectPartialRevert(VerifierRouter.NotGuardian.selector);
        router.tombstone(class);
        MockVerifier next = new MockVerifier(9, false);
        vm.prank(ADMIN);
        router.setGuardian(STRANGER);
        vm.prank(STRANGER);
        router.tombstone(address(next).codehash);
        vm.prank(ADMIN);
        router.tombstone(class);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        router.route(class);
        vm.prank(ADMIN);
        router.propose(address(next));
        vm.warp(vm.getBlockTimestamp() + 7 days);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        router.admit(address(next));
        ModelRegistry.Registration memory r = registration(class);
        r.graphDigest = "late";
        refuseModel(r, VerifierRouter.Tombstoned.selector);
    }
}
