/** The bundled page in a headless Chromium. */
import { fileURLToPath } from 'node:url';

import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';

import type { Kind } from '../page/files.js';

export const url = new URL('../../dist/page.html', import.meta.url).href;
export const vector = (name: string): string => fileURLToPath(new URL(`../../test/vectors/${name}`, import.meta.url));

export async function startBrowser(): Promise<Browser> {
  // npm brings the browser, and the libraries that a bare machine lacks (NSS), which are used where its package believes to be in its cloud; CHROMIUM names
  // another browser.
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs20.x';
  const { default: chromium } = await import('@sparticuz/chromium');
  const executablePath = process.env['CHROMIUM'] ?? (await chromium.executablePath());
  return puppeteer.launch({ executablePath, args: chromium.args, headless: 'shell' });
}

/** What a person sees and does. */
export class Visitor {
  constructor(readonly page: Page) {}

  async give(kind: Kind, path: string): Promise<void> {
    const field = (await this.page.$(`#${kind}`)) as ElementHandle<HTMLInputElement>;
    await field.uploadFile(path);
  }

  /** Fills a field in, or empties it. */
  async fill(id: string, text: string): Promise<void> {
    await this.page.evaluate((id, text) => {
      const field = document.getElementById(id) as HTMLInputElement;
      field.value = text;
      field.dispatchEvent(new Event('change'));
    }, id, text);
  }

  /** LeNet's sizes and types. */
  async sizes(): Promise<void> {
    for (const [id, value] of [['inputs', '784'], ['input-type', 'u8'], ['outputs', '10'], ['output-type', 'i8']] as const) await this.fill(id, value);
  }

  async drop(files: readonly { name: string; base64: string }[]): Promise<void> {
    await this.page.evaluate((files) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of files) transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    }, files);
  }

  /** What is shown once the page is in a state and says this somewhere in its verdict. */
  async sees(state: 'nothing' | 'yes' | 'but' | 'no' | 'cannot', words: RegExp): Promise<void> {
    const found = (state: string, source: string) => {
      const result = document.getElementById('result') as HTMLElement;
      return result.dataset['state'] === state && new RegExp(source, 's').test(result.innerText.replace(/\n+/g, '\n'));
    };
    await this.page.waitForFunction(found, { timeout: 15_000 }, state, words.source).catch(async () => {
      const got = await this.page.evaluate(() => {
        const result = document.getElementById('result') as HTMLElement;
        return `${result.dataset['state']}: ${result.innerText}`;
      });
      throw new Error(`expected ${state} with ${words}, got ${got}`);
    });
  }

  /** The text of an element; nothing when it is hidden. */
  text(id: string): Promise<string> {
    return this.page.evaluate((id) => {
      const found = document.getElementById(id);
      return !found || found.hidden ? '' : (found.textContent ?? '');
    }, id);
  }
}
