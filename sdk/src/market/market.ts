/** The market's calls, typed; every call is simulated before it is sent, and refusals come back in words. */
import {
  type Account, type Address, type Chain, type ContractFunctionArgs, type ContractFunctionName, type Hex, type PublicClient,
  type TransactionReceipt, type Transport, type WalletClient, isAddressEqual, parseEventLogs,
} from 'viem';

import { errorAbi, marketAbi } from './abi.js';
import type { Asked } from './asked.js';
import { checkClock } from './clock.js';
import { MarketError } from './errors.js';
import type { FeeBounds } from './fees.js';
import { type Parties, checkGenuine } from './genuine.js';
import { blockHeader } from './header.js';
import { ASSURANCES, type Assurance, POTS, STATUSES, type Pot, type Status, nameOf } from './names.js';
import {
  ETHER, type Place, type Receipt, type Request, commitmentOf, contextOf, digestOf, encodable, idOf, typedData,
} from './request.js';
import { type Write, transact } from './transact.js';

const abi = [...marketAbi, ...errorAbi] as const;
const NOTHING: Hex = '0x';
/** Seconds that provers have unless the client says otherwise. */
export const TIME_TO_DELIVER = 86_400;
/** Looks at the chain, one a polling interval, for a transaction that a node says is waiting. */
const PATIENCE = 30;

/** A wallet with an account. */
export type Wallet = WalletClient<Transport, Chain | undefined, Account>;

/** What a client decides; `build` fills the rest in. */
export interface Terms extends Partial<Omit<Request, 'client' | 'inputDigest'>> {
  modelId: Hex;
  feeCeiling: bigint;
  /** Packed input words. */
  input: readonly bigint[];
}

/** A proved answer. */
export interface Fulfilment {
  request: Request;
  /** Whom the proof names, and the market pays. */
  payee: Address;
  /** Packed words, which the request's input digest is of. */
  input: readonly bigint[];
  output: readonly bigint[];
  proof: Hex;
}

/** A proof that is held against a receipt: the fulfilment that it would be of the request it names, which has the same model and input. */
export interface Evidence extends Omit<Fulfilment, 'request'> {
  requestId: Hex;
}

/** How a request is opened. */
export interface Opening {
  /** The client's; needed when another account opens. */
  signature?: Hex;
  /**
   * Ether: `wallet` sends it along, `deposit` takes it from the client's deposit; unless given, a client's own wallet pays, and another account, which would never have its
   * ether back, does not. Tokens: from the client's deposit, or where that is too little by the client's allowance.
   */
  from?: 'wallet' | 'deposit';
}

/** How a market is connected to. */
export interface Connecting extends FeeBounds {
  /** Takes any contract at the address for a market, whatever it does with money: for tests of other contracts only. */
  unchecked?: boolean;
  /** The first owner and guardian of the market's router, as model.json names them. They are tried before the present ones, and count only where they make the router's address. */
  routerFor?: Parties | undefined;
  /** The clock that the chain's is compared with before a request is made, outside development chains. Unless given, this machine's. */
  now?: () => Date;
}

/** What changes about a request. */
export interface Job {
  status: Status;
  /** Zero until a lock or an answer. */
  prover: Address;
  /** Unix seconds: end of a lock's exclusivity, of an answer's window or of the proof period. */
  time: number;
  /** Block that draws an answer of tier `sampled`. */
  beaconBlock: number;
  /** Whether it was drawn and needs no proof. */
  drawn: boolean;
  /** Whether it was settled by a proof. */
  proved: boolean;
  /** Whether it was settled without a proof, and a proof of another output came later. */
  refuted: boolean;
  /** The fee of the lock or the answer. */
  price: bigint;
  /** Reserved of the prover. */
  bond: bigint;
  challenger: Address;
}

export class Market implements Place {
  private constructor(
    readonly client: PublicClient,
    readonly market: Address,
    readonly chainId: number,
    /** Says what models are. */
    readonly registry: Address,
    /** Says which verifier code may judge. */
    readonly router: Address,
    /** The router's first owner and guardian, which make its address; of an unchecked market nobody knows them. */
    readonly routerFor: Parties | undefined,
    private readonly wallet: Wallet | undefined,
    private readonly fees: FeeBounds,
    private readonly now: () => Date,
  ) {}

