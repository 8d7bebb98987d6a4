/** What the page shows of a valid proof: the answer first, what the verdict rests on, and all numbers folded away. */
import { bytesToHex } from '@noble/hashes/utils.js';

import type { ModelFile } from '../src/model.js';
import type { Tensor } from '../src/packing.js';
import { dequantise, labelOf } from '../src/quantise.js';
import { type Expected, type Verdict, inWords } from '../src/verifier/index.js';
import { element, write } from './element.js';
import type { Said } from './words.js';

/** Values of a handwritten digit, which is drawn. */
const SIDE = 28;

/** Beside the verdict: what it was compared with. */
export interface About {
  known: Expected;
  model: ModelFile | undefined;
  milliseconds: number;
}

/** Says a verdict; of what was shown before nothing stays. */
export function say({ state, verdict, reason, detail }: Said): void {
  clear();
  element('result').dataset['state'] = state;
  write('verdict', verdict);
  write('reason', reason);
  write('detail', detail && `More exactly: ${detail}`);
  // On a small screen the files are chosen below the verdict.
  if (state !== 'nothing' && state !== 'checking') element('result').scrollIntoView({ block: 'nearest' });
}

export function clear(): void {
  for (const id of ['answer', 'meaning', 'detail']) write(id, undefined);
  for (const id of ['words', 'shown']) element(id).replaceChildren();
  for (const id of ['asked', 'basis']) element(id).hidden = true;
}

export function show(verdict: Verdict, about: About): void {
  const { keyDigest, graphDigest, srsDigest, context, input, output, instances } = verdict;
  const { model, known } = about;
  const real = model && output && dequantise(output, model.output);
  answer(output, real, model);
  for (const sentence of [...sentences(verdict, about), `Checked in ${about.milliseconds.toFixed(0)} ms, on this machine.`]) {
    const item = document.createElement('li');
    item.textContent = sentence;
    element('words').append(item);
  }
  const numbers = [
    ['output', 'The outputs, as integers', output?.join(' ')],
    ['real', 'The outputs, as real numbers', real?.map(short).join(' ')],
    ['context', 'What the proof is bound to (context)', `0x${context.toString(16)}`],
    ['key', 'Digest of the key', bytesToHex(keyDigest)],
    ['graph', 'Digest of the model\'s graph', bytesToHex(graphDigest)],
    ['srs', 'Digest of the key\'s SRS', bytesToHex(srsDigest)],
    ['input', 'The input, as integers', input?.join(' ')],
    ['values', 'The public values, as words', input ? undefined : instances.map((word) => `0x${word.toString(16)}`).join(' ')],
  ] as const;
  for (const [id, name, text] of numbers) if (text !== undefined) list(id, name, text);
  element('basis').hidden = false;
  if (input?.length === SIDE * SIDE && known.model) draw(input, known.model.input);
}

/** The answer, large: the label, or a single output. */
function answer(output: readonly number[] | undefined, real: readonly number[] | undefined, model: ModelFile | undefined): void {
  if (!output) return;
  const label = labelOf(output, model?.labels);
  const at = label?.index ?? 0;
  const value = real ? short(real[at] as number) : String(output[at]);
  if (!label) {
    write('answer', value);
    write('meaning', real ? 'The model\'s one output, as a real number.' : 'The model\'s one output, as an integer: a model.json gives its real value.');
    return;
  }
  write('answer', label.name ?? String(label.index));
  write('meaning', label.name !== undefined
    ? `The largest of ${output.length} outputs: number ${label.index}, with the value ${value}.`
    : `The largest of ${output.length} outputs, counted from 0. Its value is ${value}${real ? '' : ', as the model\'s integer: a model.json gives names and real values'}.`);
}

/** On whose word the words are read as numbers. */
function reading(model: ModelFile | undefined): string {
  return model
    ? 'How many numbers they hold and of which type, what these are called and what they stand for is what model.json says, and is not proved: read otherwise, another output is the largest.'
    : 'How many numbers they hold and of which type is what you filled in, and is not proved: read otherwise, another output is the largest.';
}

/** What the verdict rests on. */
function sentences(verdict: Verdict, { known, model }: About): string[] {
  const open = (['input', 'output', 'context'] as const).filter((name) => known[name] === undefined);
  const [key = '', srs = ''] = inWords(verdict);
  return [
    ...(verdict.output ? [] : ['The answer cannot be read without the model\'s sizes and types: give its model.json, or fill them in below.']),
    ...(verdict.output ? [`The proof shows words, of up to 31 numbers each. ${reading(model)}`] : []),
    key,
    srs,
    ...(open.length > 0 ? [`The ${open.join(', the ')}: as the proof says, for you gave nothing to compare with.`] : []),
  ];
}

/** Four significant digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function list(id: string, name: string, text: string): void {
  const term = document.createElement('dt');
  const value = document.createElement('dd');
  const code = document.createElement('code');
  term.textContent = name;
  code.textContent = text;
  code.id = `shown-${id}`;
  value.append(code);
  element('shown').append(term, value);
}

/** Dark on light, as it was written. */
function draw(values: number[], { type }: Tensor): void {
  const context = element<HTMLCanvasElement>('picture').getContext('2d');
  if (!context) return;
  const image = context.createImageData(SIDE, SIDE);
  values.forEach((value, i) => {
    const shade = 255 - (type === 'i8' ? value + 128 : value);
    image.data.set([shade, shade, shade, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  element('asked').hidden = false;
}
