// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "../../src/market/Answers.sol";
import {IInferenceMarket} from "../../src/market/IInferenceMarket.sol";
import {Request, Tier} from "../../src/market/Requests.sol";
import {Headers} from "./Headers.sol";
import {MockVerifier} from "./MockVerifier.sol";
import {Scene} from "./Scene.sol";
import {vm} from "./Vm.sol";

/// Everything that people can do to a market, in any order. `prover` is honest: it signs the truth and delivers in time. `rival` lies, locks and goes away; strangers copy,
/// forge and meddle. Two models, one of which the guardian may end; ether and a token.
contract Handler is Scene {
    /// So that a check of all of them stays cheap.
    uint256 private constant MOST_STORIES = 40;

    uint256 private constant SAMPLED = 2;
    uint256 private constant CHALLENGED = 4;
    uint256 private constant PROVED = 8;
    uint256 private constant ANY = 15;

    bytes32 public mortalClass;
    bytes32 public mortalModel;
    Request[] internal stories;
    address[] public people = [client, prover, rival, STRANGER, OWNER, CONTRIBUTOR, ADMIN, GUARDIAN, BURN];

    /// What happened, by name, and what must never.
    mapping(bytes32 => uint256) public done;
    mapping(bytes32 requestId => uint256) public endings;
    mapping(bytes32 requestId => bool) public trulyProved;
    mapping(address owner => mapping(address token => uint256)) public bondPaidIn;
    /// What rescuers had of the rival's bonds because the fee had risen since its locks.
    mapping(address token => uint256) public risesPaid;
    /// Deeds after which more could be withdrawn than the escrow, the challenger's deposit and what had waited long enough.
    uint256 public bondsPaidAtOnce;
    /// The honest prover's whole bond before a deed.
    uint256 internal honestBond;
    uint256 public claimsFallen;
    uint256 public forgeriesAccepted;
    uint256 public slashesBeyondTheBond;
    uint256 public adminEffects;
    MockVerifier internal candidate;
    uint256 internal candidates;
    /// What contradictions of the lie about a request have taken, together.
    mapping(bytes32 requestId => uint256) public lieCost;
    bool public closed;
    /// The time that the deeds so far have made; where the chain's is later, one moved it and then reverted.
    uint256 public clock;

    constructor() {
        setUp();
        mortalClass = admit(address(new MockVerifier(7, true)));
        mortalModel = register(mortalClass);
        for (uint256 i = 1; i < 3; ++i) {
            bondPaidIn[people[i]][address(token)] = STAKE;
            fundFor(people[i], IInferenceMarket.Pot.Bond, address(0), STAKE);
        }
        clock = vm.getBlockTimestamp();
    }

    function truthDigest(Request memory r) external pure returns (bytes32) {
        return digestOf(truth(r));
    }

    function requests() external view returns (Request[] memory) {
        return stories;
    }

    function modelAt(uint256 i) external view returns (bytes32) {
        return i == 0 ? modelId : mortalModel;
    }

    function parts() external view returns (address, address, address, address) {
        return (address(market), address(registry), address(token), address(formulas));
    }

    function ask(uint256 seed) external {
        require(stories.length < MOST_STORIES);
        Request memory r = request(Tier(seed % 4));
        if (seed >> 2 & 1 == 1) r.token = address(0);
        if (seed >> 3 & 3 == 0) r.modelId = mortalModel;
        r.prover = seed >> 5 & 1 == 1 ? prover : rival;
        if (r.tier == Tier.Proved && seed >> 6 & 1 == 1) r.prover = address(0);
        r.loss = uint96((seed >> 16) % 40e18);
        r.feeCeiling = uint96(50e18 + (seed >> 32) % 50e18);
        r.deadline = uint40(vm.getBlockTimestamp() + 6 hours + (seed >> 48) % 6 days);
        r.sampleRate = uint16(500 + (seed >> 64) % 9501);
        bool deposited = market.accountOf(IInferenceMarket.Pot.Deposit, client, r.token).free >= r.feeCeiling;
        bytes memory signature = signed(r);
        bool posts = seed >> 7 & 1 == 1;
        vm.deal(STRANGER, 1e24);
        vm.prank(posts ? client : STRANGER);
        market.open{value: r.token == address(0) && !deposited ? r.feeCeiling : 0}(r, posts ? bytes("") : signature, "");
        stories.push(r);
        ++done["ask"];
    }

    function fund(uint256 who, bool bond, bool ether_, uint96 amount) external {
        address owner = people[who % 3];
        fundFor(owner, bond ? IInferenceMarket.Pot.Bond : IInferenceMarket.Pot.Deposit, ether_ ? address(0) : address(token), amount % 1e21);
        ++done["fund"];
    }

    function fundFor(address owner, IInferenceMarket.Pot pot, address what, uint96 amount) internal {
        vm.prank(owner);
        market.fund{value: what == address(0) ? amount : 0}(pot, what, amount, "");
        if (pot == IInferenceMarket.Pot.Bond) bondPaidIn[owner][what] += amount;
    }

    function giveNotice(uint256 who, bool bond, bool ether_, uint96 amount) external {
        vm.prank(people[who % 3]);
        market.giveNotice(bond ? IInferenceMarket.Pot.Bond : IInferenceMarket.Pot.Deposit, ether_ ? address(0) : address(token), amount % 1e21);
        ++done["giveNotice"];
    }

    function leave(uint256 who, bool bond, bool ether_, uint256 wait) external {
        address what = ether_ ? address(0) : address(token);
        IInferenceMarket.Pot pot = bond ? IInferenceMarket.Pot.Bond : IInferenceMarket.Pot.Deposit;
        address owner = people[who % 3];
        uint256 leavesAt = market.accountOf(pot, owner, what).leavesAt;
        if (wait % 8 == 0 && leavesAt != 0) advance(leavesAt);
        vm.prank(owner);
        uint256 amount = market.leave(pot, what);
        // A client's bond is what it was given of others', and paid by nobody into its own.
        if (bond && owner != client) bondPaidIn[owner][what] -= amount;
        if (amount != 0) ++done["leave"];
    }

    function lock(uint256 which, bool honest) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Open, PROVED);
        lock(r, r.prover != address(0) ? r.prover : honest ? prover : rival);
        ++done["lock"];
    }

    /// Mode 0 is an honest proof; the others are a stolen payee, a wrong output, a spoilt proof and a wrong input.
    function prove(uint256 which, uint256 who, uint256 mode) external {
        Request memory r = pickIn(which, IInferenceMarket.Status(1 + (which >> 32) % 4), ANY);
        address payee = r.prover != address(0) && who % 4 != 0 ? r.prover : people[1 + who % 3];
        IInferenceMarket.Fulfilment memory f = spoilt(proved(r, payee), mode % 8);
        uint256 before = bondOf(rival, r.token);
        IInferenceMarket.Job memory job = market.jobOf(market.idOf(r));
        uint256 most = mostCredit(r);
        market.fulfil(f);
        noteCredit(r, most);
        noteRescue(r, job, payee);
        noteProof(f, mode % 8);
        noteSlash(r, before);
        ++done["prove"];
    }

    /// Delivers what the rival locked and did not; now and then the rival locks what is open first.
    function rescue(uint256 which, uint256 who) external {
        bool locks = (which >> 32) % 2 == 0;
        Request memory r = pickIn(which, locks ? IInferenceMarket.Status.Open : IInferenceMarket.Status.Locked, PROVED);
        require(r.prover == address(0) && vm.getBlockTimestamp() <= r.deadline);
        if (locks) lock(r, rival);
        IInferenceMarket.Job memory job = market.jobOf(market.idOf(r));
        require(job.prover == rival);
        if (vm.getBlockTimestamp() <= job.time) advance(uint256(job.time) + 1);
        address payee = people[who % 2 == 0 ? 0 : 3];
        uint256 most = mostCredit(r);
        try market.fulfil(proved(r, payee)) {
            noteCredit(r, most);
            noteRescue(r, job, payee);
            noteProof(proved(r, payee), 0);
        } catch {}
    }

    function proveBatch(uint256 seed, uint256 modes) external {
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](4);
        for (uint256 i = 0; i < 4; ++i) {
            Request memory r = pickIn(seed >> (i * 16), IInferenceMarket.Status(1 + (seed >> 80 + i) % 2), ANY);
            items[i] = spoilt(proved(r, r.prover == address(0) ? prover : r.prover), modes >> (8 * i) & 7);
        }
        IInferenceMarket.Job[4] memory jobs;
        for (uint256 i = 0; i < 4; ++i) {
            jobs[i] = market.jobOf(market.idOf(items[i].request));
        }
        uint256[2] memory bonds = [bondOf(prover, address(token)), bondOf(prover, address(0))];
        uint256 settled = market.fulfilBatch(items[0].request.modelId, items);
        noteGift(address(token), bonds[0]);
        noteGift(address(0), bonds[1]);
        for (uint256 i = 0; i < 4; ++i) {
            if (settled >> i & 1 == 0) continue;
            noteProof(items[i], modes >> (8 * i) & 7);
            noteRescue(items[i].request, jobs[i], items[i].payee);
        }
        if (settled != 0) ++done["proveBatch"];
    }

    function refund(uint256 which, uint256 who, bool wait) external {
        Request memory r = pickIn(which, IInferenceMarket.Status(1 + (which >> 32) % 4), ANY);
        if (wait && (which >> 64) % 4 == 0) advance(uint256(r.deadline) + 1);
        uint256 before = bondOf(rival, r.token);
        uint256 most = mostCredit(r);
        vm.prank(people[who % 4]);
        try market.refund(r) {
            noteCredit(r, most);
            noteSlash(r, before);
            end(r, "refund");
        } catch {}
    }

    function answer(uint256 which, bool lie) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Open, ANY - PROVED);
        if (r.prover == prover) answerBy(r, truth(r), SIGNER);
        else answerBy(r, lie ? 1 : truth(r), RIVAL_SIGNER);
        ++done["answer"];
    }

    function challenge(uint256 which, uint256 who) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Answered, CHALLENGED);
        vm.prank(people[who % 3]);
        market.challenge{value: r.token == address(0) ? r.proofFee : 0}(r, "");
        ++done["challenge"];
    }

    function draw(uint256 which, uint256 prevrandao, bool missed) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Answered, SAMPLED);
        uint256 beacon = market.jobOf(market.idOf(r)).beaconBlock;
        uint256 next = beacon + (missed ? 9000 : 1);
        if (next < vm.getBlockNumber()) next = vm.getBlockNumber();
        vm.roll(next);
        market.draw(r, next > beacon + 256 ? bytes("") : Headers.mine(beacon, prevrandao));
        ++done["draw"];
    }

    function settle(uint256 which, bool wait) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Answered, ANY);
        if (wait) advance(uint256(market.jobOf(market.idOf(r)).time) + 1);
        try market.settle(r) {
            end(r, "settle");
        } catch {}
    }

    function slashUnproved(uint256 which, uint256 who, bool wait) external {
        Request memory r = pickIn(which, IInferenceMarket.Status.Proving, ANY);
        if (wait) advance(uint256(market.jobOf(market.idOf(r)).time) + 1);
        uint256 before = bondOf(rival, r.token);
        uint256 most = mostCredit(r);
        vm.prank(people[who % 4]);
        try market.slashUnproved(r) {
            noteCredit(r, most);
            noteSlash(r, before);
            end(r, "slashUnproved");
        } catch {}
    }

    /// Holds a lie, or the truth, that a prover signed against it, whether it is on chain or not.
    function contradict(uint256 which, uint256 who, bool lie) external {
        Request memory r = (which >> 32) % 2 == 0 ? pick(which) : pickIn(which, IInferenceMarket.Status(3 + (which >> 64) % 2), ANY);
        bool honest = r.prover == prover;
        uint256 word = honest || !lie ? truth(r) : 1;
        IInferenceMarket.Fulfilment memory f = proved(r, people[who % 4]);
        if (honest) f.output[0] ^= 1;
        Answers.Evidence memory e = Answers.Evidence(market.idOf(r), f.payee, f.input, f.output, f.proof);
        uint256 key = honest ? SIGNER : RIVAL_SIGNER;
        bytes memory signature = receipt(r, word, key);
        uint256 before = bondOf(rival, r.token);
        bool live = isLive(r);
        uint256 most = mostCredit(r);
        market.contradict(r, digestOf(word), vm.addr(key), signature, e);
        noteCredit(r, most);
        noteSlash(r, before);
        // The rival signs one lie about a request.
        lieCost[market.idOf(r)] += before - bondOf(rival, r.token);
        if (lieCost[market.idOf(r)] > formulas.bond(r)) ++slashesBeyondTheBond;
        if (live && !isLive(r)) end(r, "contradict");
        else ++done["contradict off chain"];
    }

    function claim(uint256 who, bool ether_, bool mortal) external {
        (bytes32 model, address what) = (mortal ? mortalModel : modelId, ether_ ? address(0) : address(token));
        uint256 before = market.claimedOf(model, what, people[who % 8]);
        market.claim(model, what, people[who % 8]);
        if (market.claimedOf(model, what, people[who % 8]) < before) ++claimsFallen;
        ++done["claim"];
    }

    function withdraw(uint256 who, bool ether_) external {
        vm.prank(people[who % 6]);
        market.withdraw(ether_ ? address(0) : address(token), address(0xd00d));
        ++done["withdraw"];
    }

    /// Now and then ends the mortal model's class, which must move nothing by itself; else the admins try what they can.
    function admin(uint256 seed) external {
        uint256 deed = seed % 8;
        address who = seed >> 8 & 1 == 1 ? ADMIN : router.guardian();
        if (deed == 1) candidate = new MockVerifier(1000 + ++candidates, false);
        if (deed == 2) advance(router.admissibleAt(address(candidate)));
        uint256 before = market.tracked(address(token)) + market.tracked(address(0));
        uint256 theirs = fortune();
        if (deed == 0) attempt("tombstone", who, address(router), abi.encodeCall(router.tombstone, (mortalClass)));
        if (deed == 1) attempt("propose", ADMIN, address(router), abi.encodeCall(router.propose, (address(candidate))));
        if (deed == 2) attempt("admit", who, address(router), abi.encodeCall(router.admit, (address(candidate))));
        if (deed == 3) attempt("setGuardian", ADMIN, address(router), abi.encodeCall(router.setGuardian, (seed >> 9 & 1 == 1 ? GUARDIAN : STRANGER)));
        if (deed == 4) attempt("cancel", ADMIN, address(router), abi.encodeCall(router.cancel, (address(candidate))));
        if (deed > 4) rob(who == ADMIN ? ADMIN : GUARDIAN, seed);
        if (fortune() != theirs || market.tracked(address(token)) + market.tracked(address(0)) != before) ++adminEffects;
    }

    /// An admin has no credit: whomever it names, there is nothing for it to withdraw.
    function rob(address who, uint256 seed) internal {
        address what = seed >> 10 & 1 == 1 ? address(0) : address(token);
        if (attempt("rob", who, address(market), abi.encodeCall(market.withdraw, (what, people[(seed >> 11) % 6])))) ++adminEffects;
    }

    function attempt(bytes32 name, address who, address target, bytes memory call) internal returns (bool ok) {
        vm.prank(who);
        (ok,) = target.call(call);
        if (ok) ++done[name];
    }

    function passTime(uint256 seed) external {
        advance(vm.getBlockTimestamp() + 1 + (seed >> 8) % (seed % 16 == 0 ? 6 days : 12 hours));
    }

    /// Before time passes, the honest prover does what it owes. Nothing may revert afterwards: forge would keep the time and take back the deeds.
    function advance(uint256 next) internal {
        for (uint256 i = 0; i < stories.length; ++i) {
            Request memory r = stories[i];
            IInferenceMarket.Job memory job = market.jobOf(market.idOf(r));
            bool owes = job.prover == prover && (job.status == IInferenceMarket.Status.Locked || job.status == IInferenceMarket.Status.Proving);
            if (owes && job.time < next && !router.tombstoned(registry.get(r.modelId).class)) {
                market.fulfil(proved(r, prover));
                noteProof(proved(r, prover), 0);
                ++done["owed"];
            }
        }
        if (next <= vm.getBlockTimestamp()) return;
        vm.warp(next);
        clock = next;
    }

    /// Ends every live request and lets everybody leave, as anyone could.
    function closeDown() external {
        closed = true;
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(vm.getBlockTimestamp() + 8 days);
            vm.roll(vm.getBlockNumber() + 9000);
            for (uint256 j = 0; j < stories.length; ++j) {
                closeStory(stories[j]);
            }
        }
        for (uint256 i = 0; i < people.length - 1; ++i) {
            emptyAccounts(people[i], address(token));
            emptyAccounts(people[i], address(0));
        }
        vm.warp(vm.getBlockTimestamp() + 10 days);
        claimAll();
        for (uint256 i = 0; i < people.length; ++i) {
            cashOut(people[i], address(token));
            cashOut(people[i], address(0));
        }
    }

    /// Everybody claims what it has earned.
    function claimAll() public {
        for (uint256 i = 0; i < people.length; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                market.claim(j < 2 ? modelId : mortalModel, j & 1 == 1 ? address(0) : address(token), people[i]);
            }
        }
    }

    function closeStory(Request memory r) internal {
        if (!isLive(r)) return;
        IInferenceMarket.Status status = statusOf(r);
        bool dead = router.tombstoned(registry.get(r.modelId).class);
        bool drawn = r.tier != Tier.Sampled || market.jobOf(market.idOf(r)).drawn;
        vm.prank(STRANGER);
        if (dead || status < IInferenceMarket.Status.Answered) market.refund(r);
        else if (status == IInferenceMarket.Status.Proving) market.slashUnproved(r);
        else if (!drawn) market.draw(r, "");
        else market.settle(r);
    }

    function emptyAccounts(address who, address what) internal {
        for (uint256 i = 0; i < 2; ++i) {
            IInferenceMarket.Account memory account = market.accountOf(IInferenceMarket.Pot(i), who, what);
            vm.prank(who);
            market.giveNotice(IInferenceMarket.Pot(i), what, account.free + account.leaving);
        }
    }

    function cashOut(address who, address what) internal {
        if (who == BURN) return;
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(who);
            market.leave(IInferenceMarket.Pot(i), what);
        }
        if (market.creditOf(who, what) == 0) return;
        vm.prank(who);
        market.withdraw(what, address(0xd00d));
    }

    function pick(uint256 which) internal view returns (Request memory) {
        return stories[which % stories.length];
    }

    /// A request in a state, of one of the tiers in a set.
    function pickIn(uint256 which, IInferenceMarket.Status status, uint256 tiers) internal view returns (Request memory r) {
        for (uint256 i = 0; i < stories.length; ++i) {
            r = stories[(which % stories.length + i) % stories.length];
            if (statusOf(r) == status && tiers >> uint256(r.tier) & 1 == 1) return r;
        }
        revert("none");
    }

    function isLive(Request memory r) internal view returns (bool) {
        IInferenceMarket.Status status = statusOf(r);
        return status >= IInferenceMarket.Status.Open && status <= IInferenceMarket.Status.Proving;
    }

    function spoilt(IInferenceMarket.Fulfilment memory f, uint256 mode) internal pure returns (IInferenceMarket.Fulfilment memory) {
        if (mode == 1) f.payee = STRANGER;
        if (mode == 2) f.output[0] ^= 1;
        if (mode == 3) f.proof[3] ^= 0x01;
        if (mode == 4) f.input[1] += 1;
        return f;
    }

    /// A stolen payee is no theft when it is the thief's own proof.
    function noteProof(IInferenceMarket.Fulfilment memory f, uint256 mode) internal {
        bytes32 id = market.idOf(f.request);
        if (mode >= 2 && mode <= 4) ++forgeriesAccepted;
        else if (keccak256(f.proof) != keccak256(proved(f.request, f.payee).proof)) ++forgeriesAccepted;
        else trulyProved[id] = true;
        ++endings[id];
    }

    /// What the honest prover is given of the rival's bonds is bond of its own.
    function noteGift(address what, uint256 before) internal {
        uint256 current = bondOf(prover, what);
        if (current > before) (bondPaidIn[prover][what], done["gift"]) = (bondPaidIn[prover][what] + current - before, done["gift"] + 1);
    }

    function noteSlash(Request memory r, uint256 before) internal {
        uint256 current = bondOf(rival, r.token);
        if (before > current && before - current > formulas.bond(r)) ++slashesBeyondTheBond;
        if (before > current) ++done["slash"];
    }

    /// Exactly what the rival's lock costs it because the fee of now is above what the lock still pays.
    function noteRescue(Request memory r, IInferenceMarket.Job memory job, address payee) internal {
        if (job.status != IInferenceMarket.Status.Locked || job.prover != rival || payee == rival || vm.getBlockTimestamp() <= job.time) return;
        uint256 left = uint256(job.price) * (r.deadline - vm.getBlockTimestamp()) / (r.deadline - job.time);
        risesPaid[r.token] += formulas.priceAt(r, vm.getBlockTimestamp()) - left;
        ++done["rescue"];
    }

    /// The most that all credits but the burnt and the pools can be after a request ends: nothing of a bond is among it.
    function mostCredit(Request memory r) internal returns (uint256 most) {
        honestBond = bondOf(prover, r.token);
        IInferenceMarket.Job memory job = market.jobOf(market.idOf(r));
        most = creditsOf(r.token) + (isLive(r) ? r.feeCeiling : 0);
        if (isLive(r) && job.challenger != address(0)) most += r.proofFee;
    }

    function noteCredit(Request memory r, uint256 most) internal {
        if (creditsOf(r.token) > most) ++bondsPaidAtOnce;
        noteGift(r.token, honestBond);
    }

    /// All credits but the burnt, and what the models' pools still owe.
    function creditsOf(address what) internal view returns (uint256 sum) {
        sum = unclaimed(modelId, what) + unclaimed(mortalModel, what);
        for (uint256 i = 0; i < people.length; ++i) {
            if (people[i] != BURN) sum += market.creditOf(people[i], what);
        }
    }

    function unclaimed(bytes32 model, address what) internal view returns (uint256 sum) {
        sum = market.poolOf(model, what);
        for (uint256 i = 0; i < people.length; ++i) {
            sum -= market.claimedOf(model, what, people[i]);
        }
    }

    function end(Request memory r, bytes32 how) internal {
        ++endings[market.idOf(r)];
        ++done[how];
    }

    /// A prover's whole bond: free, leaving and reserved.
    function bondOf(address who, address what) public view returns (uint256 sum) {
        IInferenceMarket.Account memory account = market.accountOf(IInferenceMarket.Pot.Bond, who, what);
        sum = uint256(account.free) + account.leaving;
        for (uint256 i = 0; i < stories.length; ++i) {
            IInferenceMarket.Job memory job = market.jobOf(market.idOf(stories[i]));
            if (stories[i].token == what && job.prover == who && isLive(stories[i])) sum += job.bond;
        }
    }

    /// What can be withdrawn or is ready for use, of all people and both tokens.
    function fortune() internal view returns (uint256 sum) {
        for (uint256 i = 0; i < people.length; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                address what = j & 1 == 1 ? address(0) : address(token);
                IInferenceMarket.Account memory account = market.accountOf(IInferenceMarket.Pot(j / 2), people[i], what);
                sum += uint256(account.free) + account.leaving + (j < 2 ? market.creditOf(people[i], what) : 0);
            }
        }
    }
}
