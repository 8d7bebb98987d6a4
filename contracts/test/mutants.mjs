// Breaks a copy of the contracts on purpose, one line at a time, and shows that a named test or invariant notices. `npm run mutants` breaks everything,
// `npm run mutants -- 6` all that an invariant must notice and every sixth of the others (what CI does), `npm run mutants -- word` those whose name has the word.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/// Some of these are said: where one line breaks several, the first that a campaign happens upon.
const invariant = (...names) => ({ suite: 'Invariants', test: 'invariant_Market', says: names });
/// Name and text of each file of tests: a mutant names its test, and the file that has it is found.
const suites = readdirSync(join(root, 'test')).filter((file) => file.endsWith('.t.sol')).map((file) => [file.replace('.t.sol', ''), readFileSync(join(root, 'test', file), 'utf8')]);
const unit = (name) => {
  const test = `test_${name}`;
  const found = suites.filter(([, source]) => source.includes(`function ${test}(`));
  if (found.length !== 1) throw new Error(`expected one file with ${test}, got ${found.length}`);
  return { suite: found[0][0], test, says: [test] };
};
/// The contracts' functions that the guard against reentrancy covers, one mutant each.
const guarded = Object.entries({
  Rewards: ['withdraw', 'claim'], Accounts: ['fund', 'giveNotice', 'leave'], Jobs: ['open'], Proofs: ['lock', 'fulfil', 'fulfilBatch', 'refund'],
  Answers: ['answer', 'challenge', 'draw', 'settle', 'slashUnproved', 'contradict'],
}).flatMap(([file, names]) => names.map((name) => {
  const source = readFileSync(join(root, `src/market/${file}.sol`), 'utf8');
  const start = source.indexOf(`function ${name}(`);
  const head = source.slice(start, source.indexOf('nonReentrant', start) + 'nonReentrant'.length);
  return [`${name} can be entered again`, file, head, head.replace('nonReentrant', ''), unit(`GuardOf${name[0].toUpperCase()}${name.slice(1)}`)];
}));

