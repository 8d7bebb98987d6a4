/** A market on anvil with one model whose verifier accepts everything, and nodes that fail where a test wants it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  Assay, type Connecting, type Fulfilment, Market, type ModelDescription, Models, type Receipt, type Request, keyCode, marketAbi, packTensors, readKey, receiptData, signaturesAbi,
  typedData,
} from '@assay/sdk';
import { type Address, type EIP1193RequestFn, type Hex, bytesToHex, concatHex, createPublicClient, createWalletClient, custom, http, keccak256, parseEther } from 'viem';
import { foundry } from 'viem/chains';

import { type Chain, deploy, startChain } from '../examples/anvil.js';
import { PEOPLE, deployMarket } from '../examples/deploy.js';
import { root } from '../examples/prover.js';

export const FEE = parseEther('0.01');
export const DAY = 86_400;
export type Person = keyof typeof PEOPLE;

/** What `AcceptAll` has public values for: three words in, one out, and the context. */
export const TENSORS = { inputs: [{ type: 'u8', size: 93 }], outputs: [{ type: 'i8', size: 10 }] } as const;
export const INPUT = Array.from({ length: 93 }, (_, i) => i);
export const OUTPUT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** What a node does with a call: `go` asks the real one. */
export type Node = (method: string, params: readonly unknown[], go: () => Promise<unknown>) => Promise<unknown>;

/** The creation code of the verifier that accepts everything, and its class: no client trusts it who does not name it. */
const ACCEPTING = (() => {
  const { bytecode, deployed_bytes: length } = JSON.parse(readFileSync(join(root, 'contracts/artifacts/AcceptAll.json'), 'utf8')) as { bytecode: string; deployed_bytes: number };
  return { creation: `0x${bytecode}` as Hex, class: keccak256(`0x${bytecode.slice(-2 * length)}`) };
})();

/** What every client of these tests trusts. */
export const TRUST = { classes: [ACCEPTING.class] } as const;
export const assayOf = (market: Market) => new Assay(market, TRUST);

export type Scene = Awaited<ReturnType<typeof startScene>>;

export async function startScene() {
  const chain = await startChain();
  const address = await deployMarket(chain);
  const connect = (person: Person) => Market.connect(chain.client, address, chain.wallet(PEOPLE[person]));
  const [client, prover, rival] = await Promise.all([connect('client'), connect('prover'), connect('rival')]);
  const model = await register(chain, client);
  for (const market of [prover, rival]) await market.bond(parseEther('1'));
  return {
    chain, address, model, client, prover, rival,
    stop: chain.stop,
    /** A market behind a node of the test's making. */
    through: (node: Node, person: Person = 'client', connecting?: Connecting) => through(chain, address, node, person, connecting),
    /** The chain's clock as one's own: it is days ahead of this machine's, and only development chains may be. */
    clock: () => clockOf(chain),
    /** How often a request was opened, by the chain's logs. */
    async timesOpened(id: Hex): Promise<number> {
      const filter = { address, abi: marketAbi, eventName: 'RequestOpened', args: { requestId: id }, fromBlock: 0n } as const;
      return (await chain.client.getContractEvents(filter)).length;
    },
    balance: () => chain.client.getBalance({ address }),
  };
}

/** A true answer, as far as this verifier can tell. */
export function answered(request: Request, by: Market, output = OUTPUT): Fulfilment {
  return { request, payee: by.account, input: packTensors([INPUT], TENSORS.inputs), output: packTensors([output], TENSORS.outputs), proof: '0x00' };
}

/** A receipt that a prover's own wallet signs, its key registered. */
export async function signed({ chain, prover }: Pick<Scene, 'chain' | 'prover'>, request: Request, values: readonly number[] | readonly bigint[] = OUTPUT): Promise<Receipt> {
  const wallet = chain.wallet(PEOPLE.prover);
  const signer = wallet.account.address;
  const registry = await chain.client.readContract({ address: prover.market, abi: marketAbi, functionName: 'signatures' });
  const domain = { ...typedData(request, prover).domain, verifyingContract: registry };
  const key = { address: registry, abi: signaturesAbi } as const;
  const [owner] = await chain.client.readContract({ ...key, functionName: 'keys', args: [signer] });
  if (BigInt(owner) === 0n) {
    const types = { ReceiptKey: [{ name: 'prover', type: 'address' }] } as const;
    const proof = await wallet.signTypedData({ domain, types, primaryType: 'ReceiptKey', message: { prover: signer } });
    const hash = await wallet.writeContract({ ...key, functionName: 'registerKey', args: [signer, proof] });
    await chain.client.waitForTransactionReceipt({ hash });
  }
  const output = typeof values[0] === 'bigint' ? (values as readonly bigint[]) : packTensors([values as readonly number[]], TENSORS.outputs);
  return { output, signer, signature: await wallet.signTypedData(receiptData(request, { output, signer }, prover)) };
}

