/** What a dApp needs: ask for an inference, get its proved answer. */
import { type Address, type Hex, type TransactionReceipt, isAddressEqual, keccak256 } from 'viem';

import { hexToBytes } from '@noble/hashes/utils.js';

import { type Clamped, type Label, dequantise, labelOf } from '../quantise.js';
import { unpackTensors } from '../words.js';
import { type Basis, keyCode } from '../verifier/index.js';
import { checkFulfilment, findFulfilment, fulfilmentIn, proofFileOf } from './answer.js';
import { type Asked, type AskedJson, requestFromJson, requestToJson } from './asked.js';
import { beginOf } from './begin.js';
import { MOST_BETWEEN_CLOCKS } from './clock.js';
import { type Confirmation, type ModelDescription, UNCONFIRMED, checkPlace, checkRegisteredSrs, checkRegistration, checkSrs, checkVerifier, keyOf } from './description.js';
import { watch } from './events.js';
import { type Kept, checkKept } from './kept.js';
import { type Fulfilment, type Market, type Opening, TIME_TO_DELIVER, type Terms } from './market.js';
import { Models, type Registration } from './models.js';
import type { Status, Tier } from './names.js';
import { type Asking, isGiven, isReal, packed } from './numbers.js';
import { digestOf } from './request.js';

/** What to ask, and on which terms; what is left out is as in `Market.build`. */
export type Question = Omit<Terms, 'modelId' | 'input' | 'tier'> & {
  model: ModelDescription;
  /** Pays although the secret of the model's SRS is published, and anybody can forge an answer. On development chains nobody needs to say so. */
  insecure?: boolean;
} & Asking;

/** An answer that was paid for. Whether its proof was checked here is the first thing to look at: `checkedHere`. */
export type Answer = CheckedAnswer | UncheckedAnswer;

/** An answer whose proof was checked here, against the model's key, beside the chain's own check. */
export interface CheckedAnswer extends PaidAnswer {
  checkedHere: true;
  /** What that check rests on; `inWords` says it in sentences. */
  basis: Basis;
  because?: undefined;
}

/** An answer whose proof was not checked here: the chain's word, as the node tells it, is all there is. */
export interface UncheckedAnswer extends PaidAnswer {
  checkedHere: false;
  /** Why not. */
  because: NotChecked;
  basis?: undefined;
}

/**
 * Why a proof was not checked here. `no-key`: the model was described without its key's file. `through-contract`: another contract called the market (a smart account, say), so that
 * the transaction's calldata does not hold the proof; the chain's verifier took it, and the output is the one that the market's event tells. `no-proof`: a tier below `proved`, never that one.
 */
export type NotChecked = 'no-key' | 'through-contract' | 'no-proof';

interface PaidAnswer {
  /**
   * What confirms that the chain judged by this model's key, beside the word of whoever described the model. Of an output that was not checked here: nobody, whatever `Pending.confirmed` said
   * of the model.
   */
  confirmed: Confirmation;
  /** The first of `outputs`. */
  output: number[];
  /** The quantised numbers of each output, row-major. How many numbers of which type the words hold is the description's word, and so are `reals` and the names of `label`. */
  outputs: number[][];
  /** The first of `reals`. */
  real: number[] | undefined;
  /** The real numbers that they stand for, where the model says the scales of all its outputs. */
  reals: number[][] | undefined;
  /** The largest of several values of the first output, with its name where the model has names. */
  label: Label | undefined;
  /** The prover that was paid: whom the proof names where it was checked here, and otherwise by the node's word. */
  payee: Address;
  /** What the client paid, of the fee ceiling, by the node's word: no proof shows it. */
  price: bigint;
  transaction: Hex;
  /** Whether the chain checked a proof: always, but in tiers below `proved`. */
  proved: boolean;
  /**
   * The text of the proof's file, to keep or to hand on: `verifyFiles`, the page and `assay verify --proof` read it.
   *
   * @throws {Error} when there is none: see `because`; or when nothing names graph and key (give the model's key, or its model.json).
   */
  proofFile(): Promise<string>;
}

