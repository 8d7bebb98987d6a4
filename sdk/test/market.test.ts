/** The whole market on anvil, with real proofs: who is paid, who is not, and what they are told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
  Assay, type Fulfilment, Market, MarketError, type ModelDescription, Models, NoAnswer, type Pending, type Request, VerifyError, bondOf,
  checkFulfilment, fulfilmentIn, fulfilmentOf, marketAbi, pack, priceAt, readKey, receiptIn, wordCount,
} from '@assay/sdk';
import { type Hex, bytesToHex, parseEther } from 'viem';

import { type Chain, startChain } from '../examples/anvil.js';
import { PEOPLE, SHARES, deployMarket, registerModel } from '../examples/deploy.js';
import { Prover, root } from '../examples/prover.js';
import { mining, signed, through, together } from './scene.js';

const FEE = parseEther('0.01');
const DAY = 86_400;
/** What mnist-mlp takes and gives. */
const TENSORS = { input: { type: 'u8', size: 784 }, output: { type: 'i8', size: 10 } } as const;

let chain: Chain;
let folder: string;
let made: Prover;
let model: ModelDescription;
let input: string;
let pixels: number[];
let client: Market, prover: Market, rival: Market, owner: Market, contributor: Market;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  chain = await startChain();
  made = new Prover(join(root, 'models/zoo/mnist-mlp/mnist-mlp.onnx'), folder);
  pixels = [...readFileSync(join(root, 'models/zoo/digits.u8')).subarray(0, TENSORS.input.size)];
  input = join(folder, 'digit.json');
  writeFileSync(input, JSON.stringify({ input_data: [pixels], quantized: true }));
  const address = await deployMarket(chain);
  const connect = (person: keyof typeof PEOPLE) => Market.connect(chain.client, address, chain.wallet(PEOPLE[person]));
  [client, prover, rival, owner, contributor] = await Promise.all(
    (['client', 'prover', 'rival', 'owner', 'contributor'] as const).map(connect),
  ) as [Market, Market, Market, Market, Market];
  model = await registerModel(chain, prover, made, TENSORS);
  for (const market of [prover, rival]) await market.bond(parseEther('1'));
});

