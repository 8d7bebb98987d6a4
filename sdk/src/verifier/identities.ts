/** What must equal `h(x) (x^n - 1)` at the challenge `x`: the gates, and PLONK's permutation argument in halo2's chunks. */
import { type ConstraintSystem, chunk, lastRotation, products } from './constraints.js';
import type { Conversation } from './conversation.js';
import { DELTA, type Domain } from './domain.js';
import { Fr } from './encoding.js';
import { unlucky } from './error.js';
import { type Operand, evaluate } from './expression.js';
import { column, permutation, product } from './protocol.js';

/** The value of every gate polynomial at `x`, in the order of the gates. */
export function gates(system: ConstraintSystem, said: Conversation): bigint[] {
  const leaf = (node: Operand): bigint => {
    switch (node.op) {
      case 'constant':
        return node.value;
      case 'challenge':
        return said.challenge(`Circuit(${node.index})`);
      default:
        return said.value(column(node.op, node.column), node.rotation);
    }
  };
  return system.gates.flatMap((gate) => gate.polynomials.map((polynomial) => evaluate(polynomial, leaf)));
}

/**
 * Computes what the gates read of the public values `p_i`: `sum_i p_i L_i(w^r x)` with `L_i(w^r x) = L_(i - r)(x)`, over the rows
 * that hold a public value; the rows after them hold zeros.
 */
export function insertPublicValues(
  system: ConstraintSystem,
  domain: Domain,
  instances: readonly bigint[],
  said: Conversation,
): void {
  if (system.instanceQueries.length === 0) return;
  const rotations = system.instanceQueries.map((query) => query.rotation);
  const first = -Math.max(...rotations);
  const count = instances.length - Math.min(...rotations) - first;
  const rows = Array.from({ length: count }, (_, i) => first + i);
  const weights = domain.lagrange(said.challenge('X'), rows);
  if (!weights) throw unlucky('X');
  for (const query of system.instanceQueries) {
    const value = instances.reduce((sum, instance, row) => {
      const weight = weights[row - query.rotation - first] as bigint;
      return Fr.add(sum, Fr.mul(weight, instance));
    }, 0n);
    said.insert(column('instance', query.column), query.rotation, value);
  }
}

/**
 * What makes copied cells equal. Product `z_i` belongs to chunk `i` of the copied columns `p_j`; with `s_j` where a cell is mapped to,
 * `w^last` the row where products end, and `open` 1 in the rows before it:
 *
 *     L_first (1 - z_0)                        the first product starts at 1
 *     L_last (z_m^2 - z_m)                     the last one ends at 0 or 1
 *     L_first (z_i - z_(i-1)(w^last X))        each goes on where the one before ended
 *     open (z_i(w X) prod_j (p_j + beta s_j + gamma) - z_i prod_j (p_j + beta delta^j X + gamma))
 */
export function copies(system: ConstraintSystem, domain: Domain, said: Conversation): bigint[] {
  const last = products(system) - 1;
  if (last < 0) return [];
  const end = lastRotation(system);
  const closedRows = Array.from({ length: -end }, (_, i) => end + i);
  const x = said.challenge('X');
  const closed = domain.lagrange(x, closedRows);
  const first = domain.lagrange(x, [0])?.[0];
  if (!closed || first === undefined) throw unlucky('X');
  const open = Fr.sub(1n, closed.reduce((sum, value) => Fr.add(sum, value), 0n));
  const z = (index: number, rotation: number) => said.value(product(index), rotation);
  const indices = Array.from({ length: last + 1 }, (_, index) => index);
  const ending = z(last, 0);
  return [
    Fr.mul(first, Fr.sub(1n, z(0, 0))),
    Fr.mul(closed[0] as bigint, Fr.sub(Fr.sqr(ending), ending)),
    ...indices.slice(1).map((index) => Fr.mul(first, Fr.sub(z(index, 0), z(index - 1, end)))),
    ...indices.map((index) => Fr.mul(open, step(system, said, index))),
  ];
}

/** How a product steps from a row to the next, which must be by the ratio of its columns. */
function step(system: ConstraintSystem, said: Conversation, index: number): bigint {
  const [x, beta, gamma] = [said.challenge('X'), said.challenge('Beta'), said.challenge('Gamma')];
  const first = index * chunk(system);
  let left = said.value(product(index), 1);
  let right = said.value(product(index), 0);
  let label = Fr.mul(Fr.mul(beta, x), Fr.pow(DELTA, BigInt(first)));
  system.equality.slice(first, first + chunk(system)).forEach(({ kind, index: copied }, i) => {
    const shifted = Fr.add(said.value(column(kind, copied), 0), gamma);
    left = Fr.mul(left, Fr.add(shifted, Fr.mul(beta, said.value(permutation(first + i), 0))));
    right = Fr.mul(right, Fr.add(shifted, label));
    label = Fr.mul(label, DELTA);
  });
  return Fr.sub(left, right);
}
