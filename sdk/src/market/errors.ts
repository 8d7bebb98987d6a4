/** The contracts' custom errors as sentences that say what to do next. */
import { BaseError, type ContractErrorArgs, type ContractErrorName, ContractFunctionRevertedError, type Hex } from 'viem';

import type { errorAbi } from './abi.js';
import { POTS, REFUSALS, STATUSES, TERMS, nameOf } from './names.js';
import type { Request } from './request.js';

/** Name of a custom error. */
export type ErrorName = ContractErrorName<typeof errorAbi>;
type Arguments<N extends ErrorName> = ContractErrorArgs<typeof errorAbi, N> extends infer A extends readonly unknown[] ? A : [];

/** What was sent, or may have been: enough to look for it, to go on with the request, and to have its money back. */
export interface Sent {
  /** Its hash; missing when a wallet did not tell it. */
  transaction?: Hex;
  /** The request that the call was about, and its id. */
  id?: Hex;
  request?: Request;
}

/** A call that a contract refused. */
export class MarketError extends Error {
  override readonly name = 'MarketError';
  /** Missing when it was refused in a simulation: nothing was sent then. */
  readonly sent: Sent | undefined;

  constructor(
    /** The contract's own name for it. */
    readonly error: ErrorName,
    readonly args: readonly unknown[],
    message: string,
    { sent, ...options }: ErrorOptions & { sent?: Sent | undefined } = {},
  ) {
    super(message, options);
    this.sent = sent;
  }
}

/** A transaction that was sent, or may have been, and did not come to a good end that could be seen. */
export class SentError extends Error {
  override readonly name = 'SentError';

  constructor(readonly sent: Sent, what: string, options?: ErrorOptions) {
    const { transaction = 'of unknown hash', id } = sent;
    super(`transaction ${transaction}: ${what}; ${id ? `look at the status of request ${id}` : 'look for it'} before you send again`, options);
  }
}

const time = (seconds: bigint | number) => new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');

const REFUSED_BECAUSE: Record<(typeof REFUSALS)[number], string> = {
  none: 'nothing is wrong',
  'not live': 'it is not open any more; look at its status',
  'too late': 'its deadline has passed; it can only be refunded',
  'not the payee': 'another prover has the right to it; after half of the time anyone may deliver',
  'other model': 'it is of another model; send it by itself',
  'wrong input': 'the input is not the one whose digest the request names; prove the right input',
  'wrong output': 'the output is not the one committed to',
  'wrong words': 'input or output has another number of packed words than the model; pack 31 bytes a word',
  'proof rejected': 'the verifier rejects the proof; verify it locally before sending',
};

