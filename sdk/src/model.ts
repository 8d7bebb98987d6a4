/**
 * `model.json`, which `assay register` writes: where a model is registered, which key judges its proofs, and what its integers stand for. It is its owner's word: the market's client
 * compares it with the chain, and a check of a proof compares the key with its digest.
 */
import type { Parties } from './market/genuine.js';
import { BYTES_PER_WORD, wordCount } from './packing.js';
import { RANGE, type RealTensor } from './quantise.js';
import { countWords } from './words.js';

type Hex = `0x${string}`;

/** An input or an output, with the model's name for it. */
export interface Port extends RealTensor {
  name: string;
}

/** What the file says. It is a `ModelDescription` too: `{ ...modelFromJson(text), key }` is a model whose proofs are checked here. */
export interface ModelFile {
  name: string;
  chain: number;
  market: Hex;
  /** The model's id in the market. */
  id: Hex;
  graphDigest: Hex;
  /** Digest of the key that the file names. It is not the `keyDigest` of somebody who knows the model: whoever made up a key could have made up this file. */
  namedKeyDigest: Hex;
  /** Hash of the verifier's code. */
  class: Hex;
  srsDigest: Hex;
  /** Whether its owner says that the SRS's secret is published: then anybody can forge its proofs. */
  insecure: boolean;
  opening: 'shplonk' | 'evm';
  /** One or more of each, in the model's order. */
  inputs: readonly Port[];
  outputs: readonly Port[];
  /** A name for each value of the first output. */
  labels: readonly string[] | undefined;
  /** Whom the market's router was made for, where the file says it: for `Market.connect`. */
  routerFor: Parties | undefined;
}

/** What `format` says in a file of this version. */
export const MODEL_FORMAT = 'assay-model-2';
/** Most characters of a file. */
export const MAX_MODEL_FILE = 2 ** 20;
/** Most words of all inputs, and of all outputs: what a key has public values for. */
const MAX_WORDS = 2 ** 16;
/** Most values of a tensor. */
const MAX_VALUES = BYTES_PER_WORD * MAX_WORDS;

const FIELDS = [
  'format', 'name', 'chain', 'market', 'model_id', 'graph_digest', 'key_digest', 'class', 'srs_digest', 'insecure', 'opening', 'inputs', 'outputs', 'labels',
];
/** What a file may have besides. */
const OPTIONAL = ['router'];

/**
 * Reads the text of a `model.json`. Every field must be there and no other, but for `router`, which may be missing.
 *
 * @throws {ModelFileError} naming the field, what was expected and what it holds.
 */
export function modelFromJson(text: string): ModelFile {
  if (text.length > MAX_MODEL_FILE) throw new ModelFileError(`${text.length} characters, expected ${MAX_MODEL_FILE} at most`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ModelFileError(error instanceof Error ? error.message : String(error));
  }
  const file = fieldsOf('the file', parsed, ['format'], 'any');
  if (file['format'] !== MODEL_FORMAT) throw refused('format', JSON.stringify(MODEL_FORMAT), file['format']);
  fieldsOf('the file', parsed, FIELDS, OPTIONAL);
  const [inputs, outputs] = [portsOf('inputs', file['inputs']), portsOf('outputs', file['outputs'])];
  return {
    name: textOf('name', file['name']),
    chain: integerOf('chain', file['chain'], 1, Number.MAX_SAFE_INTEGER),
    market: hexOf('market', file['market'], 20),
    id: hexOf('model_id', file['model_id'], 32),
    graphDigest: hexOf('graph_digest', file['graph_digest'], 32),
    namedKeyDigest: hexOf('key_digest', file['key_digest'], 32),
    class: hexOf('class', file['class'], 32),
    srsDigest: hexOf('srs_digest', file['srs_digest'], 32),
    insecure: booleanOf('insecure', file['insecure']),
    opening: oneOf('opening', file['opening'], ['shplonk', 'evm'] as const),
    inputs,
    outputs,
    labels: labelsOf(file['labels'], outputs[0].size),
    routerFor: partiesOf(file['router']),
  };
}

