/** The words of a proof, checked one by one, and the challenges they give. */
import { type G1Point, WORD, g1Of, scalarOf, wordOf } from './encoding.js';
import { VerifyError, inconsistent } from './error.js';
import { type Challenge, type Polynomial, type Step, nearest, proofLength } from './protocol.js';
import { Transcript } from './transcript.js';

/** What prover and verifier have said. */
export class Conversation {
  private readonly commitments = new Map<Polynomial, G1Point>();
  private readonly values = new Map<string, bigint>();
  private readonly challenges = new Map<Challenge, bigint>();

  private constructor(private readonly k: number) {}

  /**
   * Reads a proof. Every point is on the curve and not at infinity, every word below its modulus, and no byte is left over.
   *
   * @throws {VerifyError} `ProofLength`, `MalformedPoint` or `MalformedScalar`.
   */
  static read(
    k: number,
    steps: readonly Step[],
    representative: bigint,
    instances: readonly bigint[],
    proof: Uint8Array,
  ): Conversation {
    const expected = proofLength(steps);
    if (proof.length !== expected) {
      const message = `the proof is truncated or has bytes to spare: expected ${expected} bytes, got ${proof.length}`;
      throw new VerifyError('ProofLength', message);
    }
    const transcript = new Transcript();
    for (const value of [representative, ...instances]) transcript.absorb(wordOf(value));
    const said = new Conversation(k);
    let [at, points, scalars] = [0, 0, 0];
    const next = (length: number) => {
      at += length;
      return proof.subarray(at - length, at);
    };
    for (const step of steps) {
      if ('commitment' in step) {
        const bytes = next(2 * WORD);
        said.commit(step.commitment, pointOf(bytes, points++, step.commitment));
        transcript.absorb(bytes);
      } else if ('value' in step) {
        const { polynomial, rotation } = step.value;
        const word = next(WORD);
        said.insert(polynomial, rotation, valueOf(word, scalars++, polynomial, rotation));
        transcript.absorb(word);
      } else {
        said.challenges.set(step.challenge, transcript.challenge());
      }
    }
    return said;
  }

  /** Adds a commitment that the key holds. */
  commit(polynomial: Polynomial, point: G1Point): void {
    this.commitments.set(polynomial, point);
  }

  /** Adds a value that the verifier has computed. */
  insert(polynomial: Polynomial, rotation: number, value: bigint): void {
    this.values.set(this.place(polynomial, rotation), value);
  }

  commitment(polynomial: Polynomial): G1Point {
    return known(this.commitments.get(polynomial), 'a commitment');
  }

  value(polynomial: Polynomial, rotation: number): bigint {
    return known(this.values.get(this.place(polynomial, rotation)), 'a value');
  }

  challenge(challenge: Challenge): bigint {
    return known(this.challenges.get(challenge), 'a challenge');
  }

  private place(polynomial: Polynomial, rotation: number): string {
    return `${polynomial} ${nearest(rotation, this.k)}`;
  }
}

/** No checked key leads to the error: its protocol says everything that the check reads. */
function known<T>(said: T | undefined, what: string): T {
  if (said === undefined) throw inconsistent(what, 0);
  return said;
}

function pointOf(bytes: Uint8Array, index: number, polynomial: Polynomial): G1Point {
  const point = g1Of(bytes);
  const fault = point ? 'the point at infinity' : 'above the modulus or off the curve';
  if (point && !point.is0()) return point;
  throw new VerifyError('MalformedPoint', `the proof is malformed: its point ${index}, ${polynomial}, is ${fault}`);
}

function valueOf(word: Uint8Array, index: number, polynomial: Polynomial, rotation: number): bigint {
  const scalar = scalarOf(word);
  if (scalar !== undefined) return scalar;
  const signed = rotation < 0 ? rotation : `+${rotation}`;
  const whose = `the value of ${polynomial} ${signed} rows from x`;
  throw new VerifyError(
    'MalformedScalar',
    `the proof is malformed: its scalar ${index}, ${whose}, is not below the modulus`,
  );
}
