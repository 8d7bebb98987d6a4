// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {AnswerScene} from "./support/AnswerScene.sol";
import {vm} from "./support/Vm.sol";

/// Challenges: who may, when, and what the proof or its absence moves.
contract ChallengesTest is AnswerScene {
    function test_ChallengedAnswerStands() external {
        Request memory r = request(Tier.Challenged);
        answer(r, truth(r));
        challenge(r, STRANGER);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18 + 5e18, "fee and the challenger's deposit");
        assertEq(credit(STRANGER), 0, "challenger");
        assertEq(bondFree(prover), STAKE, "released");
    }

    function test_ChallengedLieIsSlashed() external {
        Request memory r = answered(Tier.Challenged, LIE);
        challenge(r, STRANGER);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.slashUnproved(r);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.slashUnproved(r);
        vm.warp(vm.getBlockTimestamp() + 1);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.prank(RIVAL_CALLER);
        market.slashUnproved(r);
        assertEq(bondFree(prover), STAKE - BOND, "the whole reserved bond");
        assertEq(gained(STRANGER), 5e18 + BOND / 10, "deposit and bounty");
        assertEq(gained(client), 100e18 + 10e18, "escrow and loss");
        assertEq(gained(RIVAL_CALLER), 0, "the caller has no bounty of the challenger's");
        assertTrue(credit(BURN) * 2 >= BOND, "half is burnt");
        assertEq(credit(BURN), BOND - BOND / 10 - 10e18, "the rest is burnt");
    }

    function test_ChallengeSpammer() external {
        Request memory r = request(Tier.Challenged);
        answer(r, truth(r));
        vm.prank(STRANGER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        market.challenge(r, "");
        challenge(r, STRANGER);
        vm.prank(rival);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.challenge(r, "");
        market.fulfil(proved(r, prover));
        vm.prank(rival);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.challenge(r, "");
        assertEq(credit(prover) - 35e18, r.proofFee, "every challenge pays the prover its quote");
    }

    function test_ChallengeOnlyInTimeAndTier() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.challenge(r, "");
        r = answered(Tier.Challenged, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.TooLate.selector);
        market.challenge(r, "");
        r = opened(Tier.Challenged);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.challenge(r, "");
    }

    function test_LateProofAfterAChallenge() external {
        Request memory r = request(Tier.Challenged);
        Request memory late = request(Tier.Challenged);
        answer(r, truth(r));
        answer(late, truth(late));
        // Long after the request's own deadline, at the last moment of the window.
        vm.warp(vm.getBlockTimestamp() + 1 days);
        challenge(r, STRANGER);
        challenge(late, STRANGER);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.slashUnproved(r);
        market.fulfil(proved(r, prover));
        assertStatus(r, IInferenceMarket.Status.Settled);
        vm.warp(vm.getBlockTimestamp() + 1);
        refuse(proved(late, prover), Proofs.Refused.selector);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](1);
        items[0] = proved(late, prover);
        assertEq(market.fulfilBatch(modelId, items), 0, "nor in a batch");
        market.slashUnproved(late);
        assertStatus(late, IInferenceMarket.Status.Slashed);
        assertEq(bondFree(prover), STAKE - BOND, "one bond");
    }

    function test_DeadClassTakesNoChallenge() external {
        Request memory r = answered(Tier.Challenged, LIE);
        token.mint(STRANGER, r.proofFee);
        vm.prank(STRANGER);
        token.approve(address(market), r.proofFee);
        deadClass();
        vm.prank(STRANGER);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.challenge(r, "");
    }

    function test_ContradictionEndsAChallenge() external {
        Request memory r = answered(Tier.Challenged, LIE);
        challenge(r, RIVAL_CALLER);
        contradict(r, LIE, STRANGER);
        assertEq(gained(RIVAL_CALLER), r.proofFee, "deposit back");
        assertEq(gained(STRANGER), BOND / 10, "bounty");
    }
}
