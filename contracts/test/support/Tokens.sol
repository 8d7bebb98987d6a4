// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract Token is ERC20, ERC20Permit {
    constructor() ERC20("Token", "T") ERC20Permit("Token") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// Keeps one percent of every transfer.
contract FeeToken is Token {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(this), amount / 100);
    }
}

/// Delivers more than asked.
contract GenerousToken is Token {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(address(0), to, 1);
    }
}

/// Moves nothing and says so by false; or, to accounts on its list, by a revert.
contract FalseToken is Token {
    bool public broken;
    mapping(address => bool) public refused;

    error Refused(address account);

    function set(bool isBroken, address account) external {
        broken = isBroken;
        refused[account] = true;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (refused[to]) revert Refused(to);
        return broken ? false : super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return broken ? false : super.transferFrom(from, to, amount);
    }
}

/// Returns nothing, as older tokens do.
contract SilentToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// Calls a listener during every transfer, as ERC-777 does.
contract HookToken is Token {
    address public listener;
    bytes[] public calls;
    uint256 public successes;
    uint256 public attempts;
    /// Attempts that the guard against reentrancy stopped.
    uint256 public stopped;

    function listen(address to, bytes[] memory what) external {
        listener = to;
        calls = what;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        for (uint256 i = 0; listener != address(0) && i < calls.length; ++i) {
            ++attempts;
            (bool ok, bytes memory why) = listener.call(calls[i]);
            if (ok) ++successes;
            else if (bytes4(why) == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector) ++stopped;
        }
    }
}