/** One sentence for each error: the compiler refuses a missing one. */
const SENTENCES: { [N in ErrorName]: (...args: Arguments<N>) => string } = {
  ClassChanged: (expected, got) => `the proposed verifier's code changed from class ${expected} to ${got}; propose it again`,
  ClassExists: (id) => `the verifier class ${id} is admitted already; register models with it`,
  Contradicted: (id) => `the receipt ${id} has been contradicted already`,
  DelegatedCode: (at) => `${at} is an account that delegates its code (EIP-7702); deploy the verifier as a contract`,
  DuplicateContributor: (who) => `${who} stands twice among the contributors; add its shares up`,
  FailedCall: () => 'the receiver refuses ether; withdraw to another address',
  FieldNotPresentInBlockHeader: () => 'the block header lacks prevrandao; give the header of the beacon block',
  GasTooLow: (needed, got) => `a proof of the batch needs ${needed} gas, ${got} was left; send fewer or more gas`,
  InstanceTooLarge: (index, value) => `public value ${index} is no field element: ${value}; pack 31 bytes a word`,
  InsufficientBalance: (balance, needed) => `the contract holds ${balance}, ${needed} is needed`,
  InvalidProof: () => 'the verifier rejects the proof: it was made for another statement, request or payee; prove again with the request\'s context',
  InvalidShortString: () => 'a name is too long',
  KeyChanged: (id, expected, got) => `the key's code of model ${id} changed from ${expected} to ${got}; its requests can be refunded`,
  KeyTaken: (signer, prover) => `the receipt key ${signer} belongs to ${prover}; use a fresh one`,
  LengthMismatch: (expected, got) => `expected ${expected} points, one a contributor, got ${got}`,
  ModelExists: (id) => `the model is registered already, as ${id}`,
  ModelRetired: (id) => `model ${id} takes no new requests; ask its owner for the next version`,
  NoCode: (at) => `${at} has no code; deploy it first, on this chain`,
  NonceUsed: (client, nonce) => `${client} has used or cancelled nonce ${nonce}; build the request again with another`,
  NotAKey: (at) => `${at} holds no verifying key; deploy the one that \`assay contract\` writes`,
  NotCanonical: () => 'the calldata is not the canonical encoding',
  NotDrawn: (id) => `request ${id} has not been drawn; call draw first`,
  NotEnoughGas: (needed, left) => `${needed} gas is needed to decide an item alone, ${left} was left; send more gas`,
  NotGuardian: (caller) => `${caller} is neither guardian nor owner of the router`,
  NotOnCurve: (index) => `point ${index} of the proof is not on the curve; the proof is damaged`,
  NotOwner: (id, caller) => `${caller} does not own model ${id}; call with its owner's account`,
  NotProposed: (at) => `${at} was not proposed as a verifier; its owner proposes it first`,
  NotProver: (prover, caller) => `the request is for ${prover}, not for ${caller}`,
  NothingToWithdraw: (account, token) => `${account} has no credit in ${token}; claim first, or wait for a settlement`,
  NoticeNotOver: (leavesAt) => `the notice runs until ${time(leavesAt)}; leave after that`,
  OwnableInvalidOwner: (owner) => `${owner} cannot own the router`,
  OwnableUnauthorizedAccount: (account) => `${account} does not own the router`,
  PrecompileFailed: () => 'a curve operation failed: too little gas, or a bad key',
  RLPInvalidEncoding: () => 'the block header is not RLP; give the beacon block\'s header',
  ReentrancyGuardReentrantCall: () => 'a contract called back while it was being paid; it must not',
  Refused: (id, reason) => `request ${id} does not take this answer: ${REFUSED_BECAUSE[REFUSALS[reason] ?? 'none']}`,
  RevokedKey: (signer) => `the receipt key ${signer} was revoked: it brings no new answer; sign with another`,
  SafeCastOverflowedUintDowncast: (bits, value) => `${value} does not fit ${bits} bits; ask for less`,
  SafeERC20FailedOperation: (token) => `the token ${token} refused the transfer; approve the market for the amount first`,
  SameOutput: (digest) => `the proof shows the same output ${digest}; there is nothing to contradict`,
  ScalarTooLarge: (index, value) => `scalar ${index} of the proof is no field element: ${value}; the proof is damaged`,
  StringTooLong: (text) => `${text} is too long`,
  Tombstoned: (id) => `the verifier class ${id} is tombstoned; requests under it can be refunded`,
  TooEarly: (earliest, now) => `possible after ${earliest}, it is ${now} (Unix time, or blocks for a draw); wait`,
  TooLate: (until, now) => `possible until ${time(until)}, it is ${time(now)}`,
  TooLittle: (pot, owner, token, needed, got) => {
    const call = nameOf(POTS, pot) === 'bond' ? 'bond' : 'deposit';
    return `the ${nameOf(POTS, pot)} of ${owner} in ${token} is ${got}, ${needed} is needed; call ${call} first`;
  },
  TooManyContributors: (most, got) => `a model has at most ${most} contributors, got ${got}`,
  TooManyOwnerPoints: (most, got) => `the owner takes at most ${most} points of 10,000, got ${got}`,
  TooManyWords: (most, got) => `a model has at most ${most} packed words, got ${got}`,
  UnknownClass: (id) => `no verifier of class ${id} is admitted; propose it, wait seven days, admit it`,
  UnknownKey: (signer) => `the receipt key ${signer} is not registered; its prover registers it with the market's \`signatures\``,
  UnknownModel: (id) => `no model ${id}; check the id and the chain`,
  WrongAmountReceived: (token, expected, got) => `expected ${expected} of ${token}, received ${got}; tokens that take a fee are not supported`,
  WrongBatchSize: (most, got) => `a batch has 1 to ${most} answers, got ${got}`,
  WrongDeadline: (earliest, latest, got) => `expected a deadline from ${time(earliest)} to ${time(latest)}, got ${time(got)}`,
  WrongEther: (expected, got) => `expected ${expected} wei with the call, got ${got}; send the fee ceiling, or deposit it before`,
  WrongHeader: (number) => `the header is not that of block ${number}; give the beacon block's`,
  WrongInput: (expected, got) => `expected an input of digest ${expected}, got ${got}`,
  WrongInstanceCount: (expected, got) => `the verifier takes ${expected} public values, got ${got}`,
  WrongLength: (expected, got) => `expected a proof of ${expected} bytes, got ${got}; was it made for another model?`,
  WrongOutput: () => 'the output has another number of packed words than the model',
  WrongPoints: (expected, got) => `the shares must sum to ${expected} points, got ${got}`,
  WrongProofCount: (most, instances, proofs) => `expected as many proofs as lists of public values, at most ${most}, got ${proofs} and ${instances}`,
  WrongShape: (expected, got) => `the key is of shape ${got}, the verifier of ${expected}; register the key with its own verifier`,
  WrongSignature: (signer) => `the signature is not ${signer}'s for this request, chain and market; sign it again`,
  WrongStatus: (id, status) => `request ${id} is ${nameOf(STATUSES, status)}, which does not allow this call`,
  WrongTerms: (term) => `the request's ${nameOf(TERMS, term)} is not allowed; docs/market.md has the rules`,
  ZeroAddress: () => 'expected an address to pay to, got zero',
  ZeroContributor: (index) => `contributor ${index} is the zero address`,
  ZeroPoints: (index) => `contributor ${index} has no points; leave it out`,
  ZeroWords: () => 'a model has at least one input and one output word',
};

/** Names of all errors that have a sentence. */
export const ERROR_NAMES = Object.keys(SENTENCES) as ErrorName[];

/** The sentence of a custom error. */
export function sentence(name: ErrorName, args: readonly unknown[]): string {
  return (SENTENCES[name] as (...args: readonly unknown[]) => string)(...args);
}

/**
 * A failed call's error with the contract's reason in words; an error that is no contract's comes back as it is.
 *
 * @param sent What was sent, when it was.
 */
export function explain(error: unknown, sent?: Sent): unknown {
  if (!(error instanceof BaseError)) return error;
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError) || !revert.data) return error;
  const { errorName, args = [] } = revert.data;
  if (!Object.hasOwn(SENTENCES, errorName)) return error;
  const name = errorName as ErrorName;
  return new MarketError(name, args, sentence(name, args), { cause: error, sent });
}
