/**
 * What a proof shows and on whose word, compared with what the user expected: a proof that is valid for a key says nothing of a model until somebody
 * knows that the key is the model's, and nothing to somebody who does not trust the key's SRS.
 */
import { bytesToHex } from '@noble/hashes/utils.js';

import { type End, type Ends, nameOf, packTensors, splitWords, unpackTensors } from '../words.js';
import { publishedBy } from './ceremony.js';
import { equal } from './encoding.js';
import { VerifyError } from './error.js';
import { type VerifyingKey, readKey } from './key.js';
import { type ProofFile, readProof } from './proof.js';
import { verify } from './verify.js';

/** What the user knows from elsewhere; what is left out is not compared. */
export interface Expected {
  /** Digest of the model's key, as its owner or its registration names it, in hexadecimal. */
  keyDigest?: string | undefined;
  /** What the model takes and gives. With it the public values are decoded. */
  model?: Ends | undefined;
  /** The quantised input that was asked about, row-major, of a model with one; with `model`. */
  input?: ArrayLike<number> | undefined;
  /** The quantised output that somebody claims, row-major, of a model with one; with `model`. */
  output?: ArrayLike<number> | undefined;
  /** The same of every input and of every output, in the model's order. */
  inputs?: readonly ArrayLike<number>[] | undefined;
  outputs?: readonly ArrayLike<number>[] | undefined;
  /** What the proof must be bound to: a market's is `contextOf`. */
  context?: bigint | undefined;
  /** Names, of the user's choice, and digests of the SRSs of ceremonies that the user trusts. Nobody else's word belongs here. */
  ceremonies?: Readonly<Record<string, string>> | undefined;
}

/** What a proof was checked against, and on whose word. */
export interface Basis {
  /** Names the key. */
  keyDigest: Uint8Array;
  /** True when the key is the one that was expected; false when none was. */
  keyExpected: boolean;
  /** Names the SRS of the key. */
  srsDigest: Uint8Array;
  /** Where the secret of the SRS was published, if it was: then anybody could have made the proof. */
  published: string | undefined;
  /** Whether it was. */
  insecure: boolean;
  /** The user's name for the ceremony of the SRS, when the user named it and its secret is not published. */
  ceremony: string | undefined;
}

/** What was proved, for which key, on whose word. */
export interface Verdict extends ProofFile, Basis {
  /** What the proof is bound to: the last public value. */
  context: bigint;
  /** The quantised numbers of every input and of every output, row-major, when the model's tensors were given. */
  inputs: number[][] | undefined;
  outputs: number[][] | undefined;
  /** The first of each. */
  input: number[] | undefined;
  output: number[] | undefined;
}

/**
 * Checks the text of a proof file against the bytes of a key file, and both against what the user expects.
 *
 * @throws {VerifyError} when the proof is wrong (`rejectsProof`), a file is, or something is not what was expected (`Unexpected`, `Sizes`, `Differs`).
 * @throws {RangeError | TypeError} when expected inputs or outputs are not of the model's tensors.
 */
export function verifyFiles(key: Uint8Array, proof: string, expected: Expected = {}): Verdict {
  const read = readKey(key);
  const file = readProof(proof);
  const basis = basisOf(read, expected);
  if (!equal(file.graphDigest, read.graphDigest)) {
    const [got, named] = [bytesToHex(file.graphDigest), bytesToHex(read.graphDigest)];
    throw new VerifyError(
      'ForeignGraph',
      `the proof is of graph ${got}, the key of graph ${named}: name the key of the model that the proof was made for`,
    );
  }
  verify(read, file);
  return { ...file, ...answerOf(file.instances, expected), ...basis };
}

/**
 * What a check with a key rests on.
 *
 * @throws {VerifyError} `Unexpected` when the key is not the one that the user named.
 */
export function basisOf({ digest, srsDigest }: VerifyingKey, { keyDigest, ceremonies }: Pick<Expected, 'keyDigest' | 'ceremonies'>): Basis {
  if (keyDigest !== undefined) {
    same('Unexpected', 'the key', digestOf('the expected key digest', keyDigest), bytesToHex(digest), 'take the key of the model that you mean');
  }
  return { keyDigest: digest, keyExpected: keyDigest !== undefined, ...standing(srsDigest, ceremonies) };
}