/** How to wait for an answer. */
export interface Waiting {
  /** Ends the wait. */
  signal?: AbortSignal;
  /** Blocks on top of the answer's, in place of what the chain calls final; see `watch`. */
  confirmations?: number;
  /** Takes an answer that another contract delivered, whose proof is therefore not checked here although the model's key was given: its output is the node's word alone. */
  unchecked?: boolean;
}

/** Whom an `Assay` believes. */
export interface Trust {
  /**
   * Classes (hashes of the code) of verifiers that you know from elsewhere than model.json, beside those that this package brings: for a verifier of your own, the keccak256 of its
   * deployed code.
   */
  classes?: readonly Hex[];
}

/** A request, and its answer to come. `JSON.stringify` gives what to keep of it before it is opened; `Assay.resume` takes that. */
export interface Pending extends Asked {
  /** What confirms the model, beside the word of whoever described it: look at it before you pay. Without the key's file nobody confirms the key. */
  confirmed: Confirmation;
  /** What of the real numbers the model's inputs cannot hold: one for each input with such numbers. `clampedInWords` says it in a sentence. */
  clamped: readonly Clamped[];
  /** Opens it, paid by this account's wallet unless told otherwise; once, however often it is called. See `Market.open`. */
  open(opening?: Opening): Promise<TransactionReceipt | undefined>;
  /** Its answer, when it comes. See `Assay.answerOf`. */
  answer(waiting?: Waiting): Promise<Answer>;
  toJSON(): AskedJson;
}

/** No answer will come. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(
    readonly asked: Asked,
    /** Where the request stands: of one that is `open` or `locked`, `Market.refund` gives the fee back. */
    readonly status: Status,
    what: string,
  ) {
    super(`request ${asked.id} ${what}`);
  }
}

/**
 * An answer was paid for, and although the model's key was given its proof was not checked here: another contract delivered it, or the node says so. `answer` is what the node tells of it;
 * with `unchecked` it is returned.
 */
export class NotCheckedHere extends Error {
  override readonly name = 'NotCheckedHere';

  constructor(
    id: Hex,
    readonly answer: UncheckedAnswer,
  ) {
    super(
      `the node tells that request ${id} was answered through another contract, in transaction ${answer.transaction}, whose calldata does not hold the proof: it was not checked here, and ` +
      'only the node says what the output is. Ask another node, or take its word with `unchecked: true`',
    );
  }
}

export class Assay {
  /** What the chain says of a model does not change. By the model's id and the hash of the key's code that it was proved with: without a key's file, the node said which code stands there. */
  private readonly registrations = new Map<string, { registration: Registration; keyCode?: Hex }>();

  private readonly trusted: readonly Hex[];

  constructor(private readonly market: Market, { classes = [] }: Trust = {}) {
    this.trusted = classes;
  }

  /**
   * Makes a request of tier `proved`. Nothing is sent: keep it, then open it.
   *
   * @throws {VerifyError} when the model's key cannot be read, or is not the one that its digest names.
   * @throws {Error} when the model's description (`market` and what else model.json says) is not what the chain says of it, when its id was not made with the key of the
   * key's file, when another verifier judges it than the one generated for that key or one that you named, or when the secret of its SRS is published.
   * @throws {RangeError | TypeError} when the numbers are not those of the model's inputs, or not of every one.
   */
  async prepare({ model, input, real, inputs, reals, insecure, ...terms }: Question): Promise<Pending> {
    keyOf(model);
    if (!insecure) checkSrs(model, this.market);
    const { words, clamped } = packed(model, { input, real, inputs, reals });
    const confirmed = await this.confirm(model, insecure);
    const asked = await this.market.prepare({ ...terms, tier: 'proved', modelId: model.id, input: words });
    return this.pending(asked, model, confirmed, clamped);
  }

