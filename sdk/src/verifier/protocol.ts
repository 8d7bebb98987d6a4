/**
 * What a proof says, in order. Nothing here is a number of the field: the description follows from the constraint system alone.
 * Up to the challenge `x` both openings go the same way; `shplonk.ts` and `grouped.ts` hold what differs.
 */
import { type ConstraintSystem, type Query, lastRotation, pieces, products } from './constraints.js';
import type { Conversation } from './conversation.js';
import type { Domain } from './domain.js';

/** A polynomial that the verifier knows by a commitment or by its values; its name is its identity. */
export type Polynomial = string;

export const column = (kind: 'fixed' | 'advice' | 'instance', index: number): Polynomial => `${kind} column ${index}`;
/** `s_j`: where the cells of the `j`-th copied column are mapped to. */
export const permutation = (index: number): Polynomial => `permutation column ${index}`;
/** `z_i`, the running product of the `i`-th chunk of copied columns. */
export const product = (index: number): Polynomial => `permutation product ${index}`;
/** Hides the values of the others in the opening. */
export const RANDOM: Polynomial = 'the random polynomial';
/** A piece of the quotient: `h(X) = sum_i X^(n i) h_i(X)`. */
export const piece = (index: number): Polynomial => `piece ${index} of the quotient`;
/** `h`, whose value at `x` is what the gates demand. */
export const QUOTIENT: Polynomial = 'the quotient';
export const OPENING_QUOTIENT: Polynomial = "the opening's quotient";
/** The last quotient `W'`, of a polynomial that vanishes at `u`, by `X - u`. */
export const OPENING_LAST: Polynomial = "the opening's last quotient";

/** A challenge of the transcript: the circuit's own, or the protocol's (`OpeningY` folds polynomials, `OpeningV` sets). */
export type Challenge =
  | `Circuit(${number})`
  | 'Theta' | 'Beta' | 'Gamma' | 'Y' | 'X' | 'OpeningY' | 'OpeningV' | 'OpeningU';

/** The value of a polynomial at `w^rotation x`. */
export interface Value {
  polynomial: Polynomial;
  rotation: number;
}

/** The next thing that happens: 64 bytes of the proof, 32 bytes of it, or a challenge. */
export type Step = { commitment: Polynomial } | { value: Value } | { challenge: Challenge };

/** Multiples of committed polynomials, less a constant, whose sum must be `X W'(X)`. */
export interface Folded {
  terms: { polynomial: Polynomial; scale: bigint }[];
  /** Multiple of the generator to subtract: the claimed values at `u`, folded. */
  constant: bigint;
}

/** How a proof shows its polynomials' values. */
export interface Opening {
  /** Everything after the transcript has absorbed the key's representative and the public values. */
  readonly steps: readonly Step[];
  /** What the key's commitments are of, in order. */
  readonly ofKey: readonly Polynomial[];
  /** The same commitments in the order of the opening, which a key's contract holds them in. */
  readonly onChain: readonly Polynomial[];
  /** Folds the claimed values of all polynomials. */
  fold(said: Conversation, domain: Domain): Folded;
}

/** Bytes of a proof. */
export function proofLength(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + ('commitment' in step ? 64 : 'value' in step ? 32 : 0), 0);
}

/** The rotation nearest to zero that names the same point: rotations count modulo the `2^k` rows. */
export function nearest(rotation: number, k: number): number {
  const rows = 2 ** k;
  const down = ((rotation % rows) + rows) % rows;
  return down > rows / 2 ? down - rows : down;
}

/**
 * Everything until `x` is drawn: commitments of the advice columns phase by phase, each phase followed by its challenges; of the
 * permutation's products and the random polynomial; of the quotient.
 */
export function untilX(
  system: ConstraintSystem,
  advice: readonly Polynomial[][],
  blinded: readonly Polynomial[],
  quotient: readonly Polynomial[],
): Step[] {
  const commit = (polynomials: readonly Polynomial[]): Step[] => polynomials.map((commitment) => ({ commitment }));
  const drawn = advice.flatMap((columns, phase) => {
    const after = system.challengePhases.flatMap((of, index) => (of === phase ? [index] : []));
    return [...commit(columns), ...after.map((index): Step => ({ challenge: `Circuit(${index})` }))];
  });
  return [
    ...drawn,
    { challenge: 'Theta' }, { challenge: 'Beta' }, { challenge: 'Gamma' },
    ...commit(blinded),
    { challenge: 'Y' },
    ...commit(quotient),
    { challenge: 'X' },
  ];
}

/** The opening's two commitments. */
export const LAST_STEPS: readonly Step[] = [
  { commitment: OPENING_QUOTIENT },
  { challenge: 'OpeningU' },
  { commitment: OPENING_LAST },
];

/** The advice columns of each phase. */
export function adviceByPhase({ advicePhases }: ConstraintSystem): Polynomial[][] {
  const phases = Math.max(...advicePhases) + 1;
  return Array.from({ length: phases }, (_, phase) =>
    advicePhases.flatMap((of, index) => (of === phase ? [column('advice', index)] : [])));
}

/** Permutation products and the random polynomial. */
export function blindedProducts(system: ConstraintSystem): Polynomial[] {
  return [...Array.from({ length: products(system) }, (_, index) => product(index)), RANDOM];
}

/** Pieces of the quotient. */
export function quotientPieces(system: ConstraintSystem): Polynomial[] {
  return Array.from({ length: pieces(system) }, (_, index) => piece(index));
}

/** Fixed columns, then permutation polynomials. */
export function keyPolynomials(system: ConstraintSystem): Polynomial[] {
  const fixed = Array.from({ length: system.fixedColumns }, (_, index) => column('fixed', index));
  return [...fixed, ...system.equality.map((_, index) => permutation(index))];
}

/** The values that gates and permutation read, by what they are of. */
export function values(system: ConstraintSystem): Record<'advice' | 'fixed' | 'permutations' | 'products', Value[]> {
  const of = (kind: 'advice' | 'fixed', list: readonly Query[]) =>
    list.map((query) => ({ polynomial: column(kind, query.column), rotation: query.rotation }));
  const count = products(system);
  return {
    advice: of('advice', system.adviceQueries),
    fixed: of('fixed', system.fixedQueries),
    permutations: system.equality.map((_, index) => ({ polynomial: permutation(index), rotation: 0 })),
    products: Array.from({ length: count }, (_, index) => {
      const rotations = index + 1 < count ? [0, 1, lastRotation(system)] : [0, 1];
      return rotations.map((rotation) => ({ polynomial: product(index), rotation }));
    }).flat(),
  };
}
