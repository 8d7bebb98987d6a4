/**
 * Real numbers in and out of a quantised model, by the rule of ONNX `QuantizeLinear` and `DequantizeLinear`. `models/src/quantise.rs` is the same in Rust, and
 * `test/vectors/quantise.json` holds both to the same integers.
 */
import type { Tensor } from './packing.js';

/** A tensor with what its integers stand for: `scale * (integer - zeroPoint)`. */
export interface RealTensor extends Tensor {
  /** Size of each axis; `size` is their product. */
  shape: readonly number[];
  /** Positive. */
  scale: number;
  /** An integer of the tensor's type. */
  zeroPoint: number;
}

/**
 * Real values that a tensor cannot hold, so that the nearest it can hold stand in their place. Those that are off by one step at most are not told of: where 255 steps of 1/256 stand for
 * pixels from 0 to 1, a pixel of exactly 1 is one of them.
 */
export interface Clamped {
  /** The tensor's name, where it has one among several inputs. */
  input?: string;
  /** How many of them. */
  count: number;
  /** Values in all. */
  total: number;
  /** Smallest and largest real value that the tensor holds. */
  low: number;
  high: number;
}

/** Least and largest integer of each type. */
export const RANGE = { u8: [0, 255], i8: [-128, 127] } as const;

/**
 * `clamp(round(x / scale) + zeroPoint)` of each value: the division is made in 32-bit floats, and halves are rounded to the even neighbour.
 *
 * @param values Real numbers, row-major.
 * @returns The integers, and what was clamped by more than one step, if anything was: such values were probably scaled otherwise than in training.
 * @throws {RangeError} for another number of values, or one that is not finite.
 */
export function quantise(values: ArrayLike<number>, tensor: RealTensor): { values: number[]; clamped: Clamped | undefined } {
  const { type, size, scale, zeroPoint } = tensor;
  if (values.length !== size) throw new RangeError(`expected ${size} real numbers for shape ${tensor.shape.join('x')}, got ${values.length}`);
  const [low, high] = RANGE[type];
  let count = 0;
  const integers = Array.from({ length: size }, (_, i) => {
    const value = values[i];
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new RangeError(`expected a finite number at element ${i}, got ${String(value)}`);
    const whole = roundHalfToEven(Math.fround(Math.fround(value) / Math.fround(scale))) + zeroPoint;
    if (whole < low - 1 || whole > high + 1) count += 1;
    return Math.min(Math.max(whole, low), high);
  });
  const [least, most] = dequantise([low, high], tensor) as [number, number];
  return { values: integers, clamped: count > 0 ? { count, total: size, low: least, high: most } : undefined };
}

/** `scale * (integer - zeroPoint)` of each integer. */
export function dequantise(values: ArrayLike<number>, { scale, zeroPoint }: Pick<RealTensor, 'scale' | 'zeroPoint'>): number[] {
  return Array.from(values, (value) => scale * (value - zeroPoint));
}

/** In a sentence, what was clamped. */
export function clampedInWords({ input, count, total, low, high }: Clamped): string {
  return `${input === undefined ? '' : `${input}: `}${count} of the ${total} input values were clamped to what the model's input can hold, ${low} to ${high}: check that they are scaled as in training`;
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The answer of a model that chooses: its largest output. */
export interface Label {
  /** Position of the largest output; of equal ones the first. */
  index: number;
  /** The model owner's name for it, where `model.json` has names. */
  name: string | undefined;
}

/**
 * The largest of several outputs.
 *
 * @returns Nothing for a single output, which chooses nothing.
 */
export function labelOf(output: readonly number[], names?: readonly string[]): Label | undefined {
  if (output.length < 2) return undefined;
  const index = output.reduce((best, value, i) => (value > (output[best] as number) ? i : best), 0);
  return { index, name: names?.[index] };
}
