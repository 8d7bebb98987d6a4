// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";
import {ApprovingWallet, BurningWallet} from "./support/Wallets.sol";

/// Requests: who opens which, for how long and how often.
contract MarketTest is Scene {
    function test_PriceRampIsLinear(uint40 start, uint40 length, uint96 floor, uint96 rise, uint40 time) external {
        Request memory r = request(Tier.Proved);
        vm.assume(uint256(floor) + rise <= type(uint96).max && uint256(start) + length <= type(uint40).max);
        (r.rampStart, r.rampEnd, r.feeFloor, r.feeCeiling) = (start, start + length, floor, floor + rise);
        uint256 expected = time >= r.rampEnd ? r.feeCeiling : time <= start ? floor : floor + uint256(rise) * (time - start) / length;
        assertEq(formulas.priceAt(r, time), expected, "price");
    }

    function test_SignedRequestIsOpenedByAnyone() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        vm.prank(STRANGER);
        market.open(r, signature, "");
        assertEq(token.balanceOf(client), PURSE - r.feeCeiling, "the client pays");
    }

    function test_OthersSignatureOpensNothing() external {
        Request memory r = request(Tier.Proved);
        bytes memory wrong = sign(RIVAL, market.idOf(r));
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open(r, wrong, "");
        bytes memory signature = signed(r);
        r.feeFloor = r.feeCeiling;
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open(r, signature, "");
    }

    function test_ContractWalletsSignByErc1271AndTakeItBack() external {
        ApprovingWallet wallet = new ApprovingWallet();
        Request memory r = request(Tier.Proved);
        r.client = address(wallet);
        vm.deal(address(wallet), 1 ether);
        (r.token, r.feeFloor, r.feeCeiling, r.loss) = (address(0), 0.5 ether, 1 ether, 0);
        bytes32 id = market.idOf(r);
        wallet.set(id, true);
        wallet.set(id, false);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open{value: 0}(r, "", "");
        wallet.set(id, true);
        vm.prank(address(wallet));
        market.fund{value: 1 ether}(IInferenceMarket.Pot.Deposit, address(0), 1 ether, "");
        market.open(r, "", "");
        assertStatus(r, IInferenceMarket.Status.Open);
    }

    function test_OneNonceOneRequest() external {
        Request memory r = opened(Tier.Proved);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.open(r, "", "");
        r.feeFloor = 60e18;
        vm.prank(client);
        vm.expectPartialRevert(Jobs.NonceUsed.selector);
        market.open(r, "", "");
    }

    function test_CancelledNonceOpensNothing() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        vm.prank(client);
        market.cancelNonce(r.nonce);
        vm.expectPartialRevert(Jobs.NonceUsed.selector);
        market.open(r, signature, "");
    }

    /// Every deadline of a request in tier proved includes its last moment; the others are in `Answers.t.sol`.
    function test_LastMomentsCount() external {
        Request memory r = request(Tier.Proved);
        r.deadline = uint40(vm.getBlockTimestamp() + 7 days);
        open(r);
        vm.warp(uint256(r.deadline) - 2 hours);
        lock(r, prover);
        vm.warp(uint256(r.deadline) - 1 hours + 1);
        market.fulfil(proved(r, rival));
        assertTrue(bondFree(prover) < STAKE - 25e18 && bondFree(prover) > STAKE - 25.1e18, "the last lock, overtaken a second after its half");
        r = request(Tier.Proved);
        r.deadline = uint40(vm.getBlockTimestamp() + 2 hours);
        lock(r, prover);
        vm.warp(r.deadline);
        market.fulfil(proved(r, prover));
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function test_TermsThatCannotWorkAreRefused() external {
        for (uint256 i = 0; i < 9; ++i) {
            Request memory r = request(i == 6 ? Tier.Challenged : i == 5 || i > 6 ? Tier.Sampled : Tier.Proved);
            bytes4 expected = i == 3 || i == 4 ? Jobs.WrongDeadline.selector : Jobs.WrongTerms.selector;
            if (i == 0) (r.feeFloor, r.feeCeiling) = (0, 0);
            if (i == 1) r.feeFloor = r.feeCeiling + 1;
            if (i == 2) r.rampStart = r.rampEnd + 1;
            if (i == 3) r.deadline = uint40(vm.getBlockTimestamp() + 2 hours - 1);
            if (i == 4) r.deadline = uint40(vm.getBlockTimestamp() + 7 days + 1);
            if (i == 5) r.prover = address(0);
            if (i == 6) r.proofFee = 0;
            if (i == 7) r.sampleRate = 0;
            if (i == 8) r.sampleRate = 10_001;
            vm.prank(client);
            vm.expectPartialRevert(expected);
            market.open(r, "", "");
        }
    }

    function test_RetiredModelTakesNoRequestsButPaysItsOwn() external {
        Request memory r = opened(Tier.Proved);
        vm.prank(OWNER);
        registry.retire(modelId);
        market.fulfil(proved(r, prover));
        Request memory next = request(Tier.Proved);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.ModelRetired.selector);
        market.open(next, "", "");
    }

    /// A chain that changes its id: what was opened before ends as it would have, and what was signed before and not opened never opens.
    function test_ChainThatChangesItsIdFreezesNothing() external {
        Request memory toRefund = opened(Tier.Proved);
        Request memory toDeliver = request(Tier.Proved);
        lock(toDeliver, prover);
        Request memory toSettle = request(Tier.Receipt);
        answer(toSettle, truth(toSettle));
        Request memory signedOnly = request(Tier.Proved);
        bytes memory signature = signed(signedOnly);
        bytes32 id = market.idOf(toRefund);
        vm.chainId(vm.getChainId() + 1);
        assertEq(uint256(market.idOf(toRefund)), uint256(id), "keeps its id");
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.open(signedOnly, signature, "");
        market.fulfil(proved(toDeliver, prover));
        assertStatus(toDeliver, IInferenceMarket.Status.Settled);
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(toSettle);
        market.refund(toRefund);
        assertStatus(toRefund, IInferenceMarket.Status.Refunded);
        assertEq(bondFree(prover), STAKE, "no bond is left behind");
        vm.prank(client);
        vm.expectPartialRevert(Jobs.NonceUsed.selector);
        market.open(copyWithLaterDeadline(toRefund), "", "");
        Request memory fresh = request(Tier.Proved);
        market.open(fresh, signed(fresh), "");
        assertTrue(market.idOf(fresh) == typed(structureOf(fresh)), "new requests are of the new chain");
    }

    function copyWithLaterDeadline(Request memory r) internal view returns (Request memory) {
        r.deadline = uint40(vm.getBlockTimestamp() + 1 days);
        return r;
    }

    function structureOf(Request memory r) internal view returns (bytes32) {
        return formulas.hash(r);
    }

    /// A client that is a contract and never stops when it is asked for its signature costs the prover that opens its request the gas that is granted, and no more.
    function test_HostileWalletBurnsNoMoreThanItsGas() external {
        BurningWallet wallet = new BurningWallet();
        Request memory r = request(Tier.Proved);
        r.client = address(wallet);
        bytes32 mine = commitment(r, prover);
        vm.prank(prover);
        uint256 gas = gasleft();
        try market.lock(r, "", "", mine) {
            assertTrue(false, "not signed");
        } catch (bytes memory why) {
            assertTrue(bytes4(why) == Signatures.WrongSignature.selector, "not signed");
        }
        assertTrue(gas - gasleft() < 300_000, "bounded");
    }

    function test_RequestsOfUnknownModelsAreRefused() external {
        Request memory r = request(Tier.Proved);
        r.modelId = "nobody's";
        vm.prank(client);
        vm.expectPartialRevert(ModelRegistry.UnknownModel.selector);
        market.open(r, "", "");
    }
}
