/** A proof and its public values as `proof.json` holds them: what they are, and the names of what they belong to. */
import { bytesToHex } from '@noble/hashes/utils.js';

import { Fr, WORD, bytesOfHex, scalarOf, wordOf, wordsOf } from './encoding.js';
import { VerifyError, checkSize } from './error.js';

/** Version of the JSON form. */
const VERSION = 2;
/** Most bytes of a proof file: room for the largest key's proof and public values. */
export const MAX_PROOF_FILE = 2 ** 23;

export interface ProofFile {
  /** Digest of the graph whose inference is proved. */
  graphDigest: Uint8Array;
  /** Digest of the key that the proof was made for. */
  keyDigest: Uint8Array;
  /** Public values: packed input words, packed output words, context. */
  instances: bigint[];
  /** The transcript's bytes. */
  proof: Uint8Array;
}

const FIELDS = {
  version: 'number', graph_digest: 'string', vk_digest: 'string', instances: 'object', proof: 'string',
} as const;

/**
 * Reads the text of a proof file.
 *
 * Escapes in strings and fields given twice are refused: what a person reads in the file is what is read here.
 *
 * @throws {VerifyError} `FileSize`, `Json`, `Version`, `Hexadecimal`, or `InstanceRange` for a word that is not below the modulus.
 */
export function readProof(text: string): ProofFile {
  checkSize('a proof file', MAX_PROOF_FILE, text.length);
  const file = fields(text);
  if (file['version'] !== VERSION) {
    checkSpelling(file, text);
    const got = (file['version'] as number) < 10 ? file['version'] : '?';
    const next = 'make it again with this version of assay';
    throw new VerifyError('Version', `a proof file has format version ${got}, expected ${VERSION}; ${next}`);
  }
  const read = {
    graphDigest: bytesOfHex('graph_digest', file['graph_digest'] as string, WORD),
    instances: (file['instances'] as string[]).map((word) => bytesOfHex('an instance', word, WORD)).map(instanceOf),
    keyDigest: bytesOfHex('vk_digest', file['vk_digest'] as string, WORD),
    proof: bytesOfHex('proof', file['proof'] as string),
  };
  checkSpelling(file, text);
  return read;
}

/** The text of a proof file, as `readProof`, the page and `assay verify --proof` read it. */
export function proofToJson({ graphDigest, keyDigest, instances, proof }: ProofFile): string {
  const hex = (bytes: Uint8Array) => `0x${bytesToHex(bytes)}`;
  const file = {
    version: VERSION, graph_digest: bytesToHex(graphDigest), vk_digest: bytesToHex(keyDigest), instances: instances.map((value) => hex(wordOf(value))), proof: hex(proof),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** JSON.parse keeps the last of two fields of one name. A file's texts hold no blanks, so what was read must be all there is. */
function checkSpelling(file: Record<string, unknown>, text: string): void {
  if (JSON.stringify(file) !== text.replace(/[ \t\r\n]/g, '')) throw refuse('a field is given twice, or in another spelling');
}

/**
 * Public values from 32-byte big-endian words, as the EVM holds them.
 *
 * @throws {VerifyError} `InstanceRange` for a word that is not below the scalar modulus.
 */
export function instancesOf(words: Uint8Array): bigint[] {
  return wordsOf(words).map(instanceOf);
}

function instanceOf(word: Uint8Array, index: number): bigint {
  return scalarOf(word) ?? outOfRange(`0x${bytesToHex(word)}`, index);
}

/** @throws {VerifyError} `InstanceRange` for a public value that is not a canonical element of the scalar field. */
export function checkInstance(value: bigint, index: number): void {
  if (value < 0n || value >= Fr.ORDER) outOfRange(value < 0n ? `${value}` : `0x${value.toString(16).padStart(2 * WORD, '0')}`, index);
}

function outOfRange(got: string, index: number): never {
  const expected = 'expected a word below the scalar modulus';
  throw new VerifyError('InstanceRange', `instance ${index} is not a field element: ${expected}, got ${got}`);
}

const refuse = (why: string) => new VerifyError('Json', `not a proof file: ${why}`);

/** The file's fields, each of its type. */
function fields(text: string): Record<string, unknown> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) throw refuse('expected an object');
  const known = file as Record<string, unknown>;
  for (const name of Object.keys(known)) {
    if (!Object.hasOwn(FIELDS, name)) throw refuse(`unknown field ${JSON.stringify(name)}`);
  }
  for (const [name, type] of Object.entries(FIELDS)) {
    if (typeof known[name] !== type) throw refuse(`expected ${name} to be of type ${type}, got ${typeof known[name]}`);
  }
  const version = known['version'] as number;
  if (!Number.isInteger(version) || version < 0 || version >= 2 ** 32) throw refuse(`expected a version, got ${version}`);
  const words = known['instances'];
  if (!Array.isArray(words) || words.some((word) => typeof word !== 'string')) {
    throw refuse('expected instances to be a list of texts');
  }
  return known;
}
