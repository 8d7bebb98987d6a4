// Compiles the contracts to artifacts/. The output depends on the sources and the pinned compiler alone:
// `node build.mjs && git diff --exit-code artifacts` reproduces what is committed.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const root = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(import.meta.url)('solc');

// No metadata: the bytecode must not depend on paths and comments.
const common = {
  evmVersion: 'prague',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};
const written = { ...common, viaIR: true, optimizer: { enabled: true, runs: 200 } };
// A generated verifier is one long block of assembly. The Yul optimiser overflows the stack on it or blows it up:
// 'u' keeps the code as it was written; the rest of the optimiser folds constants and shares code.
const generated = {
  ...common,
  viaIR: true,
  optimizer: { enabled: true, runs: 1, details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: 'u' } } },
};

function compile(folder, file, settings) {
  const content = readFileSync(join(root, folder, file), 'utf8');
  const input = { language: 'Solidity', sources: { [file]: { content } }, settings };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  for (const problem of output.errors ?? []) {
    console.error(problem.formattedMessage);
    if (problem.severity === 'error') process.exit(1);
  }
  return { content, contracts: output.contracts[file] };
}

function write(name, folder, contract, belongsTo = {}) {
  const artifact = {
    name,
    compiler: solc.version(),
    ...belongsTo,
    deployed_bytes: contract.evm.deployedBytecode.object.length / 2,
    abi: contract.abi,
    bytecode: contract.evm.bytecode.object,
  };
  writeFileSync(join(root, folder, `${name}.json`), JSON.stringify(artifact, null, 1) + '\n');
  console.log(`${folder}/${name}.json: ${artifact.deployed_bytes} bytes deployed`);
}

for (const [folder, target] of [['src', 'artifacts'], ['mocks', 'artifacts']]) {
  for (const file of readdirSync(join(root, folder)).filter((file) => file.endsWith('.sol')).sort()) {
    const name = file.replace('.sol', '');
    write(name, target, compile(folder, file, written).contracts[name]);
  }
}
for (const file of readdirSync(join(root, 'generated')).filter((file) => file.endsWith('.sol')).sort()) {
  const { content, contracts } = compile('generated', file, generated);
  const digest = (what) => content.match(new RegExp(`^// ${what}: ([0-9a-f]{64})$`, 'm'))[1];
  const belongsTo = { vk_digest: digest('verifying key'), graph_digest: digest('graph'), srs_digest: digest('srs') };
  write(file.replace('.sol', ''), 'artifacts', contracts.Halo2Verifier, belongsTo);
}
