/**
 * All values at once, of grouped commitments (Gabizon, Williamson, ePrint 2021/1167, over the quotients of SHPLONK).
 *
 * Group `g` is committed to as `f_g(X) = sum_j X^j f_gj(X^m)` and opened at the points `z_r = w^r x` of its rotations: modulo `Z_g(X^m)`,
 * `Z_g(Y) = prod_r (Y - z_r)`, it leaves `r_g(X) = sum_r L_r(X^m) sum_j X^j f_gj(z_r)`, with `L_r` the Lagrange basis of the points. The quotient `h` is
 * opened at `x` itself. The prover has committed to `H = sum_g v^g (f_g - r_g) / Z_g(X^m) + v^G (h - h(x)) / (X - x)`. Then
 *
 *     L(X) = sum_g v^g (f_g(X) - r_g(u)) / Z_g(u^m) + v^G (h(X) - h(x)) / (u - x) - H(X)
 *
 * vanishes at `u`, and `W'` commits to `L(X) / (X - u)`. The check is `L(X) + u W'(X) = X W'(X)` at the SRS's secret.
 */
import type { ConstraintSystem } from './constraints.js';
import type { Conversation } from './conversation.js';
import { type Domain, inverse } from './domain.js';
import { Fr } from './encoding.js';
import { unlucky } from './error.js';
import { type Group, grouping } from './groups.js';
import { type Folded, LAST_STEPS, OPENING_LAST, OPENING_QUOTIENT, type Opening, QUOTIENT, untilX } from './protocol.js';

export class Grouped implements Opening {
  readonly steps;
  readonly ofKey;
  readonly onChain;
  private readonly groups: readonly Group[];

  /** The opening of a circuit of `2^k` rows with `m = width` columns behind a commitment at most. */
  constructor(k: number, system: ConstraintSystem, private readonly width: number) {
    const { advice, products, key } = grouping(k, system, width);
    const names = (groups: readonly Group[]) => groups.map(({ name }) => name);
    this.groups = [...advice.flat(), ...products, ...key];
    this.ofKey = names(key);
    this.onChain = this.ofKey;
    const shown = this.groups.flatMap(({ members, rotations }) =>
      members.flatMap((polynomial) => rotations.map((rotation) => ({ value: { polynomial, rotation } }))));
    this.steps = [
      ...untilX(system, advice.map(names), names(products), [QUOTIENT]),
      ...shown,
      { challenge: 'OpeningV' } as const,
      ...LAST_STEPS,
    ];
  }

  fold(said: Conversation, domain: Domain): Folded {
    const [x, v, u] = [said.challenge('X'), said.challenge('OpeningV'), said.challenge('OpeningU')];
    const uToM = Fr.pow(u, BigInt(this.width));
    const terms: Folded['terms'] = [];
    let constant = 0n;
    let powerOfV = 1n;
    for (const { name, members, rotations } of this.groups) {
      const weights = barycentric(rotations.map((rotation) => domain.rotate(x, rotation)), uToM);
      terms.push({ polynomial: name, scale: Fr.mul(powerOfV, weights.reduce((sum, weight) => Fr.add(sum, weight), 0n)) });
      let scale = powerOfV;
      for (const member of members) {
        rotations.forEach((rotation, i) => {
          const claimed = Fr.mul(weights[i] as bigint, said.value(member, rotation));
          constant = Fr.add(constant, Fr.mul(scale, claimed));
        });
        scale = Fr.mul(scale, u);
      }
      powerOfV = Fr.mul(powerOfV, v);
    }
    const divisor = inverse(Fr.sub(u, x));
    if (divisor === undefined) throw unlucky('OpeningU');
    const scale = Fr.mul(powerOfV, divisor);
    constant = Fr.add(constant, Fr.mul(scale, said.value(QUOTIENT, 0)));
    terms.push({ polynomial: QUOTIENT, scale });
    terms.push({ polynomial: OPENING_QUOTIENT, scale: Fr.neg(1n) });
    terms.push({ polynomial: OPENING_LAST, scale: u });
    return { terms, constant };
  }
}

/**
 * `1 / ((y - z_r) prod_(q != r) (z_r - z_q))` for each point `z_r`: times the values at the points they sum to the interpolation at `y` over
 * `prod_r (y - z_r)`, and by themselves to `1 / prod_r (y - z_r)`.
 */
function barycentric(points: readonly bigint[], y: bigint): bigint[] {
  return points.map((point, at) => {
    const others = points.filter((_, other) => other !== at);
    const weight = inverse(others.reduce((value, other) => Fr.mul(value, Fr.sub(point, other)), Fr.sub(y, point)));
    if (weight === undefined) throw unlucky('OpeningU');
    return weight;
  });
}