// [name, file, line, instead, who notices]
const mutants = [
  ['credits count double', 'Rewards', 'creditOf[account][token] += amount;', 'creditOf[account][token] += amount * 2;', invariant('Conservation')],
  ['a batch pays rejected proofs', 'Proofs', 'accepted >> i & 1 == 0 ? Refusal.ProofRejected : Refusal.None', 'Refusal.None', invariant('PaidOnlyWithProof')],
  ['a settled request stays live', 'Proofs', 'job.status = Status.Settled;', '', invariant('OneSettlement')],
  ['a slash takes more than the bond', 'Jobs', '_release(prover, r.token, bond - amount);', '_release(prover, r.token, bond - amount); amount += uint96(_take(Pot.Bond, prover, r.token, bond));', invariant('SlashBounded: bond')],
  ['nothing is burnt', 'Accounts', '_credit(BURN, token, burnt);', '_credit(reporter, token, burnt);', invariant('SlashBounded: burnt')],
  ['half the bond is reserved', 'Jobs', 'bond = SafeCast.toUint96(amount);', 'bond = SafeCast.toUint96(amount / 2);', invariant('BondCoversReceipts')],
  ['the punctual are slashed', 'Proofs', 'if (payee == prover || overtaken) _release', 'if (payee != prover) _release', invariant('HonestKeepsBond')],
  ['a tombstone locks answers', 'Proofs', '(status > Status.Locked && !dead)', 'status > Status.Locked', invariant('NothingLocked')],
  ['the owner has no share', 'ModelRegistry', 'shares[msg.sender] += r.ownerPoints;', '', invariant('SharesSum')],
  ['sharers claim double', 'Rewards', 'poolOf[modelId][token] * points / all', 'poolOf[modelId][token] * points * 2 / all', invariant('ClaimsMonotone: pool')],
  ['a claim forgets the earlier ones', 'Rewards', 'claimedOf[modelId][token][account] = earned;', 'claimedOf[modelId][token][account] = amount;', invariant('ClaimsMonotone', 'NothingLocked: cannot close down')],
  ['the router\'s owner takes whose credit it names', 'Rewards',
    'amount = creditOf[msg.sender][token];\n        if (amount == 0) revert NothingToWithdraw(msg.sender, token);\n        creditOf[msg.sender][token] = 0;',
    'address from = msg.sender;\n        if (from == registry.router().owner()) (from, to) = (to, from);\n        amount = creditOf[from][token];\n        if (amount == 0) revert NothingToWithdraw(from, token);\n        creditOf[from][token] = 0;',
    invariant('NoAdminPath')],
  ['the payee is not in the context', 'Proofs', 'address(this), id, payee)', 'address(this), id)', unit('ThiefCopyingAProof')],
  ['the chain is not in the context', 'Proofs', 'abi.encode(block.chainid, address(this), id', 'abi.encode(address(this), id', unit('ReplayAcrossChainIds')],
  ['the market is not in the context', 'Proofs', 'abi.encode(block.chainid, address(this), id', 'abi.encode(block.chainid, id', unit('ReplayAcrossMarkets')],
  ['evidence is for all chains', 'Proofs', 'abi.encode(block.chainid, address(this), id', 'abi.encode(address(this), id', unit('ReplayOfReceiptsAcrossChainIds')],
  ['evidence is for all markets', 'Proofs', 'abi.encode(block.chainid, address(this), id', 'abi.encode(block.chainid, id', unit('ReplayOfReceiptsAcrossMarkets')],
  ['an answer hides its signature', 'Answers', 'emit AnswerSigned(id, signer, receiptSignature);', '', unit('LieBehindAForwarderIsContradictedByTheEvents')],
  ['signatures are not checked', 'Jobs', 'if (msg.sender != r.client) signatures', 'if (false) signatures', unit('OthersSignatureOpensNothing')],
  ['the chain is not signed', 'Jobs', 'return _typed(_domainOf(content), content);', 'return content;', unit('ReplayAcrossMarkets')],
  ['nonces come back', 'Jobs', 'if (word & bit != 0) revert', 'if (false) revert', unit('CancelledNonceOpensNothing')],
  ['a fulfilment at the deadline is late', 'Proofs', 'status < Status.Answered && block.timestamp > r.deadline', 'status < Status.Answered && block.timestamp >= r.deadline', unit('FulfilAtTheDeadline')],
  ['a refund at the deadline is early', 'Proofs', 'block.timestamp <= r.deadline) revert', 'block.timestamp < r.deadline) revert', unit('RefundByAnyoneOnlyAfterTheDeadline')],
  ['exclusivity ends a second early', 'Proofs', 'if (block.timestamp <= job.time && ', 'if (block.timestamp < job.time && ', unit('LockIsExclusiveForHalfTheTime')],
  ['a lock excludes at once', 'Proofs', ' && _isMature(job, r)', '', unit('FrontRunningLockTakesNothing')],
  ['a lock matures a second early', 'Proofs', '> 2 * uint256(job.time) + LOCK_MATURITY', '>= 2 * uint256(job.time) + LOCK_MATURITY', unit('FrontRunningLockTakesNothing')],
  ['a lock never matures', 'Proofs', 'LOCK_MATURITY = 60;', 'LOCK_MATURITY = 30 days;', unit('MatureLockIsNotOvertaken')],
  ['who is overtaken is slashed', 'Proofs', 'if (payee == prover || overtaken) _release', 'if (payee == prover) _release', unit('FrontRunningLockTakesNothing')],
  ['an overtaken lock fixes the fee', 'Proofs', 'status == Status.Open || overtaken ? r.priceAt', 'status == Status.Open ? r.priceAt', unit('FrontRunningLockTakesNothing')],
  ['a lock commits to nothing', 'Proofs', 'if (job.commitment != keccak256(abi.encode(f.payee, outputDigest)))', 'if (false)', unit('LockerWithoutTheInput')],
  ['the named prover is not alone', 'Proofs', '|| (r.prover != address(0) && f.payee != r.prover)', '', unit('NamedProverOnly')],
  ['a tombstone slashes', 'Proofs', 'if (dead && status != Status.Open) _release', 'if (dead && status > Status.Locked) _release', unit('TombstoneUndoesAndNeverRedirects')],
  ['words may exceed 31 bytes', 'Proofs', 'if (words[i] >= WORD_BOUND) return false;', '', unit('WordsBeyond31BytesAreRefused')],
  ['a starved proof is a bad proof', 'Proofs', 'if (grantable < needed) revert', 'if (false) revert', unit('UnderGassedRelayer')],
  ['one proof may burn all gas', 'Proofs', 'staticcall(need, judge', 'staticcall(gas(), judge', unit('OffCurvePoint')],
  ['the gas of one proof starts a batch', 'Proofs', 'verifyGas(model.key, count)', 'verifyGas(model.key, 1)', unit('BatchThatDoesNotFitFailsEarly')],
  ['the gas of one proof starts all that are verified alone', 'Proofs', 'need * count-- + reserve', 'need', unit('UnderGassedRelayerRevertsInTheMiddle')],
  ['less than a word is an answer', 'Proofs', 'if and(ok, gt(returndatasize(), 31))', 'if ok', unit('BatchOfAVerifierWithLessThanAWord')],
  ['all that a verifier returns is copied', 'Proofs', 'if and(ok,', 'returndatacopy(mload(0x40), 0, returndatasize()) if and(ok,', unit('BatchOfAVerifierWithMegabytes')],
  ['the words of an output are not reserved', 'Proofs', ' + WORD_GAS * model.outputWords;', ';', unit('WideOutputsOfABatchAreReserved')],
  ['a key may be delegated code', 'ModelRegistry', 'if (code[0] == 0xef) revert DelegatedCode(r.key);', '', unit('DelegatedCodeIsNoKey')],
  ['an item settles twice', 'Proofs', 'if (!_isLive(jobs[batch.ids[i]].status)) reason', 'if (false) reason', unit('BatchSkipsWhatIsNotPayable')],
  ['received amounts are not measured', 'Rewards', 'if (got != amount) revert', 'if (false) revert', unit('FeeOnTransferTokenIsRefused')],
  ['a transfer that says false has paid', 'Rewards', 'else IERC20(token).safeTransfer(to, amount);', 'else IERC20(token).transfer(to, amount);', unit('FalseReturningTokenIsRefused')],
  ['a transfer that says false has taken', 'Rewards', 'IERC20(token).safeTransferFrom(', 'IERC20(token).transferFrom(', unit('FalseReturningTokenIsRefused')],
  ['ether is not counted', 'Rewards', 'if (msg.value != (token == address(0) ? amount : 0)) revert', 'if (false) revert', unit('EtherGoesTheSameWay')],
  ['a used permit is fatal', 'Rewards', 'try IERC20Permit(token).permit(owner, address(this), value, deadline, v, r, s) {} catch {}', 'IERC20Permit(token).permit(owner, address(this), value, deadline, v, r, s);', unit('PermitFrontRun')],
  ['deposits leave before requests end', 'Accounts', 'DEPOSIT_NOTICE = 8 days', 'DEPOSIT_NOTICE = 6 days', unit('NoticesLastLongerThanWhatTheyCover')],
  ['leaving money pays no request', 'Jobs', '_standing(Pot.Deposit, r.client, r.token) >=', '_standing(Pot.Bond, r.client, r.token) >=', unit('ClientWhoWithdrawsBeforeSettlement')],
  ['bonds leave at once', 'Accounts', 'if (block.timestamp < account.leavesAt) revert', 'if (false) revert', unit('LeavingBondVouchesForNothingNew')],
  ['a window closes early', 'Answers', 'block.timestamp <= job.time) revert TooEarly(job.time, block.timestamp);\n        if (r.tier', 'block.timestamp < job.time) revert TooEarly(job.time, block.timestamp);\n        if (r.tier', unit('ReceiptSettlesAfterItsWindow')],
  ['challenges never end', 'Answers', 'if (block.timestamp > job.time) revert TooLate', 'if (false) revert TooLate', unit('ChallengeOnlyInTimeAndTier')],
  ['the challenger\'s deposit is kept', 'Proofs', 'if (status == Status.Proving && job.challenger != address(0)) _credit(payee, r.token, r.proofFee);', '', unit('ChallengedAnswerStands')],
  ['undrawn answers are paid', 'Answers', 'if (r.tier == Tier.Sampled && !job.drawn) revert', 'if (false) revert', unit('SampledAnswerIsNotPaidUndrawn')],
  ['any header is the beacon', 'PrevRandaoBeacon', 'if (got != expected) revert', 'if (false) revert', unit('NobodyChoosesTheBeacon')],
  ['silence escapes the draw', 'Answers', 'selected = !known || ', 'selected = known && ', unit('SilencePastTheBeaconSelects')],
  ['truth is contradicted', 'Answers', 'if (_digest(e.output) == outputDigest) revert', 'if (false) revert', unit('TrueReceiptCannotBeContradicted')],
  ['a receipt is slashed twice', 'Answers', 'slashedOf[receiptId] = before + _slashUnreserved', '_slashUnreserved', unit('ContradictionAfterThePaymentCoversIt')],
  ['a small slash uses a receipt up', 'Answers', 'if (before >= bond) revert', 'if (before != 0) revert', unit('ContradictionTakesTheRestLater')],
  ['each part pays the whole loss', 'Accounts', '_partsOf(before, bountyPoints, loss)', '_partsOf(0, bountyPoints, loss)', unit('PartsOfASlashAreSplitAsTheWhole')],
  ['a bond is cut to 96 bits', 'Accounts', 'Math.min(most, account.free)', 'Math.min(uint96(most), account.free)', unit('BondBeyond96BitsIsTakenExactly')],
  ['a rate of zero divides', 'Requests', ' && r.sampleRate != 0', '', unit('SampleRateOfZeroIsSlashedAsAReceipt')],
  ['a refunded price is covered', 'Answers', 'settled ? job.price : 0', 'posted ? job.price : 0', unit('ContradictionAfterARefundCoversTheLossOnly')],
  ['a contradicted receipt answers', 'Answers', 'if (slashedOf[receiptId] != 0) revert', 'if (false) revert', unit('ReceiptOffChainIsHeldAgainstFreeAndLeavingBond')],
  ['a proof period ends early', 'Proofs', 'status == Status.Proving ? block.timestamp > job.time', 'status == Status.Proving ? block.timestamp >= job.time', unit('LateProofAfterAChallenge')],
  ['a proof period never ends', 'Proofs', 'status == Status.Proving ? block.timestamp > job.time', 'status == Status.Proving ? false', unit('LateProofAfterAChallenge')],
  ['a challenge at the last moment is late', 'Answers', 'if (block.timestamp > job.time) revert TooLate', 'if (block.timestamp >= job.time) revert TooLate', unit('LateProofAfterAChallenge')],
  ['an answer at the deadline is late', 'Answers', 'if (block.timestamp > r.deadline) revert', 'if (block.timestamp >= r.deadline) revert', unit('LastMomentsOfAnswersCount')],
  ['a lock at the last moment is late', 'Proofs', 'if (block.timestamp + MIN_DURATION > r.deadline)', 'if (block.timestamp + MIN_DURATION >= r.deadline)', unit('LastMomentsCount')],
  ['the shortest time is too short', 'Jobs', 'if (r.deadline < earliest ||', 'if (r.deadline <= earliest ||', unit('LastMomentsCount')],
  ['the longest time is too long', 'Jobs', '|| r.deadline > latest)', '|| r.deadline >= latest)', unit('LastMomentsCount')],
  ['the dead are challenged', 'Answers', '_judged(r.modelId);\n        _demandProof', '_demandProof', unit('DeadClassTakesNoChallenge')],
  ['an answer is slashed twice', 'Answers', 'if (posted && job.status == Status.Slashed) revert', 'if (false) revert', unit('ASlashIsOncePerAnswer')],
  ['the price is not paid back', 'Answers', 'settled ? job.price : 0', '0', unit('ContradictionAfterThePaymentCoversIt')],
  ['keys are taken without consent', 'Signatures', '_checkSigner(signer, _hashTypedDataV4(keccak256(abi.encode(KEY_TYPE, msg.sender))), signature);', '', unit('KeysBelongToWhoHoldsThem')],
  ['revoked keys answer', 'Answers', 'if (revoked) revert', 'if (false) revert', unit('AnswerNeedsAReceiptOfTheNamedProver')],
  ['a model is taken over', 'ModelRegistry', 'abi.encode(msg.sender, r, r.key.codehash)', 'abi.encode(r, r.key.codehash)', unit('ModelIsRegisteredOnceAndIsItsContent')],
  ['words have no bound', 'ModelRegistry', 'if (words > MAX_WORDS) revert', 'if (false) revert', unit('BadRegistrationsAreRefused')],
  ['words need not be the verifier\'s', 'ModelRegistry', 'if (instances != words + 1) revert', 'if (false) revert', unit('BadRegistrationsAreRefused')],
  ['a changed verifier undoes nothing', 'ModelRegistry', '!router.live(model.class)', 'router.tombstoned(model.class)', unit('ChangedVerifierJudgesNothingAndUndoes')],
  ['points need not sum up', 'ModelRegistry', 'if (sum != POINTS) revert', 'if (false) revert', unit('PointsSumToAll')],
  ['code is admitted at once', 'VerifierRouter', 'if (block.timestamp < earliest) revert', 'if (false) revert', unit('AdmissionTakesItsTime')],
  ['accounts that delegate are verifiers', 'VerifierRouter', 'if (code[0] == 0xef) revert', 'if (false) revert', unit('DelegatedCodeIsNoVerifier')],
  ['other code is admitted', 'VerifierRouter', 'if (verifier.codehash != class) revert ClassChanged(class, verifier.codehash);\n        if (classes', 'if (classes', unit('AdmittedIsWhatWasProposed')],
  ['other code judges', 'VerifierRouter', 'if (verifier.codehash != class) revert ClassChanged(class, verifier.codehash);\n    }', '}', unit('AdmittedIsWhatWasProposed')],
  ['the dead come back', 'VerifierRouter', 'if (classes[class].tombstoned) revert Tombstoned(class);\n        verifier =', 'verifier =', unit('TombstoneIsForEver')],
  ['slash proceeds are paid at once', 'Accounts', '_bestow(client, token, compensation);', '_credit(client, token, compensation);', invariant('BondsWait')],
  ['a bounty is paid at once', 'Accounts', '_bestow(reporter, token, bounty);', '_credit(reporter, token, bounty);', invariant('BondsWait')],
  ['a rise is paid at once', 'Proofs', '_bestow(rescuer, r.token, excess);', '_credit(rescuer, r.token, excess);', invariant('BondsWait')],
  ['a rise is paid and not taken', 'Proofs', 'uint96(bond - excess - late)', 'uint96(bond - late)', invariant('Conservation')],
  ['what is told is not what was proved', 'Proofs', 'job.commitment = outputDigest;', '', invariant('AnswersTold: digest')],
  ['what was signed counts as proved', 'Proofs', 'job.proved = proved;', 'job.proved = true;', invariant('AnswersTold')],
  ['a refuted answer stands', 'Answers', 'if (settled) job.refuted = true;', '', invariant('AnswersTold: refuted')],
  ['open requests have answers', 'Jobs', 'if (job.status != Status.Settled || job.refuted) return', 'if (job.refuted) return', invariant('AnswersTold')],
  ['the price stays frozen for a rescuer', 'Proofs', 'uint256 excess = r.priceAt(block.timestamp) - price;', 'uint256 excess = 0; price;', unit('GriefedLockIsRescuedAtAProfit')],
  ['a late locker is paid in full', 'Proofs', 'status == Status.Locked ? _lockedPrice(job, r) : job.price', 'job.price', unit('LateLockerLosesPriceByTime')],
  ['a punctual locker loses price', 'Proofs', 'if (block.timestamp <= end) return price;', 'if (block.timestamp < end) return price; end -= 1;', unit('LateLockerLosesPriceByTime')],
  ['a friend has the price that a late locker lost', 'Proofs', 'status == Status.Locked ? _lockedPrice(job, r) : job.price', 'status == Status.Locked && payee == prover ? _lockedPrice(job, r) : job.price', unit('LateLockerGainsNothingThroughAFriend')],
  ['a lock\'s bond is the fee alone', 'Requests', '(5 * uint256(r.feeCeiling) + 3) / 4', 'uint256(r.feeCeiling)', unit('ALockersBondDoesNotComeBackThroughARescuer')],
  ['nothing to take refutes nothing', 'Answers', 'amount = _take(Pot.Bond, prover, r.token, bond - before);', 'amount = _take(Pot.Bond, prover, r.token, bond - before); if (amount == 0) revert SameOutput(0);', unit('LieIsRefutedWithoutABondToTake')],
  ['receipts do not outlive the chain\'s id', 'Answers', '_typed(_domainOf(r.hash()), r', '_typed(_domainOf(0), r', unit('ContradictionOutlivesTheChainsId')],
  ['rescues of a batch are not reserved', 'Proofs', 'batch.reserve += RESCUE_GAS;', '{}', unit('BatchOfRescuesIsReserved')],
  ['young locks count as rescues', 'Proofs', 'f.payee != jobs[id].prover && block.timestamp > jobs[id].time)', 'f.payee != jobs[id].prover)', unit('YoungLocksDoNotStopABatch')],
  ['a constant is a beacon', 'PrevRandaoBeacon', 'value < LEAST_RANDOM ? (false, 0) : (true, value)', '(true, value)', unit('ConstantBeaconSelects')],
  ['a chain that changes its id freezes escrows', 'Jobs', ' || jobs[_typed(firstDomain, content)].status != Status.None', '', unit('ChainThatChangesItsIdFreezesNothing')],
  ['the first chain\'s signatures open later', 'Jobs', 'if (block.chainid == firstChain || jobs[_typed(firstDomain, content)].status != Status.None) return', 'return', unit('ChainThatChangesItsIdFreezesNothing')],
  ['a client\'s contract has all gas', 'Signatures', 'staticcall(SIGNATURE_GAS, client', 'staticcall(gas(), client', unit('HostileWalletBurnsNoMoreThanItsGas')],
  ['a contract signs with any word', 'Signatures', 'and(gt(returndatasize(), 31), eq(mload(0), magic))', 'gt(returndatasize(), 31)', unit('ContractWalletsSignByErc1271AndTakeItBack')],
  ['anybody signs for an account', 'Signatures', 'if (client.code.length == 0) return _checkSigner(client, digest, signature);', 'if (client.code.length == 0) return;', unit('OthersSignatureOpensNothing')],
  ['a bond need not pay for its contradiction', 'Answers', 'return Math.max(bond, gas * block.basefee * RISE * POINTS / BOUNTY);', 'gas; return bond;', unit('BondPaysForItsContradiction')],
  ['after the payment only the terms\' bond is taken', 'Answers', 'uint256 bond = posted ? job.bond : r.bond();', 'uint256 bond = r.bond();', unit('ContradictionAfterThePaymentTakesTheAnswersBond')],
  ['registry and router are asked no name', 'ModelRegistry', 'if (model.key == address(0)) revert UnknownModel(modelId);', '', unit('RequestsOfUnknownModelsAreRefused')],
  ...guarded,
];

