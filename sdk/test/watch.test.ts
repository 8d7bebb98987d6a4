/** A watch misses nothing: short ranges, nodes that lag, reorganisations, ends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { type Market, Models, NoAnswer, type RequestEvent, type Watch, watch } from '@assay/sdk';
import { HttpRequestError, RpcRequestError, createPublicClient } from 'viem';
import { foundry } from 'viem/chains';

import { DAY, type Node, OUTPUT, type Scene, answered, assayOf, mining, prepare, startScene, transportOf } from './scene.js';

let scene: Scene;

before(async () => {
  scene = await startScene();
});

after(() => scene?.stop());

/** Some events of a request, in the order in which they were told. */
async function told(
  count: number,
  { client, market }: Pick<Market, 'client' | 'market'>,
  what: Pick<Watch, 'id' | 'fromBlock'> & Partial<Watch>,
  events: RequestEvent[] = [],
): Promise<RequestEvent[]> {
  for await (const event of watch({ client, market, signal: AbortSignal.timeout(10_000), ...what })) if (events.push(event) === count) break;
  return events;
}

type Range = [{ fromBlock: `0x${string}`; toBlock: `0x${string}` }];

/** Refuses wider ranges than so many blocks, as public nodes do, and counts the queries. */
function narrow(most: number, queries: number[]): Node {
  return async (method, params, go) => {
    if (method !== 'eth_getLogs') return go();
    const [{ fromBlock, toBlock }] = params as Range;
    const blocks = Number(toBlock) - Number(fromBlock) + 1;
    queries.push(blocks);
    if (blocks <= most) return go();
    const error = { code: -32_600, message: `you can make eth_getLogs requests with up to a ${most} block range` };
    throw new RpcRequestError({ body: {}, error, url: 'http://node' });
  };
}

test('a node that takes short ranges only is asked in short ranges', async () => {
  const { chain, prover } = scene;
  const pending = await prepare(scene);
  await pending.open();
  await chain.test.mine({ blocks: 150 });
  await prover.lock(pending.request, answered(pending.request, prover).output);
  await chain.test.mine({ blocks: 150 });
  await prover.fulfil(answered(pending.request, prover));
  const queries: number[] = [];
  const market = await scene.through(narrow(10, queries));
  const events = await told(4, market, pending);
  assert.deepEqual(events.map(({ eventName }) => eventName), ['RequestOpened', 'RequestLocked', 'RequestProved', 'RequestSettled']);
  const refused = queries.filter((blocks) => blocks > 10).length;
  assert.ok(refused > 0 && refused < 8, `${refused} queries were refused`);
  assert.deepEqual((await assayOf(market).answerOf(pending, scene.model)).output, OUTPUT);

  const before = queries.length;
  const registration = await new Models(market.client, market).registrationOf(scene.model.id);
  assert.equal(registration.inputWords, 3);
  assert.ok(queries.length > before);
});

test('events of other contracts and of other requests are not told, though a node tells them', async () => {
  const { chain, rival, model } = scene;
  const [pending, other] = [await prepare(scene), await prepare(scene)];
  await pending.open();
  await other.open();
  await rival.fulfil(answered(other.request, rival));
  // It answers every question about logs with all that there are, and with those of the other request in the name of another contract.
  const lying = await scene.through(async (method, params, go) => {
    if (method !== 'eth_getLogs') return go();
    const [{ fromBlock, toBlock }] = params as Range;
    const all = (await chain.client.request({ method: 'eth_getLogs', params: [{ fromBlock, toBlock }] })) as { topics: string[] }[];
    const elsewhere = all.map((log) => ({ ...log, address: rival.account, topics: [log.topics[0], pending.id, ...log.topics.slice(2)] }));
    return [...elsewhere, ...all];
  });
  const seen: RequestEvent[] = [];
  const { timestamp } = await chain.client.getBlock();
  await chain.pass(60);
  for await (const event of watch({ client: lying.client, market: lying.market, ...pending, until: Number(timestamp) })) seen.push(event);
  assert.deepEqual(seen.map(({ eventName, address }) => [eventName, address.toLowerCase()]), [['RequestOpened', scene.address.toLowerCase()]]);
  assert.equal((await new Models(lying.client, lying).registrationOf(model.id)).inputWords, 3);
  await assert.rejects(new Models(lying.client, lying).registrationOf(pending.id), /no model 0x[0-9a-f]{64} is registered/);
});

