// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title Which verifier code may judge
/// @notice A class of verifiers is the hash of their runtime code, immutables (and with them the SRS) included. The owner proposes code, which is admitted
/// after `ADMISSION_DELAY`; owner or guardian can tombstone a class at once and for ever. There is no third power and no money here.
/// @dev A tombstone ends contradictions too, because the class no longer judges. So neither owner nor guardian may be a prover, or be paid by one: a prover that lied could end the class
/// and keep the bond that a proof would have taken.
contract VerifierRouter is Ownable2Step {
    /// @dev Where an admitted class is, and whether it may no longer judge, which is for ever.
    struct Class {
        address verifier;
        bool tombstoned;
    }

    /// @notice Seconds between a proposal and its admission: the exit window.
    uint256 public constant ADMISSION_DELAY = 7 days;

    /// @notice May tombstone and nothing else.
    address public guardian;
    /// @notice Unix time from which a proposed verifier can be admitted; zero when it is not proposed.
    mapping(address verifier => uint256) public admissibleAt;
    /// @notice Hash of the code that a proposed verifier had when it was proposed.
    mapping(address verifier => bytes32) public proposedClass;
    mapping(bytes32 class => Class) private classes;

    event GuardianChanged(address indexed guardian);
    event VerifierProposed(address indexed verifier, bytes32 indexed class, uint256 admissibleAt);
    event ProposalCancelled(address indexed verifier);
    event VerifierAdmitted(address indexed verifier, bytes32 indexed class);
    event ClassTombstoned(bytes32 indexed class);

    error NoCode(address verifier);
    error DelegatedCode(address verifier);
    error ClassChanged(bytes32 expected, bytes32 got);
    error NotProposed(address verifier);
    error TooEarly(uint256 earliest, uint256 time);
    error ClassExists(bytes32 class);
    error UnknownClass(bytes32 class);
    error Tombstoned(bytes32 class);
    error NotGuardian(address caller);

    /// @param owner Proposes verifiers and names the guardian; meant to be a contract with several signers.
    /// @param firstGuardian May tombstone.
    constructor(address owner, address firstGuardian) Ownable(owner) {
        guardian = firstGuardian;
    }

    /// @notice Names the account that may tombstone beside the owner.
    function setGuardian(address next) external onlyOwner {
        guardian = next;
        emit GuardianChanged(next);
    }

    /// @notice Announces verifier code; it can be admitted `ADMISSION_DELAY` seconds later.
    /// @param verifier A deployed verifier. Code that begins with 0xef is refused: no contract's does, only an account's that delegates to code which it can change (EIP-7702).
    function propose(address verifier) external onlyOwner {
        bytes memory code = verifier.code;
        if (code.length == 0) revert NoCode(verifier);
        if (code[0] == 0xef) revert DelegatedCode(verifier);
        admissibleAt[verifier] = block.timestamp + ADMISSION_DELAY;
        proposedClass[verifier] = verifier.codehash;
        emit VerifierProposed(verifier, verifier.codehash, block.timestamp + ADMISSION_DELAY);
    }

    /// @notice Takes a proposal back.
    /// @param verifier A proposed verifier.
    function cancel(address verifier) external onlyOwner {
        if (admissibleAt[verifier] == 0) revert NotProposed(verifier);
        delete admissibleAt[verifier];
        emit ProposalCancelled(verifier);
    }

    /// @notice Admits a proposed verifier once its delay is over; anyone may call. A class is admitted once and never replaced.
    /// @param verifier A proposed verifier, whose code is still what was proposed.
    /// @return class Hash of its code.
    function admit(address verifier) external returns (bytes32 class) {
        uint256 earliest = admissibleAt[verifier];
        if (earliest == 0) revert NotProposed(verifier);
        if (block.timestamp < earliest) revert TooEarly(earliest, block.timestamp);
        class = proposedClass[verifier];
        if (verifier.codehash != class) revert ClassChanged(class, verifier.codehash);
        if (classes[class].tombstoned) revert Tombstoned(class);
        if (classes[class].verifier != address(0)) revert ClassExists(class);
        delete admissibleAt[verifier];
        classes[class].verifier = verifier;
        emit VerifierAdmitted(verifier, class);
    }

    /// @notice Ends a class for ever, admitted or not. Requests under it can then only be refunded, without slashing.
    /// @param class Hash of a verifier's code.
    function tombstone(bytes32 class) external {
        if (msg.sender != guardian && msg.sender != owner()) revert NotGuardian(msg.sender);
        classes[class].tombstoned = true;
        emit ClassTombstoned(class);
    }

    /// @notice The verifier of a class that may judge.
    /// @dev Its code is compared at every use: what is created and destroyed in one transaction can be admitted in between and come back with other code.
    /// @param class Hash of a verifier's code.
    /// @return verifier Where it is; reverts when the class is unknown or tombstoned, or when other code is there now.
    function route(bytes32 class) external view returns (address verifier) {
        if (classes[class].tombstoned) revert Tombstoned(class);
        verifier = classes[class].verifier;
        if (verifier == address(0)) revert UnknownClass(class);
        if (verifier.codehash != class) revert ClassChanged(class, verifier.codehash);
    }

    /// @notice Whether `route` finds a verifier.
    /// @param class Hash of a verifier's code.
    function live(bytes32 class) external view returns (bool) {
        return !classes[class].tombstoned && classes[class].verifier.codehash == class;
    }

    /// @notice Whether a class may no longer judge.
    /// @param class Hash of a verifier's code.
    function tombstoned(bytes32 class) external view returns (bool) {
        return classes[class].tombstoned;
    }
}
