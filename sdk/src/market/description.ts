/** A registered model as a client describes it, and what of that the chain and the key's file confirm before anything is paid. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Address, type Hex, hexToBytes, isAddressEqual } from 'viem';

import type { Tensor } from '../packing.js';
import type { RealTensor } from '../quantise.js';
import { type Ends, countWords } from '../words.js';
import { type Basis, type VerifyingKey, basisOf, publishedBy, readKey, shapeOf, srsDigestOf } from '../verifier/index.js';
import { CLASSES } from './code.js';
import { DEVELOPMENT_CHAINS } from './finality.js';
import type { Registration } from './models.js';
import type { Place } from './request.js';

/** A registered model: `{ ...modelFromJson(text), key }`, or what of that is known. With scale and zero point of its inputs and outputs, questions and answers can be real numbers. */
export interface ModelDescription extends Ends<Tensor | RealTensor> {
  id: Hex;
  /** Its verifying key's file. With it, proofs are checked here too, and not by the chain alone. */
  key?: Uint8Array;
  /** Digest of that key, which you have from the model's owner or its registration (`Models.registrationOf`): another file is refused before anything is paid. `modelFromJson` never gives it. */
  keyDigest?: string;
  /** Digest of the key that model.json names. It is compared as `keyDigest` is, and nothing counts as expected by it: whoever gives a key's file can write it. */
  namedKeyDigest?: string;
  /** Names and digests of the SRSs of ceremonies that you trust. */
  ceremonies?: Readonly<Record<string, string>>;
  /** A name for each value of the first output. */
  labels?: readonly string[] | undefined;
  /** Where it is registered. What is said here is compared with that registration before anything is paid. */
  chain?: number;
  market?: Address;
  graphDigest?: Hex;
  class?: Hex;
  srsDigest?: Hex;
  /** Whether its owner says that the SRS's secret is published. */
  insecure?: boolean;
}

/** What confirms that the chain judges proofs of the model that was described. Where it says `nobody`, only the word of whoever described the model does. */
export interface Confirmation {
  /** `vk`: the model's id is the hash of what was registered and of the key of the key's file, whatever a node says. `nobody`: no file was given, and another model's key, or one that its maker can forge with, could stand there. */
  key: 'vk' | 'nobody';
  /**
   * `assay`: the verifier's code is one that was compiled for this package, and with the key's file the one for that key's shape. `caller`: its class is one that was named to `Assay`
   * as trusted. `nobody`: neither, and it may accept what is no proof: nothing is prepared or resumed then, and of an answer that was not checked here nothing is confirmed.
   */
  judge: 'assay' | 'caller' | 'nobody';
}

/** Nothing is confirmed. */
export const UNCONFIRMED: Confirmation = { key: 'nobody', judge: 'nobody' };

/** A model's key, when its file is given: the one that was named, of the graph and SRS that were named. */
export function keyOf(model: ModelDescription): { key: VerifyingKey; basis: Basis } | undefined {
  if (!model.key) return undefined;
  const key = readKey(model.key);
  const basis = basisOf(key, model);
  const named = [['key', model.namedKeyDigest, key.digest], ['graph', model.graphDigest, key.graphDigest], ['SRS', model.srsDigest, key.srsDigest]] as const;
  for (const [what, said, got] of named) {
    if (said !== undefined) same(`the ${what} digest`, said, `0x${bytesToHex(got)}`, 'the key\'s file', 'take key and model.json of the same model');
  }
  return { key, basis };
}

/**
 * Compares a description with the market that is meant.
 *
 * @throws {Error} naming chain or market, when the model is registered elsewhere.
 */
export function checkPlace({ chain, market }: ModelDescription, place: Place): void {
  const next = 'connect to that market, or take the model.json for this one';
  if (chain !== undefined && chain !== place.chainId) throw new Error(`the model is registered on chain ${chain}, this market is on chain ${place.chainId}: ${next}`);
  if (market !== undefined && !isAddressEqual(market, place.market)) throw new Error(`the model is registered with market ${market}, this is ${place.market}: ${next}`);
}

/**
 * Compares a description with the model's registration. A verifier's class says nothing of the SRS: each key names its own, and where the key's file was not given, which `keyOf` compares,
 * the SRS that was named is compared with that of the registered key's code.
 *
 * @param code The code of the registered key, which the model's id proves.
 * @throws {Error} naming what differs.
 */
