// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../../generated/IVerifier.sol";
import {MockVerifier} from "./MockVerifier.sol";
import {Token} from "./Tokens.sol";

/// How a call ends.
enum End {
    Usual,
    Return,
    Revert
}

/// Ends a call with as many bytes as wanted: whoever copies them pays for their memory once more.
library Verbose {
    uint256 internal constant MEGABYTE = 1 << 20;

    error Refused();

    /// The first word is given, the rest is zero. The usual end is left to the caller.
    function finish(End end, bytes32 first, uint256 size) internal pure {
        if (end == End.Usual) return;
        assembly {
            mstore(0, first)
            switch end
            case 1 { return(0, size) }
            default { revert(0, size) }
        }
    }

    /// Gas of a megabyte of memory.
    function cost() internal pure returns (uint256) {
        uint256 words = MEGABYTE / 32;
        return 3 * words + words * words / 512;
    }
}

/// Does what it is asked for, and ends one of its functions with a megabyte.
contract VerboseToken is Token {
    bytes4 private verbose;
    End private end;

    function set(bytes4 selector, End how) external {
        (verbose, end) = (selector, how);
    }

    function transfer(address to, uint256 amount) public override returns (bool ok) {
        ok = super.transfer(to, amount);
        _finish(1);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool ok) {
        ok = super.transferFrom(from, to, amount);
        _finish(1);
    }

    function balanceOf(address account) public view override returns (uint256 amount) {
        amount = super.balanceOf(account);
        _finish(amount);
    }

    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) public override {
        super.permit(owner, spender, value, deadline, v, r, s);
        _finish(0);
    }

    function _finish(uint256 first) private view {
        if (msg.sig == verbose) Verbose.finish(end, end == End.Revert ? bytes32(Verbose.Refused.selector) : bytes32(first), Verbose.MEGABYTE);
    }
}

/// Answers every question about a signature with a megabyte (ERC-1271).
contract VerboseWallet {
    bytes4 private first;
    End private end;

    function set(bytes4 answer, End how) external {
        (first, end) = (answer, how);
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        Verbose.finish(end, first, Verbose.MEGABYTE);
        return first;
    }
}

/// Takes ether with a megabyte, or refuses it with one.
contract VerboseReceiver {
    End private immutable end;

    constructor(End how) {
        end = how;
    }

    receive() external payable {
        Verbose.finish(end, Verbose.Refused.selector, Verbose.MEGABYTE);
    }
}

/// A sound verifier that ends `verify` with as many bytes as it is made for, and `verifyBatch` in a way of its own. What it states is enough for a megabyte a proof.
contract VerboseVerifier is IVerifier {
    MockVerifier private immutable honest = new MockVerifier(0, false);
    uint256 private immutable size;
    End private immutable batchEnd;
    uint256 private immutable batchSize;

    constructor(uint256 bytesOfOne, End how, uint256 bytesOfBatch) {
        (size, batchEnd, batchSize) = (bytesOfOne, how, bytesOfBatch);
    }

    function instanceCount(address) external pure returns (uint256) {
        return 4;
    }

    function verifyGas(address, uint256 proofs) external view returns (uint256) {
        return (size == 0 ? 100_000 : 2_500_000) * proofs;
    }

    function verify(address key, uint256[] calldata instances, bytes calldata proof) external view {
        try honest.verify(key, instances, proof) {
            Verbose.finish(End.Return, 0, size);
        } catch {
            Verbose.finish(End.Revert, InvalidProof.selector, size);
        }
    }

    /// Where less than a word is returned, all of its bits are set.
    function verifyBatch(address key, uint256[][] calldata instances, bytes[] calldata proofs)
        external
        view
        returns (uint256 accepted)
    {
        accepted = honest.verifyBatch(key, instances, proofs);
        Verbose.finish(batchEnd, bytes32(batchSize < 32 ? type(uint256).max : accepted), batchSize);
    }
}
