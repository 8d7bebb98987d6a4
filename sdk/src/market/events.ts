/** What happens to a request, as the chain's logs tell it. */
import { type Address, type Hex, type PublicClient, formatLog, isAddressEqual, parseEventLogs } from 'viem';

import { marketAbi } from './abi.js';
import { Finality } from './finality.js';
import { Logs } from './logs.js';

/** A market's event that names a request, with the transaction it came in. */
export type RequestEvent = ReturnType<typeof parseEventLogs<typeof marketAbi, true>>[number];

/** Where and how to look. */
export interface Watch {
  client: PublicClient;
  market: Address;
  id: Hex;
  /** First block to look at. */
  fromBlock: bigint;
  /**
   * Blocks on top of an event's before it is told. Unless given, an event is told when its block is at or below the one that the chain calls `finalized`; where a node names none, when
   * 64 blocks are on top of it; and on development chains (31337, 1337) at once.
   */
  confirmations?: number;
  /** Unix seconds: the watch ends once it has looked at a later block. Without it, it does not end. */
  until?: number;
  /** Ends the watch. */
  signal?: AbortSignal;
}

/** Blocks that are looked at again with every new one: two epochs of the mainnet, after which it is final. */
const AGAIN = 64n;

/**
 * The events of a request, from the first on. Each is told once; when a reorganisation moves it to another block it is told again, from there. The last 64 blocks are always looked at
 * again, so that neither a reorganisation nor a node that has a block later than its number hides an event. A node that does not answer ends the watch with its error.
 *
 * @throws {Error} when the client is switched to another chain.
 */
export async function* watch({ client, market, id, fromBlock, confirmations, until, signal }: Watch): AsyncGenerator<RequestEvent> {
  const chainId = await client.getChainId();
  // The id is the first indexed argument of all events of a request: one query for all kinds.
  const finality = new Finality(client, chainId, confirmations);
  const logs = new Logs(client, { address: market, topics: [null, id] });
  const told = new Map<string, bigint>();
  let last: bigint | undefined;
  for (let from = fromBlock; ; ) {
    signal?.throwIfAborted();
    const { number, timestamp } = await client.getBlock();
    if (until !== undefined && timestamp > until) last ??= number;
    const latest = await finality.below(number);
    if (latest >= from) {
      const got = await client.getChainId();
      if (got !== chainId) throw new Error(`the client was switched from chain ${chainId} to ${got}; switch back and watch again`);
      const oldest = from - AGAIN > fromBlock ? from - AGAIN : fromBlock;
      for await (const page of logs.between(oldest, latest)) {
        for (const event of parseEventLogs({ abi: marketAbi, logs: page.map((log) => formatLog(log)) })) {
          // A node may tell other events than it was asked for: another contract's, or of another request.
          if (!isAddressEqual(event.address, market) || (event.args as { requestId?: Hex }).requestId !== id) continue;
          const key = `${event.blockHash} ${event.logIndex}`;
          if (told.has(key)) continue;
          told.set(key, event.blockNumber);
          yield event;
        }
      }
      from = latest + 1n;
      for (const [key, block] of told) if (block < from - AGAIN) told.delete(key);
    }
    if (last !== undefined && from > last) return;
    await pause(client.pollingInterval, signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    // An event that was before is not told again.
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
  });
}
