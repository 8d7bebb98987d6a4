/** An ONNX file with two inputs and two outputs, written field by field: `models/tests/ports.rs` has the same model. */

/** The numbers in each of its tensors. */
export const SIZE = 40;
const FLOAT = 1;
const UINT8 = 2;

/** A field of a protocol buffer: a number, or what is as long as it says. */
function field(number: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === 'number') return Uint8Array.from([...varint(8 * number), ...varint(value)]);
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return Uint8Array.from([...varint(8 * number + 2), ...varint(bytes.length), ...bytes]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const message = (...fields: Uint8Array[]) => Uint8Array.from(fields.flatMap((bytes) => [...bytes]));

const node = (type: string, inputs: string[], output: string) =>
  field(1, message(...inputs.map((name) => field(1, name)), field(2, output), field(3, `${output}/${type}`), field(4, type)));

const constant = (name: string, type: number, bytes: Uint8Array) => field(5, message(field(2, type), field(8, name), field(9, bytes)));

/** A scale and the zero point 0, of the names that the nodes of a tensor take. */
const scale = (name: string, value: number) =>
  message(constant(`${name}.scale`, FLOAT, new Uint8Array(Float32Array.of(value).buffer)), constant(`${name}.zero`, UINT8, Uint8Array.of(0)));

/** An input (11) or an output (12) of the graph. */
function port(number: 11 | 12, name: string, type: number): Uint8Array {
  const shape = message(...[1, SIZE].map((size) => field(1, field(1, size))));
  return field(number, message(field(1, name), field(2, field(1, message(field(1, type), field(2, shape))))));
}

const quantise = (input: string, name: string) => node('QuantizeLinear', [input, `${name}.scale`, `${name}.zero`], name);
const dequantise = (name: string, output: string) => node('DequantizeLinear', [name, `${name}.scale`, `${name}.zero`], output);

/** Takes `left`, real numbers in steps of a half, and `right`, integers that stand for halves; gives `sum`, of both, and `half`, `left` alone, in whole steps. */
export function twoByTwo(): Uint8Array {
  const graph = message(
    scale('l', 0.5), scale('right', 0.5), scale('s', 1), scale('half', 1),
    quantise('left', 'l'), dequantise('l', 'l.real'), dequantise('right', 'right.real'),
    node('Add', ['l.real', 'right.real'], 'added'), quantise('added', 's'), dequantise('s', 'sum'),
    quantise('l.real', 'half'),
    field(2, 'two'), port(11, 'left', FLOAT), port(11, 'right', UINT8), port(12, 'sum', FLOAT), port(12, 'half', UINT8),
  );
  return message(field(1, 8), field(7, graph), field(8, message(field(1, ''), field(2, 17))));
}
