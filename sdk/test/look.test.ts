/** The page's five states, and several outputs, as a person sees them: legible in light and dark, and nothing wider than a narrow screen. With SHOTS set to a folder, their pictures are kept there. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Browser } from 'puppeteer-core';

import { readKey } from '../src/verifier/index.js';
import { Visitor, startBrowser, url, vector } from './browser.js';
import { underSecret } from './ceremony.js';
import { MODEL, SEVERAL } from './owner.js';

/** What the guidelines ask for (WCAG 2.2, 1.4.3), for text of any size. */
const CONTRAST = 4.5;
const SIZES = { wide: { width: 900, height: 1_000 }, narrow: { width: 360, height: 780 } } as const;

type Shown = 'nothing' | 'yes' | 'but' | 'no' | 'cannot';

let browser: Browser;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-'));
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Brings a page into a state; a name without a blank in it is the longest that a narrow screen meets. */
const STATES: Record<Shown | 'several', (visitor: Visitor) => Promise<void>> = {
  nothing: async () => undefined,
  yes: async (visitor) => {
    const { key, proof } = underSecret(42_424_242n);
    const { digest, srsDigest } = readKey(key);
    await visitor.sizes();
    await visitor.give('proof', file('proof.json', proof));
    await visitor.give('key', file('vk', key));
    await visitor.fill('known-key', hex(digest));
    await visitor.fill('known-srs', hex(srsDigest));
  },
  but: async (visitor) => described(visitor, MODEL),
  several: async (visitor) => described(visitor, { ...SEVERAL, outputs: SEVERAL.outputs.map((output) => ({ ...output, name: `${output.name}_of_${'a_long_network_'.repeat(6)}` })) }),
  no: async (visitor) => {
    const text = readFileSync(vector('lenet.proof.json'), 'utf8');
    await visitor.give('proof', file('proof.json', text.replace(/("proof": "0x[0-9a-f]+)[0-9a-f]"/, (_, start: string) => `${start.slice(0, -400)}${'0'.repeat(64)}${start.slice(-336)}0"`)));
    await visitor.give('key', vector('lenet.vk'));
  },
  cannot: async (visitor) => {
    await visitor.give('proof', vector('lenet.proof.json'));
    await visitor.give('key', file(`${'a-key-of-another-model-that-somebody-gave-a-long-name-'.repeat(2)}.vk`, readFileSync(vector('tiny.vk'))));
  },
};

/** LeNet's proof and key, with what a model.json says of the model. */
async function described(visitor: Visitor, model: object): Promise<void> {
  const { digest, srsDigest, graphDigest } = readKey(Uint8Array.from(readFileSync(vector('lenet.vk'))));
  const digests = { key_digest: `0x${hex(digest)}`, srs_digest: `0x${hex(srsDigest)}`, graph_digest: `0x${hex(graphDigest)}` };
  await visitor.give('model', file('model.json', JSON.stringify({ ...model, ...digests })));
  await visitor.give('proof', vector('lenet.proof.json'));
  await visitor.give('key', vector('lenet.vk'));
}

/** Texts that are shown with too little contrast, and how many were looked at. Backgrounds are opaque. */
function faint(least: number): { looked: number; faint: string[] } {
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string) => {
    const [r, g, b] = channels(color).slice(0, 3).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (start: Element): string => {
    for (let at: Element | null = start; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    throw new Error('the page has no background');
  };
  const found: string[] = [];
  let looked = 0;
  const look = (of: Element, color: string, what: string) => {
    looked += 1;
    const [a, b] = [luminance(color), luminance(background(of))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (!(ratio >= least)) found.push(`${what}: ${color} on ${background(of)} is ${ratio.toFixed(2)}`);
  };
  for (const one of document.body.querySelectorAll('*')) {
    if (!one.checkVisibility()) continue;
    const field = ['INPUT', 'SELECT', 'TEXTAREA'].includes(one.tagName);
    const text = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
    const what = `${one.tagName} #${one.id} ${one.textContent?.slice(0, 30)}`;
    if (getComputedStyle(one).opacity !== '1') found.push(`${what} is translucent`);
    if ((text && one.tagName !== 'SCRIPT') || field) look(one, getComputedStyle(one).color, what);
    if (field && (one as HTMLInputElement).placeholder) look(one, getComputedStyle(one, '::placeholder').color, `placeholder of ${what}`);
  }
  return { looked, faint: found };
}

/** What reaches beyond the right edge. */
function beyond(): string[] {
  const width = document.documentElement.clientWidth;
  const wide = [...document.body.querySelectorAll('*')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > width + 0.5);
  const scrolls = document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} wide`] : [];
  return [...scrolls, ...wide.map((one) => `${one.tagName} #${one.id} ends at ${one.getBoundingClientRect().right}`)];
}

for (const look of Object.keys(STATES) as (Shown | 'several')[]) {
  const state = look === 'several' ? 'but' : look;
  for (const scheme of ['light', 'dark'] as const) {
    test(`${look}, ${scheme}: every text is legible, and a screen of 360 pixels is wide enough`, async () => {
      const page = await browser.newPage();
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.setViewport(SIZES.wide);
      await page.goto(url);
      const visitor = new Visitor(page);
      await STATES[look](visitor);
      await visitor.sees(state, /./);
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewport(viewport);
        const shots = process.env['SHOTS'];
        if (shots) await page.screenshot({ path: join(shots, `${look}-${scheme}-${size}.png`) as `${string}.png`, fullPage: true });
        for (const open of [false, true]) {
          await page.evaluate((open) => document.querySelectorAll('details').forEach((one) => (one.open = open)), open);
          if (shots && open && size === 'narrow') await page.screenshot({ path: join(shots, `${look}-${scheme}-${size}-open.png`) as `${string}.png`, fullPage: true });
          const { looked, faint: found } = await page.evaluate(faint, CONTRAST);
          assert.ok(looked > 25, `only ${looked} texts were looked at`);
          assert.deepEqual(found, []);
          assert.deepEqual(await page.evaluate(beyond), []);
        }
        await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = false)));
      }
      const color = await page.evaluate(() => getComputedStyle(document.getElementById('result') as HTMLElement).backgroundColor);
      colors.set(`${scheme} ${state}`, color);
      await page.close();
    });
  }
}

/** Each state's background, once it was seen. */
const colors = new Map<string, string>();

test('each verdict has a colour of its own', () => {
  assert.equal(colors.size, 10);
  assert.equal(new Set(colors.values()).size, 10);
});
