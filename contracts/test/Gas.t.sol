// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier} from "../generated/IVerifier.sol";
import {Answers} from "../src/market/Answers.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Scene} from "./support/Scene.sol";
import {Truth} from "./support/MockVerifier.sol";
import {vm} from "./support/Vm.sol";

/// Accepts everything for next to nothing, so that what remains is the market's own gas.
contract FreeVerifier is IVerifier {
    uint256 private immutable count;

    constructor(uint256 instances) {
        count = instances;
    }

    function instanceCount(address) external view returns (uint256) {
        return count;
    }

    function verifyGas(address, uint256 proofs) external pure returns (uint256) {
        return 30_000 * proofs;
    }

    function verify(address, uint256[] calldata, bytes calldata) external view {}

    function verifyBatch(address, uint256[][] calldata, bytes[] calldata proofs) external pure returns (uint256) {
        return (1 << proofs.length) - 1;
    }
}

/// Uses all the gas that it is given, which is what it states.
contract ExactVerifier is IVerifier {
    function instanceCount(address) external pure returns (uint256) {
        return 4;
    }

    function verifyGas(address, uint256 proofs) external pure returns (uint256) {
        return 300_000 * proofs;
    }

    function verify(address, uint256[] calldata, bytes calldata) external view {
        while (gasleft() > 3000) {}
    }

    function verifyBatch(address, uint256[][] calldata, bytes[] calldata proofs) external view returns (uint256) {
        while (gasleft() > 3000) {}
        return (1 << proofs.length) - 1;
    }
}

