// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";

/// @title The randomness of one past block
/// @notice Reads `prevrandao` from a block's header, which is checked against the block's hash: up to 8,191 blocks back where EIP-2935 is, else 256. It holds nothing.
/// @dev One fixed block, so that nobody chooses among blocks. A proposer can still skip its slot to re-roll; a roll-up's sequencer chooses the value.
/// Where `block.number` is another chain's, hashes are out of reach and every sampled answer counts as selected; so it does where the field is constant or a
/// difficulty instead of a hash. `docs/market.md` names the chains for which the beacon holds.
contract PrevRandaoBeacon {
    /// @notice Values below are no randomness: the field is then unused (zero or one on many roll-ups) or a difficulty. A random value is that small once in 2^192 blocks.
    uint256 public constant LEAST_RANDOM = 1 << 64;

    error WrongHeader(uint256 number, bytes32 expected, bytes32 got);

    /// @param number A block's number.
    /// @param header Its RLP header; unread when its hash is out of reach.
    /// @return known Whether the block's hash is within reach and its `prevrandao` can be random.
    /// @return value Its `prevrandao`; zero when it is not.
    function read(uint256 number, bytes calldata header) external view returns (bool known, uint256 value) {
        bytes32 expected = Blockhash.blockHash(number);
        if (expected == 0) return (false, 0);
        bytes32 got = keccak256(header);
        if (got != expected) revert WrongHeader(number, expected, got);
        value = uint256(BlockHeader.getPrevRandao(header));
        return value < LEAST_RANDOM ? (false, 0) : (true, value);
    }
}
