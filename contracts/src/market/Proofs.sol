// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../../generated/IVerifier.sol";
import {Jobs} from "./Jobs.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {Request, Requests, Tier} from "./Requests.sol";

/// @title Locking a request, paying for its proof, giving its escrow back
abstract contract Proofs is Jobs {
    using Requests for Request;

    /// @dev Parallel lists as long as the call's. Bits of `worth` say what is worth verifying, `count` how much that is, `reserve` the gas that settling it takes; of the rest instances and
    /// proof are empty.
    struct Batch {
        uint256 worth;
        uint256 count;
        uint256 reserve;
        bytes32[] ids;
        uint256[][] instances;
        bytes[] proofs;
    }

    /// @notice Most proofs in a batch.
    uint256 public constant MAX_BATCH = 32;
    /// @notice Seconds after which a lock excludes other provers' proofs: five blocks of the mainnet. A proof that was already on its way when somebody locked with the output it
    /// shows still pays its maker. Who wants to prove undisturbed begins when its lock is that old.
    uint256 public constant LOCK_MATURITY = 60;
    /// @notice Every word of a proof's public values is below: 31 bytes, so below the field's modulus.
    uint256 public constant WORD_BOUND = 1 << 248;
    /// @dev Points of the bond that a late locker loses, of which the rescuer has half, besides what the fee of now is above what the lock still pays, which is the rescuer's whole; that an
    /// absent one loses, of which the reporter has a tenth.
    uint256 internal constant LATE = 2000;
    uint256 internal constant ABSENT = 5000;
    uint256 internal constant RESCUE = 5000;
    uint256 internal constant BOUNTY = 1000;
    /// @dev Gas that is kept back to settle one proof of a batch, to take from a late locker's bond besides, and to log a word of its output.
    uint256 private constant SETTLE_GAS = 100_000;
    uint256 private constant RESCUE_GAS = 70_000;
    uint256 private constant WORD_GAS = 400;

    event RequestLocked(bytes32 indexed requestId, address indexed prover, uint256 price, uint256 bond, uint256 exclusiveUntil);
    event RequestProved(bytes32 indexed requestId, address indexed payee, uint256[] output);
    event FulfilmentSkipped(bytes32 indexed requestId, uint256 index, Refusal reason);

    error NotProver(address prover, address caller);
    error Refused(bytes32 requestId, Refusal reason);
    error WrongBatchSize(uint256 most, uint256 got);
    error GasTooLow(uint256 needed, uint256 got);

    /// @notice Reserves the caller's bond for the exclusive right to prove during the first half of the time left, from `LOCK_MATURITY` on, at the fee of this moment. Afterwards that
    /// fee falls in a line to zero at the deadline, for whoever delivers; to anybody but the caller its bond pays what is missing to the fee that would be paid without the lock.
    /// @param r A request of tier proved; opened here when it is not open yet.
    /// @param signature The client's, as in `open`; unread when the request is open.
    /// @param permit As in `open`.
    /// @param commitment `keccak256(abi.encode(caller, keccak256(packed output words)))`.
    function lock(Request calldata r, bytes calldata signature, bytes calldata permit, bytes32 commitment)
        external
        nonReentrant
    {
        bytes32 id = idOf(r);
        _openOnce(r, id, signature, permit);
        if (r.tier != Tier.Proved) revert WrongTerms(Term.Tier);
        if (r.prover != address(0) && r.prover != msg.sender) revert NotProver(r.prover, msg.sender);
        if (block.timestamp + MIN_DURATION > r.deadline) revert TooLate(r.deadline - MIN_DURATION, block.timestamp);
        _judged(r.modelId);
        Job storage job = jobs[id];
        job.status = Status.Locked;
        job.prover = msg.sender;
        job.time = uint40((block.timestamp + r.deadline) / 2);
        job.price = r.priceAt(block.timestamp);
        job.bond = _reserveBond(r, msg.sender, r.bond());
        job.commitment = commitment;
        emit RequestLocked(id, msg.sender, job.price, job.bond, job.time);
    }

    /// @notice Settles a live request with a proved answer; anyone may send it.
    /// @param f The answer, its proof and whom it pays.
    function fulfil(Fulfilment calldata f) external nonReentrant {
        Request calldata r = f.request;
        bytes32 id = idOf(r);
        (ModelRegistry.Judged memory model, address judge) = _judged(r.modelId);
        Refusal reason = _refusal(id, f, model);
        if (reason != Refusal.None) revert Refused(id, reason);
        _verify(judge, model.key, _instances(f.input, f.output, id, f.payee), f.proof);
        _settleProved(id, f, model);
    }

    /// @notice Settles what can be settled of several proved answers of one model. What cannot is skipped, reported and otherwise untouched: nobody is slashed
    /// for standing in a batch. Too little gas reverts the call instead of failing an item, and does so before anything is verified when the batch does not fit.
    /// @param modelId The model; answers of other models are skipped.
    /// @param items At most `MAX_BATCH` answers.
    /// @return settled Bit `i` is set when item `i` was settled.
    function fulfilBatch(bytes32 modelId, Fulfilment[] calldata items) external nonReentrant returns (uint256 settled) {
        if (items.length == 0 || items.length > MAX_BATCH) revert WrongBatchSize(MAX_BATCH, items.length);
        (ModelRegistry.Judged memory model, address judge) = _judged(modelId);
        Batch memory batch = _gather(modelId, items, model);
        uint256 accepted = _verifyAll(judge, model, batch);
        for (uint256 i = 0; i < items.length; ++i) {
            if (batch.worth >> i & 1 == 0) continue;
            Refusal reason = accepted >> i & 1 == 0 ? Refusal.ProofRejected : Refusal.None;
            // The same request may stand in a batch twice.
            if (!_isLive(jobs[batch.ids[i]].status)) reason = Refusal.NotLive;
            if (reason != Refusal.None) {
                emit FulfilmentSkipped(batch.ids[i], i, reason);
                continue;
            }
            settled |= 1 << i;
            _settleProved(batch.ids[i], items[i], model);
        }
    }

    /// @notice Gives the escrow of a request that nobody delivered in time back to its client; a locker's bond is slashed. Anyone may call. Under a tombstoned verifier
    /// or a changed verifier or key every live request ends here, at any time, without a slash.
    /// @param r An open or locked request whose deadline has passed, or any live one whose verifier is tombstoned or whose verifier or key has changed.
    function refund(Request calldata r) external nonReentrant {
        bytes32 id = idOf(r);
        Job storage job = jobs[id];
        Status status = job.status;
        bool dead = registry.dead(r.modelId);
        if (!_isLive(status) || (status > Status.Locked && !dead)) revert WrongStatus(id, status);
        if (!dead && block.timestamp <= r.deadline) revert TooEarly(r.deadline, block.timestamp);
        job.status = Status.Refunded;
        if (dead && status != Status.Open) _release(job.prover, r.token, job.bond);
        else if (status == Status.Locked) _slash(id, r, ABSENT, msg.sender, BOUNTY, r.loss);
        _credit(r.client, r.token, r.feeCeiling);
        _credit(job.challenger, r.token, job.challenger == address(0) ? 0 : r.proofFee);
        emit RequestRefunded(id, r.feeCeiling);
    }

    /// @notice The public value that binds a proof to this chain, this market, a request and whom it pays.
    /// @param id The request's id.
    /// @param payee Whom the proof pays.
    function contextOf(bytes32 id, address payee) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), id, payee))) >> 8;
    }

    /// @dev Everything about a fulfilment but its proof.
    function _refusal(bytes32 id, Fulfilment calldata f, ModelRegistry.Judged memory model) internal view returns (Refusal) {
        Request calldata r = f.request;
        Job storage job = jobs[id];
        Status status = job.status;
        if (!_isLive(status)) return Refusal.NotLive;
        if (status == Status.Proving ? block.timestamp > job.time : status < Status.Answered && block.timestamp > r.deadline) {
            return Refusal.TooLate;
        }
        if (f.payee == address(0) || (r.prover != address(0) && f.payee != r.prover)) return Refusal.NotPayee;
        bytes32 outputDigest = _digest(f.output);
        if (status == Status.Locked && f.payee != job.prover) {
            if (block.timestamp <= job.time && _isMature(job, r)) return Refusal.NotPayee;
        } else if (status == Status.Locked) {
            if (job.commitment != keccak256(abi.encode(f.payee, outputDigest))) return Refusal.WrongOutput;
        } else if (status != Status.Open && job.commitment != outputDigest) {
            return Refusal.WrongOutput;
        }
        if (r.inputDigest != _digest(f.input)) return Refusal.WrongInput;
        if (!_fits(f.input, model.inputWords) || !_fits(f.output, model.outputWords)) return Refusal.WrongWords;
        return Refusal.None;
    }

    /// @dev Reverts, with the verifier's reason, unless the proof is valid.
    function _verify(address judge, address key, uint256[] memory instances, bytes calldata proof) internal view {
        IVerifier(judge).verify(key, instances, proof);
    }

    /// @dev Pays for a delivered answer and ends the request. What an earlier lock committed to is replaced by what was delivered.
    function _settle(bytes32 id, Request calldata r, ModelRegistry.Judged memory model, address payee, bytes32 outputDigest, bool proved)
        internal
    {
        Job storage job = jobs[id];
        Status status = job.status;
        address prover = job.prover;
        // A lock too young to exclude this payee counts as none.
        bool overtaken = payee != prover && block.timestamp <= job.time;
        uint96 price = status == Status.Open || overtaken ? r.priceAt(block.timestamp) : status == Status.Locked ? _lockedPrice(job, r) : job.price;
        job.status = Status.Settled;
        job.proved = proved;
        job.commitment = outputDigest;
        if (status != Status.Open) {
            if (payee == prover || overtaken) _release(prover, r.token, job.bond);
            else _rescue(id, r, payee, price);
        }
        if (status == Status.Proving && job.challenger != address(0)) _credit(payee, r.token, r.proofFee);
        _credit(r.client, r.token, r.feeCeiling - price);
        _payFee(r.modelId, model.proverPoints, payee, r.token, price);
        emit RequestSettled(id, payee, price, r.tier, proved);
    }

    /// @dev What the escrow pays for a locked request: the lock's fee while it is exclusive, then falling in a line to zero at the deadline, rounded down. It falls for whoever delivers, so
    /// that a late locker has no more through a friend.
    function _lockedPrice(Job storage job, Request calldata r) private view returns (uint96) {
        uint96 price = job.price;
        uint256 end = job.time;
        if (block.timestamp <= end) return price;
        return uint96(uint256(price) * (r.deadline - block.timestamp) / (r.deadline - end));
    }

    /// @dev Takes from a late locker's bond what the fee of now is above `price`, for the rescuer, and `LATE` points besides, of which the rescuer has `RESCUE` points. Both fit: a bond is at
    /// least 5/4 of the ceiling.
    function _rescue(bytes32 id, Request calldata r, address rescuer, uint96 price) private {
        Job storage job = jobs[id];
        uint256 bond = job.bond;
        uint256 excess = r.priceAt(block.timestamp) - price;
        uint256 late = bond * LATE / POINTS;
        _release(job.prover, r.token, uint96(bond - excess - late));
        _bestow(rescuer, r.token, excess);
        uint256 burnt = _splitSlash(r.token, 0, late, rescuer, RESCUE, r.client, 0);
        emit BondSlashed(id, job.prover, excess + late, burnt);
    }

    /// @dev Exclusivity ends halfway from the lock to the deadline, which tells when the lock was made (to the second, rounded down).
    function _isMature(Job storage job, Request calldata r) private view returns (bool) {
        return block.timestamp + r.deadline > 2 * uint256(job.time) + LOCK_MATURITY;
    }

    function _isLive(Status status) internal pure returns (bool) {
        return status >= Status.Open && status <= Status.Proving;
    }

    /// @dev As many words as the model has, each of at most 31 bytes.
    function _fits(uint256[] calldata words, uint256 count) internal pure returns (bool) {
        if (words.length != count) return false;
        for (uint256 i = 0; i < count; ++i) {
            if (words[i] >= WORD_BOUND) return false;
        }
        return true;
    }

    function _settleProved(bytes32 id, Fulfilment calldata f, ModelRegistry.Judged memory model) private {
        emit RequestProved(id, f.payee, f.output);
        _settle(id, f.request, model, f.payee, _digest(f.output), true);
    }

    function _gather(bytes32 modelId, Fulfilment[] calldata items, ModelRegistry.Judged memory model)
        private
        returns (Batch memory batch)
    {
        uint256 length = items.length;
        batch = Batch(0, 0, 0, new bytes32[](length), new uint256[][](length), new bytes[](length));
        for (uint256 i = 0; i < length; ++i) {
            Fulfilment calldata f = items[i];
            bytes32 id = idOf(f.request);
            batch.ids[i] = id;
            Refusal reason = f.request.modelId != modelId ? Refusal.OtherModel : _refusal(id, f, model);
            if (reason != Refusal.None) {
                emit FulfilmentSkipped(id, i, reason);
                continue;
            }
            batch.worth |= 1 << i;
            ++batch.count;
            batch.reserve += SETTLE_GAS + WORD_GAS * model.outputWords;
            if (jobs[id].status == Status.Locked && f.payee != jobs[id].prover && block.timestamp > jobs[id].time) batch.reserve += RESCUE_GAS;
            batch.instances[i] = _instances(f.input, f.output, id, f.payee);
            batch.proofs[i] = f.proof;
        }
    }

    /// @dev The verifier's own batch first, which is cheaper; what that does not accept, or all when it says nothing, is then verified alone. No item can fail for lack of gas or
    /// for its neighbours.
    function _verifyAll(address judge, ModelRegistry.Judged memory model, Batch memory batch) private view returns (uint256 accepted) {
        uint256 count = batch.count;
        uint256 reserve = batch.reserve;
        if (count > 1) {
            bytes memory call = abi.encodeCall(IVerifier.verifyBatch, (model.key, batch.instances, batch.proofs));
            uint256 need = IVerifier(judge).verifyGas(model.key, count);
            (, accepted) = _grant(judge, call, need, need + reserve);
        }
        uint256 rest = batch.worth & ~accepted;
        count = 0;
        for (uint256 bits = rest; bits != 0; bits &= bits - 1) {
            ++count;
        }
        for (uint256 i = 0; rest >> i != 0; ++i) {
            if (rest >> i & 1 == 0) continue;
            bytes memory call = abi.encodeCall(IVerifier.verify, (model.key, batch.instances[i], batch.proofs[i]));
            uint256 need = IVerifier(judge).verifyGas(model.key, 1);
            (bool ok,) = _grant(judge, call, need, need * count-- + reserve);
            if (ok) accepted |= 1 << i;
        }
    }

    /// @dev Calls a verifier with the gas that it states as its need. The call reverts as a whole unless that and what comes after is there.
    /// @return ok Whether the verifier returned.
    /// @return word The first word that it returned; zero when it reverted or returned less. The rest is not copied: copying would take gas that nobody counted.
    function _grant(address judge, bytes memory data, uint256 need, uint256 needed) private view returns (bool ok, uint256 word) {
        uint256 grantable = gasleft() - gasleft() / 64;
        if (grantable < needed) revert GasTooLow(needed, grantable);
        assembly ("memory-safe") {
            ok := staticcall(need, judge, add(data, 32), mload(data), 0, 32)
            if and(ok, gt(returndatasize(), 31)) { word := mload(0) }
        }
    }

    /// @dev Keccak of packed words.
    function _digest(uint256[] calldata words) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(words));
    }

    /// @dev The public values of a proof; the context is never the caller's.
    function _instances(uint256[] calldata input, uint256[] calldata output, bytes32 id, address payee)
        internal
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](input.length + output.length + 1);
        assembly ("memory-safe") {
            // After the array's length: the input, then the output.
            let size := shl(5, input.length)
            calldatacopy(add(words, 32), input.offset, size)
            calldatacopy(add(add(words, 32), size), output.offset, shl(5, output.length))
        }
        words[words.length - 1] = contextOf(id, payee);
    }
}
