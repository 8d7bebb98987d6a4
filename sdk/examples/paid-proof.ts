/**
 * From a model to a paid proof on a development chain.
 *
 *     npm run example -- MODEL.onnx INPUT.json [OUTPUT_SIZE]
 *
 * INPUT.json is `{"input_data": [[...]], "quantized": true}`: the integers of the model's `u8` input. It has OUTPUT_SIZE `i8` outputs, 10 unless given.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Assay, Market, bondOf, fulfilmentOf, wordCount } from '@assay/sdk';
import { formatEther, parseEther } from 'viem';

import { startChain } from './anvil.js';
import { PEOPLE, deployMarket, registerModel } from './deploy.js';
import { Prover } from './prover.js';

const FEE = parseEther('0.01');

const [onnx, input, outputSize = '10'] = process.argv.slice(2);
if (!onnx || !input) throw new Error('expected a model and an input: npm run example -- lenet.onnx input.json');
const { input_data: [values], quantized } = JSON.parse(readFileSync(input, 'utf8')) as { input_data: number[][]; quantized?: boolean };
if (!values || !quantized) throw new Error(`expected {"input_data": [[...]], "quantized": true} in ${input}`);

const folder = mkdtempSync(join(tmpdir(), 'assay-'));
const chain = await startChain();
try {
  const prover = new Prover(onnx, folder);
  const address = await deployMarket(chain);
  const as = (person: keyof typeof PEOPLE) => Market.connect(chain.client, address, chain.wallet(PEOPLE[person]));
  const [client, worker, owner] = [await as('client'), await as('prover'), await as('owner')];
  const tensors = { input: { type: 'u8', size: values.length }, output: { type: 'i8', size: Number(outputSize) } } as const;
  const model = await registerModel(chain, worker, prover, tensors);
  console.log(`market ${address}, model ${model.id}`);

  // The client asks, and keeps its request before it pays: with it, it can go on in another process, or have its money back.
  const pending = await new Assay(client).prepare({ model, input: values, feeCeiling: FEE });
  writeFileSync(join(folder, 'request.json'), JSON.stringify(pending));
  await pending.open();
  console.log(`request ${pending.id}, ${formatEther(FEE)} ether escrowed`);

  // The prover makes the proof for this request and itself, locks, delivers.
  const context = worker.contextOf(pending.request, worker.account);
  const proof = prover.prove(input, context);
  const fulfilment = fulfilmentOf(worker, pending.request, worker.account, proof, wordCount(tensors.input));
  await worker.bond(bondOf(pending.request));
  await worker.lock(pending.request, fulfilment.output);
  const { gasUsed } = await worker.fulfil(fulfilment);
  console.log(`proved and delivered, ${gasUsed} gas`);

  // The client has its answer, with the proof checked on its own machine too.
  const answer = await pending.answer();
  console.log(`output ${answer.output.join(' ')}, checked by the chain${answer.checkedHere ? ' and here' : ''}`);

  await owner.claim(model.id);
  for (const [name, market] of Object.entries({ prover: worker, owner })) {
    console.log(`${name} withdraws ${formatEther(await market.creditOf(market.account))} ether`);
    await market.withdraw();
  }
} finally {
  chain.stop();
  rmSync(folder, { recursive: true });
}
