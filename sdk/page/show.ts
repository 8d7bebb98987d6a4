/** What the page shows of a valid proof: the answer first, what the verdict rests on, and all numbers folded away. */
import { bytesToHex } from '@noble/hashes/utils.js';

import type { ModelFile, Port } from '../src/model.js';
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
  for (const id of ['words', 'shown', 'others']) element(id).replaceChildren();
  for (const id of ['asked', 'basis', 'further']) element(id).hidden = true;
}

export function show(verdict: Verdict, about: About): void {
  const { keyDigest, graphDigest, srsDigest, context, inputs, outputs, instances } = verdict;
  const { model, known } = about;
  const reals = model && outputs?.map((values, at) => dequantise(values, model.outputs[at] as Port));
  if (outputs) answers(outputs, reals, model);
  for (const sentence of [...sentences(verdict, about), `Checked in ${about.milliseconds.toFixed(0)} ms, on this machine.`]) {
    const item = document.createElement('li');
    item.textContent = sentence;
    element('words').append(item);
  }
  numbers('output', outputs, model?.outputs, 'The outputs, as integers', 'as integers');
  numbers('real', reals?.map((values) => values.map(short)), model?.outputs, 'The outputs, as real numbers', 'as real numbers');
  list('context', 'What the proof is bound to (context)', `0x${context.toString(16)}`);
  list('key', 'Digest of the key', bytesToHex(keyDigest));
  list('graph', 'Digest of the model\'s graph', bytesToHex(graphDigest));
  list('srs', 'Digest of the key\'s SRS', bytesToHex(srsDigest));
  if (inputs) numbers('input', inputs, model?.inputs, 'The input, as integers', 'as integers');
  else list('values', 'The public values, as words', instances.map((word) => `0x${word.toString(16)}`).join(' '));
  element('basis').hidden = false;
  const picture = inputs?.findIndex((values) => values.length === SIDE * SIDE) ?? -1;
  if (inputs && known.model && picture >= 0) draw(inputs[picture] as number[], known.model.inputs[picture] as Tensor);
}

/** The first output, large; the others below it, by their names. */
function answers(outputs: readonly number[][], reals: readonly number[][] | undefined, model: ModelFile | undefined): void {
  outputs.forEach((values, at) => {
    const name = outputs.length > 1 ? model?.outputs[at]?.name : undefined;
    const { value, meaning } = answer(values, reals?.[at], at === 0 ? model?.labels : undefined, name);
    if (at === 0) {
      write('answer', value);
      write('meaning', meaning);
      return;
    }
    const [term, told, strong] = (['dt', 'dd', 'strong'] as const).map((tag) => document.createElement(tag)) as [HTMLElement, HTMLElement, HTMLElement];
    term.textContent = name ?? '';
    strong.textContent = value;
    told.append(strong, ` ${meaning}`);
    element('others').append(term, told);
    element('further').hidden = false;
  });
}

/**
 * An output in few words: its largest value's name or position, or its only value.
 *
 * @param name What the output is called, where the model has several.
 */
function answer(values: readonly number[], real: readonly number[] | undefined, labels: readonly string[] | undefined, name: string | undefined): { value: string; meaning: string } {
  const label = labelOf(values, labels);
  const at = label?.index ?? 0;
  const value = real ? short(real[at] as number) : String(values[at]);
  if (!label) {
    const which = name === undefined ? 'The model\'s one output' : `The one value of the output “${name}”`;
    return { value, meaning: `${which}, as ${real ? 'a real number.' : 'an integer: a model.json gives its real value.'}` };
  }
  const all = name === undefined ? `${values.length} outputs` : `${values.length} values of the output “${name}”`;
  return {
    value: label.name ?? String(label.index),
    meaning: label.name !== undefined
      ? `The largest of ${all}: number ${label.index}, with the value ${value}.`
      : `The largest of ${all}, counted from 0. Its value is ${value}${real ? '' : ', as the model\'s integer: a model.json gives names and real values'}.`,
  };
}

/** On whose word the words are read as numbers. */
function reading(model: ModelFile | undefined): string {
  return model
    ? 'Which words are the question and which the answer, how many numbers they hold and of which type, what these are called and what they stand for is what model.json says, and is not proved: read otherwise, another output is the largest.'
    : 'Which words are the question and which the answer, how many numbers they hold and of which type is what you filled in, and is not proved: read otherwise, another output is the largest.';
}

/** What the verdict rests on. */
function sentences(verdict: Verdict, { known, model }: About): string[] {
  const compared = { [several(verdict.inputs, 'input')]: known.inputs, [several(verdict.outputs, 'output')]: known.outputs, context: known.context };
  const open = Object.keys(compared).filter((name) => compared[name] === undefined);
  const [key = '', srs = ''] = inWords(verdict);
  return [
    ...(verdict.outputs ? [] : ['The answer cannot be read without the model\'s sizes and types: give its model.json, or fill them in below.']),
    ...(verdict.outputs ? [`The proof shows words, of up to 31 numbers each. ${reading(model)}`] : []),
    key,
    srs,
    ...(open.length > 0 ? [`The ${open.join(', the ')}: as the proof says, for you gave nothing to compare with.`] : []),
  ];
}

const several = (tensors: readonly unknown[] | undefined, one: string) => (tensors && tensors.length > 1 ? `${one}s` : one);

/** Four significant digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** The numbers of every tensor, each under its name where there are several. */
function numbers(id: string, tensors: readonly (readonly (number | string)[])[] | undefined, ports: readonly Port[] | undefined, only: string, as: string): void {
  tensors?.forEach((values, at) => {
    const one = tensors.length === 1;
    list(one ? id : `${id}-${at}`, one ? only : `“${ports?.[at]?.name}”, ${as}`, values.join(' '));
  });
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
