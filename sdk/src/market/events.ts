/** What happens to a request, as the chain's logs tell it. */
import { type Address, type Hex, type PublicClient, formatLog, numberToHex, parseEventLogs } from 'viem';

import { marketAbi } from './abi.js';

/** A market's event that names a request, with the transaction it came in. */
export type RequestEvent = ReturnType<typeof parseEventLogs<typeof marketAbi, true>>[number];

/** Where and how to look. */
export interface Watch {
  client: PublicClient;
  market: Address;
  id: Hex;
  /** First block to look at. */
  fromBlock: bigint;
  /** Blocks on top of an event's before it is told: what a reorganisation of that depth cannot take back. */
  confirmations?: number;
  /** Ends the watch. */
  signal?: AbortSignal;
}

/**
 * The events of a request, from the first on, each once, without end. A node that does not answer ends it with its error; watch again from
 * the last event's block.
 */
export async function* watch({ client, market, id, fromBlock, confirmations = 0, signal }: Watch): AsyncGenerator<RequestEvent> {
  for (let from = fromBlock; ; ) {
    signal?.throwIfAborted();
    const latest = (await client.getBlockNumber({ cacheTime: 0 })) - BigInt(confirmations);
    if (latest >= from) {
      // The id is the first indexed argument of all events of a request: one query for all kinds.
      const range = { fromBlock: numberToHex(from), toBlock: numberToHex(latest) };
      const logs = await client.request({ method: 'eth_getLogs', params: [{ address: market, topics: [null, id], ...range }] });
      yield* parseEventLogs({ abi: marketAbi, logs: logs.map((log) => formatLog(log)) });
      from = latest + 1n;
    }
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
    signal?.addEventListener('abort', abort, { once: true });
  });
}
