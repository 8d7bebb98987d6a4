#!/usr/bin/env node
// Runs npm's forge and passes its exit status on: the package's own launcher leaves with 0 when tests fail.
const { spawnSync } = require('node:child_process');

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const binary = require.resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/forge`);
const { status, error } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
if (error) console.error(`forge: ${error.message}`);
process.exit(status ?? 1);
