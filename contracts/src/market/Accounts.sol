// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Rewards} from "./Rewards.sol";

/// @title Money that stands ready and leaves only after notice
/// @notice Clients keep deposits that their signed requests draw on, provers keep bonds. Both leave by the same two steps: notice, then, when it is over, a credit.
/// The notice is longer than anything that was promised against the money before it was given. What is taken of a bond and not burnt becomes bond of its receiver, and leaves by notice
/// like any other: nobody gets his own bond back sooner by being slashed through a friend.
abstract contract Accounts is Rewards {
    /// @notice Seconds of notice of a deposit: longer than a request lives.
    uint256 public constant DEPOSIT_NOTICE = 8 days;
    /// @notice Seconds of notice of a bond: longer than a request, its window and a proof on demand together.
    uint256 public constant BOND_NOTICE = 10 days;

    mapping(Pot pot => mapping(address owner => mapping(address token => Account))) private accounts;

    event Funded(Pot indexed pot, address indexed owner, address indexed token, uint256 amount);
    event NoticeGiven(Pot indexed pot, address indexed owner, address indexed token, uint256 leaving, uint256 leavesAt);
    event Left(Pot indexed pot, address indexed owner, address indexed token, uint256 amount);

    error TooLittle(Pot pot, address owner, address token, uint256 needed, uint256 got);
    error NoticeNotOver(uint256 leavesAt, uint256 time);

    /// @notice Adds to the caller's deposit or bond.
    /// @param pot Deposit or bond.
    /// @param token The token; zero is ether, which must be sent along.
    /// @param amount How much.
    /// @param permit Empty, or an ERC-2612 permit of the caller: `abi.encode(value, deadline, v, r, s)`; its failure is ignored.
    function fund(Pot pot, address token, uint96 amount, bytes calldata permit) external payable nonReentrant {
        _tryPermit(token, msg.sender, permit);
        _pull(token, msg.sender, amount);
        accounts[pot][msg.sender][token].free += amount;
        emit Funded(pot, msg.sender, token, amount);
    }

    /// @notice Gives notice of a part of the caller's deposit or bond; replaces an earlier notice and starts its time again.
    /// @param pot Deposit or bond.
    /// @param token The token.
    /// @param amount How much shall leave in all; zero takes the notice back.
    function giveNotice(Pot pot, address token, uint128 amount) external nonReentrant {
        Account storage account = accounts[pot][msg.sender][token];
        uint128 all = account.free + account.leaving;
        if (amount > all) revert TooLittle(pot, msg.sender, token, amount, all);
        account.free = all - amount;
        account.leaving = amount;
        account.leavesAt = uint40(block.timestamp + (pot == Pot.Bond ? BOND_NOTICE : DEPOSIT_NOTICE));
        emit NoticeGiven(pot, msg.sender, token, amount, account.leavesAt);
    }

    /// @notice Turns what is left of a noticed amount into credit, once its time is over.
    /// @param pot Deposit or bond.
    /// @param token The token.
    /// @return amount What was credited.
    function leave(Pot pot, address token) external nonReentrant returns (uint256 amount) {
        Account storage account = accounts[pot][msg.sender][token];
        if (block.timestamp < account.leavesAt) revert NoticeNotOver(account.leavesAt, block.timestamp);
        amount = account.leaving;
        account.leaving = 0;
        _credit(msg.sender, token, amount);
        emit Left(pot, msg.sender, token, amount);
    }

    /// @notice A deposit or bond. Bonds reserved for requests are in neither part. Whoever relies on it counts `free` only: what is leaving may be gone when it matters.
    function accountOf(Pot pot, address owner, address token) external view returns (Account memory) {
        return accounts[pot][owner][token];
    }

    /// @dev Free and leaving together.
    function _standing(Pot pot, address owner, address token) internal view returns (uint256) {
        Account storage account = accounts[pot][owner][token];
        return uint256(account.free) + account.leaving;
    }

    /// @dev Reserves a bond from the free part only: leaving money vouches for nothing new.
    function _reserve(address prover, address token, uint96 amount) internal {
        Account storage account = accounts[Pot.Bond][prover][token];
        if (account.free < amount) revert TooLittle(Pot.Bond, prover, token, amount, account.free);
        account.free -= amount;
    }

    function _release(address prover, address token, uint96 amount) internal {
        accounts[Pot.Bond][prover][token].free += amount;
    }

    /// @dev Takes up to `most`, first of the free part, then of the leaving one. Returns what was taken.
    function _take(Pot pot, address owner, address token, uint256 most) internal returns (uint256) {
        Account storage account = accounts[pot][owner][token];
        uint256 fromFree = Math.min(most, account.free);
        uint256 fromLeaving = Math.min(most - fromFree, account.leaving);
        account.free -= uint128(fromFree);
        account.leaving -= uint128(fromLeaving);
        return fromFree + fromLeaving;
    }

    /// @dev Splits a slash of `amount` that follows slashes of `before` for the same offence, so that all together are split as one slash of the sum: the reporter has
    /// `bountyPoints` of it, at least half is burnt, the client has at most `loss` of the rest, what then remains is burnt too.
    /// @return burnt What was burnt.
    function _splitSlash(address token, uint256 before, uint256 amount, address reporter, uint256 bountyPoints, address client, uint256 loss)
        internal
        returns (uint256 burnt)
    {
        (uint256 hadBounty, uint256 hadLoss) = _partsOf(before, bountyPoints, loss);
        (uint256 bounty, uint256 compensation) = _partsOf(before + amount, bountyPoints, loss);
        bounty -= hadBounty;
        compensation -= hadLoss;
        burnt = amount - bounty - compensation;
        _bestow(reporter, token, bounty);
        _bestow(client, token, compensation);
        _credit(BURN, token, burnt);
    }

    /// @dev Gives an account a part of somebody's bond, as bond of its own: it leaves by notice as every bond does, and a gift delays nothing. Parts of a bond fit 128 bits.
    function _bestow(address owner, address token, uint256 amount) internal {
        if (amount == 0) return;
        accounts[Pot.Bond][owner][token].free += uint128(amount);
        emit Funded(Pot.Bond, owner, token, amount);
    }

    /// @dev Bounty and compensation in a slash. Both never fall when the slash grows.
    function _partsOf(uint256 slash, uint256 bountyPoints, uint256 loss) private pure returns (uint256 bounty, uint256 compensation) {
        bounty = slash * bountyPoints / POINTS;
        compensation = Math.min(loss, slash / 2 - bounty);
    }
}
