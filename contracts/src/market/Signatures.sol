// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Who signed what: clients their requests, provers' keys their receipts
/// @notice It holds no money. Receipts are ECDSA only, because a contract's signature can be taken back; requests may be a contract's (ERC-1271).
contract Signatures is EIP712 {
    /// @dev A key that signs receipts. A revoked key can bring no new answer; what it signed can still be held against its prover.
    struct Key {
        address prover;
        bool revoked;
    }

    /// @notice Most gas that a client which is a contract may use to judge its signature. The client chooses that code and somebody else pays for the call; a client that needs more opens
    /// its requests itself.
    uint256 public constant SIGNATURE_GAS = 100_000;
    bytes32 private constant KEY_TYPE = keccak256("ReceiptKey(address prover)");

    /// @notice Who answers for a receipt key.
    mapping(address signer => Key) public keys;

    event KeyRegistered(address indexed signer, address indexed prover);
    event KeyRevoked(address indexed signer, address indexed prover);

    error KeyTaken(address signer, address prover);
    error UnknownKey(address signer);
    error WrongSignature(address signer);

    constructor() EIP712("Assay", "1") {}

    /// @notice Registers a key that signs receipts for the caller's bond, in every market that asks here. A key belongs to one prover for ever.
    /// @param signer The key's address.
    /// @param signature Its EIP-712 signature over `ReceiptKey(address prover)` in this contract's domain, so that nobody registers another's key.
    function registerKey(address signer, bytes calldata signature) external {
        if (keys[signer].prover != address(0)) revert KeyTaken(signer, keys[signer].prover);
        _checkSigner(signer, _hashTypedDataV4(keccak256(abi.encode(KEY_TYPE, msg.sender))), signature);
        keys[signer].prover = msg.sender;
        emit KeyRegistered(signer, msg.sender);
    }

    /// @notice Stops a key of the caller from bringing new answers.
    /// @param signer The key's address.
    function revokeKey(address signer) external {
        if (keys[signer].prover != msg.sender) revert UnknownKey(signer);
        keys[signer].revoked = true;
        emit KeyRevoked(signer, msg.sender);
    }

    /// @notice The prover of a key that signed a receipt, and whether the key is revoked; reverts when the key is not registered or did not sign.
    /// @param signer The key's address.
    /// @param digest What was signed.
    /// @param signature By ECDSA.
    function proverOf(address signer, bytes32 digest, bytes calldata signature) external view returns (address prover, bool revoked) {
        Key storage key = keys[signer];
        (prover, revoked) = (key.prover, key.revoked);
        if (prover == address(0)) revert UnknownKey(signer);
        _checkSigner(signer, digest, signature);
    }

    /// @notice Reverts unless a client signed: an account by ECDSA, a contract by ERC-1271, which has `SIGNATURE_GAS` and of whose answer one word is read.
    /// @param client Whose signature it must be.
    /// @param digest What was signed.
    /// @param signature In the client's form.
    function checkClient(address client, bytes32 digest, bytes calldata signature) external view {
        if (client.code.length == 0) return _checkSigner(client, digest, signature);
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        bool valid;
        assembly ("memory-safe") {
            valid := staticcall(SIGNATURE_GAS, client, add(question, 32), mload(question), 0, 32)
            valid := and(valid, and(gt(returndatasize(), 31), eq(mload(0), magic)))
        }
        if (!valid) revert WrongSignature(client);
    }

    function _checkSigner(address signer, bytes32 digest, bytes calldata signature) private pure {
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem != ECDSA.RecoverError.NoError || recovered != signer) revert WrongSignature(signer);
    }
}
