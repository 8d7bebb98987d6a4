// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifierErrors} from "../generated/IVerifier.sol";
import {Accounts} from "../src/market/Accounts.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {InferenceMarket} from "../src/market/InferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {HungryVerifier, MockVerifier} from "./support/MockVerifier.sol";
import {Scene} from "./support/Scene.sol";
import {ApprovingWallet, BurningWallet} from "./support/Wallets.sol";
import {vm} from "./support/Vm.sol";

/// Requests of tier proved: opening, locking, proving, refunding.
contract MarketTest is Scene {
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

    function test_LockIsExclusiveForHalfTheTime() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        assertEq(bondFree(prover), STAKE - 125e18, "bond reserved");
        uint256 half = (vm.getBlockTimestamp() + r.deadline) / 2;
        IInferenceMarket.Fulfilment memory late = proved(r, rival);
        vm.warp(half);
        refuse(late, Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "at the fee of the lock");
        assertEq(bondFree(prover), STAKE, "bond released");
    }

    /// A proof is on its way, openly; somebody locks with the output it shows.
    function test_FrontRunningLockTakesNothing() external {
        Request memory r = opened(Tier.Proved);
        Request memory other = opened(Tier.Proved);
        lock(r, rival);
        lock(other, rival);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "as if it were open");
        assertEq(bondFree(rival), STAKE - 125e18, "the lock is undone, the other one stands");
        vm.warp(vm.getBlockTimestamp() + 60);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](1);
        items[0] = proved(other, prover);
        assertEq(market.fulfilBatch(modelId, items), 1, "also a minute later");
        uint256 fee = formulas.priceAt(other, vm.getBlockTimestamp());
        assertEq(credit(prover) - 35e18, fee - fee * 3 / 10, "at the fee of that moment");
        assertEq(bondFree(rival), STAKE, "nobody is slashed");
        assertEq(credit(BURN), 0, "nothing is burnt");
    }

    function test_MatureLockIsNotOvertaken() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(vm.getBlockTimestamp() + 61);
        refuse(proved(r, rival), Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "at the fee of the lock");
        // Where the time left is odd, a second earlier.
        r = request(Tier.Proved);
        ++r.deadline;
        lock(r, prover);
        vm.warp(vm.getBlockTimestamp() + 60);
        refuse(proved(r, rival), Proofs.Refused.selector);
        vm.warp(vm.getBlockTimestamp() - 1);
        market.fulfil(proved(r, rival));
        assertEq(bondFree(prover), STAKE, "who is overtaken loses nothing");
    }

    /// The lock was made at the floor of 50, of which the ramp has made 100 by now; the bond is 125.
    function test_LateProverIsRescued() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp((end + r.deadline) / 2);
        market.fulfil(proved(r, rival));
        assertEq(bondFree(prover), STAKE - 75e18 - 25e18, "late: what the fee of now is above the lock's, and a fifth of the bond");
        assertEq(credit(rival), 17.5e18, "rescuer: its share of what the lock still pays at once");
        assertEq(proceeds(rival), 75e18 + 12.5e18, "and the rest and half the slash as bond");
        assertEq(credit(client), 75e18, "the client pays no more than it was locked for, less the delay");
        assertEq(credit(BURN), 12.5e18, "burnt");
    }

    /// A griefer locks at a floor of nothing with a commitment that it cannot meet: whoever delivers instead has no less than without the lock, and more.
    function test_GriefedLockIsRescuedAtAProfit(uint96 floor, uint40 wait) external {
        Request memory r = request(Tier.Proved);
        r.feeFloor = floor % (r.feeCeiling + 1);
        r.rampEnd = r.deadline;
        bytes memory signature = signed(r);
        vm.prank(rival);
        market.lock(r, signature, "", keccak256("garbage"));
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp(end + 1 + wait % (r.deadline - end));
        uint256 without = formulas.priceAt(r, vm.getBlockTimestamp()) * 7000 / 10_000;
        market.fulfil(proved(r, prover));
        assertTrue(gained(prover) > without, "more than the fee of now");
        assertTrue(STAKE - bondFree(rival) + 1 >= gained(prover) - credit(prover), "from the griefer's bond");
        assertTrue(STAKE - bondFree(rival) <= formulas.bond(r), "and no more than it");
    }

    /// Whatever the ramp, a lock's bond holds a fifth of itself beside the whole fee, of which half is burnt; and what a friend rescues of it is bond again.
    function test_ALockersBondDoesNotComeBackThroughARescuer(uint96 floor, uint96 ceiling, uint96 loss) external {
        Request memory r = request(Tier.Proved);
        r.feeCeiling = 1 + ceiling % 1000e18;
        (r.feeFloor, r.loss, r.rampEnd) = (floor % (r.feeCeiling + 1), loss % 1000e18, r.rampStart);
        r.rampStart = r.rampEnd = uint40(vm.getBlockTimestamp() + 1 hours);
        lock(r, prover);
        uint256 bond = formulas.bond(r);
        vm.warp(market.jobOf(market.idOf(r)).time + 1);
        market.fulfil(proved(r, STRANGER));
        uint256 lost = STAKE - bondFree(prover);
        assertTrue(credit(STRANGER) <= r.feeFloor * 7000 / 10_000 + 1, "of the escrow alone at once");
        assertTrue(credit(BURN) + 1 >= bond / 10, "a tenth is gone");
        assertEq(proceeds(STRANGER) + credit(BURN), lost, "the rest is bond");
    }

    /// A late locker that delivers through a friend has no more of the escrow than by itself, and loses bond besides.
    function test_LateLockerGainsNothingThroughAFriend(uint40 wait) external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        uint256 end = market.jobOf(market.idOf(r)).time;
        vm.warp(end + 1 + wait % (r.deadline - end));
        uint256 left = uint256(50e18) * (r.deadline - vm.getBlockTimestamp()) / (r.deadline - end);
        market.fulfil(proved(r, STRANGER));
        assertEq(credit(STRANGER), left - left * 3000 / 10_000, "what the lock still pays");
        assertTrue(proceeds(STRANGER) < STAKE - bondFree(prover), "less than the bond that it costs");
        assertEq(credit(client), 100e18 - left, "the client has what the delay takes");
    }

    function test_LateLockerLosesPriceByTime(uint40 wait) external {
        Request memory r = request(Tier.Proved);
        uint256 start = vm.getBlockTimestamp();
        lock(r, prover);
        uint256 time = start + wait % (r.deadline - start + 1);
        vm.warp(time);
        market.fulfil(proved(r, prover));
        uint256 end = (start + r.deadline) / 2;
        uint256 price = time <= end ? 50e18 : 50e18 * (r.deadline - time) / (r.deadline - end);
        assertEq(credit(prover), price - price * 3000 / 10_000, "its share of what is left");
        assertEq(credit(client), 100e18 - price, "the client has the rest");
        assertEq(bondFree(prover), STAKE, "nobody else had to");
    }

    function test_LateLockerMayStillDeliver() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(r.deadline);
        market.fulfil(proved(r, prover));
        assertEq(bondFree(prover), STAKE, "nobody else had to");
        assertEq(credit(client), 100e18, "at the last moment for nothing");
    }

    function test_AbsentProverPaysTheClient() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.warp(uint256(r.deadline) + 1);
        refuse(proved(r, prover), Proofs.Refused.selector);
        vm.prank(STRANGER);
        market.refund(r);
        assertEq(bondFree(prover), STAKE - 62.5e18, "absent: half the bond");
        assertEq(gained(client), 100e18 + 10e18, "escrow and loss");
        assertEq(gained(STRANGER), 6.25e18, "reporter");
        assertEq(credit(BURN), 62.5e18 - 6.25e18 - 10e18, "burnt");
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

    function test_BondCoversTheStatedLoss(uint96 ceiling, uint96 loss, uint16 rate) external {
        vm.assume(rate > 0 && rate <= 10_000);
        Request memory r = request(Tier.Proved);
        (r.feeCeiling, r.loss, r.sampleRate) = (ceiling, loss, rate);
        uint256 bond = formulas.bond(r);
        assertTrue(bond >= ceiling && bond >= loss, "at least ceiling and loss");
        assertTrue(bond / 2 / 2 - bond / 2 / 10 + 2 >= loss, "absent: two fifths of half");
        r.tier = Tier.Receipt;
        bond = formulas.bond(r);
        assertTrue(bond / 2 - bond / 10 + 1 >= uint256(ceiling) + loss, "contradicted: two fifths");
        r.tier = Tier.Sampled;
        assertTrue(formulas.bond(r) * rate >= 2 * (uint256(ceiling) + loss) * 10_000, "sampled: 2 gain / p");
        assertTrue(formulas.bond(r) >= bond, "sampled: as receipt");
    }

    function test_LockerWithoutTheInput() external {
        Request memory r = request(Tier.Proved);
        bytes memory signature = signed(r);
        // It copies the commitment of an honest lock from the mempool.
        vm.prank(rival);
        market.lock(r, signature, "", commitment(r, prover));
        refuse(proved(r, rival), Proofs.Refused.selector);
        vm.warp((vm.getBlockTimestamp() + r.deadline) / 2 + 1);
        refuse(proved(r, rival), Proofs.Refused.selector);
        market.fulfil(proved(r, prover));
        uint256 left = market.jobOf(market.idOf(r)).price;
        left = left * (r.deadline - vm.getBlockTimestamp()) / (r.deadline - market.jobOf(market.idOf(r)).time);
        assertEq(bondFree(rival), STAKE - (100e18 - left) - 25e18, "the locker loses");
        assertEq(gained(prover), left - left * 3000 / 10_000 + (100e18 - left) + 12.5e18, "who has the input is paid");
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

    function test_NoLockWithoutBondOrTime() external {
        Request memory r = opened(Tier.Proved);
        vm.prank(STRANGER);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.lock(r, "", "", 0);
        vm.warp(uint256(r.deadline) - 2 hours + 1);
        vm.prank(prover);
        vm.expectPartialRevert(Jobs.TooLate.selector);
        market.lock(r, "", "", 0);
        r = opened(Tier.Receipt);
        vm.prank(prover);
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.lock(r, "", "", 0);
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

    function test_TombstoneUndoesAndNeverRedirects() external {
        Request memory waiting = opened(Tier.Proved);
        Request memory locked = request(Tier.Proved);
        lock(locked, prover);
        Request memory next = request(Tier.Proved);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        refuse(proved(locked, prover), VerifierRouter.Tombstoned.selector);
        vm.prank(client);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.open(next, "", "");
        vm.prank(rival);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.lock(waiting, "", "", 0);
        vm.prank(GUARDIAN);
        market.refund(waiting);
        vm.prank(GUARDIAN);
        market.refund(locked);
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
        assertEq(credit(GUARDIAN) + credit(BURN), 0, "nobody gains");
    }

    /// A key that was created and destroyed in the transaction of its registration can come back with other code.
    function test_ChangedKeyJudgesNothingAndUndoes() external {
        ModelRegistry.Registration memory r = registration(class);
        r.key = address(new MockVerifier(77, false));
        vm.prank(OWNER);
        modelId = registry.register(r, "");
        Request memory waiting = opened(Tier.Proved);
        Request memory locked = request(Tier.Proved);
        lock(locked, prover);
        Request memory next = request(Tier.Proved);
        vm.etch(r.key, hex"00");
        refuse(proved(locked, prover), ModelRegistry.KeyChanged.selector);
        vm.prank(client);
        vm.expectPartialRevert(ModelRegistry.KeyChanged.selector);
        market.open(next, "", "");
        vm.prank(rival);
        vm.expectPartialRevert(ModelRegistry.KeyChanged.selector);
        market.lock(waiting, "", "", 0);
        market.refund(waiting);
        market.refund(locked);
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
    }

    function test_DeadClassTakesNoBatch() external {
        IInferenceMarket.Fulfilment[] memory items = batchOf(2);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.fulfilBatch(modelId, items);
    }

    /// As for a changed key: a verifier that was created and destroyed in the transaction of its admission.
    function test_ChangedVerifierJudgesNothingAndUndoes() external {
        Request memory r = request(Tier.Proved);
        lock(r, prover);
        vm.etch(address(verifier), hex"00");
        refuse(proved(r, prover), VerifierRouter.ClassChanged.selector);
        assertTrue(!router.live(class) && registry.dead(modelId), "dead");
        market.refund(r);
        assertEq(credit(client), r.feeCeiling, "client");
        assertEq(bondFree(prover), STAKE, "no slash");
    }

    function batchOf(uint256 count) internal returns (IInferenceMarket.Fulfilment[] memory items) {
        items = new IInferenceMarket.Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = proved(opened(Tier.Proved), prover);
        }
    }

    function test_BadProofAmong31Good() external {
        for (uint256 brittle = 0; brittle < 2; ++brittle) {
            modelId = register(admit(address(new MockVerifier(1, brittle == 1))));
            IInferenceMarket.Fulfilment[] memory items = batchOf(32);
            items[13].proof[7] ^= 0x01;
            uint256 before = credit(prover);
            assertEq(market.fulfilBatch(modelId, items), type(uint32).max - (1 << 13), "all but one");
            assertEq(credit(prover) - before, 31 * 35e18, "31 paid");
            assertStatus(items[13].request, IInferenceMarket.Status.Open);
            market.fulfil(proved(items[13].request, prover));
        }
    }

    function test_OffCurvePoint() external {
        for (uint256 brittle = 0; brittle < 2; ++brittle) {
            modelId = register(admit(address(new MockVerifier(2, brittle == 1))));
            IInferenceMarket.Fulfilment[] memory items = batchOf(4);
            items[0].proof = hex"01";
            assertEq(market.fulfilBatch{gas: 16_000_000}(modelId, items), 14, "all but the gas burner");
            refuse(items[0], bytes4(0));
        }
    }

    function test_UnderGassedRelayer(uint32 gas) external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        uint256 limit = 500_000 + uint256(gas) % 9_500_000;
        (bool ok, bytes memory out) =
            address(market).call{gas: limit}(abi.encodeCall(market.fulfilBatch, (modelId, items)));
        if (ok) assertEq(abi.decode(out, (uint256)), 7, "a good item never fails");
        else assertStatus(items[0].request, IInferenceMarket.Status.Open);
    }

    function test_UnderGassedRelayerRevertsInTheMiddle() external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        items[1].output[0] ^= 1;
        vm.expectPartialRevert(Proofs.GasTooLow.selector);
        market.fulfilBatch{gas: 4_200_000}(modelId, items);
        assertEq(market.fulfilBatch{gas: 9_000_000}(modelId, items), 5, "with enough gas the good ones are paid");
    }

    function test_BatchThatDoesNotFitFailsEarly() external {
        modelId = register(admit(address(new HungryVerifier())));
        IInferenceMarket.Fulfilment[] memory items = batchOf(3);
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        uint256 before = gasleft();
        (bool ok, bytes memory why) = address(market).call{gas: 3_400_000}(call);
        assertTrue(!ok && bytes4(why) == Proofs.GasTooLow.selector, "refused by name");
        assertTrue(before - gasleft() < 300_000, "before anything is verified");
    }

    function test_BatchSkipsWhatIsNotPayable() external {
        IInferenceMarket.Fulfilment[] memory items = batchOf(6);
        market.fulfil(items[1]);
        items[2] = items[0];
        items[3].input[0] += 1;
        items[4].request.modelId = bytes32(uint256(1));
        assertEq(market.fulfilBatch(modelId, items), 1 + 32, "first and last");
        assertEq(credit(prover), 3 * 35e18, "each once");
    }

    function test_BatchSizeIsBounded() external {
        IInferenceMarket.Fulfilment[] memory none = new IInferenceMarket.Fulfilment[](0);
        vm.expectPartialRevert(Proofs.WrongBatchSize.selector);
        market.fulfilBatch(modelId, none);
        none = new IInferenceMarket.Fulfilment[](33);
        vm.expectPartialRevert(Proofs.WrongBatchSize.selector);
        market.fulfilBatch(modelId, none);
    }
}
