/** The market's contracts on a development chain, with one model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Ends, Market, type ModelDescription, Models, countWords, readKey } from '@assay/sdk';
import { type Abi, type Address, type Hex, bytesToHex, encodeDeployData } from 'viem';

import { type Chain, deploy } from './anvil.js';
import { type Prover, root } from './prover.js';

/** Seconds from a verifier's proposal to its admission. */
const ADMISSION_DELAY = 7 * 86_400;

/** Shares of every fee, in points of 10,000. */
export const SHARES = { prover: 7_000, owner: 2_000, contributor: 1_000 } as const;

/** Accounts of the chain by the part they play. */
export const PEOPLE = { admin: 0, owner: 1, contributor: 2, client: 3, prover: 4, rival: 5 } as const;

/** Deploys router, registry, beacon, the registry of receipt keys and the market; returns where the market is. */
export async function deployMarket(chain: Chain): Promise<Address> {
  const admin = chain.wallet(PEOPLE.admin);
  const create = async (name: string, ...args: Address[]) => {
    const { abi, bytecode } = JSON.parse(readFileSync(join(root, `contracts/artifacts/${name}.json`), 'utf8')) as {
      abi: Abi;
      bytecode: string;
    };
    return deploy(chain, admin, encodeDeployData({ abi, bytecode: `0x${bytecode}` as Hex, args }));
  };
  const router = await create('VerifierRouter', admin.account.address, admin.account.address);
  const registry = await create('ModelRegistry', router);
  const beacon = await create('PrevRandaoBeacon');
  const signatures = await create('Signatures');
  return create('InferenceMarket', registry, beacon, signatures);
}

/** Deploys a model's verifier and key, has the verifier admitted after its delay, and registers the model as its owner's. */
export async function registerModel(
  chain: Chain,
  market: Market,
  prover: Prover,
  tensors: Ends,
): Promise<ModelDescription> {
  const [admin, owner] = [chain.wallet(PEOPLE.admin), chain.wallet(PEOPLE.owner)];
  const code = prover.contracts();
  const [verifier, keyAt] = [await deploy(chain, owner, code.verifier), await deploy(chain, owner, code.key)];
  const routing = new Models(chain.client, market, admin);
  await routing.propose(verifier);
  await chain.pass(ADMISSION_DELAY);
  const key = readKey(prover.key);
  const id = await new Models(chain.client, market, owner).register(
    {
      graphDigest: bytesToHex(key.graphDigest),
      keyDigest: bytesToHex(key.digest),
      class: await routing.admit(verifier),
      key: keyAt,
      inputWords: countWords(tensors.inputs),
      outputWords: countWords(tensors.outputs),
      proverPoints: SHARES.prover,
      ownerPoints: SHARES.owner,
      contributors: [chain.wallet(PEOPLE.contributor).account.address],
      points: [SHARES.contributor],
    },
    'ipfs://model',
  );
  const { keyDigest } = await new Models(chain.client, market).registrationOf(id);
  return { id, ...tensors, key: prover.key, keyDigest };
}
