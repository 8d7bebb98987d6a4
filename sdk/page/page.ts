/** The page: two files in, one verdict out. */
import { bytesToHex } from '@noble/hashes/utils.js';

import { type Tensor, unpack, wordCount } from '../src/packing.js';
import { type Checked, VerifyError, readKey, verifyFiles } from '../src/verifier/index.js';

/** Values of a handwritten digit, which is drawn. */
const SIDE = 28;

function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as E;
}

const files: { proof?: File; key?: File } = {};
const controls = ['inputs', 'input-type', 'outputs', 'output-type'];

/** Checks again with every file and every change; only the last check's result is shown. */
let turn = 0;
async function check(): Promise<void> {
  const mine = ++turn;
  const { proof, key } = files;
  if (!proof || !key) return say('', proof ? 'now the verifying key' : 'now the proof');
  say('', 'checking');
  const [text, bytes] = await Promise.all([proof.text(), key.arrayBuffer()]);
  if (mine !== turn) return;
  const start = performance.now();
  try {
    const checked = verifyFiles(new Uint8Array(bytes), text);
    const milliseconds = performance.now() - start;
    say('yes', `valid, checked in ${milliseconds.toFixed(0)} ms`);
    show(checked, new Uint8Array(bytes));
  } catch (error) {
    say('no', error instanceof VerifyError ? error.message : `the files cannot be read: ${String(error)}`);
  }
}

function say(valid: 'yes' | 'no' | '', reason: string): void {
  const verdict = element('verdict');
  verdict.dataset['valid'] = valid;
  verdict.textContent = { yes: 'Yes: the proof is valid.', no: 'No: the proof is not accepted.', '': '' }[valid];
  element('reason').textContent = reason;
  element('warning').textContent = '';
  element('shown').replaceChildren();
  element('picture').hidden = true;
}

function show({ instances, insecure }: Checked, keyFile: Uint8Array): void {
  const { digest, graphDigest } = readKey(keyFile);
  if (insecure) {
    element('warning').textContent =
      'The key\'s SRS is insecure: whoever knows its published seed can forge such a proof.';
  }
  // What was proved is what this key says: a person compares its digest.
  list('key', bytesToHex(digest));
  list('graph', bytesToHex(graphDigest));
  list('context', `0x${(instances.at(-1) ?? 0n).toString(16)}`);
  try {
    const [input, output] = [tensor('inputs', 'input-type'), tensor('outputs', 'output-type')];
    const words = wordCount(input);
    const values = unpack(instances.slice(0, words), input);
    list('output', unpack(instances.slice(words, -1), output).join(' '));
    list('input', values.join(' '));
    if (values.length === SIDE * SIDE) draw(values, input);
  } catch (error) {
    const why = error instanceof RangeError ? error.message : String(error);
    list('words', `${instances.slice(0, -1).map((word) => `0x${word.toString(16)}`).join(' ')} (${why})`);
  }
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
