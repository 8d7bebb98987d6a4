/** What the page says: three verdicts, and reasons that a person understands. */
import { ModelFileError } from '../src/model.js';
import { type ErrorKind, type Verdict, VerifyError } from '../src/verifier/index.js';
import type { Kind } from './files.js';

/** Nothing given yet, at work, and the verdicts: yes, yes with a reservation, no, and that nothing could be judged. */
export type State = 'nothing' | 'checking' | 'yes' | 'but' | 'no' | 'cannot';

/** What is said of a check. */
export interface Said {
  state: State;
  verdict: string;
  reason: string;
  /** The verifier's own words, for whoever wants to know more. */
  detail?: string | undefined;
}

export function waiting({ proof, key }: Partial<Record<Kind, unknown>>): Said {
  const reason = proof ? 'Now choose the model\'s key.' : key ? 'Now choose the proof.' : 'Choose a proof and the model\'s key below.';
  return { state: 'nothing', verdict: 'Nothing checked yet', reason };
}

/**
 * A valid proof: yes, and one sentence on the first thing that is left to doubt.
 *
 * @param byFile What is only model.json's word: which key is the model's, and how the answer is read. Whoever made up a key could have made up that file too.
 */
export function valid({ published, keyExpected, ceremony }: Verdict, byFile: { key: boolean; reading: boolean }): Said {
  if (published !== undefined) {
    return {
      state: 'but', verdict: 'Yes, but anybody could have made this proof',
      reason: 'It is valid for a trial key, whose secret everybody can look up: good for trying things out, and worth nothing where money or trust depends on it.',
    };
  }
  if (byFile.key) {
    return {
      state: 'but', verdict: 'Yes, if model.json is the owner\'s',
      reason: 'The proof is valid for the key that model.json names, and whoever gave you that file could have made up both: compare the digest with the owner\'s or the registration\'s, and write it into the field yourself.',
    };
  }
  if (!keyExpected) {
    return {
      state: 'but', verdict: 'Yes, if this is the model\'s key',
      reason: 'The proof is valid for the key that you gave, and nothing says that it is the key of the model that you mean: fill in the digest that you expect.',
    };
  }
  if (ceremony === undefined) {
    return {
      state: 'but', verdict: 'Yes, if you trust the key\'s ceremony',
      reason: 'The proof is valid for the key that you expect. That key rests on a secret number which its makers should have destroyed, and whoever kept it can make false proofs: under “More to compare with”, name the ceremony that you trust.',
    };
  }
  if (byFile.reading) {
    return {
      state: 'but', verdict: 'Yes, if model.json reads it right',
      reason: 'The proof is valid, for the key that you expect and a ceremony that you trust. How many numbers it holds, of which type, what they are called and what they stand for is only what model.json says: have that file from the model\'s owner, or remove it and fill in sizes and types yourself.',
    };
  }
  return { state: 'yes', verdict: 'Yes', reason: 'The proof is valid, for the key that you expect and a ceremony that you trust.' };
}

/** A model.json that says otherwise than the key, or than the person. */
export class OtherModel extends Error {
  constructor(what: string, said: string, got: string, of: string) {
    super(`model.json says that ${what} is ${said}, ${of} ${got}`);
  }
}

/** Anything that was thrown: no, when the proof is at fault, otherwise that nothing was judged. */
export function refused(error: unknown, names: Record<Kind, string>): Said {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof VerifyError && error.rejectsProof) {
    return { state: 'no', verdict: 'No, the proof is false', reason: 'It does not show that this model gave this answer: it was made up, changed or damaged.', detail: message };
  }
  if (error instanceof VerifyError && error.saysNo) {
    return { state: 'no', verdict: 'No, it proves something else', reason: 'The proof is valid, but of another question or answer than the one that you filled in.', detail: message };
  }
  const cannot = (reason: string): Said => ({ state: 'cannot', verdict: 'Cannot check', reason: `${reason} This says nothing against the proof.`, detail: message });
  if (error instanceof OtherModel) return cannot(`“${names.model}” is not the model.json of these files: get the one that belongs to “${names.key}”, or remove it.`);
  if (error instanceof ModelFileError) return cannot(`“${names.model}” is not a model.json that this page can read.`);
  if (error instanceof VerifyError) return cannot(CANNOT[error.kind]?.(names) ?? 'These files cannot be checked.');
  if (error instanceof DOMException) return cannot('A file cannot be read any more: choose it again.');
  return cannot('Something that you filled in cannot be read.');
}

const wrongKey = ({ key, proof }: Record<Kind, string>) => `“${proof}” was made for another model or another key than “${key}”: choose the key that belongs to it.`;
const damagedKey = ({ key }: Record<Kind, string>) => `“${key}” is a key that is damaged or was changed: get it again.`;
const CANNOT: Partial<Record<ErrorKind, (names: Record<Kind, string>) => string>> = {
  Magic: ({ key }) => `“${key}” is not a model's key: choose the file that is usually called vk.`,
  Json: ({ proof }) => `“${proof}” is not a proof: choose the file that is usually called proof.json.`,
  Hexadecimal: ({ proof }) => `“${proof}” is damaged: get it again.`,
  Version: ({ key, proof }) => `“${proof}” or “${key}” is of another version of Assay than this page: make it again, or take the page of that version.`,
  FileSize: ({ key, proof }) => `“${proof}” or “${key}” is too large to be what it should be.`,
  Encoding: damagedKey,
  TrailingBytes: damagedKey,
  Limit: damagedKey,
  Inconsistent: damagedKey,
  ForeignKey: wrongKey,
  ForeignGraph: wrongKey,
  InstanceCount: wrongKey,
  Unexpected: ({ key }) => `“${key}” is not the key that you expect: get the key with that digest.`,
  Sizes: () => 'The model does not take and give as many numbers as you filled in: correct them, or give its model.json.',
};
