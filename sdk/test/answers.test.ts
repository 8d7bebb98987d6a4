/** Answers without a proof: settled, challenged, drawn, contradicted; who gets which money. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Assay, NoAnswer, type Request, type Terms, bondOf, receiptData, receiptIn } from '@assay/sdk';
import { keccak256, verifyTypedData } from 'viem';

import { blockHeader } from '../src/market/header.js';
import { DAY, FEE, OUTPUT, type Scene, answered, prepare, signed, startScene } from './scene.js';

const PROOF_FEE = FEE / 2n;

let scene: Scene;

before(async () => {
  scene = await startScene();
});

after(() => scene?.stop());

/** A request for a prover's signed answer, opened and answered. */
async function answer(terms: Partial<Terms>, output = OUTPUT) {
  const { client, model, prover } = scene;
  const { input } = await prepare(scene);
  const asked = await client.prepare({ modelId: model.id, input, feeCeiling: FEE, prover: prover.account, ...terms });
  await client.open(asked.request);
  const receipt = await signed(scene, asked.request, output);
  const { transactionHash } = await client.answer(asked.request, receipt);
  return { asked, request: asked.request, receipt, transactionHash };
}

/** What a call adds to accounts' credits: the client's, the prover's and the rival's, by call. */
async function credited(call: () => Promise<unknown>): Promise<bigint[]> {
  const markets = [scene.client, scene.prover, scene.rival];
  const credits = () => Promise.all(markets.map((market) => market.creditOf(market.account)));
  const before = await credits();
  await call();
  return (await credits()).map((credit, i) => credit - (before[i] as bigint));
}

const status = async (request: Request) => (await scene.client.status(scene.client.idOf(request))).status;
const share = (FEE * 7n) / 10n;

test('an answer with a receipt is settled once its window is closed, and the client has it', async () => {
  const { client, rival, chain } = scene;
  const { asked, request, receipt } = await answer({ tier: 'receipt' });
  const { signer, signature } = receipt;
  assert.ok(await verifyTypedData({ ...receiptData(request, receipt, client), address: signer, signature }));
  assert.ok(!(await verifyTypedData({ ...receiptData(request, { ...receipt, output: [1n] }, client), address: signer, signature })));
  await assert.rejects(rival.settle(request), { error: 'TooEarly' });
  await assert.rejects(rival.challenge(request), { error: 'WrongTerms' });
  await chain.pass(DAY + 1);
  assert.deepEqual(await credited(() => rival.settle(request)), [0n, share, 0n]);
  const { output, proved, checkedHere } = await new Assay(client).answerOf(asked, { ...scene.model, key: new Uint8Array(1) });
  assert.deepEqual({ output, proved, checkedHere }, { output: OUTPUT, proved: false, checkedHere: false });
});

test('a challenge is paid for once: to the prover that brings the proof', async () => {
  const { rival, prover } = scene;
  const { request } = await answer({ tier: 'challenged', proofFee: PROOF_FEE });
  const before = await scene.balance();
  await rival.challenge(request);
  await assert.rejects(rival.challenge(request), { error: 'WrongStatus' });
  assert.equal((await scene.balance()) - before, PROOF_FEE);
  assert.equal(await status(request), 'proving');
  await assert.rejects(rival.slashUnproved(request), { error: 'TooEarly' });
  assert.deepEqual(await credited(() => prover.fulfil(answered(request, prover))), [0n, share + PROOF_FEE, 0n]);
});

test('a challenged answer whose proof does not come: everybody has his own back, and the challenger a bounty', async () => {
  const { client, rival, chain } = scene;
  const { asked, request } = await answer({ tier: 'challenged', proofFee: PROOF_FEE, loss: FEE });
  await rival.challenge(request);
  const waiting = assert.rejects(new Assay(client).answerOf(asked, scene.model), (error) => error instanceof NoAnswer && error.status === 'slashed');
  await chain.pass(DAY + 1);
  await assert.rejects(client.refund(request), { error: 'WrongStatus' });
  await assert.rejects(client.settle(request), { error: 'WrongStatus' });
  const gained = await credited(() => client.slashUnproved(request));
  assert.deepEqual(gained, [2n * FEE, 0n, PROOF_FEE + bondOf(request) / 10n]);
  await waiting;
});

test('a sampled answer is drawn by the block header that the node describes', async () => {
  const { client, rival, chain } = scene;
  const always = await answer({ tier: 'sampled', sampleRate: 10_000 });
  const hardly = await answer({ tier: 'sampled', sampleRate: 500 });
  await assert.rejects(client.draw(always.request), { error: 'TooEarly' });
  await chain.test.mine({ blocks: 65 });
  const { beaconBlock, drawn } = await client.status(client.idOf(always.request));
  assert.equal(drawn, false);
  const header = await blockHeader(chain.client, BigInt(beaconBlock));
  assert.equal(keccak256(header), (await chain.client.getBlock({ blockNumber: BigInt(beaconBlock) })).hash);
  await assert.rejects(client.draw(always.request, '0xc0'), { error: 'WrongHeader' });
  assert.equal(await rival.draw(always.request), true);
  assert.equal(await status(always.request), 'proving');
  await assert.rejects(rival.draw(always.request), { error: 'WrongStatus' });

  await chain.pass(DAY + 1);
  await assert.rejects(rival.settle(hardly.request), { error: 'NotDrawn' });
  const selected = await rival.draw(hardly.request);
  assert.equal(await status(hardly.request), selected ? 'proving' : 'answered');
  if (selected) return;
  assert.equal((await client.status(client.idOf(hardly.request))).drawn, true);
  assert.deepEqual(await credited(() => rival.settle(hardly.request)), [0n, share, 0n]);
});

test('a receipt found on the chain is contradicted by a proof of another output', async () => {
  const { client, rival } = scene;
  const { asked, request, receipt, transactionHash } = await answer({ tier: 'receipt', loss: FEE }, OUTPUT.map((value) => -value));
  const found = await receiptIn(client, transactionHash, asked.id);
  assert.deepEqual(found, receipt);
  await assert.rejects(receiptIn(client, transactionHash, `0x${'00'.repeat(32)}`), /holds no receipt/);
  const evidence = { ...answered(request, rival), requestId: asked.id };
  await assert.rejects(client.contradict(request, found, { ...evidence, output: found.output }), { error: 'SameOutput' });
  await assert.rejects(client.contradict(request, found, { ...evidence, input: [0n, 0n, 0n] }), { error: 'WrongInput' });
  const gained = await credited(() => client.contradict(request, found, evidence));
  assert.deepEqual(gained, [2n * FEE, 0n, bondOf(request) / 10n]);
  assert.equal(await status(request), 'slashed');
  await assert.rejects(client.contradict(request, found, evidence), { error: 'Contradicted' });
});

test('nobody answered: the client has its money back', async () => {
  const { client, rival, model, prover, chain } = scene;
  const { input } = await prepare(scene);
  const { request } = await client.prepare({ modelId: model.id, input, feeCeiling: FEE, tier: 'challenged', proofFee: PROOF_FEE, prover: prover.account });
  await client.open(request);
  await chain.pass(DAY + 1);
  assert.deepEqual(await credited(() => rival.refund(request)), [FEE, 0n, 0n]);
});
