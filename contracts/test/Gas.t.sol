// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../src/market/IVerifier.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Scene} from "./support/Scene.sol";
import {Truth} from "./support/MockVerifier.sol";
import {vm} from "./support/Vm.sol";

/// Accepts everything for next to nothing, so that what remains is the market's own gas.
contract FreeVerifier is IVerifier {
    function verify(address, uint256[] calldata, bytes calldata) external view {}

    function verifyBatch(address, uint256[][] calldata, bytes[] calldata proofs) external pure returns (uint256) {
        return (1 << proofs.length) - 1;
    }
}

/// What the calls cost besides the verifier, with LeNet's sizes: 26 input words, one output word, a proof of 4,544 bytes. Everybody has been credited before, and
/// nothing has been touched in the transaction; the transaction's base and calldata are not in it. The numbers are in `snapshots/` and compared by `FORGE_SNAPSHOT_CHECK=true`.
contract GasTest is Scene {
    uint16 private constant WORDS = 26;

    function setUp() public override {
        super.setUp();
        inputWords = WORDS;
        class = admit(address(new FreeVerifier()));
        modelId = register(class);
        // Warm slots: everybody is paid once.
        Request memory r = wide();
        open(r);
        market.fulfil(answered(r));
        r = wide();
        lock(r, prover);
        market.fulfil(answered(r));
    }

    /// As at the start of a transaction: no account and no slot has been touched.
    function cool() internal {
        vm.cool(address(market));
        vm.cool(address(registry));
        vm.cool(address(router));
        vm.cool(address(token));
        vm.cool(router.route(class));
    }

    function wide() internal returns (Request memory r) {
        r = request(Tier.Proved);
        r.inputDigest = keccak256(abi.encodePacked(new uint256[](WORDS)));
    }

    function answered(Request memory r) internal view returns (Proofs.Fulfilment memory f) {
        f.request = r;
        f.payee = prover;
        f.input = new uint256[](WORDS);
        f.output = new uint256[](1);
        f.output[0] = Truth.output(r.nonce, 7);
        f.proof = new bytes(4544);
    }

    function batchOf(uint256 count) internal returns (Proofs.Fulfilment[] memory items) {
        items = new Proofs.Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) {
            Request memory r = wide();
            open(r);
            items[i] = answered(r);
        }
    }

    function test_GasOfOpenAndLock() external {
        Request memory r = wide();
        cool();
        open(r);
        vm.snapshotGasLastCall("market", "open by the client, token by allowance");
        bytes32 mine = commitment(r, prover);
        cool();
        vm.prank(prover);
        market.lock(r, "", "", mine);
        vm.snapshotGasLastCall("market", "lock an open request");
    }

    function test_GasOfFulfil() external {
        Proofs.Fulfilment[] memory items = batchOf(1);
        cool();
        market.fulfil(items[0]);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil an open request");
        assertTrue(used <= 100_000, "at most 100,000 besides the verifier");
    }

    function test_GasOfFulfilLocked() external {
        Request memory r = wide();
        lock(r, prover);
        Proofs.Fulfilment memory f = answered(r);
        cool();
        market.fulfil(f);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil a locked request");
        assertTrue(used <= 100_000, "at most 100,000 besides the verifier");
    }

    function test_GasOfBatch() external {
        Proofs.Fulfilment[] memory items = batchOf(32);
        cool();
        market.fulfilBatch(modelId, items);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil 32 open requests");
        assertTrue(used <= 32 * 100_000, "at most 100,000 for each");
    }
}
