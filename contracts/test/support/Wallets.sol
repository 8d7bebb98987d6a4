// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {InferenceMarket} from "../../src/market/InferenceMarket.sol";

/// A wallet that approves digests one by one (ERC-1271) and can take that back.
contract ApprovingWallet {
    mapping(bytes32 => bool) public approved;

    function set(bytes32 digest, bool yes) external {
        approved[digest] = yes;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return approved[digest] ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// When it is paid, tries to be paid again.
contract GreedyReceiver {
    InferenceMarket private immutable market;
    uint256 public attempts;
    uint256 public successes;

    constructor(InferenceMarket target) {
        market = target;
    }

    function act(bytes calldata what) external payable {
        (bool ok, bytes memory why) = address(market).call{value: msg.value}(what);
        if (!ok) {
            assembly {
                revert(add(why, 32), mload(why))
            }
        }
    }

    receive() external payable {
        ++attempts;
        try market.withdraw(address(0), address(this)) {
            ++successes;
        } catch {}
    }
}

/// Takes no ether.
contract ClosedReceiver {
    function act(address target, bytes calldata what) external payable {
        (bool ok, bytes memory why) = target.call{value: msg.value}(what);
        if (!ok) {
            assembly {
                revert(add(why, 32), mload(why))
            }
        }
    }
}

/// Never says whether a signature is its own.
contract BurningWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return 0;
    }
}

/// Calls a target with what nobody reads out of the transaction: every byte of the call is masked.
contract MaskingForwarder {
    bytes1 private constant MASK = 0xa5;

    function masked(bytes memory what) public pure returns (bytes memory) {
        for (uint256 i = 0; i < what.length; ++i) what[i] ^= MASK;
        return what;
    }

    function act(address target, bytes calldata what) external {
        (bool ok,) = target.call(masked(what));
        require(ok);
    }
}