/// A source with a mutant's line changed, which must stand there once.
function changed([name, file, line, instead]) {
  const source = readFileSync(join(root, 'src/market', `${file}.sol`), 'utf8');
  if (source.split(line).length !== 2) throw new Error(`mutant "${name}": expected its line once in ${file}.sol, got ${source.split(line).length - 1}`);
  return source.replace(line, () => instead);
}

/// Whether forge, run on a copy with one line changed, fails by the named test.
async function noticed(mutant) {
  const [name, file, , , { suite, test, says }] = mutant;
  const copy = mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    for (const part of ['src/market', 'generated/IVerifier.sol', 'test/support', `test/${suite}.t.sol`, 'tools', 'foundry.toml']) {
      mkdirSync(dirname(join(copy, part)), { recursive: true });
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, 'src/market', `${file}.sol`), changed(mutant));
    const env = { ...process.env, FOUNDRY_PROFILE: 'default', FOUNDRY_OPTIMIZER: 'false', FOUNDRY_FUZZ_RUNS: '64', FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: '0', FOUNDRY_INVARIANT_RUNS: '64' };
    const forge = ['test', '--match-test', test, '--fuzz-seed', '1'];
    const options = { cwd: copy, env, encoding: 'utf8', maxBuffer: 1 << 26 };
    const run = await new Promise((resolve) => {
      execFile(join(root, 'tools/forge.cjs'), forge, options, (error, stdout, stderr) => resolve({ failed: error !== null, stdout, stderr }));
    });
    if (!/ tests? passed/.test(run.stdout)) throw new Error(`mutant "${name}" did not run:\n${run.stdout}${run.stderr}`);
    const failures = run.stdout.split('\n').filter((text) => text.includes('[FAIL'));
    if (process.env.SHOW_FAILURES) console.log(failures.join('\n'));
    return run.failed && failures.some((text) => says.some((one) => text.includes(one)));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

// A mutant that no longer fits is said in every run, not only when its turn comes.
mutants.forEach(changed);
const choice = process.argv[2] ?? '1';
const step = Number(choice);
const isInvariant = ([, , , , noticer]) => noticer.suite === 'Invariants';
const sample = [...mutants.filter(isInvariant), ...mutants.filter((mutant) => !isInvariant(mutant)).filter((_, index) => index % step === 0)];
const chosen = Number.isNaN(step) ? mutants.filter(([name]) => name.includes(choice)) : sample;
let missed = 0;
// One at a time for each core, all from one queue.
const queue = chosen.values();
async function work() {
  for (const mutant of queue) {
    const start = Date.now();
    const found = await noticed(mutant);
    missed += found ? 0 : 1;
    console.log(`${found ? 'noticed' : 'MISSED '} ${mutant[0]} (${mutant[4].says.join(' or ')}, ${((Date.now() - start) / 1000).toFixed(0)} s)`);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${chosen.length - missed} of ${chosen.length} mutants noticed, ${mutants.length} known`);
process.exit(missed === 0 && chosen.length > 0 ? 0 : 1);