  /**
   * The market at an address, if its contracts are those that this package is made for.
   *
   * @param wallet Pays and signs; a market without one can be read only.
   * @param options Bounds on what every transaction may cost.
   * @throws {ForeignMarketError} when the market, or a contract that it asks, is another one.
   */
  static async connect(client: PublicClient, market: Address, wallet?: Wallet, { unchecked = false, routerFor, now = () => new Date(), ...fees }: Connecting = {}): Promise<Market> {
    const read = (functionName: 'registry' | 'router') => client.readContract({ address: market, abi, functionName });
    const asked = async () => ({ registry: await read('registry'), router: await read('router'), routerFor: undefined });
    const [chainId, found] = await Promise.all([client.getChainId(), unchecked ? asked() : checkGenuine(client, market, routerFor)]);
    return new Market(client, market, chainId, found.registry, found.router, found.routerFor, wallet, fees, now);
  }

  /** The account that pays and signs. */
  get account(): Address {
    return this.write.wallet.account.address;
  }

  /**
   * A request for an inference by this account, of tier `proved` with a fixed fee in ether, a day to deliver and a fifth of the fee ceiling for the client's loss, unless the terms
   * say otherwise. Time is the chain's.
   *
   * @throws {Error} when the chain's clock is more than ten minutes from this machine's, outside development chains.
   */
  async build(terms: Terms): Promise<Request> {
    return (await this.prepare(terms)).request;
  }

  /** A request as `build` makes it, with all that is to be kept of it (`requestToJson`) before `open` sends anything. */
  async prepare({ input, ...terms }: Terms): Promise<Asked> {
    const { time: now, number } = await this.latest();
    const request: Request = {
      client: this.account,
      nonce: randomNonce(),
      inputDigest: digestOf(input),
      tier: 'proved',
      prover: ETHER,
      token: ETHER,
      feeFloor: terms.feeCeiling,
      rampStart: now,
      rampEnd: terms.feeFloor === undefined ? now : now + Math.floor(((terms.deadline ?? now + TIME_TO_DELIVER) - now) / 2),
      deadline: now + TIME_TO_DELIVER,
      loss: lossOf(terms.feeCeiling),
      proofFee: 0n,
      sampleRate: 0,
      ...terms,
    };
    return { id: this.idOf(request), request, input, fromBlock: number };
  }

  /**
   * The chain's latest block: its time, in Unix seconds, and its number.
   *
   * @throws {Error} when its time is more than ten minutes from this machine's clock, outside development chains.
   */
  async latest(): Promise<{ time: number; number: bigint }> {
    const { timestamp, number } = await this.client.getBlock();
    const time = Number(timestamp);
    checkClock(this.chainId, time, this.now());
    return { time, number };
  }

  /** The request's id, computed here; the market computes the same. */
  idOf(request: Request): Hex {
    return idOf(request, this);
  }

  /** What the last public value of a proof for this request and payee must be, for `assay prove --context`. */
  contextOf(request: Request, payee: Address): bigint {
    return contextOf(this.idOf(request), payee, this);
  }

  /** The client's signature, by which anybody else can open the request. */
  async sign(request: Request): Promise<Hex> {
    const { wallet } = this.write;
    return wallet.signTypedData({ account: wallet.account, ...typedData(request, this) });
  }

  /** Adds to this account's deposit, which its requests draw on. Each call pays: after a `SentError`, look for its transaction before another. */
  async deposit(amount: bigint, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.fund('deposit', amount, token);
  }

  /** Adds to this account's bond, which stands behind its locks and answers. Each call pays, as in `deposit`. */
  async bond(amount: bigint, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.fund('bond', amount, token);
  }

  /** Gives notice of a part of a deposit (8 days) or a bond (10 days); replaces an earlier notice. */
  async giveNotice(pot: Pot, amount: bigint, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.transact('giveNotice', [POTS.indexOf(pot), token, amount]);
  }

  /** Turns what notice was given of into credit, once its time is over. */
  async leave(pot: Pot, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.transact('leave', [POTS.indexOf(pot), token]);
  }

  /** What of a deposit or bond is free, and what is leaving when. What slashed bonds gave an account is bond of its own. */
  async accountOf(pot: Pot, owner: Address, token: Address = ETHER) {
    const args = [POTS.indexOf(pot), owner, token] as const;
    return this.client.readContract({ address: this.market, abi, functionName: 'accountOf', args });
  }

