/** The page: files and expectations in, one verdict out. */
import { bytesToHex } from '@noble/hashes/utils.js';

import { type ModelFile, modelFromJson } from '../src/model.js';
import type { Tensor } from '../src/packing.js';
import { type Expected, type VerifyingKey, readKey, verifyFiles } from '../src/verifier/index.js';
import { type Ends, tensorsInWords } from '../src/words.js';
import { element, write } from './element.js';
import { Files } from './files.js';
import { clear, say, show } from './show.js';
import { OtherModel, refused, valid, waiting } from './words.js';

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const FIELDS = ['known-key', 'inputs', 'input-type', 'outputs', 'output-type', 'known-srs', 'known-input', 'known-output', 'known-context'];

/** Checks again with every file and every change; only the last check's result is shown. */
let turn = 0;
async function check(): Promise<void> {
  const mine = ++turn;
  const { proof, key, model } = files.given;
  const names = { proof: proof?.name ?? 'proof', key: key?.name ?? 'key', model: model?.name ?? 'model.json' };
  try {
    const described = model && modelFromJson(await model.text());
    if (mine !== turn) return;
    fill(described);
    if (!proof || !key) return say(waiting(files.given));
    say({ state: 'checking', verdict: 'Checking …', reason: '' });
    const [text, bytes] = await Promise.all([proof.text(), key.arrayBuffer()]);
    if (mine !== turn) return;
    if (described) checkModel(described, readKey(new Uint8Array(bytes)));
    const known = expected(described);
    const start = performance.now();
    const verdict = verifyFiles(new Uint8Array(bytes), text, known);
    const milliseconds = performance.now() - start;
    say(valid(verdict, { key: described !== undefined && known.keyDigest === undefined, reading: described !== undefined }));
    show(verdict, { known, model: described, milliseconds });
  } catch (error) {
    if (mine !== turn) return;
    clear();
    say(refused(error, names));
  }
}

/**
 * Fills in the size and type of the only input and the only output that model.json says, and takes them back with the file; what a person wrote stays. Of several inputs or outputs the
 * page says how many there are. The key that a person expects is no file's to say: what model.json names is compared with the key's file alone.
 */
function fill(model: ModelFile | undefined): void {
  const [input, output] = [only(model?.inputs), only(model?.outputs)];
  const values: Record<string, string | number | undefined> = { inputs: input?.size, 'input-type': input?.type, outputs: output?.size, 'output-type': output?.type };
  for (const [id, value] of Object.entries(values)) {
    const field = fieldOf(id);
    if (field.value !== '' && field.dataset['from'] === undefined) continue;
    field.value = String(value ?? '');
    if (value === undefined) delete field.dataset['from'];
    else field.dataset['from'] = 'model.json';
  }
  const several = (['inputs', 'outputs'] as const).flatMap((end) => (model && model[end].length > 1 ? [`${model[end].length} ${end}`] : []));
  write('several', several.length > 0 ? `This model.json says sizes and types of ${several.join(' and ')}: there is nothing to fill in for them.` : undefined);
}

function only(tensors: readonly Tensor[] | undefined): Tensor | undefined {
  return tensors?.length === 1 ? tensors[0] : undefined;
}

/**
 * A model.json is of this key, and agrees with what the person filled in: a foreign one would read another answer out of the same proof.
 *
 * @throws {OtherModel} naming what differs.
 */
function checkModel(model: ModelFile, key: VerifyingKey): void {
  const digests = [['the key', model.namedKeyDigest, key.digest], ['the graph', model.graphDigest, key.graphDigest], ['the SRS', model.srsDigest, key.srsDigest]] as const;
  for (const [what, said, digest] of digests) {
    const got = `0x${bytesToHex(digest)}`;
    if (said !== got) throw new OtherModel(`the digest of ${what}`, said, got, 'the key\'s file has');
  }
  const { inputs, outputs } = filledIn();
  for (const [what, tensors, tensor] of [['input', model.inputs, inputs], ['output', model.outputs, outputs]] as const) {
    const [said, got] = [tensorsInWords(tensors), tensor && tensorsInWords([tensor])];
    if (got !== undefined && said !== got) throw new OtherModel(`its ${what}`, said, got, 'you filled in');
  }
}

const fieldOf = (id: string) => element<Field>(id);

/** What the user filled in, and where that says no sizes what model.json says. */
function expected(described: ModelFile | undefined): Expected {
  const filled = (id: string) => fieldOf(id).value.trim();
  const numbers = (id: string) => (filled(id) ? filled(id).split(/[\s,[\]]+/).filter(Boolean).map(Number) : undefined);
  const [context, srs] = [filled('known-context'), filled('known-srs')];
  const { inputs, outputs } = filledIn();
  const model = described ?? (inputs && outputs && { inputs: [inputs], outputs: [outputs] });
  return {
    model,
    keyDigest: filled('known-key') || undefined,
    inputs: listsOf(numbers('known-input'), model?.inputs),
    outputs: listsOf(numbers('known-output'), model?.outputs),
    context: context ? BigInt(context) : undefined,
    ceremonies: srs ? { 'by its digest': srs } : {},
  };
}

/** Numbers that a person wrote one after the other, as those of each tensor. What is too much goes with the last, where it is refused. */
function listsOf(numbers: number[] | undefined, tensors: Ends['inputs'] = []): number[][] | undefined {
  if (!numbers || tensors.length < 2) return numbers && [numbers];
  let at = 0;
  return tensors.map(({ size }, i) => numbers.slice(at, i === tensors.length - 1 ? undefined : (at += size)));
}

/** The size and type of the only input and output, where a person or model.json filled them in. */
function filledIn() {
  return { inputs: tensor('inputs', 'input-type'), outputs: tensor('outputs', 'output-type') };
}

/** Nothing until both are filled in: a guess would read another answer out of the same proof. */
function tensor(size: string, type: string): Tensor | undefined {
  const [count, kind] = [element<HTMLInputElement>(size).valueAsNumber, element<HTMLSelectElement>(type).value];
  return Number.isInteger(count) && count > 0 && (kind === 'u8' || kind === 'i8') ? { size: count, type: kind } : undefined;
}

const files = new Files(() => void check());
for (const id of FIELDS) {
  fieldOf(id).addEventListener('change', ({ currentTarget }) => {
    // A person's word now.
    delete (currentTarget as Field).dataset['from'];
    void check();
  });
}
say(waiting({}));
