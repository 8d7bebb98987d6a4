/** A request's times follow from the clock of the chain, as a node tells it: one that is far off would set another deadline and another rise of the fee. */
import { DEVELOPMENT_CHAINS } from './finality.js';

/** Most seconds between the clock of a chain and one's own: blocks come every few, and clocks are set. The command line has the same bound. */
export const MOST_BETWEEN_CLOCKS = 600;

/**
 * Compares the time of a chain's latest block with one's own clock. A development chain's clock is moved by hand, and is not compared.
 *
 * @param time Unix seconds.
 * @throws {Error} when they are more than ten minutes apart.
 */
export function checkClock(chainId: number, time: number, now: Date): void {
  if (DEVELOPMENT_CHAINS.includes(chainId)) return;
  const own = now.getTime() / 1000;
  if (Math.abs(own - time) <= MOST_BETWEEN_CLOCKS) return;
  throw new Error(
    `the chain's latest block is of Unix time ${time}, this machine's clock says ${Math.floor(own)}: the node is behind or wrong, or the clock is. ` +
    'Deadline and fee would follow from it: use another node, or set the clock. Nothing was sent',
  );
}
