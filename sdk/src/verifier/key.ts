/** A verifying key that describes its own constraint system. */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

import {
  type Column, type ConstraintSystem, LISTS, MAX_COUNT, type Query, blindingFactors, check as checkConstraints, pieces, queries,
} from './constraints.js';
import { TWO_ADICITY } from './domain.js';
import { type G1Point, type G2Point, WORD, g1Of, g2Of, numberOf, scalarOf } from './encoding.js';
import { VerifyError, inconsistent, limit } from './error.js';
import { type Expression, MAX_NODES, NODES, type Node } from './expression.js';
import { openFrame } from './frame.js';
import { Grouped } from './grouped.js';
import { Reader } from './postcard.js';
import { type Opening, nearest } from './protocol.js';
import { Shplonk } from './shplonk.js';

const WHAT = 'a verifying key';
/** Least and most `k`; a circuit has `2^k` rows. */
const ROWS = [4, 26] as const;
/** Most columns behind a commitment. */
const MAX_WIDTH = 64;
/** Most public values: two million bytes of input and output. */
const MAX_INSTANCES = 2 ** 16;
/** Most bytes of a key's file. */
export const MAX_KEY_FILE = 2 ** 20;

/**
 * Everything a verifier needs, and the digests of what it was made from.
 *
 * A key says what is proved: whoever uses one must have made it, or know its digest from someone who recomputed it from the graph
 * and the SRS. Nothing in a key says whether its SRS is good: see `ceremony.ts`.
 */
export interface VerifyingKey {
  /** SHA-256 of the file: the key's name. */
  readonly digest: Uint8Array;
  /** The circuit has `2^k` rows. */
  readonly k: number;
  /** Exact number of public values. */
  readonly instances: number;
  readonly constraints: ConstraintSystem;
  /** The same as the file has it. */
  readonly encodedConstraints: Uint8Array;
  /** Columns behind a commitment, at most, where commitments are grouped. */
  readonly width: number | undefined;
  /** How proofs show values. */
  readonly opening: Opening;
  /** Commitments, in the order of `opening.ofKey`. */
  readonly commitments: readonly G1Point[];
  /** What every transcript absorbs first. */
  readonly representative: bigint;
  /** Names the graph whose inferences are proved. */
  readonly graphDigest: Uint8Array;
  /** `[s]_2` of the SRS. */
  readonly s: G2Point;
  /** The same as the file has it. */
  readonly point: Uint8Array;
  /** Names the ceremony of the SRS: SHA-256 of a tag and `[s]_2`. */
  readonly srsDigest: Uint8Array;
}

/**
 * Reads a key file.
 *
 * @throws {VerifyError} for anything but exactly the bytes of one well-formed key of this version.
 */
export function readKey(file: Uint8Array): VerifyingKey {
  const body = openFrame(WHAT, 'ASSAYVK4', MAX_KEY_FILE, file);
  const reader = new Reader(WHAT, body);
  const k = reader.u32();
  const instances = reader.u32();
  const constraintsAt = reader.position;
  const constraints = constraintsOf(reader);
  const encodedConstraints = body.subarray(constraintsAt, reader.position);
  const width = reader.variant<number | undefined>([() => undefined, () => reader.u32()]);
  const commitments = commitmentsOf(reader);
  const representativeAt = reader.position;
  const representative = scalar(reader);
  const graphDigest = reader.take(WORD);
  const point = reader.take(4 * WORD);
  const s = g2Of(point);
  if (!s) throw reader.damaged('the point of the SRS is not in the group');
  const srsDigest = digestOfSrs(point);
  if (reader.rest > 0) {
    throw new VerifyError('TrailingBytes', `${WHAT} has ${reader.rest} bytes after its end, expected none`);
  }
  checkSizes(k, instances, constraints);
  if (width !== undefined) {
    limit('columns behind a commitment', Math.max(pieces(constraints), 2), MAX_WIDTH, width);
    // Of a key in another spelling the hash says nothing; it is refused below.
    if (reader.canonical && representative !== representativeOf(body, representativeAt)) {
      throw inconsistent('the representative is not the hash of the key', 0);
    }
  }
  const opening = width === undefined ? new Shplonk(k, constraints) : new Grouped(k, constraints, width);
  const groups = opening.ofKey.length;
  limit('one commitment a group of the key', groups, groups, commitments.length);
  checkPoints(k, constraints);
  if (!reader.canonical) throw inconsistent('the encoding is not the canonical one', 0);
  return {
    digest: sha256(file), k, instances, constraints, encodedConstraints, width, opening, commitments, representative, graphDigest, s, point, srsDigest,
  };
}

