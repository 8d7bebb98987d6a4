// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IInferenceMarket} from "./IInferenceMarket.sol";
import {ModelRegistry} from "./ModelRegistry.sol";

/// @title Money in, money out, and what is owed in between
/// @notice Amounts are in the smallest unit of a token; token zero is ether, in wei. Money leaves only by `withdraw`, which its owner calls: nobody is ever paid by a
/// call in the middle of something else. Tokens whose transfers deliver less or more than asked are refused by measured balance; tokens whose balances
/// change by themselves are not supported (nothing but their own accounts would be short).
abstract contract Rewards is IInferenceMarket, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Where burnt money is credited: nobody can sign for it.
    address public constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint256 internal constant POINTS = 10_000;

    /// @notice What a model is and who shares in its fees.
    ModelRegistry public immutable registry;

    /// @notice Everything of a token that this contract owes to anybody. Its balance is never below; gifts are not counted.
    mapping(address token => uint256) public tracked;
    /// @notice What an account can withdraw now.
    mapping(address account => mapping(address token => uint256)) public creditOf;
    /// @notice All that sharers of a model ever earned in a token.
    mapping(bytes32 modelId => mapping(address token => uint256)) public poolOf;
    /// @notice What a sharer has claimed of it.
    mapping(bytes32 modelId => mapping(address token => mapping(address account => uint256))) public claimedOf;

    event Credited(address indexed account, address indexed token, uint256 amount);
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    error WrongAmountReceived(address token, uint256 expected, uint256 got);
    error WrongEther(uint256 expected, uint256 got);
    error NothingToWithdraw(address account, address token);
    error ZeroAddress();

    constructor(ModelRegistry models) {
        registry = models;
    }

    /// @notice Pays the caller's whole credit in a token out.
    /// @param token The token; zero is ether.
    /// @param to Receives it; of ether, a contract must accept plain transfers.
    /// @return amount What was paid.
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        amount = creditOf[msg.sender][token];
        if (amount == 0) revert NothingToWithdraw(msg.sender, token);
        creditOf[msg.sender][token] = 0;
        tracked[token] -= amount;
        emit Withdrawn(msg.sender, token, to, amount);
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @notice Credits a sharer with what it has earned of a model's fees since its last claim. Anyone may call.
    /// @param modelId The model.
    /// @param token The fees' token.
    /// @param account The model's owner or a contributor.
    /// @return amount What was credited: `floor(pool * points / all sharers' points)` less what was claimed before.
    function claim(bytes32 modelId, address token, address account) external nonReentrant returns (uint256 amount) {
        uint256 earned = earnedOf(modelId, token, account);
        amount = earned - claimedOf[modelId][token][account];
        claimedOf[modelId][token][account] = earned;
        _credit(account, token, amount);
    }

    /// @notice All that a sharer ever earned of a model's fees.
    function earnedOf(bytes32 modelId, address token, address account) public view returns (uint256) {
        (uint256 points, uint256 all) = registry.shareOf(modelId, account);
        return all == 0 ? 0 : poolOf[modelId][token] * points / all;
    }

    function _credit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        creditOf[account][token] += amount;
        emit Credited(account, token, amount);
    }

    /// @dev The sharers' part is rounded down; the prover has the rest. `RequestSettled` says the fee, from which both follow.
    function _payFee(bytes32 modelId, uint256 proverPoints, address prover, address token, uint256 fee) internal {
        uint256 shared = fee * (POINTS - proverPoints) / POINTS;
        if (shared != 0) poolOf[modelId][token] += shared;
        _credit(prover, token, fee - shared);
    }

    /// @dev Takes `amount` from `from`: ether that came with the call, or a token by allowance. Nothing else moves money in. `from` is the caller, or the signer
    /// of the request that names this very amount.
    function _pull(address token, address from, uint256 amount) internal {
        if (msg.value != (token == address(0) ? amount : 0)) revert WrongEther(token == address(0) ? amount : 0, msg.value);
        if (token != address(0)) {
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(from, address(this), amount);
            uint256 got = IERC20(token).balanceOf(address(this)) - before;
            if (got != amount) revert WrongAmountReceived(token, amount, got);
        }
        tracked[token] += amount;
    }

    /// @dev An ERC-2612 permit is an optional first step: whoever watches the mempool can use it up beforehand, so that it fails although the allowance is there. What
    /// follows decides.
    /// @param permit Empty, or `abi.encode(value, deadline, v, r, s)`.
    function _tryPermit(address token, address owner, bytes calldata permit) internal {
        if (permit.length == 0 || token == address(0)) return;
        (uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(permit, (uint256, uint256, uint8, bytes32, bytes32));
        try IERC20Permit(token).permit(owner, address(this), value, deadline, v, r, s) {} catch {}
    }
}
