#!/usr/bin/env node
// The pinned compiler of npm behind the part of solc's command line that forge speaks: `--version` and `--standard-json`. Forge sends every
// source inside the JSON, so paths and remappings on the command line need no answer.
const { readFileSync } = require('node:fs');

const solc = require('solc');

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  console.error(`solc: got ${JSON.stringify(process.argv.slice(2))}, expected --version or --standard-json`);
  process.exit(1);
}
