/** A contract's logs, in ranges as wide as the node takes. */
import { type Address, BaseError, type Hex, HttpRequestError, type PublicClient, type RpcLog, RpcError, RpcRequestError, TimeoutError, numberToHex } from 'viem';

/** Which logs. */
export interface Filter {
  address: Address;
  topics: (Hex | null)[];
}

/** Asks for logs. Nodes limit a query to some number of blocks or results, each to another, and say so in words of their own: what is refused is halved. */
export class Logs {
  /** Widest range that was not refused. */
  private width = 1n << 64n;

  constructor(private readonly client: PublicClient, private readonly filter: Filter) {}

  /**
   * The logs of a range, both ends included, page by page.
   *
   * @throws The node's error, when it does not answer, or refuses a single block.
   */
  async *between(from: bigint, to: bigint): AsyncGenerator<RpcLog[]> {
    for (let at = from; at <= to; ) {
      const end = at + this.width > to ? to : at + this.width - 1n;
      const range = { fromBlock: numberToHex(at), toBlock: numberToHex(end) };
      let logs: RpcLog[];
      try {
        logs = await this.client.request({ method: 'eth_getLogs', params: [{ ...this.filter, ...range }] });
      } catch (error) {
        if (at === end || !mayBeTooWide(error)) throw error;
        this.width = (end - at + 1n) / 2n;
        continue;
      }
      yield logs;
      at = end + 1n;
    }
  }
}

/** Whether a node answered with a refusal, or was still busy: a node that is not there does not get better with smaller questions. */
function mayBeTooWide(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const refusal = (cause: unknown) =>
    cause instanceof RpcError || cause instanceof RpcRequestError || cause instanceof TimeoutError ||
    (cause instanceof HttpRequestError && [400, 413, 422].includes(cause.status ?? 0));
  return Boolean(error.walk(refusal));
}
