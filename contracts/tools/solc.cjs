#!/usr/bin/env node
// The pinned compiler of npm behind two parts of solc's command line: the one that forge speaks, `--version` and `--standard-json`, and the one that
// `assay contract` names, `--bin ... -o FOLDER FILE`. Forge sends every source inside the JSON, so paths and remappings on the command line need no answer.
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { parseArgs } = require('node:util');

const solc = require('solc');

// Writes FOLDER/NAME.bin for each contract of a file; imports are beside it.
function compile(args) {
  const flags = { bin: 'boolean', optimize: 'boolean', 'no-cbor-metadata': 'boolean', overwrite: 'boolean', 'evm-version': 'string', output: 'string' };
  const options = Object.fromEntries(Object.entries(flags).map(([name, type]) => [name, { type, ...(name === 'output' && { short: 'o' }) }]));
  const { values, positionals: [path] } = parseArgs({ args, options, allowPositionals: true });
  const file = basename(path);
  const load = (name) => ({ contents: readFileSync(join(dirname(path), name), 'utf8') });
  const settings = {
    optimizer: { enabled: values.optimize ?? false, runs: 200 },
    evmVersion: values['evm-version'],
    metadata: { appendCBOR: !values['no-cbor-metadata'] },
    outputSelection: { [file]: { '*': ['evm.bytecode.object'] } },
  };
  const input = { language: 'Solidity', sources: { [file]: { content: load(file).contents } }, settings };
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input), { import: load }));
  for (const problem of errors) console.error(problem.formattedMessage);
  if (errors.some((problem) => problem.severity === 'error')) process.exit(1);
  mkdirSync(values.output, { recursive: true });
  for (const [name, contract] of Object.entries(contracts[file])) writeFileSync(join(values.output, `${name}.bin`), contract.evm.bytecode.object);
}

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else if (process.argv.includes('--bin')) {
  compile(process.argv.slice(2));
} else {
  console.error(`solc: got ${JSON.stringify(process.argv.slice(2))}, expected --version, --standard-json or --bin`);
  process.exit(1);
}
