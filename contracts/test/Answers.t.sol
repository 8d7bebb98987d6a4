// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IVerifierErrors} from "../generated/IVerifier.sol";
import {Accounts} from "../src/market/Accounts.sol";
import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Jobs} from "../src/market/Jobs.sol";
import {PrevRandaoBeacon} from "../src/market/PrevRandaoBeacon.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Rewards} from "../src/market/Rewards.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Signatures} from "../src/market/Signatures.sol";
import {VerifierRouter} from "../src/market/VerifierRouter.sol";
import {Headers} from "./support/Headers.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// Receipts: answering, challenging, drawing, contradicting.
contract AnswersTest is Scene {
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

    function test_ReceiptSettlesAfterItsWindow() external {
        Request memory r = answered(Tier.Receipt, 5);
        assertEq(bondFree(prover), STAKE - BOND, "reserved");
        vm.warp(vm.getBlockTimestamp() + 1 days);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.settle(r);
        vm.warp(vm.getBlockTimestamp() + 1);
        market.settle(r);
        assertEq(credit(prover), 35e18, "70 % of the floor");
        assertEq(credit(client), 50e18, "ceiling less fee");
        assertEq(bondFree(prover), STAKE, "released");
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.settle(r);
    }

    function test_AnswerNeedsAReceiptOfTheNamedProver() external {
        Request memory r = request(Tier.Receipt);
        refuseAnswer(r, RIVAL_SIGNER, Proofs.NotProver.selector);
        refuseAnswer(r, CLIENT, Signatures.UnknownKey.selector);
        bytes memory signature = signed(r);
        bytes memory other = receipt(r, truth(r), RIVAL_SIGNER);
        uint256[] memory output = new uint256[](1);
        output[0] = truth(r);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        market.answer(r, signature, "", output, vm.addr(SIGNER), other);
        vm.prank(prover);
        signatures.revokeKey(vm.addr(SIGNER));
        refuseAnswer(r, SIGNER, Answers.RevokedKey.selector);
    }

    function test_AnswerFitsTierTimeAndModel() external {
        Request memory r = request(Tier.Proved);
        r.prover = prover;
        refuseAnswer(r, SIGNER, Jobs.WrongTerms.selector);
        r = opened(Tier.Receipt);
        uint256[] memory output = new uint256[](2);
        bytes memory two = receiptOver(r, keccak256(abi.encodePacked(output)), SIGNER);
        vm.expectPartialRevert(Answers.WrongOutput.selector);
        market.answer(r, "", "", output, vm.addr(SIGNER), two);
        vm.warp(uint256(r.deadline) + 1);
        refuseAnswer(r, SIGNER, Jobs.TooLate.selector);
    }

    function test_KeysBelongToWhoHoldsThem() external {
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.KeyTaken.selector);
        signatures.registerKey(vm.addr(SIGNER), "");
        bytes memory forProver = sign(CLIENT, keyDigest(prover));
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        signatures.registerKey(vm.addr(CLIENT), forProver);
        vm.prank(rival);
        vm.expectPartialRevert(Signatures.UnknownKey.selector);
        signatures.revokeKey(vm.addr(SIGNER));
    }

    function test_ReceiptIsNeverErc1271() external {
        // A signer with code: its word counts only as a key's signature, which it cannot give.
        vm.prank(prover);
        vm.expectPartialRevert(Signatures.WrongSignature.selector);
        signatures.registerKey(address(verifier), "");
    }

    function test_AnsweredRequestIsNotRefunded() external {
        Request memory r = answered(Tier.Receipt, 5);
        vm.warp(uint256(r.deadline) + 1);
        vm.expectPartialRevert(Jobs.WrongStatus.selector);
        market.refund(r);
    }

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

    function test_ProofMayComeWithoutAChallenge() external {
        Request memory r = request(Tier.Receipt);
        answer(r, truth(r));
        market.fulfil(proved(r, prover));
        assertEq(credit(prover), 35e18, "fee");
        assertEq(bondFree(prover), STAKE, "released");
    }

    function test_OneBondBehindManyReceipts() external {
        uint256 lies = STAKE / BOND;
        Request memory r;
        for (uint256 i = 0; i < lies; ++i) {
            r = answered(Tier.Receipt, LIE);
        }
        assertEq(bondFree(prover), STAKE - lies * BOND, "each has its own");
        Request memory unsecured = request(Tier.Receipt);
        refuseAnswer(unsecured, SIGNER, Accounts.TooLittle.selector);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client), 100e18 + 10e18, "the last is covered as the first");
        assertEq(gained(STRANGER), BOND / 10, "bounty");
        assertEq(bondFree(prover), STAKE - lies * BOND, "no other receipt's bond is touched");
    }

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

    function test_ContradictionAfterThePaymentCoversIt() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.settle(r);
        uint256 before = gained(client);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client) - before, 50e18 + 10e18, "price and loss");
        assertEq(bondFree(prover), STAKE - BOND, "at most the bond of the tier");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    /// The class was dead for a while, and everybody took back what he had put in: no price is left to cover.
    function test_ContradictionAfterARefundCoversTheLossOnly() external {
        Request memory r = answered(Tier.Receipt, LIE);
        bytes memory code = address(verifier).code;
        vm.etch(address(verifier), hex"00");
        market.refund(r);
        vm.etch(address(verifier), code);
        uint256 before = gained(client);
        contradict(r, LIE, STRANGER);
        assertEq(gained(client) - before, 10e18, "the loss");
        assertEq(bondFree(prover), STAKE - BOND, "at most the bond of the tier");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_ReceiptOffChainIsHeldAgainstFreeAndLeavingBond() external {
        Request memory r = request(Tier.Receipt);
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE - 100e18);
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 0, "free first");
        assertEq(gained(client), 10e18, "loss");
        assertEq(market.accountOf(IInferenceMarket.Pot.Bond, prover, address(token)).leaving, STAKE - BOND, "then leaving");
        bytes memory signature = signed(r);
        bytes memory receiptSignature = receipt(r, LIE, SIGNER);
        uint256[] memory output = new uint256[](1);
        output[0] = LIE;
        vm.expectPartialRevert(Answers.Contradicted.selector);
        market.answer(r, signature, "", output, vm.addr(SIGNER), receiptSignature);
    }

    function leaveWith(uint128 rest) internal {
        vm.prank(prover);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), STAKE - rest);
        vm.warp(vm.getBlockTimestamp() + 10 days);
        vm.prank(prover);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
    }

    function fundBond(uint96 amount) internal {
        token.mint(prover, amount);
        vm.prank(prover);
        market.fund(IInferenceMarket.Pot.Bond, address(token), amount, "");
    }

    /// A prover whose free bond is a single unit has a friend contradict it: that uses nothing up.
    function test_ContradictionTakesTheRestLater() external {
        leaveWith(1);
        Request memory r = request(Tier.Receipt);
        contradict(r, LIE, prover);
        bytes32 receiptId =
            typed(formulas.receiptHash(r, market.idOf(r), digestOf(LIE), vm.addr(SIGNER)));
        assertEq(market.slashedOf(receiptId), 1, "all there was");
        contradict(r, LIE, STRANGER);
        assertEq(market.slashedOf(receiptId), 1, "nothing more");
        fundBond(100e18);
        contradict(r, LIE, STRANGER);
        fundBond(500e18);
        contradict(r, LIE, STRANGER);
        assertEq(market.slashedOf(receiptId), BOND, "the bond of the tier");
        assertEq(bondFree(prover), 600e18 + 1 - BOND, "and no more");
        assertEq(gained(client), 10e18, "the loss, once");
        assertEq(gained(STRANGER), BOND / 10, "the bounty of one slash");
        assertEq(credit(BURN), BOND - BOND / 10 - 10e18, "the rest is burnt");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_PartsOfASlashAreSplitAsTheWhole(uint96[4] memory parts, uint96 loss) external {
        leaveWith(0);
        Request memory r = request(Tier.Receipt);
        r.loss = loss /= 2;
        uint256 taken;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 part = 1 + uint256(parts[i]) % (uint256(loss) + 100e18);
            if (part > formulas.bond(r) - taken) part = formulas.bond(r) - taken;
            if (part == 0) break;
            fundBond(uint96(part));
            contradict(r, LIE, STRANGER);
            taken += part;
        }
        uint256 most = taken / 2 - taken / 10;
        assertEq(gained(STRANGER), taken / 10, "bounty");
        assertEq(gained(client), loss < most ? loss : most, "loss");
        assertEq(credit(BURN), taken - gained(STRANGER) - gained(client), "burnt");
    }

    function test_BondBeyond96BitsIsTakenExactly() external {
        Request memory r = request(Tier.Receipt);
        (r.feeCeiling, r.loss) = (type(uint96).max, type(uint96).max);
        for (uint256 i = 0; i < 3; ++i) {
            fundBond(type(uint96).max);
        }
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 0, "all there was");
        for (uint256 i = 0; i < 3; ++i) {
            fundBond(type(uint96).max);
        }
        contradict(r, LIE, STRANGER);
        assertEq(bondFree(prover), 6 * uint256(type(uint96).max) + STAKE - formulas.bond(r), "then what was missing");
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

    function test_LastMomentsOfAnswersCount() external {
        Request memory r = opened(Tier.Challenged);
        Request memory late = opened(Tier.Receipt);
        vm.warp(r.deadline);
        answer(r, truth(r));
        vm.warp(uint256(r.deadline) + 1);
        refuseAnswer(late, SIGNER, Jobs.TooLate.selector);
        market.refund(late);
        // A proof may come after the window as long as nobody has settled.
        vm.warp(uint256(r.deadline) + 2 days);
        market.fulfil(proved(r, prover));
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function deadClass() internal {
        vm.prank(GUARDIAN);
        router.tombstone(class);
    }

    function test_DeadClassTakesNoAnswer() external {
        Request memory r = opened(Tier.Receipt);
        deadClass();
        refuseAnswer(r, SIGNER, VerifierRouter.Tombstoned.selector);
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

    function test_DeadClassContradictsNothing() external {
        Request memory r = answered(Tier.Receipt, LIE);
        Request memory offChain = request(Tier.Receipt);
        deadClass();
        refuseContradiction(r, LIE, evidence(r, STRANGER), VerifierRouter.Tombstoned.selector);
        refuseContradiction(offChain, LIE, evidence(offChain, STRANGER), VerifierRouter.Tombstoned.selector);
    }

    /// Only an open request is secured; then nothing that its client does changes what the prover is owed.
    function test_OpenRequestOutlivesItsClientsTricks() external {
        vm.prank(client);
        market.fund(IInferenceMarket.Pot.Deposit, address(token), 200e18, "");
        Request memory r = opened(Tier.Receipt);
        vm.prank(client);
        vm.expectPartialRevert(Jobs.NonceUsed.selector);
        market.cancelNonce(r.nonce);
        // The rest of the deposit goes to a request to itself, and notice is given of all of it.
        Request memory own = request(Tier.Proved);
        own.prover = client;
        open(own);
        vm.prank(client);
        vm.expectPartialRevert(Accounts.TooLittle.selector);
        market.giveNotice(IInferenceMarket.Pot.Deposit, address(token), 1);
        answer(r, truth(r));
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        assertEq(credit(prover), 35e18, "paid");
    }

    function test_CancelledNonceIsNeverAnswered() external {
        Request memory r = request(Tier.Receipt);
        vm.prank(client);
        market.cancelNonce(r.nonce);
        refuseAnswer(r, SIGNER, Jobs.NonceUsed.selector);
    }

    function test_ContradictionEndsAChallenge() external {
        Request memory r = answered(Tier.Challenged, LIE);
        challenge(r, RIVAL_CALLER);
        contradict(r, LIE, STRANGER);
        assertEq(gained(RIVAL_CALLER), r.proofFee, "deposit back");
        assertEq(gained(STRANGER), BOND / 10, "bounty");
    }

    /// A settled lie that its own prover contradicts through a friend: what is not burnt leaves after the notice of a bond, as it would have without.
    function test_ContradictingOneselfSkipsNoNotice() external {
        Request memory r = answered(Tier.Receipt, LIE);
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        market.settle(r);
        uint256 before = credit(client);
        contradict(r, LIE, client);
        assertEq(credit(client), before, "nothing at once");
        assertEq(proceeds(client), 50e18 + 10e18 + BOND / 10, "price, loss and bounty");
        vm.prank(client);
        market.giveNotice(IInferenceMarket.Pot.Bond, address(token), 60e18 + uint128(BOND / 10));
        uint256 due = vm.getBlockTimestamp() + 10 days;
        vm.warp(due - 1);
        // Whatever comes meanwhile, from whomever, delays nothing and is not carried out early.
        Request memory second = request(Tier.Receipt);
        contradict(second, LIE, client);
        vm.prank(client);
        vm.expectPartialRevert(Accounts.NoticeNotOver.selector);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        vm.warp(due);
        vm.prank(client);
        market.leave(IInferenceMarket.Pot.Bond, address(token));
        assertEq(credit(client), before + 60e18 + BOND / 10, "then all of it, and no more");
        assertEq(proceeds(client), 10e18 + BOND / 10, "what came later has had no notice");
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

    /// A chain that changes its id: an answer that was posted before can be contradicted as before.
    function test_ContradictionOutlivesTheChainsId() external {
        Request memory r = answered(Tier.Receipt, LIE);
        bytes memory signature = receipt(r, LIE, SIGNER);
        vm.chainId(vm.getChainId() + 1);
        market.contradict(r, digestOf(LIE), vm.addr(SIGNER), signature, evidence(r, STRANGER));
        assertStatus(r, IInferenceMarket.Status.Slashed);
    }

    /// In ether the bounty pays for the transaction that contradicts, at twice the base fee of the answer; a dearer request's bond is its own.
    function test_BondPaysForItsContradiction(uint64 fee, bool dear) external {
        vm.fee(fee);
        Request memory r = request(Tier.Receipt);
        (r.token, r.feeFloor, r.feeCeiling, r.loss) = (address(0), 1, dear ? 100e18 : 1, 0);
        vm.deal(prover, type(uint128).max);
        vm.prank(prover);
        market.fund{value: type(uint96).max}(IInferenceMarket.Pot.Bond, address(0), type(uint96).max, "");
        vm.prank(client);
        market.open{value: r.feeCeiling}(r, "", "");
        answer(r, LIE);
        uint256 bond = market.jobOf(market.idOf(r)).bond;
        uint256 gas = gasleft();
        contradict(r, LIE, STRANGER);
        gas -= gasleft();
        uint256 bounty = market.accountOf(IInferenceMarket.Pot.Bond, STRANGER, address(0)).free;
        assertEq(bounty, bond / 10, "a tenth");
        assertTrue(bounty >= 2 * uint256(fee) * gas, "pays for itself");
        uint256 least = uint256(fee) * 20 * (verifier.verifyGas(1) + 400_000 + 3 * 1_700);
        assertEq(bond, least > formulas.bond(r) ? least : formulas.bond(r), "the larger of the two");
    }

    /// After it was paid, the whole bond of the answer can be taken, also where it was more than the request's terms ask for.
    function test_ContradictionAfterThePaymentTakesTheAnswersBond() external {
        vm.fee(100 gwei);
        Request memory r = request(Tier.Receipt);
        (r.token, r.feeFloor, r.feeCeiling, r.loss) = (address(0), 1, 1, 0);
        vm.prank(prover);
        market.fund{value: 100e18}(IInferenceMarket.Pot.Bond, address(0), 100e18, "");
        vm.prank(client);
        market.open{value: 1}(r, "", "");
        answer(r, LIE);
        uint256 bond = market.jobOf(market.idOf(r)).bond;
        vm.warp(vm.getBlockTimestamp() + 2 days);
        market.settle(r);
        contradict(r, LIE, STRANGER);
        assertEq(market.accountOf(IInferenceMarket.Pot.Bond, prover, address(0)).free, 100e18 - bond, "all of it");
        refuseContradiction(r, LIE, evidence(r, STRANGER), Answers.Contradicted.selector);
    }

    function test_SelfSlashThroughAFriend(uint96 loss) external {
        // Client, challenger and reporter are all the prover's friends.
        vm.assume(loss < STAKE / 6);
        Request memory r = request(Tier.Receipt);
        r.loss = loss;
        uint256 bond = formulas.bond(r);
        vm.assume(bond <= STAKE);
        answer(r, LIE);
        contradict(r, LIE, client);
        uint256 recovered = gained(client) - r.feeCeiling;
        assertTrue(recovered <= bond / 2, "at least half is gone");
        assertEq(recovered + credit(BURN), bond, "conserved");
    }

    function test_SelfSlashWhenLateOrAbsentLosesToo() external {
        Request memory r = request(Tier.Proved);
        r.loss = 100e18;
        lock(r, prover);
        vm.warp(uint256(r.deadline) + 1);
        vm.prank(client);
        market.refund(r);
        assertTrue((gained(client) - r.feeCeiling) * 2 <= STAKE - bondFree(prover), "absent");
        assertEq(gained(client) - r.feeCeiling, 100e18 + 25e18, "whole loss and bounty");
    }

    function drawWith(Request memory r, uint256 prevrandao) internal returns (bool) {
        uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
        vm.roll(number + 1);
        return market.draw(r, Headers.mine(number, prevrandao));
    }

    function selects(Request memory r, uint256 prevrandao) internal view returns (bool) {
        return uint256(keccak256(abi.encode(prevrandao, market.idOf(r)))) % 10_000 < r.sampleRate;
    }

    /// A random value that does not select a request.
    function unselecting(Request memory r) internal view returns (uint256 prevrandao) {
        prevrandao = 1 << 64;
        while (selects(r, prevrandao)) ++prevrandao;
    }

    function test_BeaconDraws(uint256 prevrandao, uint16 rate) external {
        Request memory r = request(Tier.Sampled);
        r.sampleRate = 300 + rate % 9701;
        answer(r, truth(r));
        if (prevrandao < 1 << 64) prevrandao += 1 << 64;
        bool selected = drawWith(r, prevrandao);
        assertTrue(selected == selects(r, prevrandao), "as the beacon says");
        assertStatus(r, selected ? IInferenceMarket.Status.Proving : IInferenceMarket.Status.Answered);
        if (selected) {
            market.fulfil(proved(r, prover));
        } else {
            vm.warp(vm.getBlockTimestamp() + 1 days + 1);
            market.settle(r);
        }
        assertStatus(r, IInferenceMarket.Status.Settled);
    }

    function test_SampledAnswerIsNotPaidUndrawn() external {
        Request memory r = answered(Tier.Sampled, LIE);
        vm.warp(vm.getBlockTimestamp() + 2 days);
        vm.expectPartialRevert(Answers.NotDrawn.selector);
        market.settle(r);
    }

    function test_NobodyChoosesTheBeacon() external {
        Request memory r = answered(Tier.Sampled, LIE);
        uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
        assertEq(number, vm.getBlockNumber() + 64, "fixed by the answer");
        vm.roll(number);
        vm.expectPartialRevert(Jobs.TooEarly.selector);
        market.draw(r, "");
        vm.roll(number + 1);
        bytes memory other = Headers.mine(number - 1, 1);
        Headers.mine(number, 2);
        vm.expectPartialRevert(PrevRandaoBeacon.WrongHeader.selector);
        market.draw(r, other);
    }

    function test_DrawnOnceOnly() external {
        Request memory r = answered(Tier.Sampled, LIE);
        uint256 prevrandao = unselecting(r);
        assertTrue(!drawWith(r, prevrandao), "not selected");
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.draw(r, "");
        r = answered(Tier.Receipt, LIE);
        vm.expectPartialRevert(Jobs.WrongTerms.selector);
        market.draw(r, "");
    }

    /// EIP-2935: the chain keeps 8,191 hashes in a contract; the code is the EIP's.
    function keepHash(uint256 number, bytes32 hash) internal {
        address history = 0x0000F90827F1C53a10cb7A02335B175320002935;
        vm.etch(
            history,
            hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
        );
        vm.store(history, bytes32(number % 8191), hash);
    }

    function test_HeaderIsReadFor8191Blocks() external {
        for (uint256 late = 0; late < 2; ++late) {
            Request memory r = answered(Tier.Sampled, LIE);
            uint256 prevrandao = unselecting(r);
            uint256 number = market.jobOf(market.idOf(r)).beaconBlock;
            bytes memory header = Headers.withPrevRandao(prevrandao);
            vm.roll(number + 8191 + late);
            keepHash(number, keccak256(header));
            if (late == 0) {
                bytes memory other = Headers.withPrevRandao(prevrandao + 1);
                vm.expectPartialRevert(PrevRandaoBeacon.WrongHeader.selector);
                market.draw(r, other);
            }
            assertTrue(market.draw(r, header) == (late == 1), "read to the last block, then selected");
        }
    }

    /// On chains whose header says zero, one, a difficulty or any other small number, that is no randomness: the prover would know beforehand what need not be proved.
    function test_ConstantBeaconSelects(uint64 constant_) external {
        Request memory r = answered(Tier.Sampled, LIE);
        r.sampleRate = 2500;
        assertTrue(drawWith(r, constant_), "selected, whatever its hash says");
        assertStatus(r, IInferenceMarket.Status.Proving);
    }

    function test_SilencePastTheBeaconSelects() external {
        Request memory r = answered(Tier.Sampled, LIE);
        vm.roll(vm.getBlockNumber() + 9000);
        assertTrue(market.draw(r, ""), "selected");
        vm.warp(vm.getBlockTimestamp() + 1 days + 1);
        vm.prank(STRANGER);
        market.slashUnproved(r);
        assertEq(gained(STRANGER), formulas.bond(r) / 10, "the caller has the bounty");
    }

    function test_TombstoneReturnsEverybodysOwn() external {
        Request memory r = answered(Tier.Challenged, LIE);
        Request memory other = answered(Tier.Receipt, LIE);
        challenge(r, STRANGER);
        vm.prank(GUARDIAN);
        router.tombstone(class);
        vm.warp(vm.getBlockTimestamp() + 3 days);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.slashUnproved(r);
        vm.expectPartialRevert(VerifierRouter.Tombstoned.selector);
        market.settle(other);
        market.refund(r);
        market.refund(other);
        assertEq(credit(STRANGER), r.proofFee, "challenger");
        assertEq(credit(client), 200e18, "client");
        assertEq(bondFree(prover), STAKE, "prover");
    }
}
