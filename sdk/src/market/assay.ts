/** What a dApp needs: ask for an inference, get its proved answer. */
import type { Address, Hex, TransactionReceipt } from 'viem';

import { type Tensor, pack, unpack } from '../packing.js';
import { type Basis, type VerifyingKey, basisOf, readKey } from '../verifier/index.js';
import { checkFulfilment, fulfilmentIn } from './answer.js';
import { type Asked, type AskedJson, requestFromJson, requestToJson } from './asked.js';
import { watch } from './events.js';
import type { Market, Opening, Terms } from './market.js';
import type { Status } from './names.js';

/** A registered model. */
export interface ModelDescription {
  id: Hex;
  input: Tensor;
  output: Tensor;
  /** Its verifying key's file. With it, proofs are checked here too, and not by the chain alone. */
  key?: Uint8Array;
  /** Digest of that key, from the model's owner or its registration (`Models.registrationOf`): another file is refused before anything is paid. */
  keyDigest?: string;
  /** Names and digests of the SRSs of ceremonies that you trust. */
  ceremonies?: Readonly<Record<string, string>>;
}

/** What to ask, and on which terms; what is left out is as in `Market.build`. */
export interface Question extends Omit<Terms, 'modelId' | 'input' | 'tier'> {
  model: ModelDescription;
  /** The quantised input, row-major. */
  input: ArrayLike<number>;
}

/** An answer that was paid for. */
export interface Answer {
  /** The quantised output, row-major. */
  output: number[];
  /** The prover that was paid: whom the proof names. */
  payee: Address;
  /** What the client paid, of the fee ceiling. */
  price: bigint;
  transaction: Hex;
  /** Whether the chain checked a proof: always, but in tiers below `proved`. */
  proved: boolean;
  /** True when the proof was checked here against the model's key, beside the chain's own check. */
  checkedHere: boolean;
  /** What that check rests on; `inWords` says it in sentences. */
  basis?: Basis;
}

/** How to wait for an answer. */
export interface Waiting {
  /** Ends the wait. */
  signal?: AbortSignal;
  /** Blocks on top of the answer's; see `watch`. */
  confirmations?: number;
}

/** A request, and its answer to come. `JSON.stringify` gives what to keep of it before it is opened; `Assay.resume` takes that. */
export interface Pending extends Asked {
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

export class Assay {
  constructor(private readonly market: Market) {}

  /**
   * Makes a request of tier `proved`. Nothing is sent: keep it, then open it.
   *
   * @throws {VerifyError} when the model's key cannot be read, or is not the one that its digest names.
   */
  async prepare({ model, input, ...terms }: Question): Promise<Pending> {
    keyOf(model);
    const asked = await this.market.prepare({ ...terms, tier: 'proved', modelId: model.id, input: pack(input, model.input) });
    return this.pending(asked, model);
  }

  /**
   * A request that was kept, by this process or an earlier one: to open it, if that is not done, and to wait for its answer.
   *
   * @param text `JSON.stringify` of what `prepare` gave, or `request.json` of the `assay` command line.
   * @throws {Error} when it is none, is of another market, chain or model, or was changed.
   */
  resume(text: string, model: ModelDescription): Pending {
    const asked = requestFromJson(text, this.market);
    keyOf(model);
    if (asked.request.modelId !== model.id) throw new Error(`the request is for model ${asked.request.modelId}, this is ${model.id}`);
    return this.pending(asked, model);
  }

  /**
   * The answer of a request, when it comes.
   *
   * @throws {NoAnswer} when none will come: nobody delivered by the deadline, or the request was refunded.
   * @throws {Error} when, with a key, the proof does not check here, or when the node fails; ask again.
   */
  async answerOf(asked: Asked, model: ModelDescription, waiting: Waiting = {}): Promise<Answer> {
    const { id, fromBlock, request: { deadline, feeCeiling } } = asked;
    const { client, market } = this.market;
    const back = `withdraw the ${feeCeiling} back and ask again`;
    let words: readonly bigint[] = [];
    for (let until: { until?: number } = { until: deadline }; ; until = {}) {
      for await (const event of watch({ client, market, id, fromBlock, ...until, ...waiting })) {
        switch (event.eventName) {
          case 'RequestAnswered':
          case 'RequestProved':
            words = event.args.output;
            break;
          case 'RequestSettled': {
            const { payee, price, proved } = event.args;
            const transaction = event.transactionHash;
            const output = unpack(words, model.output);
            const basis = proved ? await this.check(id, model, transaction, words) : undefined;
            return { output, payee, price, transaction, proved, checkedHere: basis !== undefined, ...(basis && { basis }) };
          }
          case 'RequestRefunded':
            throw new NoAnswer(asked, 'refunded', `was refunded: nobody delivered in time; ${back}`);
          case 'RequestSlashed':
            throw new NoAnswer(asked, 'slashed', `was answered wrongly, or its proof did not come; ${back}`);
        }
      }
      // The deadline has passed: what is not answered now never will be, and its end waits for somebody to call `refund`.
      const { status } = await this.market.status(id);
      if (status === 'none') throw new NoAnswer(asked, status, 'was not opened before its deadline; nothing was paid');
      if (status === 'open' || status === 'locked') throw new NoAnswer(asked, status, `was not delivered in time; refund it, ${back}`);
    }
  }

  private pending(asked: Asked, model: ModelDescription): Pending {
    return {
      ...asked,
      open: (opening) => this.market.open(asked.request, opening),
      answer: (waiting) => this.answerOf(asked, model, waiting),
      toJSON: () => requestToJson(asked, this.market),
    };
  }

  /** Nothing without a key. */
  private async check(id: Hex, model: ModelDescription, transaction: Hex, output: readonly bigint[]): Promise<Basis | undefined> {
    const known = keyOf(model);
    if (!known) return undefined;
    const fulfilment = await fulfilmentIn(this.market, transaction, id);
    checkFulfilment(this.market, known.key, { ...fulfilment, output });
    return known.basis;
  }
}

/** A model's key, when its file is given. */
function keyOf(model: ModelDescription): { key: VerifyingKey; basis: Basis } | undefined {
  if (!model.key) return undefined;
  const key = readKey(model.key);
  return { key, basis: basisOf(key, model) };
}
