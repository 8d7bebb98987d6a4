// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Accepts whatever it is called with.
contract AcceptAll {
    fallback() external {}
}
