#!/usr/bin/env node
// Runs the forge that npm installed for this platform and passes its exit status on: the launcher that npm has for it leaves with 0 when tests fail.
const { spawnSync } = require('node:child_process');

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const binary = require.resolve(`@foundry-rs/forge-${process.platform}-${architecture}/bin/forge`);
const { status, error } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
if (error) console.error(`forge: ${error.message}`);
process.exit(status ?? 1);
