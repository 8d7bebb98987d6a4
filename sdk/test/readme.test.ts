/** The README's blocks do what it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as everything from '@assay/sdk';
import { srsDigestOf } from '@assay/sdk/verifier';
import { type Hex, bytesToHex, hexToBytes, parseEther } from 'viem';

import { PEOPLE } from '../examples/deploy.js';
import { MODEL } from './owner.js';
import { DAY, FEE, INPUT, type Scene, TRUST, answered, signed, startScene } from './scene.js';

const sdk = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(`${sdk}README.md`, 'utf8');
const blocks = (language: string) => [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block as string);

/** An `Assay` for these tests' verifier, which no package brings. */
class Trusting extends everything.Assay {
  constructor(market: everything.Market) {
    super(market, TRUST);
  }
}

let scene: Scene;

before(async () => {
  scene = await startScene();
});

after(() => scene?.stop());

test('the README leads from a model to a paid proof', () => {
  const commands = blocks('sh');
  assert.equal(commands.length, 1, 'every block of commands is run here');
  const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', commands.join('\n')], { cwd: sdk, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  assert.match(printed, /^proved and delivered, \d+ gas$/m);
  assert.match(printed, /^the model answers 6, with the value 14\.25, checked by the chain and here$/m);
  assert.match(printed, /^prover withdraws 0\.008 ether$/m);
});

test('the README\'s code asks, goes on, and has its money back', async () => {
  const { chain, client, prover, model, address } = scene;
  const code = blocks('ts');
  assert.equal(code.length, 3, 'every block of code is run here');
  const [ask, goOn, challenge] = code as [string, string, string];
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key), setItem: (key: string, value: string) => kept.set(key, value) };
  const { registration, keyCode } = await new everything.Models(client.client, client).registeredAs(model.id);
  const { graphDigest, keyDigest, class: verifier } = registration;
  const srsDigest = srsDigestOf(hexToBytes(keyCode as Hex)) as Uint8Array;
  const modelJson = JSON.stringify({
    ...MODEL, market: address, model_id: model.id, graph_digest: graphDigest, key_digest: keyDigest, srs_digest: bytesToHex(srsDigest), class: verifier,
    inputs: [{ name: 'pixels', shape: [93], type: 'u8', scale: 1, zero_point: 0, words: 3 }], outputs: [{ name: 'logits', shape: [10], type: 'i8', scale: 0.5, zero_point: 0, words: 1 }],
  });
  const names = {
    ...everything, Assay: Trusting, parseEther, storage, address, model, modelJson, key: undefined, pixels: INPUT, market: client, prover: prover.account, feeCeiling: FEE, proofFee: FEE,
    publicClient: chain.client, walletClient: chain.wallet(PEOPLE.client),
  };
  const run = (block: string): Promise<unknown> => {
    const declared = [...block.matchAll(/^const (\w+) =/gm)].map(([, name]) => name);
    const given = Object.entries(names).filter(([name]) => !declared.includes(name));
    return new Function(...given.map(([name]) => name), `return (async () => {${block}})()`)(...given.map(([, value]) => value));
  };
  const keptRequest = () => everything.requestFromJson(kept.get('request') as string, client);
  /** Once the kept request is open, what a prover does. */
  const whenOpen = async (act: (request: everything.Request, id: Hex) => Promise<unknown>) => {
    for (let i = 0; i < 500; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (!kept.has('request')) continue;
      const { id, request } = keptRequest();
      if ((await client.status(id)).status === 'open') return act(request, id);
    }
    return assert.fail('the request was not opened');
  };

  await Promise.all([run(ask), whenOpen((request) => prover.fulfil(answered(request, prover)))]);
  assert.equal((await client.status(keptRequest().id)).status, 'settled');
  await run(goOn);

  const unanswered = await client.prepare({ modelId: model.id, input: everything.packTensors([INPUT], model.inputs), feeCeiling: FEE });
  kept.set('request', JSON.stringify(everything.requestToJson(unanswered, client)));
  await Promise.all([run(goOn), whenOpen(() => chain.pass(DAY + 1))]);
  assert.equal((await client.status(unanswered.id)).status, 'refunded');
  assert.equal(await client.creditOf(client.account), 0n);

  kept.clear();
  await Promise.all([run(challenge), whenOpen(async (request) => prover.answer(request, await signed(scene, request)))]);
  assert.equal((await client.status(keptRequest().id)).status, 'proving');
});
