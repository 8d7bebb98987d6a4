/** What a kept request may cost and ask: its text may have been written by anybody. */
import { type Address, type Hex, isAddressEqual, zeroAddress } from 'viem';

import { countWords } from '../words.js';
import type { Asked } from './asked.js';
import type { ModelDescription } from './description.js';
import type { Numbers } from './numbers.js';
import { lossOf } from './market.js';
import type { Tier } from './names.js';
import { ETHER } from './request.js';

/** The rate at which every answer is drawn, in points. */
const EVERY_ANSWER = 10_000;

/**
 * What is expected of a kept request. What is left out is what `Assay.prepare` and `Market.prepare` write of themselves; other terms are refused until they are named. What was asked
 * (`input` or another of `Numbers`) is compared with what the kept request asks: without it, it may ask about anything.
 */
export interface Kept extends Numbers {
  /** The most that it may escrow, in the token's smallest unit. */
  feeCeiling: bigint;
  /** Whose request it is, unless it is that of the wallet's own account: another's can be paid for, and its refund is his. */
  client?: Address;
  /** Its tier, unless it is `proved`. */
  tier?: Tier;
  /** Its token, unless it is ether. */
  token?: Address;
  /** The only prover that may answer, unless anybody may. */
  prover?: Address;
  /** The most that a challenge may cost (`Market.challenge` pays the request's), unless it is nothing. */
  proofFee?: bigint;
  /** The least loss that it may state, unless that is a fifth of its own fee ceiling. */
  loss?: bigint;
  /** The least rate, in points of 10,000, at which answers of tier `sampled` are drawn for a proof, unless every one is. */
  sampleRate?: number;
  /** The latest deadline, in Unix seconds, unless it is a day (and ten minutes, for a node that is behind) after the chain's latest block. */
  deadline?: number;
  /** As in `Question`. */
  insecure?: boolean;
}

/** What is expected, with a deadline and, where the input was given, its digest. */
type Expected = Omit<Kept, keyof Numbers | 'insecure'> & { client: Address; deadline: number; inputDigest: Hex | undefined };

/**
 * Compares a kept request with what is expected of it.
 *
 * @throws {Error} naming the term that is not expected.
 */
export function checkKept({ request, input }: Asked, model: ModelDescription, expected: Expected): void {
  const { tier = 'proved', token = ETHER, prover = zeroAddress, proofFee = 0n, loss = lossOf(request.feeCeiling), inputDigest = request.inputDigest } = expected;
  const { sampleRate = tier === 'sampled' ? EVERY_ANSWER : 0 } = expected;
  const words = countWords(model.inputs);
  const expect = (isExpected: boolean, what: string, got: unknown, wanted: unknown) => {
    if (!isExpected) throw new Error(`the kept request ${what} ${got}, expected ${wanted}: look at who wrote it before you pay. Nothing was sent`);
  };
  if (request.modelId !== model.id) throw new Error(`the request is for model ${request.modelId}, this is ${model.id}`);
  expect(isAddressEqual(request.client, expected.client), 'is of client', request.client, expected.client);
  expect(request.tier === tier, 'is of tier', request.tier, tier);
  expect(isAddressEqual(request.token, token), 'is paid in', request.token, token);
  expect(request.feeCeiling <= expected.feeCeiling, 'escrows', request.feeCeiling, `${expected.feeCeiling} at most`);
  expect(isAddressEqual(request.prover, prover), 'may be answered by', proverName(request.prover), proverName(prover));
  expect(request.proofFee <= proofFee, 'has a challenger pay', request.proofFee, `${proofFee} at most`);
  expect(request.loss >= loss, 'states a loss of', request.loss, `${loss} at least`);
  expect(request.sampleRate >= sampleRate, 'is sampled at a rate of', request.sampleRate, `${sampleRate} at least`);
  expect(request.deadline <= expected.deadline, 'has the deadline', request.deadline, `${expected.deadline} at the latest`);
  expect(input.length === words, 'asks about', `an input of ${input.length} words`, `the model's ${words}`);
  expect(request.inputDigest === inputDigest, 'asks about an input of digest', request.inputDigest, inputDigest);
}

const proverName = (prover: Address) => (isAddressEqual(prover, zeroAddress) ? 'anybody' : prover);
