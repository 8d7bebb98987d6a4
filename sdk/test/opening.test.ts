/** A request is paid for once, and its money is never out of reach: whatever happens to the node, the wallet or the process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
  type Kept, Market, MarketError, NoAnswer, type Pending, type Sent, SentError, type Terms, requestFromJson, requestToJson,
} from '@assay/sdk';
import { type Hex, TimeoutError, createWalletClient, numberToHex, parseEther } from 'viem';
import { foundry } from 'viem/chains';

import { PEOPLE } from '../examples/deploy.js';
import { DAY, FEE, INPUT, type Node, OUTPUT, type Scene, answered, assayOf, mining, prepare, startScene, together, transportOf } from './scene.js';

let scene: Scene;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  scene = await startScene();
});

after(() => {
  scene?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

const timeout = () => new TimeoutError({ body: {}, url: 'http://node' });

/** A node that fails from the moment of sending on: it took the transaction, or did not. */
function failing({ took, later }: { took: boolean; later: (method: string) => boolean }): Node {
  let sent = false;
  return async (method, _, go) => {
    if (method === 'eth_sendRawTransaction') {
      sent = true;
      if (took) await go();
      throw timeout();
    }
    if (sent && later(method)) throw timeout();
    return go();
  };
}

/** Ends one escrow: refunded after its deadline, and not twice. */
async function refundedOnce({ id, request }: Pick<Pending, 'id' | 'request'>): Promise<void> {
  assert.equal(await scene.timesOpened(id), 1);
  await scene.chain.pass(DAY + 1);
  const before = await scene.client.creditOf(scene.client.account);
  await scene.rival.refund(request);
  await assert.rejects(scene.rival.refund(request), { error: 'WrongStatus' });
  assert.equal((await scene.client.creditOf(scene.client.account)) - before, FEE);
}

