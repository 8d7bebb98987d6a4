// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifierErrors} from "../generated/IVerifier.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {InferenceMarket} from "../src/market/InferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Which proofs are paid for, and whom they pay.
contract PaymentsTest is Scene {
    function test_ProofPaysProverOwnerContributorAndClient() external {
        Request memory r = opened(Tier.Proved);
        vm.warp(vm.getBlockTimestamp() + 30 minutes);
        market.fulfil(proved(r, prover));
        market.claim(modelId, address(token), OWNER);
        market.claim(modelId, address(token), CONTRIBUTOR);
        assertEq(credit(prover), 52.5e18, "prover: 70 % of 75");
        assertEq(credit(OWNER), 15e18, "owner");
        assertEq(credit(CONTRIBUTOR), 7.5e18, "contributor");
        assertEq(credit(client), 25e18, "client: ceiling less fee");
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function test_ReplayAcrossChainIds() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        bytes32 id = market.idOf(r);
        uint256 context = market.contextOf(id, prover);
        vm.chainId(vm.getChainId() + 1);
        assertTrue(market.idOf(r) != id, "the id names the chain");
        assertTrue(market.contextOf(id, prover) != context, "so does the context");
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open(r, signature, "");
        open(r);
        refuse(f, IVerifierErrors.InvalidProof.selector);
        market.fulfil(proved(r, prover));
    }

    function test_ReplayAcrossMarkets() external {
        Request memory r = opened(Tier.Proved);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        bytes memory signature = signed(r);
        InferenceMarket other = newMarket(address(market.beacon()));
        bytes32 id = market.idOf(r);
        assertTrue(other.idOf(r) != id, "the id names the market");
        assertTrue(other.contextOf(id, prover) != market.contextOf(id, prover), "so does the context");
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        other.open(r, signature, "");
        vm.prank(client);
        token.approve(address(other), type(uint256).max);
        vm.prank(client);
        other.open(r, "", "");
        vm.expectPartialRevert(IVerifierErrors.InvalidProof.selector);
        other.fulfil(f);
    }

    function test_WrongAnswersAndInputsAreRefused() external {
        Request memory r = opened(Tier.Proved);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        f.output[0] += 1;
        refuse(f, IVerifierErrors.InvalidProof.selector);
        f = proved(r, prover);
        f.input[1] = 8;
        refuse(f, Proofs.Refused.selector);
        f = proved(r, prover);
        f.proof[0] ^= 0x01;
        refuse(f, IVerifierErrors.InvalidProof.selector);
        f = proved(r, address(0));
        refuse(f, Proofs.Refused.selector);
        f = proved(r, prover);
        f.output = new uint256[](2);
        f.output[0] = truth(r);
        refuse(f, Proofs.Refused.selector);
    }

    function test_WordsBeyond31BytesAreRefused() external {
        Request memory r = request(Tier.Proved);
        uint256[] memory input = new uint256[](2);
        input[0] = 1 << 248;
        r.inputDigest = keccak256(abi.encodePacked(input));
        open(r);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        f.input = input;
        refuse(f, Proofs.Refused.selector);
    }

    function test_ThiefCopyingAProof() external {
        Request memory r = opened(Tier.Proved);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        f.payee = STRANGER;
        refuse(f, IVerifierErrors.InvalidProof.selector);
        f.payee = prover;
        vm.prank(STRANGER);
        market.fulfil(f);
        assertEq(credit(STRANGER), 0, "thief");
        assertEq(credit(prover), 35e18, "maker");
    }

    function test_TwoProversRacing() external {
        Request memory r = opened(Tier.Proved);
        IInferenceMarket.Fulfilment memory second = proved(r, rival);
        market.fulfil(proved(r, prover));
        refuse(second, Proofs.Refused.selector);
        r = request(Tier.Proved);
        lock(r, prover);
        bytes32 mine = commitment(r, rival);
        vm.prank(rival);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.lock(r, "", "", mine);
        assertEq(credit(rival), 0, "loser");
        assertEq(bondFree(rival), STAKE, "loser's bond");
    }

    function test_NamedProverOnly() external {
        Request memory r = request(Tier.Proved);
        r.prover = prover;
        open(r);
        bytes32 mine = commitment(r, rival);
        vm.prank(rival);
        vm.expectPartialRevert(Proofs.NotProver.selector);
        market.lock(r, "", "", mine);
        refuse(proved(r, rival), Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
    }

    function test_RefundByAnyoneOnlyAfterTheDeadline() external {
        Request memory r = opened(Tier.Proved);
        vm.warp(r.deadline);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.refund(r);
        vm.warp(uint256(r.deadline) + 1);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.prank(STRANGER);
        market.refund(r);
        assertEq(credit(client), r.feeCeiling, "client");
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.refund(r);
        refuse(proved(r, prover), Proofs.Refused.selector);
    }

    function test_FulfilAtTheDeadline() external {
        Request memory r = opened(Tier.Proved);
        vm.warp(r.deadline);
        market.fulfil(proved(r, prover));
        vm.warp(uint256(r.deadline) + 1);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.refund(r);
    }

    function test_UnknownRequestIsNeitherPaidNorRefunded() external {
        Request memory r = request(Tier.Proved);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.warp(uint256(r.deadline) + 1);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.refund(r);
    }
}