/**
 * Another model of the verifier that accepts everything, whose key's contract holds what the key's file says. Its verifier is not the one that the key asks for, and only of shapes that are
 * not known to the SDK nobody sees that.
 */
export async function registerKeyed({ chain, client, model }: Pick<Scene, 'chain' | 'client' | 'model'>, key: Uint8Array): Promise<ModelDescription> {
  const owner = chain.wallet(PEOPLE.owner);
  const models = new Models(chain.client, client, owner);
  const { srsDigest, digest } = readKey(key);
  const id = await models.register(
    {
      ...(await models.registrationOf(model.id)), keyDigest: bytesToHex(digest),
      // A record can be registered once.
      graphDigest: bytesToHex(crypto.getRandomValues(new Uint8Array(32))),
      key: await deployData(chain, owner, keyCode(readKey(key))),
    },
    'ipfs://keyed',
  );
  return { id, ...TENSORS, key, srsDigest: bytesToHex(srsDigest) };
}

/** Places a contract whose code are these bytes. */
export async function deployData(chain: Chain, wallet: ReturnType<Chain['wallet']>, data: Uint8Array): Promise<Address> {
  // CODECOPY all that follows, RETURN it.
  return deploy(chain, wallet, concatHex([`0x61${data.length.toString(16).padStart(4, '0')}80600a3d393df3`, bytesToHex(data)]));
}

async function register(chain: Chain, market: Market): Promise<ModelDescription> {
  const [admin, owner] = [chain.wallet(PEOPLE.admin), chain.wallet(PEOPLE.owner)];
  const verifier = await deploy(chain, owner, ACCEPTING.creation);
  const routing = new Models(chain.client, market, admin);
  await routing.propose(verifier);
  await chain.pass(7 * DAY);
  const digest = bytesToHex(new Uint8Array(32));
  const id = await new Models(chain.client, market, owner).register(
    {
      graphDigest: digest, keyDigest: digest, class: await routing.admit(verifier), key: verifier, inputWords: 3, outputWords: 1,
      proverPoints: 7_000, ownerPoints: 3_000, contributors: [], points: [],
    },
    'ipfs://model',
  );
  return { id, ...TENSORS };
}

/** Holds transactions back until so many are on their way: none of their senders has seen another's, not even waiting. */
export function together(count: number): Node {
  let release: () => void;
  const all = new Promise<void>((resolve) => (release = resolve));
  return async (method, _, go) => {
    if (method !== 'eth_sendRawTransaction') return go();
    if (--count === 0) release();
    await all;
    return go();
  };
}

/** Blocks come until something has happened, as on a chain that others use: viem looks for a receipt when there is a new one. */
export async function mining<T>(chain: Pick<Chain, 'test'>, what: Promise<T>): Promise<T> {
  const blocks = setInterval(() => void chain.test.mine({ blocks: 1 }).catch(() => undefined), 200);
  return what.finally(() => clearInterval(blocks));
}

/** A clock that shows the time of a chain's latest block. */
export async function clockOf({ client }: Pick<Chain, 'client'>): Promise<{ now: () => Date }> {
  const { timestamp } = await client.getBlock();
  return { now: () => new Date(Number(timestamp) * 1000) };
}

/** A market behind a node of the test's making. */
export async function through(chain: Pick<Chain, 'url' | 'wallet'>, address: Address, node: Node, person: Person, connecting?: Connecting): Promise<Market> {
  const options = { chain: foundry, transport: transportOf(chain.url, node), pollingInterval: 20 } as const;
  const { account } = chain.wallet(PEOPLE[person]);
  return Market.connect(createPublicClient(options), address, createWalletClient({ ...options, account }), connecting);
}

export function transportOf(url: string, node: Node) {
  const { request } = http(url)({ retryCount: 0 });
  const provider = { request: ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => node(method, params, () => request({ method, params })) };
  return custom(provider as { request: EIP1193RequestFn }, { retryCount: 0 });
}

/** Prepared by the client, not opened. */
export const prepare = ({ client, model }: Pick<Scene, 'client' | 'model'>, terms = {}) =>
  assayOf(client).prepare({ model, input: INPUT, feeCeiling: FEE, ...terms });