/** Until so many transactions wait for a block. */
async function waiting(count: number): Promise<void> {
  for (let i = 0; (await scene.chain.test.getTxpoolStatus()).pending < count; i++) {
    assert.ok(i < 500, `expected ${count} transactions to wait`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function thrownBy(call: Promise<unknown>): Promise<Sent> {
  const error = await call.then(() => assert.fail('expected an error'), (thrown: unknown) => thrown);
  assert.ok(error instanceof SentError, String(error));
  return error.sent;
}

test('an answer of the node that is lost is not missed where the transaction is known', async () => {
  const before = await scene.balance();
  const market = await scene.through(failing({ took: true, later: () => false }));
  const pending = await prepare({ ...scene, client: market });
  assert.equal((await pending.open())?.status, 'success');
  assert.equal((await scene.balance()) - before, FEE);
  await refundedOnce(pending);
});

test('after a node failed, the error has all that it takes to open once and to be refunded once', async () => {
  for (const [what, node] of [
    ['took it and left', failing({ took: true, later: () => true })],
    ['took it and knows no receipts', failing({ took: true, later: (method) => method.startsWith('eth_getTransactionReceipt') || method === 'eth_call' })],
    ['never got it', failing({ took: false, later: () => false })],
  ] as const) {
    const before = await scene.balance();
    const pending = await prepare({ ...scene, client: await scene.through(node) });
    const { transaction, id, request } = await thrownBy(pending.open());
    assert.deepEqual([id, request], [pending.id, pending.request], what);
    const known = await scene.chain.client.getTransaction({ hash: transaction as Hex }).then(() => true, () => false);
    assert.equal(known, what !== 'never got it', what);

    assert.ok(request);
    assert.equal(await scene.client.open(request) === undefined, known, what);
    assert.equal(await scene.client.open(request), undefined, what);
    assert.equal((await scene.balance()) - before, FEE, what);
    await refundedOnce(pending);
  }
});

test('a process that dies while it opens goes on from what it kept: opened once, then refunded or settled once', async () => {
  for (const [when, end] of [['before', 'settled'], ['after', 'settled'], ['after', 'refunded']] as const) {
    const before = await scene.balance();
    const file = join(folder, `${when}-${end}.json`);
    const dying = fileURLToPath(new URL('dying.js', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [dying, scene.chain.url, scene.address, scene.model.id, file, when], { encoding: 'utf8' });
    assert.equal(status, 9, stderr);
    assert.equal((await scene.balance()) - before, when === 'after' ? FEE : 0n);

    const pending = await assayOf(scene.client).resume(readFileSync(file, 'utf8'), scene.model, { feeCeiling: FEE });
    assert.equal(await pending.open() === undefined, when === 'after');
    assert.equal(await pending.open(), undefined);
    assert.equal((await scene.balance()) - before, FEE);
    if (end === 'refunded') {
      await refundedOnce(pending);
      await assert.rejects(pending.answer(), (error) => error instanceof NoAnswer && error.status === 'refunded');
      continue;
    }
    assert.equal(await scene.timesOpened(pending.id), 1);
    await scene.prover.fulfil(answered(pending.request, scene.prover));
    const { output, price } = await pending.answer();
    assert.deepEqual([output, price], [OUTPUT, FEE]);
    await assert.rejects(scene.prover.fulfil(answered(pending.request, scene.prover)), { error: 'Refused' });
    assert.equal(await pending.open(), undefined, 'a settled request is not opened again');
  }
});

test('a request whose transaction still waits is not paid for twice', async () => {
  const { chain } = scene;
  const before = await scene.balance();
  const pending = await prepare(scene);
  const resumed = await assayOf(scene.client).resume(JSON.stringify(pending), scene.model, { feeCeiling: FEE });
  await chain.test.setAutomine(false);
  const opened = [pending.open()];
  try {
    await waiting(1);
    opened.push(resumed.open());
    // Some nodes count with what waits and refuse the second, others take it and it fails.
    await new Promise((resolve) => setTimeout(resolve, 500));
  } finally {
    await chain.test.mine({ blocks: 1 });
    await chain.test.setAutomine(true);
  }
  assert.equal((await mining(chain, Promise.all(opened))).filter((receipt) => receipt !== undefined).length, 1);
  assert.equal((await scene.balance()) - before, FEE);
  await refundedOnce(pending);
});

test('what a contract refuses after sending says what was sent', async () => {
  const { chain, prover } = scene;
  const gate = together(2);
  const provers = [await scene.through(gate, 'prover'), await scene.through(gate, 'rival')];
  const pending = await prepare(scene);
  await pending.open();
  await chain.test.setAutomine(false);
  const race = Promise.allSettled(provers.map((by) => by.fulfil(answered(pending.request, by))));
  try {
    await waiting(2);
  } finally {
    await chain.test.mine({ blocks: 1 });
    await chain.test.setAutomine(true);
  }
  const lost = (await mining(chain, race)).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as MarketError] : []));
  assert.equal(lost.length, 1);
  assert.ok(lost[0] instanceof MarketError, String(lost[0]));
  const { id, request, transaction } = lost[0].sent ?? {};
  assert.deepEqual([id, request], [pending.id, pending.request]);
  const receipt = await chain.client.getTransactionReceipt({ hash: transaction as Hex });
  assert.equal(receipt.status, 'reverted');
  const simulated = await prover.refund(pending.request).catch((error: MarketError) => error);
  assert.ok(simulated instanceof MarketError && simulated.sent === undefined, 'nothing was sent');
});

test('a call that the wallet replaced by another did not happen', async () => {
  const { chain, client } = scene;
  const wallet = chain.wallet(PEOPLE.client);
  const nonce = await chain.client.getTransactionCount({ address: client.account });
  await chain.test.setAutomine(false);
  try {
    const sent = thrownBy(client.deposit(FEE));
    await waiting(1);
    // viem compares with the transaction that it saw waiting.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await wallet.sendTransaction({ to: client.account, value: 0n, nonce, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 11n });
    await chain.test.mine({ blocks: 1 });
    assert.match((await mining(chain, sent)).transaction ?? '', /^0x/);
  } finally {
    await chain.test.setAutomine(true);
  }
  assert.equal((await client.accountOf('deposit', client.account)).free, 0n);
});

test('whoever opens another\'s request does not pay for it', async () => {
  const { client, prover } = scene;
  const { request, id } = await prepare(scene);
  const signature = await client.sign(request);
  await assert.rejects(prover.open(request, { signature }), { error: 'WrongEther' });
  await client.deposit(FEE);
  await prover.open(request, { signature });
  assert.equal((await client.accountOf('deposit', client.account)).free, 0n);
  assert.equal(await prover.open(request, { signature }), undefined);
  await refundedOnce({ id, request });
});

test('nothing is sent where client, wallet and market are not on one chain', async () => {
  const { chain } = scene;
  const before = await chain.client.getTransactionCount({ address: scene.client.account });
  let switched = false;
  const other: Node = async (method, _, go) => (switched && method === 'eth_chainId' ? '0x1' : go());
  const wallet = createWalletClient({ chain: foundry, transport: transportOf(chain.url, other), account: chain.wallet(PEOPLE.client).account });
  const withWallet = await Market.connect(chain.client, scene.address, wallet);
  const withClient = await scene.through(other);
  switched = true;
  await assert.rejects(withWallet.deposit(FEE), /the wallet is on chain 1, expected 31337; switch its network/);
  await assert.rejects(withClient.deposit(FEE), /the client is on chain 1, expected 31337/);
  switched = false;
  const elsewhere = { ...foundry, id: 5, name: 'Elsewhere' };
  const mistaken = createWalletClient({ chain: elsewhere, transport: transportOf(chain.url, other), account: wallet.account });
  const withMistake = await Market.connect(chain.client, scene.address, mistaken);
  await assert.rejects(withMistake.deposit(FEE), /\(Elsewhere\) is on chain 5, expected 31337/);
  assert.equal(await chain.client.getTransactionCount({ address: scene.client.account }), before);
});

test('a wallet that signs by itself: a refusal is one, a silence may be more', async () => {
  const { chain } = scene;
  const of = async (send: () => Promise<unknown>): Promise<Market> => {
    const node: Node = async (method, _, go) => (method === 'eth_sendTransaction' ? send() : go());
      const wallet = createWalletClient({ transport: transportOf(chain.url, node), account: scene.client.account });
    return Market.connect(chain.client, scene.address, wallet);
  };
  const refuse = () => Promise.reject(Object.assign(new Error('no'), { code: 4001 }));
  const pending = await prepare({ ...scene, client: await of(refuse) });
  await assert.rejects(pending.open(), (error) => !(error instanceof SentError) && /reject/i.test(String(error)));
  const silent = await of(() => Promise.reject(timeout()));
  const sent = await thrownBy(silent.open(pending.request));
  assert.deepEqual(sent, { id: pending.id, request: pending.request });
});

test('a kept request is read as it was written, and not when it was changed or is meant for another place', async () => {
  const { client, model } = scene;
  for (const tier of ['receipt', 'sampled', 'challenged', 'proved'] as const) {
    const terms = { tier, loss: 7n, proofFee: 3n, sampleRate: 12, prover: scene.prover.account };
    const { request } = await prepare(scene, terms);
    const one = { ...request, tier };
    const asked = { id: client.idOf(one), request: one, input: answered(one, scene.prover).input, fromBlock: 5n };
    const text = JSON.stringify(requestToJson(asked, client));
    assert.deepEqual(requestFromJson(text, client), asked);
    const file = JSON.parse(text) as { request: Record<string, unknown>; input: string[] };
    for (const [name, value] of Object.entries(file.request)) {
      const other = name === 'tier' ? (value === 'Proved' ? 'Receipt' : 'Proved') : typeof value === 'number' ? value + 1 : flipped(value as string);
      const changed = JSON.stringify({ ...file, request: { ...file.request, [name]: other } });
      assert.throws(() => requestFromJson(changed, client), /it was changed/, name);
      for (const bad of [null, '', 'x', -1, 0.5, {}, [], '0x', '0xg']) {
        const broken = JSON.stringify({ ...file, request: { ...file.request, [name]: bad } });
        assert.throws(() => requestFromJson(broken, client), /no kept request/, `${name}: ${JSON.stringify(bad)}`);
      }
    }
    const input = JSON.stringify({ ...file, input: [flipped(file.input[0] as string), ...file.input.slice(1)] });
    assert.throws(() => requestFromJson(input, client), /has digest/);
    assert.throws(() => requestFromJson(text, { ...client, market: client.market, chainId: 1 }), /expected .* on chain 1/);
    assert.throws(() => requestFromJson(text, { chainId: client.chainId, market: scene.prover.account }), /is for market/);
  }
  const pending = await prepare(scene);
  const other = { ...model, id: `0x${'ab'.repeat(32)}` as Hex };
  await assert.rejects(assayOf(client).resume(JSON.stringify(pending), other, { feeCeiling: FEE }), /is for model/);
  assert.deepEqual(pending.input, answered(pending.request, scene.prover).input);
});

test('a kept request that costs otherwise than is expected is not opened', async () => {
  const { client, model, prover } = scene;
  const assay = assayOf(client);
  const { input } = await prepare(scene);
  const kept = async (terms: Partial<Terms>) => JSON.stringify(requestToJson(await client.prepare({ modelId: model.id, input, feeCeiling: FEE, ...terms }), client));
  await assert.rejects(assay.resume(await kept({ feeCeiling: FEE + 1n }), model, { feeCeiling: FEE }), /the kept request escrows 10000000000000001, expected 10000000000000000 at most: look at who wrote it/);
  const receipt = await kept({ tier: 'receipt', prover: prover.account });
  await assert.rejects(assay.resume(receipt, model, { feeCeiling: FEE }), /the kept request is of tier receipt, expected proved/);
  assert.equal((await assay.resume(receipt, model, { feeCeiling: FEE, tier: 'receipt', prover: prover.account })).request.tier, 'receipt');
  await assert.rejects(assay.resume(await kept({ token: prover.account }), model, { feeCeiling: FEE }), /the kept request is paid in 0x[0-9a-fA-F]{40}, expected 0x0{40}/);
  // What `prepare` refuses to pay for is not paid for because it was kept.
  const mainnet = await scene.through(async (method, _, go) => (method === 'eth_chainId' ? '0x1' : go()), 'client', await scene.clock());
  const asked = JSON.stringify(requestToJson(await mainnet.prepare({ modelId: model.id, input, feeCeiling: FEE }), mainnet));
  await assert.rejects(assayOf(mainnet).resume(asked, { ...model, insecure: true }, { feeCeiling: FEE }), /the secret of the SRS .* is published/);
  assert.ok(await assayOf(mainnet).resume(asked, { ...model, insecure: true }, { feeCeiling: FEE, insecure: true }));
});

test('a kept request of another client is not opened, and its refund is not paid for', async () => {
  const { client, rival, model } = scene;
  const { input } = await prepare(scene);
  // A contract of whoever wrote the text may say yes to any signature: the wallet would pay for his request.
  const text = async (whose: Hex) => JSON.stringify(requestToJson(await client.prepare({ modelId: model.id, input, feeCeiling: FEE, client: whose } as Terms), client));
  const others = await text(rival.account);
  await assert.rejects(assayOf(client).resume(others, model, { feeCeiling: FEE }), /the kept request is of client 0x[0-9a-fA-F]{40}, expected 0x[0-9a-fA-F]{40}: look at who wrote it/);
  await assert.rejects(assayOf(client).resume(await text(client.account), model, { feeCeiling: FEE, client: rival.account }), /is of client/);
  assert.equal((await assayOf(client).resume(others, model, { feeCeiling: FEE, client: rival.account })).request.client, rival.account);
});

test('a kept request that names a prover, or asks about another input than is meant, is not opened', async () => {
  const { client, model, prover, rival } = scene;
  const assay = assayOf(client);
  const kept = JSON.stringify(await prepare(scene, { prover: prover.account }));
  await assert.rejects(assay.resume(kept, model, { feeCeiling: FEE }), /the kept request may be answered by 0x[0-9a-fA-F]{40}, expected anybody: look at who wrote it/);
  await assert.rejects(assay.resume(kept, model, { feeCeiling: FEE, prover: rival.account }), /may be answered by 0x[0-9a-fA-F]{40}, expected 0x/);
  assert.equal((await assay.resume(kept, model, { feeCeiling: FEE, prover: prover.account })).request.prover, prover.account);
  const anybodys = JSON.stringify(await prepare(scene));
  await assert.rejects(assay.resume(anybodys, model, { feeCeiling: FEE, prover: prover.account }), /may be answered by anybody, expected 0x/);

  // Whoever writes the text can have it ask about another input, and its id fits.
  const other = INPUT.with(5, 200);
  await assert.rejects(assay.resume(anybodys, model, { feeCeiling: FEE, input: other }), /the kept request asks about an input of digest 0x[0-9a-f]{64}, expected 0x[0-9a-f]{64}/);
  assert.ok(await assay.resume(anybodys, model, { feeCeiling: FEE, input: INPUT }));
  const scaled = { ...model, inputs: [{ type: 'u8', size: 93, shape: [93], scale: 0.5, zeroPoint: 0 }] } as const;
  await assert.rejects(assay.resume(anybodys, scaled, { feeCeiling: FEE, real: other.map((value) => value / 2) }), /asks about an input of digest/);
  assert.ok(await assay.resume(anybodys, scaled, { feeCeiling: FEE, real: INPUT.map((value) => value / 2) }));
  // One that the model cannot take is refused without anything to compare with.
  const short = await client.prepare({ modelId: model.id, input: [1n], feeCeiling: FEE });
  await assert.rejects(assay.resume(JSON.stringify(requestToJson(short, client)), model, { feeCeiling: FEE }), /asks about an input of 1 words, expected the model's 3/);
});

test('a kept request with other terms than are expected is not opened', async () => {
  const { client, model, prover, chain } = scene;
  const assay = assayOf(client);
  const { input } = await prepare(scene);
  const now = Number((await chain.client.getBlock()).timestamp);
  const named = { feeCeiling: FEE, prover: prover.account };
  const text = async (terms: Partial<Terms>) => JSON.stringify(requestToJson(await client.prepare({ modelId: model.id, input, ...named, ...terms }), client));
  const challenged = await text({ tier: 'challenged', proofFee: parseEther('50') });
  const sampled = await text({ tier: 'sampled', sampleRate: 100 });
  const lossless = await text({ loss: FEE / 5n - 1n });
  const late = await text({ deadline: now + 7 * DAY });
  for (const [kept, terms, wrong, words, right] of [
    [challenged, { tier: 'challenged' }, { proofFee: parseEther('50') - 1n }, /the kept request has a challenger pay 50000000000000000000, expected \d+ at most: look at who wrote it/, { proofFee: parseEther('50') }],
    [sampled, { tier: 'sampled' }, { sampleRate: 101 }, /the kept request is sampled at a rate of 100, expected 10\d+ at least/, { sampleRate: 100 }],
    [lossless, {}, { loss: FEE / 5n }, /the kept request states a loss of 1999999999999999, expected 2000000000000000 at least/, { loss: FEE / 5n - 1n }],
    [late, {}, { deadline: now + 7 * DAY - 1 }, /the kept request has the deadline \d+, expected \d+ at the latest/, { deadline: now + 7 * DAY }],
  ] as [string, Partial<Kept>, Partial<Kept>, RegExp, Partial<Kept>][]) {
    await assert.rejects(assay.resume(kept, model, { ...named, ...terms }), words);
    await assert.rejects(assay.resume(kept, model, { ...named, ...terms, ...wrong }), words);
    assert.ok(await assay.resume(kept, model, { ...named, ...terms, ...right }));
  }
  // What `prepare` writes of itself is expected: the loss is of the request's own ceiling, and any rate above the least is better.
  assert.ok(await assay.resume(await text({ feeCeiling: FEE / 2n }), model, named));
  assert.ok(await assay.resume(await text({ tier: 'sampled', sampleRate: 10_000 }), model, { ...named, tier: 'sampled' }));
  // A node that is a few blocks behind the one that `prepare` asked.
  assert.ok(await assay.resume(await text({ deadline: now + DAY + 60 }), model, named));
  // The clock that a deadline is compared with is no node's alone.
  const days = await scene.through(async (method, _, go) => {
    if (method === 'eth_chainId') return '0x1';
    const told = (await go()) as { timestamp: Hex };
    return method === 'eth_getBlockByNumber' ? { ...told, timestamp: numberToHex(Number(told.timestamp) + 6 * DAY) } : told;
  }, 'client', await scene.clock());
  const kept = requestFromJson(late, client);
  const elsewhere = JSON.stringify(requestToJson({ ...kept, id: days.idOf(kept.request) }, days));
  await assert.rejects(assayOf(days).resume(elsewhere, { ...model, insecure: false }, named), /the chain's latest block is of Unix time \d+, this machine's clock says \d+/);
});

test('no request is made by a clock that is far from one\'s own, outside development chains', async () => {
  const { chain } = scene;
  /** A node whose latest block is so many seconds later than the chain's. */
  const lying = (chainId: Hex, seconds: number, now = {}) => scene.through(async (method, _, go) => {
    if (method === 'eth_chainId') return chainId;
    const answer = (await go()) as { timestamp: Hex };
    return method === 'eth_getBlockByNumber' ? { ...answer, timestamp: numberToHex(Number(answer.timestamp) + seconds) } : answer;
  }, 'client', now);
  const own = await scene.clock();
  for (const seconds of [-86_400, -601, 601, 5 * 86_400]) {
    const client = await lying('0x1', seconds, own);
    await assert.rejects(prepare({ ...scene, client }), /the chain's latest block is of Unix time \d+, this machine's clock says \d+: the node is behind or wrong/);
    await assert.rejects(prepare({ ...scene, client }, { deadline: Math.floor(own.now().getTime() / 1000) + DAY }), /Nothing was sent/);
  }
  for (const seconds of [-590, 0, 590]) assert.ok(await prepare({ ...scene, client: await lying('0x1', seconds, own) }));
  // Unless a clock is given it is this machine's, from which the chain's is days away.
  const days = Math.abs(Number((await chain.client.getBlock()).timestamp) - Date.now() / 1000) / DAY;
  assert.ok(days > 1, `${days} days`);
  await assert.rejects(prepare({ ...scene, client: await lying('0x1', 0) }), /this machine's clock says/);
  assert.ok(await prepare({ ...scene, client: await lying('0x7a69', 5 * 86_400) }), 'a development chain\'s clock is moved by hand');
});

/** Hexadecimal with its last digit changed. */
function flipped(hex: string): string {
  return `${hex.slice(0, -1)}${hex.endsWith('1') ? '2' : '1'}`;
}
