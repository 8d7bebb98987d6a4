/** Answers without a proof: settled, challenged, drawn, contradicted; who gets which money. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import {
  Assay, type Fulfilment, type Market, type Model, Models, NoAnswer, NotCheckedHere, type Request, type Terms, bondOf, digestOf, fulfilmentIn, keyCode, marketAbi, readKey, receiptData, receiptIn,
  registryAbi,
} from '@assay/sdk';
import { shapeOf } from '@assay/sdk/verifier';
import {
  type Address, type Hex, bytesToHex, decodeFunctionResult, encodeEventTopics, encodeFunctionData, encodeFunctionResult, keccak256, toFunctionSelector, verifyTypedData,
} from 'viem';

import { deploy } from '../examples/anvil.js';
import { PEOPLE } from '../examples/deploy.js';
import { CLASSES } from '../src/market/code.js';
import { blockHeader } from '../src/market/header.js';
import { encodable } from '../src/market/request.js';
import { DAY, FEE, INPUT, OUTPUT, type Scene, answered, assayOf, deployData, prepare, registerKeyed, signed, startScene } from './scene.js';

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

/** The free bonds of accounts, as `credited` orders them. */
const bonds = () => Promise.all([scene.client, scene.prover, scene.rival].map(async (market) => (await market.accountOf('bond', market.account)).free));

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
  const { output, proved, checkedHere } = await assayOf(client).answerOf(asked, { ...scene.model, key: new Uint8Array(1) });
  assert.deepEqual({ output, proved, checkedHere }, { output: OUTPUT, proved: false, checkedHere: false });
  assert.deepEqual(await client.answerOf(asked.id), { digest: digestOf(receipt.output), assurance: 'unproved' });
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
  const { client } = scene;
  const fulfilment = answered(request, prover);
  assert.deepEqual(await credited(() => prover.fulfil(fulfilment)), [0n, share + PROOF_FEE, 0n]);
  assert.deepEqual(await client.answerOf(client.idOf(request)), { digest: digestOf(fulfilment.output), assurance: 'proved' });
  const { proved, refuted } = await client.status(client.idOf(request));
  assert.deepEqual([proved, refuted], [true, false]);
});

test('a challenged answer whose proof does not come: everybody has his own back, and the challenger a bounty', async () => {
  const { client, rival, chain } = scene;
  const { asked, request } = await answer({ tier: 'challenged', proofFee: PROOF_FEE, loss: FEE });
  await rival.challenge(request);
  const ended = assert.rejects(assayOf(client).answerOf(asked, scene.model), (error) => error instanceof NoAnswer && error.status === 'slashed');
  await chain.pass(DAY + 1);
  await assert.rejects(client.refund(request), { error: 'WrongStatus' });
  await assert.rejects(client.settle(request), { error: 'WrongStatus' });
  const before = await bonds();
  const gained = await credited(() => client.slashUnproved(request));
  assert.deepEqual(gained, [FEE, 0n, PROOF_FEE]);
  await ended;
  // What comes of the bond is bond, and leaves as one.
  const bounty = bondOf(request) / 10n;
  assert.deepEqual((await bonds()).map((bond, i) => bond - (before[i] as bigint)), [FEE, 0n, bounty]);
  await client.giveNotice('bond', FEE);
  await assert.rejects(client.leave('bond'), { error: 'NoticeNotOver' });
  await chain.pass(10 * DAY);
  assert.deepEqual(await credited(() => client.leave('bond')), [FEE, 0n, 0n]);
  assert.deepEqual(await client.answerOf(asked.id), { digest: `0x${'00'.repeat(32)}`, assurance: 'none' });
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
  await assert.rejects(receiptIn(client, transactionHash, `0x${'00'.repeat(32)}`), /brought no RequestAnswered/);
  const evidence = { ...answered(request, rival), requestId: asked.id };
  await assert.rejects(client.contradict(request, found, { ...evidence, output: found.output }), { error: 'SameOutput' });
  await assert.rejects(client.contradict(request, found, { ...evidence, input: [0n, 0n, 0n] }), { error: 'WrongInput' });
  const before = await bonds();
  const gained = await credited(() => client.contradict(request, found, evidence));
  assert.deepEqual(gained, [FEE, 0n, 0n]);
  assert.deepEqual((await bonds()).map((bond, i) => bond - (before[i] as bigint)), [FEE, 0n, bondOf(request) / 10n]);
  assert.equal(await status(request), 'slashed');
  await assert.rejects(client.contradict(request, found, evidence), { error: 'Contradicted' });
});