  /**
   * Opens a request and escrows its fee ceiling, once: a request that was opened before, by this process or another, is not paid again. So after an error, call it again with the
   * same request; one that was built anew is another, and is paid for too.
   *
   * @returns The transaction's receipt; nothing when the request was open already, or has ended.
   * @throws {SentError | MarketError} with the request in `sent`, when something was sent.
   */
  async open(request: Request, { signature = NOTHING, from }: Opening = {}): Promise<TransactionReceipt | undefined> {
    const id = this.idOf(request);
    const isOpened = async () => (await this.status(id)).status !== 'none';
    if (await isOpened()) return undefined;
    const payer = from ?? (isAddressEqual(request.client, this.account) ? 'wallet' : 'deposit');
    const value = payer === 'wallet' ? inEther(request, request.feeCeiling) : 0n;
    try {
      return await this.transact('open', [encodable(request), signature, NOTHING], value, request);
    } catch (error) {
      // A transaction of an earlier call may have been mined first, or this one without our seeing it; or the node counts with one that waits.
      const tries = error instanceof MarketError && error.error === 'WrongStatus' ? PATIENCE : 1;
      for (let i = 0; i < tries; i++) {
        if (i > 0) await new Promise((resolve) => setTimeout(resolve, this.client.pollingInterval));
        if (await isOpened().catch(() => false)) return undefined;
      }
      throw error;
    }
  }

  /** Makes sure that no request of this account with this nonce can be opened any more. */
  async cancelNonce(nonce: bigint): Promise<TransactionReceipt> {
    return this.transact('cancelNonce', [nonce]);
  }

  /**
   * Takes the right to prove during the first half of the time left, at this moment's fee; reserves this account's bond. It excludes others
   * once it has stood for a minute.
   *
   * @param output The packed output words that the proof will show.
   * @param signature The client's, when the request is not open yet.
   */
  async lock(request: Request, output: readonly bigint[], signature: Hex = NOTHING): Promise<TransactionReceipt> {
    return this.transact('lock', [encodable(request), signature, NOTHING, commitmentOf(this.account, output)], 0n, request);
  }

  /** Settles a request with a proved answer; whoever sends it, the payee is paid. */
  async fulfil({ request, ...answer }: Fulfilment): Promise<TransactionReceipt> {
    return this.transact('fulfil', [{ ...answer, request: encodable(request) }], 0n, request);
  }

  /** Gives the escrow of an open or locked request that nobody delivered in time back to its client, as credit to withdraw. Anyone may call. */
  async refund(request: Request): Promise<TransactionReceipt> {
    return this.transact('refund', [encodable(request)], 0n, request);
  }

  /**
   * Brings a prover's signed answer on the chain, which reserves its bond and begins the window of a day to challenge or contradict it. Anyone who has the receipt may call; one that
   * is not on the chain secures nothing. For tiers below `proved`.
   *
   * Call `open` first, and wait until that is final: a pending `answer` shows output and receipt, and while the request is not open its client can read them and cancel the nonce.
   *
   * @param signature The client's, when the request is not open yet. Opening on the way is for private relays only.
   */
  async answer(request: Request, { output, signer, signature: receipt }: Receipt, signature: Hex = NOTHING): Promise<TransactionReceipt> {
    return this.transact('answer', [encodable(request), signature, NOTHING, output, signer, receipt], 0n, request);
  }

  /**
   * Demands the proof of an answer of tier `challenged`, within its window, and pays the request's proof fee for it: the prover's when the proof comes within a day, otherwise this
   * account's again, with a bounty, by `slashUnproved`. Anyone may call; a token's proof fee is taken by this account's allowance.
   */
  async challenge(request: Request): Promise<TransactionReceipt> {
    return this.transact('challenge', [encodable(request), NOTHING], inEther(request, request.proofFee), request);
  }

  /**
   * Lets the beacon say whether an answer of tier `sampled` must be proved: after its beacon block (`status`), 64 blocks after the answer's. Anyone may call.
   *
   * @param header The beacon block's RLP header, for chains whose headers have fields that are not known here; unless given it is made of what the node says of the block.
   * @returns Whether it was selected: its prover has a day for the proof then, and otherwise `settle` pays it once the window is closed.
   */
  async draw(request: Request, header?: Hex): Promise<boolean> {
    const { beaconBlock } = await this.status(this.idOf(request));
    const beacon = header ?? (beaconBlock ? await blockHeader(this.client, BigInt(beaconBlock)) : NOTHING);
    const { logs, transactionHash } = await this.transact('draw', [encodable(request), beacon], 0n, request);
    const [drawn] = parseEventLogs({ abi: marketAbi, logs, eventName: 'AnswerDrawn' });
    if (!drawn) throw new Error(`expected AnswerDrawn in ${transactionHash}; is ${this.market} the market?`);
    return drawn.args.selected;
  }

