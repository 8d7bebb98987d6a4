    // ---- Reading: public values and proof, each word checked before any precompile sees it ----

    /// Leaves the public values and the proof's words where the transcript wants them.
    function _copy(uint256 instances, uint256 proof) private pure {
        assembly {
            mstore(STATE_REPRESENTATIVE, mload(KEY_REPRESENTATIVE))
            calldatacopy(INSTANCES, instances, shl(5, mload(KEY_INSTANCES)))
{%- for copy in copies %}
            calldatacopy({{ copy.name }}, add(proof, {{ copy.offset }}), {{ copy.bytes }})
{%- endfor %}
        }
    }

    /// Whether all scalars are below the modulus, and all points on the curve and not at infinity.
    function _wellFormed() private pure returns (bool) {
        uint256 bad;
        assembly ("memory-safe") {
            function scalars(at, end) -> large {
                let greatest := sub(R, 1)
                // One by one until a multiple of four is left, then four at a time.
                for {} and(sub(end, at), 0x7f) { at := add(at, 32) } { large := or(large, gt(mload(at), greatest)) }
                for {} lt(at, end) { at := add(at, 128) } {
                    let two := or(gt(mload(at), greatest), gt(mload(add(at, 32)), greatest))
                    let more := or(gt(mload(add(at, 64)), greatest), gt(mload(add(at, 96)), greatest))
                    large := or(large, or(two, more))
                }
            }
            function points(at, end) -> off {
                let p := P
                for {} lt(at, end) { at := add(at, 64) } {
                    let x := mload(at)
                    let y := mload(add(at, 32))
                    let on := eq(mulmod(y, y, p), addmod(mulmod(x, mulmod(x, x, p), p), 3, p))
                    // (0, 0) is not on the curve, so that infinity needs no check of its own.
                    off := or(off, iszero(and(on, and(lt(x, p), lt(y, p)))))
                }
            }
            bad := scalars(INSTANCES, add(INSTANCES, shl(5, mload(KEY_INSTANCES))))
{%- for run in scalar_runs %}
            bad := or(bad, scalars({{ run.name }}, add({{ run.name }}, {{ 32 * run.words }})))
{%- endfor %}
{%- for run in point_runs %}
            bad := or(bad, points({{ run.name }}, add({{ run.name }}, {{ 32 * run.words }})))
{%- endfor %}
        }
        return bad == 0;
    }

    /// Reverts with the first word that is not well formed.
    function _refuse() private pure {
        uint256 value;
        uint256 count = _word(KEY_INSTANCES);
        for (uint256 i = 0; i < count; ++i) {
            value = _word(INSTANCES + 32 * i);
            if (value >= R) revert InstanceTooLarge(i, value);
        }
        uint256 index;
{%- for run in point_runs %}
        index = _refusePoints(index, {{ run.name }}, {{ run.words / 2 }});
{%- endfor %}
        index = 0;
{%- for run in scalar_runs %}
        for (uint256 i = 0; i < {{ run.words }}; ++i) {
            value = _word({{ run.name }} + 32 * i);
            if (value >= R) revert ScalarTooLarge(index + i, value);
        }
        index += {{ run.words }};
{%- endfor %}
    }

    /// Reverts if one of `count` points is not on the curve; the first is number `index`. Returns the next number.
    function _refusePoints(uint256 index, uint256 at, uint256 count) private pure returns (uint256) {
        for (uint256 i = 0; i < count; ++i) {
            uint256 x = _word(at + 64 * i);
            uint256 y = _word(at + 64 * i + 32);
            bool on = mulmod(y, y, P) == addmod(mulmod(x, mulmod(x, x, P), P), 3, P);
            if (!on || x >= P || y >= P) revert NotOnCurve(index + i);
        }
        return index + count;
    }

    function _word(uint256 at) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(at)
        }
    }
