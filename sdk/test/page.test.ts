/** The page's verdicts: files in, yes, no or cannot check out, the answer first, and no request to anywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Browser } from 'puppeteer-core';

import { readKey } from '../src/verifier/index.js';
import { Visitor, startBrowser, url, vector } from './browser.js';
import { underSecret } from './ceremony.js';
import { MODEL, SEVERAL } from './owner.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const lenet = readKey(Uint8Array.from(readFileSync(vector('lenet.vk'))));
const [KEY, SRS, GRAPH] = [hex(lenet.digest), hex(lenet.srsDigest), hex(lenet.graphDigest)];
const proofText = readFileSync(vector('lenet.proof.json'), 'utf8');

let browser: Browser;
let visitor: Visitor;
let folder: string;
const asked: string[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  browser = await startBrowser();
});

beforeEach(async () => {
  for (const page of await browser.pages()) if (page.url() === url) await page.close();
  const page = await browser.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => assert.fail(String(error)));
  await page.goto(url);
  visitor = new Visitor(page);
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** A file of the test's own. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const modelFile = (changed: object = {}) => file('model.json', JSON.stringify({ ...MODEL, key_digest: `0x${KEY}`, srs_digest: `0x${SRS}`, graph_digest: `0x${GRAPH}`, ...changed }));

test('nothing given: the page says what it needs, and what it has', async () => {
  await visitor.sees('nothing', /Nothing checked yet.*Choose a proof and the model's key/);
  for (const [kind, words] of [['proof', 'not chosen yet'], ['key', 'not chosen yet'], ['model', 'not given']]) assert.equal(await visitor.text(`name-${kind}`), words);
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.sees('nothing', /Now choose the model's key/);
  assert.match(await visitor.text('name-proof'), /^lenet\.proof\.json \(\d+\.\d kB\)$/);
  await visitor.page.click('#remove-proof');
  await visitor.sees('nothing', /Choose a proof and the model's key/);
  assert.equal(await visitor.text('name-proof'), 'not chosen yet');
});

test('a valid proof of a trial key: yes in amber, and in one sentence why', async (t) => {
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('lenet.vk'));
  await visitor.sees('but', /Yes, but anybody could have made this proof.*trial key, whose secret everybody can look up/);
  // Nothing is guessed of an answer whose sizes nobody gave.
  assert.equal(await visitor.text('answer'), '');
  assert.match(await visitor.text('words'), /The answer cannot be read without the model's sizes/);
  await visitor.sizes();
  await visitor.sees('but', /^6\nThe largest of 10 outputs, counted from 0\. Its value is 114, as the model's integer/);
  const words = await visitor.text('words');
  assert.match(words, /You named no key: compare this digest with the one that the model's owner or its registration names/);
  assert.match(words, /The secret of the key's SRS is published \(assay srs generate --insecure\): anybody could have made this proof/);
  t.diagnostic(`${await browser.version()}: ${/Checked in \d+ ms/.exec(words)?.[0]}`);
  // All numbers are there, folded away.
  assert.equal(await visitor.page.evaluate(() => (document.getElementById('raw') as HTMLDetailsElement).open), false);
  const output = (await visitor.text('shown-output')).split(' ').map(Number);
  assert.deepEqual([output.length, output.indexOf(Math.max(...output))], [10, 6]);
  const pixels = (await visitor.text('shown-input')).split(' ').map(Number);
  const digits = readFileSync(fileURLToPath(new URL('../../../models/zoo/digits.u8', import.meta.url)));
  assert.deepEqual(pixels, [...digits.subarray(0, 784)]);
  const drawn = await visitor.page.evaluate(() => {
    const canvas = document.getElementById('picture') as HTMLCanvasElement;
    if (canvas.offsetParent === null) return [];
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, 28, 28);
    return Array.from({ length: 784 }, (_, i) => 255 - (data[4 * i] as number));
  });
  assert.deepEqual(drawn, pixels);
});

test('a key and a ceremony that the user expects: yes', async () => {
  const { key, proof } = underSecret(987_654_321n);
  const { digest, srsDigest } = readKey(key);
  await visitor.give('proof', file('proof.json', proof));
  await visitor.give('key', file('vk', key));
  await visitor.sees('but', /Yes, if this is the model's key.*fill in the digest that you expect/);
  await visitor.fill('known-key', `0x${hex(digest).toUpperCase()}`);
  await visitor.sees('but', /Yes, if you trust the key's ceremony.*name the ceremony/);
  await visitor.fill('known-srs', hex(srsDigest));
  await visitor.sees('yes', /^Yes\nThe proof is valid, for the key that you expect and a ceremony that you trust/);
  // A key that only model.json names is the word of whoever gave the files.
  await visitor.fill('known-key', '');
  const mine = { key_digest: `0x${hex(digest)}`, srs_digest: `0x${hex(srsDigest)}` };
  await visitor.give('model', modelFile(mine));
  await visitor.sees('but', /Yes, if model\.json is the owner's/);
  assert.match(await visitor.text('words'), /You named no key: compare this digest/);
  await visitor.fill('known-key', hex(digest));
  // And so is what the answer is called: the same proof, read by another file.
  await visitor.sees('but', /^six\nThe largest of 10 outputs: number 6, with the value 11\.1\.\n.*Yes, if model\.json reads it right/);
  assert.match(await visitor.text('words'), /checked against the key that you named/);
  await visitor.give('model', modelFile({ ...mine, labels: MODEL.labels.map((label, i) => (i === 6 ? 'NOT GUILTY' : label)) }));
  await visitor.sees('but', /^NOT GUILTY\n.*Yes, if model\.json reads it right/);
  await visitor.give('model', modelFile({ ...mine, outputs: [{ ...MODEL.outputs[0], shape: [1, 11] }], labels: null }));
  await visitor.sees('but', /^7\n.*Yes, if model\.json reads it right/);
  assert.match(await visitor.text('words'), /is what model\.json says, and is not proved: read otherwise, another output is the largest/);
  // Sizes that a person fills in are that person's word.
  await visitor.page.click('#remove-model');
  await visitor.sizes();
  await visitor.sees('yes', /^6\nThe largest of 10 outputs, counted from 0.*\n.*Yes\n/);
  assert.match(await visitor.text('words'), /is what you filled in, and is not proved/);
});

test('a model.json of another key, graph or SRS, or of other sizes than the person\'s, reads nothing', async () => {
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('lenet.vk'));
  await visitor.fill('known-key', KEY);
  for (const [field, what] of [['key_digest', 'key'], ['graph_digest', 'graph'], ['srs_digest', 'SRS']]) {
    await visitor.give('model', modelFile({ [field as string]: `0x${'77'.repeat(32)}` }));
    await visitor.sees('cannot', new RegExp(`“model\\.json” is not the model\\.json of these files.*the digest of the ${what} is 0x(77){32}, the key's file has 0x[0-9a-f]{64}`));
    assert.equal(await visitor.text('answer'), '');
  }
  await visitor.give('model', modelFile());
  await visitor.sees('but', /^six/);
  await visitor.fill('outputs', '11');
  await visitor.sees('cannot', /is not the model\.json of these files.*its output is 10 i8, you filled in 11 i8/);
});

test('model.json fills in sizes and types, takes them back, and never says which key is expected', async () => {
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('lenet.vk'));
  await visitor.give('model', modelFile());
  await visitor.sees('but', /^six\nThe largest of 10 outputs: number 6, with the value 11\.1\./);
  const filled = () => visitor.page.evaluate(() => ['known-key', 'inputs', 'input-type', 'outputs', 'output-type'].map((id) => (document.getElementById(id) as HTMLInputElement).value));
  assert.deepEqual(await filled(), ['', '784', 'u8', '10', 'i8']);
  assert.match(await visitor.text('words'), /what model\.json says, and is not proved/);
  assert.match(await visitor.text('shown-real'), /^2 -2\.7 -1\.9 -4 2\.8 -2\.4 11\.1 -5\.8 1\.4 -2\.4$/);
  await visitor.page.click('#remove-model');
  await visitor.sees('but', /The answer cannot be read/);
  assert.deepEqual(await filled(), ['', '', '', '', '']);
  // What a person wrote stays, and is held against the key.
  await visitor.fill('known-key', KEY);
  await visitor.give('model', modelFile());
  await visitor.sees('but', /^six/);
  assert.equal((await filled())[0], KEY);
  await visitor.fill('known-key', '');
  await visitor.give('model', modelFile({ format: 'assay-model-9' }));
  await visitor.sees('cannot', /“model\.json” is not a model\.json that this page can read.*assay-model-9/);
  await visitor.give('model', modelFile({ outputs: [{ ...MODEL.outputs[0], shape: [1, 1] }], labels: null }));
  await visitor.sees('cannot', /The model does not take and give as many numbers/);
});

test('of several outputs the first is large, the others stand below by their names, and inputs are told apart too', async () => {
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('lenet.vk'));
  const several = (changed: object = {}) => {
    const { inputs, outputs, labels } = SEVERAL;
    return modelFile({ inputs, outputs, labels, ...changed });
  };
  await visitor.give('model', several());
  await visitor.sees('but', /^\d+\nThe largest of 164 values of the output “lower”, counted from 0\. Its value is 12\d(\.5)?\.\nYes, but.*The model's other outputs, by the names that model\.json gives them:\nlogits\n6 The largest of 10 values of the output “logits”, counted from 0\. Its value is 11\.1\./);
  assert.equal(await visitor.text('several'), 'This model.json says sizes and types of 2 inputs and 2 outputs: there is nothing to fill in for them.');
  const filled = () => visitor.page.evaluate(() => ['inputs', 'input-type', 'outputs', 'output-type'].map((id) => (document.getElementById(id) as HTMLInputElement).value));
  assert.deepEqual(await filled(), ['', '', '', '']);
  assert.match(await visitor.text('words'), /The inputs, the outputs, the context: as the proof says/);
  assert.match(await visitor.text('shown'), /“lower”, as integers.*“logits”, as integers.*“upper”, as integers.*“middle”, as integers/s);
  const digit = [...readFileSync(fileURLToPath(new URL('../../../models/zoo/digits.u8', import.meta.url))).subarray(0, 784)];
  const shown = async (id: string) => (await visitor.text(`shown-${id}`)).split(' ').map(Number);
  assert.deepEqual([await shown('input-0'), await shown('input-1'), await shown('output-0')], [digit.slice(0, 310), digit.slice(310, 620), digit.slice(620)]);
  // What a person was told of all inputs is written one after the other.
  await visitor.fill('known-input', digit.slice(0, 620).join(' '));
  await visitor.sees('but', /The outputs, the context: as the proof says/);
  await visitor.fill('known-input', [...digit.slice(310, 620), ...digit.slice(0, 310)].join(' '));
  await visitor.sees('no', /^No, it proves something else.*the proof is of another input "upper"/);
  await visitor.fill('known-input', digit.slice(0, 619).join(' '));
  await visitor.sees('cannot', /Something that you filled in cannot be read.*"middle": expected 310 values of u8, got 309/);
  await visitor.fill('known-input', '');
  // Names and values are the first output's.
  await visitor.give('model', several({ labels: Array.from({ length: 164 }, () => 'a pixel') }));
  await visitor.sees('but', /^a pixel\nThe largest of 164 values of the output “lower”: number \d+, .*\n6 The largest of 10 values/);
  // One that a person fills in is compared with all that the file says, and a file of one tensor fills in again.
  await visitor.sizes();
  await visitor.sees('cannot', /its input is \["upper" 310 u8, "middle" 310 u8\], you filled in 784 u8/);
  await visitor.give('model', modelFile());
  await visitor.sees('but', /^six/);
  assert.equal(await visitor.text('several'), '');
  for (const id of ['others', 'further']) assert.equal(await visitor.page.evaluate((id) => (document.getElementById(id) as HTMLElement).checkVisibility(), id), false, id);
});

test('a false proof: no, and nothing is shown of what is not proved', async () => {
  const { instances } = JSON.parse(proofText) as { instances: string[] };
  const output = instances.at(-2) as string;
  await visitor.sizes();
  await visitor.give('key', vector('lenet.vk'));
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.sees('but', /^6/);
  await visitor.give('proof', file('changed.json', proofText.replace(output, `${output.slice(0, -1)}${output.endsWith('0') ? '1' : '0'}`)));
  await visitor.sees('no', /^No, the proof is false\n.*made up, changed or damaged.*the proof is invalid: it does not show that these outputs follow/);
  for (const id of ['answer', 'meaning', 'shown', 'words', 'others']) assert.equal(await visitor.text(id), '', id);
  assert.equal(await visitor.page.evaluate(() => (document.getElementById('picture') as HTMLElement).offsetParent), null);
});

test('a valid proof of something else than the user was told: no, and of what', async () => {
  await visitor.sizes();
  await visitor.give('key', vector('lenet.vk'));
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.sees('but', /^6/);
  const output = await visitor.text('shown-output');
  const [first = '', ...rest] = output.split(' ');
  await visitor.fill('known-output', [Number(first) + 1, ...rest].join(', '));
  await visitor.sees('no', /^No, it proves something else.*the proof is of another output: expected -?\d+ at element 0, got -?\d+/);
  await visitor.fill('known-output', output);
  await visitor.fill('known-context', '0x1');
  await visitor.sees('no', /the context is 0x[0-9a-f]+, expected 0x0+1/);
  await visitor.fill('known-context', '4711');
  await visitor.sees('but', /^6.*The input: as the proof says, for you gave nothing to compare with/);
});

test('wrong files, other keys and what cannot be read: cannot check, which says nothing against the proof', async () => {
  const [wrong, other] = [file('holiday.jpg', Uint8Array.of(0xff, 0xd8, 0xff)), file('letter.txt', 'Dear Sir')];
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('tiny.vk'));
  await visitor.sees('cannot', /^Cannot check\n.*“lenet\.proof\.json” was made for another model or another key than “tiny\.vk”.*This says nothing against the proof/);
  await visitor.give('key', wrong);
  await visitor.sees('cannot', /“holiday\.jpg” is not a model's key: choose the file that is usually called vk/);
  await visitor.give('key', vector('lenet.vk'));
  await visitor.give('proof', other);
  await visitor.sees('cannot', /“letter\.txt” is not a proof/);
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', file('cut.vk', readFileSync(vector('lenet.vk')).subarray(0, 900)));
  await visitor.sees('cannot', /“cut\.vk” is a key that is damaged/);
  await visitor.give('key', vector('lenet.vk'));
  await visitor.fill('known-key', `${KEY.slice(0, -1)}${KEY.endsWith('0') ? '1' : '0'}`);
  await visitor.sees('cannot', /“lenet\.vk” is not the key that you expect: get the key with that digest.*the key is [0-9a-f]{64}, expected [0-9a-f]{64}/);
  await visitor.fill('known-key', 'nonsense');
  await visitor.sees('cannot', /Something that you filled in cannot be read.*the expected key digest is not 32 bytes of hexadecimal: nonsense/);
  await visitor.fill('known-key', KEY);
  await visitor.fill('known-srs', SRS);
  // A published secret is published, whatever the user trusts.
  await visitor.sees('but', /anybody could have made this proof/);
  await visitor.sizes();
  await visitor.fill('inputs', '700');
  await visitor.sees('cannot', /as many numbers as you filled in.*the proof has 28 public values, expected 25 for 700 u8 in and 10 i8 out/);
});

test('the digest that one expects is asked for in plain sight', async () => {
  const seen = await visitor.page.evaluate(() => (document.getElementById('known-key') as HTMLElement).checkVisibility());
  assert.equal(seen, true);
});

test('files that are dropped are told apart by what is in them, and each is named', async () => {
  const content = (path: string) => readFileSync(path).toString('base64');
  await visitor.drop([
    { name: 'old', base64: content(vector('tiny.vk')) },
    { name: 'a.txt', base64: content(vector('lenet.proof.json')) },
    { name: 'b.json', base64: content(vector('lenet.vk')) },
    { name: 'c', base64: content(modelFile()) },
  ]);
  await visitor.sees('but', /^six/);
  for (const [kind, name] of [['proof', /^a\.txt \(/], ['key', /^b\.json \(/], ['model', /^c \(/]] as const) assert.match(await visitor.text(`name-${kind}`), name);
  assert.equal(await visitor.text('unused'), 'Dropped too, and not used: old.');
  await visitor.drop([{ name: 'holiday.jpg', base64: '/9j/' }]);
  await visitor.sees('cannot', /“holiday\.jpg” is not a model's key/);
  assert.match(await visitor.text('name-key'), /^holiday\.jpg \(3 bytes\)$/);
});

test('no field offers or brings back what somebody filled in before', async () => {
  const fields = await visitor.page.evaluate(() => [...document.querySelectorAll<HTMLInputElement>('input:not([type=file]), select, textarea')].map(({ id, autocomplete }) => [id, autocomplete]));
  assert.equal(fields.length, 9);
  assert.deepEqual(fields.filter(([, autocomplete]) => autocomplete !== 'off'), []);
});

test('the page asked nobody anything', () => {
  assert.ok(asked.length > 0);
  assert.deepEqual([...new Set(asked)], [url]);
});
