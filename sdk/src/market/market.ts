/** The market's calls, typed; every call is simulated before it is sent, and refusals come back in words. */
import {
  type Account, type Address, type Chain, type ContractFunctionArgs, type ContractFunctionName, type Hex, type PublicClient,
  type TransactionReceipt, type Transport, type WalletClient,
} from 'viem';

import { errorAbi, marketAbi } from './abi.js';
import { POTS, STATUSES, type Pot, type Status, nameOf } from './names.js';
import {
  ETHER, type Place, type Request, commitmentOf, contextOf, digestOf, encodable, idOf, typedData,
} from './request.js';
import { type Write, transact } from './transact.js';

const abi = [...marketAbi, ...errorAbi] as const;
const NOTHING: Hex = '0x';
const DAY = 86_400;

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

/** What changes about a request. */
export interface Job {
  status: Status;
  /** Zero until a lock or an answer. */
  prover: Address;
  /** Unix seconds: end of a lock's exclusivity, of an answer's window or of the proof period. */
  time: number;
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
    private readonly wallet: Wallet | undefined,
  ) {}

  /**
   * The market at an address.
   *
   * @param wallet Pays and signs; a market without one can be read only.
   */
  static async connect(client: PublicClient, market: Address, wallet?: Wallet): Promise<Market> {
    const read = (functionName: 'registry' | 'router') => client.readContract({ address: market, abi, functionName });
    const [chainId, registry, router] = await Promise.all([client.getChainId(), read('registry'), read('router')]);
    return new Market(client, market, chainId, registry, router, wallet);
  }

  /** The account that pays and signs. */
  get account(): Address {
    return this.write.wallet.account.address;
  }

  /**
   * A request for an inference by this account, of tier `proved` with a fixed fee in ether and a day to deliver, unless the terms say
   * otherwise. Time is the chain's.
   */
  async build({ input, ...terms }: Terms): Promise<Request> {
    const { timestamp } = await this.client.getBlock();
    const now = Number(timestamp);
    return {
      client: this.account,
      nonce: randomNonce(),
      inputDigest: digestOf(input),
      tier: 'proved',
      prover: ETHER,
      token: ETHER,
      feeFloor: terms.feeCeiling,
      rampStart: now,
      rampEnd: now,
      deadline: now + DAY,
      loss: 0n,
      proofFee: 0n,
      sampleRate: 0,
      ...terms,
    };
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

  /** Adds to this account's deposit, which its requests draw on. */
  async deposit(amount: bigint, token: Address = ETHER): Promise<TransactionReceipt> {
    return this.fund('deposit', amount, token);
  }

  /** Adds to this account's bond, which stands behind its locks and answers. */
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

  /** What of a deposit or bond is free, and what is leaving when. */
  async accountOf(pot: Pot, owner: Address, token: Address = ETHER) {
    const args = [POTS.indexOf(pot), owner, token] as const;
    return this.client.readContract({ address: this.market, abi, functionName: 'accountOf', args });
  }

  /**
   * Opens a request and escrows its fee ceiling.
   *
   * @param signature The client's; needed when another account opens.
   * @param from `wallet` sends ether along (or uses the client's allowance of a token), `deposit` takes it from the client's deposit.
   */
  async open(
    request: Request,
    { signature = NOTHING, from = 'wallet' }: { signature?: Hex; from?: 'wallet' | 'deposit' } = {},
  ): Promise<TransactionReceipt> {
    const value = from === 'wallet' && request.token === ETHER ? request.feeCeiling : 0n;
    return this.transact('open', [encodable(request), signature, NOTHING], value);
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
    return this.transact('lock', [encodable(request), signature, NOTHING, commitmentOf(this.account, output)]);
  }

  /** Settles a request with a proved answer; whoever sends it, the payee is paid. */
  async fulfil({ request, ...answer }: Fulfilment): Promise<TransactionReceipt> {
    return this.transact('fulfil', [{ ...answer, request: encodable(request) }]);
  }

  /** Gives the escrow of a request that nobody delivered in time back to its client. */
  async refund(request: Request): Promise<TransactionReceipt> {
    return this.transact('refund', [encodable(request)]);
  }

  /** Pays for an answer (of a tier below `proved`) whose window closed. */
  async settle(request: Request): Promise<TransactionReceipt> {
    return this.transact('settle', [encodable(request)]);
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
    const { prover, time, price, bond, challenger } = job;
    return { status: nameOf(STATUSES, job.status) as Status, prover, time, price, bond, challenger };
  }

  private async fund(pot: Pot, amount: bigint, token: Address): Promise<TransactionReceipt> {
    const value = token === ETHER ? amount : 0n;
    return this.transact('fund', [POTS.indexOf(pot), token, amount, NOTHING], value);
  }

  private get write(): Write {
    if (!this.wallet) throw new Error('this market is read only; connect it with a wallet');
    return { client: this.client, wallet: this.wallet };
  }

  private async transact<N extends ContractFunctionName<typeof abi, 'payable' | 'nonpayable'>>(
    functionName: N,
    args: ContractFunctionArgs<typeof abi, 'payable' | 'nonpayable', N>,
    value = 0n,
  ): Promise<TransactionReceipt> {
    return transact(this.write, { address: this.market, abi, functionName, args: args as readonly unknown[], value });
  }
}

/** A nonce that no other request of the client has, but with odds below 2^-60. */
function randomNonce(): bigint {
  return crypto.getRandomValues(new BigUint64Array(2)).reduce((nonce, word) => (nonce << 64n) | word, 0n);
}
