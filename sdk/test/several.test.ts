/** A model with two inputs and two outputs, from its ONNX file to a paid proof: asked, proved, answered and compared in the order of the model. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Assay, Market, type ModelDescription, type Question, VerifyError, clampedInWords, fulfilmentOf, modelFromJson, verifyFiles } from '@assay/sdk';
import { parseEther } from 'viem';

import { type Chain, startChain } from '../examples/anvil.js';
import { PEOPLE, deployMarket } from '../examples/deploy.js';
import { Prover } from '../examples/prover.js';
import { SIZE, twoByTwo } from './onnx.js';

const FEE = parseEther('0.01');
/** Integers of both inputs, and the real numbers that they stand for. */
const LEFT = Array.from({ length: SIZE }, (_, i) => i);
const RIGHT = Array.from({ length: SIZE }, (_, i) => 200 - 3 * i);
const REALS = [LEFT, RIGHT].map((values) => values.map((value) => value / 2));

let chain: Chain;
let folder: string;
let made: Prover;
let model: ModelDescription;
let client: Market, prover: Market;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  chain = await startChain();
  const onnx = join(folder, 'two.onnx');
  writeFileSync(onnx, twoByTwo());
  made = new Prover(onnx, folder);
  const address = await deployMarket(chain);
  model = { ...modelFromJson(made.register(chain, PEOPLE.admin, address)), key: made.key };
  [client, prover] = (await Promise.all((['client', 'prover'] as const).map((person) => Market.connect(chain.client, address, chain.wallet(PEOPLE[person]))))) as [Market, Market];
  await prover.bond(parseEther('1'));
});

after(() => {
  chain?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

type Numbers = Pick<Question, 'input' | 'real' | 'inputs' | 'reals'>;
const prepare = (numbers: Numbers) => new Assay(client).prepare({ model, feeCeiling: FEE, ...numbers } as Question);

test('both inputs are asked about, and both outputs are the answer', async () => {
  assert.deepEqual([model.inputs, model.outputs].map((ports) => ports.map(({ name, type, size }) => [name, type, size])), [
    [['left', 'u8', SIZE], ['right', 'u8', SIZE]],
    [['sum', 'u8', SIZE], ['half', 'u8', SIZE]],
  ]);
  const pending = await prepare({ reals: REALS });
  assert.deepEqual(pending.input, (await prepare({ inputs: [LEFT, RIGHT] })).input);
  await pending.open();
  const file = join(folder, 'both.json');
  writeFileSync(file, JSON.stringify({ input_data: [LEFT, RIGHT], quantized: true }));
  const proof = made.prove(file, prover.contextOf(pending.request, prover.account));
  await prover.fulfil(fulfilmentOf(prover, pending.request, prover.account, proof, model));

  const answer = await pending.answer();
  const { outputs } = JSON.parse(made.assay({}, 'infer', made.model, '--input', file, '--json')) as { outputs: { output: number[]; output_real: number[] }[] };
  assert.deepEqual(answer.outputs, outputs.map(({ output }) => output));
  assert.deepEqual(answer.reals, outputs.map(({ output_real }) => output_real));
  assert.deepEqual([answer.output, answer.real, answer.checkedHere], [answer.outputs[0], answer.reals?.[0], true]);
  // 100, 99, 98 ... are the sums.
  assert.deepEqual(answer.label, { index: 0, name: undefined });

  const text = await answer.proofFile();
  const check = (expected: object) => verifyFiles(made.key, text, { model, ...expected });
  const verdict = check({ inputs: [LEFT, RIGHT], outputs: answer.outputs });
  assert.deepEqual([verdict.inputs, verdict.outputs], [[LEFT, RIGHT], answer.outputs]);
  for (const [expected, words] of [
    [{ inputs: [RIGHT, LEFT] }, /^the proof is of another input "left": expected 200 at element 0, got 0$/],
    [{ outputs: answer.outputs.toReversed() }, /^the proof is of another output "sum": expected 0 at element 0, got 100$/],
  ] as const) {
    assert.throws(() => check(expected), (error) => error instanceof VerifyError && error.saysNo && words.test(error.message));
  }
  const proofFile = join(folder, 'both.proof.json');
  writeFileSync(proofFile, text);
  made.assay({}, 'verify', made.model, '--proof', proofFile, '--input', file, '--output', answer.outputs.flat().join(','));
});

test('another number of lists than of inputs is refused, and so are lists that are not of the inputs, before anything is paid', async () => {
  const before = await chain.client.getTransactionCount({ address: client.account });
  const [real, other] = REALS as [number[], number[]];
  const lists = (got: number) => new RegExp(`^RangeError: expected 2 lists of values, for \\["left" 40 u8, "right" 40 u8\\], got ${got}$`);
  for (const [numbers, words] of [
    [{ input: LEFT }, lists(1)],
    [{ real }, lists(1)],
    [{ inputs: [LEFT] }, lists(1)],
    [{ reals: [real, other, real] }, lists(3)],
    [{ inputs: [LEFT, RIGHT.slice(1)] }, /^RangeError: "right": expected 40 values of u8, got 39$/],
    [{ inputs: [LEFT, RIGHT.with(3, 256)] }, /^RangeError: "right": expected a value of u8 at element 3, got 256$/],
    [{ reals: [real.with(2, NaN), other] }, /^RangeError: "left": expected a finite number at element 2, got NaN$/],
    [{ inputs: [LEFT, RIGHT], reals: REALS }, /^TypeError: give the quantised `input` or `real` numbers, one of the two; of a model with several inputs `inputs` or `reals`, a list for each$/],
    [{}, /^TypeError: give the quantised `input` or `real` numbers/],
  ] as [Numbers, RegExp][]) await assert.rejects(prepare(numbers), words);
  // What is clamped says of which input it is.
  const { clamped } = await prepare({ reals: [real, other.with(0, 1_000)] });
  assert.deepEqual(clamped, [{ input: 'right', count: 1, total: SIZE, low: 0, high: 127.5 }]);
  assert.match(clampedInWords(clamped[0] as (typeof clamped)[number]), /^right: 1 of the 40 input values were clamped/);
  // A kept request is held to all inputs, in their order.
  const kept = JSON.stringify(await prepare({ inputs: [LEFT, RIGHT] }));
  const resume = (numbers: Numbers) => new Assay(client).resume(kept, model, { feeCeiling: FEE, ...numbers });
  await assert.rejects(resume({ inputs: [RIGHT, LEFT] }), /asks about an input of digest 0x[0-9a-f]{64}, expected 0x/);
  await assert.rejects(resume({ input: LEFT }), lists(1));
  assert.ok(await resume({ reals: REALS }));
  assert.equal(await chain.client.getTransactionCount({ address: client.account }), before);
});

test('a proof with another number of public values than the model has is no answer of it', async () => {
  const { request } = await prepare({ inputs: [LEFT, RIGHT] });
  const proof = { instances: [1n, 2n, 3n], proof: new Uint8Array(1) };
  assert.throws(() => fulfilmentOf(prover, request, prover.account, proof, model), /^RangeError: the proof has 3 public values, expected 9 for \["left" 40 u8, "right" 40 u8\] in and \["sum" 40 u8, "half" 40 u8\] out and a context$/);
});
