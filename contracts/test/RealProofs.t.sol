// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IVerifier, IVerifierErrors} from "../generated/IVerifier.sol";
import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Proofs} from "../src/market/Proofs.sol";
import {ModelRegistry} from "../src/market/ModelRegistry.sol";
import {Request, Tier} from "../src/market/Requests.sol";
import {Scene} from "./support/Scene.sol";
import {vm} from "./support/Vm.sol";

/// A generated verifier that is told another context than the market's, so that one proof serves all requests: it costs what it costs, and a little.
contract OtherContext is IVerifier {
    IVerifier private immutable real;
    uint256 private immutable context;

    constructor(IVerifier verifier, uint256 word) {
        real = verifier;
        context = word;
    }

    function instanceCount(address model) external view returns (uint256) {
        return real.instanceCount(model);
    }

    /// Copying the public values and the proof comes on top, and a call has at most 63/64 of the gas.
    function verifyGas(address model, uint256 proofs) external view returns (uint256) {
        return (real.verifyGas(model, proofs) + 10_000 * proofs) * 64 / 63;
    }

    function verify(address key, uint256[] memory instances, bytes calldata proof) external view {
        _replace(instances);
        real.verify(key, instances, proof);
    }

    function verifyBatch(address key, uint256[][] memory instances, bytes[] calldata proofs) external view returns (uint256) {
        for (uint256 i = 0; i < instances.length; ++i) {
            _replace(instances[i]);
        }
        return real.verifyBatch(key, instances, proofs);
    }

    function _replace(uint256[] memory instances) private view {
        if (instances.length != 0) instances[instances.length - 1] = context;
    }
}