  /** Pays for an answer (of a tier below `proved`) whose window closed without a proof being due; one of tier `sampled` must have been drawn. Anyone may call. */
  async settle(request: Request): Promise<TransactionReceipt> {
    return this.transact('settle', [encodable(request)], 0n, request);
  }

  /** Ends an answer whose proof was due and did not come within a day: its prover's bond is slashed, client and challenger are credited what they paid in. Anyone may call. */
  async slashUnproved(request: Request): Promise<TransactionReceipt> {
    return this.transact('slashUnproved', [encodable(request)], 0n, request);
  }

  /**
   * Slashes the bond behind a receipt by a proof that the same model gives another output for the same input. The client is credited its escrow, or has its loss of the bond; the
   * proof's payee has a tenth of the bond. What comes of the bond is added to their own bonds, which leave after ten days' notice (`giveNotice('bond')`, `leave('bond')`). Anyone may call, at any time, whether the answer came on the chain or not.
   *
   * @param request The request that the receipt names.
   * @param receipt From whom it was handed to, or from the chain by `receiptIn`.
   * @param evidence The proof, bound to whichever request and payee: `{ ...fulfilment, requestId }`.
   */
  async contradict(request: Request, { output, signer, signature }: Receipt, { requestId, payee, input, output: proved, proof }: Evidence): Promise<TransactionReceipt> {
    const evidence = { requestId, payee, input, output: proved, proof };
    return this.transact('contradict', [encodable(request), digestOf(output), signer, signature, evidence], 0n, request);
  }

  /** Credits a model's owner or contributor with its share of the fees since its last claim. */
  async claim(modelId: Hex, account: Address = this.account, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.transact('claim', [modelId, token, account]);
  }

  /** Pays this account's whole credit out. */
  async withdraw(to: Address = this.account, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.transact('withdraw', [token, to]);
  }

  /** What an account can withdraw now. */
  async creditOf(account: Address, token: Address = ETHER): Promise<bigint> {
    return this.client.readContract({ address: this.market, abi, functionName: 'creditOf', args: [account, token] });
  }

  /** Where a request stands. */
  async status(id: Hex): Promise<Job> {
    const job = await this.client.readContract({ address: this.market, abi, functionName: 'jobOf', args: [id] });
    const { prover, time, beaconBlock, drawn, proved, refuted, price, bond, challenger } = job;
    return { status: nameOf(STATUSES, job.status) as Status, prover, time, beaconBlock, drawn, proved, refuted, price, bond, challenger };
  }

  /**
   * What the market tells contracts of a request's answer: the digest of its packed output words (`digestOf`), and what stands behind it. Of a request that is not settled, was given
   * back, or was refuted by a later proof, `none` and a digest of zeros.
   */
  async answerOf(id: Hex): Promise<{ digest: Hex; assurance: Assurance }> {
    const [digest, assurance] = await this.client.readContract({ address: this.market, abi, functionName: 'answerOf', args: [id] });
    return { digest, assurance: nameOf(ASSURANCES, assurance) as Assurance };
  }

  private async fund(pot: Pot, amount: bigint, token: Address): Promise<TransactionReceipt> {
    return this.transact('fund', [POTS.indexOf(pot), token, amount, NOTHING], inEther({ token }, amount));
  }

  private get write(): Write {
    if (!this.wallet) throw new Error('this market is read only; connect it with a wallet');
    return { client: this.client, wallet: this.wallet, chainId: this.chainId, fees: this.fees };
  }

  private async transact<N extends ContractFunctionName<typeof abi, 'payable' | 'nonpayable'>>(
    functionName: N,
    args: ContractFunctionArgs<typeof abi, 'payable' | 'nonpayable', N>,
    value = 0n,
    request?: Request,
  ): Promise<TransactionReceipt> {
    const about = request ? { id: this.idOf(request), request } : {};
    return transact(this.write, { address: this.market, abi, functionName, args: args as readonly unknown[], value }, about);
  }
}

/** What a missing or wrong answer costs the client, unless he says otherwise: a fifth of the fee ceiling. */
export function lossOf(feeCeiling: bigint): bigint {
  return feeCeiling / 5n;
}

/** What of an amount goes along with a call. */
function inEther({ token }: Pick<Request, 'token'>, amount: bigint): bigint {
  return isAddressEqual(token, ETHER) ? amount : 0n;
}

/** A nonce that no other request of the client has, but with odds below 2^-60. */
function randomNonce(): bigint {
  return crypto.getRandomValues(new BigUint64Array(2)).reduce((nonce, word) => (nonce << 64n) | word, 0n);
}
