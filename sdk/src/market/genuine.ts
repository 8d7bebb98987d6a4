/**
 * Whether a market is the one that this package is made for: who pays one that he was merely told of asks first. `contracts/bindings/src/genuine.rs` is the same in Rust.
 *
 * Market, registry, beacon and signatures are known by their addresses. The factory places a contract where the hash of its creation code says, constructor's arguments included, so that
 * only this code can ever have run there, from an empty storage on. Comparing the code that stands at an address would not do: another constructor can return the market's code after it
 * has written what it likes into its storage. The router's address depends on whom it was made for, its first owner and guardian, which model.json may name, and which are the present ones unless they have changed. What
 * a file or a node says of them proves itself: they make the router's address, or they do not.
 */
import {
  type Address, ContractFunctionExecutionError, ContractFunctionRevertedError, ContractFunctionZeroDataError, type Hex, type PublicClient, concatHex, encodeAbiParameters,
  getContractAddress, isAddressEqual, keccak256,
} from 'viem';

import { marketAbi, registryAbi, routerAbi } from './abi.js';
import { BEACON, FACTORY, MARKET_CODE, REGISTRY_CODE, ROUTER_CODE, SALT, SIGNATURES } from './code.js';

/** The factory's own code, without which an address says nothing of the code that was placed there. */
const FACTORY_CODE_HASH = keccak256('0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3');

/** A market, or one of the contracts that it asks, is not the one that this package is made for. */
export class ForeignMarketError extends Error {
  override readonly name = 'ForeignMarketError';

  constructor(
    readonly market: Address,
    /** The contract that is another. */
    readonly contract: Address,
    what: string,
    options?: ErrorOptions,
  ) {
    super(
      `the market at ${market} is not this version's: ${what} (${contract}). It may keep whatever it is paid. Nothing was sent. ` +
      'Ask the model\'s owner for a market that `assay deploy` of this version made; what is owed to you in this one stays there, and the version that made it reaches it',
      options,
    );
  }
}

/** Whom a router was made for: its first owner and guardian. */
export interface Parties {
  owner: Address;
  guardian: Address;
}

/**
 * The registry and the router of a market, and whom the router was made for, if it, they, its beacon and who judges its signatures are those that `assay deploy` places.
 *
 * @param madeFor Who may be the router's first owner and guardian: tried before the present ones. One of them may have changed since.
 * @throws {ForeignMarketError} naming the contract that is another one.
 */
export async function checkGenuine(client: PublicClient, market: Address, madeFor?: Parties): Promise<{ registry: Address; router: Address; routerFor: Parties }> {
  const foreign = (contract: Address, what: string, cause?: unknown) => new ForeignMarketError(market, contract, what, { cause });
  const answer = async (read: Promise<Address>, contract: Address, what: string) => read.catch((error: unknown) => {
    throw isNoAnswer(error) ? foreign(contract, what, error) : error;
  });
  const own = 'it has other code, or `assay deploy` did not place it';
  const [registry, router] = await Promise.all((['registry', 'router'] as const).map((functionName) =>
    answer(client.readContract({ address: market, abi: marketAbi, functionName }), market, own))) as [Address, Address];
  const others = 'its registry has other code';
  const named = await answer(client.readContract({ address: registry, abi: registryAbi, functionName: 'router' }), registry, others);
  if (!isAddressEqual(named, router)) throw foreign(router, 'its router is not its registry\'s');
  const another = 'its router has other code, or its owner or guardian has changed since it was made: name the first two as `routerFor`';
  const make = ({ owner, guardian }: Parties) => isAddressEqual(router, placed(ROUTER_CODE, owner, guardian));
  const present = (functionName: 'owner' | 'guardian') => answer(client.readContract({ address: router, abi: routerAbi, functionName }), router, another);
  const routerFor = madeFor && make(madeFor) ? madeFor : { owner: await present('owner'), guardian: await present('guardian') };
  if (!make(routerFor)) throw foreign(router, another);
  if (!isAddressEqual(registry, placed(REGISTRY_CODE, router))) throw foreign(registry, others);
  if (!isAddressEqual(market, placed(MARKET_CODE, registry, BEACON, SIGNATURES))) throw foreign(market, own);
  for (const [address, what] of [[market, 'there is no code'], [registry, 'its registry is not deployed'], [router, 'its router is not deployed'], [BEACON, 'its beacon is not deployed'], [SIGNATURES, 'who judges its signatures is not deployed']] as const) {
    if ((await codeHash(client, address)) === undefined) throw foreign(address, what);
  }
  if ((await codeHash(client, FACTORY)) !== FACTORY_CODE_HASH) throw foreign(FACTORY, 'the factory that places contracts by their code does not stand on this chain');
  return { registry, router, routerFor };
}

/** Where the factory places a contract whose constructor takes these addresses. */
function placed(code: Hex, ...args: Address[]): Address {
  const bytecode = concatHex([code, encodeAbiParameters(args.map(() => ({ type: 'address' })), args)]);
  return getContractAddress({ opcode: 'CREATE2', from: FACTORY, salt: SALT, bytecode });
}

async function codeHash(client: PublicClient, address: Address): Promise<Hex | undefined> {
  const code = await client.getCode({ address });
  return code && keccak256(code);
}

/** Whether what was asked is no contract that answers so, rather than a node that failed. */
function isNoAnswer(error: unknown): boolean {
  if (!(error instanceof ContractFunctionExecutionError)) return false;
  const { name } = error.cause as Error;
  return error.walk((cause) => cause instanceof ContractFunctionRevertedError || cause instanceof ContractFunctionZeroDataError) !== null ||
    ['AbiDecodingDataSizeTooSmallError', 'AbiDecodingZeroDataError', 'PositionOutOfBoundsError', 'InvalidAddressError'].includes(name);
}
