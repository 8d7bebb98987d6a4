    /// Returns if the proof is valid for the public values, and reverts otherwise.
    function verify(uint256[] calldata instances, bytes calldata proof) external view {
        if (instances.length != INSTANCE_COUNT) revert WrongInstanceCount(INSTANCE_COUNT, instances.length);
        if (proof.length != PROOF_BYTES) revert WrongLength(PROOF_BYTES, proof.length);
        if (msg.data.length != CALL_BYTES) revert WrongLength(CALL_BYTES, msg.data.length);
        uint256 values;
        uint256 words;
        assembly ("memory-safe") {
            values := instances.offset
            words := proof.offset
        }
        // Two words of arguments, then length and content of both.
        if (values != 100 || words != 132 + 32 * INSTANCE_COUNT) revert NotCanonical();
        _loadKey();
        _copy(values, words);
        if (!_wellFormed()) {
            _refuse();
            revert InvalidProof();
        }
        if (!_accumulate(1) || !_decide()) revert InvalidProof();
    }

    /// Leaves the key's words at KEY_MAGIC and after.
    function _loadKey() private pure {
        assembly {
{%- for word in key_words %}
            mstore({% if word.second %}add({{ word.name }}, 32){% else %}{{ word.name }}{% endif %}, {{ word.value }})
{%- endfor %}
        }
    }
