/**
 * The constraint system as data: what halo2's `configure` builds, in the same order. Columns and challenges are numbered by
 * creation and queries by first use; both orders order the words of a proof.
 */
import { inconsistent, limit } from './error.js';
import { type Expression, MAX_NODES, NODES, type Node, degree } from './expression.js';

/** Most columns of one kind, queries of one kind, gates, and polynomials of all gates. */
export const MAX_COUNT = 1024;
/** Most rows in which one column is read: an opening interpolates through them, which takes the square of their number. */
const MAX_QUERIES_A_COLUMN = 16;
/** Most different rotations of all columns: each is a point that something is opened at. */
const MAX_ROTATIONS = 64;
/** Most bytes of a gate's name. */
const MAX_NAME = 256;
/** Most rows between the current row and a queried one. */
const MAX_ROTATION = 1024;
/** Most rows of the public column that the gates read: a verifier computes each value from all public values. */
const MAX_INSTANCE_QUERIES = 16;
const MAX_CHALLENGES = 64;
/** Least and most degree; copies alone need 3. */
const DEGREES = [3, 64] as const;
const PHASES = 3;

/** What a description's lists hold, as errors name it, and the most that each holds: compared when it is read and when the whole is checked. */
export const LISTS = {
  advice: ['advice columns', MAX_COUNT],
  challenges: ['challenges', MAX_CHALLENGES],
  queries: ['queries', MAX_COUNT],
  instanceQueries: ['instance queries', MAX_INSTANCE_QUERIES],
  gates: ['gates', MAX_COUNT],
  name: ["bytes of a gate's name", MAX_NAME],
  polynomials: ['polynomials of all gates', MAX_COUNT],
  equality: ['equality-enabled columns', MAX_COUNT],
  constants: ['columns of constants', MAX_COUNT],
} as const satisfies Record<string, readonly [string, number]>;

/** A column by its kind and its number within the kind. */
export interface Column {
  kind: 'fixed' | 'advice' | 'instance';
  index: number;
}

/** A column queried `rotation` rows below the current one. */
export interface Query {
  column: number;
  rotation: number;
}

export interface Gate {
  name: string;
  polynomials: Expression[];
}

export interface ConstraintSystem {
  fixedColumns: number;
  /** Phase (0, 1, 2) of each advice column. */
  advicePhases: number[];
  /** Phase after which each challenge is drawn. */
  challengePhases: number[];
  instanceColumns: number;
  fixedQueries: Query[];
  adviceQueries: Query[];
  instanceQueries: Query[];
  gates: Gate[];
  /** Columns that take part in copies, in the permutation's order. */
  equality: Column[];
  /** Fixed columns enabled for constants. */
  constants: number[];
  degree: number;
}

/** Rows at the end of every advice column that hold blinds only, less one: see the native verifier. */
export function blindingFactors(system: ConstraintSystem): number {
  const queries = new Map<number, number>();
  for (const { column } of system.adviceQueries) queries.set(column, (queries.get(column) ?? 0) + 1);
  return Math.max(3, ...queries.values()) + 2;
}

/** Copied columns of one permutation product: the degree leaves room for two other factors. */
export function chunk(system: ConstraintSystem): number {
  return Math.max(system.degree - 2, 1);
}

/** Number of permutation products. */
export function products(system: ConstraintSystem): number {
  return Math.ceil(system.equality.length / chunk(system));
}

/** Pieces of the quotient: a gate of degree `d` over `2^k` rows has a quotient of degree below `(d - 1) 2^k`. */
export function pieces(system: ConstraintSystem): number {
  return Math.max(system.degree - 1, 0);
}

/** The row where a permutation product ends and the next one goes on. */
export function lastRotation(system: ConstraintSystem): number {
  return -(blindingFactors(system) + 1);
}

/** Fixed, advice, then instance queries, each by first use. */
export function queries(system: ConstraintSystem): (Column & { rotation: number })[] {
  const of = (kind: Column['kind'], list: Query[]) =>
    list.map(({ column, rotation }) => ({ kind, index: column, rotation }));
  return [
    ...of('fixed', system.fixedQueries),
    ...of('advice', system.adviceQueries),
    ...of('instance', system.instanceQueries),
  ];
}

/**
 * Checks that the description is complete and free of contradictions: the verifier relies on every name in it.
 *
 * @throws {VerifyError} `Limit` or `Inconsistent`, the first that is found.
 */
