// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Answers} from "../../src/market/Answers.sol";
import {IInferenceMarket} from "../../src/market/IInferenceMarket.sol";
import {InferenceMarket} from "../../src/market/InferenceMarket.sol";
import {ModelRegistry} from "../../src/market/ModelRegistry.sol";
import {Request, Requests, Tier} from "../../src/market/Requests.sol";
import {Signatures} from "../../src/market/Signatures.sol";
import {VerifierRouter} from "../../src/market/VerifierRouter.sol";
import {MockVerifier, Truth} from "./MockVerifier.sol";
import {Token} from "./Tokens.sol";
import {vm} from "./Vm.sol";

/// The formulas of `Requests` for structures in memory.
contract Formulas {
    function priceAt(Request calldata r, uint256 time) external pure returns (uint256) {
        return Requests.priceAt(r, time);
    }

    function bond(Request calldata r) external pure returns (uint256) {
        return Requests.bond(r);
    }

    function hash(Request calldata r) external pure returns (bytes32) {
        return Requests.hash(r);
    }

    function receiptHash(Request calldata r, bytes32 id, bytes32 digest, address signer) external pure returns (bytes32) {
        return Requests.receiptHash(r, id, digest, signer);
    }
}

/// A market with one model (prover 70 %, owner 20 %, contributor 10 %), people with money and bonds, and the words to tell a story.
abstract contract Scene {
    uint256 internal constant CLIENT = 0xc11e;
    uint256 internal constant PROVER = 0x9307;
    uint256 internal constant RIVAL = 0x1ba1;
    uint256 internal constant SIGNER = 0x516e;
    uint256 internal constant RIVAL_SIGNER = 0x5161;
    address internal constant OWNER = address(0x0e11);
    address internal constant CONTRIBUTOR = address(0xc041);
    address internal constant ADMIN = address(0xad01);
    address internal constant GUARDIAN = address(0x6a4d);
    address internal constant STRANGER = address(0x57a4);
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint96 internal constant PURSE = 1e24;
    uint96 internal constant STAKE = 1e22;

    address internal client = vm.addr(CLIENT);
    address internal prover = vm.addr(PROVER);
    address internal rival = vm.addr(RIVAL);
    VerifierRouter internal router;
    ModelRegistry internal registry;
    Signatures internal signatures;
    InferenceMarket internal market;
    MockVerifier internal verifier;
    Formulas internal formulas = new Formulas();
    Token internal token;
    bytes32 internal class;
    bytes32 internal modelId;
    uint256 internal nextNonce;
    uint16 internal inputWords = 2;
    uint16 internal outputWords = 1;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        vm.roll(1000);
        router = VerifierRouter(deploy("VerifierRouter", abi.encode(ADMIN, GUARDIAN)));
        registry = ModelRegistry(deploy("ModelRegistry", abi.encode(router)));
        signatures = Signatures(deploy("Signatures", ""));
        market = newMarket(deploy("PrevRandaoBeacon", ""));
        verifier = new MockVerifier(0, false);
        class = admit(address(verifier));
        modelId = register(class);
        token = new Token();
        fundAll(token);
        registerKey(prover, SIGNER);
        registerKey(rival, RIVAL_SIGNER);
    }

    /// From the artifacts of this run, or, with `ARTIFACTS`, from those that another code generator made: the tests of what is deployed.
    function deploy(string memory name, bytes memory arguments) internal returns (address made) {
        string memory folder = vm.envOr("ARTIFACTS", string("out"));
        bytes memory code = bytes.concat(vm.getCode(string.concat(folder, "/", name, ".sol/", name, ".json")), arguments);
        assembly {
            made := create(0, add(code, 32), mload(code))
        }
        assertTrue(made != address(0), name);
    }

    function newMarket(address beacon) internal returns (InferenceMarket) {
        return InferenceMarket(deploy("InferenceMarket", abi.encode(registry, beacon, signatures)));
    }

    function admit(address code) internal returns (bytes32) {
        vm.prank(ADMIN);
        router.propose(code);
        vm.warp(vm.getBlockTimestamp() + router.ADMISSION_DELAY());
        return router.admit(code);
    }

    function register(bytes32 judge) internal returns (bytes32) {
        vm.prank(OWNER);
        return registry.register(registration(judge), "ipfs://model");
    }

    function registration(bytes32 judge) internal view virtual returns (ModelRegistry.Registration memory r) {
        r.graphDigest = "graph";
        r.keyDigest = "key";
        r.class = judge;
        r.key = address(registry);
        r.inputWords = inputWords;
        r.outputWords = outputWords;
        r.proverPoints = 7000;
        r.ownerPoints = 2000;
        r.contributors = new address[](1);
        r.points = new uint16[](1);
        (r.contributors[0], r.points[0]) = (CONTRIBUTOR, 1000);
    }

    function fundAll(Token what) internal {
        address[3] memory people = [client, prover, rival];
        for (uint256 i = 0; i < 3; ++i) {
            what.mint(people[i], PURSE);
            vm.deal(people[i], PURSE);
            vm.prank(people[i]);
            what.approve(address(market), type(uint256).max);
        }
        for (uint256 i = 1; i < 3; ++i) {
            vm.prank(people[i]);
            market.fund(IInferenceMarket.Pot.Bond, address(what), STAKE, "");
        }
    }

    function registerKey(address owner, uint256 key) internal {
        bytes memory signature = sign(key, keyDigest(owner));
        vm.prank(owner);
        signatures.registerKey(vm.addr(key), signature);
    }

    /// What a receipt key signs to belong to a prover.
    function keyDigest(address owner) internal view returns (bytes32) {
        return typedFor(address(signatures), keccak256(abi.encode(keccak256("ReceiptKey(address prover)"), owner)));
    }

    function typed(bytes32 structure) internal view returns (bytes32) {
        return typedFor(address(market), structure);
    }

    /// EIP-712, written here once more on purpose.
    function typedFor(address place, bytes32 structure) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Assay"),
                keccak256("1"),
                vm.getChainId(),
                place
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structure));
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// A request for the answer to (nonce, 7): fee 50 to 100 over an hour, deadline in four, loss 10; named prover below tier proved.
    function request(Tier tier) internal returns (Request memory r) {
        r.client = client;
        r.nonce = ++nextNonce;
        r.modelId = modelId;
        r.inputDigest = keccak256(abi.encodePacked(r.nonce, uint256(7)));
        r.tier = tier;
        r.prover = tier == Tier.Proved ? address(0) : prover;
        r.token = address(token);
        r.feeFloor = 50e18;
        r.feeCeiling = 100e18;
        r.rampStart = uint40(vm.getBlockTimestamp());
        r.rampEnd = uint40(vm.getBlockTimestamp() + 1 hours);
        r.deadline = uint40(vm.getBlockTimestamp() + 4 hours);
        r.loss = 10e18;
        r.proofFee = 5e18;
        r.sampleRate = 2500;
    }

    function signed(Request memory r) internal view returns (bytes memory) {
        return sign(CLIENT, market.idOf(r));
    }

    function open(Request memory r) internal returns (bytes32 id) {
        vm.prank(client);
        id = market.open(r, "", "");
    }

    function opened(Tier tier) internal returns (Request memory r) {
        r = request(tier);
        open(r);
    }

    function truth(Request memory r) internal pure returns (uint256) {
        return Truth.output(r.nonce, 7);
    }

    function digestOf(uint256 word) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(word));
    }

    function commitment(Request memory r, address who) internal pure returns (bytes32) {
        return keccak256(abi.encode(who, digestOf(truth(r))));
    }

    function lock(Request memory r, address who) internal {
        bytes memory signature = signed(r);
        vm.prank(who);
        market.lock(r, signature, "", commitment(r, who));
    }

    /// The true answer with its proof for a payee.
    function proved(Request memory r, address payee) internal view returns (IInferenceMarket.Fulfilment memory f) {
        f.request = r;
        f.payee = payee;
        f.input = new uint256[](2);
        (f.input[0], f.input[1]) = (r.nonce, 7);
        f.output = new uint256[](1);
        f.output[0] = truth(r);
        uint256[] memory words = new uint256[](4);
        (words[0], words[1], words[2]) = (r.nonce, 7, truth(r));
        words[3] = market.contextOf(market.idOf(r), payee);
        f.proof = Truth.proof(address(registry), words);
    }

    function receipt(Request memory r, uint256 word, uint256 key) internal view returns (bytes memory) {
        return receiptOver(r, digestOf(word), key);
    }

    function receiptOver(Request memory r, bytes32 digest, uint256 key) internal view returns (bytes memory) {
        bytes32 structure = keccak256(
            abi.encode(
                keccak256("Receipt(bytes32 requestId,bytes32 modelId,bytes32 inputDigest,bytes32 outputDigest,address signer)"),
                market.idOf(r),
                r.modelId,
                r.inputDigest,
                digest,
                vm.addr(key)
            )
        );
        return sign(key, typed(structure));
    }

    /// A fulfilment's proof, held against a receipt.
    function evidence(Request memory r, IInferenceMarket.Fulfilment memory f) internal view returns (Answers.Evidence memory) {
        return Answers.Evidence(market.idOf(r), f.payee, f.input, f.output, f.proof);
    }

    function answer(Request memory r, uint256 word) internal {
        answerBy(r, word, SIGNER);
    }

    function answerBy(Request memory r, uint256 word, uint256 key) internal {
        uint256[] memory output = new uint256[](1);
        output[0] = word;
        market.answer(r, signed(r), "", output, vm.addr(key), receipt(r, word, key));
    }

    /// Expects an error; a revert that says nothing when `selector` is zero.
    function refuse(IInferenceMarket.Fulfilment memory f, bytes4 selector) internal {
        if (selector == 0) vm.expectRevert("");
        else vm.expectPartialRevert(selector);
        market.fulfil(f);
    }

    function credit(address who) internal view returns (uint256) {
        return market.creditOf(who, address(token));
    }

    /// What somebody without a reserved bond has been given of others' bonds.
    function proceeds(address who) internal view returns (uint256) {
        return bondFree(who) - (who == prover || who == rival ? STAKE : 0);
    }

    /// What can be withdrawn now, and what is bond now.
    function gained(address who) internal view returns (uint256) {
        return credit(who) + proceeds(who);
    }

    function bondFree(address who) internal view returns (uint256) {
        return market.accountOf(IInferenceMarket.Pot.Bond, who, address(token)).free;
    }

    function statusOf(Request memory r) internal view returns (IInferenceMarket.Status) {
        return market.jobOf(market.idOf(r)).status;
    }

    function assertEq(uint256 got, uint256 expected, string memory what) internal pure {
        if (got != expected) revert Differs(what, expected, got);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert Fails(what);
    }

    function assertStatus(Request memory r, IInferenceMarket.Status expected) internal view {
        assertEq(uint256(statusOf(r)), uint256(expected), "status");
    }

    error Differs(string what, uint256 expected, uint256 got);
    error Fails(string what);
}
