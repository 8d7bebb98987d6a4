/** The code of a key's contract is the one that the native tools put on a chain. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { keyCode, readKey, shapeOf } from '@assay/sdk/verifier';
import { bytesToHex } from 'viem';

import { Prover, root } from '../examples/prover.js';
import { CLASSES } from '../src/market/code.js';

interface Artifact { shape: string; vk_digest: string; bytecode: string; deployed_bytes: number }
const artifact = (name: string) => JSON.parse(readFileSync(join(root, `contracts/artifacts/${name}.json`), 'utf8')) as Artifact;

function same(file: Uint8Array, { shape, vk_digest: digest, bytecode, deployed_bytes: bytes }: Artifact): void {
  const key = readKey(file);
  assert.equal(bytesToHex(key.digest), `0x${digest}`);
  assert.equal(bytesToHex(shapeOf(key)), `0x${shape}`);
  assert.ok(CLASSES[shape]);
  assert.equal(bytesToHex(keyCode(key)), `0x${bytecode.slice(-2 * bytes)}`);
}

test('a key\'s code follows from its file: SHPLONK', () => {
  same(Uint8Array.from(readFileSync(new URL('../../test/vectors/lenet.vk', import.meta.url))), artifact('lenet-key'));
});

test('a key\'s code follows from its file: grouped commitments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-'));
  try {
    same(new Prover(join(root, 'models/zoo/mnist-mlp/mnist-mlp.onnx'), folder, 'evm').key, artifact('mnist-mlp-evm-key'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
