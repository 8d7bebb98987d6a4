/** A gate polynomial as a flat postfix program, run with a stack of its own. */
import { Fr } from './encoding.js';
import { VerifyError, inconsistent } from './error.js';

/** Deepest expression tree that a key may hold. */
const MAX_DEPTH = 1024;
/** Most nodes of all gates' polynomials together: a verifier visits each for every proof. */
export const MAX_NODES = 2 ** 16;
/** What `MAX_NODES` counts, in errors. */
export const NODES = 'nodes of all gates';

/** One step of a program: push an operand, or replace the top operands by a result. `rotation` counts rows below the current one. */
export type Node =
  | { op: 'constant'; value: bigint }
  | { op: 'fixed' | 'advice' | 'instance'; column: number; rotation: number }
  | { op: 'challenge'; index: number }
  | { op: 'negate' | 'add' | 'multiply' }
  | { op: 'scale'; value: bigint };

export type Operand = Extract<Node, { op: 'constant' | 'fixed' | 'advice' | 'instance' | 'challenge' }>;
export type Operation = Exclude<Node, Operand>;
export type Expression = readonly Node[];

/**
 * Runs a program over any domain: `leaf` gives operands, `apply` results.
 *
 * @throws {VerifyError} `Inconsistent` for a program that lacks operands or leaves more than one result.
 */
export function fold<T>(
  program: Expression,
  leaf: (node: Operand) => T,
  apply: (node: Operation, left: T, right: T | undefined) => T,
): T {
  const stack: T[] = [];
  program.forEach((node, at) => {
    const pop = (): T => {
      if (stack.length === 0) throw inconsistent('an operation of an expression lacks operands', at);
      return stack.pop() as T;
    };
    switch (node.op) {
      case 'negate':
      case 'scale':
        stack.push(apply(node, pop(), undefined));
        break;
      case 'add':
      case 'multiply': {
        const right = pop();
        stack.push(apply(node, pop(), right));
        break;
      }
      default:
        stack.push(leaf(node));
    }
  });
  if (stack.length !== 1) throw inconsistent('an expression has no single result', program.length);
  return stack[0] as T;
}

/** Degree in cells (challenges are constants), as halo2 counts it. Refuses a malformed program and one deeper than 1,024. */
export function degree(program: Expression): number {
  const leaf = (node: Operand) => ({ degree: node.op === 'constant' || node.op === 'challenge' ? 0 : 1, depth: 1 });
  const none = { degree: 0, depth: 0 };
  return fold(program, leaf, (node, left, right = none) => {
    const depth = Math.max(left.depth, right.depth) + 1;
    if (depth > MAX_DEPTH) {
      const message = `verifying key: expected an expression's depth in 1..=${MAX_DEPTH}, got ${depth}`;
      throw new VerifyError('Limit', message);
    }
    if (node.op === 'multiply') return { degree: left.degree + right.degree, depth };
    return { degree: node.op === 'add' ? Math.max(left.degree, right.degree) : left.degree, depth };
  }).degree;
}

/** The value of a program for the operands that `leaf` gives. */
export function evaluate(program: Expression, leaf: (node: Operand) => bigint): bigint {
  return fold(program, leaf, (node, left, right = 0n) => {
    switch (node.op) {
      case 'negate':
        return Fr.neg(left);
      case 'scale':
        return Fr.mul(left, node.value);
      case 'add':
        return Fr.add(left, right);
      case 'multiply':
        return Fr.mul(left, right);
    }
  });
}
