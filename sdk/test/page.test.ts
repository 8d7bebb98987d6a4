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

/** The verdict, once there is one. */
async function verdict(): Promise<{ valid: string; reason: string }> {
  await page.waitForFunction(() => ['yes', 'no'].includes(document.getElementById('verdict')?.dataset['valid'] ?? ''));
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
  assert.equal(valid, 'yes', reason);
  assert.match(reason, /^valid, checked in \d+ ms$/);
  t.diagnostic(`${await browser.version()}: lenet's proof is ${reason}`);
  assert.match(await text('warning'), /SRS is insecure/);
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

test('files that are dropped are told apart by their names', async () => {
  const contents = ['lenet.proof.json', 'lenet.vk'].map((name) => ({ name, base64: readFileSync(join(vectors, name)).toString('base64') }));
  await page.evaluate((contents) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of contents) {
      transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name));
    }
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
  }, contents);
  assert.equal((await verdict()).valid, 'yes');
});

test('sizes that are not the model\'s show the words, and say why', async () => {
  await page.evaluate(() => {
    const inputs = document.getElementById('inputs') as HTMLInputElement;
    inputs.value = '700';
    inputs.dispatchEvent(new Event('change'));
  });
  await page.waitForFunction(() => document.getElementById('shown-words') !== null);
  assert.equal((await verdict()).valid, 'yes');
  assert.match(await text('shown-words'), /expected 1 words of 10 i8, got 4/);
});

test('the page asked nobody anything', () => {
  assert.deepEqual(asked, [url]);
});
