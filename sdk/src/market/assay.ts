/** What a dApp needs: ask for an inference, get its proved answer. */
import type { Address, Hex } from 'viem';

import { type Tensor, pack, unpack } from '../packing.js';
import { readKey } from '../verifier/index.js';
import { checkFulfilment, fulfilmentIn } from './answer.js';
import { watch } from './events.js';
import type { Market, Terms } from './market.js';
import type { Request } from './request.js';

/** A registered model. */
export interface ModelDescription {
  id: Hex;
  input: Tensor;
  output: Tensor;
  /** Its verifying key's file. With it, proofs are checked here too, and not by the chain alone. */
  key?: Uint8Array;
}

/** What to ask, and on which terms; what is left out is as in `Market.build`. */
export interface Question extends Omit<Terms, 'modelId' | 'input' | 'tier'> {
  model: ModelDescription;
  /** The quantised input, row-major. */
  input: ArrayLike<number>;
}

/** A proved answer that was paid for. */
export interface Answer {
  /** The quantised output, row-major. */
  output: number[];
  /** Whom the proof names: the prover that was paid. */
  payee: Address;
  /** What the client paid, of the fee ceiling. */
  price: bigint;
  transaction: Hex;
  /** True when the proof was checked here against the model's key, beside the chain's own check. */
  checkedHere: boolean;
}

/** How to wait for an answer. */
export interface Waiting {
  /** Ends the wait. */
  signal?: AbortSignal;
  /** Blocks on top of the answer's; see `watch`. */
  confirmations?: number;
}

/** A request that is open, and its answer to come. */
export interface Pending {
  id: Hex;
  request: Request;
  answer(waiting?: Waiting): Promise<Answer>;
}

export class Assay {
  constructor(private readonly market: Market) {}

  /** Opens a request of tier `proved`, paid by this account's wallet. */
  async request({ model, input, ...terms }: Question): Promise<Pending> {
    const words = pack(input, model.input);
    const request = await this.market.build({ ...terms, tier: 'proved', modelId: model.id, input: words });
    const { blockNumber } = await this.market.open(request);
    const id = this.market.idOf(request);
    return { id, request, answer: (waiting = {}) => this.answerOf(id, model, blockNumber, waiting) };
  }

  /**
   * The answer of an open request, when it comes.
   *
   * @param fromBlock A block before the answer's: the one in which the request was opened.
   * @throws {Error} when the request is refunded, or, with a key, when the proof does not check here.
   */
  async answerOf(id: Hex, model: ModelDescription, fromBlock: bigint, waiting: Waiting = {}): Promise<Answer> {
    const { client, market } = this.market;
    let words: readonly bigint[] = [];
    for await (const event of watch({ client, market, id, fromBlock, ...waiting })) {
      switch (event.eventName) {
        case 'RequestProved':
          words = event.args.output;
          break;
        case 'RequestSettled': {
          const { payee, price } = event.args;
          const transaction = event.transactionHash;
          if (model.key) await this.check(id, model.key, transaction, words);
          return { output: unpack(words, model.output), payee, price, transaction, checkedHere: model.key !== undefined };
        }
        case 'RequestRefunded':
          throw new Error(`request ${id} was refunded: nobody delivered in time; withdraw the ${event.args.escrow} back and ask again`);
      }
    }
    throw new Error(`the watch of request ${id} ended`);
  }

  private async check(id: Hex, key: Uint8Array, transaction: Hex, output: readonly bigint[]): Promise<void> {
    const fulfilment = await fulfilmentIn(this.market, transaction, id);
    checkFulfilment(this.market, readKey(key), { ...fulfilment, output });
  }
}
