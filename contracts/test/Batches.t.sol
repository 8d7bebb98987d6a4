// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Tier} from "../src/market/Requests.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {HungryVerifier, MockVerifier} from "./support/MockVerifier.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Proofs that are paid for together.
contract BatchesTest is Scene {
    function test_DeadClassTakesNoBatch() external {
        IInferenceMarket.Fulfilment[] memory items = batchOf(2);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.fulfilBatch(modelId, items);
    }

    function batchOf(uint256 count) internal returns (IInferenceMarket.Fulfilment[] memory items) {
        items = new IInferenceMarket.Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = proved(opened(Tier.Proved), prover);
        }
    }

    function test_BadProofAmong31Good() external {
        for (uint256 brittle = 0; brittle < 2; ++brittle) {
            modelId = register(admit(address(new MockVerifier(1, brittle == 1))));
            IInferenceMarket.Fulfilment[] memory items = batchOf(32);
            items[13].proof[7] ^= 0x01;
            uint256 before = credit(prover);
            assertEq(market.fulfilBatch(modelId, items), type(uint32).max - (1 << 13), "all but one");
            assertEq(credit(prover) - before, 31 * 35e18, "31 paid");
            assertStatus(items[13].request, IInferenceMarket.Status.Open);
            market.fulfil(proved(items[13].request, prover));
        }
    }

    function test_OffCurvePoint() external {
        for (uint256 brittle = 0; brittle < 2; ++brittle) {
            modelId = register(admit(address(new MockVerifier(2, brittle == 1))));
            IInferenceMarket.Fulfilment[] memory items = batchOf(4);
            items[0].proof = hex"01";
            assertEq(market.fulfilBatch{gas: 16_000_000}(modelId, items), 14, "all but the gas burner");
            refuse(items[0], bytes4(0));
        }
    }

    function test_UnderGassedRelayer(uint32 gas) external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        uint256 limit = 500_000 + uint256(gas) % 9_500_000;
        (bool ok, bytes memory out) =
            address(market).call{gas: limit}(abi.encodeCall(market.fulfilBatch, (modelId, items)));
        if (ok) assertEq(abi.decode(out, (uint256)), 7, "a good item never fails");
        else assertStatus(items[0].request, IInferenceMarket.Status.Open);
    }

    function test_UnderGassedRelayerRevertsInTheMiddle() external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        items[1].output[0] ^= 1;
        vm.expectPartialRevert(Proofs.GasTooLow.selector);
        market.fulfilBatch{gas: 4_200_000}(modelId, items);
        assertEq(market.fulfilBatch{gas: 9_000_000}(modelId, items), 5, "with enough gas the good ones are paid");
    }

    function test_BatchThatDoesNotFitFailsEarly() external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        uint256 before = gasleft();
        (bool ok, bytes memory why) = address(market).call{gas: 3_400_000}(call);
        assertTrue(!ok && bytes4(why) == Proofs.GasTooLow.selector, "refused by name");
        assertTrue(before - gasleft() < 300_000, "before anything is verified");
    }

    function test_BatchSkipsWhatIsNotPayable() external {
        IInferenceMarket.Fulfilment[] memory items = batchOf(6);
        market.fulfil(items[1]);
        items[2] = items[0];
        items[3].input[0] += 1;
        items[4].request.modelId = bytes32(uint256(1));
        assertEq(market.fulfilBatch(modelId, items), 1 + 32, "first and last");
        assertEq(credit(prover), 3 * 35e18, "each once");
    }

    function test_BatchSizeIsBounded() external {
        IInferenceMarket.Fulfilment[] memory none = new IInferenceMarket.Fulfilment[](0);
        vm.expectPartialRevert(Proofs.WrongBatchSize.selector);
        market.fulfilBatch(modelId, none);
        none = new IInferenceMarket.Fulfilment[](33);
        vm.expectPartialRevert(Proofs.WrongBatchSize.selector);
        market.fulfilBatch(modelId, none);
    }
}