test('an answer that was settled, and refuted by a proof afterwards, is none', async () => {
  const { client, rival, chain } = scene;
  const { asked, request, receipt } = await answer({ tier: 'receipt' }, OUTPUT.map((value) => -value));
  await chain.pass(DAY + 1);
  await rival.settle(request);
  const assay = assayOf(client);
  assert.equal((await assay.answerOf(asked, scene.model)).because, 'no-proof');
  await client.contradict(request, receipt, { ...answered(request, rival), requestId: asked.id });
  await assert.rejects(assay.answerOf(asked, scene.model), (error) => error instanceof NoAnswer && error.status === 'settled' && /a proof of another output came later/.test(error.message));
});

test('nobody answered: the client has its money back', async () => {
  const { client, rival, model, prover, chain } = scene;
  const { input } = await prepare(scene);
  const { request } = await client.prepare({ modelId: model.id, input, feeCeiling: FEE, tier: 'challenged', proofFee: PROOF_FEE, prover: prover.account });
  await client.open(request);
  await chain.pass(DAY + 1);
  assert.deepEqual(await credited(() => rival.refund(request)), [FEE, 0n, 0n]);
});

/** Sends calldata to an address without asking first whether the call would succeed. */
async function sent(to: Hex, data: Hex): Promise<{ hash: Hex; status: string }> {
  const hash = await scene.chain.wallet(PEOPLE.prover).sendTransaction({ to, data, gas: 15_000_000n });
  return { hash, status: (await scene.chain.client.waitForTransactionReceipt({ hash })).status };
}

const encoded = ({ request, ...answer }: Fulfilment) => ({ ...answer, request: encodable(request) });

test('a proof or a receipt is found only in a transaction that succeeded and in which the market took it', async () => {
  const { client, prover, model } = scene;
  const first = await prepare(scene);
  await first.open();
  const mine = answered(first.request, prover);
  const { transactionHash } = await prover.fulfil(mine);
  assert.deepEqual((await fulfilmentIn(client, transactionHash, first.id)).output, mine.output);

  // The same proof again: the transaction fails.
  const again = await sent(client.market, encodeFunctionData({ abi: marketAbi, functionName: 'fulfil', args: [encoded(mine)] }));
  assert.equal(again.status, 'reverted');
  await assert.rejects(fulfilmentIn(client, again.hash, first.id), /failed: nothing that it says of request/);
  // A batch succeeds and skips what was paid before.
  const args = [model.id, [encoded(mine)]] as const;
  const batch = await sent(client.market, encodeFunctionData({ abi: marketAbi, functionName: 'fulfilBatch', args }));
  assert.equal(batch.status, 'success');
  await assert.rejects(fulfilmentIn(client, batch.hash, first.id), /brought no RequestProved/);
  // To an account without code every call succeeds and nothing happens.
  const second = await prepare(scene);
  await second.open();
  const data = encodeFunctionData({ abi: marketAbi, functionName: 'fulfil', args: [encoded(answered(second.request, prover))] });
  const elsewhere = await sent(scene.rival.account, data);
  assert.equal(elsewhere.status, 'success');
  await assert.rejects(fulfilmentIn(client, elsewhere.hash, second.id), /brought no RequestProved/);
  // A batch that holds the request twice: the market skips the first, which is of another input, and takes the second.
  const good = answered(second.request, prover);
  const wrong = { ...good, input: good.input.map((word) => word ^ 1n) };
  const both = [model.id, [encoded(wrong), encoded(good)]] as const;
  const twofold = await sent(client.market, encodeFunctionData({ abi: marketAbi, functionName: 'fulfilBatch', args: both }));
  assert.equal(twofold.status, 'success');
  assert.deepEqual((await fulfilmentIn(client, twofold.hash, second.id)).output, good.output);

  const { request, receipt } = await answer({ tier: 'receipt' });
  const repeated = encodeFunctionData({ abi: marketAbi, functionName: 'answer', args: [encodable(request), '0x', '0x', receipt.output, receipt.signer, receipt.signature] });
  const twice = await sent(client.market, repeated);
  assert.equal(twice.status, 'reverted');
  await assert.rejects(receiptIn(client, twice.hash, client.idOf(request)), /failed: nothing that it says of request/);
});

