/** A development chain: anvil with its published accounts, and a clock that can be moved. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

import { type Address, type Hex, concatHex, createPublicClient, createTestClient, createWalletClient, getContractAddress, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

/** Printed by anvil at every start: money on it is not money. */
const MNEMONIC = 'test test test test test test test test test test test junk';

/** Milliseconds between looks at the chain. */
const POLL = 50;

export type Chain = Awaited<ReturnType<typeof startChain>>;

/**
 * Starts anvil on a free port.
 *
 * @throws {Error} when there is none for this platform in node_modules; name another one's path in `ANVIL`.
 */
export async function startChain() {
  const anvil = spawn(binary(), ['--port', '0', '--mnemonic', MNEMONIC], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    anvil.once('error', reject);
    anvil.once('exit', (status) => reject(new Error(`anvil left with status ${status}: ${printed}`)));
    anvil.stdout.on('data', (text) => {
      printed += text;
      const address = /Listening on ([0-9.:]+)/.exec(printed)?.[1];
      if (address) resolve(`http://${address}`);
    });
  });
  const options = { chain: foundry, transport: http(url), pollingInterval: POLL } as const;
  const client = createPublicClient(options);
  const test = createTestClient({ ...options, mode: 'anvil' });
  return {
    url,
    client,
    test,
    /** The wallet of anvil's `index`-th account. */
    wallet: (index: number) => createWalletClient({ ...options, account: mnemonicToAccount(MNEMONIC, { addressIndex: index }) }),
    /** Moves the clock and mines a block. */
    async pass(seconds: number) {
      await test.increaseTime({ seconds });
      await test.mine({ blocks: 1 });
    },
    stop: () => {
      anvil.kill();
    },
  };
}

function binary(): string {
  const named = process.env['ANVIL'];
  if (named) return named;
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/anvil`);
  } catch {
    throw new Error(`anvil is missing: npm has no ${name} here; install Foundry and name its anvil in ANVIL`);
  }
}

/** The factory that stands at one address on nearly every chain (and on anvil), by which `assay` deploys: an address then tells the code that was placed there. */
const FACTORY: Address = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
const SALT: Hex = `0x${'00'.repeat(32)}`;

/** Deploys compiled code as the command line does, which takes no other market, and returns where it is. */
export async function deploy(chain: Chain, wallet: ReturnType<Chain['wallet']>, bytecode: Hex): Promise<Address> {
  const address = getContractAddress({ opcode: 'CREATE2', from: FACTORY, salt: SALT, bytecode });
  if (await chain.client.getCode({ address })) return address;
  const hash = await wallet.sendTransaction({ to: FACTORY, data: concatHex([SALT, bytecode]) });
  await chain.client.waitForTransactionReceipt({ hash });
  if (!(await chain.client.getCode({ address }))) throw new Error(`transaction ${hash} deployed nothing`);
  return address;
}

/** Whether a file is there, with what to do when it is not. */
export function need(path: string, next: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${next}`);
  return path;
}
