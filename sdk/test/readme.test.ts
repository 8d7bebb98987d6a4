/** The README's commands do what it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const sdk = fileURLToPath(new URL('../../', import.meta.url));

test('the README leads from a model to a paid proof', () => {
  const blocks = [...readFileSync(`${sdk}README.md`, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands as string);
  assert.equal(blocks.length, 1, 'every block of commands is run here');
  const printed = execFileSync('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], { cwd: sdk, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  assert.match(printed, /^proved and delivered, \d+ gas$/m);
  assert.match(printed, /^output 23 -24 -16 -37 31 -21 114 -55 17 -21, checked by the chain and here$/m);
  assert.match(printed, /^prover withdraws 0\.007 ether$/m);
});
