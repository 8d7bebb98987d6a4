/**
 * Which rule a key, a proof or a file broke; the names are those of the native verifier's errors. `Unexpected`: the key is not the one that the user named. `Sizes`: the model's
 * tensors are not those that the user named. `Differs`: the proof is valid, and shows another input, output or context than the user named.
 */
export type ErrorKind =
  | 'Magic'
  | 'Version'
  | 'Encoding'
  | 'Json'
  | 'Hexadecimal'
  | 'TrailingBytes'
  | 'FileSize'
  | 'InstanceRange'
  | 'Limit'
  | 'Inconsistent'
  | 'ForeignKey'
  | 'ForeignGraph'
  | 'Unexpected'
  | 'Sizes'
  | 'Differs'
  | 'InstanceCount'
  | 'ProofLength'
  | 'MalformedPoint'
  | 'MalformedScalar'
  | 'UnluckyChallenge'
  | 'Invalid';

const OF_THE_PROOF: ReadonlySet<ErrorKind> = new Set([
  'ProofLength', 'MalformedPoint', 'MalformedScalar', 'UnluckyChallenge', 'Invalid', 'InstanceRange',
]);

/** Why something was refused, in the native verifier's words. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';

  constructor(readonly kind: ErrorKind, message: string) {
    super(message);
  }

  /**
   * True when the request was in order and the proof, with its public values, was found wrong. False when a key, a file, a
   * proof of another key or the number of public values is at fault.
   */
  get rejectsProof(): boolean {
    return OF_THE_PROOF.has(this.kind);
  }

  /**
   * True when the answer to "does this proof show what I was told?" is no: the proof is wrong, or shows something else. False when nothing was judged. The exit codes 1 and 2 of
   * `assay verify` tell the same apart.
   */
  get saysNo(): boolean {
    return this.rejectsProof || this.kind === 'Differs';
  }
}

/** A key's parts contradict each other or name what does not exist. */
export function inconsistent(what: string, at: number): VerifyError {
  return new VerifyError('Inconsistent', `verifying key: ${what} (at ${at})`);
}

/** @throws {VerifyError} `Limit` when a count lies outside what a key may hold. */
export function limit(what: string, least: number, most: number, got: number | bigint): void {
  if (got < least || got > most) {
    throw new VerifyError('Limit', `verifying key: expected ${what} in ${least}..=${most}, got ${got}`);
  }
}

/** @throws {VerifyError} `FileSize` when a file is larger than any of its kind. */
export function checkSize(what: string, most: number, got: number): void {
  if (got > most) throw new VerifyError('FileSize', `${what} of ${got} bytes: expected ${most} at most; is this the right file?`);
}

/** A challenge fell where a division is undefined; the odds are below 2^-200. */
export function unlucky(challenge: string): VerifyError {
  return new VerifyError(
    'UnluckyChallenge',
    `the proof is invalid: its challenge ${challenge} lies where the check is undefined; prove again`,
  );
}
