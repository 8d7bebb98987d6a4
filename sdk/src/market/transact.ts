/** Sending a transaction: simulated first, waited for, its refusal in words. */
import type {
  Abi, Account, Address, Chain, PublicClient, TransactionReceipt, Transport, WalletClient,
} from 'viem';

import { explain } from './errors.js';

/** Reads a chain and signs for it. */
export interface Write {
  client: PublicClient;
  wallet: WalletClient<Transport, Chain | undefined, Account>;
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
 * @throws {MarketError} when the contract refuses; nothing is sent then, unless the chain changed in between.
 */
export async function transact({ client, wallet }: Write, { value = 0n, ...call }: Call): Promise<TransactionReceipt> {
  // viem offers `value` of payable functions only; zero is the same as none.
  const sent = value === 0n ? call : { ...call, value };
  try {
    const { request } = await client.simulateContract({ ...sent, account: wallet.account });
    const hash = await wallet.writeContract({ ...request, chain: wallet.chain ?? null });
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status === 'success') return receipt;
    // The chain changed after the simulation; simulated on its block, the call says why it failed.
    await client.simulateContract({ ...sent, account: wallet.account, blockNumber: receipt.blockNumber });
    throw new Error(`transaction ${hash} failed in block ${receipt.blockNumber} and would pass now; look at the request's status`);
  } catch (error) {
    throw explain(error);
  }
}