export function check(system: ConstraintSystem): void {
  limit('fixed columns', 0, MAX_COUNT, system.fixedColumns);
  within(LISTS.advice, 1, system.advicePhases.length);
  within(LISTS.challenges, 0, system.challengePhases.length);
  limit('instance columns', 1, 1, system.instanceColumns);
  within(LISTS.instanceQueries, 0, system.instanceQueries.length);
  within(LISTS.gates, 1, system.gates.length);
  const polynomials = system.gates.flatMap((gate) => gate.polynomials);
  within(LISTS.polynomials, 1, polynomials.length);
  limit(NODES, 1, MAX_NODES, polynomials.reduce((sum, polynomial) => sum + polynomial.length, 0));
  limit('degree', ...DEGREES, system.degree);
  checkPhases(system);
  const known = checkQueries(system);
  checkEquality(system, known);
  system.gates.forEach((gate, at) => {
    if (gate.polynomials.length === 0) throw inconsistent('a gate has no polynomial', at);
    for (const polynomial of gate.polynomials) {
      if (degree(polynomial) > system.degree) throw inconsistent("a gate's degree exceeds the system's", at);
      for (const node of polynomial) checkOperand(system, node, known);
    }
  });
}

function within([what, most]: readonly [string, number], least: number, got: number): void {
  limit(what, least, most, got);
}

function checkPhases({ advicePhases, challengePhases }: ConstraintSystem): void {
  const seen = new Set<number>();
  advicePhases.forEach((phase, at) => {
    const before = phase === 0 || seen.has(phase - 1);
    if (phase >= PHASES || !before) throw inconsistent('an advice column skips a phase', at);
    seen.add(phase);
  });
  challengePhases.forEach((phase, at) => {
    if (!seen.has(phase)) throw inconsistent('a challenge follows a phase without columns', at);
  });
}

const cell = (kind: Column['kind'], index: number, rotation: number) => `${kind} ${index} ${rotation}`;

/** Names of all queried cells; refuses repeated ones and columns that do not exist. */
function checkQueries(system: ConstraintSystem): Set<string> {
  const known = new Set<string>();
  for (const list of [system.fixedQueries, system.adviceQueries, system.instanceQueries]) {
    within(LISTS.queries, 0, list.length);
  }
  queries(system).forEach(({ kind, index, rotation }, at) => {
    const name = cell(kind, index, rotation);
    const exists = index < count(system, kind) && Math.abs(rotation) <= MAX_ROTATION;
    if (!exists || known.has(name)) throw inconsistent('a query repeats another or is out of range', at);
    known.add(name);
  });
  const ofColumn = new Map<string, number>();
  for (const { kind, index } of queries(system)) {
    const column = `${kind} ${index}`;
    ofColumn.set(column, (ofColumn.get(column) ?? 0) + 1);
  }
  limit('queries of a column', 0, MAX_QUERIES_A_COLUMN, Math.max(0, ...ofColumn.values()));
  limit('rotations', 0, MAX_ROTATIONS, new Set(queries(system).map(({ rotation }) => rotation)).size);
  return known;
}

function checkEquality({ equality, constants }: ConstraintSystem, known: Set<string>): void {
  within(LISTS.equality, 0, equality.length);
  within(LISTS.constants, 0, constants.length);
  const copied = new Set<string>();
  equality.forEach(({ kind, index }, at) => {
    const name = cell(kind, index, 0);
    if (copied.has(name) || !known.has(name)) {
      throw inconsistent('an equality-enabled column is repeated or not queried', at);
    }
    copied.add(name);
  });
  const seen = new Set<number>();
  constants.forEach((column, at) => {
    if (seen.has(column) || !copied.has(cell('fixed', column, 0))) {
      throw inconsistent('a constants column is repeated or not copied from', at);
    }
    seen.add(column);
  });
}

function checkOperand({ challengePhases }: ConstraintSystem, node: Node, known: Set<string>): void {
  const what = 'a gate uses a cell that is not among the queries, or a challenge that does not exist';
  switch (node.op) {
    case 'fixed':
    case 'advice':
    case 'instance':
      if (!known.has(cell(node.op, node.column, node.rotation))) throw inconsistent(what, node.column);
      break;
    case 'challenge':
      if (node.index >= challengePhases.length) throw inconsistent(what, node.index);
  }
}

function count(system: ConstraintSystem, kind: Column['kind']): number {
  switch (kind) {
    case 'fixed':
      return system.fixedColumns;
    case 'advice':
      return system.advicePhases.length;
    case 'instance':
      return system.instanceColumns;
  }
}
