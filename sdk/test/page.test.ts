/** The bundled page in a headless Chromium: files in, verdict, numbers and picture out, and no request to anywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';

const vectors = fileURLToPath(new URL('../../test/vectors/', import.meta.url));
const url = new URL('../../dist/page.html', import.meta.url).href;

let browser: Browser;
let page: Page;
let folder: string;
const asked: string[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  // npm brings the browser, and the libraries that a bare machine lacks (NSS), which are used where its package believes to be in its cloud; CHROMIUM names
  // another browser.
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs20.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  const executablePath = process.env['CHROMIUM'] ?? (await chromium.executablePath());
  browser = await puppeteer.launch({ executablePath, args: chromium.args, headless: 'shell' });
  page = await browser.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => assert.fail(String(error)));
  await page.goto(url);
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

async function give(input: 'proof' | 'key', path: string): Promise<void> {
  const field = (await page.$(`#${input}`)) as ElementHandle<HTMLInputElement>;
  await field.uploadFile(path);
}

/** Fills in what the user knows from elsewhere. */
async function know(name: 'key' | 'srs' | 'input' | 'output' | 'context', text: string): Promise<void> {
  await page.evaluate((id, text) => {
    const field = document.getElementById(id) as HTMLInputElement;
    field.value = text;
    field.dispatchEvent(new Event('change'));
  }, `known-${name}`, text);
}

/** The verdict, once there is one. */
async function verdict(): Promise<{ valid: string; reason: string }> {
  await page.waitForFunction(() => ['yes', 'but', 'no'].includes(document.getElementById('verdict')?.dataset['valid'] ?? ''));
  return page.evaluate(() => ({
    valid: document.getElementById('verdict')?.dataset['valid'] ?? '',
    reason: document.getElementById('reason')?.textContent ?? '',
  }));
}

const text = (id: string) => page.evaluate((id) => document.getElementById(id)?.textContent ?? '', id);

test('a valid proof: yes, how fast, the numbers and the picture', async (t) => {
  await give('proof', join(vectors, 'lenet.proof.json'));
  await give('key', join(vectors, 'lenet.vk'));
  const { valid, reason } = await verdict();
  assert.equal(valid, 'but', reason);
  assert.match(reason, /^checked in \d+ ms$/);
  t.diagnostic(`${await browser.version()}: lenet's proof is ${reason}`);
  const words = await text('words');
  assert.match(words, /You named no key: compare this digest with the one that the model's owner or its registration names/);
  assert.match(words, /The secret of the key's SRS is published \(assay srs generate --insecure\): anybody could have made this proof/);
  const output = (await text('shown-output')).split(' ').map(Number);
  assert.equal(output.length, 10);
  assert.equal(output.indexOf(Math.max(...output)), 6);
  const pixels = (await text('shown-input')).split(' ').map(Number);
  const digits = readFileSync(fileURLToPath(new URL('../../../models/zoo/digits.u8', import.meta.url)));
  assert.deepEqual(pixels, [...digits.subarray(0, 784)]);
  const drawn = await page.evaluate(() => {
    const canvas = document.getElementById('picture') as HTMLCanvasElement;
    if (canvas.hidden) return [];
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, 28, 28);
    return Array.from({ length: 784 }, (_, i) => 255 - (data[4 * i] as number));
  });
  assert.deepEqual(drawn, pixels);
});

test('a changed proof, another model\'s key and a wrong file: no, and why', async () => {
  const proof = readFileSync(join(vectors, 'lenet.proof.json'), 'utf8');
  const file = JSON.parse(proof) as { instances: string[] };
  const output = file.instances.at(-2) as string;
  const other = join(folder, 'other.json');
  writeFileSync(other, proof.replace(output, `${output.slice(0, -1)}${output.endsWith('0') ? '1' : '0'}`));
  await give('proof', other);
  assert.deepEqual(await verdict(), {
    valid: 'no', reason: 'the proof is invalid: it does not show that these outputs follow from these inputs',
  });
  assert.equal(await text('shown'), '', 'nothing is shown of what is not proved');

  await give('key', join(vectors, 'tiny.vk'));
  await page.waitForFunction(() => /of graph/.test(document.getElementById('reason')?.textContent ?? ''));
  assert.equal((await verdict()).valid, 'no');

  await give('key', other);
  await page.waitForFunction(() => /not a verifying key/.test(document.getElementById('reason')?.textContent ?? ''));
  assert.equal((await verdict()).valid, 'no');
});

test('what the user knows from elsewhere is compared, and the page says what it was not told', async () => {
  await give('proof', join(vectors, 'lenet.proof.json'));
  await give('key', join(vectors, 'lenet.vk'));
  await page.waitForFunction(() => document.getElementById('shown-key') !== null);
  const [key, srs, output, context] = [await text('shown-key'), await text('shown-srs'), await text('shown-output'), await text('shown-context')];
  const told = async (words: RegExp, where: 'words' | 'reason' | 'verdict') =>
    page.waitForFunction((where, source) => new RegExp(source).test(document.getElementById(where)?.textContent ?? ''), {}, where, words.source);

  await know('key', key);
  await told(/checked against the key that you named/, 'words');
  // A published secret is published, whatever the user trusts.
  await know('srs', srs);
  await told(/anybody could have made this proof/, 'words');
  assert.equal((await verdict()).valid, 'but');

  await know('key', `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`);
  await told(/the key is [0-9a-f]{64}, expected [0-9a-f]{64}: take the key of the model that you mean/, 'reason');
  assert.equal((await verdict()).valid, 'no');
  await know('key', 'nonsense');
  await told(/what you gave cannot be read: the expected key digest is not 32 bytes of hexadecimal/, 'reason');
  await know('key', key);
  const [first = '', ...rest] = output.split(' ');
  await know('output', [Number(first) + 1, ...rest].join(', '));
  await told(/the proof is of another output: expected -?\d+ at element 0, got -?\d+/, 'reason');
  await know('output', output);
  await know('context', '0x1');
  await told(/the context is 0x[0-9a-f]+, expected 0x0+1: the proof is bound to another request or payee/, 'reason');
  await know('context', context);
  await told(/checked against the key that you named/, 'words');
  for (const name of ['key', 'srs', 'output', 'context'] as const) await know(name, '');
  await told(/You named no key/, 'words');
});

test('files that are dropped are told apart by their names', async () => {
  const contents = ['lenet.proof.json', 'lenet.vk'].map((name) => ({ name, base64: readFileSync(join(vectors, name)).toString('base64') }));
  await page.evaluate((contents) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of contents) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name));
    }
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
  }, contents);
  assert.equal((await verdict()).valid, 'but');
});

test('sizes that are not the model\'s are refused, and it says why', async () => {
  await page.evaluate(() => {
    const inputs = document.getElementById('inputs') as HTMLInputElement;
    inputs.value = '700';
    inputs.dispatchEvent(new Event('change'));
  });
  await page.waitForFunction(() => /the proof has 28 public values, expected 25 for 700 u8 in and 10 i8 out and a context/.test(document.getElementById('reason')?.textContent ?? ''));
  assert.equal((await verdict()).valid, 'no');
});

test('the page asked nobody anything', () => {
  assert.deepEqual(asked, [url]);
});
