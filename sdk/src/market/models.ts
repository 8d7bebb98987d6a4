/** What models are, and which verifier code may judge them. */
import type { Address, Hex, PublicClient, TransactionReceipt } from 'viem';
import { encodeAbiParameters, encodeEventTopics, formatLog, getAbiItem, isAddressEqual, keccak256, parseEventLogs } from 'viem';

import { errorAbi, registryAbi, routerAbi } from './abi.js';
import { explain } from './errors.js';
import type { FeeBounds } from './fees.js';
import { Logs } from './logs.js';
import type { Wallet } from './market.js';
import { type Write, transact } from './transact.js';

const registryCalls = [...registryAbi, ...errorAbi] as const;
const routerCalls = [...routerAbi, ...errorAbi] as const;

/** What an owner registers; prover, owner and contributors together have 10,000 points of every fee. */
export interface Registration {
  graphDigest: Hex;
  keyDigest: Hex;
  /** The verifier's class: the hash of its code. */
  class: Hex;
  /** The contract whose code is the verifying key. */
  key: Address;
  /** Packed words of 31 bytes. */
  inputWords: number;
  outputWords: number;
  proverPoints: number;
  ownerPoints: number;
  contributors: readonly Address[];
  points: readonly number[];
}

/** A model's record. */
export interface Model {
  key: Address;
  inputWords: number;
  outputWords: number;
  proverPoints: number;
  retired: boolean;
  class: Hex;
  owner: Address;
}

/** The id of a model: the hash of its owner, of what was registered and of the key's code, as the registry computes it. */
function modelIdOf(owner: Address, registration: Registration, keyHash: Hex): Hex {
  const [record] = getAbiItem({ abi: registryAbi, name: 'register' }).inputs;
  return keccak256(encodeAbiParameters([{ type: 'address' }, record, { type: 'bytes32' }], [owner, registration, keyHash]));
}

/** Registry and router of a market. */
export class Models {
  constructor(
    private readonly client: PublicClient,
    private readonly at: { registry: Address; router: Address },
    private readonly wallet?: Wallet,
    private readonly fees?: FeeBounds,
  ) {}

  /**
   * Registers a model that this account owns.
   *
   * @param uri Where people read about it; not part of the id.
   * @returns The model's id, the hash of its record.
   */
  async register(registration: Registration, uri: string): Promise<Hex> {
    const call = { address: this.at.registry, abi: registryCalls, functionName: 'register', args: [registration, uri] };
    const receipt = await transact(this.write, call);
    const [registered] = parseEventLogs({ abi: registryAbi, logs: receipt.logs, eventName: 'ModelRegistered' });
    if (!registered) throw new Error(`expected ModelRegistered in ${receipt.transactionHash}; is ${this.at.registry} the registry?`);
    return registered.args.modelId;
  }

  /** A model's record, by the node's word alone. */
  async get(id: Hex): Promise<Model> {
    const call = { address: this.at.registry, abi: registryCalls, functionName: 'get', args: [id] } as const;
    return this.client.readContract(call).catch((error: unknown) => {
      throw explain(error);
    });
  }

  /**
   * What the model's owner registered, digests and shares included, from the chain's logs. A model's id is the hash of all that and of the key's code: what a node makes up is passed over.
   *
   * @param fromBlock Where to begin: the registry's own block, where a node takes short ranges only.
   * @param keyHash The hash of the key's code, `keccak256(keyCode(key))`, where the key's file is at hand: the id then proves that this key was registered. Without it the node says which
   * code stands at the key's address, and nothing shows whose key that is.
   * @throws {Error} when no such model is registered, or when it is registered with another key.
   */
  async registrationOf(id: Hex, fromBlock = 0n, keyHash?: Hex): Promise<Registration> {
    return (await this.registeredAs(id, fromBlock, keyHash)).registration;
  }

  /** The same, and without `keyHash` the code of the registered key, which the id proves. */
  async registeredAs(id: Hex, fromBlock = 0n, keyHash?: Hex): Promise<{ registration: Registration; keyCode?: Hex }> {
    const topics = encodeEventTopics({ abi: registryAbi, eventName: 'ModelRegistered', args: { modelId: id } }) as Hex[];
    const latest = await this.client.getBlockNumber({ cacheTime: 0 });
    for await (const page of new Logs(this.client, { address: this.at.registry, topics }).between(fromBlock, latest)) {
      for (const { address, args } of parseEventLogs({ abi: registryAbi, eventName: 'ModelRegistered', logs: page.map((log) => formatLog(log)) })) {
        if (!isAddressEqual(address, this.at.registry) || args.modelId !== id) continue;
        const { owner, registration } = args;
        const isOf = (hash: Hex) => modelIdOf(owner, registration, hash) === id;
        if (keyHash !== undefined && isOf(keyHash)) return { registration };
        const code = await this.client.getCode({ address: registration.key });
        if (!code || !isOf(keccak256(code))) continue;
        if (keyHash === undefined) return { registration, keyCode: code };
        throw new Error(
          `the key of model ${id} on the chain, at ${registration.key}, is not the one of the key's file: proofs of another key would be paid for. ` +
          'Ask the model\'s owner for its vk and its model.json',
        );
      }
    }
    const which = keyHash === undefined ? '' : ' with the key of the key\'s file';
    throw new Error(`no model ${id} is registered at ${this.at.registry}${which}; check the id and the chain`);
  }

  /** Announces verifier code, as the router's owner; it can be admitted seven days later. */
  async propose(verifier: Address): Promise<TransactionReceipt> {
    return transact(this.write, { address: this.at.router, abi: routerCalls, functionName: 'propose', args: [verifier] });
  }

  /**
   * Admits a proposed verifier whose delay is over; anyone may call.
   *
   * @returns Its class, for registrations.
   */
  async admit(verifier: Address): Promise<Hex> {
    const call = { address: this.at.router, abi: routerCalls, functionName: 'admit', args: [verifier] };
    const receipt = await transact(this.write, call);
    const [admitted] = parseEventLogs({ abi: routerAbi, logs: receipt.logs, eventName: 'VerifierAdmitted' });
    if (!admitted) throw new Error(`expected VerifierAdmitted in ${receipt.transactionHash}; is ${this.at.router} the router?`);
    return admitted.args.class;
  }

  private get write(): Write {
    if (!this.wallet) throw new Error('these models are read only; give a wallet');
    return { client: this.client, wallet: this.wallet, fees: this.fees };
  }
}