after(() => {
  chain?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

async function ask(terms = {}): Promise<Pending> {
  const pending = await new Assay(client).prepare({ model, input: pixels, feeCeiling: FEE, ...terms });
  await pending.open();
  return pending;
}

/** A true answer that pays a prover. */
function proved({ request }: { request: Request }, by: Market): Fulfilment {
  const proof = made.prove(input, by.contextOf(request, by.account));
  return fulfilmentOf(by, request, by.account, proof, wordCount(model.input));
}

/** Hexadecimal with one digit changed, `fromEnd` bytes before the end. */
function changed(hex: Hex, fromEnd: number): Hex {
  const at = hex.length - 2 * fromEnd - 1;
  return `${hex.slice(0, at)}${hex[at] === '0' ? '1' : '0'}${hex.slice(at + 1)}` as Hex;
}

/** Refused by the contract, by this error, in words that match. */
async function refused(call: Promise<unknown>, error: MarketError['error'], words: RegExp): Promise<void> {
  await assert.rejects(call, (thrown) => {
    assert.ok(thrown instanceof MarketError, String(thrown));
    assert.equal(thrown.error, error, thrown.message);
    assert.match(thrown.message, words);
    return true;
  });
}

test('ids, contexts, prices and bonds are the contract\'s own', async () => {
  const request = await client.build({
    modelId: model.id, input: pack(pixels, model.input), feeFloor: 7n, feeCeiling: FEE, loss: FEE, proofFee: 3n, sampleRate: 2_500,
  });
  const ramp = { ...request, rampStart: request.rampStart + 10, rampEnd: request.rampStart + 4_000 };
  for (const [tier, index] of [['receipt', 0], ['sampled', 1], ['challenged', 2], ['proved', 3]] as const) {
    const one: Request = { ...ramp, tier, prover: prover.account };
    const args = [{ ...one, tier: index }] as const;
    const read = { address: client.market, abi: marketAbi } as const;
    assert.equal(await chain.client.readContract({ ...read, functionName: 'idOf', args }), client.idOf(one));
    const context = await chain.client.readContract({ ...read, functionName: 'contextOf', args: [client.idOf(one), prover.account] });
    assert.equal(context, client.contextOf(one, prover.account));
  }
  const [model_, registration] = await Promise.all([modelsOf().get(model.id), modelsOf().registrationOf(model.id)]);
  assert.deepEqual([model_.inputWords, model_.outputWords, model_.owner], [26, 1, owner.account]);
  assert.equal(registration.keyDigest, `0x${Buffer.from(readKey(made.key).digest).toString('hex')}`);

  const pending = await ask({ feeFloor: FEE / 2n, rampStart: ramp.rampStart, rampEnd: ramp.rampEnd, loss: FEE });
  await chain.pass(1_000);
  const { blockNumber } = await prover.lock(pending.request, [0n]);
  const { timestamp } = await chain.client.getBlock({ blockNumber });
  const job = await client.status(pending.id);
  assert.equal(job.price, priceAt(pending.request, Number(timestamp)));
  assert.ok(job.price > FEE / 2n && job.price < FEE, 'the ramp is under way');
  assert.equal(job.bond, bondOf(pending.request));
  assert.equal(job.bond, 5n * FEE);
});

test('an answer is asked for, locked, proved, checked here and paid for once', async () => {
  const pending = await ask();
  assert.equal((await client.status(pending.id)).status, 'open');
  const answer = pending.answer();
  const truth = proved(pending, prover);
  await prover.lock(pending.request, truth.output);
  assert.equal((await client.status(pending.id)).status, 'locked');
  // A lock excludes others once it has stood for a minute.
  await chain.pass(120);

  await refused(rival.lock(pending.request, truth.output), 'WrongStatus', /is locked/);
  await refused(rival.fulfil(proved(pending, rival)), 'Refused', /another prover has the right/);
  await refused(rival.fulfil({ ...truth, payee: rival.account }), 'Refused', /another prover has the right/);
  // A proof ends with two points of 64 bytes; before them stand its values.
  await refused(prover.fulfil({ ...truth, proof: changed(truth.proof, 0) }), 'NotOnCurve', /proof is damaged/);
  await refused(prover.fulfil({ ...truth, proof: changed(truth.proof, 128) }), 'InvalidProof', /verifier rejects the proof/);
  await refused(prover.fulfil({ ...truth, output: [truth.output[0] as bigint ^ 1n] }), 'Refused', /not the one committed to/);
  await refused(prover.fulfil({ ...truth, input: [...truth.input.slice(1), 0n] }), 'Refused', /input is not the one/);
  assert.equal((await client.status(pending.id)).status, 'locked');

  await prover.fulfil(truth);
  const got = await answer;
  assert.deepEqual({ payee: got.payee, price: got.price, here: got.checkedHere }, { payee: prover.account, price: FEE, here: true });
  assert.equal(got.output.indexOf(Math.max(...got.output)), 6, 'digit 0 is a six');
  const { keyExpected, insecure, ceremony } = got.basis ?? {};
  assert.deepEqual({ keyExpected, insecure, ceremony }, { keyExpected: true, insecure: true, ceremony: undefined });
  await refused(prover.fulfil(truth), 'Refused', /not open any more/);

  const share = (points: number) => (FEE * BigInt(points)) / 10_000n;
  await owner.claim(model.id);
  await owner.claim(model.id, contributor.account);
  for (const [market, points] of [[prover, SHARES.prover], [owner, SHARES.owner], [contributor, SHARES.contributor]] as const) {
    assert.equal(await market.creditOf(market.account), share(points));
    const before = await chain.client.getBalance({ address: market.account });
    const { gasUsed, effectiveGasPrice } = await market.withdraw();
    const gained = (await chain.client.getBalance({ address: market.account })) - before + gasUsed * effectiveGasPrice;
    assert.equal(gained, share(points));
  }
  await refused(prover.withdraw(), 'NothingToWithdraw', /claim first/);
});

test('a client that holds the key does not take the chain\'s word', async () => {
  const pending = await ask();
  const { transactionHash } = await prover.fulfil(proved(pending, prover));
  const found = await fulfilmentIn(client, transactionHash, pending.id);
  const key = readKey(made.key);
  checkFulfilment(client, key, found);
  const other = { ...found, output: [found.output[0] as bigint ^ 1n] };
  assert.throws(() => checkFulfilment(client, key, other), (error) => error instanceof VerifyError && error.rejectsProof);
  assert.throws(() => checkFulfilment(client, key, { ...found, payee: rival.account }), VerifyError);
  assert.throws(() => checkFulfilment(client, key, { ...found, input: found.output }), /expected an input of digest/);
});

test('of two provers in one block one is paid, the other is told why not', async () => {
  const pending = await ask();
  const answers = [proved(pending, prover), proved(pending, rival)] as const;
  const before = await Promise.all([prover, rival].map((market) => market.creditOf(market.account)));
  const gate = together(2);
  const [one, other] = await Promise.all((['prover', 'rival'] as const).map((person) => through(chain, client.market, gate, person))) as [Market, Market];
  await chain.test.setAutomine(false);
  const race = Promise.allSettled([one.fulfil(answers[0]), other.fulfil(answers[1])]);
  try {
    // Both have seen the request open and both transactions wait.
    for (let i = 0; (await chain.test.getTxpoolStatus()).pending < 2; i++) {
      assert.ok(i < 500, 'expected two transactions to wait');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await chain.test.mine({ blocks: 1 });
    await chain.test.setAutomine(true);
  }
  const outcomes = await mining(chain, race);
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(lost[0]?.reason instanceof MarketError, String(lost[0]?.reason));
  assert.match(lost[0].reason.message, /not open any more/);
  const gains = await Promise.all([prover, rival].map(async (market, i) => (await market.creditOf(market.account)) - (before[i] as bigint)));
  assert.deepEqual(gains.sort(), [0n, (FEE * BigInt(SHARES.prover)) / 10_000n].sort());
});

test('after the deadline anyone gives the client its money back', async () => {
  const pending = await ask();
  const answer = assert.rejects(pending.answer(), (error) => error instanceof NoAnswer && error.status === 'open' && /refund it, withdraw/.test(error.message));
  await assert.rejects(pending.answer({ signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' });
  await refused(rival.refund(pending.request), 'TooEarly', /wait/);
  await chain.pass(DAY + 1);
  await answer;
  await refused(prover.fulfil(proved(pending, prover)), 'Refused', /deadline has passed/);
  const before = await client.creditOf(client.account);
  await rival.refund(pending.request);
  assert.equal((await client.creditOf(client.account)) - before, FEE);
  assert.equal((await client.status(pending.id)).status, 'refunded');
  await assert.rejects(pending.answer(), /was refunded/);
});

test('a signed request is paid from the deposit, opened by its prover, and once', async () => {
  await client.deposit(2n * FEE);
  const request = await client.build({ modelId: model.id, input: pack(pixels, model.input), feeCeiling: FEE });
  const signature = await client.sign(request);
  const forged = { ...request, feeCeiling: 2n * FEE };
  await refused(prover.lock(forged, [0n], signature), 'WrongSignature', /sign it again/);
  const truth = proved({ request }, prover);
  await prover.lock(request, truth.output, signature);
  await prover.fulfil(truth);
  assert.equal((await client.accountOf('deposit', client.account)).free, FEE);
  const again = { ...request, deadline: request.deadline + 1 };
  await refused(rival.open(again, { signature: await client.sign(again), from: 'deposit' }), 'NonceUsed', /another/);
  await client.cancelNonce(request.nonce + 1n);
  const cancelled = { ...request, nonce: request.nonce + 1n };
  await refused(client.open(cancelled), 'NonceUsed', /cancelled/);
  await client.giveNotice('deposit', FEE);
  await refused(client.leave('deposit'), 'NoticeNotOver', /notice runs until/);
  await chain.pass(8 * DAY);
  const before = await client.creditOf(client.account);
  await client.leave('deposit');
  assert.equal((await client.creditOf(client.account)) - before, FEE);
});

test('a lying receipt is contradicted by a proof, and not by one of another input', async () => {
  const { output, ...rest } = proved(await ask(), rival);
  const lie = [output[0] as bigint ^ 1n];
  const terms = { modelId: model.id, input: pack(pixels, model.input), feeCeiling: FEE, tier: 'receipt', prover: prover.account } as const;
  const { id, request } = await client.prepare(terms);
  await client.open(request);
  const receipt = await signed({ chain, prover }, request, lie);
  const { transactionHash } = await client.answer(request, receipt);
  assert.deepEqual(await receiptIn(client, transactionHash, id), receipt);
  const evidence = { ...rest, output, requestId: client.idOf(rest.request) };
  await refused(rival.contradict(request, receipt, { ...evidence, output: lie }), 'SameOutput', /nothing to contradict/);
  await refused(rival.contradict(request, receipt, { ...evidence, output: [lie[0] as bigint ^ 2n] }), 'InvalidProof', /verifier rejects/);
  await refused(prover.contradict(request, receipt, { ...evidence, payee: prover.account }), 'InvalidProof', /verifier rejects/);
  await rival.contradict(request, receipt, evidence);
  assert.equal((await client.status(id)).status, 'slashed');
});

test('the command line fulfils what was asked for here', async () => {
  const pending = await ask();
  const file = join(folder, 'request.json');
  writeFileSync(file, JSON.stringify(pending));
  writeFileSync(join(folder, 'model.assay/registration.json'), JSON.stringify({ chain: client.chainId, market: client.market, model_id: model.id }));
  const { privateKey } = chain.wallet(PEOPLE.prover).account.getHdKey();
  made.assay({ ASSAY_PRIVATE_KEY: bytesToHex(privateKey as Uint8Array) }, 'fulfil', join(folder, 'model.onnx'), '--request', file, '--rpc', chain.url);
  const { payee, checkedHere } = await pending.answer();
  assert.deepEqual({ payee, checkedHere }, { payee: prover.account, checkedHere: true });
});

test('terms that the market refuses are refused in words, before anything is sent', async () => {
  const count = () => chain.client.getTransactionCount({ address: client.account });
  const before = await count();
  await refused(ask({ deadline: 1 }), 'WrongDeadline', /expected a deadline from/);
  await refused(ask({ feeFloor: 2n * FEE }), 'WrongTerms', /request's fee/);
  const unknown = { ...model, id: `0x${'ab'.repeat(32)}` as Hex };
  await refused(ask({ model: unknown }), 'UnknownModel', /check the id/);
  await refused(modelsOf().get(unknown.id), 'UnknownModel', /check the id/);
  assert.equal(await count(), before);
  const readOnly = await Market.connect(chain.client, client.market);
  assert.throws(() => readOnly.account, /read only/);
});

function modelsOf(): Models {
  return new Models(chain.client, client);
}
