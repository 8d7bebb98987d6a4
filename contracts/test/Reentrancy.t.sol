// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Request} from "../src/market/Requests.sol";
import {Scene} from "./support/Scene.sol";
import {HookToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// Every function that can move money is stopped by the guard itself when a token calls it in the middle of a transfer; `mutants.mjs` takes the guards away one by one.
contract ReentrancyTest is Scene {
    HookToken private hook;
    Request private r;

    function setUp() public override {
        super.setUp();
        hook = new HookToken();
        hook.mint(client, 1);
        vm.prank(client);
        hook.approve(address(market), 1);
    }

    function stopped(bytes memory call) internal {
        bytes[] memory calls = new bytes[](1);
        calls[0] = call;
        hook.listen(address(market), calls);
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(hook), 1, "");
        assertEq(hook.stopped(), 1, "stopped by the guard");
    }

    function test_GuardOfWithdraw() external {
        stopped(abi.encodeCall(market.withdraw, (address(hook), address(hook))));
    }

    function test_GuardOfClaim() external {
        stopped(abi.encodeCall(market.claim, (modelId, address(hook), OWNER)));
    }

    function test_GuardOfFund() external {
        stopped(abi.encodeCall(market.fund, (IInferenceMarket.Pot.Bond, address(hook), 0, "")));
    }

    function test_GuardOfGiveNotice() external {
        stopped(abi.encodeCall(market.giveNotice, (IInferenceMarket.Pot.Bond, address(hook), 0)));
    }

    function test_GuardOfLeave() external {
        stopped(abi.encodeCall(market.leave, (IInferenceMarket.Pot.Bond, address(hook))));
    }

    function test_GuardOfOpen() external {
        stopped(abi.encodeCall(market.open, (r, "", "")));
    }

    function test_GuardOfLock() external {
        stopped(abi.encodeCall(market.lock, (r, "", "", 0)));
    }

    function test_GuardOfFulfil() external {
        IInferenceMarket.Fulfilment memory f;
        stopped(abi.encodeCall(market.fulfil, (f)));
    }

    function test_GuardOfFulfilBatch() external {
        stopped(abi.encodeCall(market.fulfilBatch, (modelId, new IInferenceMarket.Fulfilment[](1))));
    }

    function test_GuardOfRefund() external {
        stopped(abi.encodeCall(market.refund, (r)));
    }

    function test_GuardOfAnswer() external {
        stopped(abi.encodeCall(market.answer, (r, "", "", new uint256[](1), prover, "")));
    }

    function test_GuardOfChallenge() external {
        stopped(abi.encodeCall(market.challenge, (r, "")));
    }

    function test_GuardOfDraw() external {
        stopped(abi.encodeCall(market.draw, (r, "")));
    }

    function test_GuardOfSettle() external {
        stopped(abi.encodeCall(market.settle, (r)));
    }

    function test_GuardOfSlashUnproved() external {
        stopped(abi.encodeCall(market.slashUnproved, (r)));
    }

    function test_GuardOfContradict() external {
        Answers.Evidence memory e;
        stopped(abi.encodeCall(market.contradict, (r, 0, prover, "", e)));
    }
}
