/** A watch misses nothing: short ranges, nodes that lag, reorganisations, ends. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Assay, type Market, Models, NoAnswer, type RequestEvent, type Watch, watch } from '@assay/sdk';
import { HttpRequestError, RpcRequestError, createPublicClient } from 'viem';
import { foundry } from 'viem/chains';

import { DAY, type Node, OUTPUT, type Scene, answered, mining, prepare, startScene, transportOf } from './scene.js';

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
  assert.deepEqual((await new Assay(market).answerOf(pending, scene.model)).output, OUTPUT);

  const before = queries.length;
  const registration = await new Models(market.client, market).registrationOf(scene.model.id);
  assert.equal(registration.inputWords, 3);
  assert.ok(queries.length > before);
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
  const moved = assert.rejects(new Assay(moving).answerOf(pending, scene.model), /switched from chain 31337 to 1/);
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
