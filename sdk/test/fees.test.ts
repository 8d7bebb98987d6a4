/** What a transaction costs is bounded here, whatever a node says of gas and its price. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { type Connecting, MAX_COST, MAX_TIP, Market, Models } from '@assay/sdk';
import { createWalletClient, numberToHex, parseGwei } from 'viem';
import { foundry } from 'viem/chains';

import { PEOPLE } from '../examples/deploy.js';
import { FEE, type Node, type Scene, startScene, through, transportOf } from './scene.js';

let scene: Scene;

before(async () => {
  scene = await startScene();
});

after(() => scene?.stop());

/** A node that says this in answer to one method. */
const saying = (said: string, result: (honest: unknown) => unknown): Node => async (method, _, go) => (method === said ? result(await go()) : go());
const as = (node: Node, options?: Connecting) => through(scene.chain, scene.address, node, 'client', options);
const greedy = saying('eth_maxPriorityFeePerGas', () => numberToHex(parseGwei('100000')));

/** The tip that a mined transaction paid for a unit of gas. */
async function tipOf({ effectiveGasPrice, blockNumber }: { effectiveGasPrice: bigint; blockNumber: bigint }): Promise<bigint> {
  const { baseFeePerGas } = await scene.chain.client.getBlock({ blockNumber });
  return effectiveGasPrice - (baseFeePerGas as bigint);
}

test('a tip is what the node suggests, and never more than the bound', async () => {
  assert.equal(await tipOf(await (await as(greedy)).deposit(FEE)), MAX_TIP);
  assert.equal(await tipOf(await (await as(greedy, { maxTip: 7n })).deposit(FEE)), 7n);
  assert.equal(await tipOf(await (await as(saying('eth_maxPriorityFeePerGas', () => '0x5'))).deposit(FEE)), 5n);
  // A base fee that the node exaggerates is not paid.
  const exaggerated = saying('eth_getBlockByNumber', (block) => ({ ...(block as object), baseFeePerGas: numberToHex(parseGwei('1000')) }));
  assert.ok((await tipOf(await (await as(exaggerated)).deposit(FEE))) <= MAX_TIP);
  // Registry and router are sent to by the same way.
  const { client } = await as(greedy);
  const receipt = await new Models(client, scene.client, scene.chain.wallet(PEOPLE.admin), { maxTip: 9n }).propose(scene.client.registry);
  assert.equal(await tipOf(receipt), 9n);
});

test('a transaction has a fifth more gas than the node estimates, and no more than any may have', async () => {
  const limit = async (estimate: number) => {
    const { transactionHash: hash } = await (await as(saying('eth_estimateGas', () => numberToHex(estimate)))).deposit(FEE);
    return (await scene.chain.client.getTransaction({ hash })).gas;
  };
  assert.equal(await limit(200_004), 240_004n);
  assert.equal(await limit(16_000_000), 1n << 24n);
  // What a transaction may cost counts the fifth too.
  const { baseFeePerGas } = await scene.chain.client.getBlock();
  const maxCost = 220_000n * (2n * (baseFeePerGas as bigint) + 5n);
  const estimating: Node = async (method, params, go) => (method === 'eth_maxPriorityFeePerGas' ? '0x5' : saying('eth_estimateGas', () => numberToHex(200_000))(method, params, go));
  await assert.rejects((await as(estimating, { maxCost })).deposit(FEE), /fund could cost [0-9.]+ ether for 240000 gas/);
});

test('a node is not asked to fill in a transaction, and a price that it changed is not signed', async () => {
  const asked: string[] = [];
  const filling: Node = async (method, params, go) => {
    asked.push(method);
    if (method !== 'eth_fillTransaction') return go();
    const [transaction] = params as [object];
    return { raw: '0x', tx: { ...transaction, gas: '0x100000', maxFeePerGas: numberToHex(10n ** 15n), maxPriorityFeePerGas: numberToHex(10n ** 15n), nonce: '0x0', type: '0x2' } };
  };
  assert.ok((await tipOf(await (await as(filling)).deposit(FEE))) <= MAX_TIP);
  assert.ok(asked.includes('eth_sendRawTransaction') && !asked.includes('eth_fillTransaction'));
  // A wallet's client that prepares otherwise.
  const { chain } = scene;
  const meddling = { ...foundry, prepareTransactionRequest: async (request: object) => ({ ...request, maxPriorityFeePerGas: parseGwei('1000'), maxFeePerGas: parseGwei('2000') }) };
  const wallet = createWalletClient({ chain: meddling as unknown as typeof foundry, transport: transportOf(chain.url, filling), account: chain.wallet(PEOPLE.client).account });
  const market = await Market.connect(chain.client, scene.address, wallet);
  await assert.rejects(market.deposit(FEE), /changed maxFeePerGas of the transaction to 2000000000000, expected \d+\. Nothing was sent/);
});

test('a wallet that signs by itself is told the price too', async () => {
  const prices: Record<string, unknown>[] = [];
  const node: Node = async (method, params, go) => {
    if (method === 'eth_sendTransaction') prices.push(params[0] as Record<string, unknown>);
    return greedy(method, params, go);
  };
  const wallet = createWalletClient({ transport: transportOf(scene.chain.url, node), account: scene.client.account });
  const market = await Market.connect((await as(node)).client, scene.address, wallet);
  assert.equal(await tipOf(await market.deposit(FEE)), MAX_TIP);
  const [{ maxPriorityFeePerGas, maxFeePerGas, gas } = {}] = prices;
  assert.equal(maxPriorityFeePerGas, numberToHex(MAX_TIP));
  assert.ok(BigInt(maxFeePerGas as string) * BigInt(gas as string) <= MAX_COST);
});

test('a transaction that may cost more than the bound is not sent', async () => {
  const count = () => scene.chain.client.getTransactionCount({ address: scene.client.account });
  const before = await count();
  const refused = async (node: Node, options?: Connecting) =>
    assert.rejects((await as(node, options)).deposit(FEE), /fund could cost [0-9.]+ ether for \d+ gas at [0-9.]+ gwei by the node's word, expected [0-9.]+ at most: .* Nothing was sent/);
  await refused(saying('eth_getBlockByNumber', (block) => ({ ...(block as object), baseFeePerGas: numberToHex(10n ** 15n) })));
  await refused(saying('eth_estimateGas', () => numberToHex(10n ** 12n)));
  await refused(async (_method, _params, go) => go(), { maxCost: 1_000n });
  const baseless = saying('eth_getBlockByNumber', (block) => ({ ...(block as object), baseFeePerGas: null }));
  await assert.rejects((await as(baseless)).deposit(FEE), /names no base fee/);
  assert.equal(await count(), before);
});
