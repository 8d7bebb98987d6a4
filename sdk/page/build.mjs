// Bundles the page into one HTML file, dist/page.html, which needs no network.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { build } from 'esbuild';

const here = (path) => new URL(path, import.meta.url);
const { outputFiles: [script] } = await build({
  entryPoints: [here('page.ts').pathname],
  bundle: true, write: false, minify: true, format: 'iife', target: 'es2022', legalComments: 'none', charset: 'ascii',
});
const [html, style] = ['page.html', 'page.css'].map((name) => readFileSync(here(name), 'utf8'));
// Functions, because `$` in a replacement text has a meaning; `</` must not end the script.
const page = html.replace('/* page.css */', () => style).replace('/* page.js */', () => script.text.replaceAll('</', '<\\/'));
mkdirSync(here('../dist'), { recursive: true });
writeFileSync(here('../dist/page.html'), page);
console.log(`dist/page.html: ${page.length} bytes`);
