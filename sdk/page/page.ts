/** The page: two files in, one verdict out. */
import { bytesToHex } from '@noble/hashes/utils.js';

import type { Tensor } from '../src/packing.js';
import { type Expected, type Verdict, VerifyError, inWords, verifyFiles } from '../src/verifier/index.js';

/** Values of a handwritten digit, which is drawn. */
const SIDE = 28;

function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as E;
}

const files: { proof?: File; key?: File } = {};
const controls = [
  'inputs', 'input-type', 'outputs', 'output-type', 'known-key', 'known-srs', 'known-input', 'known-output', 'known-context',
];

/** Checks again with every file and every change; only the last check's result is shown. */
let turn = 0;
async function check(): Promise<void> {
  const mine = ++turn;
  const { proof, key } = files;
  if (!proof || !key) return say('', proof ? 'now the verifying key' : 'now the proof');
  say('', 'checking');
  try {
    const [text, bytes] = await Promise.all([proof.text(), key.arrayBuffer()]);
    if (mine !== turn) return;
    const start = performance.now();
    const known = expected();
    const verdict = verifyFiles(new Uint8Array(bytes), text, known);
    const milliseconds = performance.now() - start;
    say(trusted(verdict) ? 'yes' : 'but', `checked in ${milliseconds.toFixed(0)} ms`);
    show(verdict, known);
  } catch (error) {
    if (mine !== turn) return;
    say('no', error instanceof VerifyError ? error.message : `what you gave cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the user filled in. */
function expected(): Expected {
  const filled = (id: string) => element<HTMLInputElement | HTMLTextAreaElement>(id).value.trim();
  const numbers = (id: string) => (filled(id) ? filled(id).split(/[\s,[\]]+/).filter(Boolean).map(Number) : undefined);
  const [context, srs] = [filled('known-context'), filled('known-srs')];
  return {
    model: { input: tensor('inputs', 'input-type'), output: tensor('outputs', 'output-type') },
    keyDigest: filled('known-key') || undefined,
    input: numbers('known-input'),
    output: numbers('known-output'),
    context: context ? BigInt(context) : undefined,
    ceremonies: srs ? { here: srs } : {},
  };
}

/** Whether nothing is left for the user to find out. */
function trusted({ keyExpected, ceremony }: Verdict): boolean {
  return keyExpected && ceremony !== undefined;
}

function say(valid: 'yes' | 'but' | 'no' | '', reason: string): void {
  const verdict = element('verdict');
  verdict.dataset['valid'] = valid;
  verdict.textContent = {
    yes: 'Yes: the proof is valid for the key and the ceremony that you named.',
    but: 'The proof is valid for this key. Before you rely on it:',
    no: 'No: the proof is not accepted.',
    '': '',
  }[valid];
  element('reason').textContent = reason;
  element('words').replaceChildren();
  element('shown').replaceChildren();
  element('picture').hidden = true;
}

function show(verdict: Verdict, known: Expected): void {
  const { keyDigest, graphDigest, srsDigest, context, input = [], output = [] } = verdict;
  const open = (['input', 'output', 'context'] as const).filter((name) => known[name] === undefined);
  const notCompared = open.length > 0 ? [`As the proof says, compared with nothing that you gave: ${open.join(', ')}.`] : [];
  for (const sentence of [...inWords(verdict), ...notCompared]) {
    const item = document.createElement('li');
    item.textContent = sentence;
    element('words').append(item);
  }
  list('output', output.join(' '));
  list('context', `0x${context.toString(16)}`);
  list('key', bytesToHex(keyDigest));
  list('graph', bytesToHex(graphDigest));
  list('srs', bytesToHex(srsDigest));
  list('input', input.join(' '));
  if (input.length === SIDE * SIDE) draw(input, tensor('inputs', 'input-type'));
}

function list(name: string, text: string): void {
  const term = document.createElement('dt');
  const value = document.createElement('dd');
  const code = document.createElement('code');
  term.textContent = name;
  code.textContent = text;
  code.id = `shown-${name}`;
  value.append(code);
  element('shown').append(term, value);
}

function tensor(size: string, type: string): Tensor {
  return {
    size: element<HTMLInputElement>(size).valueAsNumber,
    type: element<HTMLSelectElement>(type).value as Tensor['type'],
  };
}

/** Dark on light, as it was written. */
function draw(values: number[], { type }: Tensor): void {
  const canvas = element<HTMLCanvasElement>('picture');
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(SIDE, SIDE);
  values.forEach((value, i) => {
    const shade = 255 - (type === 'i8' ? value + 128 : value);
    image.data.set([shade, shade, shade, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  canvas.hidden = false;
}

/** A proof is JSON by name; everything else is a key. */
function take(list: Iterable<File>): void {
  for (const file of list) files[file.name.endsWith('.json') ? 'proof' : 'key'] = file;
  void check();
}

for (const kind of ['proof', 'key'] as const) {
  element<HTMLInputElement>(kind).addEventListener('change', ({ currentTarget }) => {
    const [file] = (currentTarget as HTMLInputElement).files ?? [];
    if (file) files[kind] = file;
    void check();
  });
}
for (const id of controls) element(id).addEventListener('change', () => void check());
const drop = element('drop');
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  take(event.dataTransfer?.files ?? []);
});
say('', 'no files yet');
