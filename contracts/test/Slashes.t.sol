// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Accounts} from "../src/market/Accounts.sol";
import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {AnswerScene} from "./support/AnswerScene.sol";
import {vm} from "./support/Vm.sol";

/// What a contradiction takes of a bond, and who has it.
contract SlashesTest is AnswerScene {
    function test_OneBondBehindManyReceipts() external {
        uint256 lies = STAKE / BOND;
        Request memory r;
        for (uint256 i = 0; i < lies; ++i) {
            r = answered(Tier.Receipt, LIE);
        }
        assertEq(bondFree(prover), STAKE - lies * BOND, "each has its own");
        Request memory unsecured = request(Tier.Receipt);
        refuseAnswer(unsecured, SIGNER, Accounts.TooLittle.selector);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client), 100e18 + 10e18, "the last is covered as the first");
        assertEq(gained(STRANGER), BOND / 10, "bounty");
        assertEq(bondFree(prover), STAKE - lies * BOND, "no other receipt's bond is touched");
    }

    function test_ContradictionAfterThePaymentCoversIt() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.settle(r);
        uint256 before = gained(client);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client) - before, 50e18 + 10e18, "price and loss");
        assertEq(bondFree(prover), STAKE - BOND, "at most the bond of the tier");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    /// The class was dead for a while, and everybody took back what he had put in: no price is left to cover.
    function test_ContradictionAfterARefundCoversTheLossOnly() external {
        Request memory r = answered(Tier.Receipt, LIE);
        bytes memory code = address(verifier).code;
        vm.etch(address(verifier), hex"00");
        market.refund(r);
        vm.etch(address(verifier), code);
        uint256 before = gained(client);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client) - before, 10e18, "the loss");
        assertEq(bondFree(prover), STAKE - BOND, "at most the bond of the tier");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_ReceiptOffChainIsHeldAgainstFreeAndLeavingBond() external {
        Request memory r = request(Tier.Receipt);
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE - 100e18);
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 0, "free first");
        assertEq(gained(client), 10e18, "loss");
        assertEq(market.accountOf(IInferenceMarket.Pot.Bond, prover, address(token)).leaving, STAKE - BOND, "then leaving");
        bytes memory signature = signed(r);
        bytes memory receiptSignature = receipt(r, LIE, SIGNER);
        uint256[] memory output = new uint256[](1);
        output[0] = LIE;
        vm.expectPartialRevert(Answers.Contradicted.selector);
        market.answer(r, signature, "", output, vm.addr(SIGNER), receiptSignature);
    }

    function leaveWith(uint128 rest) internal {
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE - rest);
        vm.warp(vm.getBlockTimestamp() + 10 days);
        vm.prank(prover);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
    }

    function fundBond(uint96 amount) internal {
        token.mint(prover, amount);
        vm.prank(prover);
        market.fund(IInferenceMarket.Pot.Bond, address(token), amount, "");
    }

    /// A prover whose free bond is a single unit has a friend contradict it: that uses nothing up.
    function test_ContradictionTakesTheRestLater() external {
        leaveWith(1);
        Request memory r = request(Tier.Receipt);
        contradict(r, LIE, prover);
        bytes32 receiptId =
            typed(formulas.receiptHash(r, market.idOf(r), digestOf(LIE), vm.addr(SIGNER)));
        assertEq(market.slashedOf(receiptId), 1, "all there was");
        contradict(r, LIE, STRANGER);
        assertEq(market.slashedOf(receiptId), 1, "nothing more");
        fundBond(100e18);
        contradict(r, LIE, STRANGER);
        fundBond(500e18);
        contradict(r, LIE, STRANGER);
        assertEq(market.slashedOf(receiptId), BOND, "the bond of the tier");
        assertEq(bondFree(prover), 600e18 + 1 - BOND, "and no more");
        assertEq(gained(client), 10e18, "the loss, once");
        assertEq(gained(STRANGER), BOND / 10, "the bounty of one slash");
        assertEq(credit(BURN), BOND - BOND / 10 - 10e18, "the rest is burnt");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_PartsOfASlashAreSplitAsTheWhole(uint96[4] memory parts, uint96 loss) external {
        leaveWith(0);
        Request memory r = request(Tier.Receipt);
        r.loss = loss /= 2;
        uint256 taken;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 part = 1 + uint256(parts[i]) % (uint256(loss) + 100e18);
            if (part > formulas.bond(r) - taken) part = formulas.bond(r) - taken;
            if (part == 0) break;
            fundBond(uint96(part));
            contradict(r, LIE, STRANGER);
            taken += part;
        }
        uint256 most = taken / 2 - taken / 10;
        assertEq(gained(STRANGER), taken / 10, "bounty");
        assertEq(gained(client), loss < most ? loss : most, "loss");
        assertEq(credit(BURN), taken - gained(STRANGER) - gained(client), "burnt");
    }

    function test_BondBeyond96BitsIsTakenExactly() external {
        Request memory r = request(Tier.Receipt);
        (r.feeCeiling, r.loss) = (type(uint96).max, type(uint96).max);
        for (uint256 i = 0; i < 3; ++i) {
            fundBond(type(uint96).max);
        }
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 0, "all there was");
        for (uint256 i = 0; i < 3; ++i) {
            fundBond(type(uint96).max);
        }
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 6 * uint256(type(uint96).max) + STAKE - formulas.bond(r), "then what was missing");
    }

    /// A settled lie that its own prover contradicts through a friend: what is not burnt leaves after the notice of a bond, as it would have without.
    function test_ContradictingOneselfSkipsNoNotice() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.settle(r);
        uint256 before = credit(client);
        contradict(r, LIE, client);
        assertEq(credit(client), before, "nothing at once");
        assertEq(proceeds(client), 50e18 + 10e18 + BOND / 10, "price, loss and bounty");
        vm.prank(client);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), 60e18 + uint128(BOND / 10));
        uint256 due = vm.getBlockTimestamp() + 10 days;
        vm.warp(due - 1);
        // Whatever comes meanwhile, from whomever, delays nothing and is not carried out early.
        Request memory second = request(Tier.Receipt);
        contradict(second, LIE, client);
        vm.prank(client);
        vm.expectPartialRevert(Accounts.NoticeNotOver.selector);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        vm.warp(due);
        vm.prank(client);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        assertEq(credit(client), before + 60e18 + BOND / 10, "then all of it, and no more");
        assertEq(proceeds(client), 10e18 + BOND / 10, "what came later has had no notice");
    }

    /// In ether the bounty pays for the transaction that contradicts, at twice the base fee of the answer; a dearer request's bond is its own.
    function test_BondPaysForItsContradiction(uint64 fee, bool dear) external {
        vm.fee(fee);
        Request memory r = request(Tier.Receipt);
        (r.token, r.feeFloor, r.feeCeiling, r.loss) = (address(0), 1, dear ? 100e18 : 1, 0);
        vm.deal(prover, type(uint128).max);
        vm.prank(prover);
        market.fund{value: type(uint96).max}(IInferenceMarket.Pot.Bond, address(0), type(uint96).max, "");
        vm.prank(client);
        market.open{value: r.feeCeiling}(r, "", "");
        answer(r, LIE);
        uint256 bond = market.jobOf(market.idOf(r)).bond;
        uint256 gas = gasleft();
        contradict(r, LIE, STRANGER);
        gas -= gasleft();
        uint256 bounty = market.accountOf(IInferenceMarket.Pot.Bond, STRANGER, address(0)).free;
        assertEq(bounty, bond / 10, "a tenth");
        assertTrue(bounty >= 2 * uint256(fee) * gas, "pays for itself");
        uint256 least = uint256(fee) * 20 * (verifier.verifyGas(address(0), 1) + 400_000 + 3 * 1_700);
        assertEq(bond, least > formulas.bond(r) ? least : formulas.bond(r), "the larger of the two");
    }

    /// After it was paid, the whole bond of the answer can be taken, also where it was more than the request's terms ask for.
    function test_ContradictionAfterThePaymentTakesTheAnswersBond() external {
        vm.fee(100 gwei);
        Request memory r = request(Tier.Receipt);
        (r.token, r.feeFloor, r.feeCeiling, r.loss) = (address(0), 1, 1, 0);
        vm.prank(prover);
        market.fund{value: 100e18}(IInferenceMarket.Pot.Bond, address(0), 100e18, "");
        vm.prank(client);
        market.open{value: 1}(r, "", "");
        answer(r, LIE);
        uint256 bond = market.jobOf(market.idOf(r)).bond;
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        contradict(r, LIE, STRANGER);
        assertEq(market.accountOf(IInferenceMarket.Pot.Bond, prover, address(0)).free, 100e18 - bond, "all of it");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_SelfSlashThroughAFriend(uint96 loss) external {
        // Client, challenger and reporter are all the prover's friends.
        vm.assume(loss < STAKE / 6);
        Request memory r = request(Tier.Receipt);
        r.loss = loss;
        uint256 bond = formulas.bond(r);
        vm.assume(bond <= STAKE);
        answer(r, LIE);
        contradict(r, LIE, client);
        uint256 recovered = gained(client) - r.feeCeiling;
        assertTrue(recovered <= bond / 2, "at least half is gone");
        assertEq(recovered + credit(BURN), bond, "conserved");
    }

    function test_SelfSlashWhenLateOrAbsentLosesToo() external {
        Request memory r = request(Tier.Proved);
        r.loss = 100e18;
        lock(r, prover);
        vm.warp(uint256(r.deadline) + 1);
        vm.prank(client);
        market.refund(r);
        assertTrue((gained(client) - r.feeCeiling) * 2 <= STAKE - bondFree(prover), "absent");
        assertEq(gained(client) - r.feeCeiling, 100e18 + 25e18, "whole loss and bounty");
    }
}
