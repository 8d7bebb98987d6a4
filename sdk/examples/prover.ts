/** The `assay` command line: keys, contracts and proofs of a model, in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type ProofFile, readProof } from '@assay/sdk/verifier';
import solc from 'solc';
import { type Address, type Hex, bytesToHex, keccak256 } from 'viem';

import { type Chain, need } from './anvil.js';

/** The repository's root, seen from `sdk/build/examples`. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

export class Prover {
  /** The copy of the model's file. */
  readonly model: string;

  /**
   * Compiles a model and makes its keys, of an insecure SRS: whoever knows its published seed can forge proofs.
   *
   * @param onnx The model's file.
   * @param folder Where the copy of the model and all that is made of it goes.
   * @param opening How proofs show their values.
   */
  constructor(onnx: string, private readonly folder: string, opening: 'shplonk' | 'evm' = 'shplonk') {
    this.model = join(folder, 'model.onnx');
    copyFileSync(onnx, this.model);
    this.assay({}, 'srs', 'generate', '--insecure', '--output', this.file('srs'));
    this.assay({}, 'compile', this.model);
    this.assay({}, 'setup', this.model, '--srs', this.file('srs'), '--opening', opening);
    this.assay({}, 'contract', this.model);
  }

  /** The verifying key's file. */
  get key(): Uint8Array {
    return Uint8Array.from(readFileSync(this.file('model.assay/vk')));
  }

  /** Proves the answer to an input file, bound to a context. */
  prove(input: string, context: bigint): ProofFile {
    const output = this.file(`${context.toString(16)}.proof.json`);
    this.assay({}, 'prove', this.model, '--input', input, '--context', context.toString(16), '--output', output);
    return readProof(readFileSync(output, 'utf8'));
  }

  /** Creation code of the generated contracts, the shape's verifier and the model's key; and the verifier's class, the hash of its code. */
  contracts(): { verifier: Hex; key: Hex; class: Hex } {
    const source = (name: string) => ({ content: readFileSync(this.file(`model.assay/${name}`), 'utf8') });
    const input = {
      language: 'Solidity',
      sources: { 'Verifier.sol': source('Verifier.sol'), 'Key.sol': source('Key.sol'), 'IVerifier.sol': source('IVerifier.sol') },
      settings: {
        evmVersion: 'prague',
        // As the repository compiles them: the class of a verifier is the hash of its code.
        metadata: { bytecodeHash: 'none', appendCBOR: false },
        optimizer: { enabled: true, runs: 200 },
        outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
      },
    };
    const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(input)));
    if (!contracts) throw new Error(errors.map((error: { formattedMessage: string }) => error.formattedMessage).join('\n'));
    const code = (file: string, name: string): Hex => `0x${contracts[file][name].evm.bytecode.object}`;
    const deployed: Hex = `0x${contracts['Verifier.sol'].Verifier.evm.deployedBytecode.object}`;
    return { verifier: code('Verifier.sol', 'Verifier'), key: code('Key.sol', 'Key'), class: keccak256(deployed) };
  }

  /**
   * Registers the model with a market, as one of the chain's accounts, which owns the market's router.
   *
   * @returns The text of model.json.
   */
  register(chain: Pick<Chain, 'url' | 'wallet'>, owner: number, market: Address): string {
    // Whom the user trusts is remembered in the user's data folder: here one of the example's own.
    const data = { XDG_DATA_HOME: this.folder };
    const { privateKey } = chain.wallet(owner).account.getHdKey();
    if (!privateKey) throw new Error(`account ${owner} of the chain has no private key`);
    this.assay({ ...data, ASSAY_PRIVATE_KEY: bytesToHex(privateKey) }, 'register', this.model, '--market', market, '--rpc', chain.url, '--skip-delay');
    return readFileSync(this.file('model.assay/model.json'), 'utf8');
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  /** Runs the command line, with an environment beside its own; returns what it prints. */
  assay(environment: Record<string, string>, ...args: string[]): string {
    const next = 'build it with `cargo build --release`, or name it in ASSAY';
    const binary = need(process.env['ASSAY'] ?? join(root, 'target/release/assay'), next);
    return execFileSync(binary, args, { env: { ...process.env, ...environment }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  }
}
