    /// Number of public values of every proof of a key.
    function instanceCount(address key) external view returns (uint256) {
        return _readKey(key, HEADER_BYTES);
    }

    /// The most gas that a call takes with this key: of `verify` for one proof, of `verifyBatch` for as many valid ones.
    function verifyGas(address key, uint256 proofs) public view returns (uint256) {
        uint256 count = _readKey(key, HEADER_BYTES);
        uint256 memoryWords = MEMORY_WORDS + count;
        uint256 memoryGas = 3 * memoryWords + memoryWords * memoryWords / 512;
        return SHARED_GAS + (memoryGas * {{ bounds.tenths }} + 9) / 10 + proofs * (PROOF_GAS + INSTANCE_GAS * count);
    }

    /// Returns if the proof is valid for the key and the public values, and reverts otherwise.
    function verify(address key, uint256[] calldata instances, bytes calldata proof) external view {
        uint256 count = _readKey(key, KEY_BYTES - 1);
        if (instances.length != count) revert WrongInstanceCount(count, instances.length);
        if (proof.length != PROOF_BYTES) revert WrongLength(PROOF_BYTES, proof.length);
        if (msg.data.length != CALL_BYTES + 32 * count) revert WrongLength(CALL_BYTES + 32 * count, msg.data.length);
        uint256 values;
        uint256 words;
        assembly ("memory-safe") {
            values := instances.offset
            words := proof.offset
        }
        // Three words of arguments, then length and content of both.
        if (values != 132 || words != 164 + 32 * count) revert NotCanonical();
        _copy(values, words);
        if (!_wellFormed()) {
            _refuse();
            revert InvalidProof();
        }
        if (!_accumulate(1) || !_decide()) revert InvalidProof();
    }

    /// Decides up to 32 proofs of one key together; bit i of `accepted` is set when proof i is valid.
    function verifyBatch(address key, uint256[][] calldata instances, bytes[] calldata proofs)
        external
        view
        returns (uint256 accepted)
    {
        uint256 count = proofs.length;
        if (count > MOST_PROOFS || instances.length != count) {
            revert WrongProofCount(MOST_PROOFS, instances.length, count);
        }
        _readKey(key, KEY_BYTES - 1);
        (uint256 candidates, uint256 seed) = _screen(instances, proofs);
        bool first = true;
        for (uint256 i = 0; i < count; ++i) {
            if (candidates >> i & 1 == 0) continue;
            _copyItem(instances[i], proofs[i]);
            // One of the numbers may be 1; the others are hashes of everything that is decided.
            if (_accumulate(first ? 1 : _factor(seed, i))) first = false;
            else candidates ^= 1 << i;
        }
        if (candidates == 0 || _decide()) return candidates;
        if (candidates & (candidates - 1) == 0) return 0;
        for (uint256 i = 0; i < count; ++i) {
            if (candidates >> i & 1 == 1 && _decideOne(key, instances[i], proofs[i])) accepted |= 1 << i;
        }
    }

    /// Which proofs are well formed, and a hash of the key and all of these with their public values.
    function _screen(uint256[][] calldata instances, bytes[] calldata proofs)
        private
        pure
        returns (uint256 candidates, uint256 seed)
    {
        assembly ("memory-safe") {
            seed := mload(KEY_REPRESENTATIVE)
        }
        uint256 count = _word(KEY_INSTANCES);
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (instances[i].length != count || proofs[i].length != PROOF_BYTES) continue;
            _copyItem(instances[i], proofs[i]);
            if (!_wellFormed()) continue;
            candidates |= 1 << i;
            assembly ("memory-safe") {
                // Both are as long for every proof of the key. The states between the proof's words have not been written yet.
                mstore(0x00, seed)
                mstore(0x20, keccak256(INSTANCES, shl(5, count)))
                mstore(0x00, keccak256(0x00, 0x40))
                mstore(0x20, keccak256({{ proof_start }}, {{ placed_bytes }}))
                seed := keccak256(0x00, 0x40)
            }
        }
    }

    function _copyItem(uint256[] calldata instances, bytes calldata proof) private pure {
        uint256 values;
        uint256 words;
        assembly ("memory-safe") {
            values := instances.offset
            words := proof.offset
        }
        _copy(values, words);
    }

    /// What the i-th proof of a batch is multiplied by.
    function _factor(uint256 seed, uint256 i) private pure returns (uint256 factor) {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, i)
            factor := mod(keccak256(0x00, 0x40), R)
        }
    }

    /// Decides one well-formed proof of a batch by itself. `InvalidProof` is the only verdict against it: a call that ends in another way
    /// says nothing about the proof, and the batch ends with it.
    function _decideOne(address key, uint256[] calldata instances, bytes calldata proof) private view returns (bool) {
        // Read again: calls of Solidity's have been written over the key. Nothing in memory is used any more.
        uint256 need = verifyGas(key, 1);
        // A call gets at most 63/64 of the gas.
        uint256 left = gasleft() - gasleft() / 64;
        if (left < need) revert NotEnoughGas(need, left);
        try this.verify(key, instances, proof) {
            return true;
        } catch (bytes memory reason) {
            if (bytes4(reason) == InvalidProof.selector) return false;
            // Nothing is said where the gas ran out.
            if (reason.length == 0) revert NotEnoughGas(need, left);
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// Leaves the first `size` bytes of the key's words at KEY_MAGIC and after, the header among them. Returns the number of public values.
    function _readKey(address key, uint256 size) private view returns (uint256 count) {
        bytes32 magic;
        bytes32 shape;
        bool usable;
        if (key.code.length != KEY_BYTES) revert NotAKey(key);
        assembly {
            mstore(0x00, 0)
            extcodecopy(key, 0x00, 0, 1)
            // The first byte is STOP: a key does nothing when it is called.
            usable := iszero(mload(0x00))
            extcodecopy(key, KEY_MAGIC, 1, size)
            magic := mload(KEY_MAGIC)
            shape := mload(KEY_SHAPE)
            count := mload(KEY_INSTANCES)
            usable := and(usable, lt(count, INSTANCES_BOUND))
            // Zeros are infinity to the pairing, the [s]_2 of the secret 0: no SRS. Whatever else is no point of the group makes the pairing fail.
            let s := or(mload(KEY_S_G2), mload(KEY_S_G2_X))
            s := or(s, or(mload(KEY_S_G2_Y_IMAGINARY), mload(KEY_S_G2_Y)))
            usable := and(usable, gt(s, 0))
        }
        if (!usable || magic != MAGIC) revert NotAKey(key);
        if (shape != SHAPE) revert WrongShape(SHAPE, shape);
    }
