/** Every custom error of the contracts has a sentence that can be said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorAbi } from '../src/market/abi.js';
import { ERROR_NAMES, sentence } from '../src/market/errors.js';

const SAMPLES: Record<string, unknown> = { string: 'text', address: `0x${'11'.repeat(20)}`, bytes32: `0x${'22'.repeat(32)}` };

test('all errors of the ABI, and no others, are explained', () => {
  assert.deepEqual([...new Set(errorAbi.map(({ name }) => name))].sort(), [...ERROR_NAMES].sort());
  for (const { name, inputs } of errorAbi) {
    const said = sentence(name, inputs.map(({ type }) => SAMPLES[type] ?? (type === 'uint8' ? 1 : 1n)));
    assert.ok(said.length > 10 && !/undefined|NaN|\[object/.test(said), `${name}: ${said}`);
  }
});
