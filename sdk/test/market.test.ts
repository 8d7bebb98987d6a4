/** The whole market on anvil, with real proofs: who is paid, who is not, and what they are told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
  Assay, type Fulfilment, Market, MarketError, type ModelDescription, Models, NoAnswer, type Pending, type Request, VerifyError, bondOf,
  checkFulfilment, fulfilmentIn, fulfilmentOf, marketAbi, modelFromJson, packTensors, priceAt, readKey, receiptIn, verifyFiles,
} from '@assay/sdk';
import { type Hex, bytesToHex, encodeEventTopics, padHex, parseEther } from 'viem';

import { type Chain, startChain } from '../examples/anvil.js';
import { PEOPLE, SHARES, deployMarket, registerModel } from '../examples/deploy.js';
import { Prover, root } from '../examples/prover.js';
import { keyOf } from '../src/market/description.js';
import { MODEL } from './owner.js';
import { type Node, clockOf, mining, signed, through, together } from './scene.js';

const FEE = parseEther('0.01');
const DAY = 86_400;
/** What mnist-mlp takes and gives. */
const TENSORS = { inputs: [{ type: 'u8', size: 784 }], outputs: [{ type: 'i8', size: 10 }] } as const;

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
  pixels = [...readFileSync(join(root, 'models/zoo/digits.u8')).subarray(0, 784)];
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
  return fulfilmentOf(by, request, by.account, proof, model);
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
    modelId: model.id, input: packTensors([pixels], model.inputs), feeFloor: 7n, feeCeiling: FEE, loss: FEE, proofFee: 3n, sampleRate: 2_500,
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
  // The chain's key and verifier are those of the key's file, and both were looked at before anything was paid.
  assert.deepEqual([pending.confirmed, got.confirmed], [{ key: 'vk', judge: 'assay' }, { key: 'vk', judge: 'assay' }]);
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

/** What the owner of this model writes: its scales are those of the ONNX file. */
async function ownersWord() {
  const registration = await modelsOf().registrationOf(model.id);
  const key = readKey(made.key);
  return {
    ...MODEL, name: 'mnist-mlp', chain: client.chainId, market: client.market, model_id: model.id,
    graph_digest: registration.graphDigest, key_digest: registration.keyDigest, class: registration.class, srs_digest: bytesToHex(key.srsDigest),
    inputs: [{ name: 'image', shape: [1, 784], type: 'u8', scale: 1 / 256, zero_point: 0, words: 26 }],
    outputs: [{ name: 'logits', shape: [1, 10], type: 'i8', scale: 0.25, zero_point: 0, words: 1 }],
  };
}

test('real numbers are asked about by model.json, and the answer is a number and a name', async () => {
  const described: ModelDescription = { ...modelFromJson(JSON.stringify(await ownersWord())), key: made.key };
  // Between two integers, on halves, and one beyond what the input holds.
  const real = pixels.map((pixel, i) => (i === 7 ? 1.5 : (pixel + [0, 0.3, 0.5, -0.4][i % 4]!) / 256));
  const file = join(folder, 'real.json');
  writeFileSync(file, JSON.stringify({ input_data: [real] }));
  const native = JSON.parse(made.assay({}, 'infer', made.model, '--input', file, '--json')) as { output: number[]; output_real: number[]; label: number };
  const pending = await new Assay(client).prepare({ model: described, real, feeCeiling: FEE });
  assert.deepEqual(pending.clamped, [{ count: 1, total: 784, low: 0, high: 255 / 256 }]);
  await pending.open();
  // The command line makes the same integers of the same numbers: otherwise the market refuses the input of its proof.
  const proof = made.prove(file, prover.contextOf(pending.request, prover.account));
  await prover.fulfil(fulfilmentOf(prover, pending.request, prover.account, proof, model));
  const answer = await pending.answer();
  assert.deepEqual({ output: answer.output, real: answer.real, label: answer.label }, { output: native.output, real: native.output_real, label: { index: 6, name: 'six' } });
  assert.equal(native.label, 6);
  assert.ok(answer.checkedHere);
  assert.equal(answer.basis.keyExpected, false, 'nobody but model.json has named the key');
  const { keyDigest } = await modelsOf().registrationOf(model.id);
  const named = await new Assay(client).answerOf(pending, { ...described, keyDigest });
  assert.deepEqual([named.checkedHere, named.basis?.keyExpected], [true, true]);
});