export function checkRegistration(model: ModelDescription, registration: Registration, code?: Hex): void {
  const next = 'ask the model\'s owner for the model.json of this registration';
  const compare = (what: string, said: string | number | undefined, got: string | number) => {
    if (said !== undefined) same(what, said, got, 'the chain\'s registration', next);
  };
  compare('the key digest', model.keyDigest, registration.keyDigest);
  compare('the key digest', model.namedKeyDigest, registration.keyDigest);
  compare('the graph digest', model.graphDigest, registration.graphDigest);
  compare('the class', model.class, registration.class);
  compare('the number of input words', countWords(model.inputs), registration.inputWords);
  compare('the number of output words', countWords(model.outputs), registration.outputWords);
  if (code === undefined || model.srsDigest === undefined) return;
  const srs = srsDigestOf(hexToBytes(code));
  if (srs === undefined) throw new Error(`the key of model ${model.id}, at ${registration.key}, is no key of this version: ${next}`);
  same('the SRS digest', model.srsDigest, `0x${bytesToHex(srs)}`, 'the registered key', next);
}

/**
 * What a model's registration confirms. With the key's file the model's id was computed with it, and the verifier must be the one that is known for its shape; without, one of all that are known.
 *
 * @param registration From `registrationOf`, which was given the hash of this key's code.
 * @param trusted Classes that the caller vouches for.
 * @throws {Error} when another verifier judges, or one that nobody vouches for.
 */
export function checkVerifier(key: VerifyingKey | undefined, { id }: ModelDescription, registration: Registration, trusted: readonly Hex[]): Confirmation {
  const of = key ? 'vk' : 'nobody';
  const judge = registration.class;
  const generated = key ? CLASSES[bytesToHex(shapeOf(key))] : Object.values(CLASSES).find((one) => one === judge);
  if (generated === judge) return { key: of, judge: 'assay' };
  if (generated !== undefined) {
    throw new Error(`model ${id} is judged by verifier code ${judge}, which is not the code generated for its key (${generated}): it may accept what is no proof. Use a model that is registered with the generated verifier`);
  }
  if (trusted.some((one) => plain(one) === plain(judge))) return { key: of, judge: 'caller' };
  throw new Error(
    `model ${id} is judged by verifier code ${judge}, which is not known here: it may accept what is no proof, and then be paid for a false answer. Nothing was sent. ` +
    'If you know that class from elsewhere than model.json, name it: `new Assay(market, { classes: [...] })`',
  );
}

/**
 * Whether proofs of a model are worth money on a chain.
 *
 * @throws {Error} when the secret of its SRS is published, outside development chains.
 */
export function checkSrs(model: ModelDescription, { chainId }: Place): void {
  if (DEVELOPMENT_CHAINS.includes(chainId)) return;
  const published = model.srsDigest !== undefined && publishedBy({ srsDigest: hexToBytes(`0x${plain(model.srsDigest)}`) }) !== undefined;
  if (!published && !model.insecure && !keyOf(model)?.basis.insecure) return;
  throw new Error(`the secret of the SRS of model ${model.id} is published: anybody can forge its answers. Ask for a model of a ceremony's SRS, or pay all the same with \`insecure: true\``);
}

/**
 * As `checkSrs`, of the SRS that the registered key names: a description may say nothing of it.
 *
 * @param code The code of the registered key, which the model's id proves; `undefined` for what is no key.
 * @throws {Error} when that SRS's secret is published, or the key names none, outside development chains.
 */
export function checkRegisteredSrs(model: ModelDescription, code: Hex, place: Place): void {
  if (DEVELOPMENT_CHAINS.includes(place.chainId)) return;
  const srs = srsDigestOf(hexToBytes(code));
  if (srs === undefined) throw new Error(`the registered key of model ${model.id} is no key of this version: ask the model's owner to register it again`);
  checkSrs({ ...model, srsDigest: `0x${bytesToHex(srs)}` }, place);
}

function same(what: string, said: string | number, got: string | number, of: string, next: string): void {
  if (plain(said) !== plain(got)) throw new Error(`${what} of the model is said to be ${said}, ${of} has ${got}: ${next}`);
}

const plain = (value: string | number) => String(value).trim().toLowerCase().replace(/^0x/, '');
