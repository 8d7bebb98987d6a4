// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../generated/IVerifier.sol";

/// @title Market for proved inferences
/// @notice A requester escrows a fee in wei for one inference of one model. Whoever brings an output with a proof that
/// the model's verifier accepts is credited, together with the model's owner and contributors; without a proof nobody is.
/// @dev Money only ever moves by pull: `fulfil` and `refund` credit balances, `withdraw` pays them out. There is no
/// administrator and no upgrade. Invariant: the contract's wei = fees of open requests + all balances.
contract InferenceMarket {
    enum Status {
        None,
        Open,
        Settled,
        Refunded
    }

    /// @dev Points are basis points of the fee: prover + owner + contributors = 10,000.
    struct Model {
        address verifier;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        uint16 ownerPoints;
        address owner;
        address key;
        bytes32 keyDigest;
        Share[] contributors;
    }

    struct Share {
        address payee;
        uint16 points;
    }

    struct Request {
        address requester;
        uint64 deadline;
        Status status;
        uint128 fee;
        bytes32 modelId;
        bytes32 inputHash;
    }

    /// @notice All basis points of a fee.
    uint256 public constant POINTS = 10_000;
    /// @notice Most contributors of a model, so that settling a request always fits into a block.
    uint256 public constant MAX_CONTRIBUTORS = 32;
    /// @notice Longest time from a request to its deadline, in seconds, so that no fee is escrowed for ever.
    uint256 public constant MAX_DURATION = 30 days;
    /// @notice A packed word holds at most 31 bytes and is therefore below the proof's field modulus.
    uint256 public constant WORD_BOUND = 1 << 248;

    mapping(bytes32 modelId => Model) private models;
    mapping(uint256 requestId => Request) private requests;
    mapping(address account => uint256) private balances;

    /// @notice Number of requests so far; the last request's id.
    uint256 public requestCount;

    event ModelRegistered(bytes32 indexed modelId, address indexed owner, address verifier, address key, bytes32 keyDigest);
    event InferenceRequested(
        uint256 indexed requestId, bytes32 indexed modelId, address indexed requester, uint256 fee, uint256 deadline, uint256[] input
    );
    event InferenceFulfilled(uint256 indexed requestId, address indexed payee, uint256[] output);
    event RequestRefunded(uint256 indexed requestId, address indexed requester, uint256 fee);
    event Credited(address indexed account, uint256 indexed requestId, uint256 amount);
    event Withdrawn(address indexed account, address to, uint256 amount);

    error VerifierHasNoCode(address verifier);
    error KeyHasNoCode(address key);
    error WrongPoints(uint256 expected, uint256 got);
    error LengthMismatch(uint256 expected, uint256 got);
    error TooManyContributors(uint256 most, uint256 got);
    error ZeroAddress();
    error ZeroPoints(address contributor);
    error ModelExists(bytes32 modelId);
    error UnknownModel(bytes32 modelId);
    error WrongWordCount(uint256 expected, uint256 got);
    error WordTooLarge(uint256 index, uint256 word);
    error WrongFee(uint256 most, uint256 got);
    error WrongDeadline(uint256 earliest, uint256 latest, uint256 got);
    error NotOpen(uint256 requestId, Status status);
    error DeadlinePassed(uint256 deadline, uint256 time);
    error DeadlineNotPassed(uint256 deadline, uint256 time);
    error WrongInput(bytes32 expected, bytes32 got);
    error ProofRejected(uint256 requestId, bytes4 reason);
    error NothingToWithdraw(address account);
    error TransferFailed(address to, uint256 amount);

    /// @notice Registers a model; the caller owns it. A registration never changes.
    /// @param verifier `IVerifier` of the model's shape; its public values are `input || output || context`.
    /// @param key The model's key contract.
    /// @param keyDigest Digest of the verifying key.
    /// @param inputWords Number of packed input words.
    /// @param outputWords Number of packed output words.
    /// @param proverPoints Basis points of each fee for whoever brings the proof.
    /// @param ownerPoints Basis points of each fee for the caller, who also receives what rounding leaves over.
    /// @param contributors Accounts that share in each fee.
    /// @param points Their basis points, in the same order.
    /// @return modelId Hash of everything above and the owner.
    function register(
        address verifier,
        address key,
        bytes32 keyDigest,
        uint16 inputWords,
        uint16 outputWords,
        uint16 proverPoints,
        uint16 ownerPoints,
        address[] calldata contributors,
        uint16[] calldata points
    ) external returns (bytes32 modelId) {
        if (verifier.code.length == 0) revert VerifierHasNoCode(verifier);
        if (key.code.length == 0) revert KeyHasNoCode(key);
        if (contributors.length > MAX_CONTRIBUTORS) revert TooManyContributors(MAX_CONTRIBUTORS, contributors.length);
        if (points.length != contributors.length) revert LengthMismatch(contributors.length, points.length);
        modelId = keccak256(
            abi.encode(
                msg.sender, verifier, key, keyDigest, inputWords, outputWords, proverPoints, ownerPoints, contributors, points
            )
        );
        Model storage model = models[modelId];
        if (model.verifier != address(0)) revert ModelExists(modelId);
        uint256 sum = uint256(proverPoints) + ownerPoints;
        for (uint256 i = 0; i < contributors.length; ++i) {
            if (contributors[i] == address(0)) revert ZeroAddress();
            if (points[i] == 0) revert ZeroPoints(contributors[i]);
            sum += points[i];
            model.contributors.push(Share(contributors[i], points[i]));
        }
        if (sum != POINTS) revert WrongPoints(POINTS, sum);
        model.verifier = verifier;
        model.inputWords = inputWords;
        model.outputWords = outputWords;
        model.proverPoints = proverPoints;
        model.ownerPoints = ownerPoints;
        model.owner = msg.sender;
        model.key = key;
        model.keyDigest = keyDigest;
        emit ModelRegistered(modelId, msg.sender, verifier, key, keyDigest);
    }

    /// @notice Escrows the sent wei as the fee for one inference.
    /// @param modelId A registered model.
    /// @param input The packed input words, 31 bytes each.
    /// @param deadline Unix time in seconds until which the request can be fulfilled; afterwards it is refunded.
    /// @return requestId Number of the request.
    function request(bytes32 modelId, uint256[] calldata input, uint64 deadline)
        external
        payable
        returns (uint256 requestId)
    {
        Model storage model = models[modelId];
        if (model.verifier == address(0)) revert UnknownModel(modelId);
        if (msg.value == 0 || msg.value > type(uint128).max) revert WrongFee(type(uint128).max, msg.value);
        if (deadline <= block.timestamp || deadline > block.timestamp + MAX_DURATION) {
            revert WrongDeadline(block.timestamp + 1, block.timestamp + MAX_DURATION, deadline);
        }
        _checkWords(input, model.inputWords);
        requestId = ++requestCount;
        requests[requestId] = Request({
            requester: msg.sender,
            deadline: deadline,
            status: Status.Open,
            fee: uint128(msg.value),
            modelId: modelId,
            inputHash: keccak256(abi.encodePacked(input))
        });
        emit InferenceRequested(requestId, modelId, msg.sender, msg.value, deadline, input);
    }

    /// @notice Settles an open request with a proved output and credits everyone who shares in its fee.
    /// @dev The verifier is called statically, so it can change nothing, and only after the request is marked settled.
    /// @param requestId An open request whose deadline has not passed.
    /// @param payee Receives the prover's share; the proof is bound to it.
    /// @param input The request's input words again; checked against their stored hash.
    /// @param output The packed output words that the proof shows.
    /// @param proof Proof for `input || output || context`; see `contextOf`.
    function fulfil(
        uint256 requestId,
        address payee,
        uint256[] calldata input,
        uint256[] calldata output,
        bytes calldata proof
    ) external {
        Request storage entry = requests[requestId];
        if (entry.status != Status.Open) revert NotOpen(requestId, entry.status);
        if (block.timestamp > entry.deadline) revert DeadlinePassed(entry.deadline, block.timestamp);
        if (payee == address(0)) revert ZeroAddress();
        bytes32 inputHash = keccak256(abi.encodePacked(input));
        if (inputHash != entry.inputHash) revert WrongInput(entry.inputHash, inputHash);
        Model storage model = models[entry.modelId];
        _checkWords(output, model.outputWords);

        entry.status = Status.Settled;
        // A call of `IVerifier.verify`, written out: key, where the two arrays begin, and the arrays.
        uint256 count = input.length + output.length + 1;
        bytes memory head = abi.encodePacked(
            IVerifier.verify.selector, uint256(uint160(model.key)), uint256(96), 128 + 32 * count, count
        );
        bytes memory values = abi.encodePacked(input, output, contextOf(requestId, payee), proof.length);
        _verify(requestId, model.verifier, abi.encodePacked(head, values, proof));
        _credit(requestId, model, payee, entry.fee);
        emit InferenceFulfilled(requestId, payee, output);
    }

    /// @notice Returns the fee of a request that nobody fulfilled in time to its requester's balance. Anyone may call.
    /// @param requestId An open request whose deadline has passed.
    function refund(uint256 requestId) external {
        Request storage entry = requests[requestId];
        if (entry.status != Status.Open) revert NotOpen(requestId, entry.status);
        if (block.timestamp <= entry.deadline) revert DeadlineNotPassed(entry.deadline, block.timestamp);
        entry.status = Status.Refunded;
        balances[entry.requester] += entry.fee;
        emit RequestRefunded(requestId, entry.requester, entry.fee);
    }

    /// @notice Pays out the caller's whole balance, in wei.
    /// @param to Receives the money; a contract must accept plain transfers.
    function withdraw(address payable to) external {
        if (to == address(0)) revert ZeroAddress();
        uint256 amount = balances[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        balances[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        bool paid;
        assembly ("memory-safe") {
            // A low-level call that copies no return data, so that the receiver cannot waste the caller's gas.
            paid := call(gas(), to, amount, 0, 0, 0, 0)
        }
        if (!paid) revert TransferFailed(to, amount);
    }

    /// @notice The value that a proof must carry as its last public input, so that it pays this payee for this request
    /// on this market and chain and nothing else.
    /// @param requestId The request.
    /// @param payee Receives the prover's share.
    /// @return The first 31 bytes of a hash, as a number below 2^248.
    function contextOf(uint256 requestId, address payee) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), requestId, payee))) >> 8;
    }

    /// @notice What is known of a model.
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        return models[modelId];
    }

    /// @notice What is known of a request.
    function requestOf(uint256 requestId) external view returns (Request memory) {
        return requests[requestId];
    }

    /// @notice Wei that an account may withdraw.
    function balanceOf(address account) external view returns (uint256) {
        return balances[account];
    }

    function _checkWords(uint256[] calldata words, uint256 expected) private pure {
        if (words.length != expected) revert WrongWordCount(expected, words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            if (words[i] >= WORD_BOUND) revert WordTooLarge(i, words[i]);
        }
    }

    function _verify(uint256 requestId, address verifier, bytes memory data) private view {
        // A call to an account without code succeeds; the code could have vanished since registration.
        if (verifier.code.length == 0) revert VerifierHasNoCode(verifier);
        bool accepted;
        bytes4 reason;
        assembly ("memory-safe") {
            // At most four bytes come back: the selector of the verifier's error.
            mstore(0, 0)
            accepted := staticcall(gas(), verifier, add(data, 32), mload(data), 0, 4)
            reason := mload(0)
        }
        if (!accepted) revert ProofRejected(requestId, reason);
    }

    function _credit(uint256 requestId, Model storage model, address payee, uint256 fee) private {
        uint256 left = fee;
        left -= _creditOne(requestId, payee, fee * model.proverPoints / POINTS);
        for (uint256 i = 0; i < model.contributors.length; ++i) {
            Share storage share = model.contributors[i];
            left -= _creditOne(requestId, share.payee, fee * share.points / POINTS);
        }
        _creditOne(requestId, model.owner, left);
    }

    function _creditOne(uint256 requestId, address account, uint256 amount) private returns (uint256) {
        balances[account] += amount;
        emit Credited(account, requestId, amount);
        return amount;
    }
}
