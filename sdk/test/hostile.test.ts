/** Keys and public values of strangers are refused by name, and before they cost anything. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { MAX_KEY_FILE, MAX_PROOF_FILE, VerifyError, readKey, readProof, verify } from '../src/verifier/index.js';
import { Fr } from '../src/verifier/encoding.js';

const vectors = new URL('../../test/vectors/', import.meta.url);
const keyFile = Uint8Array.from(readFileSync(new URL('tiny.vk', vectors)));
const key = readKey(keyFile);
const file = readProof(readFileSync(new URL('tiny.proof.json', vectors), 'utf8'));

/** The error that a call is refused with. */
function refused(call: () => unknown): VerifyError {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof VerifyError, `expected a VerifyError, got ${String(error)}`);
    return error;
  }
  return assert.fail('expected a refusal');
}

function varint(number: bigint): number[] {
  return number < 0x80n ? [Number(number)] : [Number(number & 0x7fn) | 0x80, ...varint(number >> 7n)];
}

test('a public value that is no canonical field element is refused, wherever it stands', () => {
  verify(key, file);
  for (let at = 0; at < file.instances.length; at++) {
    const own = file.instances[at] as bigint;
    for (const value of [own + Fr.ORDER, Fr.ORDER, 2n ** 256n - 1n, 2n ** 256n + own, -1n, own - Fr.ORDER]) {
      const error = refused(() => verify(key, { ...file, instances: file.instances.with(at, value) }));
      assert.equal(error.kind, 'InstanceRange', error.message);
      assert.match(error.message, new RegExp(`^instance ${at} is not a field element: expected a word below the scalar modulus, got`));
      assert.ok(error.rejectsProof);
    }
  }
});

test('a point of the SRS with a coordinate of zero is refused like any other that is none', () => {
  const { x, y } = key.s.toAffine();
  const bytes = [x.c0, x.c1, y.c0, y.c1].map((number) => number.toString(16).padStart(64, '0')).join('');
  const at = Buffer.from(keyFile).indexOf(Buffer.from(bytes, 'hex'));
  assert.ok(at > 0);
  for (const words of [[1, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 2], [1, 2, 0, 3], [1, 2, 3, 0], [0, 2, 3, 4]]) {
    const point = new Uint8Array(128);
    words.forEach((word, i) => (point[32 * i + 31] = word));
    const other = Uint8Array.from(keyFile);
    other.set(point, at);
    const error = refused(() => readKey(other));
    assert.equal(error.kind, 'Encoding', `${words.join(' ')}: ${error.message}`);
    assert.match(error.message, /the point of the SRS is not in the group/);
  }
});

test('a list longer than its limit is refused before anything of it is read', () => {
  const pieces: [before: number[], what: string, most: bigint][] = [
    [[...new TextEncoder().encode('ASSAYVK4'), 5, 1, 0], 'advice columns', 1024n],
    [[1, 0], 'challenges', 64n],
    [[0, 1], 'queries', 1024n],
    [[0], 'queries', 1024n],
    [[1, 0, 0], 'instance queries', 16n],
    [[0], 'gates', 1024n],
    [[1], "bytes of a gate's name", 256n],
    [[0], 'polynomials of all gates', 1024n],
    [[1], 'nodes of all gates', 65536n],
    [[1, 2, 0, 0], 'equality-enabled columns', 1024n],
    [[0], 'columns of constants', 1024n],
    [[0, 3, 0], 'commitments', 2048n],
  ];
  const bytes: number[] = [];
  for (const [before, what, most] of pieces) {
    bytes.push(...before);
    for (const claimed of [most + 1n, 1n << 40n, 2n ** 64n - 1n]) {
      const error = refused(() => readKey(Uint8Array.from([...bytes, ...varint(claimed)])));
      assert.equal(error.message, `verifying key: expected ${what} in 0..=${most}, got ${claimed}`);
    }
    assert.equal(refused(() => readKey(Uint8Array.from([...bytes, ...varint(most)]))).kind, 'Encoding', what);
  }
});

test('lists that are many are counted together', () => {
  const head = [...new TextEncoder().encode('ASSAYVK4'), 5, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 3];
  const gate = (nodes: number) => [0, 1, ...varint(BigInt(nodes)), ...new Array<number>(nodes).fill(5)];
  const error = refused(() => readKey(Uint8Array.from([...head, ...gate(65535), ...gate(2)])));
  assert.equal(error.message, 'verifying key: expected nodes of all gates in 0..=65536, got 65537');
});

test('a file larger than any of its kind is refused before it is read', () => {
  const large = new Uint8Array(MAX_KEY_FILE + 1);
  large.set(keyFile);
  assert.equal(refused(() => readKey(large)).message, `a verifying key of ${MAX_KEY_FILE + 1} bytes: expected ${MAX_KEY_FILE} at most; is this the right file?`);
  assert.equal(refused(() => readProof(' '.repeat(MAX_PROOF_FILE + 1))).kind, 'FileSize');
});
