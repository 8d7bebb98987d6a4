// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface IMarket {
    function refund(uint256 requestId) external;
    function withdraw(address payable to) external;
    function request(bytes32 modelId, uint256[] calldata input, uint64 deadline) external payable returns (uint256);
}

/// Asks for an inference, and when it is paid tries to be paid again.
contract ReentrantReceiver {
    IMarket private immutable market;
    uint256 private requestId;
    uint256 public attempts;
    uint256 public successes;

    constructor(address target) {
        market = IMarket(target);
    }

    function ask(bytes32 modelId, uint256[] calldata input, uint64 deadline) external payable {
        requestId = market.request{value: msg.value}(modelId, input, deadline);
    }

    function collect() external {
        market.withdraw(payable(address(this)));
    }

    receive() external payable {
        attempts += 2;
        try market.withdraw(payable(address(this))) {
            successes += 1;
        } catch {}
        try market.refund(requestId) {
            successes += 1;
        } catch {}
    }
}
