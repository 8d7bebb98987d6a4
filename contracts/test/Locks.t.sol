// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Accounts} from "../src/market/Accounts.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Locks: when one excludes others, what a late or absent locker loses, and who has it.
contract LocksTest is Scene {
    function test_LockIsExclusiveForHalfTheTime() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        assertEq(bondFree(prover), STAKE - 125e18, "bond reserved");
        uint256 half = (vm.getBlockTimestamp() + r.deadline) / 2;
        IInferenceMarket.Fulfilment memory late = proved(r, rival);
        vm.warp(half);
        refuse(late, Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "at the fee of the lock");
        assertEq(bondFree(prover), STAKE, "bond released");
    }

    /// A proof is on its way, openly; somebody locks with the output it shows.
    function test_FrontRunningLockTakesNothing() external {
        Request memory r = opened(Tier.Proved);
        Request memory other = opened(Tier.Proved);
        lock(r, rival);
        lock(other, rival);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "as if it were open");
        assertEq(bondFree(rival), STAKE - 125e18, "the lock is undone, the other one stands");
        vm.warp(vm.getBlockTimestamp() + 60);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](1);
        items[0] = proved(other, prover);
        assertEq(market.fulfilBatch(modelId, items), 1, "also a minute later");
        uint256 fee = formulas.priceAt(other, vm.getBlockTimestamp());
        assertEq(credit(prover) - 35e18, fee - fee * 3 / 10, "at the fee of that moment");
        assertEq(bondFree(rival), STAKE, "nobody is slashed");
        assertEq(credit(BURN), 0, "nothing is burnt");
    }

    function test_MatureLockIsNotOvertaken() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(vm.getBlockTimestamp() + 61);
        refuse(proved(r, rival), Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "at the fee of the lock");
        // Where the time left is odd, a second earlier.
        r = request(Tier.Proved);
        ++r.deadline;
        lock(r, prover);
        vm.warp(vm.getBlockTimestamp() + 60);
        refuse(proved(r, rival), Proofs.Refused.selector);
        vm.warp(vm.getBlockTimestamp() - 1);
        market.fulfil(proved(r, rival));
        assertEq(bondFree(prover), STAKE, "who is overtaken loses nothing");
    }

    /// The lock was made at the floor of 50, of which the ramp has made 100 by now; the bond is 125.
    function test_LateProverIsRescued() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp((end + r.deadline) / 2);
        market.fulfil(proved(r, rival));
        assertEq(bondFree(prover), STAKE - 75e18 - 25e18, "late: what the fee of now is above the lock's, and a fifth of the bond");
        assertEq(credit(rival), 17.5e18, "rescuer: its share of what the lock still pays at once");
        assertEq(proceeds(rival), 75e18 + 12.5e18, "and the rest and half the slash as bond");
        assertEq(credit(client), 75e18, "the client pays no more than it was locked for, less the delay");
        assertEq(credit(BURN), 12.5e18, "burnt");
    }

    /// A griefer locks at a floor of nothing with a commitment that it cannot meet: whoever delivers instead has no less than without the lock, and more.
    function test_GriefedLockIsRescuedAtAProfit(uint96 floor, uint40 wait) external {
        Request memory r = request(Tier.Proved);
        r.feeFloor = floor % (r.feeCeiling + 1);
        r.rampEnd = r.deadline;
        bytes memory signature = signed(r);
        vm.prank(rival);
        market.lock(r, signature, "", keccak256("garbage"));
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp(end + 1 + wait % (r.deadline - end));
        uint256 without = formulas.priceAt(r, vm.getBlockTimestamp()) * 7000 / 10_000;
        market.fulfil(proved(r, prover));
        assertTrue(gained(prover) > without, "more than the fee of now");
        assertTrue(STAKE - bondFree(rival) + 1 >= gained(prover) - credit(prover), "from the griefer's bond");
        assertTrue(STAKE - bondFree(rival) <= formulas.bond(r), "and no more than it");
    }

    /// Whatever the ramp, a lock's bond holds a fifth of itself beside the whole fee, of which half is burnt; and what a friend rescues of it is bond again.
    function test_ALockersBondDoesNotComeBackThroughARescuer(uint96 floor, uint96 ceiling, uint96 loss) external {
        Request memory r = request(Tier.Proved);
        r.feeCeiling = 1 + ceiling % 1000e18;
        (r.feeFloor, r.loss, r.rampEnd) = (floor % (r.feeCeiling + 1), loss % 1000e18, r.rampStart);
        r.rampStart = r.rampEnd = uint40(vm.getBlockTimestamp() + 1 hours);
        lock(r, prover);
        uint256 bond = formulas.bond(r);
        vm.warp(market.jobOf(market.idOf(r)).time + 1);
        market.fulfil(proved(r, STRANGER));
        uint256 lost = STAKE - bondFree(prover);
        assertTrue(credit(STRANGER) <= r.feeFloor * 7000 / 10_000 + 1, "of the escrow alone at once");
        assertTrue(credit(BURN) + 1 >= bond / 10, "a tenth is gone");
        assertEq(proceeds(STRANGER) + credit(BURN), lost, "the rest is bond");
    }

    /// A late locker that delivers through a friend has no more of the escrow than by itself, and loses bond besides.
    function test_LateLockerGainsNothingThroughAFriend(uint40 wait) external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp(end + 1 + wait % (r.deadline - end));
        uint256 left = uint256(50e18) * (r.deadline - vm.getBlockTimestamp()) / (r.deadline - end);
        market.fulfil(proved(r, STRANGER));
        assertEq(credit(STRANGER), left - left * 3000 / 10_000, "what the lock still pays");
        assertTrue(proceeds(STRANGER) < STAKE - bondFree(prover), "less than the bond that it costs");
        assertEq(credit(client), 100e18 - left, "the client has what the delay takes");
    }

    function test_LateLockerLosesPriceByTime(uint40 wait) external {
        Request memory r = request(Tier.Proved);
        uint256 start = vm.getBlockTimestamp();
        lock(r, prover);
        uint256 time = start + wait % (r.deadline - start + 1);
        vm.warp(time);
        market.fulfil(proved(r, prover));
        uint256 end = (start + r.deadline) / 2;
        uint256 price = time <= end ? 50e18 : 50e18 * (r.deadline - time) / (r.deadline - end);
        assertEq(credit(prover), price - price * 3000 / 10_000, "its share of what is left");
        assertEq(credit(client), 100e18 - price, "the client has the rest");
        assertEq(bondFree(prover), STAKE, "nobody else had to");
    }

    function test_LateLockerMayStillDeliver() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(r.deadline);
        market.fulfil(proved(r, prover));
        assertEq(bondFree(prover), STAKE, "nobody else had to");
        assertEq(credit(client), 100e18, "at the last moment for nothing");
    }

    function test_AbsentProverPaysTheClient() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(uint256(r.deadline) + 1);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.prank(STRANGER);
        market.refund(r);
        assertEq(bondFree(prover), STAKE - 62.5e18, "absent: half the bond");
        assertEq(gained(client), 100e18 + 10e18, "escrow and loss");
        assertEq(gained(STRANGER), 6.25e18, "reporter");
        assertEq(credit(BURN), 62.5e18 - 6.25e18 - 10e18, "burnt");
    }

    function test_BondCoversTheStatedLoss(uint96 ceiling, uint96 loss, uint16 rate) external {
        vm.assume(rate > 0 && rate <= 10_000);
        Request memory r = request(Tier.Proved);
        (r.feeCeiling, r.loss, r.sampleRate) = (ceiling, loss, rate);
        uint256 bond = formulas.bond(r);
        assertTrue(bond >= ceiling && bond >= loss, "at least ceiling and loss");
        assertTrue(bond / 2 / 2 - bond / 2 / 10 + 2 >= loss, "absent: two fifths of half");
        r.tier = Tier.Receipt;
        bond = formulas.bond(r);
        assertTrue(bond / 2 - bond / 10 + 1 >= uint256(ceiling) + loss, "contradicted: two fifths");
        r.tier = Tier.Sampled;
        assertTrue(formulas.bond(r) * rate >= 2 * (uint256(ceiling) + loss) * 10_000, "sampled: 2 gain / p");
        assertTrue(formulas.bond(r) >= bond, "sampled: as receipt");
    }

    function test_LockerWithoutTheInput() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        // It copies the commitment of an honest lock from the mempool.
        vm.prank(rival);
        market.lock(r, signature, "", commitment(r, prover));
        refuse(proved(r, rival), Proofs.Refused.selector);
        vm.warp((vm.getBlockTimestamp() + r.deadline) / 2 + 1);
        refuse(proved(r, rival), Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        uint256 left = market.jobOf(market.idOf(r)).price;
        left = left * (r.deadline - vm.getBlockTimestamp()) / (r.deadline - market.jobOf(market.idOf(r)).time);
        assertEq(bondFree(rival), STAKE - (100e18 - left) - 25e18, "the locker loses");
        assertEq(gained(prover), left - left * 3000 / 10_000 + (100e18 - left) + 12.5e18, "who has the input is paid");
    }

    function test_NoLockWithoutBondOrTime() external {
        Request memory r = opened(Tier.Proved);
        vm.prank(STRANGER);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.lock(r, "", "", 0);
        vm.warp(uint256(r.deadline) - 2 hours + 1);
        vm.prank(prover);
        vm.expectPartialRevert(Jobs.TooLate.selector);
        market.lock(r, "", "", 0);
        r = opened(Tier.Receipt);
        vm.prank(prover);
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.lock(r, "", "", 0);
    }
}