/** Names the ceremony of an SRS by its `[s]_2`, real parts first: SHA-256 of a tag and the point. */
export function digestOfSrs(point: Uint8Array): Uint8Array {
  return sha256(concatBytes(new TextEncoder().encode('assay srs 1'), point));
}

function constraintsOf(reader: Reader): ConstraintSystem {
  const query = (): Query => ({ column: reader.u32(), rotation: reader.i32() });
  const column = (): Column =>
    reader.variant((['fixed', 'advice', 'instance'] as const).map((kind) => () => ({ kind, index: reader.u32() })));
  const [polynomials, nodes] = [{ count: 0 }, { count: 0 }];
  const list = <T>([what, most]: readonly [string, number], element: () => T): T[] => reader.list(what, most, element);
  const gate = () => ({
    name: reader.string(...LISTS.name),
    polynomials: reader.listOfMany(...LISTS.polynomials, polynomials, () => expression(reader, nodes)),
  });
  return {
    fixedColumns: reader.u32(),
    advicePhases: list(LISTS.advice, () => reader.byte()),
    challengePhases: list(LISTS.challenges, () => reader.byte()),
    instanceColumns: reader.u32(),
    fixedQueries: list(LISTS.queries, query),
    adviceQueries: list(LISTS.queries, query),
    instanceQueries: list(LISTS.instanceQueries, query),
    gates: list(LISTS.gates, gate),
    equality: list(LISTS.equality, column),
    constants: list(LISTS.constants, () => reader.u32()),
    degree: reader.u32(),
  };
}

/** One of several, which together have at most `MAX_NODES` nodes. */
function expression(reader: Reader, before: { count: number }): Expression {
  const cell = (op: 'fixed' | 'advice' | 'instance') => (): Node =>
    ({ op, column: reader.u32(), rotation: reader.i32() });
  const nodes: readonly (() => Node)[] = [
    () => ({ op: 'constant', value: scalar(reader) }),
    cell('fixed'),
    cell('advice'),
    cell('instance'),
    () => ({ op: 'challenge', index: reader.u32() }),
    () => ({ op: 'negate' }),
    () => ({ op: 'add' }),
    () => ({ op: 'multiply' }),
    () => ({ op: 'scale', value: scalar(reader) }),
  ];
  return reader.listOfMany(NODES, MAX_NODES, before, () => reader.variant(nodes));
}

function scalar(reader: Reader): bigint {
  const value = scalarOf(reader.take(WORD));
  if (value === undefined) throw reader.damaged('a scalar is not below the modulus');
  return value;
}

function commitmentsOf(reader: Reader): G1Point[] {
  return reader.list('commitments', 2 * MAX_COUNT, () => {
    const point = g1Of(reader.take(2 * WORD));
    if (!point) throw reader.damaged('a commitment is not on the curve');
    return point;
  });
}

function checkSizes(k: number, instances: number, constraints: ConstraintSystem): void {
  limit('k', ...ROWS, k);
  checkConstraints(constraints);
  limit('k of the extended domain', 0, TWO_ADICITY, k + Math.ceil(Math.log2(pieces(constraints))));
  // The first row, one row for values, the row where products end, and the blinds.
  const [rows, blinds] = [2 ** k, blindingFactors(constraints)];
  limit('rows the gates need', 0, rows, blinds + 3);
  limit('instances', 1, Math.min(rows - (blinds + 1), MAX_INSTANCES), instances);
}

/** What a grouped key's transcripts absorb first: 31 bytes of a hash of the key with zeros in its place. */
function representativeOf(body: Uint8Array, at: number): bigint {
  const rest = Uint8Array.from(body);
  rest.fill(0, at, at + WORD);
  const tag = new TextEncoder().encode('assay representative 1');
  return numberOf(sha256(concatBytes(tag, rest)).subarray(0, WORD - 1));
}

/** The opening argument takes no polynomial twice at one point; public values are not opened. */
function checkPoints(k: number, constraints: ConstraintSystem): void {
  const points = new Set<string>();
  queries(constraints).forEach(({ kind, index, rotation }, at) => {
    const point = `${kind} ${index} ${nearest(rotation, k)}`;
    if (kind !== 'instance' && points.has(point)) {
      throw inconsistent('two queries of a column meet in the same row', at);
    }
    points.add(point);
  });
}
