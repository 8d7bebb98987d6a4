/** Sending a transaction: on the right chain only, simulated first, at a bounded price, waited for, its refusal in words, and never lost out of sight. */
import {
  type Abi, type Account, type Address, BaseError, type Chain, ChainMismatchError, type Hex, type LocalAccount, type PublicClient, type TransactionReceipt,
  type Transport, UserRejectedRequestError, type WalletClient, keccak256,
} from 'viem';

import { type Sent, SentError, explain } from './errors.js';
import { type FeeBounds, type Priced, priced } from './fees.js';

/** Reads a chain and signs for it. */
export interface Write {
  client: PublicClient;
  wallet: WalletClient<Transport, Chain | undefined, Account>;
  /** The chain that is meant; without it, the client's. */
  chainId?: number;
  /** What the transaction may cost. */
  fees?: FeeBounds | undefined;
}

/** A call of a contract. */
export interface Call {
  address: Address;
  abi: Abi;
  functionName: string;
  args: readonly unknown[];
  /** Wei that go along. */
  value?: bigint;
}

/**
 * Sends a call and waits until it is mined.
 *
 * @param about The request that it is about; errors after sending carry it.
 * @throws {MarketError} when the contract refuses: before anything is sent, or after, where the chain changed in between; it has `sent` then.
 * @throws {SentError} when something was sent, or may have been, and its end is not known. Any other error: nothing was sent.
 */
export async function transact(write: Write, { value = 0n, ...call }: Call, about: Omit<Sent, 'transaction'> = {}): Promise<TransactionReceipt> {
  const { client, wallet } = write;
  const chain = await chainOf(write);
  // viem offers `value` of payable functions only; zero is the same as none.
  const whole = { ...call, ...(value === 0n ? {} : { value }), account: wallet.account };
  const sent: Sent = { ...about };
  const { request } = await client.simulateContract(whole).catch((error: unknown) => {
    throw explain(error);
  });
  // Neither node nor wallet is left to choose the price: a tip is paid whatever it is.
  const price = await priced(client, whole, write.fees);
  const whose = wallet.account.type === 'local' ? { nonce: await nonceOf(client, wallet.account, chain.id) } : {};
  const transaction = await send(write, sent, price, (account) => wallet.writeContract({ ...request, ...price, ...whose, type: 'eip1559', account, chain, chainId: chain.id } as never));
  const receipt = await mined(client, { ...sent, transaction });
  if (receipt.status === 'success') return receipt;
  const failed = { ...sent, transaction: receipt.transactionHash };
  try {
    // The chain changed after the simulation; simulated on its block, the call says why it failed.
    await client.simulateContract({ ...whole, blockNumber: receipt.blockNumber });
  } catch (error) {
    const reason = explain(error, failed);
    throw reason === error ? new SentError(failed, `it failed in block ${receipt.blockNumber}`, { cause: error }) : reason;
  }
  throw new SentError(failed, `it failed in block ${receipt.blockNumber} and would pass now`);
}

/** The chain to send on. Money that goes to a market's address on another chain is gone: all must mean the same, now, for wallets change it. */
async function chainOf({ client, wallet, chainId }: Write): Promise<Chain> {
  const [read, written] = await Promise.all([client.getChainId(), wallet.getChainId()]);
  const expected = chainId ?? read;
  const wrong = (what: string, got: number) => new Error(`${what} is on chain ${got}, expected ${expected}; switch its network. Nothing was sent`);
  if (read !== expected) throw wrong('the client', read);
  if (written !== expected) throw wrong('the wallet', written);
  if (wallet.chain && wallet.chain.id !== expected) throw wrong(`the wallet's client (${wallet.chain.name})`, wallet.chain.id);
  // With a chain, viem tells the wallet its id once more, and the wallet refuses another.
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 };
  return wallet.chain ?? { id: expected, name: `chain ${expected}`, nativeCurrency, rpcUrls: { default: { http: [] } } };
}

/** Sends; a local account's transaction has its hash before the node answers, so that an answer which is lost does no harm. */
async function send({ client, wallet }: Write, sent: Sent, price: Priced, by: (account: Account) => Promise<Hex>): Promise<Hex> {
  const { account } = wallet;
  const local = account.type === 'local';
  const signing: Account = local ? { ...account, signTransaction: (async (...signed: Parameters<typeof account.signTransaction>) => {
    const got = signed[0] as Partial<Priced>;
    // viem lets a node fill in what it likes (`eth_fillTransaction`), over what it was given.
    for (const name of ['gas', 'maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
      if (got[name] !== price[name]) throw new Error(`the node changed ${name} of the transaction to ${got[name]}, expected ${price[name]}. Nothing was sent`);
    }
    const raw = await account.signTransaction(...signed);
    sent.transaction = keccak256(raw);
    return raw;
  }) as typeof account.signTransaction } : account;
  try {
    return await by(signing);
  } catch (error) {
    if (local ? !sent.transaction : neverSent(error)) throw explain(error);
    if (sent.transaction && (await isKnown(client, sent.transaction))) return sent.transaction;
    throw new SentError(sent, 'the node or the wallet did not say that it took it', { cause: error });
  }
}

/** The next nonce of a local account. Without it viem would have the node fill in the transaction. */
async function nonceOf(client: PublicClient, { address, nonceManager }: LocalAccount, chainId: number): Promise<number> {
  return nonceManager ? nonceManager.consume({ address, chainId, client }) : client.getTransactionCount({ address, blockTag: 'pending' });
}

/** Errors that a wallet throws before it signs. */
function neverSent(error: unknown): boolean {
  const before = (cause: unknown) => cause instanceof UserRejectedRequestError || cause instanceof ChainMismatchError;
  return error instanceof BaseError && Boolean(error.walk(before));
}

async function isKnown(client: PublicClient, hash: Hex): Promise<boolean> {
  return client.getTransaction({ hash }).then(() => true, () => false);
}

async function mined(client: PublicClient, sent: Sent & { transaction: Hex }): Promise<TransactionReceipt> {
  let replaced: string | undefined;
  const onReplaced = ({ reason }: { reason: string }) => {
    replaced = reason;
  };
  const receipt = await client.waitForTransactionReceipt({ hash: sent.transaction, onReplaced }).catch((error: unknown) => {
    throw new SentError(sent, 'whether it was mined is not known', { cause: error });
  });
  // The receipt is another transaction's then; only with a new price is it the same call.
  if (replaced === undefined || replaced === 'repriced') return receipt;
  throw new SentError(sent, `it was ${replaced} by ${receipt.transactionHash} of the same account nonce: the call did not happen`);
}
