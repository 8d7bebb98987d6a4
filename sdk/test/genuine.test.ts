/** Whose contracts a market is: only those that this package is made for are connected to, and so paid. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Market, requestToJson } from '@assay/sdk';
import solc from 'solc';
import { type Address, type Hex, concatHex, encodeAbiParameters, keccak256, toFunctionSelector } from 'viem';

import { type Chain, deploy, startChain } from '../examples/anvil.js';
import { PEOPLE, deployMarket } from '../examples/deploy.js';
import { root } from '../examples/prover.js';
import { routerAbi } from '../src/market/abi.js';
import { BEACON, CLASSES, MARKET_CODE, REGISTRY_CODE, SIGNATURES } from '../src/market/code.js';
import { through } from './scene.js';

/** A market that keeps what it is paid, a router whose owner answers whatever he likes, and a constructor that leaves behind other code than its own. */
const SOURCE = `pragma solidity 0.8.30;
contract Thief {
  address public registry = address(this);
  address public router = address(this);
}
contract Router { fallback() external { } }
contract Borrowed {
  constructor(address from) {
    assembly { sstore(7, 1) let size := extcodesize(from) extcodecopy(from, 0, 0, size) return(0, size) }
  }
}`;

let chain: Chain;
let genuine: Address;

before(async () => {
  chain = await startChain();
  genuine = await deployMarket(chain);
});

after(() => chain?.stop());

const artifact = (name: string) => JSON.parse(readFileSync(join(root, `contracts/artifacts/${name}`), 'utf8')) as { name: string; bytecode: string; shape?: string };
const place = (code: Hex, ...args: Address[]) =>
  deploy(chain, chain.wallet(PEOPLE.rival), concatHex([code, encodeAbiParameters(args.map(() => ({ type: 'address' })), args)]));
const codeHash = async (address: Address) => keccak256((await chain.client.getCode({ address })) as Hex);

function compiled(): Record<'Thief' | 'Router' | 'Borrowed', Hex> {
  const settings = { evmVersion: 'prague', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } };
  const { contracts } = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources: { T: { content: SOURCE } }, settings })));
  return Object.fromEntries(['Thief', 'Router', 'Borrowed'].map((name) => [name, `0x${contracts.T[name].evm.bytecode.object}`])) as never;
}

test('a market that the command line\'s factory placed is connected to', async () => {
  const market = await Market.connect(chain.client, genuine, chain.wallet(PEOPLE.client));
  assert.notEqual(await chain.client.getCode({ address: market.router }), undefined);
  assert.notEqual(await chain.client.getCode({ address: BEACON }), undefined);
  assert.notEqual(await chain.client.getCode({ address: SIGNATURES }), undefined);
});

