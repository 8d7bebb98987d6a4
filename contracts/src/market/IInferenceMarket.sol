// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {Request} from "./Requests.sol";

/// @title What a contract needs to ask a market for inferences and to act on their answers
/// @notice `examples/Consumer.sol` uses it; `docs/market.md` says who may call what when, and where every amount goes. The market's sources document each function.
interface IInferenceMarket {
    /// @dev What an account is given of slashed bonds is added to its own bond.
    enum Pot {
        Deposit,
        Bond
    }

    enum Status {
        None,
        Open,
        Locked,
        Answered,
        Proving,
        Settled,
        Refunded,
        Slashed
    }

    /// @dev What stands behind an answer: nothing; a bonded signature that nobody contradicted in time; a proof that the verifier accepted. `docs/market.md` says what a contract that accepts the
    /// second must fix in the request, and check of its input, so that it could have been contradicted.
    enum Assurance {
        None,
        Unproved,
        Proved
    }

    /// @dev What of a request is wrong.
    enum Term {
        Fee,
        Ramp,
        Prover,
        ProofFee,
        SampleRate,
        Tier
    }

    /// @dev Why a fulfilment is not accepted.
    enum Refusal {
        None,
        NotLive,
        TooLate,
        NotPayee,
        OtherModel,
        WrongInput,
        WrongOutput,
        WrongWords,
        ProofRejected
    }

    /// @dev `leaving` has been given notice of and can go from `leavesAt` on; until it goes it still pays requests and slashes. Amounts enter by 96 bits at most, so that
    /// no sum overflows and nobody can make the release of his own bond fail.
    struct Account {
        uint128 free;
        uint128 leaving;
        uint40 leavesAt;
    }

    /// @dev What changes about a request; the rest is in the request, whose digest is the key.
    /// `drawn`: the beacon has spoken, and no proof is due. `proved`: Settled, by a proof. `refuted`: Settled without a proof, and a proof of another output came later.
    /// `time`: Locked: end of exclusivity. Answered: end of the window. Proving: end of the proof period.
    /// `commitment`: Locked: `keccak256(abi.encode(prover, output digest))`. Answered, Proving and Settled: the output digest.
    struct Job {
        Status status;
        bool drawn;
        bool proved;
        bool refuted;
        address prover;
        uint40 time;
        uint96 price;
        uint96 bond;
        uint40 beaconBlock;
        bytes32 commitment;
        address challenger;
    }

    /// @dev A proved answer. `input` and `output` are packed words of 31 bytes; the proof names `payee`, see `contextOf`.
    struct Fulfilment {
        Request request;
        address payee;
        uint256[] input;
        uint256[] output;
        bytes proof;
    }

    /// @dev A contract that passes on others' requests must refuse those that name itself as client, because the market asks it for no signature.
    function open(Request calldata r, bytes calldata signature, bytes calldata permit) external payable returns (bytes32 id);
    function cancelNonce(uint256 nonce) external;
    /// @dev Opens on the way: as for `open`, a contract that passes on others' requests must refuse those that name itself as client, because the market asks it for no signature.
    function lock(Request calldata r, bytes calldata signature, bytes calldata permit, bytes32 commitment) external;
    function fulfil(Fulfilment calldata f) external;
    function fulfilBatch(bytes32 modelId, Fulfilment[] calldata items) external returns (uint256 settled);
    function refund(Request calldata r) external;
    function challenge(Request calldata r, bytes calldata permit) external payable;
    function draw(Request calldata r, bytes calldata header) external returns (bool selected);
    function settle(Request calldata r) external;
    function slashUnproved(Request calldata r) external;

    function idOf(Request calldata r) external view returns (bytes32);
    function jobOf(bytes32 id) external view returns (Job memory);
    function answerOf(bytes32 id) external view returns (bytes32 digest, Assurance assurance);
    function contextOf(bytes32 id, address payee) external view returns (uint256);

    function fund(Pot pot, address token, uint96 amount, bytes calldata permit) external payable;
    function giveNotice(Pot pot, address token, uint128 amount) external;
    function leave(Pot pot, address token) external returns (uint256 amount);
    function accountOf(Pot pot, address owner, address token) external view returns (Account memory);
    function claim(bytes32 modelId, address token, address account) external returns (uint256 amount);
    function earnedOf(bytes32 modelId, address token, address account) external view returns (uint256);
    function withdraw(address token, address to) external returns (uint256 amount);
    function creditOf(address account, address token) external view returns (uint256);
}
