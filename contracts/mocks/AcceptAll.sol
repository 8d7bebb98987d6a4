// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Accepts every proof of a model of three input words and one output word, by itself and in batches.
contract AcceptAll {
    function instanceCount(address) external pure returns (uint256) {
        return 5;
    }

    function verifyGas(address, uint256 proofs) external pure returns (uint256) {
        return 20_000 * proofs;
    }

    function verifyBatch(address, uint256[][] calldata, bytes[] calldata proofs) external pure returns (uint256 accepted) {
        return (1 << proofs.length) - 1;
    }

    fallback() external {}
}