  /**
   * A request that was kept, by this process or an earlier one: to open it, if that is not done, and to wait for its answer.
   *
   * @param text `JSON.stringify` of what `prepare` gave, or `request.json` of the `assay` command line.
   * @param expected What it may cost, and which terms it may have. Who only waits for its answer needs none of this: `answerOf` takes what `requestFromJson` reads.
   * @throws {Error} when it is none, is of another client, market, chain or model, was changed, has terms that are not expected, or asks about another input; and as `prepare`.
   */
  async resume(text: string, model: ModelDescription, { insecure, input, real, inputs, reals, ...expected }: Kept): Promise<Pending> {
    const asked = requestFromJson(text, this.market);
    const numbers = { input, real, inputs, reals };
    const meant = isGiven(numbers) ? packed(model, numbers) : undefined;
    const inputDigest = meant && digestOf(meant.words);
    // Only a deadline that was not named follows from the chain's clock. The node that `prepare` asked may have been some blocks ahead of this one.
    const deadline = expected.deadline ?? (await this.market.latest()).time + TIME_TO_DELIVER + MOST_BETWEEN_CLOCKS;
    checkKept(asked, model, { ...expected, client: expected.client ?? this.market.account, deadline, inputDigest });
    keyOf(model);
    if (!insecure) checkSrs(model, this.market);
    return this.pending(asked, model, await this.confirm(model, insecure), meant?.clamped);
  }

  /**
   * The answer of a request, when it comes.
   *
   * @throws {NoAnswer} when none will come: nobody delivered by the deadline, the request was refunded, or a proof has refuted what it was settled with.
   * @throws {NotCheckedHere} when, with a key, the proof was not checked here, unless `unchecked` is given.
   * @throws {Error} when, with a key, the proof does not check here, when what the node tells cannot be, or when the node fails: ask again.
   */
  async answerOf(asked: Asked, model: ModelDescription, waiting: Waiting = {}): Promise<Answer> {
    const { id, request: { deadline, feeCeiling, tier } } = asked;
    const { client, market } = this.market;
    const back = `withdraw the ${feeCeiling} back and ask again`;
    const fromBlock = await beginOf(this.market, asked);
    let words: readonly bigint[] | undefined;
    for (let until: { until?: number } = { until: deadline }; ; until = {}) {
      for await (const event of watch({ client, market, id, fromBlock, ...until, ...waiting })) {
        switch (event.eventName) {
          case 'RequestAnswered':
          case 'RequestProved':
            words = event.args.output;
            break;
          case 'RequestSettled': {
            const { payee, price, proved } = event.args;
            if (words === undefined) throw new Error(`the node tells that request ${id} was settled, and not with which output: ask another node`);
            if (!proved && (await this.market.status(id)).refuted) throw new NoAnswer(asked, 'settled', 'was settled without a proof, and a proof of another output came later: its answer was wrong');
            const answer = await this.settled({ id, model, tier, words, payee, price, proved, transaction: event.transactionHash });
            if (answer.because === 'through-contract' && !waiting.unchecked) throw new NotCheckedHere(id, answer);
            return answer;
          }
          case 'RequestRefunded':
            await this.expectEnd(id, 'refunded');
            throw new NoAnswer(asked, 'refunded', `was refunded: nobody delivered in time; ${back}`);
          case 'RequestSlashed':
            await this.expectEnd(id, 'slashed');
            throw new NoAnswer(asked, 'slashed', `was answered wrongly, or its proof did not come; ${back}`);
        }
      }
      // The deadline has passed: what is not answered now never will be, and its end waits for somebody to call `refund`.
      const { status } = await this.market.status(id);
      if (status === 'none') throw new NoAnswer(asked, status, 'was not opened before its deadline; nothing was paid');
      if (status === 'open' || status === 'locked') throw new NoAnswer(asked, status, `was not delivered in time; refund it, ${back}`);
    }
  }

  /** One log is soon forged: that a request ended without an answer, its state says too. */
  private async expectEnd(id: Hex, end: Status): Promise<void> {
    const { status } = await this.market.status(id);
    if (status !== end) throw new Error(`the node tells that request ${id} was ${end}, and that it is ${status}: ask another node`);
  }

