/** A request as it is kept: made before anything is sent, so that whoever holds it can go on with it, or have its money back, whatever happens. */
import { type Address, type Hex, getAddress, isAddressEqual, isHex, numberToHex, size } from 'viem';

import type { Parties } from './genuine.js';
import { TIERS, type Tier } from './names.js';
import { type Place, type Request, digestOf, idOf } from './request.js';

/** A request, with what going on with it takes. */
export interface Asked {
  id: Hex;
  request: Request;
  /** Packed input words: provers need them. */
  input: readonly bigint[];
  /** The latest block when the request was made: none of its events is older. No id covers it. */
  fromBlock: bigint;
}

/** The JSON form, which is `request.json` of the `assay` command line too: amounts and times are hexadecimal texts. */
export interface AskedJson {
  chain: number;
  market: Address;
  /** Whom the market's router was made for, so that a prover finds its address though they have changed. */
  router?: Parties;
  id: Hex;
  from_block: number;
  request: Record<keyof Request, string | number>;
  input: Hex[];
}

const AMOUNTS = ['nonce', 'feeFloor', 'feeCeiling', 'loss', 'proofFee'] as const;
const TIMES = ['rampStart', 'rampEnd', 'deadline'] as const;
type Numbers = (typeof AMOUNTS)[number] | (typeof TIMES)[number];

/** A request as plain JSON values, for `JSON.stringify`. */
export function requestToJson({ id, request, input, fromBlock }: Asked, { chainId, market, routerFor }: Place & { routerFor?: Parties | undefined }): AskedJson {
  const numbers = Object.fromEntries([...AMOUNTS, ...TIMES].map((name) => [name, numberToHex(request[name])])) as Record<Numbers, Hex>;
  return {
    chain: chainId,
    market,
    ...(routerFor && { router: routerFor }),
    id,
    from_block: Number(fromBlock),
    request: { ...request, ...numbers, tier: capital(request.tier) },
    input: input.map((word) => numberToHex(word, { size: 32 })),
  };
}

/**
 * Reads the text of a kept request.
 *
 * @param place The market that is meant.
 * @throws {Error} when it is no such text, is of another market or chain, or was changed: the id decides.
 */
export function requestFromJson(text: string, place: Place): Asked {
  const file = object(JSON.parse(text), 'a request');
  const [chain, market] = [file['chain'], file['market']];
  if (chain !== place.chainId || typeof market !== 'string' || !isAddressEqual(getAddress(market), place.market)) {
    throw new Error(`the request is for market ${market} on chain ${chain}, expected ${place.market} on chain ${place.chainId}`);
  }
  const fields = object(file['request'], 'its request');
  const bytes = (name: string, length: number) => bytesOf(fields[name], name, length);
  const amounts = Object.fromEntries(AMOUNTS.map((name) => [name, quantity(fields[name], name)])) as Record<(typeof AMOUNTS)[number], bigint>;
  const times = Object.fromEntries(TIMES.map((name) => [name, Number(quantity(fields[name], name))])) as Record<(typeof TIMES)[number], number>;
  const request: Request = {
    ...amounts,
    ...times,
    client: getAddress(bytes('client', 20)),
    modelId: bytes('modelId', 32),
    inputDigest: bytes('inputDigest', 32),
    tier: tierOf(fields['tier']),
    prover: getAddress(bytes('prover', 20)),
    token: getAddress(bytes('token', 20)),
    sampleRate: integer(fields['sampleRate'], 'sampleRate'),
  };
  const words = file['input'];
  if (!Array.isArray(words)) throw refuse('input', words);
  const input = words.map((word) => BigInt(bytesOf(word, 'input', 32)));
  const id = idOf(request, place);
  if (id !== file['id']) throw new Error(`the request's id is ${id}, its file says ${file['id']}: it was changed`);
  const digest = digestOf(input);
  if (digest !== request.inputDigest) throw new Error(`the input in the file has digest ${digest}, the request asks about ${request.inputDigest}`);
  return { id, request, input, fromBlock: BigInt(integer(file['from_block'], 'from_block')) };
}

const capital = (tier: Tier) => tier.charAt(0).toUpperCase() + tier.slice(1);
const refuse = (name: string, got: unknown) => new Error(`this is no kept request: ${name} is ${JSON.stringify(got)}`);

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(name, value);
  return value as Record<string, unknown>;
}

function quantity(value: unknown, name: string): bigint {
  if (!isHex(value) || value === '0x') throw refuse(name, value);
  return BigInt(value);
}

function bytesOf(value: unknown, name: string, length: number): Hex {
  if (!isHex(value) || size(value) !== length) throw refuse(name, value);
  return value.toLowerCase() as Hex;
}

function integer(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw refuse(name, value);
  return value as number;
}

function tierOf(value: unknown): Tier {
  const tier = TIERS.find((one) => capital(one) === value);
  if (!tier) throw refuse('tier', value);
  return tier;
}
