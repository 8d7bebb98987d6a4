/** The contracts' enumerations by name, in their order. */

/** Life of a request. */
export const STATUSES = ['none', 'open', 'locked', 'answered', 'proving', 'settled', 'refunded', 'slashed'] as const;
export type Status = (typeof STATUSES)[number];

/** What a settlement without a proof means; in tier `proved` there is none. */
export const TIERS = ['receipt', 'sampled', 'challenged', 'proved'] as const;
export type Tier = (typeof TIERS)[number];

/** Why a fulfilment is not accepted. */
export const REFUSALS = [
  'none', 'not live', 'too late', 'not the payee', 'other model', 'wrong input', 'wrong output', 'wrong words', 'proof rejected',
] as const;

/** What of a request is wrong. */
export const TERMS = ['fee', 'ramp', 'prover', 'proof fee', 'sample rate', 'tier'] as const;

/** Money of an account that is not credit: a client's for its requests, and a prover's behind its promises, with what slashed bonds gave an account. */
export const POTS = ['deposit', 'bond'] as const;
export type Pot = (typeof POTS)[number];

/** What stands behind an answer that a request was settled with. */
export const ASSURANCES = ['none', 'unproved', 'proved'] as const;
export type Assurance = (typeof ASSURANCES)[number];

/** The name of an enumeration's member. */
export function nameOf<T extends string>(names: readonly T[], index: number): T | 'unknown' {
  return names[index] ?? 'unknown';
}
