// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {vm} from "./Vm.sol";

/// Block headers as the chain would have them, with a chosen `prevrandao`.
library Headers {
    /// A header whose hash becomes the block's.
    function mine(uint256 number, uint256 prevrandao) internal returns (bytes memory header) {
        header = withPrevRandao(prevrandao);
        vm.setBlockhash(number, keccak256(header));
    }

    /// RLP of fifteen header fields, all empty but `prevrandao` (the fourteenth).
    function withPrevRandao(uint256 prevrandao) internal pure returns (bytes memory header) {
        bytes memory fields;
        for (uint256 i = 0; i < 13; ++i) {
            fields = abi.encodePacked(fields, hex"80");
        }
        fields = abi.encodePacked(fields, hex"a0", prevrandao, hex"880000000000000000");
        header = abi.encodePacked(bytes1(uint8(0xc0 + fields.length)), fields);
        if (fields.length > 55) header = abi.encodePacked(hex"f8", uint8(fields.length), fields);
    }
}
