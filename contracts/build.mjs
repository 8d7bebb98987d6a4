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
const generated = sources('generated').filter((file) => file !== 'IVerifier.sol').map((file) => ({ file, ...compile('generated', file) }));
const digest = (content, what) => content.match(new RegExp(`^// ${what}: ([0-9a-f]{64})$`, 'm'))?.[1];
// Which verifier reads the keys of a shape.
const verifiers = new Map(generated.filter(({ contracts }) => contracts.Verifier)
  .map(({ file, content }) => [digest(content, 'shape'), file.replace('.sol', '')]));
for (const { file, content, contracts } of generated) {
  const of = (what) => digest(content, what);
  const belongsTo = { shape: of('shape'), vk_digest: of('verifying key'), graph_digest: of('graph'), srs_digest: of('srs') };
  const name = ['Verifier', 'Key'].find((name) => contracts[name]);
  if (name === 'Key') {
    belongsTo.verifier = verifiers.get(belongsTo.shape);
    if (belongsTo.verifier === undefined) throw new Error(`no verifier reads ${file}`);
  }
  const data = name === 'Key' ? [...content.matchAll(/hex"([0-9a-f]+)"/g)].map((match) => match[1]).join('') : '';
  write(file.replace('.sol', ''), 'artifacts', contracts[name], belongsTo, data);
}