test('no other market is connected to, whoever of its contracts is another', async () => {
  const { Thief, Router, Borrowed } = compiled();
  const { registry, router } = await Market.connect(chain.client, genuine);
  const foreign = async (market: Address, contract: Address, words: RegExp) => {
    await assert.rejects(Market.connect(chain.client, market, chain.wallet(PEOPLE.client)), (error: Error & { contract?: Address }) => {
      assert.equal(error.name, 'ForeignMarketError', String(error));
      assert.match(error.message, words);
      assert.match(error.message, /It may keep whatever it is paid\. Nothing was sent\. Ask the model's owner/);
      assert.equal(error.contract?.toLowerCase(), contract.toLowerCase());
      return true;
    });
  };
  const thief = await place(Thief);
  await foreign(thief, thief, /its router has other code/);
  await foreign(chain.wallet(PEOPLE.rival).account.address, chain.wallet(PEOPLE.rival).account.address, /it has other code, or `assay deploy` did not place it/);
  // The market's own code with a registry and a router of somebody else's.
  const hostile = await place(Router);
  const onHostile = await place(REGISTRY_CODE, hostile);
  await foreign(await place(MARKET_CODE, onHostile, BEACON, SIGNATURES), hostile, /its router has other code/);
  const copied = await place(Borrowed, registry);
  await foreign(await place(MARKET_CODE, copied, BEACON, SIGNATURES), copied, /its registry has other code/);
  // The market's own code, left by a constructor that wrote storage first; and with another beacon.
  const borrowed = await place(Borrowed, genuine);
  assert.equal(await codeHash(borrowed), await codeHash(genuine));
  await foreign(borrowed, borrowed, /it has other code, or/);
  const beaconless = await place(MARKET_CODE, registry, router, SIGNATURES);
  await foreign(beaconless, beaconless, /it has other code, or/);
  // Whoever tests a contract of his own says so.
  assert.equal((await Market.connect(chain.client, thief, undefined, { unchecked: true })).router, thief);
});

test('a router whose guardian has changed is known by whom it was made for', async () => {
  const [owner, other] = [chain.wallet(PEOPLE.admin), chain.wallet(PEOPLE.client).account.address];
  const { router } = await Market.connect(chain.client, genuine);
  const set = (guardian: Address) => owner.writeContract({ chain: null, account: owner.account, address: router, abi: routerAbi, functionName: 'setGuardian', args: [guardian] });
  const routerFor = { owner: owner.account.address, guardian: owner.account.address };
  await chain.client.waitForTransactionReceipt({ hash: await set(other) });
  await assert.rejects(Market.connect(chain.client, genuine), /its owner or guardian has changed since it was made/);
  assert.equal((await Market.connect(chain.client, genuine, undefined, { routerFor })).router, router);
  // The first parties prove themselves: whatever the present owner, or the node in its name, says is not asked for.
  const silent = through(chain, genuine, async (method, params, go) => {
    const { data } = (method === 'eth_call' ? params[0] : {}) as { data?: Hex };
    return data?.startsWith(toFunctionSelector('owner()')) ? assert.fail('nobody needs to ask') : go();
  }, 'client', { routerFor });
  assert.equal((await silent).router, router);
  // A request says it on, to the prover that is handed it.
  const asked = await (await silent).prepare({ modelId: `0x${'12'.repeat(32)}`, input: [1n], feeCeiling: 1n });
  assert.deepEqual(requestToJson(asked, await silent).router, routerFor);
  await assert.rejects(Market.connect(chain.client, genuine, undefined, { routerFor: { ...routerFor, guardian: other } }), /its router has other code/);
  await chain.client.waitForTransactionReceipt({ hash: await set(owner.account.address) });
  // A false pair counts for nothing, and takes nothing away: the present ones are the first ones again.
  assert.equal((await Market.connect(chain.client, genuine, undefined, { routerFor: { owner: other, guardian: other } })).router, router);
});

test('without the contracts that others are known by, nothing is', async () => {
  const hiding = (hidden: Address) => through(chain, genuine, async (method, params, go) =>
    method === 'eth_getCode' && String(params[0]).toLowerCase() === hidden.toLowerCase() ? '0x' : go(), 'client');
  await assert.rejects(hiding(BEACON), /its beacon is not deployed/);
  await assert.rejects(hiding(SIGNATURES), /who judges its signatures is not deployed/);
  await assert.rejects(hiding('0x4e59b44847b379578588920cA78FbF26c0B4956C'), /the factory that places contracts by their code does not stand on this chain/);
});

test('the class of every compiled verifier is the hash of the code that stands on a chain', async () => {
  const verifiers = readdirSync(join(root, 'contracts/artifacts')).map(artifact).filter(({ name, shape }) => shape !== undefined && !name.endsWith('-key'));
  assert.equal(new Set(verifiers.map(({ shape }) => shape)).size, Object.keys(CLASSES).length);
  for (const { bytecode, shape, name } of verifiers) assert.equal(CLASSES[shape as string], await codeHash(await place(`0x${bytecode}`)), name);
});

test('the page that checks proofs carries nothing of the market', () => {
  const page = readFileSync(join(root, 'sdk/dist/page.html'), 'utf8');
  assert.ok(!page.includes(MARKET_CODE.slice(2, 202)) && !page.includes('ForeignMarketError'));
});
