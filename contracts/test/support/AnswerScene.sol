// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "../../src/market/Answers.sol";
import {Request, Tier} from "../../src/market/Requests.sol";
import {Scene} from "./Scene.sol";
import {vm} from "./Vm.sol";

/// Receipts that tell the truth or a lie, and who challenges or contradicts them.
abstract contract AnswerScene is Scene {
    uint256 internal constant LIE = 1;
    address internal constant RIVAL_CALLER = address(0xca11);

    /// The bond of a receipt with ceiling 100 and loss 10.
    uint256 internal constant BOND = 275e18;

    function answered(Tier tier, uint256 word) internal returns (Request memory r) {
        r = request(tier);
        answer(r, word);
    }

    /// A proof of the true output, which pays `payee`.
    function evidence(Request memory r, address payee) internal view returns (Answers.Evidence memory) {
        return evidence(r, proved(r, payee));
    }

    function contradict(Request memory r, uint256 word, address payee) internal {
        market.contradict(r, digestOf(word), vm.addr(SIGNER), receipt(r, word, SIGNER), evidence(r, payee));
    }

    function refuseContradiction(Request memory r, uint256 word, Answers.Evidence memory e, bytes4 selector) internal {
        bytes memory signature = receipt(r, word, SIGNER);
        vm.expectPartialRevert(selector);
        market.contradict(r, digestOf(word), vm.addr(SIGNER), signature, e);
    }

    function challenge(Request memory r, address who) internal {
        token.mint(who, r.proofFee);
        vm.prank(who);
        token.approve(address(market), r.proofFee);
        vm.prank(who);
        market.challenge(r, "");
    }

    function refuseAnswer(Request memory r, uint256 key, bytes4 selector) internal {
        bytes memory signature = signed(r);
        bytes memory receiptSignature = receipt(r, truth(r), key);
        uint256[] memory output = new uint256[](1);
        output[0] = truth(r);
        vm.expectPartialRevert(selector);
        market.answer(r, signature, "", output, vm.addr(key), receiptSignature);
    }

    function deadClass() internal {
        vm.prank(GUARDIAN);
        router.tombstone(class);
    }
}