/** Deploys a contract that calls the market with whatever calldata it is given, and is called by the prover in its place. */
async function forwarder(market: Hex): Promise<Hex> {
  // CALLDATACOPY everything, CALL the market with it, REVERT where that fails.
  const code = `365f5f375f5f365f5f73${market.slice(2)}5af16026575f5ffd5b00`;
  const creation = `0x60${(code.length / 2).toString(16).padStart(2, '0')}8060095f395ff3${code}` as Hex;
  return deploy(scene.chain, scene.chain.wallet(PEOPLE.prover), creation);
}

test('a liar that answers through a contract of its own is contradicted by what the market\'s events tell', async () => {
  const { client, rival, model, prover } = scene;
  const { input } = await prepare(scene);
  const asked = await client.prepare({ modelId: model.id, input, feeCeiling: FEE, tier: 'receipt', prover: prover.account });
  await client.open(asked.request);
  const receipt = await signed(scene, asked.request, OUTPUT.map((value) => -value));
  const args = [encodable(asked.request), '0x', '0x', receipt.output, receipt.signer, receipt.signature] as const;
  const { hash, status: outcome } = await sent(await forwarder(client.market), encodeFunctionData({ abi: marketAbi, functionName: 'answer', args }));
  assert.equal(outcome, 'success');
  const found = await receiptIn(client, hash, asked.id);
  assert.deepEqual(found, receipt);
  await rival.contradict(asked.request, found, { ...answered(asked.request, rival), requestId: asked.id });
  assert.equal(await status(asked.request), 'slashed');
});

