//! The contracts' interfaces, as `contracts/src/market` declares them: every function, event and error.
//!
//! A test compares them with the compiled ABI, both ways. Amounts are in the smallest unit of a token (wei), times are Unix
//! seconds, points are hundredths of a percent; `docs/market.md` says who may call what and when.
#![expect(missing_docs, reason = "the sources of the contracts document each item; these are their names and types")]

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives, abi)]

    #[derive(serde::Serialize, serde::Deserialize)]
    enum Tier { Receipt, Sampled, Challenged, Proved }

    /// What a client asks for and signs; its EIP-712 digest is the request's id.
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Request {
        address client;
        uint256 nonce;
        bytes32 modelId;
        bytes32 inputDigest;
        Tier tier;
        address prover;
        address token;
        uint96 feeFloor;
        uint96 feeCeiling;
        uint40 rampStart;
        uint40 rampEnd;
        uint40 deadline;
        uint96 loss;
        uint96 proofFee;
        uint16 sampleRate;
    }

    enum Status { None, Open, Locked, Answered, Proving, Settled, Refunded, Slashed }
    enum Term { Fee, Ramp, Prover, ProofFee, SampleRate, Tier }
    enum Pot { Deposit, Bond }
    enum Assurance { None, Unproved, Proved }
    enum Refusal { None, NotLive, TooLate, NotPayee, OtherModel, WrongInput, WrongOutput, WrongWords, ProofRejected }

    /// What changes about a request; see `IInferenceMarket.Job`.
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

    struct Account {
        uint128 free;
        uint128 leaving;
        uint40 leavesAt;
    }

    /// A proved answer, and whom it pays.
    struct Fulfilment {
        Request request;
        address payee;
        uint256[] input;
        uint256[] output;
        bytes proof;
    }

    struct Evidence {
        bytes32 requestId;
        address payee;
        uint256[] input;
        uint256[] output;
        bytes proof;
    }

    /// What a model's owner registers.
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Registration {
        bytes32 graphDigest;
        bytes32 keyDigest;
        bytes32 class;
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        uint16 ownerPoints;
        address[] contributors;
        uint16[] points;
    }

    /// A model's record.
    struct Model {
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        bool retired;
        bytes32 class;
        address owner;
        bytes32 keyHash;
    }

    /// What the market needs of a model's record; see `ModelRegistry.Judged`.
    struct Judged {
        address key;
        uint16 inputWords;
        uint16 outputWords;
        uint16 proverPoints;
        bool retired;
    }

    contract InferenceMarket {
        constructor(address models, address source, address signers);

        function withdraw(address token, address to) external returns (uint256 amount);
        function claim(bytes32 modelId, address token, address account) external returns (uint256 amount);
        function earnedOf(bytes32 modelId, address token, address account) external view returns (uint256);
        function registry() external view returns (address);
        function tracked(address token) external view returns (uint256);
        function creditOf(address account, address token) external view returns (uint256);
        function poolOf(bytes32 modelId, address token) external view returns (uint256);
        function claimedOf(bytes32 modelId, address token, address account) external view returns (uint256);
        function BURN() external view returns (address);

        function fund(Pot pot, address token, uint96 amount, bytes permit) external payable;
        function giveNotice(Pot pot, address token, uint128 amount) external;
        function leave(Pot pot, address token) external returns (uint256 amount);
        function accountOf(Pot pot, address owner, address token) external view returns (Account memory);
        function DEPOSIT_NOTICE() external view returns (uint256);
        function BOND_NOTICE() external view returns (uint256);

        function open(Request r, bytes signature, bytes permit) external payable returns (bytes32 id);
        function cancelNonce(uint256 nonce) external;
        function idOf(Request r) external view returns (bytes32);
        function jobOf(bytes32 id) external view returns (Job memory);
        function answerOf(bytes32 id) external view returns (bytes32 digest, Assurance assurance);
        function router() external view returns (address);
        function signatures() external view returns (address);
        function MIN_DURATION() external view returns (uint256);
        function MAX_DURATION() external view returns (uint256);

        function lock(Request r, bytes signature, bytes permit, bytes32 commitment) external;
        function fulfil(Fulfilment f) external;
        function fulfilBatch(bytes32 modelId, Fulfilment[] items) external returns (uint256 settled);
        function refund(Request r) external;
        function contextOf(bytes32 id, address payee) external view returns (uint256);
        function MAX_BATCH() external view returns (uint256);
        function LOCK_MATURITY() external view returns (uint256);
        function WORD_BOUND() external view returns (uint256);

        function answer(Request r, bytes signature, bytes permit, uint256[] output, address signer, bytes receiptSignature) external;
        function challenge(Request r, bytes permit) external payable;
        function draw(Request r, bytes header) external returns (bool selected);
        function settle(Request r) external;
        function slashUnproved(Request r) external;
        function contradict(Request r, bytes32 outputDigest, address signer, bytes receiptSignature, Evidence e) external;
        function beacon() external view returns (address);
        function slashedOf(bytes32 receiptId) external view returns (uint256);
        function CHALLENGE_WINDOW() external view returns (uint256);
        function PROOF_PERIOD() external view returns (uint256);
        function DRAW_DELAY() external view returns (uint256);

        event Credited(address indexed account, address indexed token, uint256 amount);
        event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);
        event Funded(Pot indexed pot, address indexed owner, address indexed token, uint256 amount);
        event NoticeGiven(Pot indexed pot, address indexed owner, address indexed token, uint256 leaving, uint256 leavesAt);
        event Left(Pot indexed pot, address indexed owner, address indexed token, uint256 amount);
        event RequestOpened(bytes32 indexed requestId, address indexed client, bytes32 indexed modelId, Request request);
        event NonceCancelled(address indexed client, uint256 nonce);
        event RequestSettled(bytes32 indexed requestId, address indexed payee, uint256 price, Tier tier, bool proved);
        event RequestRefunded(bytes32 indexed requestId, uint256 escrow);
        event BondSlashed(bytes32 indexed requestId, address indexed prover, uint256 amount, uint256 burnt);
        event RequestLocked(bytes32 indexed requestId, address indexed prover, uint256 price, uint256 bond, uint256 exclusiveUntil);
        event RequestProved(bytes32 indexed requestId, address indexed payee, uint256[] output);
        event FulfilmentSkipped(bytes32 indexed requestId, uint256 index, Refusal reason);
        event RequestAnswered(
            bytes32 indexed requestId, address indexed prover, uint256 price, uint256 bond, uint256 windowEnd, uint256 beaconBlock, uint256[] output
        );
        event AnswerSigned(bytes32 indexed requestId, address indexed signer, bytes receiptSignature);
        event AnswerChallenged(bytes32 indexed requestId, address indexed challenger, uint256 deposit, uint256 proveUntil);
        event AnswerDrawn(bytes32 indexed requestId, bool selected);
        event ReceiptContradicted(bytes32 indexed receiptId, bytes32 indexed requestId, address indexed prover, address payee);
        event RequestSlashed(bytes32 indexed requestId, uint256 escrow);

        error WrongAmountReceived(address token, uint256 expected, uint256 got);
        error WrongEther(uint256 expected, uint256 got);
        error NothingToWithdraw(address account, address token);
        error ZeroAddress();
        error TooLittle(Pot pot, address owner, address token, uint256 needed, uint256 got);
        error NoticeNotOver(uint256 leavesAt, uint256 time);
        error WrongStatus(bytes32 requestId, Status status);
        error WrongTerms(Term term);
        error WrongDeadline(uint256 earliest, uint256 latest, uint256 got);
        error NonceUsed(address client, uint256 nonce);
        error ModelRetired(bytes32 modelId);
        error TooEarly(uint256 after_, uint256 time);
        error TooLate(uint256 until, uint256 time);
        error NotProver(address prover, address caller);
        error Refused(bytes32 requestId, Refusal reason);
        error WrongBatchSize(uint256 most, uint256 got);
        error GasTooLow(uint256 needed, uint256 got);
        error RevokedKey(address signer);
        error WrongOutput();
        error WrongInput(bytes32 expected, bytes32 got);
        error SameOutput(bytes32 digest);
        error Contradicted(bytes32 receiptId);
        error NotDrawn(bytes32 requestId);
    }

    /// Who signed what.
    contract Signatures {
        function registerKey(address signer, bytes signature) external;
        function revokeKey(address signer) external;
        function keys(address signer) external view returns (address prover, bool revoked);
        function proverOf(address signer, bytes32 digest, bytes signature) external view returns (address prover, bool revoked);
        function checkClient(address client, bytes32 digest, bytes signature) external view;
        function SIGNATURE_GAS() external view returns (uint256);
        function eip712Domain() external view returns (
            bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions
        );

        event KeyRegistered(address indexed signer, address indexed prover);
        event KeyRevoked(address indexed signer, address indexed prover);
        event EIP712DomainChanged();

        error KeyTaken(address signer, address prover);
        error UnknownKey(address signer);
        error WrongSignature(address signer);
    }

    contract ModelRegistry {
        constructor(address judge);

        function register(Registration r, string uri) external returns (bytes32 modelId);
        function registerWithKey(bytes key, Registration r, string uri) external returns (bytes32 modelId);
        function retire(bytes32 modelId) external;
        function setMetadata(bytes32 modelId, string uri) external;
        function get(bytes32 modelId) external view returns (Model memory model);
        function judged(bytes32 modelId) external view returns (Judged memory model, address judge);
        function dead(bytes32 modelId) external view returns (bool);
        function pointsOf(bytes32 modelId, address account) external view returns (uint256);
        function router() external view returns (address);
        function POINTS() external view returns (uint256);
        function MAX_OWNER_POINTS() external view returns (uint256);
        function shareOf(bytes32 modelId, address account) external view returns (uint256 points, uint256 all);
        function MAX_CONTRIBUTORS() external view returns (uint256);
        function MAX_WORDS() external view returns (uint256);

        event ModelRegistered(bytes32 indexed modelId, address indexed owner, Registration registration, string uri);
        event ModelRetired(bytes32 indexed modelId);
        event MetadataChanged(bytes32 indexed modelId, string uri);

        error DelegatedCode(address key);
        error NoCode(address key);
        error ZeroWords();
        error TooManyWords(uint256 most, uint256 got);
        error WrongInstanceCount(uint256 expected, uint256 got);
        error ZeroContributor(uint256 index);
        error ZeroPoints(uint256 index);
        error DuplicateContributor(address contributor);
        error TooManyContributors(uint256 most, uint256 got);
        error LengthMismatch(uint256 expected, uint256 got);
        error TooManyOwnerPoints(uint256 most, uint256 got);
        error WrongPoints(uint256 expected, uint256 got);
        error ModelExists(bytes32 modelId);
        error UnknownModel(bytes32 modelId);
        error NotOwner(bytes32 modelId, address caller);
        error KeyChanged(bytes32 modelId, bytes32 expected, bytes32 got);
    }

    contract VerifierRouter {
        constructor(address owner, address firstGuardian);

        function setGuardian(address next) external;
        function propose(address verifier) external;
        function cancel(address verifier) external;
        function admit(address verifier) external returns (bytes32 class);
        function tombstone(bytes32 class) external;
        function route(bytes32 class) external view returns (address verifier);
        function guardian() external view returns (address);
        function admissibleAt(address verifier) external view returns (uint256);
        function tombstoned(bytes32 class) external view returns (bool);
        function proposedClass(address verifier) external view returns (bytes32);
        function live(bytes32 class) external view returns (bool);
        function ADMISSION_DELAY() external view returns (uint256);
        function owner() external view returns (address);
        function pendingOwner() external view returns (address);
        function transferOwnership(address newOwner) external;
        function acceptOwnership() external;
        function renounceOwnership() external;

        event GuardianChanged(address indexed guardian);
        event VerifierProposed(address indexed verifier, bytes32 indexed class, uint256 admissibleAt);
        event ProposalCancelled(address indexed verifier);
        event VerifierAdmitted(address indexed verifier, bytes32 indexed class);
        event ClassTombstoned(bytes32 indexed class);
        event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

        error NoCode(address verifier);
        error DelegatedCode(address verifier);
        error ClassChanged(bytes32 expected, bytes32 got);
        error NotProposed(address verifier);
        error TooEarly(uint256 earliest, uint256 time);
        error ClassExists(bytes32 class);
        error UnknownClass(bytes32 class);
        error Tombstoned(bytes32 class);
        error NotGuardian(address caller);
        error OwnableInvalidOwner(address owner);
        error OwnableUnauthorizedAccount(address account);
    }

    /// A generated verifier of a circuit shape.
    contract Verifier {
        function instanceCount(address key) external view returns (uint256);
        function verifyGas(address key, uint256 proofs) external view returns (uint256);
        function verify(address key, uint256[] instances, bytes proof) external view;
        function verifyBatch(address key, uint256[][] instances, bytes[] proofs) external view returns (uint256 accepted);

        error WrongLength(uint256 expected, uint256 got);
        error WrongInstanceCount(uint256 expected, uint256 got);
        error NotCanonical();
        error InstanceTooLarge(uint256 index, uint256 value);
        error ScalarTooLarge(uint256 index, uint256 value);
        error NotOnCurve(uint256 index);
        error InvalidProof();
        error PrecompileFailed();
        error NotAKey(address key);
        error WrongShape(bytes32 expected, bytes32 got);
        error WrongProofCount(uint256 most, uint256 instances, uint256 proofs);
        error NotEnoughGas(uint256 needed, uint256 left);
    }
}
