// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Consumer} from "../examples/Consumer.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {Scene} from "./support/Scene.sol";
import {Vm, vm} from "./support/Vm.sol";

/// A copy of the example that has a deposit of its own at the market.
contract FundedConsumer is Consumer {
    constructor(IInferenceMarket where, bytes32 model, uint256 count) payable Consumer(where, model, count) {
        where.fund{value: msg.value}(IInferenceMarket.Pot.Deposit, address(0), uint96(msg.value), "");
    }
}

/// What a contract learns of an answer, and what it cannot be told.
contract ConsumerTest is Scene {
    Consumer internal consumer;

    function setUp() public override {
        super.setUp();
        consumer = new Consumer(market, modelId, 31);
    }

    function outputOf(Request memory r) internal pure returns (uint256[] memory output) {
        output = new uint256[](1);
        output[0] = truth(r);
    }

    function refuseAct(Request memory r, uint256[] memory output, bytes4 selector) internal {
        vm.expectPartialRevert(selector);
        consumer.act(r, output);
    }

    function expectAnswer(Request memory r, bytes32 digest, IInferenceMarket.Assurance assurance) internal view {
        (bytes32 got, IInferenceMarket.Assurance how) = market.answerOf(market.idOf(r));
        assertEq(uint256(got), uint256(digest), "digest");
        assertEq(uint256(how), uint256(assurance), "assurance");
    }

    function test_ContractActsOnAProvedAnswerOnce() external {
        Request memory r = request(Tier.Proved);
        r.token = address(0);
        uint256[] memory input = new uint256[](2);
        (input[0], input[1]) = (r.nonce, 7);
        bytes memory signature = signed(r);
        vm.prank(client);
        consumer.ask{value: r.feeCeiling}(r, signature, input);
        refuseAct(r, outputOf(r), Consumer.NotProved.selector);
        market.fulfil(proved(r, prover));
        uint256[] memory other = outputOf(r);
        other[0] ^= 1;
        refuseAct(r, other, Consumer.OtherOutput.selector);
        consumer.act(r, outputOf(r));
        assertTrue(consumer.done(market.idOf(r)), "acted");
        refuseAct(r, outputOf(r), Consumer.Done.selector);
        Request memory another = request(Tier.Proved);
        another.modelId = "another";
        refuseAct(another, outputOf(another), Consumer.OtherModel.selector);
    }

    /// Somebody opens the signed request before the contract does: provers are told the input all the same, and no ether is taken twice.
    function test_AskThatIsFrontRunTellsTheInput() external {
        Request memory r = request(Tier.Proved);
        uint256[] memory input = new uint256[](2);
        (input[0], input[1]) = (r.nonce, 7);
        bytes memory signature = signed(r);
        vm.prank(STRANGER);
        market.open(r, signature, "");
        vm.deal(client, 1);
        vm.prank(client);
        vm.expectPartialRevert(Consumer.OpenAlready.selector);
        consumer.ask{value: 1}(r, signature, input);
        vm.prank(client);
        assertTrue(consumer.ask(r, signature, input) == market.idOf(r), "told");
    }

    /// Of a request that has ended nobody is told that it is asked.
    function test_AskOfAnEndedRequestTellsNobody() external {
        Request memory r = request(Tier.Proved);
        uint256[] memory input = new uint256[](2);
        (input[0], input[1]) = (r.nonce, 7);
        vm.recordLogs();
        consumer.ask(r, signed(r), input);
        assertEq(asked(), 1, "open");
        consumer.ask(r, "", input);
        assertEq(asked(), 1, "open still");
        market.fulfil(proved(r, prover));
        vm.getRecordedLogs();
        consumer.ask(r, "", input);
        assertEq(asked(), 0, "settled");
    }

    function asked() internal returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(consumer) && logs[i].topics[0] == Consumer.Asked.selector) ++count;
        }
    }

    function test_AskedIsWhatIsSigned() external {
        Request memory r = request(Tier.Proved);
        r.token = address(0);
        uint256[] memory input = new uint256[](2);
        bytes memory signature = signed(r);
        vm.expectPartialRevert(Consumer.OtherInput.selector);
        consumer.ask{value: 0}(r, signature, input);
    }

    /// A request in ether, and its input, that names a contract as its client.
    function requestOf(address who) internal returns (Request memory r, uint256[] memory input) {
        r = request(Tier.Proved);
        (r.client, r.token) = (who, address(0));
        input = new uint256[](2);
        (input[0], input[1]) = (r.nonce, 7);
    }

    /// The escrow would come back as the contract's credit, which nobody can take.
    function test_ConsumerIsNobodysClient() external {
        (Request memory r, uint256[] memory input) = requestOf(address(consumer));
        vm.deal(STRANGER, r.feeCeiling);
        vm.prank(STRANGER);
        vm.expectPartialRevert(Consumer.ClientIsThisContract.selector);
        consumer.ask{value: r.feeCeiling}(r, "", input);
    }

    function test_CopyWithADepositIsNotSpent() external {
        vm.deal(address(this), 100e18);
        FundedConsumer funded = new FundedConsumer{value: 100e18}(market, modelId, 31);
        (Request memory r, uint256[] memory input) = requestOf(address(funded));
        vm.prank(STRANGER);
        vm.expectPartialRevert(Consumer.ClientIsThisContract.selector);
        funded.ask(r, "", input);
        assertEq(market.accountOf(IInferenceMarket.Pot.Deposit, address(funded), address(0)).free, 100e18, "deposit");
    }

    /// Whoever else calls the market needs the contract's signature, which it never gives: so does another consumer.
    function test_NobodyOpensInTheConsumersName() external {
        Consumer other = new Consumer(market, modelId, 31);
        (Request memory r, uint256[] memory input) = requestOf(address(consumer));
        vm.deal(STRANGER, r.feeCeiling);
        vm.prank(STRANGER);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open{value: r.feeCeiling}(r, "", "");
        vm.prank(STRANGER);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.lock(r, "", "", "");
        vm.prank(STRANGER);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        other.ask{value: r.feeCeiling}(r, "", input);
    }

    /// The commitment of a lock that never delivered is nobody's answer, before and after somebody else's proof.
    function test_FalseLockLeavesNoAnswer() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        vm.prank(rival);
        market.lock(r, signature, "", keccak256("garbage"));
        expectAnswer(r, 0, IInferenceMarket.Assurance.None);
        vm.warp(market.jobOf(market.idOf(r)).time + 1);
        market.fulfil(proved(r, prover));
        expectAnswer(r, digestOf(truth(r)), IInferenceMarket.Assurance.Proved);
    }

    function test_UnprovedAnswerIsCalledSoUntilItIsRefuted() external {
        Request memory r = request(Tier.Receipt);
        answer(r, 1);
        expectAnswer(r, 0, IInferenceMarket.Assurance.None);
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        expectAnswer(r, digestOf(1), IInferenceMarket.Assurance.Unproved);
        refuseAct(r, outputOf(r), Consumer.NotProved.selector);
        IInferenceMarket.Fulfilment memory f = proved(r, STRANGER);
        market.contradict(r, digestOf(1), vm.addr(SIGNER), receipt(r, 1, SIGNER), evidence(r, f));
        expectAnswer(r, 0, IInferenceMarket.Assurance.None);
    }

    function test_AnswersThatEndedOtherwiseAreNone() external {
        Request memory lie = request(Tier.Receipt);
        answer(lie, 1);
        market.contradict(lie, digestOf(1), vm.addr(SIGNER), receipt(lie, 1, SIGNER), evidence(lie, proved(lie, STRANGER)));
        expectAnswer(lie, 0, IInferenceMarket.Assurance.None);
        Request memory absent = request(Tier.Proved);
        lock(absent, prover);
        vm.warp(uint256(absent.deadline) + 1);
        market.refund(absent);
        expectAnswer(absent, 0, IInferenceMarket.Assurance.None);
    }

    function test_LargestOfPackedOutputs() external {
        Consumer ten = new Consumer(market, modelId, 10);
        uint256[] memory words = new uint256[](1);
        // int8 -128, -3, 5, 127, 127, 0, 0, 0, 0, -1: the first of the two largest is at 3.
        words[0] = 0x007d85ffff808080807f;
        assertEq(ten.largest(words), 3, "ten of a word");
        Consumer more = new Consumer(market, modelId, 33);
        words = new uint256[](2);
        (words[0], words[1]) = (uint256(1) << 240, 0x0102);
        assertEq(more.largest(words), 32, "the last word is packed in its low bytes");
        words[0] = 3;
        assertEq(more.largest(words), 30, "the last of the first word");
    }
}