/** A text that is no `model.json`. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';

  constructor(why: string) {
    super(`this is no model.json of this version: ${why}; ask the model's owner for the file that \`assay register\` wrote`);
  }
}

function refused(field: string, expected: string, got: unknown): ModelFileError {
  const shown = JSON.stringify(got) ?? 'nothing';
  return new ModelFileError(`expected ${field} to be ${expected}, got ${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown}`);
}

/** An object that has these fields, and no others but those that it may have. */
function fieldsOf(what: string, value: unknown, names: readonly string[], optional: readonly string[] | 'any' = []): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(what, 'an object', value);
  const object = value as Record<string, unknown>;
  const missing = names.find((name) => !Object.hasOwn(object, name));
  if (missing !== undefined) throw new ModelFileError(`${what} lacks the field ${missing}`);
  const unknown = optional === 'any' ? undefined : Object.keys(object).find((name) => !names.includes(name) && !optional.includes(name));
  if (unknown !== undefined) throw new ModelFileError(`${what} has the unknown field ${JSON.stringify(unknown)}`);
  return object;
}

function portsOf(field: 'inputs' | 'outputs', value: unknown): [Port, ...Port[]] {
  const [first, ...others] = Array.isArray(value) ? value.map((port, at) => portOf(`${field}[${at}]`, port)) : [];
  if (first === undefined) throw refused(field, 'a list of one tensor or more', value);
  const ports: [Port, ...Port[]] = [first, ...others];
  const words = countWords(ports);
  if (words > MAX_WORDS) throw new ModelFileError(`expected ${field} to be of ${MAX_WORDS} words at most, got ${words}`);
  return ports;
}

function portOf(field: string, value: unknown): Port {
  const object = fieldsOf(field, value, ['name', 'shape', 'type', 'scale', 'zero_point', 'words']);
  const name = textOf(`${field}.name`, object['name']);
  const type = oneOf(`${field}.type`, object['type'], ['u8', 'i8'] as const);
  const axes = object['shape'];
  if (!Array.isArray(axes) || axes.length === 0 || axes.length > 8) throw refused(`${field}.shape`, 'a list of 1 to 8 sizes', axes);
  const shape = axes.map((size) => integerOf(`${field}.shape`, size, 1, MAX_VALUES));
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size > MAX_VALUES) throw refused(`${field}.shape`, `of ${MAX_VALUES} values at most`, axes);
  const scale = object['scale'];
  // The division is made in 32-bit floats: one that rounds to zero or to infinity there divides by nothing.
  if (typeof scale !== 'number' || !(Math.fround(scale) > 0) || Math.fround(scale) === Infinity) throw refused(`${field}.scale`, 'a positive number that a 32-bit float holds', scale);
  const [least, most] = RANGE[type];
  const zeroPoint = integerOf(`${field}.zero_point`, object['zero_point'], least, most);
  const words = wordCount({ type, size });
  if (object['words'] !== words) throw refused(`${field}.words`, `${words}, for ${size} values`, object['words']);
  return { name, type, size, shape, scale, zeroPoint };
}

function labelsOf(value: unknown, values: number): readonly string[] | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value) || value.length !== values) throw refused('labels', `null or a list of ${values} texts, one for each value of the first output`, value);
  return value.map((label, i) => textOf(`labels[${i}]`, label));
}

function partiesOf(value: unknown): Parties | undefined {
  if (value === undefined || value === null) return undefined;
  const { owner, guardian } = fieldsOf('router', value, ['owner', 'guardian']);
  return { owner: hexOf('router.owner', owner, 20), guardian: hexOf('router.guardian', guardian, 20) };
}

function textOf(field: string, value: unknown): string {
  if (typeof value !== 'string') throw refused(field, 'a text', value);
  return value;
}

function booleanOf(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw refused(field, 'true or false', value);
  return value;
}

function integerOf(field: string, value: unknown, least: number, most: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) throw refused(field, `an integer from ${least} to ${most}`, value);
  return value as number;
}

function hexOf(field: string, value: unknown, bytes: number): Hex {
  if (typeof value !== 'string' || !new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value)) throw refused(field, `0x and ${2 * bytes} digits of hexadecimal`, value);
  return value.toLowerCase() as Hex;
}

function oneOf<T extends string>(field: string, value: unknown, names: readonly T[]): T {
  const found = names.find((name) => name === value);
  if (found === undefined) throw refused(field, names.map((name) => JSON.stringify(name)).join(' or '), value);
  return found;
}