/// Batches of real proofs by the generated verifiers, within the gas of one transaction (EIP-7825).
contract RealProofsTest is Scene {
    uint256 private constant TRANSACTION = 1 << 24;

    uint256[] private words;
    bytes private proof;
    address private key;
    IVerifier private real;

    function use(string memory model) internal {
        string memory json = vm.readFile(string.concat("generated/", model, "-proof.json"));
        words = vm.parseJsonUintArray(json, ".instances");
        proof = vm.parseJsonBytes(json, ".proof");
        key = deployed(string.concat(model, "-key"));
        real = IVerifier(deployed(verifierOf(model)));
        inputWords = uint16(words.length - 2);
        class = admit(address(new OtherContext(real, words[words.length - 1])));
        modelId = register(class);
    }

    /// The name of the verifier that reads a model's key.
    function verifierOf(string memory model) internal view returns (string memory) {
        return vm.parseJsonString(vm.readFile(string.concat("artifacts/", model, "-key.json")), ".verifier");
    }

    function deployed(string memory artifact) internal returns (address made) {
        string memory json = vm.readFile(string.concat("artifacts/", artifact, ".json"));
        bytes memory code = vm.parseBytes(string.concat("0x", vm.parseJsonString(json, ".bytecode")));
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
    }

    function registration(bytes32 judge) internal view override returns (ModelRegistry.Registration memory r) {
        r = super.registration(judge);
        if (key != address(0)) r.key = key;
    }

    function batchOf(uint256 count) internal returns (IInferenceMarket.Fulfilment[] memory items) {
        items = new IInferenceMarket.Fulfilment[](count);
        for (uint256 i = 0; i < count; ++i) {
            IInferenceMarket.Fulfilment memory f = items[i];
            f.request = request(Tier.Proved);
            (f.payee, f.input, f.output, f.proof) = (prover, new uint256[](words.length - 2), new uint256[](1), proof);
            for (uint256 j = 0; j < f.input.length; ++j) {
                f.input[j] = words[j];
            }
            f.output[0] = words[words.length - 2];
            f.request.inputDigest = keccak256(abi.encodePacked(f.input));
            open(f.request);
        }
    }

    /// Sends a batch with what a transaction has left after its base and its calldata.
    function send(IInferenceMarket.Fulfilment[] memory items) internal returns (bool ok, bytes memory out, uint256 used) {
        bytes memory call = abi.encodeCall(market.fulfilBatch, (modelId, items));
        uint256 base = 21_000;
        for (uint256 i = 0; i < call.length; ++i) {
            base += call[i] == 0 ? 4 : 16;
        }
        vm.cool(address(market));
        vm.cool(address(registry));
        vm.cool(address(router));
        vm.cool(router.route(class));
        vm.cool(key);
        uint256 before = gasleft();
        (ok, out) = address(market).call{gas: TRANSACTION - base}(call);
        used = base + before - gasleft();
    }

    /// As many as a transaction takes, and, when two of them are bad, `fewer`: all are then verified alone.
    function batches(string memory model, uint256 most, uint256 fewer) internal {
        use(model);
        (bool ok, bytes memory out, uint256 used) = send(batchOf(most));
        assertTrue(ok, "fits");
        assertEq(abi.decode(out, (uint256)), (1 << most) - 1, "all are paid");
        vm.snapshotValue("market", string.concat("a transaction of ", vm.toString(most), " ", model, " proofs"), used);
        if (most < 32) {
            (ok, out, used) = send(batchOf(most + 1));
            assertTrue(!ok && bytes4(out) == Proofs.GasTooLow.selector, "one more does not");
            assertTrue(used < TRANSACTION / 2, "which is said before anything is verified");
        }
        IInferenceMarket.Fulfilment[] memory items = batchOf(fewer);
        items[5].proof = abi.encodePacked(proof);
        items[5].proof[proof.length - 1] ^= 0x01;
        items[6].proof = abi.encodePacked(proof);
        items[6].output[0] ^= 1;
        (ok, out, used) = send(items);
        assertTrue(ok, "fits with two bad ones");
        assertEq(abi.decode(out, (uint256)), (1 << fewer) - 1 - 0x60, "the good ones are paid");
        vm.snapshotValue("market", string.concat("a transaction of ", vm.toString(fewer), " ", model, " proofs, two of them bad"), used);
    }

    /// What a verifier states is enough, for one proof and for a full batch.
    function suffices(string memory model) internal {
        use(model);
        uint256[][] memory instances = new uint256[][](32);
        bytes[] memory proofs = new bytes[](32);
        for (uint256 i = 0; i < 32; ++i) {
            (instances[i], proofs[i]) = (words, proof);
        }
        (uint256 one, uint256 all) = (real.verifyGas(key, 1), real.verifyGas(key, 32));
        vm.cool(key);
        vm.cool(address(real));
        real.verify{gas: one}(key, words, proof);
        vm.cool(key);
        vm.cool(address(real));
        assertEq(real.verifyBatch{gas: all}(key, instances, proofs), type(uint32).max, "all are valid");
    }

    function test_VerifiersNeedNoMoreThanTheyState() external {
        suffices("lenet");
        suffices("mnist-mlp");
        suffices("lenet-evm");
        suffices("mnist-mlp-evm");
        suffices("mlp-4m-evm");
    }

    /// The number of public values is the key's: the registry compares it with the words, and what is no key of the verifier is registered with none.
    function test_RegistryAsksTheKeyForItsPublicValues() external {
        use("lenet-evm");
        class = admit(address(real));
        ModelRegistry.Registration memory r = registration(class);
        registry.register(r, "");
        ++r.inputWords;
        vm.expectPartialRevert(ModelRegistry.WrongInstanceCount.selector);
        registry.register(r, "");
        r.key = with(5, words.length + 1);
        registry.register(r, "");
        --r.inputWords;
        vm.expectPartialRevert(ModelRegistry.WrongInstanceCount.selector);
        registry.register(r, "");
        for (uint256 word = 0; word < 2; ++word) {
            r.key = with(word, 0);
            vm.expectPartialRevert(word == 0 ? IVerifierErrors.NotAKey.selector : IVerifierErrors.WrongShape.selector);
            registry.register(r, "");
        }
        r.key = deployed("mnist-mlp-evm-key");
        vm.expectPartialRevert(IVerifierErrors.NotAKey.selector);
        registry.register(r, "");
    }

    /// The key with one of its words changed.
    function with(uint256 word, uint256 value) internal returns (address made) {
        bytes memory code = key.code;
        bytes memory head = hex"61000080600a3d393df3";
        (head[1], head[2]) = (bytes1(uint8(code.length >> 8)), bytes1(uint8(code.length)));
        assembly {
            mstore(add(add(code, 33), mul(word, 32)), value)
        }
        bytes memory creation = bytes.concat(head, code);
        assembly {
            made := create(0, add(creation, 32), mload(creation))
        }
    }

    function test_BatchOfRealLenetProofs() external {
        batches("lenet", 32, 12);
    }

    function test_BatchOfRealMlpProofs() external {
        batches("mnist-mlp", 32, 10);
    }

    function test_BatchOfRealLenetProofsWithGroupedOpenings() external {
        batches("lenet-evm", 32, 24);
    }
}
