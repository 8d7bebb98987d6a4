/**
 * Which polynomials share a commitment in the grouped opening (Gabizon, Williamson, ePrint 2021/1167): `m` columns `f_j` share
 * `f(X) = sum_j X^j f_j(X^m)`. Every member of a group is opened at every point of the group. The groups follow from the constraint system and
 * the width alone: prover and verifiers derive the same.
 */
import { type ConstraintSystem, blindingFactors } from './constraints.js';
import {
  type Polynomial, type Value, adviceByPhase, blindedProducts, keyPolynomials, nearest, values,
} from './protocol.js';

/** A commitment costs a chain as much gas as this many values. */
const VALUES_OF_A_COMMITMENT = 10;

/** Columns behind one commitment. */
export interface Group {
  /** The commitment. */
  name: Polynomial;
  /** At most as many as the width; member `j` is `f_j`. */
  members: Polynomial[];
  /** Where each of them is opened: rotations nearest to zero, ascending. */
  rotations: number[];
}

/** All groups, in the order of their commitments, of their values in the proof and of their powers in the opening. */
export interface Grouping {
  /** The advice columns of each phase. */
  advice: Group[][];
  /** Permutation products and the random polynomial. */
  products: Group[];
  /** Fixed columns and permutation polynomials: committed in the key. */
  key: Group[];
}

type Member = { polynomial: Polynomial; rotations: number[] };

/** The groups of a circuit of `2^k` rows: what costs the least gas, with polynomials of equal rotations side by side. */
export function grouping(k: number, system: ConstraintSystem, width: number): Grouping {
  const opened = new Map<Polynomial, Set<number>>();
  const { advice, fixed, products } = values(system);
  for (const { polynomial, rotation } of [...advice, ...fixed, ...products] satisfies Value[]) {
    const known = opened.get(polynomial) ?? new Set();
    opened.set(polynomial, known.add(nearest(rotation, k)));
  }
  // A group is opened at no more points than the column with the most: blinds cover no more.
  const most = blindingFactors(system) - 2;
  let count = 0;
  const split = (polynomials: Polynomial[]): Group[] => {
    const members = polynomials.map((polynomial) => ({
      polynomial,
      rotations: [...(opened.get(polynomial) ?? [0])].sort((a, b) => a - b),
    }));
    // The sort is stable: members of equal rotations stay in the order of their columns.
    members.sort((a, b) => compare(a.rotations, b.rotations));
    return partition(members, width, most).map((run) => ({
      name: `group ${count++}`,
      members: run.map(({ polynomial }) => polynomial),
      rotations: union(run),
    }));
  };
  return {
    advice: adviceByPhase(system).map(split),
    products: split(blindedProducts(system)),
    key: split(keyPolynomials(system)),
  };
}

/** Runs of the members so that commitments and values cost the least; of equal costs, the run that begins first. */
function partition(members: readonly Member[], width: number, most: number): Member[][] {
  // best[end]: the least cost of the members before `end`, and where the last run begins.
  const best = [{ cost: 0, start: 0 }];
  for (let end = 1; end <= members.length; end++) {
    let cheapest = { cost: Infinity, start: end - 1 };
    const points = new Set<number>();
    for (let start = end - 1; start >= Math.max(end - width, 0); start--) {
      members[start]?.rotations.forEach((rotation) => points.add(rotation));
      if (points.size > most && start + 1 !== end) break;
      const cost = (best[start]?.cost ?? Infinity) + VALUES_OF_A_COMMITMENT + points.size * (end - start);
      if (cost <= cheapest.cost) cheapest = { cost, start };
    }
    best.push(cheapest);
  }
  const runs: Member[][] = [];
  for (let end = members.length; end > 0; ) {
    const start = best[end]?.start ?? 0;
    runs.unshift(members.slice(start, end));
    end = start;
  }
  return runs;
}

/** All rotations of a run, ascending. */
function union(run: readonly Member[]): number[] {
  return [...new Set(run.flatMap(({ rotations }) => rotations))].sort((a, b) => a - b);
}

/** Lists of numbers in the order of a dictionary. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
