// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Accepts every proof of a model of three input words and one output word.
contract AcceptAll {
    uint256 public constant instanceCount = 5;

    fallback() external {}
}
