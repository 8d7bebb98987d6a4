// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../../generated/IVerifier.sol";
import {VerifierRouter} from "./VerifierRouter.sol";

/// @title What a model is, and who shares in its fees
/// @notice A model's id is the hash of everything in its record, its owner and shares included, so a record never changes and nobody can take another's id:
/// whoever registers the same content under his own name gets another id.
/// @dev The chain cannot check that a verifying key belongs to a graph. Key generation is deterministic: a prover locks or signs only for models whose key
/// digest it has recomputed from the graph and the ceremony's SRS.
contract ModelRegistry {
    /// @dev What the owner registers. Points are hundredths of a percent of every fee; prover + owner + contributors = 10,000.
    struct Registration {
        bytes32 graphDigest;
        bytes32 keyDigest;
        bytes32 class;
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        uint16 ownerPoints;
        address[] contributors;
        uint16[] points;
    }

    /// @dev A model's record.
    struct Model {
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        bool retired;
        bytes32 class;
        address owner;
        bytes32 keyHash;
    }

    /// @dev What the market needs of a record: its first slot.
    struct Judged {
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        bool retired;
    }

    /// @notice All points of a fee.
    uint256 public constant POINTS = 10_000;
    /// @notice Most points that a model's owner has as owner; it may name itself as a contributor too.
    uint256 public constant MAX_OWNER_POINTS = 3000;
    /// @notice Most contributors of a model.
    uint256 public constant MAX_CONTRIBUTORS = 64;
    /// @notice Most words of input and output together: 99,200 bytes. A proof with them fits the 128 KiB that nodes relay, and every call fits the gas of a transaction.
    uint256 public constant MAX_WORDS = 3200;

    /// @dev Places a contract where the hash of its creation code says; it stands at this address on nearly every chain.
    address private constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    /// @notice Says which verifier code may judge.
    VerifierRouter public immutable router;

    mapping(bytes32 modelId => Model) private models;
    /// @notice Points of an account in a model's fees; the prover's are not among them.
    mapping(bytes32 modelId => mapping(address account => uint256)) public pointsOf;

    event ModelRegistered(bytes32 indexed modelId, address indexed owner, Registration registration, string uri);
    event ModelRetired(bytes32 indexed modelId);
    event MetadataChanged(bytes32 indexed modelId, string uri);

    error DelegatedCode(address key);
    error NoCode(address key);
    error ZeroWords();
    error TooManyWords(uint256 most, uint256 got);
    error WrongInstanceCount(uint256 expected, uint256 got);
    error ZeroContributor(uint256 index);
    error ZeroPoints(uint256 index);
    error DuplicateContributor(address contributor);
    error TooManyContributors(uint256 most, uint256 got);
    error LengthMismatch(uint256 expected, uint256 got);
    error TooManyOwnerPoints(uint256 most, uint256 got);
    error WrongPoints(uint256 expected, uint256 got);
    error ModelExists(bytes32 modelId);
    error UnknownModel(bytes32 modelId);
    error NotOwner(bytes32 modelId, address caller);
    error KeyChanged(bytes32 modelId, bytes32 expected, bytes32 got);

    constructor(VerifierRouter judge) {
        router = judge;
    }

    /// @notice Registers a model; the factory places its key first, in the same transaction, where it is not on the chain yet.
    /// @dev Placing what is there would burn all gas, and anybody may have placed it a moment before. The key's constructor runs before anything is written here.
    /// @param key Creation code of the key, for the factory and the salt zero.
    /// @param r As for `register`; `key` is where the factory places the code.
    /// @param uri As for `register`.
    /// @return modelId As for `register`.
    function registerWithKey(bytes calldata key, Registration calldata r, string calldata uri) external returns (bytes32 modelId) {
        if (r.key.code.length == 0) {
            (bool placed,) = FACTORY.call(abi.encodePacked(bytes32(0), key));
            if (!placed) revert NoCode(r.key);
        }
        return register(r, uri);
    }

    /// @notice Registers a model that the caller owns. The verifier's class must be admitted and read the key, and the key have as many public values as the model has words and a context.
    /// @param r The model; `key` is a contract whose code is the verifying key (not an account that delegates to code, which it can change, EIP-7702), `inputWords` and `outputWords` count packed words of 31 bytes.
    /// @param uri Where people read about it; not part of the id.
    /// @return modelId Hash of the record, the key's code and the shares.
    function register(Registration calldata r, string calldata uri) public returns (bytes32 modelId) {
        bytes memory code = r.key.code;
        if (code.length == 0) revert NoCode(r.key);
        if (code[0] == 0xef) revert DelegatedCode(r.key);
        if (r.inputWords == 0 || r.outputWords == 0) revert ZeroWords();
        uint256 words = uint256(r.inputWords) + r.outputWords;
        if (words > MAX_WORDS) revert TooManyWords(MAX_WORDS, words);
        if (r.contributors.length > MAX_CONTRIBUTORS) revert TooManyContributors(MAX_CONTRIBUTORS, r.contributors.length);
        if (r.points.length != r.contributors.length) revert LengthMismatch(r.contributors.length, r.points.length);
        if (r.ownerPoints > MAX_OWNER_POINTS) revert TooManyOwnerPoints(MAX_OWNER_POINTS, r.ownerPoints);
        uint256 instances = IVerifier(router.route(r.class)).instanceCount(r.key);
        if (instances != words + 1) revert WrongInstanceCount(instances, words + 1);
        modelId = keccak256(abi.encode(msg.sender, r, r.key.codehash));
        if (models[modelId].owner != address(0)) revert ModelExists(modelId);
        models[modelId] = Model(r.key, r.inputWords, r.outputWords, r.proverPoints, false, r.class, msg.sender, r.key.codehash);
        _share(modelId, r);
        emit ModelRegistered(modelId, msg.sender, r, uri);
    }

    /// @notice Ends new requests for a model, for ever; live ones go on.
    /// @param modelId A model of the caller.
    function retire(bytes32 modelId) external {
        _onlyOwner(modelId);
        models[modelId].retired = true;
        emit ModelRetired(modelId);
    }

    /// @notice Announces where people read about a model.
    /// @param modelId A model of the caller.
    /// @param uri The new place.
    function setMetadata(bytes32 modelId, string calldata uri) external {
        _onlyOwner(modelId);
        emit MetadataChanged(modelId, uri);
    }

    /// @notice A model's record; reverts when there is none.
    function get(bytes32 modelId) public view returns (Model memory model) {
        model = models[modelId];
        if (model.owner == address(0)) revert UnknownModel(modelId);
    }

    /// @notice What an account has of a model's fees after the prover's part: `points` of `all`; reverts when there is no such model.
    function shareOf(bytes32 modelId, address account) external view returns (uint256 points, uint256 all) {
        return (pointsOf[modelId][account], POINTS - get(modelId).proverPoints);
    }

    /// @notice A model's record and the verifier that judges it; reverts when its class may not judge or the key's code is not the registered one.
    /// @dev A contract that is created and destroyed in one transaction can be registered in between and come back with other code.
    /// @param modelId A model.
    /// @return model What the market needs of its record.
    /// @return judge The verifier.
    function judged(bytes32 modelId) external view returns (Judged memory model, address judge) {
        Model storage full = models[modelId];
        model = Judged(full.key, full.inputWords, full.outputWords, full.proverPoints, full.retired);
        // The zero address has no code, so that no model has it for a key.
        if (model.key == address(0)) revert UnknownModel(modelId);
        (bytes32 expected, bytes32 got) = (full.keyHash, model.key.codehash);
        if (got != expected) revert KeyChanged(modelId, expected, got);
        judge = router.route(full.class);
    }

    /// @notice Whether nothing can be judged for a model: its verifier's class is tombstoned, or its verifier's or its key's code is not the registered one.
    /// @param modelId A model.
    function dead(bytes32 modelId) external view returns (bool) {
        Model storage model = models[modelId];
        return !router.live(model.class) || model.key.codehash != model.keyHash;
    }

    /// @dev An owner may also be a contributor; nobody is a contributor twice.
    function _share(bytes32 modelId, Registration calldata r) private {
        mapping(address => uint256) storage shares = pointsOf[modelId];
        uint256 sum = uint256(r.proverPoints) + r.ownerPoints;
        for (uint256 i = 0; i < r.contributors.length; ++i) {
            address contributor = r.contributors[i];
            if (contributor == address(0)) revert ZeroContributor(i);
            if (r.points[i] == 0) revert ZeroPoints(i);
            if (shares[contributor] != 0) revert DuplicateContributor(contributor);
            shares[contributor] = r.points[i];
            sum += r.points[i];
        }
        if (sum != POINTS) revert WrongPoints(POINTS, sum);
        shares[msg.sender] += r.ownerPoints;
    }

    function _onlyOwner(bytes32 modelId) private view {
        if (models[modelId].owner != msg.sender) revert NotOwner(modelId, msg.sender);
    }
}