  private pending(asked: Asked, model: ModelDescription, confirmed: Confirmation, clamped: readonly Clamped[] = []): Pending {
    return {
      ...asked,
      confirmed,
      clamped,
      open: (opening) => this.market.open(asked.request, opening),
      answer: (waiting) => this.answerOf(asked, model, waiting),
      toJSON: () => requestToJson(asked, this.market),
    };
  }

  /**
   * Compares a model with its registration, which its id proves; with the key, the id proves that this key was registered.
   *
   * @param insecure Whether an SRS whose secret is published is taken.
   */
  private async confirm(model: ModelDescription, insecure: boolean | undefined): Promise<Confirmation> {
    checkPlace(model, this.market);
    const { id } = model;
    const known = keyOf(model);
    const keyHash = known && keccak256(keyCode(known.key));
    const cached = `${id} ${keyHash}`;
    const registered = this.registrations.get(cached) ?? (await new Models(this.market.client, this.market).registeredAs(id, 0n, keyHash));
    this.registrations.set(cached, registered);
    const { registration, keyCode: code } = registered;
    checkRegistration(model, registration, code);
    // With the key's file there is no code, and `checkSrs` has read the SRS in that file.
    if (!insecure && code !== undefined) checkRegisteredSrs(model, code, this.market);
    return checkVerifier(known?.key, model, registration, this.trusted);
  }

  /** The answer of a settled request, its proof checked here where that can be done. */
  private async settled({ id, model, tier, words, ...paid }: Settled): Promise<Answer> {
    if (tier === 'proved' && !paid.proved) throw new Error(`the node tells that request ${id} was settled without a proof, which the market does not do in tier \`proved\`: ask another node`);
    const outputs = unpackTensors(words, model.outputs);
    const reals = model.outputs.every(isReal) ? model.outputs.map((tensor, at) => dequantise(outputs[at] as number[], tensor)) : undefined;
    const [output = []] = outputs;
    const answer = {
      ...paid,
      confirmed: UNCONFIRMED,
      output,
      outputs,
      real: reals?.[0],
      reals,
      label: labelOf(output, model.labels),
      proofFile: async () => {
        if (!paid.proved) throw new Error(`request ${id} was settled without a proof: its tier is ${tier}`);
        return proofFileOf(this.market, await fulfilmentIn(this.market, paid.transaction, id), digestsOf(model));
      },
    };
    const unchecked = (because: NotChecked) => ({ ...answer, checkedHere: false, because }) as const;
    if (!paid.proved) return unchecked('no-proof');
    const known = keyOf(model);
    if (!known) return unchecked('no-key');
    const fulfilment = await findFulfilment(this.market, paid.transaction, id);
    // The answer was paid for: its proof is worth what `basis` says of the SRS.
    const confirmed = await this.confirm(model, true);
    if (!fulfilment) return unchecked('through-contract');
    if (!isAddressEqual(fulfilment.payee, paid.payee)) throw new Error(`the node tells that request ${id} paid ${paid.payee}, its proof names ${fulfilment.payee}: ask another node`);
    const proof: Fulfilment = { ...fulfilment, output: words };
    checkFulfilment(this.market, known.key, proof);
    return { ...answer, confirmed, checkedHere: true, basis: known.basis, proofFile: async () => proofFileOf(this.market, proof, digestsOf(model)) };
  }
}

interface Settled {
  id: Hex;
  model: ModelDescription;
  tier: Tier;
  words: readonly bigint[];
  payee: Address;
  price: bigint;
  transaction: Hex;
  proved: boolean;
}

/** What a proof's file names: from the model's key, or as its model.json says. */
function digestsOf(model: ModelDescription): { graphDigest: Uint8Array; keyDigest: Uint8Array } {
  const known = keyOf(model);
  if (known) return { graphDigest: known.key.graphDigest, keyDigest: known.key.digest };
  const { graphDigest, keyDigest = model.namedKeyDigest } = model;
  if (graphDigest === undefined || keyDigest === undefined) throw new Error('a proof\'s file names graph and key: give the model\'s key, or its model.json');
  const bytes = (digest: string) => hexToBytes(digest.replace(/^0x/, ''));
  return { graphDigest: bytes(graphDigest), keyDigest: bytes(keyDigest) };
}
