// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Request, Tier} from "../src/market/Requests.sol";

/// @title A contract that acts on a model's proved answers
/// @notice Copy it, and put your own rule in `_act`. Whoever asks pays as the request's client: escrow, refund and compensation are between him and the market, and this contract holds
/// no money: it is nobody's client, so the market credits it nothing but gifts, of whoever names it as payee or contributor.
/// @dev The market keeps the digest of a proved answer of a sound model, for ever, also when the verifier that judged it is found broken later; whoever acts long
/// afterwards asks the registry whether the model is `dead` first. Whoever calls `act` brings the words, from the event `RequestProved`; no proof is verified a second time.
contract Consumer {
    /// @notice The market that is asked.
    IInferenceMarket public immutable market;
    /// @notice The model, by its id in the market's registry.
    bytes32 public immutable modelId;
    /// @notice How many outputs of one byte the model has, packed 31 to a word.
    uint256 public immutable outputs;
    /// @notice Whether a request's answer has been acted on.
    mapping(bytes32 requestId => bool) public done;

    event Asked(bytes32 indexed requestId, address indexed client, uint256[] input);
    event Acted(bytes32 indexed requestId, address indexed client, uint256 largest);

    error OtherModel(bytes32 modelId);
    error OtherInput(bytes32 expected, bytes32 got);
    error NotProved(bytes32 requestId, IInferenceMarket.Assurance assurance);
    error OtherOutput(bytes32 expected, bytes32 got);
    error Done(bytes32 requestId);
    error OpenAlready(bytes32 requestId);
    error ClientIsThisContract();

    constructor(IInferenceMarket where, bytes32 model, uint256 count) {
        (market, modelId, outputs) = (where, model, count);
    }

    /// @notice Opens a request with the ether that is sent along, and tells provers its input, while it is open. One that its client opens at the market itself is as good.
    /// @param r The request; its client, never this contract, signs it and has the escrow back when nobody answers.
    /// @param signature The client's over the request's id.
    /// @param input The packed input words.
    /// @return id The request's id.
    function ask(Request calldata r, bytes calldata signature, uint256[] calldata input) external payable returns (bytes32 id) {
        // The market asks a client that calls for no signature: anybody could spend what this contract has there, or have a refund frozen in it.
        if (r.client == address(this)) revert ClientIsThisContract();
        if (r.modelId != modelId) revert OtherModel(r.modelId);
        bytes32 got = keccak256(abi.encodePacked(input));
        if (got != r.inputDigest) revert OtherInput(r.inputDigest, got);
        id = market.idOf(r);
        // Somebody else may have opened it first, with the client's signature: provers must be told the input all the same.
        if (market.jobOf(id).status == IInferenceMarket.Status.None) market.open{value: msg.value}(r, signature, "");
        else if (msg.value != 0) revert OpenAlready(id);
        // One that was locked, or has ended, asks nobody for anything: whoever believes the event would work for nothing.
        if (market.jobOf(id).status == IInferenceMarket.Status.Open) emit Asked(id, r.client, input);
    }

    /// @notice Acts on a proved answer, once. Anyone may call.
    /// @param r The request: the market hashes it to its id, so that its model, input and client are what was asked.
    /// @param output The packed words of the answer.
    function act(Request calldata r, uint256[] calldata output) external {
        if (r.modelId != modelId) revert OtherModel(r.modelId);
        bytes32 id = market.idOf(r);
        if (done[id]) revert Done(id);
        (bytes32 digest, IInferenceMarket.Assurance assurance) = market.answerOf(id);
        if (assurance != IInferenceMarket.Assurance.Proved) revert NotProved(id, assurance);
        bytes32 got = keccak256(abi.encodePacked(output));
        if (got != digest) revert OtherOutput(digest, got);
        done[id] = true;
        _act(id, r.client, largest(output));
    }

    /// @notice Position of the largest output, the first of equals.
    /// @dev Up to 31 outputs stand in a word, the first in its most significant byte; a last, shorter word is packed in its low bytes. An int8 `v` is the byte `v + 128`, so that bytes
    /// compare as the values do.
    /// @param output The packed words.
    function largest(uint256[] calldata output) public view returns (uint256 best) {
        uint256 most;
        for (uint256 i = 0; i < outputs; ++i) {
            uint256 inWord = outputs - i / 31 * 31 < 31 ? outputs % 31 : 31;
            uint256 value = uint8(output[i / 31] >> (8 * (inWord - 1 - i % 31)));
            if (value > most) (best, most) = (i, value);
        }
    }

    /// @dev Your rule.
    function _act(bytes32 id, address client, uint256 label) internal {
        emit Acted(id, client, label);
    }
}
