/** The rows of a circuit as roots of unity, and the polynomials that are 1 in one row. */
import { Fr } from './encoding.js';

/** The generator of the scalar field's multiplicative group that halo2 takes. */
const GENERATOR = 7n;
/** 2^28 divides r - 1 and 2^29 does not. */
export const TWO_ADICITY = 28;
const TRACE = (Fr.ORDER - 1n) >> BigInt(TWO_ADICITY);

/** `delta = g^(2^28)`: column `j` of the permutation lies in the coset `delta^j` of the rows. */
export const DELTA = Fr.pow(GENERATOR, 1n << BigInt(TWO_ADICITY));

/** The `2^k` roots of unity `w^i`, of which row `i` is one. */
export class Domain {
  /** Number of rows, `n = 2^k`. */
  readonly rows: bigint;
  private readonly omega: bigint;

  constructor(k: number) {
    this.rows = 1n << BigInt(k);
    this.omega = Fr.pow(GENERATOR, TRACE << BigInt(TWO_ADICITY - k));
  }

  /** `w^rotation x`: the point that lies `rotation` rows below `x`. */
  rotate(x: bigint, rotation: number): bigint {
    const down = ((BigInt(rotation) % this.rows) + this.rows) % this.rows;
    return Fr.mul(x, Fr.pow(this.omega, down));
  }

  /** `x^n - 1`, which vanishes in every row. */
  vanishing(x: bigint): bigint {
    return Fr.sub(Fr.pow(x, this.rows), 1n);
  }

  /**
   * `L_i(x) = w^i (x^n - 1) / (n (x - w^i))` for each of the rows, where `L_i` is 1 in row `i` and 0 in the others; rows count
   * modulo `n`. Undefined when `x` is itself a row.
   */
  lagrange(x: bigint, rows: readonly number[]): bigint[] | undefined {
    const vanishing = this.vanishing(x);
    if (vanishing === 0n) return undefined;
    const scale = Fr.div(vanishing, this.rows);
    const points = rows.map((row) => this.rotate(1n, row));
    const inverses = Fr.invertBatch(points.map((point) => Fr.sub(x, point)));
    return points.map((point, i) => Fr.mul(Fr.mul(point, inverses[i] as bigint), scale));
  }
}

/** The inverse, or undefined of zero. */
export function inverse(value: bigint): bigint | undefined {
  return value === 0n ? undefined : Fr.inv(value);
}
