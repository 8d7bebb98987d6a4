/**
 * A client's process that dies while it opens a request; `opening.test.ts` runs it.
 *
 *     node dying.js URL MARKET MODEL_ID FILE before|after
 */
import { writeFileSync } from 'node:fs';

import { Market } from '@assay/sdk';
import { type Address, type Hex, createPublicClient, createWalletClient } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

import { PEOPLE } from '../examples/deploy.js';
import { FEE, INPUT, TENSORS, assayOf, transportOf } from './scene.js';

const [url, address, id, file, when] = process.argv.slice(2) as [string, Address, Hex, string, 'before' | 'after'];
const transport = transportOf(url, async (method, _, go) => {
  if (method !== 'eth_sendRawTransaction') return go();
  if (when === 'after') await go();
  process.exit(9);
});
const options = { chain: foundry, transport, pollingInterval: 20 } as const;
const account = mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: PEOPLE.client });
const market = await Market.connect(createPublicClient(options), address, createWalletClient({ ...options, account }));
const pending = await assayOf(market).prepare({ model: { id, ...TENSORS }, input: INPUT, feeCeiling: FEE });
writeFileSync(file, JSON.stringify(pending));
await pending.open();
