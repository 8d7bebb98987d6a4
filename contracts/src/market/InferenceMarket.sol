// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "./Answers.sol";
import {Jobs} from "./Jobs.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {PrevRandaoBeacon} from "./PrevRandaoBeacon.sol";
import {Rewards} from "./Rewards.sol";
import {Signatures} from "./Signatures.sol";

/// @title Market for inferences that are proved, or can be
/// @notice Clients escrow fees for answers of registered models; provers are paid for answers whose proofs check, or that nobody held against them. `docs/market.md` says
/// who may call what when, where every amount goes, and what cannot happen.
/// @dev One idea a file: `Rewards` (money in and out), `Accounts` (deposits and bonds), `Jobs` (requests and escrow), `Proofs` (lock, prove, refund), `Answers` (receipts,
/// challenges, slashes). There is no owner, no pause, no proxy and no way for anybody to move another's money.
contract InferenceMarket is Answers {
    /// @param models Says what a model is; its router says which verifiers may judge.
    /// @param source Draws sampled answers.
    /// @param signers Says who signed what.
    constructor(ModelRegistry models, PrevRandaoBeacon source, Signatures signers) Rewards(models) Jobs(models, signers) Answers(source) {}
}
