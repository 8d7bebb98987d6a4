// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IVerifierErrors} from "../generated/IVerifier.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {InferenceMarket} from "../src/market/InferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {Scene} from "./support/Scene.sol";
import {Token} from "./support/Tokens.sol";
import {End, Verbose, VerboseReceiver, VerboseToken, VerboseVerifier, VerboseWallet} from "./support/Verbose.sol";
import {vm} from "./support/Vm.sol";

/// Whatever the market calls answers with a megabyte, or with less than it should. A call that succeeds costs what the other side spends and no copy of it; one that fails
/// costs its sender at most twice that, and moves nothing.
contract ReturndataTest is Scene {
    uint256 private constant TRANSACTION = 1 << 24;
    /// More than the calls of these tests take besides the megabytes.
    uint256 private constant USUAL = 400_000;
    bytes4 private constant APPROVED = 0x1626ba7e;

    Token private good;
    VerboseToken private loud = new VerboseToken();

    function setUp() public override {
        super.setUp();
        good = token;
        fundAll(loud);
        // The prover has credit in both tokens.
        market.fulfil(proved(opened(Tier.Proved), prover));
        token = loud;
        market.fulfil(proved(opened(Tier.Proved), prover));
    }

    /// Calls the market with a transaction's gas and reads no more of what it says than an error's name.
    function send(address from, bytes memory data) internal returns (bool ok, bytes4 why, uint256 used) {
        InferenceMarket target = market;
        vm.prank(from);
        uint256 before = gasleft();
        assembly {
            ok := call(TRANSACTION, target, 0, add(data, 32), mload(data), 0, 32)
            why := mul(mload(0), iszero(ok))
        }
        used = before - gasleft();
    }

    /// Who has to do with the other token only sees nothing of all this.
    function othersAreWhole() internal {
        assertEq(market.tracked(address(loud)), loud.balanceOf(address(market)), "the loud token");
        assertEq(market.tracked(address(good)), good.balanceOf(address(market)), "the good token");
        assertEq(market.creditOf(prover, address(good)), 35e18, "credit in the good token");
        vm.prank(prover);
        market.withdraw(address(good), prover);
        token = good;
        market.fulfil(proved(opened(Tier.Proved), prover));
        token = loud;
    }

    /// The market opens a request in a token whose function ends with a megabyte, `copies` of them at most.
    function opensWith(bytes4 selector, End end, bytes memory permit, uint256 copies) internal returns (bool ok, bytes4 why) {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        loud.set(selector, end);
        uint256 used;
        (ok, why, used) = send(STRANGER, abi.encodeCall(market.open, (r, signature, permit)));
        loud.set(0, End.Usual);
        assertTrue(used > Verbose.cost() && used < copies * Verbose.cost() + USUAL, "no more is copied");
        assertStatus(r, ok ? IInferenceMarket.Status.Open : IInferenceMarket.Status.None);
        othersAreWhole();
    }

    function test_TokenThatTakesWithAMegabyte() external {
        (bool ok, bytes4 why) = opensWith(IERC20.transferFrom.selector, End.Return, "", 1);
        assertTrue(ok, "taken");
        (ok, why) = opensWith(IERC20.transferFrom.selector, End.Revert, "", 2);
        assertTrue(!ok && why == Verbose.Refused.selector, "not taken");
    }

    /// The balance is asked for twice. The code generator of quick tests keeps room for both answers, two megabytes; the deployed code's does not.
    function test_TokenThatCountsWithAMegabyte() external {
        bool quick = keccak256(bytes(vm.envOr("ARTIFACTS", string("out")))) == keccak256("out");
        (bool ok, bytes4 why) = opensWith(IERC20.balanceOf.selector, End.Return, "", quick ? 6 : 2);
        assertTrue(ok, "counted");
        (ok, why) = opensWith(IERC20.balanceOf.selector, End.Revert, "", 2);
        assertTrue(!ok && why == Verbose.Refused.selector, "not counted");
    }

    function test_PermitWithAMegabyte() external {
        for (uint256 end = 1; end < 3; ++end) {
            bytes memory permit = permitOf(PURSE);
            (bool ok,) = opensWith(IERC20Permit.permit.selector, End(end), permit, 1);
            assertTrue(ok, "the allowance decides");
        }
    }

    function permitOf(uint256 value) internal view returns (bytes memory) {
        bytes32 structure = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                client,
                address(market),
                value,
                loud.nonces(client),
                vm.getBlockTimestamp()
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", loud.DOMAIN_SEPARATOR(), structure));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CLIENT, digest);
        return abi.encode(value, vm.getBlockTimestamp(), v, r, s);
    }

    function test_TokenThatPaysWithAMegabyte() external {
        bytes memory call = abi.encodeCall(market.withdraw, (address(loud), STRANGER));
        loud.set(IERC20.transfer.selector, End.Revert);
        (bool ok, bytes4 why, uint256 used) = send(prover, call);
        assertTrue(!ok && why == Verbose.Refused.selector, "not paid");
        assertTrue(used < 2 * Verbose.cost() + USUAL, "twice at most");
        assertEq(credit(prover), 35e18, "the credit stays");
        othersAreWhole();
        loud.set(IERC20.transfer.selector, End.Return);
        (ok, why, used) = send(prover, call);
        assertTrue(ok && used < Verbose.cost() + USUAL, "paid");
        assertEq(loud.balanceOf(STRANGER), 35e18, "once");
        othersAreWhole();
    }

    function test_WalletThatSignsWithAMegabyte() external {
        VerboseWallet wallet = new VerboseWallet();
        loud.mint(address(wallet), PURSE);
        vm.prank(address(wallet));
        loud.approve(address(market), PURSE);
        Request memory r = request(Tier.Proved);
        r.client = address(wallet);
        // A no, a yes that is reverted, and a yes: a megabyte takes more gas than a wallet has.
        for (uint256 i = 0; i < 3; ++i) {
            wallet.set(i == 0 ? bytes4(0) : APPROVED, i == 1 ? End.Revert : End.Return);
            (bool ok, bytes4 why, uint256 used) = send(STRANGER, abi.encodeCall(market.open, (r, "", "")));
            assertTrue(used > signatures.SIGNATURE_GAS() && used < signatures.SIGNATURE_GAS() + USUAL, "its gas, and nothing is copied");
            assertTrue(!ok && why == Signatures.WrongSignature.selector, "not signed");
            assertEq(PURSE - loud.balanceOf(address(wallet)), 0, "nothing taken");
            othersAreWhole();
        }
    }

    function test_ReceiverWithAMegabyte() external {
        VerboseReceiver takes = new VerboseReceiver(End.Return);
        VerboseReceiver refuses = new VerboseReceiver(End.Revert);
        Request memory r = request(Tier.Proved);
        r.token = address(0);
        vm.prank(client);
        market.open{value: 100e18}(r, "", "");
        market.fulfil(proved(r, prover));
        (bool ok, bytes4 why, uint256 used) = send(prover, abi.encodeCall(market.withdraw, (address(0), address(refuses))));
        assertTrue(!ok && why == Verbose.Refused.selector && used < 2 * Verbose.cost() + USUAL, "refused");
        assertEq(market.creditOf(prover, address(0)), 35e18, "the credit stays");
        (ok, why, used) = send(prover, abi.encodeCall(market.withdraw, (address(0), address(takes))));
        assertTrue(ok && used < Verbose.cost() + USUAL, "taken");
        assertEq(address(takes).balance, 35e18, "paid");
        assertEq(address(market).balance, market.tracked(address(0)), "the client's excess stays");
        othersAreWhole();
    }

    function judgeBy(VerboseVerifier judge) internal {
        modelId = register(admit(address(judge)));
    }

    function test_VerifierWithAMegabyte() external {
        judgeBy(new VerboseVerifier(Verbose.MEGABYTE, End.Usual, 0));
        Request memory r = opened(Tier.Proved);
        IInferenceMarket.Fulfilment memory f = proved(r, prover);
        f.proof[0] ^= 0x01;
        (bool ok, bytes4 why, uint256 used) = send(STRANGER, abi.encodeCall(market.fulfil, (f)));
        assertTrue(!ok && why == IVerifierErrors.InvalidProof.selector, "refused with its reason");
        assertTrue(used < 2 * Verbose.cost() + USUAL, "twice at most");
        assertStatus(r, IInferenceMarket.Status.Open);
        (ok, why, used) = send(STRANGER, abi.encodeCall(market.fulfil, (proved(r, prover))));
        assertTrue(ok && used < Verbose.cost() + USUAL, "accepted");
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    /// A batch of which some are bad, within a transaction. Returns what it took.
    function batch(uint256 count, uint256 bad) internal returns (uint256 used) {
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = proved(opened(Tier.Proved), prover);
            if (bad >> i & 1 == 1) items[i].proof[0] ^= 0x01;
        }
        bool ok;
        (ok,, used) = send(STRANGER, abi.encodeCall(market.fulfilBatch, (modelId, items)));
        assertTrue(ok, "fits a transaction");
        for (uint256 i = 0; i < count; ++i) {
            assertStatus(items[i].request, bad >> i & 1 == 1 ? IInferenceMarket.Status.Open : IInferenceMarket.Status.Settled);
        }
    }

    /// Three bad proofs beside a good one: every answer of the verifier is a megabyte.
    function test_BatchOfAVerifierWithMegabytes() external {
        judgeBy(new VerboseVerifier(Verbose.MEGABYTE, End.Return, Verbose.MEGABYTE));
        assertTrue(batch(4, 11) < 4 * Verbose.cost() + 2 * USUAL, "the batch and three alone");
        judgeBy(new VerboseVerifier(Verbose.MEGABYTE, End.Revert, Verbose.MEGABYTE));
        assertTrue(batch(4, 11) < 5 * Verbose.cost() + 2 * USUAL, "the batch and all alone");
    }

    /// What a verifier says in less than a word is not read: all are verified alone.
    function test_BatchOfAVerifierWithLessThanAWord() external {
        judgeBy(new VerboseVerifier(0, End.Return, 0));
        batch(12, 1 << 2 | 1 << 9);
        judgeBy(new VerboseVerifier(0, End.Return, 31));
        batch(12, 1 << 2 | 1 << 9);
    }
}