/** How an SRS stands with a user who trusts these ceremonies. A published secret is published whatever the user named. */
export function standing(
  srsDigest: Uint8Array,
  ceremonies: Readonly<Record<string, string>> = {},
): Pick<Basis, 'srsDigest' | 'published' | 'insecure' | 'ceremony'> {
  const published = publishedBy({ srsDigest });
  const is = ([name, text]: [string, string]) => digestOf(`the digest of ceremony ${name}`, text) === bytesToHex(srsDigest);
  const named = Object.entries(ceremonies).filter(is).map(([name]) => name)[0];
  return { srsDigest, published, insecure: published !== undefined, ceremony: published === undefined ? named : undefined };
}

/** The public values in parts: inputs, outputs, context. */
function answerOf(instances: readonly bigint[], expected: Expected): Pick<Verdict, 'input' | 'output' | End | 'context'> {
  const { model, context } = expected;
  const bound = instances.at(-1);
  if (bound === undefined) throw new VerifyError('Sizes', 'the proof has no public values, expected a context at least');
  if (context !== undefined) same('Differs', 'the context', hex(context), hex(bound), 'the proof is bound to another request or payee');
  const told = { inputs: listsOf(expected, 'input', 'inputs'), outputs: listsOf(expected, 'output', 'outputs') };
  if (model === undefined) {
    if (told.inputs ?? told.outputs) throw new TypeError('an expected input or output needs the model\'s tensors: give `model` with type and size of all inputs and outputs');
    return { context: bound, input: undefined, output: undefined, inputs: undefined, outputs: undefined };
  }
  const values = elements(instances, model);
  for (const end of ['inputs', 'outputs'] as const) compare(end, told[end], values[end], model);
  return { context: bound, ...values, input: values.inputs[0], output: values.outputs[0] };
}

/** What is expected of an end: a list for each tensor, or of a model with one the numbers alone. */
function listsOf(expected: Expected, one: 'input' | 'output', all: End): readonly ArrayLike<number>[] | undefined {
  const [numbers, lists] = [expected[one], expected[all]];
  if (numbers !== undefined && lists !== undefined) throw new TypeError(`give the expected \`${one}\` or \`${all}\`, one of the two`);
  return lists ?? (numbers && [numbers]);
}

/** @throws {VerifyError} `Differs`, naming the first element that is another. */
function compare(end: End, expected: readonly ArrayLike<number>[] | undefined, got: readonly number[][], model: Ends): void {
  if (expected === undefined) return;
  const tensors = model[end];
  packTensors(expected, tensors);
  got.forEach((values, at) => {
    const own = expected[at] as ArrayLike<number>;
    const first = values.findIndex((value, i) => value !== own[i]);
    if (first < 0) return;
    const what = `${end.slice(0, -1)}${tensors.length === 1 ? '' : ` ${nameOf(tensors, at)}`}`;
    throw new VerifyError('Differs', `the proof is of another ${what}: expected ${own[first]} at element ${first}, got ${values[first]}`);
  });
}

/** The elements of the words that a valid proof shows: words that hold none are another model's. */
function elements(instances: readonly bigint[], model: Ends): Record<End, number[][]> {
  const { inputs, outputs } = sized('', () => splitWords(instances, model));
  return sized('the public values are not those of the model\'s tensors: ', () => ({ inputs: unpackTensors(inputs, model.inputs), outputs: unpackTensors(outputs, model.outputs) }));
}

function sized<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new VerifyError('Sizes', `${what}${error.message}; give the model's sizes`);
  }
}

/** A digest that a user gave, in the one spelling. */
function digestOf(what: string, text: string): string {
  const digits = text.trim().replace(/^0x/, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new TypeError(`${what} is not 32 bytes of hexadecimal: ${text}`);
  return digits;
}

function same(kind: 'Unexpected' | 'Differs', what: string, expected: string, got: string, next: string): void {
  if (got !== expected) throw new VerifyError(kind, `${what} is ${got}, expected ${expected}: ${next}`);
}

const hex = (value: bigint) => `0x${value.toString(16).padStart(62, '0')}`;

/** In sentences, what a check rests on. */
export function inWords(verdict: Basis): string[] {
  const { keyExpected, published, ceremony } = verdict;
  const [key, srs] = [bytesToHex(verdict.keyDigest), bytesToHex(verdict.srsDigest)];
  return [
    keyExpected
      ? `The proof was checked against the key that you named, ${key}.`
      : `The proof was checked against the key ${key}. You named no key: compare this digest with the one that the model's owner or its registration names. Any model's key, or one that accepts everything, could be in this file.`,
    published !== undefined
      ? `The secret of the key's SRS is published (${published}): anybody could have made this proof.`
      : ceremony !== undefined
        ? `The key's SRS is of the ceremony that you named ${ceremony}.`
        : `You named no ceremony with the digest of the key's SRS, ${srs}: whoever made that SRS may be able to forge proofs.`,
  ];
}
