/**
 * From a model to a paid proof on a development chain, in real numbers.
 *
 *     npm run example -- MODEL.onnx INPUT.json
 *
 * INPUT.json is `{"input_data": [[...]]}`, real numbers in row-major order, a row for each input of the model, as `assay infer` takes it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Assay, Market, bondOf, fulfilmentOf, modelFromJson } from '@assay/sdk';
import { formatEther, parseEther } from 'viem';

import { startChain } from './anvil.js';
import { PEOPLE, deployMarket } from './deploy.js';
import { Prover } from './prover.js';

const FEE = parseEther('0.01');

const [onnx, input] = process.argv.slice(2);
if (!onnx || !input) throw new Error('expected a model and an input: npm run example -- lenet.onnx input.json');
const { input_data: reals } = JSON.parse(readFileSync(input, 'utf8')) as { input_data?: number[][] };
if (!reals) throw new Error(`expected {"input_data": [[...]]} in ${input}`);

const folder = mkdtempSync(join(tmpdir(), 'assay-'));
const chain = await startChain();
try {
  const prover = new Prover(onnx, folder);
  const address = await deployMarket(chain);
  const as = (person: keyof typeof PEOPLE) => Market.connect(chain.client, address, chain.wallet(PEOPLE[person]));
  // On a chain of one's own the model's owner admits the verifier that judges it; elsewhere the router's owner does, seven days later.
  const [client, worker, owner] = [await as('client'), await as('prover'), await as('admin')];
  // The owner registers the model and hands out what `assay register` and `assay setup` wrote: model.json and the key.
  const model = { ...modelFromJson(prover.register(chain, PEOPLE.admin, address)), key: prover.key };
  console.log(`market ${address}, model ${model.id}`);

  // The client asks, and keeps its request before it pays: with it, it can go on in another process, or have its money back.
  // The model's verifier is one of those that the SDK brings, so that its class need not be named.
  const pending = await new Assay(client).prepare({ model, reals, feeCeiling: FEE });
  writeFileSync(join(folder, 'request.json'), JSON.stringify(pending));
  await pending.open();
  console.log(`request ${pending.id}, ${formatEther(FEE)} ether escrowed`);

  // The prover makes the proof for this request and itself, locks, delivers.
  const context = worker.contextOf(pending.request, worker.account);
  const proof = prover.prove(input, context);
  const fulfilment = fulfilmentOf(worker, pending.request, worker.account, proof, model);
  await worker.bond(bondOf(pending.request));
  await worker.lock(pending.request, fulfilment.output);
  const { gasUsed } = await worker.fulfil(fulfilment);
  console.log(`proved and delivered, ${gasUsed} gas`);

  // The client has its answer, with the proof checked on its own machine too.
  const answer = await pending.answer();
  const { label, reals: [first = [], ...others] = [] } = answer;
  const shown = label ? `${label.name ?? label.index}, with the value ${first[label.index]}` : first.join(' ');
  console.log(`the model answers ${shown}, checked by the chain${answer.checkedHere ? ' and here' : ''}`);
  others.forEach((values, at) => console.log(`and of ${model.outputs[at + 1]?.name} ${values.join(' ')}`));

  await owner.claim(model.id);
  for (const [name, market] of Object.entries({ prover: worker, owner })) {
    console.log(`${name} withdraws ${formatEther(await market.creditOf(market.account))} ether`);
    await market.withdraw();
  }
} finally {
  chain.stop();
  rmSync(folder, { recursive: true });
}
