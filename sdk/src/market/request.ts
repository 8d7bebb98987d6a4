/** What follows from a request alone: its id, its price, its bond, and what a proof of it must be bound to. */
import {
  type Address, type Hex, concatHex, encodeAbiParameters, hashTypedData, keccak256, numberToHex, zeroAddress,
} from 'viem';

import { TIERS, type Tier } from './names.js';

/** Ether, in place of a token's address. */
export const ETHER = zeroAddress;

/** What a client signs; amounts in the token's smallest unit, times in Unix seconds. `docs/market.md` has the rules. */
export interface Request {
  client: Address;
  /** One request a nonce, so that a signed request can be replaced or cancelled. */
  nonce: bigint;
  modelId: Hex;
  /** Keccak of the packed input words. */
  inputDigest: Hex;
  tier: Tier;
  /** The only prover that may be paid; zero, for any, in tier `proved` only. */
  prover: Address;
  token: Address;
  /** Fee until `rampStart`; it then rises to the ceiling, which is escrowed, until `rampEnd`. */
  feeFloor: bigint;
  feeCeiling: bigint;
  rampStart: number;
  rampEnd: number;
  /** Last moment to deliver. */
  deadline: number;
  /** What a missing or wrong answer costs the client. */
  loss: bigint;
  /** What a challenger pays for a proof. */
  proofFee: bigint;
  /** Chance of having to prove in tier `sampled`, in points of 10,000. */
  sampleRate: number;
}

/** A market on a chain: what ids and contexts are bound to. */
export interface Place {
  chainId: number;
  market: Address;
}

const POINTS = 10_000n;

const TYPES = {
  Request: [
    { name: 'client', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'modelId', type: 'bytes32' },
    { name: 'inputDigest', type: 'bytes32' },
    { name: 'tier', type: 'uint8' },
    { name: 'prover', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'feeFloor', type: 'uint96' },
    { name: 'feeCeiling', type: 'uint96' },
    { name: 'rampStart', type: 'uint40' },
    { name: 'rampEnd', type: 'uint40' },
    { name: 'deadline', type: 'uint40' },
    { name: 'loss', type: 'uint96' },
    { name: 'proofFee', type: 'uint96' },
    { name: 'sampleRate', type: 'uint16' },
  ],
} as const;

const RECEIPT_TYPES = {
  Receipt: [
    { name: 'requestId', type: 'bytes32' },
    { name: 'modelId', type: 'bytes32' },
    { name: 'inputDigest', type: 'bytes32' },
    { name: 'outputDigest', type: 'bytes32' },
    { name: 'signer', type: 'address' },
  ],
} as const;

/** The request as the contracts take it. */
export function encodable(request: Request): Omit<Request, 'tier'> & { tier: number } {
  return { ...request, tier: TIERS.indexOf(request.tier) };
}

/** The EIP-712 data that a client signs. */
export function typedData(request: Request, { chainId, market }: Place) {
  return {
    domain: { name: 'Assay', version: '1', chainId, verifyingContract: market },
    types: TYPES,
    primaryType: 'Request',
    message: encodable(request),
  } as const;
}

/** The request's id: its EIP-712 digest, which names chain and market. */
export function idOf(request: Request, place: Place): Hex {
  return hashTypedData(typedData(request, place));
}

/** A prover's signed word that a request's input gives an output; its bond stands behind it. */
export interface Receipt {
  /** Packed words. */
  output: readonly bigint[];
  /** The receipt key, which its prover registered with the market. */
  signer: Address;
  signature: Hex;
}

/** The EIP-712 data of a receipt: its prover signs it with `signTypedData`, and whoever is handed one checks it with `verifyTypedData`. */
export function receiptData(request: Request, { output, signer }: Omit<Receipt, 'signature'>, { chainId, market }: Place) {
  const { modelId, inputDigest } = request;
  return {
    domain: { name: 'Assay', version: '1', chainId, verifyingContract: market },
    types: RECEIPT_TYPES,
    primaryType: 'Receipt',
    message: { requestId: idOf(request, { chainId, market }), modelId, inputDigest, outputDigest: digestOf(output), signer },
  } as const;
}

/** Keccak of packed words, of an input or an output. */
export function digestOf(words: readonly bigint[]): Hex {
  return keccak256(concatHex(words.map((word) => numberToHex(word, { size: 32 }))));
}

/** The public value that binds a proof to chain, market, request and whom it pays: below 2^248. */
export function contextOf(id: Hex, payee: Address, { chainId, market }: Place): bigint {
  const types = [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }, { type: 'address' }] as const;
  return BigInt(keccak256(encodeAbiParameters(types, [BigInt(chainId), market, id, payee]))) >> 8n;
}

/** What a lock commits to: the output, by its prover's name, so that nobody can copy it. */
export function commitmentOf(prover: Address, output: readonly bigint[]): Hex {
  return keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'bytes32' }], [prover, digestOf(output)]));
}

/** The fee at a time: floor, then rising to the ceiling, rounded down. */
export function priceAt({ feeFloor, feeCeiling, rampStart, rampEnd }: Request, time: number): bigint {
  if (time >= rampEnd) return feeCeiling;
  if (time <= rampStart) return feeFloor;
  return feeFloor + ((feeCeiling - feeFloor) * BigInt(time - rampStart)) / BigInt(rampEnd - rampStart);
}

/** The bond of a lock (tier `proved`) or an answer (the other tiers). */
export function bondOf({ tier, feeCeiling, loss, sampleRate }: Request): bigint {
  const most = (a: bigint, b: bigint) => (a > b ? a : b);
  if (tier === 'proved') return most((5n * feeCeiling + 3n) / 4n, 5n * loss);
  const gain = feeCeiling + loss;
  const bond = (5n * gain + 1n) / 2n;
  if (tier !== 'sampled') return bond;
  const rate = BigInt(sampleRate);
  return most(bond, (2n * gain * POINTS + rate - 1n) / rate);
}
