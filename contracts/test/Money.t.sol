// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {Accounts} from "../src/market/Accounts.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Rewards} from "../src/market/Rewards.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {MockVerifier} from "./support/MockVerifier.sol";
import {Scene} from "./support/Scene.sol";
import {FalseToken, FeeToken, GenerousToken, HookToken, SilentToken, Token} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";
import {ClosedReceiver, GreedyReceiver} from "./support/Wallets.sol";

/// Money in and out: hostile tokens and receivers, permits, notices, shares.
contract MoneyTest is Scene {
    function use(Token what) internal {
        token = what;
        what.mint(client, PURSE);
        vm.prank(client);
        what.approve(address(market), type(uint256).max);
    }

    function test_EtherGoesTheSameWay() external {
        Request memory r = request(Tier.Proved);
        r.token = address(0);
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongEther.selector);
        market.open{value: 99e18}(r, "", "");
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongEther.selector);
        market.open{value: 101e18}(r, "", "");
        vm.prank(client);
        market.open{value: 100e18}(r, "", "");
        market.fulfil(proved(r, prover));
        uint256 before = prover.balance;
        vm.prank(prover);
        market.withdraw(address(0), prover);
        assertEq(prover.balance - before, 35e18, "prover");
        assertEq(address(market).balance, market.tracked(address(0)), "tracked");
    }

    function test_EtherSentBesideATokenIsRefused() external {
        Request memory r = request(Tier.Proved);
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongEther.selector);
        market.open{value: 1}(r, "", "");
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongEther.selector);
        market.fund{value: 1}(IInferenceMarket.Pot.Deposit, address(token), 1, "");
        vm.prank(client);
        (bool ok,) = address(market).call{value: 1}("");
        assertTrue(!ok, "plain transfers are refused");
    }

    function test_FeeOnTransferTokenIsRefused() external {
        use(new FeeToken());
        Request memory r = request(Tier.Proved);
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongAmountReceived.selector);
        market.open(r, "", "");
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongAmountReceived.selector);
        market.fund(IInferenceMarket.Pot.Bond, address(token), 1e18, "");
        use(new GenerousToken());
        vm.prank(client);
        vm.expectPartialRevert(Rewards.WrongAmountReceived.selector);
        market.fund(IInferenceMarket.Pot.Bond, address(token), 1e18, "");
    }

    function test_FalseReturningTokenIsRefused() external {
        FalseToken bad = new FalseToken();
        use(bad);
        Request memory paid = opened(Tier.Proved);
        market.fulfil(proved(paid, prover));
        bad.set(true, address(0));
        Request memory r = request(Tier.Proved);
        vm.prank(client);
        vm.expectPartialRevert(SafeERC20.SafeERC20FailedOperation.selector);
        market.open(r, "", "");
        vm.prank(prover);
        vm.expectPartialRevert(SafeERC20.SafeERC20FailedOperation.selector);
        market.withdraw(address(token), prover);
        assertEq(credit(prover), 35e18, "the credit stays");
    }

    function test_RevertingTokenHoldsUpNobodyElse() external {
        FalseToken bad = new FalseToken();
        use(bad);
        bad.set(false, prover);
        Request memory r = opened(Tier.Proved);
        market.fulfil(proved(r, prover));
        vm.prank(prover);
        vm.expectPartialRevert(FalseToken.Refused.selector);
        market.withdraw(address(token), prover);
        vm.prank(client);
        market.withdraw(address(token), client);
        vm.prank(prover);
        market.withdraw(address(token), STRANGER);
        assertEq(token.balanceOf(STRANGER), 35e18, "to another address");
    }

    function test_SilentTokenWorks() external {
        SilentToken silent = new SilentToken();
        silent.mint(client, 10);
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Bond, address(silent), 10, "");
        assertEq(silent.balanceOf(address(market)), 10, "received");
    }

    function test_AddressWithoutCodeIsNoToken() external {
        Request memory r = request(Tier.Proved);
        r.token = address(0xdecaf);
        vm.prank(client);
        vm.expectRevert("");
        market.open(r, "", "");
    }

    function test_ReentrancyByTokenHook() external {
        HookToken hook = new HookToken();
        use(hook);
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 500e18, "");
        Request memory r = opened(Tier.Proved);
        Request memory other = opened(Tier.Proved);
        Request memory challenged = request(Tier.Challenged);
        bytes[] memory calls = new bytes[](7);
        calls[0] = abi.encodeCall(market.withdraw, (address(token), address(hook)));
        calls[1] = abi.encodeCall(market.fulfil, (proved(other, address(hook))));
        calls[2] = abi.encodeCall(market.fund, (IInferenceMarket.Pot.Bond, address(token), 0, ""));
        calls[3] = abi.encodeCall(market.leave, (IInferenceMarket.Pot.Bond, address(token)));
        calls[4] = abi.encodeCall(market.open, (challenged, signed(challenged), ""));
        calls[5] = abi.encodeCall(market.claim, (modelId, address(token), OWNER));
        calls[6] = abi.encodeCall(market.giveNotice, (IInferenceMarket.Pot.Bond, address(token), 0));
        market.fulfil(proved(r, address(hook)));
        hook.listen(address(market), calls);
        vm.prank(address(hook));
        market.withdraw(address(token), address(hook));
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 1, "");
        assertEq(hook.attempts(), 14, "attempts");
        assertEq(hook.successes(), 0, "successes");
    }

    function test_ReentrancyByReceiver() external {
        GreedyReceiver greedy = new GreedyReceiver(market);
        Request memory r = request(Tier.Proved);
        r.token = address(0);
        vm.prank(client);
        market.open{value: 100e18}(r, "", "");
        market.fulfil(proved(r, address(greedy)));
        greedy.act(abi.encodeCall(market.withdraw, (address(0), address(greedy))));
        assertEq(greedy.attempts(), 1, "attempts");
        assertEq(greedy.successes(), 0, "successes");
        assertEq(address(greedy).balance, 35e18, "its own");
    }

    function test_RevertingReceiverHoldsUpNobodyElse() external {
        ClosedReceiver closed = new ClosedReceiver();
        Request memory r = request(Tier.Proved);
        (r.token, r.client) = (address(0), address(closed));
        vm.deal(address(this), 100e18);
        closed.act{value: 100e18}(address(market), abi.encodeCall(market.open, (r, "", "")));
        market.fulfil(proved(r, prover));
        vm.expectPartialRevert(Errors.FailedCall.selector);
        closed.act(address(market), abi.encodeCall(market.withdraw, (address(0), address(closed))));
        vm.prank(prover);
        market.withdraw(address(0), prover);
        closed.act(address(market), abi.encodeCall(market.withdraw, (address(0), STRANGER)));
        assertEq(STRANGER.balance, 50e18, "to another address");
    }

    function permitOf(uint256 value) internal view returns (bytes memory) {
        bytes32 structure = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                client,
                address(market),
                value,
                token.nonces(client),
                vm.getBlockTimestamp()
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structure));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CLIENT, digest);
        return abi.encode(value, vm.getBlockTimestamp(), v, r, s);
    }

    function test_PermitOpensWithoutAllowance() external {
        vm.prank(client);
        token.approve(address(market), 0);
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        bytes memory permit = permitOf(r.feeCeiling);
        vm.prank(STRANGER);
        market.open(r, signature, permit);
        assertStatus(r, IInferenceMarket.Status.Open);
    }

    function test_PermitFrontRun() external {
        vm.prank(client);
        token.approve(address(market), 0);
        Request memory r = request(Tier.Proved);
        bytes memory permit = permitOf(r.feeCeiling);
        (uint256 value, uint256 deadline, uint8 v, bytes32 x, bytes32 y) =
            abi.decode(permit, (uint256, uint256, uint8, bytes32, bytes32));
        vm.prank(STRANGER);
        token.permit(client, address(market), value, deadline, v, x, y);
        vm.prank(client);
        market.open(r, "", permit);
        assertStatus(r, IInferenceMarket.Status.Open);
    }

    function test_PermitAloneMovesNothing() external {
        vm.prank(client);
        token.approve(address(market), 0);
        bytes memory permit = permitOf(1e18);
        uint256 before = token.balanceOf(client);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 1e18, permit);
        assertEq(token.balanceOf(client), before, "nobody spends another's allowance");
    }

    function test_ClientWhoWithdrawsBeforeSettlement() external {
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 100e18, "");
        Request memory r = request(Tier.Receipt);
        r.deadline = uint40(vm.getBlockTimestamp() + 7 days);
        vm.prank(client);
        market.giveNotice(IInferenceMarket.Pot.Deposit, address(token), 100e18);
        vm.prank(client);
        token.approve(address(market), 0);
        vm.warp(r.deadline);
        vm.prank(client);
        vm.expectPartialRevert(Accounts.NoticeNotOver.selector);
        market.leave(IInferenceMarket.Pot.Deposit, address(token));
        // The prover served the answer at once and brings the receipt at the last moment.
        r.deadline = uint40(vm.getBlockTimestamp() + 2 hours);
        answer(r, truth(r));
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        assertEq(credit(prover), 70e18, "paid from the leaving deposit");
        vm.prank(client);
        assertEq(market.leave(IInferenceMarket.Pot.Deposit, address(token)), 0, "nothing is left");
    }

    function test_NoticesLastLongerThanWhatTheyCover() external view {
        assertTrue(market.DEPOSIT_NOTICE() > market.MAX_DURATION(), "deposit");
        uint256 longest = market.MAX_DURATION() + market.CHALLENGE_WINDOW() + market.PROOF_PERIOD();
        assertTrue(market.BOND_NOTICE() > longest, "bond");
    }

    function test_LeavingBondVouchesForNothingNew() external {
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE);
        Request memory r = opened(Tier.Proved);
        vm.prank(prover);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.lock(r, "", "", 0);
        vm.warp(vm.getBlockTimestamp() + 10 days - 1);
        vm.prank(prover);
        vm.expectPartialRevert(Accounts.NoticeNotOver.selector);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.prank(prover);
        assertEq(market.leave(IInferenceMarket.Pot.Bond, address(token)), STAKE, "left");
        assertEq(credit(prover), STAKE, "credit");
    }

    function test_NobodyCanMakeAReleaseOverflow() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        for (uint256 i = 0; i < 3; ++i) {
            token.mint(prover, type(uint96).max);
            vm.prank(prover);
            market.fund(IInferenceMarket.Pot.Bond, address(token), type(uint96).max, "");
        }
        vm.warp(uint256(r.deadline) + 1);
        market.refund(r);
        assertEq(gained(client), 110e18, "client");
        assertEq(bondFree(prover), 3 * uint256(type(uint96).max) + STAKE - 62.5e18, "bond");
    }

    function test_NoticeCanBeChangedNotExceeded(uint96 first, uint96 second) external {
        vm.assume(first <= STAKE && second <= STAKE);
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), first);
        vm.warp(vm.getBlockTimestamp() + 9 days);
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), second);
        vm.warp(vm.getBlockTimestamp() + 9 days);
        vm.prank(prover);
        vm.expectPartialRevert(Accounts.NoticeNotOver.selector);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        IInferenceMarket.Account memory account = market.accountOf(IInferenceMarket.Pot.Bond, prover, address(token));
        assertEq(account.leaving, second, "leaving");
        assertEq(account.free, STAKE - second, "free");
        vm.prank(prover);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE + 1);
    }

    function test_WithdrawPaysOnceAndOnlyTheCaller() external {
        Request memory r = opened(Tier.Proved);
        market.fulfil(proved(r, prover));
        vm.prank(STRANGER);
        vm.expectPartialRevert(Rewards.NothingToWithdraw.selector);
        market.withdraw(address(token), STRANGER);
        vm.prank(prover);
        vm.expectPartialRevert(Rewards.ZeroAddress.selector);
        market.withdraw(address(token), address(0));
        vm.prank(prover);
        market.withdraw(address(token), prover);
        vm.prank(prover);
        vm.expectPartialRevert(Rewards.NothingToWithdraw.selector);
        market.withdraw(address(token), prover);
    }

    function test_SharesOfManyFees(uint96[6] memory fees, uint8 claims) external {
        uint256 pool;
        uint256 provers;
        for (uint256 i = 0; i < 6; ++i) {
            uint96 fee = uint96(uint256(fees[i]) % 1e24 + 1);
            token.mint(client, fee);
            Request memory r = request(Tier.Proved);
            (r.feeFloor, r.feeCeiling) = (fee, fee);
            open(r);
            market.fulfil(proved(r, prover));
            uint256 shared = uint256(fee) * 3000 / 10_000;
            pool += shared;
            provers += fee - shared;
            if (claims >> i & 1 == 1) market.claim(modelId, address(token), OWNER);
            if (claims >> (7 - i) & 1 == 1) market.claim(modelId, address(token), CONTRIBUTOR);
        }
        for (uint256 i = 0; i < 2; ++i) {
            market.claim(modelId, address(token), OWNER);
            market.claim(modelId, address(token), CONTRIBUTOR);
            market.claim(modelId, address(token), STRANGER);
        }
        assertEq(credit(prover), provers, "prover");
        assertEq(credit(OWNER), pool * 2000 / 3000, "owner");
        assertEq(credit(CONTRIBUTOR), pool * 1000 / 3000, "contributor");
        assertEq(credit(STRANGER), 0, "stranger");
    }

    function test_GiftsChangeNothing() external {
        token.mint(address(market), 5e18);
        vm.deal(address(market), 5e18);
        Request memory r = opened(Tier.Proved);
        vm.warp(uint256(r.deadline) + 1);
        market.refund(r);
        assertEq(credit(client), 100e18, "client");
        assertEq(market.tracked(address(0)), 0, "ether is not tracked");
    }
}
