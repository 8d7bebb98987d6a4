// Compiles the contracts to artifacts/. The output depends on the sources and the pinned compiler alone:
// `node build.mjs && git diff --exit-code artifacts` reproduces what is committed.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const root = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(import.meta.url)('solc');

// No metadata: the bytecode must not depend on paths and comments.
const settings = {
  evmVersion: 'prague',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  optimizer: { enabled: true, runs: 200 },
};

function compile(folder, file) {
  const content = readFileSync(join(root, folder, file), 'utf8');
  const path = `${folder}/${file}`;
  const outputSelection = { [path]: { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } };
  const input = { language: 'Solidity', sources: { [path]: { content } }, settings: { ...settings, viaIR: folder !== 'generated', outputSelection } };
  const load = (imported) => ({ contents: readFileSync(join(root, imported.startsWith('@') ? 'node_modules' : '', imported), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: load }));
  // Warnings about a dependency's source are its authors'.
  const ours = (problem) => problem.severity === 'error' || !problem.sourceLocation?.file.startsWith('@');
  for (const problem of (output.errors ?? []).filter(ours)) {
    console.error(problem.formattedMessage);
    if (problem.severity === 'error') process.exit(1);
  }
  return { content, contracts: output.contracts[path] };
}

// `data` is what a constructor returns in place of code.
function write(name, folder, contract, belongsTo = {}, data = '') {
  const artifact = {
    name,
    compiler: solc.version(),
    ...belongsTo,
    deployed_bytes: data ? data.length / 2 : contract.evm.deployedBytecode.object.length / 2,
    abi: contract.abi,
    bytecode: contract.evm.bytecode.object,
  };
  writeFileSync(join(root, folder, `${name}.json`), JSON.stringify(artifact, null, 1) + '\n');
  console.log(`${folder}/${name}.json: ${artifact.deployed_bytes} bytes deployed`);
}

const sources = (folder) => readdirSync(join(root, folder)).filter((file) => file.endsWith('.sol')).sort();
const deployed = ['InferenceMarket.sol', 'ModelRegistry.sol', 'PrevRandaoBeacon.sol', 'Signatures.sol', 'VerifierRouter.sol'];

for (const [folder, files] of [['src/market', deployed], ['mocks', sources('mocks')]]) {
  for (const file of files) {
    const name = file.replace('.sol', '');
    write(name, 'artifacts', compile(folder, file).contracts[name]);
  }
}
for (const file of sources('generated').filter((file) => file !== 'IVerifier.sol')) {
  const { content, contracts } = compile('generated', file);
  const digest = (what) => content.match(new RegExp(`^// ${what}: ([0-9a-f]{64})$`, 'm'))?.[1];
  const belongsTo = {
    shape: digest('shape'), vk_digest: digest('verifying key'), graph_digest: digest('graph'), srs_digest: digest('srs'),
  };
  const name = ['Verifier', 'Key'].find((name) => contracts[name]);
  const data = name === 'Key' ? [...content.matchAll(/hex"([0-9a-f]+)"/g)].map((match) => match[1]).join('') : '';
  write(file.replace('.sol', ''), 'artifacts', contracts[name], belongsTo, data);
}
