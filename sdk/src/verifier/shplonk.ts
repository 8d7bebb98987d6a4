/**
 * All values at once: SHPLONK (Boneh, Drake, Fisch, Gabizon, ePrint 2020/081, section 4), in halo2's order.
 *
 * Rotation set `s` holds polynomials `p_j` that are opened at the same points, `T` all points together. With `r_j` the polynomial
 * of least degree through the claimed values of `p_j` and `Z_S` the one that vanishes in `S`, the prover has committed to
 * `W = sum_s v^s sum_j y^j (p_j - r_j) / Z_s`. Then
 *
 *     L(X) = sum_s v^s Z_(T - s)(u) sum_j y^j (p_j(X) - r_j(u)) - Z_T(u) W(X)
 *
 * vanishes at `u`, and `W'` commits to `L(X) / (X - u)`. Both are divided by `Z_(T - s)(u)` of the first set. The check is
 * `L(X) + u W'(X) = X W'(X)` at the SRS's secret.
 */
import type { ConstraintSystem } from './constraints.js';
import type { Conversation } from './conversation.js';
import { type Domain, inverse } from './domain.js';
import { Fr } from './encoding.js';
import { unlucky } from './error.js';
import {
  type Folded, LAST_STEPS, OPENING_LAST, OPENING_QUOTIENT, type Opening, type Polynomial, QUOTIENT, RANDOM, type Value,
  adviceByPhase, blindedProducts, keyPolynomials, nearest, quotientPieces, untilX, values,
} from './protocol.js';

/** Polynomials that are opened at the same points `w^rotation x`; rotations nearest to zero, ascending. */
interface RotationSet {
  rotations: number[];
  polynomials: Polynomial[];
}

export class Shplonk implements Opening {
  readonly steps;
  readonly ofKey;
  readonly onChain;
  private readonly sets: RotationSet[];
  private readonly pieces: Polynomial[];

  constructor(k: number, system: ConstraintSystem) {
    const { advice, fixed, permutations, products } = values(system);
    const current = (polynomial: Polynomial): Value => ({ polynomial, rotation: 0 });
    const shown = [...advice, ...fixed, current(RANDOM), ...permutations, ...products];
    const opened = [...advice, ...products, ...fixed, ...permutations, current(QUOTIENT), current(RANDOM)];
    this.pieces = quotientPieces(system);
    this.steps = [
      ...untilX(system, adviceByPhase(system), blindedProducts(system), this.pieces),
      ...shown.map((value) => ({ value })),
      { challenge: 'OpeningY' } as const, { challenge: 'OpeningV' } as const,
      ...LAST_STEPS,
    ];
    this.ofKey = keyPolynomials(system);
    this.sets = rotationSets(opened, k);
    this.onChain = this.sets.flatMap(({ polynomials }) => polynomials).filter((polynomial) => this.ofKey.includes(polynomial));
  }

  fold(said: Conversation, domain: Domain): Folded {
    const x = said.challenge('X');
    const [y, v, u] = [said.challenge('OpeningY'), said.challenge('OpeningV'), said.challenge('OpeningU')];
    const all = [...new Set(this.sets.flatMap((set) => set.rotations))];
    const points = new Map(all.map((rotation) => [rotation, domain.rotate(x, rotation)]));
    const point = (rotation: number) => points.get(rotation) as bigint;
    const vanishing = (rotations: number[]) =>
      rotations.reduce((value, rotation) => Fr.mul(value, Fr.sub(u, point(rotation))), 1n);

    const terms: Folded['terms'] = [];
    let constant = 0n;
    let powerOfV = 1n;
    for (const set of this.sets) {
      const weights = lagrangeWeights(set.rotations.map(point), u);
      let scale = Fr.mul(powerOfV, vanishing(all.filter((rotation) => !set.rotations.includes(rotation))));
      for (const polynomial of set.polynomials) {
        terms.push({ polynomial, scale });
        set.rotations.forEach((rotation, i) => {
          const claimed = Fr.mul(weights[i] as bigint, said.value(polynomial, rotation));
          constant = Fr.add(constant, Fr.mul(scale, claimed));
        });
        scale = Fr.mul(scale, y);
      }
      powerOfV = Fr.mul(powerOfV, v);
    }
    terms.push({ polynomial: OPENING_QUOTIENT, scale: Fr.neg(vanishing(all)) });

    const factor = inverse(terms[0]?.scale ?? 0n);
    if (factor === undefined) throw unlucky('OpeningU');
    const divided = terms.map(({ polynomial, scale }) => ({ polynomial, scale: Fr.mul(scale, factor) }));
    divided.push({ polynomial: OPENING_LAST, scale: u });
    const xToN = Fr.add(domain.vanishing(x), 1n);
    return { terms: divided.flatMap((term) => this.ofPieces(term, xToN)), constant: Fr.mul(constant, factor) };
  }

  /** The quotient's commitment is `sum_i x^(n i) [h_i]`. */
  private ofPieces(term: Folded['terms'][number], xToN: bigint): Folded['terms'] {
    if (term.polynomial !== QUOTIENT) return [term];
    return this.pieces.map((polynomial, i) => ({ polynomial, scale: Fr.mul(term.scale, Fr.pow(xToN, BigInt(i))) }));
  }
}

/** Groups polynomials by the set of points they are opened at; both polynomials and sets stay in the order of first mention. */
function rotationSets(opened: readonly Value[], k: number): RotationSet[] {
  const rotations = new Map<Polynomial, Set<number>>();
  for (const { polynomial, rotation } of opened) {
    const known = rotations.get(polynomial) ?? new Set();
    rotations.set(polynomial, known.add(nearest(rotation, k)));
  }
  const sets = new Map<string, RotationSet>();
  for (const [polynomial, points] of rotations) {
    const ascending = [...points].sort((a, b) => a - b);
    const set = sets.get(ascending.join()) ?? { rotations: ascending, polynomials: [] };
    set.polynomials.push(polynomial);
    sets.set(ascending.join(), set);
  }
  return [...sets.values()];
}

/** `prod_(q != p) (u - q) / (p - q)` for each point `p`: what its value counts in the interpolation at `u`. */
function lagrangeWeights(points: readonly bigint[], u: bigint): bigint[] {
  return points.map((point, at) => {
    const others = points.filter((_, other) => other !== at);
    const divisor = inverse(others.reduce((value, other) => Fr.mul(value, Fr.sub(point, other)), 1n));
    if (divisor === undefined) throw unlucky('X');
    return others.reduce((value, other) => Fr.mul(value, Fr.sub(u, other)), divisor);
  });
}
