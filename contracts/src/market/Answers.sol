// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IVerifier} from "../../generated/IVerifier.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {PrevRandaoBeacon} from "./PrevRandaoBeacon.sol";
import {Proofs} from "./Proofs.sol";
import {Request, Requests, Tier} from "./Requests.sol";

/// @title Answers that are signed now and proved only when somebody asks
/// @notice A receipt is an EIP-712 signature by a key that a prover registered (`Signatures`): this model gives this output for this input. An answer on chain reserves its own bond; a receipt that is not on chain reserves nothing.
abstract contract Answers is Proofs {
    using Requests for Request;

    /// @dev A proof that names a request and a payee of this market; the payee has the bounty, so that copying the proof gains nothing.
    struct Evidence {
        bytes32 requestId;
        address payee;
        uint256[] input;
        uint256[] output;
        bytes proof;
    }

    /// @notice Seconds from an answer in which it can be challenged or contradicted before it is paid.
    uint256 public constant CHALLENGE_WINDOW = 1 days;
    /// @notice Seconds from a challenge or a draw to bring the proof.
    uint256 public constant PROOF_PERIOD = 1 days;
    /// @notice Blocks from an answer to the block whose `prevrandao` draws it.
    uint256 public constant DRAW_DELAY = 64;
    /// @dev Points of the bond that a prover loses without the proof, or with a contradicted receipt.
    uint256 private constant FRAUD = POINTS;
    /// @dev Gas of a contradiction besides the verifier's: the market's own work and a proof as calldata, and what each word of input and output adds, its calldata included. The
    /// bounty of a bond in ether pays for `RISE` times that at the base fee of the answer.
    uint256 private constant CONTRADICTION_GAS = 400_000;
    uint256 private constant CONTRADICTION_WORD_GAS = 1_700;
    uint256 private constant RISE = 2;

    /// @notice Draws sampled answers.
    PrevRandaoBeacon public immutable beacon;

    /// @notice What contradictions have taken from the prover of a receipt: at most the bond of the request's tier. Zero when no proof has contradicted it.
    mapping(bytes32 receiptId => uint256) public slashedOf;

    event RequestAnswered(bytes32 indexed requestId, address indexed prover, uint256 price, uint256 bond, uint256 windowEnd, uint256 beaconBlock, uint256[] output);
    /// @dev What `contradict` takes: the signature of an answer is on chain for whoever proves another output, by whatever contract it came.
    event AnswerSigned(bytes32 indexed requestId, address indexed signer, bytes receiptSignature);
    event AnswerChallenged(bytes32 indexed requestId, address indexed challenger, uint256 deposit, uint256 proveUntil);
    event AnswerDrawn(bytes32 indexed requestId, bool selected);
    event ReceiptContradicted(bytes32 indexed receiptId, bytes32 indexed requestId, address indexed prover, address payee);
    event RequestSlashed(bytes32 indexed requestId, uint256 escrow);

    error RevokedKey(address signer);
    error WrongOutput();
    error WrongInput(bytes32 expected, bytes32 got);
    error SameOutput(bytes32 digest);
    error Contradicted(bytes32 receiptId);
    error NotDrawn(bytes32 requestId);

    constructor(PrevRandaoBeacon source) {
        beacon = source;
    }

    /// @notice Brings a signed answer on chain at the fee of this moment and reserves its bond; anyone who has the receipt may call. `RequestAnswered` and `AnswerSigned` together are the receipt.
    /// Call `open` first, and wait until that is final: a pending `answer` shows output and receipt, and while the request is not open its client can read them and cancel the nonce.
    /// Opening on the way is for private relays only.
    /// @dev Opens on the way as `open` does: a contract that passes on others' requests must refuse those that name itself as client, because the market asks it for no signature.
    /// @param r A request of a tier below proved, for the prover it names; opened here when it is not open yet.
    /// @param signature The client's, as in `open`; unread when the request is open.
    /// @param permit As in `open`.
    /// @param output The packed output words.
    /// @param signer The key that signed the receipt.
    /// @param receiptSignature Its EIP-712 signature over the receipt.
    function answer(
        Request calldata r,
        bytes calldata signature,
        bytes calldata permit,
        uint256[] calldata output,
        address signer,
        bytes calldata receiptSignature
    ) external nonReentrant {
        bytes32 id = idOf(r);
        _openOnce(r, id, signature, permit);
        if (r.tier == Tier.Proved) revert WrongTerms(Term.Tier);
        if (block.timestamp > r.deadline) revert TooLate(r.deadline, block.timestamp);
        bytes32 digest = _digest(output);
        {
            (bytes32 receiptId, address prover, bool revoked) = _checkReceipt(r, id, digest, signer, receiptSignature);
            if (slashedOf[receiptId] != 0) revert Contradicted(receiptId);
            if (revoked) revert RevokedKey(signer);
            if (prover != r.prover) revert NotProver(r.prover, prover);
        }
        _post(id, r, output, digest);
        emit AnswerSigned(id, signer, receiptSignature);
    }

    /// @notice Demands the proof of an answer, once, within its window. The deposit is the request's proof fee: the prover's if the proof comes, the caller's
    /// again with a bounty if it does not.
    /// @param r A request of tier challenged; with ether, the proof fee is sent along.
    /// @param permit Empty, or an ERC-2612 permit of the caller; its failure is ignored.
    function challenge(Request calldata r, bytes calldata permit) external payable nonReentrant {
        bytes32 id = idOf(r);
        _expect(id, Status.Answered);
        if (r.tier != Tier.Challenged) revert WrongTerms(Term.Tier);
        Job storage job = jobs[id];
        if (block.timestamp > job.time) revert TooLate(job.time, block.timestamp);
        _judged(r.modelId);
        _demandProof(job);
        job.challenger = msg.sender;
        emit AnswerChallenged(id, msg.sender, r.proofFee, job.time);
        _tryPermit(r.token, msg.sender, permit);
        _pull(r.token, msg.sender, r.proofFee);
    }

    /// @notice Lets the beacon say whether a sampled answer must be proved; anyone may call after the beacon block.
    /// @dev The beacon's block is fixed when the answer is mined; see `PrevRandaoBeacon` for its strength. When that block is out of reach the answer counts as selected, so that
    /// silence helps nobody.
    /// @param r A request of tier sampled.
    /// @param header The beacon block's RLP header; unread when its hash is out of reach.
    /// @return selected Whether the proof is due, within `PROOF_PERIOD`.
    function draw(Request calldata r, bytes calldata header) external nonReentrant returns (bool selected) {
        bytes32 id = idOf(r);
        _expect(id, Status.Answered);
        Job storage job = jobs[id];
        if (r.tier != Tier.Sampled || job.drawn) revert WrongTerms(Term.Tier);
        if (block.number <= job.beaconBlock) revert TooEarly(job.beaconBlock, block.number);
        (bool known, uint256 value) = beacon.read(job.beaconBlock, header);
        selected = !known || uint256(keccak256(abi.encode(value, id))) % POINTS < r.sampleRate;
        if (selected) _demandProof(job);
        else job.drawn = true;
        emit AnswerDrawn(id, selected);
    }

    /// @notice Pays for an answer whose window closed; anyone may call.
    /// @param r An answered request; in tier sampled it must have been drawn.
    function settle(Request calldata r) external nonReentrant {
        bytes32 id = idOf(r);
        _expect(id, Status.Answered);
        Job storage job = jobs[id];
        if (block.timestamp <= job.time) revert TooEarly(job.time, block.timestamp);
        if (r.tier == Tier.Sampled && !job.drawn) revert NotDrawn(id);
        (ModelRegistry.Judged memory model,) = _judged(r.modelId);
        _settle(id, r, model, job.prover, job.commitment, false);
    }

    /// @notice Ends an answer whose proof was due and did not come: the prover's whole bond is slashed, client and challenger have theirs back. Anyone may call.
    /// @param r A challenged or selected request whose proof period is over. The challenger has the bounty; without one, the caller.
    function slashUnproved(Request calldata r) external nonReentrant {
        bytes32 id = idOf(r);
        _expect(id, Status.Proving);
        Job storage job = jobs[id];
        if (block.timestamp <= job.time) revert TooEarly(job.time, block.timestamp);
        _judged(r.modelId);
        _endSlashed(id, r, job.challenger == address(0) ? msg.sender : job.challenger);
    }

    /// @notice Slashes the bond behind a receipt that a proof of another output contradicts: same model, same input. Anyone may call, until the bond of the request's tier is
    /// taken: what a prover has not got yet can be taken when it has it. An answer that was paid is refuted by it even while its prover has nothing to take.
    /// @param r The request that the receipt names; it need not have come on chain.
    /// @param outputDigest What the receipt claims.
    /// @param signer The key that signed it.
    /// @param receiptSignature Its signature.
    /// @param e The proof; its payee has the bounty.
    function contradict(
        Request calldata r,
        bytes32 outputDigest,
        address signer,
        bytes calldata receiptSignature,
        Evidence calldata e
    ) external nonReentrant {
        bytes32 id = idOf(r);
        (bytes32 receiptId, address prover,) = _checkReceipt(r, id, outputDigest, signer, receiptSignature);
        Job storage job = jobs[id];
        bool posted = job.status >= Status.Answered && job.prover == prover && job.commitment == outputDigest;
        uint256 before = slashedOf[receiptId];
        uint256 bond = posted ? job.bond : r.bond();
        if (before >= bond) revert Contradicted(receiptId);
        if (posted && job.status == Status.Slashed) revert WrongStatus(id, job.status);
        _checkEvidence(r, outputDigest, e);
        emit ReceiptContradicted(receiptId, id, prover, e.payee);
        if (posted && _isLive(job.status)) {
            slashedOf[receiptId] = job.bond;
            _endSlashed(id, r, e.payee);
        } else {
            // Of a refunded request, whose class or key was dead for a while, nothing was paid.
            bool settled = posted && job.status == Status.Settled;
            if (settled) job.refuted = true;
            slashedOf[receiptId] = before + _slashUnreserved(id, r, prover, e.payee, settled ? job.price : 0, before, bond);
        }
    }

    function _post(bytes32 id, Request calldata r, uint256[] calldata output, bytes32 digest) private {
        (ModelRegistry.Judged memory model, address judge) = _judged(r.modelId);
        if (!_fits(output, model.outputWords)) revert WrongOutput();
        Job storage job = jobs[id];
        job.status = Status.Answered;
        job.prover = r.prover;
        job.time = uint40(block.timestamp + CHALLENGE_WINDOW);
        job.beaconBlock = uint40(block.number + DRAW_DELAY);
        job.price = r.priceAt(block.timestamp);
        job.bond = _reserveBond(r, r.prover, _answerBond(r, model, judge));
        job.commitment = digest;
        emit RequestAnswered(id, r.prover, job.price, job.bond, job.time, job.beaconBlock, output);
    }

    /// @dev The request's bond; in ether, where it is more, one whose bounty pays for contradicting the answer. The market knows no token's price: there the client's loss says how much.
    function _answerBond(Request calldata r, ModelRegistry.Judged memory model, address judge) private view returns (uint256 bond) {
        bond = r.bond();
        if (r.token != address(0)) return bond;
        uint256 words = uint256(model.inputWords) + model.outputWords;
        uint256 gas = IVerifier(judge).verifyGas(model.key, 1) + CONTRADICTION_GAS + CONTRADICTION_WORD_GAS * words;
        return Math.max(bond, gas * block.basefee * RISE * POINTS / BOUNTY);
    }

    function _demandProof(Job storage job) private {
        job.status = Status.Proving;
        job.time = uint40(block.timestamp + PROOF_PERIOD);
    }

    function _endSlashed(bytes32 id, Request calldata r, address reporter) private {
        Job storage job = jobs[id];
        job.status = Status.Slashed;
        _slash(id, r, FRAUD, reporter, BOUNTY, r.loss);
        _credit(r.client, r.token, r.feeCeiling);
        if (job.challenger != address(0)) _credit(job.challenger, r.token, r.proofFee);
        emit RequestSlashed(id, r.feeCeiling);
    }

    /// @dev For a receipt that has no reserved bond, or no more: what stands free or is leaving, at most what `before` leaves of `bond`.
    function _slashUnreserved(bytes32 id, Request calldata r, address prover, address reporter, uint256 paid, uint256 before, uint256 bond)
        private
        returns (uint256 amount)
    {
        amount = _take(Pot.Bond, prover, r.token, bond - before);
        uint256 burnt = _splitSlash(r.token, before, amount, reporter, BOUNTY, r.client, r.loss + paid);
        emit BondSlashed(id, prover, amount, burnt);
    }

    function _checkEvidence(Request calldata r, bytes32 outputDigest, Evidence calldata e) private view {
        bytes32 inputDigest = _digest(e.input);
        if (inputDigest != r.inputDigest) revert WrongInput(r.inputDigest, inputDigest);
        if (_digest(e.output) == outputDigest) revert SameOutput(outputDigest);
        if (e.payee == address(0)) revert ZeroAddress();
        (ModelRegistry.Judged memory model, address judge) = _judged(r.modelId);
        if (!_fits(e.input, model.inputWords) || !_fits(e.output, model.outputWords)) revert WrongOutput();
        _verify(judge, model.key, _instances(e.input, e.output, e.requestId, e.payee), e.proof);
    }

    function _checkReceipt(Request calldata r, bytes32 id, bytes32 outputDigest, address signer, bytes calldata signature)
        private
        view
        returns (bytes32 receiptId, address prover, bool revoked)
    {
        receiptId = _typed(_domainOf(r.hash()), r.receiptHash(id, outputDigest, signer));
        (prover, revoked) = signatures.proverOf(signer, receiptId, signature);
    }
}
