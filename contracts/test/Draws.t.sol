// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {PrevRandaoBeacon} from "../src/market/PrevRandaoBeacon.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {AnswerScene} from "./support/AnswerScene.sol";
import {Headers} from "./support/Headers.sol";
import {vm} from "./support/Vm.sol";

/// Which sampled answers the beacon draws.
contract DrawsTest is AnswerScene {
    function drawWith(Request memory r, uint256 prevrandao) internal returns (bool) {
        uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
        vm.roll(number + 1);
        return market.draw(r, Headers.mine(number, prevrandao));
    }

    function selects(Request memory r, uint256 prevrandao) internal view returns (bool) {
        return uint256(keccak256(abi.encode(prevrandao, market.idOf(r)))) % 10_000 < r.sampleRate;
    }

    /// A random value that does not select a request.
    function unselecting(Request memory r) internal view returns (uint256 prevrandao) {
        prevrandao = 1 << 64;
        while (selects(r, prevrandao)) ++prevrandao;
    }

    function test_BeaconDraws(uint256 prevrandao, uint16 rate) external {
        Request memory r = request(Tier.Sampled);
        r.sampleRate = 300 + rate % 9701;
        answer(r, truth(r));
        if (prevrandao < 1 << 64) prevrandao += 1 << 64;
        bool selected = drawWith(r, prevrandao);
        assertTrue(selected == selects(r, prevrandao), "as the beacon says");
        assertStatus(r, selected ? IInferenceMarket.Status.Proving : IInferenceMarket.Status.Answered);
        if (selected) {
            market.fulfil(proved(r, prover));
        } else {
            vm.warp(vm.getBlockTimestamp() + 1 days + 1);
            market.settle(r);
        }
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function test_SampledAnswerIsNotPaidUndrawn() external {
        Request memory r = answered(Tier.Sampled, LIE);
        vm.warp(vm.getBlockTimestamp() + 2 days);
        vm.expectPartialRevert(Answers.NotDrawn.selector);
        market.settle(r);
    }

    function test_NobodyChoosesTheBeacon() external {
        Request memory r = answered(Tier.Sampled, LIE);
        uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
        assertEq(number, vm.getBlockNumber() + 64, "fixed by the answer");
        vm.roll(number);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.draw(r, "");
        vm.roll(number + 1);
        bytes memory other = Headers.mine(number - 1, 1);
        Headers.mine(number, 2);
        vm.expectPartialRevert(PrevRandaoBeacon.WrongHeader.selector);
        market.draw(r, other);
    }

    function test_DrawnOnceOnly() external {
        Request memory r = answered(Tier.Sampled, LIE);
        uint256 prevrandao = unselecting(r);
        assertTrue(!drawWith(r, prevrandao), "not selected");
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.draw(r, "");
        r = answered(Tier.Receipt, LIE);
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.draw(r, "");
    }

    /// EIP-2935: the chain keeps 8,191 hashes in a contract; the code is the EIP's.
    function keepHash(uint256 number, bytes32 hash) internal {
        address history = 0x0000F90827F1C53a10cb7A02335B175320002935;
        vm.etch(
            history,
            hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
        );
        vm.store(history, bytes32(number % 8191), hash);
    }

    function test_HeaderIsReadFor8191Blocks() external {
        for (uint256 late = 0; late < 2; ++late) {
            Request memory r = answered(Tier.Sampled, LIE);
            uint256 prevrandao = unselecting(r);
            uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
            bytes memory header = Headers.withPrevRandao(prevrandao);
            vm.roll(number + 8191 + late);
            keepHash(number, keccak256(header));
            if (late == 0) {
                bytes memory other = Headers.withPrevRandao(prevrandao + 1);
                vm.expectPartialRevert(PrevRandaoBeacon.WrongHeader.selector);
                market.draw(r, other);
            }
            assertTrue(market.draw(r, header) == (late == 1), "read to the last block, then selected");
        }
    }

    /// On chains whose header says zero, one, a difficulty or any other small number, that is no randomness: the prover would know beforehand what need not be proved.
    function test_ConstantBeaconSelects(uint64 constant_) external {
        Request memory r = answered(Tier.Sampled, LIE);
        r.sampleRate = 2500;
        assertTrue(drawWith(r, constant_), "selected, whatever its hash says");
        assertStatus(r, IInferenceMarket.Status.Proving);
    }

    function test_SilencePastTheBeaconSelects() external {
        Request memory r = answered(Tier.Sampled, LIE);
        vm.roll(vm.getBlockNumber() + 9000);
        assertTrue(market.draw(r, ""), "selected");
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        vm.prank(STRANGER);
        market.slashUnproved(r);
        assertEq(gained(STRANGER), formulas.bond(r) / 10, "the caller has the bounty");
    }
}
