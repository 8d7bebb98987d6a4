// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifierErrors} from "../generated/IVerifier.sol";
import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Rewards} from "../src/market/Rewards.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {AnswerScene} from "./support/AnswerScene.sol";
import {Truth} from "./support/MockVerifier.sol";
import {Vm, vm} from "./support/Vm.sol";
import {MaskingForwarder} from "./support/Wallets.sol";

/// Which receipts a proof contradicts, and which it does not.
contract ContradictionsTest is AnswerScene {
    function test_ContradictionInOneTransaction() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.prank(RIVAL_CALLER);
        contradict(r, LIE, STRANGER);
        assertStatus(r, IInferenceMarket.Status.Slashed);
        assertEq(gained(STRANGER), BOND / 10, "bounty to the proof's payee, whoever sends it");
        assertEq(gained(RIVAL_CALLER), 0, "copying the proof gains nothing");
        assertEq(gained(client), 100e18 + 10e18, "escrow and loss");
        vm.warp(vm.getBlockTimestamp() + 2 days);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.settle(r);
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    /// A liar answers through a contract of its own, in whose calldata nobody finds the receipt. The market's events have all of it that a contradiction takes.
    function test_LieBehindAForwarderIsContradictedByTheEvents() external {
        Request memory r = request(Tier.Receipt);
        uint256[] memory output = new uint256[](1);
        output[0] = LIE;
        MaskingForwarder forwarder = new MaskingForwarder();
        bytes memory call = abi.encodeCall(Answers.answer, (r, signed(r), "", output, vm.addr(SIGNER), receipt(r, LIE, SIGNER)));
        bytes memory hidden = forwarder.masked(call);
        vm.recordLogs();
        forwarder.act(address(market), hidden);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (address signer, bytes memory signature, bytes32 digest) = (address(0), bytes(""), bytes32(0));
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(market)) continue;
            if (logs[i].topics[0] == keccak256("AnswerSigned(bytes32,address,bytes)")) {
                assertEq(uint256(logs[i].topics[1]), uint256(market.idOf(r)), "of the request");
                signer = address(uint160(uint256(logs[i].topics[2])));
                signature = abi.decode(logs[i].data, (bytes));
            }
            if (logs[i].topics[0] == Answers.RequestAnswered.selector) {
                (,,,, uint256[] memory told) = abi.decode(logs[i].data, (uint256, uint256, uint256, uint256, uint256[]));
                digest = keccak256(abi.encodePacked(told));
            }
        }
        market.contradict(r, digest, signer, signature, evidence(r, STRANGER));
        assertStatus(r, IInferenceMarket.Status.Slashed);
        assertEq(gained(STRANGER), BOND / 10, "bounty");
    }

    /// A receipt, and evidence against it, are for the chain and the market that they were made for; those made for where they are used do slash.
    function replayed(Request memory r, bytes memory signature, Answers.Evidence memory e) internal {
        Answers.Evidence memory own = evidence(r, STRANGER);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.contradict(r, digestOf(LIE), vm.addr(SIGNER), signature, own);
        refuseContradiction(r, LIE, e, IVerifierErrors.InvalidProof.selector);
        assertEq(bondFree(prover), STAKE, "nothing is slashed");
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), STAKE - BOND, "slashed");
    }

    function test_ReplayOfReceiptsAcrossChainIds() external {
        Request memory r = request(Tier.Receipt);
        (bytes memory signature, Answers.Evidence memory e) = (receipt(r, LIE, SIGNER), evidence(r, STRANGER));
        vm.chainId(vm.getChainId() + 1);
        replayed(r, signature, e);
    }

    function test_ReplayOfReceiptsAcrossMarkets() external {
        Request memory r = request(Tier.Receipt);
        (bytes memory signature, Answers.Evidence memory e) = (receipt(r, LIE, SIGNER), evidence(r, STRANGER));
        market = newMarket(address(market.beacon()));
        fundAll(token);
        replayed(r, signature, e);
    }

    function test_CopiedEvidencePaysItsMaker() external {
        Request memory r = answered(Tier.Receipt, LIE);
        Answers.Evidence memory e = evidence(r, STRANGER);
        e.payee = RIVAL_CALLER;
        refuseContradiction(r, LIE, e, IVerifierErrors.InvalidProof.selector);
    }

    function test_TrueReceiptCannotBeContradicted() external {
        Request memory r = request(Tier.Receipt);
        answer(r, truth(r));
        refuseContradiction(r, truth(r), evidence(r, STRANGER), Answers.SameOutput.selector);
        Answers.Evidence memory e = evidence(r, STRANGER);
        e.output[0] = LIE;
        refuseContradiction(r, truth(r), e, IVerifierErrors.InvalidProof.selector);
        Request memory other = request(Tier.Receipt);
        refuseContradiction(r, truth(r), evidence(other, STRANGER), Answers.WrongInput.selector);
        refuseContradiction(r, LIE, evidence(r, address(0)), Rewards.ZeroAddress.selector);
    }

    /// Such a request can never be opened; a lie about it is a lie all the same.
    function test_SampleRateOfZeroIsSlashedAsAReceipt() external {
        Request memory r = request(Tier.Sampled);
        r.sampleRate = 0;
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), STAKE - BOND, "slashed");
    }

    function test_RevocationDoesNotForgive() external {
        Request memory r = request(Tier.Receipt);
        vm.prank(prover);
        signatures.revokeKey(vm.addr(SIGNER));
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), STAKE - BOND, "slashed");
    }

    function test_ASlashIsOncePerAnswer() external {
        Request memory r = answered(Tier.Challenged, LIE);
        challenge(r, STRANGER);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.slashUnproved(r);
        refuseContradiction(r, LIE, evidence(r, STRANGER), Jobs.WrongStatus.selector);
        assertEq(bondFree(prover), STAKE - BOND, "once");
    }

    function test_DeadClassContradictsNothing() external {
        Request memory r = answered(Tier.Receipt, LIE);
        Request memory offChain = request(Tier.Receipt);
        deadClass();
        refuseContradiction(r, LIE, evidence(r, STRANGER), VerifierRouter.Tombstoned.selector);
        refuseContradiction(offChain, LIE, evidence(offChain, STRANGER), VerifierRouter.Tombstoned.selector);
    }

    /// A liar that has nothing to take, because it has left or because all of its bond is reserved, is refuted all the same: nobody is told its lie any more.
    function test_LieIsRefutedWithoutABondToTake() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.settle(r);
        Request memory own = request(Tier.Proved);
        own.loss = uint96(STAKE / 5);
        lock(own, prover);
        assertEq(bondFree(prover), 0, "all of it is reserved");
        contradict(r, LIE, STRANGER);
        (, IInferenceMarket.Assurance assurance) = market.answerOf(market.idOf(r));
        assertTrue(assurance == IInferenceMarket.Assurance.None, "refuted");
        assertEq(gained(STRANGER), 0, "for nothing, now");
        vm.warp(uint256(own.deadline) + 1);
        market.refund(own);
        contradict(r, LIE, STRANGER);
        assertEq(gained(STRANGER), BOND / 10, "and taken when there is something");
    }

    /// The proof for an input of one word, whose model calls the other input word an output.
    function split(Request memory r, uint256 second, address payee) internal view returns (IInferenceMarket.Fulfilment memory f) {
        (f.request, f.payee) = (r, payee);
        (f.input, f.output) = (new uint256[](1), new uint256[](2));
        (f.input[0], f.output[0], f.output[1]) = (r.nonce, second, Truth.output(r.nonce, second));
        uint256[] memory words = new uint256[](4);
        (words[0], words[1], words[2], words[3]) = (f.input[0], f.output[0], f.output[1], market.contextOf(market.idOf(r), payee));
        f.proof = Truth.proof(address(registry), words);
    }

    /// What is not proved about models: that one input has one output.
    function test_WronglySplitModelUndoesAProvedAnswer() external {
        ModelRegistry.Registration memory model = registration(class);
        (model.inputWords, model.outputWords) = (1, 2);
        vm.prank(OWNER);
        modelId = registry.register(model, "");
        Request memory r = request(Tier.Proved);
        r.inputDigest = digestOf(r.nonce);
        IInferenceMarket.Fulfilment memory f = split(r, 7, prover);
        bytes32 digest = keccak256(abi.encodePacked(f.output));
        open(r);
        vm.prank(prover);
        market.lock(r, "", "", keccak256(abi.encode(prover, digest)));
        market.fulfil(f);
        (, IInferenceMarket.Assurance assurance) = market.answerOf(market.idOf(r));
        assertTrue(assurance == IInferenceMarket.Assurance.Proved, "proved");
        market.contradict(r, digest, vm.addr(SIGNER), receiptOver(r, digest, SIGNER), evidence(r, split(r, 8, STRANGER)));
        (, assurance) = market.answerOf(market.idOf(r));
        assertTrue(assurance == IInferenceMarket.Assurance.None, "and refuted");
    }

    /// A chain that changes its id: an answer that was posted before can be contradicted as before.
    function test_ContradictionOutlivesTheChainsId() external {
        Request memory r = answered(Tier.Receipt, LIE);
        bytes memory signature = receipt(r, LIE, SIGNER);
        vm.chainId(vm.getChainId() + 1);
        market.contradict(r, digestOf(LIE), vm.addr(SIGNER), signature, evidence(r, STRANGER));
        assertStatus(r, IInferenceMarket.Status.Slashed);
    }
}