test('an answer that another contract delivered is taken only by who asks for it unchecked, and says that it was not checked here', async () => {
  const { client, prover } = scene;
  const model = await registerKeyed(scene, Uint8Array.from(readFileSync(new URL('../../test/vectors/tiny.vk', import.meta.url))));
  const other = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
  const pending = await assayOf(client).prepare({ model, input: INPUT, feeCeiling: FEE });
  // The key is the one on the chain; its verifier is none that is known here, and the caller vouches for it.
  assert.deepEqual(pending.confirmed, { key: 'vk', judge: 'caller' });
  await pending.open();
  const data = encodeFunctionData({ abi: marketAbi, functionName: 'fulfil', args: [encoded(answered(pending.request, prover, other))] });
  const { hash, status: outcome } = await sent(await forwarder(client.market), data);
  assert.equal(outcome, 'success');
  const refused = await pending.answer().then(() => assert.fail('expected an error'), (error: unknown) => error);
  assert.ok(refused instanceof NotCheckedHere, String(refused));
  assert.match(refused.message, /was answered through another contract, .* whose calldata does not hold the proof: it was not checked here/);
  const answer = await pending.answer({ unchecked: true });
  assert.deepEqual(refused.answer.output, answer.output);
  assert.deepEqual({ here: answer.checkedHere, because: answer.because, proved: answer.proved }, { here: false, because: 'through-contract', proved: true });
  assert.deepEqual({ output: answer.output, payee: answer.payee, transaction: answer.transaction }, { output: other, payee: prover.account, transaction: hash });
  assert.deepEqual(answer.label, { index: 0, name: undefined });
  // What confirmed the model before it was asked says nothing of an output that the node alone tells.
  assert.deepEqual(answer.confirmed, { key: 'nobody', judge: 'nobody' });
  // What rests on a check here is not there: a type that is not narrowed by `checkedHere` does not give it either.
  assert.equal(answer.basis, undefined);
  await assert.rejects(answer.proofFile(), /holds no proof of request 0x[0-9a-f]{64} in its calldata: another contract called the market/);

  // To the market itself the proof is looked at, and this one is none.
  const direct = await assayOf(client).prepare({ model, input: INPUT, feeCeiling: FEE });
  await direct.open();
  await prover.fulfil(answered(direct.request, prover));
  await assert.rejects(direct.answer(), { name: 'VerifyError' });
  const { key: _, ...described } = model;
  const keyless = await assayOf(client).answerOf(direct, described);
  assert.deepEqual(keyless.confirmed, { key: 'nobody', judge: 'nobody' });
  assert.deepEqual([keyless.checkedHere, keyless.because], [false, 'no-key']);
  await assert.rejects(keyless.proofFile(), /give the model's key, or its model\.json/);
});

test('a model whose verifier nobody vouches for is not asked, with its key\'s file or without', async () => {
  const { client, model } = scene;
  const keyed = await registerKeyed(scene, Uint8Array.from(readFileSync(new URL('../../test/vectors/tiny.vk', import.meta.url))));
  const unknown = /is judged by verifier code 0x[0-9a-f]{64}, which is not known here: .*Nothing was sent. If you know that class from elsewhere than model\.json, name it/;
  const { class: own } = await new Models(client.client, client).registrationOf(model.id);
  const { key: _, ...keyless } = keyed;
  for (const one of [model, keyed, keyless, { ...keyless, market: client.market, class: own }]) {
    const question = { model: one, input: INPUT, feeCeiling: FEE };
    await assert.rejects(new Assay(client).prepare(question), unknown);
    const kept = JSON.stringify(await assayOf(client).prepare(question));
    await assert.rejects(new Assay(client).resume(kept, one, { feeCeiling: FEE }), unknown);
    await assert.rejects(new Assay(client, { classes: [digestOf([1n])] }).prepare(question), unknown);
    assert.equal((await new Assay(client, { classes: [own] }).prepare(question)).confirmed.judge, 'caller');
  }
});

/** A node that says another record of a model, and for its key's contract another code. */
function misstating(id: Hex, record: Partial<Model & { keyHash: Hex }>, codes: Record<Address, Hex> = {}): Promise<Market> {
  const asking = encodeFunctionData({ abi: registryAbi, functionName: 'get', args: [id] });
  return scene.through(async (method, params, go) => {
    const [about] = params as [{ data?: Hex } | Hex];
    if (method === 'eth_getCode') return codes[String(about).toLowerCase() as Address] ?? go();
    const told = await go();
    if (method !== 'eth_call' || (about as { data?: Hex }).data !== asking) return told;
    const result = { ...decodeFunctionResult({ abi: registryAbi, functionName: 'get', data: told as Hex }), ...record };
    return encodeFunctionResult({ abi: registryAbi, functionName: 'get', result });
  });
}

test('a key\'s file is compared with the model\'s id, whatever the node says of the record and of the code at the key\'s address', async () => {
  const { client, chain, balance } = scene;
  const tiny = Uint8Array.from(readFileSync(new URL('../../test/vectors/tiny.vk', import.meta.url)));
  const honest = await registerKeyed(scene, tiny);
  const rival = chain.wallet(PEOPLE.rival);
  const models = new Models(chain.client, client, rival);
  // Digests and class are those of the key that is handed out; at the key's address is another.
  const code = keyCode(readKey(tiny));
  const key = await deployData(chain, rival, code.with(-1, (code.at(-1) as number) ^ 1));
  const { key: honestKey, ...rest } = await models.registrationOf(honest.id);
  const registration = { ...rest, key, graphDigest: bytesToHex(readKey(tiny).graphDigest) };
  const id = await models.register(registration, '');
  const { keyDigest, graphDigest, class: verifier } = registration;
  const said = { ...honest, id, keyDigest, graphDigest, class: verifier };
  const decoy = '0x00000000000000000000000000000000000dec0a';
  const before = await balance();
  for (const model of [said, { ...said, market: client.market, chain: client.chainId }]) {
    const question = { model, input: INPUT, feeCeiling: FEE };
    const lying = await misstating(id, { key: decoy, keyHash: keccak256(code) }, { [decoy]: bytesToHex(code) });
    await assert.rejects(assayOf(lying).prepare(question), /the key of model 0x[0-9a-f]{64} on the chain, at 0x[0-9a-fA-F]{40}, is not the one of the key's file/);
    const lyingOfCode = await misstating(id, {}, { [key.toLowerCase()]: bytesToHex(code) });
    await assert.rejects(assayOf(lyingOfCode).prepare(question), /no model 0x[0-9a-f]{64} is registered at 0x[0-9a-fA-F]{40} with the key of the key's file/);
    // What was looked up without the key's file proves nothing of the key.
    const assay = assayOf(lying);
    const { key: _, ...keyless } = model;
    assert.deepEqual((await assay.prepare({ ...question, model: keyless })).confirmed, { key: 'nobody', judge: 'caller' });
    await assert.rejects(assay.prepare(question), /is not the one of the key's file/);
  }
  // Another verifier than the generated one, whatever class the node says.
  const lenet = await registerKeyed(scene, Uint8Array.from(readFileSync(new URL('../../test/vectors/lenet.vk', import.meta.url))));
  const generated = CLASSES[bytesToHex(shapeOf(readKey(lenet.key as Uint8Array))).slice(2)] as Hex;
  const lying = await misstating(lenet.id, { class: generated });
  await assert.rejects(assayOf(lying).prepare({ model: lenet, input: INPUT, feeCeiling: FEE }), /which is not the code generated for its key/);
  assert.equal(await balance(), before);
  // An honest model needs neither record nor code of the node.
  const codeAsked = (at: unknown) => String(at).toLowerCase() === honestKey.toLowerCase();
  const silent = await scene.through(async (method, params, go) => {
    const { data } = (method === 'eth_call' ? params[0] : {}) as { data?: Hex };
    return data?.startsWith(toFunctionSelector('get(bytes32)')) || (method === 'eth_getCode' && codeAsked(params[0])) ? assert.fail('nobody needs to ask') : go();
  });
  assert.deepEqual((await assayOf(silent).prepare({ model: honest, input: INPUT, feeCeiling: FEE })).confirmed, { key: 'vk', judge: 'caller' });
});

/** A node that changes the logs of one event, or leaves them out. */
function retelling(eventName: 'RequestOpened' | 'RequestSettled' | 'RequestProved', retell: (log: { data: Hex }) => object[]): Promise<Market> {
  const [topic] = encodeEventTopics({ abi: marketAbi, eventName });
  return scene.through(async (method, _, go) => {
    if (method !== 'eth_getLogs') return go();
    return ((await go()) as { data: Hex; topics: Hex[] }[]).flatMap((log) => (log.topics[0] === topic ? retell(log) : [log]));
  });
}

test('a request of tier proved is never said to be settled without a proof, or with an output that was not told', async () => {
  const { client, prover, model } = scene;
  const pending = await prepare(scene);
  await pending.open();
  await prover.fulfil(answered(pending.request, prover));
  assert.equal((await assayOf(client).answerOf(pending, model)).because, 'no-key');
  // The event ends with whether a proof was checked.
  const unproved = await retelling('RequestSettled', (log) => [{ ...log, data: `${log.data.slice(0, -1)}0` }]);
  await assert.rejects(assayOf(unproved).answerOf(pending, model), /the node tells that request 0x[0-9a-f]{64} was settled without a proof, which the market does not do in tier `proved`: ask another node/);
  const wordless = await retelling('RequestProved', () => []);
  await assert.rejects(assayOf(wordless).answerOf(pending, model), /was settled, and not with which output: ask another node/);
});

test('a request that a forged log says has ended is compared with how it stands', async () => {
  const { client, prover, model } = scene;
  const pending = await prepare(scene);
  await pending.open();
  for (const [eventName, end] of [['RequestRefunded', 'refunded'], ['RequestSlashed', 'slashed']] as const) {
    const topics = encodeEventTopics({ abi: marketAbi, eventName, args: { requestId: pending.id } });
    const forging = await retelling('RequestOpened', (log) => [log, { ...log, topics, data: `0x${'00'.repeat(32)}`, logIndex: '0xff' }]);
    const words = new RegExp(`the node tells that request 0x[0-9a-f]{64} was ${end}, and that it is open: ask another node`);
    await assert.rejects(assayOf(forging).answerOf(pending, model, { signal: AbortSignal.timeout(20_000) }), (error: Error) => !(error instanceof NoAnswer) && words.test(error.message));
  }
  await prover.fulfil(answered(pending.request, prover));
  assert.deepEqual((await assayOf(client).answerOf(pending, model)).output, OUTPUT);
});

test('a request whose text names a wrong first block has its answer all the same', async () => {
  const { client, prover, model, chain } = scene;
  const assay = assayOf(client);
  const waiting = () => ({ signal: AbortSignal.timeout(10_000) });
  const pending = await prepare(scene);
  const late = { ...pending, fromBlock: 10n ** 9n };
  const early = assay.answerOf(late, model, waiting());
  await pending.open();
  await prover.fulfil(answered(pending.request, prover));
  assert.deepEqual((await early).output, OUTPUT, 'opened after the wait began');
  const settled = await chain.client.getBlockNumber({ cacheTime: 0 });
  for (const fromBlock of [settled, settled + 1n, 10n ** 9n, 0n]) {
    const { output, proved } = await assay.answerOf({ ...pending, fromBlock }, model, waiting());
    assert.deepEqual({ output, proved }, { output: OUTPUT, proved: true });
  }
  // Without a proof, output and settlement come in blocks of their own.
  const { asked, request } = await answer({ tier: 'receipt' });
  await chain.pass(DAY + 1);
  const { blockNumber } = await client.settle(request);
  for (const fromBlock of [blockNumber, blockNumber + 1n]) {
    const { output, because } = await assay.answerOf({ ...asked, fromBlock }, model, waiting());
    assert.deepEqual({ output, because }, { output: OUTPUT, because: 'no-proof' });
  }
});

test('a request\'s loss is a fifth of its fee ceiling unless the client says otherwise', async () => {
  const { client, model } = scene;
  const { input } = await prepare(scene);
  const loss = async (terms: Partial<Terms>) => (await client.build({ modelId: model.id, input, feeCeiling: FEE, ...terms })).loss;
  assert.equal(await loss({}), FEE / 5n);
  assert.equal(await loss({ feeCeiling: 9n }), 1n);
  assert.equal(await loss({ loss: 0n }), 0n);
});

test('a key that is not the one its model was registered with is refused before anything is paid', async () => {
  const { client, balance } = scene;
  const key = Uint8Array.from(readFileSync(new URL('../../test/vectors/tiny.vk', import.meta.url)));
  const model = await registerKeyed(scene, key);
  const before = await balance();
  const question = (keyDigest: string) => assayOf(client).prepare({ model: { ...model, key, keyDigest }, input: INPUT, feeCeiling: FEE });
  await assert.rejects(question('12'.repeat(32)), /^VerifyError: the key is [0-9a-f]{64}, expected (12){32}: take the key of the model that you mean$/);
  await assert.rejects(assayOf(client).prepare({ model: { ...model, key: key.slice(1) }, input: INPUT, feeCeiling: FEE }), /not a verifying key/);
  assert.equal(await balance(), before);
  await question(createHash('sha256').update(key).digest('hex'));
});

test('a model whose key or verifier on the chain is another than its key\'s file says is refused before anything is paid', async () => {
  const { client, model, chain } = scene;
  const vector = (name: string) => Uint8Array.from(readFileSync(new URL(`../../test/vectors/${name}`, import.meta.url)));
  const [tiny, lenet] = [vector('tiny.vk'), vector('lenet.vk')];
  const honest = await registerKeyed(scene, tiny);
  const models = new Models(chain.client, client, chain.wallet(PEOPLE.rival));
  const registration = await models.registrationOf(honest.id);
  // Everything that a description can say is the honest model's: only the code at the key's address is another.
  const [other] = [...keyCode(readKey(tiny))].slice(-1) as [number];
  const forged = keyCode(readKey(tiny)).with(-1, other ^ 1);
  // A key of another SRS: the class of the verifier says nothing of it, and without the key's file the SRS that is named is compared.
  const ofAnother = keyCode(readKey(tiny));
  ofAnother[1 + 32 * 7] = (ofAnother[1 + 32 * 7] as number) ^ 1;
  const deployed = (code: Uint8Array) => deployData(chain, chain.wallet(PEOPLE.rival), code);
  for (const [key, srs] of [[await deployed(forged), 'same'], [await deployed(ofAnother), 'another'], [await deployed(Uint8Array.of(0)), 'none']] as const) {
    const id = await models.register({ ...registration, key }, '');
    const description = { ...honest, id, market: client.market, chain: client.chainId, class: registration.class, keyDigest: registration.keyDigest };
    const words = /the key of model 0x[0-9a-f]{64} on the chain, at 0x[0-9a-fA-F]{40}, is not the one of the key's file/;
    await assert.rejects(assayOf(client).prepare({ model: description, input: INPUT, feeCeiling: FEE }), words);
    // A kept request is held to the same; without the key's file nobody confirms anything, and that is said.
    const { key: file, ...described } = description;
    const asking = assayOf(client).prepare({ model: described, input: INPUT, feeCeiling: FEE });
    if (srs !== 'same') {
      await assert.rejects(asking, srs === 'none' ? /is no key of this version/ : /the SRS digest of the model is said to be (0x)?[0-9a-f]{64}, the registered key has 0x/);
      continue;
    }
    const pending = await asking;
    assert.deepEqual([pending.confirmed, file], [{ key: 'nobody', judge: 'caller' }, tiny]);
    await assert.rejects(assayOf(client).resume(JSON.stringify(pending), description, { feeCeiling: FEE }), words);
  }
  // LeNet's key, judged by code that accepts everything.
  const accepting = await registerKeyed(scene, lenet);
  await assert.rejects(assayOf(client).prepare({ model: accepting, input: INPUT, feeCeiling: FEE }), /is judged by verifier code 0x[0-9a-f]{64}, which is not the code generated for its key \(0x[0-9a-f]{64}\)/);
  await assert.rejects(assayOf(client).prepare({ model: { ...honest, class: digestOf([1n]) }, input: INPUT, feeCeiling: FEE }), /the class of the model is said to be 0x/);
  assert.equal((await assayOf(client).prepare({ model, input: INPUT, feeCeiling: FEE })).confirmed.key, 'nobody');
});
