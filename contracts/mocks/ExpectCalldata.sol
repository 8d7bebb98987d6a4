// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Accepts one calldata, named by its hash, and reverts on any other.
contract ExpectCalldata {
    bytes32 private immutable expected;

    error InvalidProof();

    constructor(bytes32 hash) {
        expected = hash;
    }

    fallback() external {
        if (keccak256(msg.data) != expected) revert InvalidProof();
    }
}