test('a registration that a node has made up is none', async () => {
  const { client, model } = scene;
  const { keyDigest } = await new Models(client.client, client).registrationOf(model.id);
  const lying = await scene.through(async (method, _, go) => {
    const answer = await go();
    return method === 'eth_getLogs' ? JSON.parse(JSON.stringify(answer).replaceAll(keyDigest.slice(2), 'ab'.repeat(32))) : answer;
  });
  await assert.rejects(new Models(lying.client, lying).registrationOf(model.id), /no model 0x[0-9a-f]{64} is registered/);
});

test('a node that is not there is asked once', async () => {
  let queries = 0;
  const market = await scene.through(async (method, _, go) => {
    if (method !== 'eth_getLogs') return go();
    queries += 1;
    throw new HttpRequestError({ url: 'http://node', details: 'fetch failed' });
  });
  const { id } = await prepare(scene);
  await assert.rejects(told(1, market, { id, fromBlock: 0n }), /fetch failed/);
  assert.equal(queries, 1);
  const one: Node = async (method, params, go) => (method === 'eth_getLogs' ? narrow(0, [])(method, params, go) : go());
  await assert.rejects(told(1, await scene.through(one), { id, fromBlock: 0n }), /0 block range/);
});

test('events of a block that a node knows later than its number are told', async () => {
  const { chain } = scene;
  let behind = true;
  // It answers from a machine that has not seen the last blocks.
  const market = await scene.through(async (method, _, go) => (method === 'eth_getLogs' && behind ? [] : go()));
  const pending = await prepare(scene);
  await pending.open();
  const events = told(1, market, pending);
  await chain.test.mine({ blocks: 20 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  behind = false;
  await chain.test.mine({ blocks: 1 });
  assert.deepEqual((await events).map(({ eventName }) => eventName), ['RequestOpened']);
});

test('an event that a reorganisation brings into a block looked at before is told; one that it moves, from both', async () => {
  const { chain, client } = scene;
  const [one, other] = [await prepare(scene), await prepare(scene)];
  const forked = await chain.test.snapshot();
  await one.open();
  await chain.test.mine({ blocks: 5 });
  const seen: RequestEvent[] = [];
  const moved = told(2, client, { id: one.id, fromBlock: one.fromBlock }, seen);
  const brought = told(1, client, { id: other.id, fromBlock: one.fromBlock });
  for (let i = 0; i < 200 && seen.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  await chain.test.revert({ id: forked });
  // The new branch has another block 1, both requests in it, and becomes longer.
  await chain.test.mine({ blocks: 1 });
  await other.open();
  await one.open();
  await chain.test.mine({ blocks: 10 });
  const [first, again] = await moved;
  assert.ok(first && again && first.eventName === 'RequestOpened' && again.eventName === 'RequestOpened');
  assert.notEqual(first.blockHash, again.blockHash);
  assert.deepEqual((await brought).map(({ eventName }) => eventName), ['RequestOpened']);
});

test('with confirmations, what a reorganisation took back was never told', async () => {
  const { chain, client } = scene;
  const pending = await prepare(scene);
  const forked = await chain.test.snapshot();
  await pending.open();
  const events = told(1, client, { ...pending, confirmations: 3 });
  await chain.test.mine({ blocks: 2 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await chain.test.revert({ id: forked });
  await chain.test.mine({ blocks: 1 });
  const receipt = await pending.open();
  await chain.test.mine({ blocks: 4 });
  assert.equal((await events)[0]?.blockHash, receipt?.blockHash);
});

/** A node of a chain that is no development chain, whose last final block is the test's to say. */
function chainOne(finalized: (go: () => Promise<unknown>) => Promise<unknown>): Node {
  return async (method, params, go) => {
    if (method === 'eth_chainId') return '0x1';
    if (method === 'eth_getBlockByNumber' && params[0] === 'finalized') return finalized(go);
    return go();
  };
}

test('an answer counts when the chain calls its block final, and not before', async () => {
  const { chain, prover, model } = scene;
  const pending = await prepare(scene);
  await pending.open();
  const { blockNumber } = await prover.fulfil(answered(pending.request, prover));
  // anvil calls final what 64 blocks are on top of.
  const finalized = async () => (await chain.client.getBlock({ blockTag: 'finalized' })).number;
  await chain.test.mine({ blocks: 60 });
  assert.ok((await finalized()) < blockNumber, 'the answer is not final yet');
  const seen: RequestEvent[] = [];
  const market = await scene.through(chainOne((go) => go()));
  const waiting = told(3, market, pending, seen);
  const answer = assayOf(market).answerOf(pending, model);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(seen.length, 0, 'nothing is told of blocks that are not final');
  while ((await finalized()) < blockNumber) await chain.test.mine({ blocks: 1 });
  assert.deepEqual((await waiting).map(({ eventName }) => eventName), ['RequestOpened', 'RequestProved', 'RequestSettled']);
  assert.deepEqual((await answer).output, OUTPUT);
  // Who names a number of blocks does not wait for the chain's word.
  const other = await prepare(scene);
  await other.open();
  const impatient = await scene.through(chainOne(() => assert.fail('nobody needs to ask')));
  assert.deepEqual((await told(1, impatient, { ...other, confirmations: 0 })).map(({ eventName }) => eventName), ['RequestOpened']);
});

test('a node that has no final block is taken at 64 blocks\' depth; one that does not answer is not', async () => {
  const { chain } = scene;
  const refusals = [
    async () => null,
    async () => { throw new RpcRequestError({ body: {}, error: { code: -32_602, message: 'invalid block tag' }, url: 'http://node' }); },
    async () => { throw new RpcRequestError({ body: {}, error: { code: -39_001, message: 'finalized block not found' }, url: 'http://node' }); },
  ];
  for (const refuse of refusals) {
    const pending = await prepare(scene);
    const opened = (await pending.open())?.blockNumber as bigint;
    const market = await scene.through(chainOne(refuse));
    const seen: RequestEvent[] = [];
    const waiting = told(1, market, pending, seen);
    await chain.test.mine({ blocks: 63 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(seen.length, 0, '63 blocks are not 64');
    await chain.test.mine({ blocks: 1 });
    assert.equal((await waiting)[0]?.blockNumber, opened);
  }
  const pending = await prepare(scene);
  await pending.open();
  await chain.test.mine({ blocks: 100 });
  const silent = await scene.through(chainOne(async () => {
    throw new HttpRequestError({ url: 'http://node', details: 'fetch failed' });
  }));
  await assert.rejects(told(1, silent, pending), /fetch failed/);
  // A node that has named a final block cannot take its word back.
  let asked = 0;
  const wavering = await scene.through(chainOne((go) => (asked++ === 0 ? go() : Promise.resolve(null))));
  const unopened = await prepare(scene);
  await assert.rejects(told(1, wavering, unopened), { name: 'BlockNotFoundError' });
});

test('a wait ends: by its signal, by the deadline, by a switch to another chain', async () => {
  const { chain, client } = scene;
  const unopened = await prepare(scene);
  const pending = await prepare(scene);
  await pending.open();
  const aborted = AbortSignal.abort(new Error('enough'));
  await assert.rejects(pending.answer({ signal: aborted }), /enough/);
  // Aborted while the node is asked: before the pause, which has no event to wait for any more.
  const stop = new AbortController();
  const slow = createPublicClient({
    chain: foundry, pollingInterval: 3_600_000,
    transport: transportOf(chain.url, async (method, _, go) => {
      if (method === 'eth_getLogs') stop.abort(new Error('late'));
      return go();
    }),
  });
  await assert.rejects(told(2, { client: slow, market: client.market }, { ...pending, signal: stop.signal }), /late/);

  let switched = false;
  const moving = await scene.through(async (method, _, go) => (switched && method === 'eth_chainId' ? '0x1' : go()));
  const moved = assert.rejects(assayOf(moving).answerOf(pending, scene.model), /switched from chain 31337 to 1/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  switched = true;
  await chain.test.mine({ blocks: 1 });
  await moved;

  const ends = [[unopened, 'none', /nothing was paid/], [pending, 'open', /refund it/]] as const;
  const waits = ends.map(([one, status, words]) => assert.rejects(one.answer({ confirmations: 1 }), (error) => {
    assert.ok(error instanceof NoAnswer, String(error));
    assert.deepEqual([error.status, error.asked.id], [status, one.id]);
    assert.match(error.message, words);
    return true;
  }));
  await chain.pass(DAY + 1);
  // A chain goes on: the block that confirms the first one after the deadline comes.
  await mining(chain, Promise.all(waits));
});
