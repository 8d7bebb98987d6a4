/** What a transaction may cost: its own fees, below bounds that the node cannot move. */
import { type Abi, type Account, type Address, type PublicClient, formatEther, formatGwei, parseEther, parseGwei } from 'viem';

import { explain } from './errors.js';

/** Bounds of every transaction that is sent; in wei. */
export interface FeeBounds {
  /** The most of a unit of gas that goes to the block's builder, whatever the node suggests: 10 gwei unless given. */
  maxTip?: bigint;
  /** The most that a transaction may cost beside the value that goes along: gas limit times `maxFeePerGas`; half an ether unless given. */
  maxCost?: bigint;
}

export const MAX_TIP = parseGwei('10');
export const MAX_COST = parseEther('0.5');

/** The most gas that a transaction may have (EIP-7825). */
const MOST_GAS = 1n << 24n;

/** Gas and price of a transaction, as it is signed. */
export interface Priced {
  gas: bigint;
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
}

/**
 * The gas that a call needs by the node's estimate and a fifth more, a tip of what the node suggests, `maxTip` at most, and `maxFeePerGas = 2 * base fee + tip`, which covers six full blocks. Of a base
 * fee that the node exaggerates the chain takes only the true one.
 *
 * @throws {MarketError} when the contract refuses the call.
 * @throws {Error} when it may cost more than `maxCost`, or the chain has no base fee.
 */
export async function priced(
  client: PublicClient,
  call: { address: Address; abi: Abi; functionName: string; args: readonly unknown[]; account: Account | Address; value?: bigint },
  { maxTip = MAX_TIP, maxCost = MAX_COST }: FeeBounds = {},
): Promise<Priced> {
  // Unprepared: viem would have the node fill in the transaction otherwise.
  const estimate = client.estimateContractGas({ ...call, prepare: false } as never).catch((error: unknown) => {
    throw explain(error);
  });
  const [needed, { baseFeePerGas: base }, suggested] = await Promise.all([estimate, client.getBlock(), client.estimateMaxPriorityFeePerGas()]);
  if (base === null) throw new Error('the node names no base fee of its latest block; the market\'s contracts are for chains that have one. Nothing was sent');
  const maxPriorityFeePerGas = suggested < maxTip ? suggested : maxTip;
  const maxFeePerGas = 2n * base + maxPriorityFeePerGas;
  const gas = limitOf(needed);
  const cost = gas * maxFeePerGas;
  if (cost <= maxCost) return { gas, maxFeePerGas, maxPriorityFeePerGas };
  throw new Error(
    `${call.functionName} could cost ${formatEther(cost)} ether for ${gas} gas at ${formatGwei(maxFeePerGas)} gwei by the node's word, expected ${formatEther(maxCost)} at most: ` +
    'ask another node, wait until gas is cheaper, or connect with a higher `maxCost`. Nothing was sent',
  );
}

/** A fifth more than was estimated, as the command line has it: what others do before it is in a block can make a transaction dearer. */
function limitOf(estimate: bigint): bigint {
  const limit = estimate + estimate / 5n;
  if (limit <= MOST_GAS) return limit;
  return estimate > MOST_GAS ? estimate : MOST_GAS;
}
