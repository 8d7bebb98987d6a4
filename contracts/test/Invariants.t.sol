// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {InferenceMarket} from "../src/market/InferenceMarket.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Handler} from "./support/Handler.sol";
import {Formulas} from "./support/Scene.sol";
import {Token} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// What cannot happen, whatever people do; `docs/market.md` has the list.
contract InvariantsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;
    InferenceMarket private market;
    ModelRegistry private registry;
    Token private token;
    Formulas private formulas;
    mapping(bytes32 => uint256) private lastClaimed;

    error Broken(string invariant, uint256 expected, uint256 got);

    function setUp() external {
        handler = new Handler();
        (address a, address b, address c, address d) = handler.parts();
        (market, registry, token, formulas) = (InferenceMarket(a), ModelRegistry(b), Token(c), Formulas(d));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function actions() internal pure returns (bytes4[19] memory) {
        return [
            Handler.ask.selector, Handler.ask.selector, Handler.fund.selector, Handler.giveNotice.selector, Handler.leave.selector,
            bytes4(keccak256("lock(uint256,bool)")), Handler.prove.selector, Handler.rescue.selector, Handler.proveBatch.selector, Handler.refund.selector,
            bytes4(keccak256("answer(uint256,bool)")), Handler.challenge.selector, Handler.draw.selector, Handler.settle.selector,
            Handler.slashUnproved.selector, Handler.contradict.selector, Handler.claim.selector, Handler.admin.selector, Handler.passTime.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler);
        targets[0].selectors = new bytes4[](20);
        for (uint256 i = 0; i < 19; ++i) {
            targets[0].selectors[i] = actions()[i];
        }
        targets[0].selectors[19] = Handler.withdraw.selector;
    }

    /// One campaign for all: each is a state's property or a sticky count, so that a breach stays visible; the error names it.
    function invariant_Market() external {
        // Closing down is no part of the story: there the honest prover stands still.
        if (handler.closed()) return;
        checkTime(handler);
        checkNoAdminPath();
        checkSharesSum();
        checkClaimsMonotone();
        checkOneSettlement();
        checkPaidOnlyWithProof();
        checkBondCoversReceipts();
        checkHonestKeepsBond();
        checkSlashBounded();
        checkConservation();
        checkBondsWait();
        checkAnswersTold();
    }

    /// Not of the market: the people would be late through the handler's fault. Forge keeps the time that a call made before it reverted.
    function checkTime(Handler it) internal view {
        expect("the handler's clock", vm.getBlockTimestamp(), it.clock());
    }

    function checkConservation() internal view {
        conservationOf(address(token), token.balanceOf(address(market)));
        conservationOf(address(0), address(market).balance);
    }

    function conservationOf(address what, uint256 balance) internal view {
        uint256 owed;
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            Request memory r = stories[i];
            IInferenceMarket.Job memory job = market.jobOf(market.idOf(r));
            if (r.token != what || !live(job)) continue;
            owed += uint256(r.feeCeiling) + (job.status == IInferenceMarket.Status.Open ? 0 : job.bond);
            if (job.status == IInferenceMarket.Status.Proving && job.challenger != address(0)) owed += r.proofFee;
        }
        for (uint256 i = 0; i < 9; ++i) {
            address who = handler.people(i);
            owed += market.creditOf(who, what);
            for (uint256 pot = 0; pot < 2; ++pot) {
                IInferenceMarket.Account memory account = market.accountOf(IInferenceMarket.Pot(pot), who, what);
                owed += uint256(account.free) + account.leaving;
            }
        }
        for (uint256 i = 0; i < 2; ++i) {
            owed += market.poolOf(model(i), what) - claims(model(i), what);
        }
        expect("Conservation", market.tracked(what), owed);
        if (balance < market.tracked(what)) revert Broken("Conservation: balance", market.tracked(what), balance);
    }

    function checkPaidOnlyWithProof() internal view {
        expect("PaidOnlyWithProof: forgeries", 0, handler.forgeriesAccepted());
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            bytes32 id = market.idOf(stories[i]);
            if (stories[i].tier != Tier.Proved || market.jobOf(id).status != IInferenceMarket.Status.Settled) continue;
            if (!handler.trulyProved(id)) revert Broken("PaidOnlyWithProof", 1, 0);
        }
    }

    function checkOneSettlement() internal view {
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            bytes32 id = market.idOf(stories[i]);
            expect("OneSettlement", live(market.jobOf(id)) ? 0 : 1, handler.endings(id));
        }
    }

    function checkSlashBounded() internal view {
        expect("SlashBounded: bond", 0, handler.slashesBeyondTheBond());
        slashesOf(address(token));
        slashesOf(address(0));
    }

    function slashesOf(address what) internal view {
        address liar = handler.people(2);
        uint256 lost = handler.bondPaidIn(liar, what) - handler.bondOf(liar, what);
        lost -= handler.risesPaid(what);
        uint256 burnt = market.creditOf(market.BURN(), what);
        if (burnt * 2 < lost || burnt > lost) revert Broken("SlashBounded: burnt", lost, burnt);
    }

    function checkBondsWait() internal view {
        expect("BondsWait", 0, handler.bondsPaidAtOnce());
    }

    /// What contracts are told is what was proved, or signed and paid, and nothing else.
    function checkAnswersTold() internal view {
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            bytes32 id = market.idOf(stories[i]);
            (bytes32 digest, IInferenceMarket.Assurance assurance) = market.answerOf(id);
            if ((assurance == IInferenceMarket.Assurance.Proved) != handler.trulyProved(id)) revert Broken("AnswersTold", 1, i);
            if (assurance == IInferenceMarket.Assurance.Proved) expect("AnswersTold: digest", uint256(handler.truthDigest(stories[i])), uint256(digest));
            if (assurance == IInferenceMarket.Assurance.None) expect("AnswersTold: none", 0, uint256(digest));
            // The one lie that a rival signs about a request.
            bool lied = digest == keccak256(abi.encodePacked(uint256(1)));
            if (assurance == IInferenceMarket.Assurance.Unproved && lied && handler.lieCost(id) != 0) revert Broken("AnswersTold: refuted", 0, i);
        }
    }

    function checkBondCoversReceipts() internal view {
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            IInferenceMarket.Job memory job = market.jobOf(market.idOf(stories[i]));
            if (live(job) && job.status != IInferenceMarket.Status.Open) expect("BondCoversReceipts", formulas.bond(stories[i]), job.bond);
        }
    }

    function checkHonestKeepsBond() internal view {
        address honest = handler.people(1);
        expect("HonestKeepsBond", handler.bondPaidIn(honest, address(token)), handler.bondOf(honest, address(token)));
        expect("HonestKeepsBond", handler.bondPaidIn(honest, address(0)), handler.bondOf(honest, address(0)));
    }

    function checkSharesSum() internal view {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 sum = registry.get(model(i)).proverPoints;
            for (uint256 j = 0; j < 9; ++j) {
                sum += registry.pointsOf(model(i), handler.people(j));
            }
            expect("SharesSum", 10_000, sum);
        }
    }

    function checkClaimsMonotone() internal {
        expect("ClaimsMonotone: fell", 0, handler.claimsFallen());
        for (uint256 i = 0; i < 4; ++i) {
            address what = i & 1 == 1 ? address(0) : address(token);
            uint256 sum = claims(model(i / 2), what);
            if (sum > market.poolOf(model(i / 2), what)) revert Broken("ClaimsMonotone: pool", market.poolOf(model(i / 2), what), sum);
            for (uint256 j = 0; j < 9; ++j) {
                bytes32 place = keccak256(abi.encode(i, j));
                uint256 claimed = market.claimedOf(model(i / 2), what, handler.people(j));
                if (claimed < lastClaimed[place]) revert Broken("ClaimsMonotone", lastClaimed[place], claimed);
                lastClaimed[place] = claimed;
            }
        }
    }

    function checkNoAdminPath() internal view {
        expect("NoAdminPath", 0, handler.adminEffects());
        for (uint256 i = 6; i < 8; ++i) {
            expect("NoAdminPath", 0, market.creditOf(handler.people(i), address(token)));
            expect("NoAdminPath", 0, market.creditOf(handler.people(i), address(0)));
        }
    }

    /// NothingLocked: what a run leaves behind can be ended, and everybody can go.
    function afterInvariant() external {
        handler.claimAll();
        checkClaimsMonotone();
        try handler.closeDown() {}
        catch (bytes memory why) {
            revert Broken("NothingLocked: cannot close down", 0, uint32(bytes4(why)));
        }
        // By now everybody has claimed everything.
        checkClaimsMonotone();
        emptied(address(token));
        emptied(address(0));
    }

    function emptied(address what) internal view {
        Request[] memory stories = handler.requests();
        for (uint256 i = 0; i < stories.length; ++i) {
            if (live(market.jobOf(market.idOf(stories[i])))) revert Broken("NothingLocked: live", 0, i);
        }
        uint256 rest = market.tracked(what) - market.creditOf(market.BURN(), what);
        if (rest > 4) revert Broken("NothingLocked: rounding", 4, rest);
    }

    /// The invariants see something only if the handler gets everywhere: a few seeded walks do everything.
    function test_HandlerReachesEverything() external {
        string[24] memory names = [
            "ask", "fund", "giveNotice", "leave", "lock", "prove", "proveBatch", "refund", "answer", "challenge", "draw", "settle", "slashUnproved",
            "contradict", "contradict off chain", "claim", "withdraw", "tombstone", "owed", "propose", "admit", "setGuardian", "rescue", "gift"
        ];
        uint256[24] memory counts;
        for (uint256 i = 0; i < 4; ++i) {
            Handler walker = new Handler();
            walk(walker, i);
            checkTime(walker);
            for (uint256 j = 0; j < 24; ++j) {
                counts[j] += walker.done(bytes32(bytes(names[j])));
            }
        }
        for (uint256 j = 0; j < 24; ++j) {
            if (counts[j] == 0) revert Broken(names[j], 1, 0);
        }
    }

    function walk(Handler walker, uint256 start) internal {
        bytes4[19] memory what = actions();
        for (uint256 i = 0; i < 400; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(start, i)));
            bytes memory arguments = abi.encode(seed >> 32, seed >> 8 & 1, seed >> 9 & 1, seed >> 16 & type(uint64).max);
            (bool ok,) = address(walker).call(abi.encodePacked(what[seed % 19], arguments));
            if (ok && i % 16 == 0) (ok,) = address(walker).call(abi.encodePacked(Handler.withdraw.selector, arguments));
        }
    }

    function live(IInferenceMarket.Job memory job) internal pure returns (bool) {
        return job.status >= IInferenceMarket.Status.Open && job.status <= IInferenceMarket.Status.Proving;
    }

    function model(uint256 i) internal view returns (bytes32) {
        return handler.modelAt(i);
    }

    function claims(bytes32 modelId, address what) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < 9; ++i) {
            sum += market.claimedOf(modelId, what, handler.people(i));
        }
    }

    function expect(string memory what, uint256 expected, uint256 got) internal pure {
        if (expected != got) revert Broken(what, expected, got);
    }
}