test('the digest in model.json is not the caller\'s word, and is compared all the same', async () => {
  const described = { ...modelFromJson(JSON.stringify(await ownersWord())), key: made.key };
  const digest = bytesToHex(readKey(made.key).digest);
  assert.deepEqual([described.namedKeyDigest, (described as ModelDescription).keyDigest], [digest, undefined]);
  const basisOf_ = (model: ModelDescription) => keyOf(model)?.basis.keyExpected;
  assert.deepEqual([basisOf_(described), basisOf_({ ...described, keyDigest: digest })], [false, true]);
  const other = { ...described, namedKeyDigest: `0x${'77'.repeat(32)}` as const };
  assert.throws(() => keyOf(other), /the key digest of the model is said to be 0x(77){32}, the key's file has 0x[0-9a-f]{64}: take key and model\.json of the same model/);
  assert.throws(() => keyOf({ ...described, keyDigest: '77'.repeat(32) }), /take the key of the model that you mean/);
});

test('a model.json that says otherwise than the chain is refused by name, before anything is paid', async () => {
  const before = await chain.client.getBalance({ address: client.market });
  const word = await ownersWord();
  const other = `0x${'77'.repeat(32)}`;
  const say = (changed: object, key?: Uint8Array) => ({ ...modelFromJson(JSON.stringify({ ...word, ...changed })), ...(key && { key }) });
  const ask_ = (description: ModelDescription) => new Assay(client).prepare({ model: description, input: pixels, feeCeiling: FEE });
  for (const [changed, words] of [
    [{ chain: 1 }, /the model is registered on chain 1, this market is on chain 31337/],
    [{ market: prover.account }, /the model is registered with market 0x[0-9a-f]{40}, this is 0x/],
    [{ key_digest: other }, /the key digest of the model is said to be 0x(77){32}, the chain's registration has 0x[0-9a-f]{64}: ask the model's owner/],
    [{ graph_digest: other }, /the graph digest of the model is said to be 0x(77){32}, the chain's registration has/],
    [{ class: other }, /the class of the model is said to be/],
    [{ inputs: [{ ...word.inputs[0], shape: [1, 31], words: 1 }] }, /the number of input words of the model is said to be 1, the chain's registration has 26/],
    [{ model_id: other }, /no model 0x(77){32} is registered/],
  ] as [object, RegExp][]) {
    const description = say(changed);
    await assert.rejects(new Assay(client).prepare({ model: description, input: pixels.slice(0, description.inputs[0]?.size), feeCeiling: FEE }), words);
  }
  await assert.rejects(ask_(say({ srs_digest: other }, made.key)), /the SRS digest of the model is said to be 0x(77){32}, the key's file has/);
  await assert.rejects(ask_(say({ key_digest: other }, made.key)), /the key digest of the model is said to be 0x(77){32}, the key's file has/);
  // A request that was kept is held to the same, before it is opened.
  const kept = JSON.stringify(await ask_(say({})));
  await assert.rejects(new Assay(client).resume(kept, say({ chain: 1 }), { feeCeiling: FEE }), /registered on chain 1/);
  await assert.rejects(new Assay(client).resume(kept, say({ class: other }), { feeCeiling: FEE }), /the class of the model/);
  assert.equal(await chain.client.getBalance({ address: client.market }), before);
  // Real numbers need scales, and one kind of numbers is enough.
  await assert.rejects(new Assay(client).prepare({ model, real: pixels, feeCeiling: FEE }), /real numbers need the scale of the model's input: take the model from its model\.json/);
  await assert.rejects(new Assay(client).prepare({ model: say({}), feeCeiling: FEE } as never), /give the quantised `input` or `real` numbers, one of the two/);
});

test('a model whose SRS anybody can forge with is not paid for outside development chains', async () => {
  const mainnet: Node = async (method, _, go) => (method === 'eth_chainId' ? '0x1' : go());
  const assay = new Assay(await through(chain, client.market, mainnet, 'client', await clockOf(chain)));
  const question = { model, input: pixels, feeCeiling: FEE };
  await assert.rejects(assay.prepare(question), /the secret of the SRS of model 0x[0-9a-f]{64} is published: anybody can forge its answers/);
  const { key, ...keyless } = model;
  await assert.rejects(assay.prepare({ ...question, model: { ...keyless, insecure: true } }), /is published/);
  // Whatever its owner says of it: the digest is known.
  const srsDigest = `0x${bytesToHex(readKey(made.key).srsDigest).slice(2).toUpperCase()}` as const;
  await assert.rejects(assay.prepare({ ...question, model: { ...keyless, insecure: false, srsDigest } }), /is published/);
  // Whoever describes it may say nothing of it: the registered key names its SRS.
  const bare = { id: model.id, inputs: model.inputs, outputs: model.outputs };
  await assert.rejects(assay.prepare({ ...question, model: bare }), /is published/);
  assert.ok((await assay.prepare({ ...question, model: bare, insecure: true })).id);
  assert.ok(key && (await assay.prepare({ ...question, insecure: true })).id);
});

test('the proof of a paid answer is a file that everybody can check', async () => {
  const pending = await ask();
  await prover.fulfil(proved(pending, prover));
  const answer = await pending.answer();
  const text = await answer.proofFile();
  const { keyDigest } = model;
  const verdict = verifyFiles(made.key, text, { keyDigest, model, input: pixels, output: answer.output, context: client.contextOf(pending.request, answer.payee) });
  assert.equal(verdict.keyExpected, true);
  const file = join(folder, 'paid.proof.json');
  writeFileSync(file, text);
  made.assay({}, 'verify', made.model, '--proof', file, '--input', input, '--output', answer.output.join(','));
  assert.throws(() => made.assay({}, 'verify', made.model, '--proof', file, '--output', answer.output.map((value) => value ^ 1).join(',')), /status|failed/);
  // Without a key the digests of model.json name graph and key.
  const { key, ...described } = { ...modelFromJson(JSON.stringify(await ownersWord())), key: undefined };
  const unchecked = await new Assay(client).answerOf(pending, described);
  assert.deepEqual([unchecked.checkedHere, unchecked.because, key], [false, 'no-key', undefined]);
  assert.equal(await unchecked.proofFile(), text);
});

test('a node that names another payee than the proof does is not believed', async () => {
  const pending = await ask();
  await prover.fulfil(proved(pending, prover));
  const [settled] = encodeEventTopics({ abi: marketAbi, eventName: 'RequestSettled' });
  const lying = await through(chain, client.market, async (method, _, go) => {
    if (method !== 'eth_getLogs') return go();
    const logs = (await go()) as { topics: Hex[] }[];
    return logs.map((log) => (log.topics[0] === settled ? { ...log, topics: log.topics.with(2, padHex(rival.account)) } : log));
  }, 'client');
  await assert.rejects(new Assay(lying).answerOf(pending, model), /the node tells that request 0x[0-9a-f]{64} paid 0x[0-9a-fA-F]{40}, its proof names 0x[0-9a-fA-F]{40}: ask another node/);
  assert.equal((await pending.answer()).payee, prover.account);
});

test('a node that says that another contract was called does not have an answer taken unchecked', async () => {
  const pending = await ask();
  await prover.fulfil(proved(pending, prover));
  const lying = await through(chain, client.market, async (method, _, go) => {
    const told = await go();
    return method === 'eth_getTransactionByHash' ? { ...(told as object), to: rival.account } : told;
  }, 'client');
  await assert.rejects(new Assay(lying).answerOf(pending, model), { name: 'NotCheckedHere' });
  const { checkedHere, because } = await new Assay(lying).answerOf(pending, model, { unchecked: true });
  assert.deepEqual([checkedHere, because], [false, 'through-contract']);
  assert.equal((await pending.answer()).checkedHere, true);
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
  const request = await client.build({ modelId: model.id, input: packTensors([pixels], model.inputs), feeCeiling: FEE });
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
  const terms = { modelId: model.id, input: packTensors([pixels], model.inputs), feeCeiling: FEE, tier: 'receipt', prover: prover.account } as const;
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
  await assert.rejects(ask({ model: unknown }), /no model 0x(ab){32} is registered at 0x[0-9a-fA-F]{40} with the key of the key's file; check the id/);
  await refused(modelsOf().get(unknown.id), 'UnknownModel', /check the id/);
  assert.equal(await count(), before);
  const readOnly = await Market.connect(chain.client, client.market);
  assert.throws(() => readOnly.account, /read only/);
});

function modelsOf(): Models {
  return new Models(chain.client, client);
}
