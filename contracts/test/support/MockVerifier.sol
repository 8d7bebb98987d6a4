// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../../generated/IVerifier.sol";

/// A sound verifier of a model that hashes: it accepts nothing but the true output, with a proof that depends on every public value. Inputs are two words, outputs one.
contract MockVerifier is IVerifier {
    /// Names a code of its own, so that tests can have several classes.
    uint256 public immutable salt;
    /// A batch reverts as a whole when one of its proofs is bad.
    bool private immutable brittle;

    constructor(uint256 number, bool brittleBatch) {
        salt = number;
        brittle = brittleBatch;
    }

    function instanceCount(address) external pure returns (uint256) {
        return 4;
    }

    function verifyGas(address, uint256 proofs) external pure returns (uint256) {
        return 100_000 * proofs;
    }

    function verify(address key, uint256[] calldata instances, bytes calldata proof) external view {
        if (!_valid(key, instances, proof)) revert InvalidProof();
    }

    function verifyBatch(address key, uint256[][] calldata instances, bytes[] calldata proofs)
        external
        view
        returns (uint256 accepted)
    {
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (_valid(key, instances[i], proofs[i])) accepted |= 1 << i;
            else if (brittle) revert InvalidProof();
        }
    }

    /// A proof of one byte stands for a point off the curve: the precompile burns all gas it is given.
    function _valid(address key, uint256[] calldata words, bytes calldata proof) private view returns (bool) {
        if (proof.length == 1) {
            (bool ok,) = address(6).staticcall(abi.encode(1, 1, 0, 0));
            if (!ok) assembly { invalid() }
        }
        return words.length == 4 && words[2] == Truth.output(words[0], words[1]) && keccak256(proof) == keccak256(Truth.proof(key, words));
    }
}

/// Needs a lot of gas for each proof, and in a batch takes what fails for lack of it for a bad proof.
contract HungryVerifier is IVerifier {
    function instanceCount(address) external pure returns (uint256) {
        return 4;
    }

    function verifyGas(address, uint256 proofs) external pure returns (uint256) {
        return 1_100_000 * proofs;
    }

    function verify(address, uint256[] calldata words, bytes calldata) external view {
        uint256 start = gasleft();
        while (start - gasleft() < 1_000_000) {}
        if (words[2] != Truth.output(words[0], words[1])) revert InvalidProof();
    }

    function verifyBatch(address key, uint256[][] calldata instances, bytes[] calldata proofs)
        external
        view
        returns (uint256 accepted)
    {
        for (uint256 i = 0; i < proofs.length; ++i) {
            try this.verify(key, instances[i], proofs[i]) {
                accepted |= 1 << i;
            } catch {}
        }
    }
}

/// The model and its proof system.
library Truth {
    function output(uint256 first, uint256 second) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("model", first, second))) >> 8;
    }

    function proof(address key, uint256[] memory words) internal pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode("proof", key, words)), words.length);
    }
}
