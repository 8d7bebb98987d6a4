// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title A verifier of one circuit shape
/// @notice The market calls it statically. Instances are the public values of a proof, `input words || output words || context`, each below 2^248.
interface IVerifier {
    /// @notice Returns when the proof is valid and reverts when it is not.
    /// @param key Contract whose code is the model's verifying key.
    /// @param instances The public values.
    /// @param proof The proof's bytes.
    function verify(address key, uint256[] calldata instances, bytes calldata proof) external view;

    /// @notice Verifies at most 32 proofs of one key.
    /// @param key Contract whose code is the model's verifying key.
    /// @param instances The public values, a list for each proof.
    /// @param proofs The proofs.
    /// @return accepted Bit `i` is set when proof `i` is valid.
    function verifyBatch(address key, uint256[][] calldata instances, bytes[] calldata proofs)
        external
        view
        returns (uint256 accepted);
}
