/** A block's header in RLP, for the beacon, which checks it against the block's hash. */
import { type Hex, type PublicClient, keccak256, numberToHex, toRlp } from 'viem';

/** In the header's order, as nodes name them; numbers are RLP integers, without leading zeros. Later forks append, so the last ones may be missing. */
const FIELDS = [
  ['parentHash', 'bytes'], ['sha3Uncles', 'bytes'], ['miner', 'bytes'], ['stateRoot', 'bytes'], ['transactionsRoot', 'bytes'], ['receiptsRoot', 'bytes'],
  ['logsBloom', 'bytes'], ['difficulty', 'number'], ['number', 'number'], ['gasLimit', 'number'], ['gasUsed', 'number'], ['timestamp', 'number'],
  ['extraData', 'bytes'], ['mixHash', 'bytes'], ['nonce', 'bytes'], ['baseFeePerGas', 'number'], ['withdrawalsRoot', 'bytes'],
  ['blobGasUsed', 'number'], ['excessBlobGas', 'number'], ['parentBeaconBlockRoot', 'bytes'], ['requestsHash', 'bytes'],
] as const;

/**
 * The header of a block, from what the node says of it; nothing of a block that it does not have.
 *
 * @throws {Error} when it does not give the block's hash: the chain's headers have other fields.
 */
export async function blockHeader(client: PublicClient, number: bigint): Promise<Hex> {
  const block = (await client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] })) as Record<string, Hex> | null;
  if (!block) return '0x';
  const present = FIELDS.filter(([name]) => block[name] !== undefined && block[name] !== null);
  const header = toRlp(present.map(([name, kind]) => {
    const value = block[name] as Hex;
    return kind === 'bytes' ? value : minimal(value);
  }));
  const got = keccak256(header);
  if (got !== block['hash']) throw new Error(`the header of block ${number} has hash ${got}, expected ${block['hash']}; give the header's RLP`);
  return header;
}

function minimal(value: Hex): Hex {
  const number = BigInt(value);
  return number === 0n ? '0x' : numberToHex(number, { size: Math.ceil(number.toString(16).length / 2) });
}
