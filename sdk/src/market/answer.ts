/** An answer, found in the transaction that brought it, and its proof, checked here as well. */
import { type Address, type Hex, type TransactionReceipt, bytesToHex, decodeFunctionData, hexToBytes, isAddressEqual, parseEventLogs } from 'viem';

import { type ProofFile, type VerifyingKey, proofToJson, verify } from '../verifier/index.js';
import { type Ends, joinWords, splitWords } from '../words.js';
import { marketAbi } from './abi.js';
import type { Fulfilment, Market } from './market.js';
import { TIERS } from './names.js';
import { type Receipt, type Request, contextOf, digestOf, idOf } from './request.js';

/**
 * The fulfilment of a request that the market took in a transaction, alone or in a batch.
 *
 * @throws {Error} when the transaction failed, when the market did not take the proof in it, or when its calldata does not hold it:
 * another contract may have called the market.
 */
export async function fulfilmentIn(market: Market, transaction: Hex, id: Hex): Promise<Fulfilment> {
  const found = await findFulfilment(market, transaction, id);
  if (found) return found;
  throw new Error(`transaction ${transaction} holds no proof of request ${id} in its calldata: another contract called the market. The chain's verifier took the proof`);
}

/**
 * As `fulfilmentIn`, and nothing when the market took the proof and the transaction's calldata does not hold it: it calls another contract, which called the market.
 *
 * @throws {Error} when the transaction failed, or when the market did not take the proof in it.
 */
export async function findFulfilment(market: Market, transaction: Hex, id: Hex): Promise<Fulfilment | undefined> {
  const { call, logs } = await callIn(market, transaction, id);
  // A batch may hold a request twice: what the market skipped is whatever its sender wrote.
  const skipped = new Set(
    parseEventLogs({ abi: marketAbi, eventName: 'FulfilmentSkipped', logs })
      .filter(({ address }) => isAddressEqual(address, market.market))
      .map(({ args }) => args.index),
  );
  const answers = call?.functionName === 'fulfil' ? call.args : call?.functionName === 'fulfilBatch' ? call.args[1] : [];
  return answers
    .filter((_, index) => !skipped.has(BigInt(index)))
    .map((answer) => ({ ...answer, request: typed(answer.request) }))
    .find(({ request }) => idOf(request, market) === id);
}

/** A fulfilment as the text of a proof file, for whoever knows the digests of its model's graph and key. */
export function proofFileOf(market: Market, { request, payee, input, output, proof }: Fulfilment, digests: Pick<ProofFile, 'graphDigest' | 'keyDigest'>): string {
  const context = contextOf(idOf(request, market), payee, market);
  return proofToJson({ ...digests, instances: joinWords({ inputs: input, outputs: output, context }), proof: hexToBytes(proof) });
}

/**
 * The receipt of an answer without a proof, as the market's events tell it in the transaction that brought it (`RequestAnswered`, `AnswerSigned`), through whatever contract: what
 * `contradict` takes.
 *
 * @throws {Error} when the transaction failed, or when the market did not take the answer in it.
 */
export async function receiptIn(market: Market, transaction: Hex, id: Hex): Promise<Receipt> {
  const logs = await logsOf(market, transaction, id);
  const { output } = own(market, transaction, id, parseEventLogs({ abi: marketAbi, eventName: 'RequestAnswered', logs }), 'RequestAnswered');
  const { signer, receiptSignature: signature } = own(market, transaction, id, parseEventLogs({ abi: marketAbi, eventName: 'AnswerSigned', logs }), 'AnswerSigned');
  return { output, signer, signature };
}

async function logsOf(market: Market, transaction: Hex, id: Hex): Promise<TransactionReceipt['logs']> {
  const { status, logs } = await market.client.getTransactionReceipt({ hash: transaction });
  if (status !== 'success') throw new Error(`transaction ${transaction} failed: nothing that it says of request ${id} happened`);
  return logs;
}

/** What the market itself, and no other contract, told of a request in a transaction's events of one name. */
function own<T extends { requestId: Hex }>(market: Market, transaction: Hex, id: Hex, events: readonly { address: Address; args: T }[], eventName: string): T {
  const told = events.find(({ address, args }) => isAddressEqual(address, market.market) && args.requestId === id);
  if (told) return told.args;
  throw new Error(`transaction ${transaction} brought no ${eventName} of request ${id} from market ${market.market}; find the one that did with \`watch\``);
}

/** The market's function that a transaction calls, after which the market told that the request was proved, and all that was told; no function when it calls another contract. */
async function callIn(market: Market, transaction: Hex, id: Hex) {
  const logs = await logsOf(market, transaction, id);
  own(market, transaction, id, parseEventLogs({ abi: marketAbi, eventName: 'RequestProved', logs }), 'RequestProved');
  const { to, input } = await market.client.getTransaction({ hash: transaction });
  if (!to || !isAddressEqual(to, market.market)) return { call: undefined, logs };
  try {
    return { call: decodeFunctionData({ abi: marketAbi, data: input }), logs };
  } catch {
    return { call: undefined, logs };
  }
}

function typed(request: Omit<Request, 'tier'> & { tier: number }): Request {
  return { ...request, tier: TIERS[request.tier] ?? 'proved' };
}

/**
 * Checks a fulfilment as the market does: its input is the request's, and its proof shows this output for it and names its payee.
 *
 * @param key The model's verifying key, known by its digest from whoever recomputed it.
 * @throws {VerifyError | Error} when it does not.
 */
export function checkFulfilment(market: Market, key: VerifyingKey, { request, payee, input, output, proof }: Fulfilment): void {
  const got = digestOf(input);
  if (got !== request.inputDigest) throw new Error(`expected an input of digest ${request.inputDigest}, got ${got}`);
  const context = contextOf(idOf(request, market), payee, market);
  verify(key, { keyDigest: key.digest, instances: joinWords({ inputs: input, outputs: output, context }), proof: hexToBytes(proof) });
}

/**
 * Splits a proof's public values into what the market takes.
 *
 * @param model What the model takes and gives.
 * @throws {Error} when they are not as many as the model's, or the proof is bound to another context.
 */
export function fulfilmentOf(
  market: Market,
  request: Fulfilment['request'],
  payee: Fulfilment['payee'],
  { instances, proof }: { instances: readonly bigint[]; proof: Uint8Array },
  model: Ends,
): Fulfilment {
  const { inputs: input, outputs: output, context } = splitWords(instances, model);
  const expected = market.contextOf(request, payee);
  if (context !== expected) {
    const hex = (value: bigint) => `0x${value.toString(16).padStart(62, '0')}`;
    throw new Error(`the proof is bound to context ${hex(context)}, expected ${hex(expected)}; prove with --context ${hex(expected)}`);
  }
  return { request, payee, input, output, proof: bytesToHex(proof) };
}
