// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Accounts} from "../src/market/Accounts.sol";
import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {AnswerScene} from "./support/AnswerScene.sol";
import {vm} from "./support/Vm.sol";

/// Answers with a receipt: who may give one, when it settles, and how it ends.
contract AnswersTest is AnswerScene {
    function test_ReceiptSettlesAfterItsWindow() external {
        Request memory r = answered(Tier.Receipt, 5);
        assertEq(bondFree(prover), STAKE - BOND, "reserved");
        vm.warp(vm.getBlockTimestamp() + 1 days);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.settle(r);
        vm.warp(vm.getBlockTimestamp() + 1);
        market.settle(r);
        assertEq(credit(prover), 35e18, "70 % of the floor");
        assertEq(credit(client), 50e18, "ceiling less fee");
        assertEq(bondFree(prover), STAKE, "released");
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.settle(r);
    }

    function test_AnswerNeedsAReceiptOfTheNamedProver() external {
        Request memory r = request(Tier.Receipt);
        refuseAnswer(r, RIVAL_SIGNER, Proofs.NotProver.selector);
        refuseAnswer(r, CLIENT, Signatures.UnknownKey.selector);
        bytes memory signature = signed(r);
        bytes memory other = receipt(r, truth(r), RIVAL_SIGNER);
        uint256[] memory output = new uint256[](1);
        output[0] = truth(r);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.answer(r, signature, "", output, vm.addr(SIGNER), other);
        vm.prank(prover);
        signatures.revokeKey(vm.addr(SIGNER));
        refuseAnswer(r, SIGNER, Answers.RevokedKey.selector);
    }

    function test_AnswerFitsTierTimeAndModel() external {
        Request memory r = request(Tier.Proved);
        r.prover = prover;
        refuseAnswer(r, SIGNER, Jobs.WrongTerms.selector);
        r = opened(Tier.Receipt);
        uint256[] memory output = new uint256[](2);
        bytes memory two = receiptOver(r, keccak256(abi.encodePacked(output)), SIGNER);
        vm.expectPartialRevert(Answers.WrongOutput.selector);
        market.answer(r, "", "", output, vm.addr(SIGNER), two);
        vm.warp(uint256(r.deadline) + 1);
        refuseAnswer(r, SIGNER, Jobs.TooLate.selector);
    }

    function test_KeysBelongToWhoHoldsThem() external {
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.KeyTaken.selector);
        signatures.registerKey(vm.addr(SIGNER), "");
        bytes memory forProver = sign(CLIENT, keyDigest(prover));
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        signatures.registerKey(vm.addr(CLIENT), forProver);
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.UnknownKey.selector);
        signatures.revokeKey(vm.addr(SIGNER));
    }

    function test_ReceiptIsNeverErc1271() external {
        // A signer with code: its word counts only as a key's signature, which it cannot give.
        vm.prank(prover);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        signatures.registerKey(address(verifier), "");
    }

    function test_AnsweredRequestIsNotRefunded() external {
        Request memory r = answered(Tier.Receipt, 5);
        vm.warp(uint256(r.deadline) + 1);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.refund(r);
    }

    function test_ProofMayComeWithoutAChallenge() external {
        Request memory r = request(Tier.Receipt);
        answer(r, truth(r));
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "fee");
        assertEq(bondFree(prover), STAKE, "released");
    }

    function test_LastMomentsOfAnswersCount() external {
        Request memory r = opened(Tier.Challenged);
        Request memory late = opened(Tier.Receipt);
        vm.warp(r.deadline);
        answer(r, truth(r));
        vm.warp(uint256(r.deadline) + 1);
        refuseAnswer(late, SIGNER, Jobs.TooLate.selector);
        market.refund(late);
        // A proof may come after the window as long as nobody has settled.
        vm.warp(uint256(r.deadline) + 2 days);
        market.fulfil(proved(r, prover));
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function test_DeadClassTakesNoAnswer() external {
        Request memory r = opened(Tier.Receipt);
        deadClass();
        refuseAnswer(r, SIGNER, VerifierRouter.Tombstoned.selector);
    }

    /// Only an open request is secured; then nothing that its client does changes what the prover is owed.
    function test_OpenRequestOutlivesItsClientsTricks() external {
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 200e18, "");
        Request memory r = opened(Tier.Receipt);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.NonceUsed.selector);
        market.cancelNonce(r.nonce);
        // The rest of the deposit goes to a request to itself, and notice is given of all of it.
        Request memory own = request(Tier.Proved);
        own.prover = client;
        open(own);
        vm.prank(client);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.giveNotice(IInferenceMarket.Pot.Deposit, address(token), 1);
        answer(r, truth(r));
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        assertEq(credit(prover), 35e18, "paid");
    }

    function test_CancelledNonceIsNeverAnswered() external {
        Request memory r = request(Tier.Receipt);
        vm.prank(client);
        market.cancelNonce(r.nonce);
        refuseAnswer(r, SIGNER, Jobs.NonceUsed.selector);
    }

    function test_TombstoneReturnsEverybodysOwn() external {
        Request memory r = answered(Tier.Challenged, LIE);
        Request memory other = answered(Tier.Receipt, LIE);
        challenge(r, STRANGER);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        vm.warp(vm.getBlockTimestamp() + 3 days);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.slashUnproved(r);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.settle(other);
        market.refund(r);
        market.refund(other);
        assertEq(credit(STRANGER), r.proofFee, "challenger");
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "prover");
    }
}
