/** Where the events of a request begin. */
import { type Hex, encodeEventTopics, formatLog, isAddressEqual, parseEventLogs } from 'viem';

import { marketAbi } from './abi.js';
import type { Asked } from './asked.js';
import { Logs } from './logs.js';
import type { Market } from './market.js';

/**
 * A block that none of a request's events is older than: the one that its text names, or the chain's first where the request was opened and that is not found from there on. No id covers
 * the block in the text: with one that is too late the output, or the whole answer, would be missed.
 */
export async function beginOf(market: Market, { id, fromBlock }: Pick<Asked, 'id' | 'fromBlock'>): Promise<bigint> {
  const latest = await market.client.getBlockNumber({ cacheTime: 0 });
  const { status } = await market.status(id);
  // What is not open yet will be opened in a later block than the latest.
  if (status === 'none') return fromBlock < latest ? fromBlock : latest;
  const topics = encodeEventTopics({ abi: marketAbi, eventName: 'RequestOpened', args: { requestId: id } }) as Hex[];
  for await (const page of new Logs(market.client, { address: market.market, topics }).between(fromBlock, latest)) {
    const opened = parseEventLogs({ abi: marketAbi, eventName: 'RequestOpened', logs: page.map((log) => formatLog(log)) });
    if (opened.some(({ address, args }) => isAddressEqual(address, market.market) && args.requestId === id)) return fromBlock;
  }
  return 0n;
}
