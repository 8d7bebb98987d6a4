// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Accounts} from "./Accounts.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {Request, Requests, Tier} from "./Requests.sol";
import {Signatures} from "./Signatures.sol";
import {VerifierRouter} from "./VerifierRouter.sol";

/// @title From a signed request to an escrow, and from there to an end
abstract contract Jobs is Accounts {
    using Requests for Request;

    /// @notice Shortest time to a deadline, in seconds, when a request is opened or locked: both halves outlast a chain that halts for an hour.
    uint256 public constant MIN_DURATION = 2 hours;
    /// @notice Longest time to a deadline, in seconds, when a request is opened.
    uint256 public constant MAX_DURATION = 7 days;
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @notice Says which verifier code may judge.
    VerifierRouter public immutable router;
    /// @notice Says who signed what.
    Signatures public immutable signatures;
    /// @dev The chain's id, and with it the domain of signatures, when the market was deployed.
    uint256 private immutable firstChain;
    bytes32 private immutable firstDomain;

    mapping(bytes32 requestId => Job) internal jobs;
    mapping(address client => mapping(uint256 word => uint256)) private usedNonces;

    event RequestOpened(bytes32 indexed requestId, address indexed client, bytes32 indexed modelId, Request request);
    event NonceCancelled(address indexed client, uint256 nonce);
    event RequestSettled(bytes32 indexed requestId, address indexed payee, uint256 price, Tier tier, bool proved);
    event RequestRefunded(bytes32 indexed requestId, uint256 escrow);
    event BondSlashed(bytes32 indexed requestId, address indexed prover, uint256 amount, uint256 burnt);

    error WrongStatus(bytes32 requestId, Status status);
    error WrongTerms(Term term);
    error WrongDeadline(uint256 earliest, uint256 latest, uint256 got);
    error NonceUsed(address client, uint256 nonce);
    error ModelRetired(bytes32 modelId);
    error TooEarly(uint256 after_, uint256 time);
    error TooLate(uint256 until, uint256 time);

    constructor(ModelRegistry models, Signatures signers) {
        signatures = signers;
        router = models.router();
        firstChain = block.chainid;
        firstDomain = _domain();
    }

    /// @notice Opens a request and escrows its fee ceiling: from ether sent along, else from the client's deposit, else by the client's allowance.
    /// @param r The request.
    /// @param signature The client's over the request's id; unread when the client calls.
    /// @param permit Empty, or an ERC-2612 permit of the client: `abi.encode(value, deadline, v, r, s)`; its failure is ignored.
    /// @return id The request's id.
    function open(Request calldata r, bytes calldata signature, bytes calldata permit)
        external
        payable
        nonReentrant
        returns (bytes32 id)
    {
        id = idOf(r);
        _open(r, id, signature, permit);
    }

    /// @notice Makes sure that no request of the caller with this nonce can be opened any more, so that it can neither be answered nor locked. Open ones go on.
    /// @dev At once: a notice would protect nobody, because the client can spend nonce and deposit on a request to itself at any time. Only an open request is secured.
    function cancelNonce(uint256 nonce) external {
        _useNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    /// @notice The id of a request: its EIP-712 digest, which names this chain and contract.
    /// @dev A chain that changes its id once keeps the requests that were opened before under their first id: their escrows end as all others do. Nothing new is opened under it.
    function idOf(Request calldata r) public view returns (bytes32) {
        bytes32 content = r.hash();
        return _typed(_domainOf(content), content);
    }

    /// @notice What changes about a request.
    function jobOf(bytes32 id) external view returns (Job memory) {
        return jobs[id];
    }

    /// @notice What was answered to a request, for contracts that act on it.
    /// @param id The request's id.
    /// @return digest Keccak of the packed output words, which whoever calls brings along; zero when there is no answer.
    /// @return assurance None before the settlement, after a refund or a slash, and when a proof of another output came after an unproved settlement.
    function answerOf(bytes32 id) external view returns (bytes32 digest, Assurance assurance) {
        Job storage job = jobs[id];
        if (job.status != Status.Settled || job.refuted) return (0, Assurance.None);
        return (job.commitment, job.proved ? Assurance.Proved : Assurance.Unproved);
    }

    function _open(Request calldata r, bytes32 id, bytes calldata signature, bytes calldata permit) internal {
        _expect(id, Status.None);
        _checkTerms(r);
        if (msg.sender != r.client) signatures.checkClient(r.client, id, signature);
        _useNonce(r.client, r.nonce);
        jobs[id].status = Status.Open;
        emit RequestOpened(id, r.client, r.modelId, r);
        if (msg.value == 0 && _standing(Pot.Deposit, r.client, r.token) >= r.feeCeiling) {
            _take(Pot.Deposit, r.client, r.token, r.feeCeiling);
        } else {
            _tryPermit(r.token, r.client, permit);
            _pull(r.token, r.client, r.feeCeiling);
        }
    }

    /// @dev The domain of a request and of the receipts for it, by the hash of its structure: that of the chain as it is now, or the first one where it was opened under that.
    function _domainOf(bytes32 content) internal view returns (bytes32) {
        if (block.chainid == firstChain || jobs[_typed(firstDomain, content)].status != Status.None) return firstDomain;
        return _domain();
    }

    function _typed(bytes32 domain, bytes32 content) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, content);
    }

    /// @dev Opens the request unless it is open already.
    function _openOnce(Request calldata r, bytes32 id, bytes calldata signature, bytes calldata permit) internal {
        if (jobs[id].status == Status.None) _open(r, id, signature, permit);
        else _expect(id, Status.Open);
    }

    function _expect(bytes32 id, Status wanted) internal view {
        Status status = jobs[id].status;
        if (status != wanted) revert WrongStatus(id, status);
    }

    /// @dev A model and the verifier that judges it; reverts when its class is tombstoned or its key has changed.
    function _judged(bytes32 modelId) internal view returns (ModelRegistry.Judged memory, address) {
        return registry.judged(modelId);
    }

    /// @dev Reserves a bond of a prover.
    function _reserveBond(Request calldata r, address prover, uint256 amount) internal returns (uint96 bond) {
        bond = SafeCast.toUint96(amount);
        _reserve(prover, r.token, bond);
    }

    /// @dev Slashes `points` of the reserved bond and releases the rest.
    function _slash(
        bytes32 id,
        Request calldata r,
        uint256 points,
        address reporter,
        uint256 bountyPoints,
        uint256 loss
    ) internal {
        Job storage job = jobs[id];
        uint96 bond = job.bond;
        address prover = job.prover;
        uint96 amount = uint96(bond * points / POINTS);
        _release(prover, r.token, bond - amount);
        uint256 burnt = _splitSlash(r.token, 0, amount, reporter, bountyPoints, r.client, loss);
        emit BondSlashed(id, prover, amount, burnt);
    }

    function _domain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Assay"), keccak256("1"), block.chainid, address(this)));
    }

    function _checkTerms(Request calldata r) private view {
        if (r.feeCeiling == 0 || r.feeFloor > r.feeCeiling) revert WrongTerms(Term.Fee);
        if (r.rampStart > r.rampEnd) revert WrongTerms(Term.Ramp);
        if (r.tier != Tier.Proved && r.prover == address(0)) revert WrongTerms(Term.Prover);
        if (r.tier == Tier.Challenged && r.proofFee == 0) revert WrongTerms(Term.ProofFee);
        if (r.tier == Tier.Sampled && (r.sampleRate == 0 || r.sampleRate > POINTS)) revert WrongTerms(Term.SampleRate);
        uint256 earliest = block.timestamp + MIN_DURATION;
        uint256 latest = block.timestamp + MAX_DURATION;
        if (r.deadline < earliest || r.deadline > latest) revert WrongDeadline(earliest, latest, r.deadline);
        (ModelRegistry.Judged memory model,) = _judged(r.modelId);
        if (model.retired) revert ModelRetired(r.modelId);
    }

    function _useNonce(address client, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = usedNonces[client][nonce >> 8];
        if (word & bit != 0) revert NonceUsed(client, nonce);
        usedNonces[client][nonce >> 8] = word | bit;
    }
}