/// What the calls cost besides the verifier, with LeNet's sizes: 26 input words, one output word, a proof of 4,544 bytes. Everybody has been credited before, and
/// nothing has been touched in the transaction; the transaction's base and calldata are not in it. The numbers are in `snapshots/`: `npm run test:ci`
/// rewrites them, and `.ci/run` compares them by `git diff`.
contract GasTest is Scene {
    uint16 private constant WORDS = 26;

    function setUp() public override {
        super.setUp();
        inputWords = WORDS;
        class = admit(address(new FreeVerifier(WORDS + 2)));
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

    function answered(Request memory r) internal view returns (IInferenceMarket.Fulfilment memory f) {
        f.request = r;
        f.payee = prover;
        f.input = new uint256[](WORDS);
        f.output = new uint256[](1);
        f.output[0] = Truth.output(r.nonce, 7);
        f.proof = new bytes(4544);
    }

    function batchOf(uint256 count) internal returns (IInferenceMarket.Fulfilment[] memory items) {
        items = new IInferenceMarket.Fulfilment[](count);
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
        IInferenceMarket.Fulfilment[] memory items = batchOf(1);
        cool();
        market.fulfil(items[0]);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil an open request");
        assertTrue(used <= 100_000, "at most 100,000 besides the verifier");
    }

    function test_GasOfFulfilLocked() external {
        Request memory r = wide();
        lock(r, prover);
        IInferenceMarket.Fulfilment memory f = answered(r);
        cool();
        market.fulfil(f);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil a locked request");
        assertTrue(used <= 100_000, "at most 100,000 besides the verifier");
    }

    function test_GasOfBatch() external {
        IInferenceMarket.Fulfilment[] memory items = batchOf(32);
        cool();
        market.fulfilBatch(modelId, items);
        uint256 used = vm.snapshotGasLastCall("market", "fulfil 32 open requests");
        assertTrue(used <= 32 * 100_000, "at most 100,000 for each");
    }

    /// A transaction's limit (EIP-7825), and more than any verifier takes for one proof of 3,200 words: 286 fixed columns and their key, 3.0 million.
    uint256 private constant TRANSACTION = 1 << 24;
    uint256 private constant VERIFIER = 4_000_000;

    /// The gas of a transaction that makes this call: base, calldata (all of its bytes counted as not zero), and the call.
    function fits(bytes memory call, string memory name) internal {
        cool();
        uint256 before = gasleft();
        (bool ok,) = address(market).call(call);
        uint256 used = before - gasleft();
        assertTrue(ok, name);
        vm.snapshotValue("market", name, used);
        assertTrue(21_000 + 16 * call.length + used + VERIFIER <= TRANSACTION, "fits a transaction");
        assertTrue(21_000 + 40 * call.length <= TRANSACTION, "and its calldata floor (EIP-7623)");
    }

    function filled(uint256 count) internal pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = type(uint248).max;
        }
    }

    function widestRequest(Tier tier) internal returns (Request memory r) {
        r = request(tier);
        r.inputDigest = keccak256(abi.encodePacked(filled(inputWords)));
    }

    function fulfilment(Request memory r) internal view returns (IInferenceMarket.Fulfilment memory) {
        return IInferenceMarket.Fulfilment(r, prover, filled(inputWords), filled(outputWords), new bytes(28_000));
    }

    /// Whatever gas a batch has, it is settled or refused by name before anything is verified.
    function test_WideOutputsOfABatchAreReserved() external {
        (inputWords, outputWords) = (1, 3000);
        class = admit(address(new FreeVerifier(3002)));
        modelId = register(class);
        Request memory r = widestRequest(Tier.Proved);
        open(r);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](1);
        items[0] = fulfilment(r);
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        bool refused;
        bool ok;
        for (uint256 gas = 1_000_000; !ok; gas += 20_000) {
            bytes memory why;
            (ok, why) = address(market).call{gas: gas}(call);
            bool named = !ok && bytes4(why) == Proofs.GasTooLow.selector;
            assertTrue(ok || named || !refused, "ran out of gas after it was found to suffice");
            refused = refused || named;
        }
        assertTrue(refused, "refused by name first");
    }

    /// A batch of rescues, whose every account is new: what settling them takes is kept back before a verifier that uses all that it states.
    function test_BatchOfRescuesIsReserved() external {
        (inputWords, outputWords) = (2, 1);
        class = admit(address(new ExactVerifier()));
        modelId = register(class);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](8);
        for (uint256 i = 0; i < 8; ++i) {
            items[i].request = request(Tier.Proved);
            lockByFresh(items[i].request, i);
        }
        vm.warp(market.jobOf(market.idOf(items[0].request)).time + 1);
        for (uint256 i = 0; i < 8; ++i) {
            items[i] = proved(items[i].request, address(uint160(0x9000 + i)));
        }
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        bool ok;
        uint256 limits;
        for (uint256 gas = 3_000_000; !ok; gas += 50_000) {
            cool();
            bytes memory why;
            (ok, why) = address(market).call{gas: gas}(call);
            assertTrue(ok || bytes4(why) == Proofs.GasTooLow.selector, "ran out of gas after it was found to suffice");
            ++limits;
        }
        assertTrue(limits > 1, "refused by name first");
    }

    /// Locks that come while a batch is on its way, and are too young to exclude it, do not make it need more gas than it had.
    function test_YoungLocksDoNotStopABatch() external {
        (inputWords, outputWords) = (2, 1);
        class = admit(address(new ExactVerifier()));
        modelId = register(class);
        IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](8);
        for (uint256 i = 0; i < 8; ++i) {
            items[i].request = request(Tier.Proved);
            open(items[i].request);
            items[i] = proved(items[i].request, prover);
        }
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        uint256 gas = 3_000_000;
        uint256 before = vm.snapshotState();
        for (bool ok; !ok; gas += 50_000) {
            cool();
            (ok,) = address(market).call{gas: gas}(call);
        }
        vm.revertToState(before);
        for (uint256 i = 0; i < 8; ++i) {
            vm.prank(rival);
            market.lock(items[i].request, "", "", keccak256("garbage"));
        }
        cool();
        (bool enough,) = address(market).call{gas: gas}(call);
        assertTrue(enough, "what sufficed before suffices");
    }

    /// A lock by a prover, for a client, of whom the market knows nothing yet.
    function lockByFresh(Request memory r, uint256 i) internal {
        address locker = vm.addr(0x7000 + i);
        r.client = vm.addr(0x8000 + i);
        uint96 bond = uint96(formulas.bond(r));
        token.mint(locker, bond);
        token.mint(r.client, r.feeCeiling);
        vm.prank(r.client);
        token.approve(address(market), r.feeCeiling);
        vm.prank(locker);
        token.approve(address(market), bond);
        vm.prank(locker);
        market.fund(IInferenceMarket.Pot.Bond, address(token), bond, "");
        bytes memory signature = sign(0x8000 + i, market.idOf(r));
        vm.prank(locker);
        market.lock(r, signature, "", keccak256("garbage"));
    }

    function test_WidestModelFitsATransaction() external {
        // As many words as there can be, most of them in the output, then in the input.
        uint16 most = uint16(registry.MAX_WORDS());
        class = admit(address(new FreeVerifier(most + 1)));
        for (uint16 inputs = 1; inputs < most; inputs += most - 2) {
            (inputWords, outputWords) = (inputs, most - inputs);
            modelId = register(class);
            string memory shape = inputs == 1 ? " of one input and 3199 output words" : " of 3199 input words and one output word";
            Request memory r = widestRequest(Tier.Proved);
            open(r);
            fits(abi.encodeCall(market.fulfil, (fulfilment(r))), string.concat("fulfil", shape));
            r = widestRequest(Tier.Proved);
            open(r);
            IInferenceMarket.Fulfilment[] memory items = new IInferenceMarket.Fulfilment[](1);
            items[0] = fulfilment(r);
            fits(abi.encodeCall(market.fulfilBatch, (modelId, items)), string.concat("fulfil a batch of one", shape));
            r = widestRequest(Tier.Receipt);
            bytes32 digest = keccak256(abi.encodePacked(filled(outputWords)));
            bytes memory signature = sign(SIGNER, typed(formulas.receiptHash(r, market.idOf(r), digest, vm.addr(SIGNER))));
            fits(abi.encodeCall(market.answer, (r, signed(r), "", filled(outputWords), vm.addr(SIGNER), signature)), string.concat("answer", shape));
            Answers.Evidence memory e = Answers.Evidence(0, prover, filled(inputWords), filled(outputWords), new bytes(28_000));
            e.output[0] = 1;
            fits(abi.encodeCall(market.contradict, (r, digest, vm.addr(SIGNER), signature, e)), string.concat("contradict", shape));
        }
    }
}
