// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @dev What a settlement without a proof means; `docs/market.md` has the table.
enum Tier {
    Receipt,
    Sampled,
    Challenged,
    Proved
}

/// @notice What a client signs. Its EIP-712 digest is the request's id.
/// @param client Pays; signs, by ECDSA or ERC-1271, or posts the request itself.
/// @param nonce One request a nonce, so that a signed request can be replaced or cancelled.
/// @param modelId The model in the registry.
/// @param inputDigest Keccak of the packed input words.
/// @param tier Assurance asked for.
/// @param prover The only prover that may answer or be paid; zero, for any, in tier proved only.
/// @param token Of all amounts below; zero is ether.
/// @param feeFloor Fee until `rampStart`.
/// @param feeCeiling Fee from `rampEnd` on; escrowed when the request is opened. Between the two the fee rises linearly.
/// @param rampStart Unix time, seconds.
/// @param rampEnd Unix time, seconds.
/// @param deadline Unix time, seconds: last moment to deliver.
/// @param loss What a missing or wrong answer costs the client.
/// @param proofFee What a challenger pays the prover for a proof, gas included.
/// @param sampleRate Chance of having to prove in tier sampled, in points of 10,000.
struct Request {
    address client;
    uint256 nonce;
    bytes32 modelId;
    bytes32 inputDigest;
    Tier tier;
    address prover;
    address token;
    uint96 feeFloor;
    uint96 feeCeiling;
    uint40 rampStart;
    uint40 rampEnd;
    uint40 deadline;
    uint96 loss;
    uint96 proofFee;
    uint16 sampleRate;
}

/// @title What follows from a request alone
library Requests {
    bytes32 internal constant TYPE = keccak256(
        "Request(address client,uint256 nonce,bytes32 modelId,bytes32 inputDigest,uint8 tier,address prover,address token,uint96 feeFloor,uint96 feeCeiling,uint40 rampStart,uint40 rampEnd,uint40 deadline,uint96 loss,uint96 proofFee,uint16 sampleRate)"
    );
    bytes32 internal constant RECEIPT_TYPE = keccak256(
        "Receipt(bytes32 requestId,bytes32 modelId,bytes32 inputDigest,bytes32 outputDigest,address signer)"
    );
    uint256 private constant POINTS = 10_000;

    /// @dev EIP-712 structure hash: all members are static, so encoding the structure is encoding its members.
    function hash(Request calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPE, r));
    }

    /// @dev EIP-712 structure hash of a receipt for a request.
    function receiptHash(Request calldata r, bytes32 id, bytes32 outputDigest, address signer) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPE, id, r.modelId, r.inputDigest, outputDigest, signer));
    }

    /// @dev The fee at a time: floor, then rising to the ceiling, rounded down.
    function priceAt(Request calldata r, uint256 time) internal pure returns (uint96) {
        if (time >= r.rampEnd) return r.feeCeiling;
        if (time <= r.rampStart) return r.feeFloor;
        uint256 risen = uint256(r.feeCeiling - r.feeFloor) * (time - r.rampStart) / (r.rampEnd - r.rampStart);
        return r.feeFloor + uint96(risen);
    }

    /// @dev The bond of a lock (proved) or an answer (the other tiers). Large enough for each slash to pay the client's loss and, where the
    /// fee may be gone already, the fee: the client has two fifths of a slash. A lock's holds a fifth of itself beside the whole fee, which a rescuer may have of it. A rate of zero, which no open request has, asks for no more than a receipt.
    function bond(Request calldata r) internal pure returns (uint256 amount) {
        uint256 gain = uint256(r.feeCeiling) + r.loss;
        if (r.tier == Tier.Proved) return _max((5 * uint256(r.feeCeiling) + 3) / 4, 5 * uint256(r.loss));
        amount = (5 * gain + 1) / 2;
        if (r.tier == Tier.Sampled && r.sampleRate != 0) amount = _max(amount, (2 * gain * POINTS + r.sampleRate - 1) / r.sampleRate);
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
