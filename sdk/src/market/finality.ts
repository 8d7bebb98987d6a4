/** Which blocks a chain does not take back. */
import { BaseError, BlockNotFoundError, type PublicClient } from 'viem';

/** Chains of anvil, Hardhat and Ganache: nobody takes a block back, and an answer counts at once. */
export const DEVELOPMENT_CHAINS: readonly number[] = [31_337, 1_337];

/** Blocks on top of an event's where a node names no finalized block: two epochs of the mainnet. */
export const BLOCKS_WITHOUT_FINALITY = 64;

/** How nodes say that they do not know the tag, or no such block: invalid request, method, parameters, input; resource not found; unknown block. */
const UNKNOWN: readonly unknown[] = [-32_600, -32_601, -32_602, -32_000, -32_001, -39_001];

/** What counts as final on a chain. */
export class Finality {
  /** A node that has named a finalized block goes on to. */
  private named = false;

  /** @param confirmations Blocks on top, in place of what the chain calls final. */
  constructor(private readonly client: PublicClient, private readonly chainId: number, private readonly confirmations?: number) {}

  /**
   * The highest block that counts when `latest` is the chain's last one: so many blocks below it as the user says; on development chains itself; otherwise the chain's `finalized`
   * block, or, where the node has none, `BLOCKS_WITHOUT_FINALITY` below the last one.
   *
   * @throws The node's error, when it does not answer.
   */
  async below(latest: bigint): Promise<bigint> {
    if (this.confirmations !== undefined) return latest - BigInt(this.confirmations);
    if (DEVELOPMENT_CHAINS.includes(this.chainId)) return latest;
    try {
      const { number } = await this.client.getBlock({ blockTag: 'finalized' });
      this.named = true;
      return number < latest ? number : latest;
    } catch (error) {
      if (this.named || !hasNone(error)) throw error;
      return latest - BigInt(BLOCKS_WITHOUT_FINALITY);
    }
  }
}

/** Whether a node answered that it has no finalized block: one that is silent or busy may have one. */
function hasNone(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  return Boolean(error.walk((cause) => cause instanceof BlockNotFoundError || UNKNOWN.includes((cause as { code?: unknown } | undefined)?.code)));
}
