    // ---- The decision ----

    /// Whether the sums of all proofs show that they are valid.
    function _decide() private view returns (bool) {
        (bool ran, bool valid) = _pair();
        if (!ran) revert PrecompileFailed();
        return valid;
    }

    /// Adds the key's commitments and the generator to SUM, and checks e(LEFT, [s]_2) = e(SUM, [1]_2). `ran` is false when a
    /// precompile failed: that is no verdict.
    function _pair() private view returns (bool ran, bool valid) {
        assembly {
            ran := 1
            let scalar := {{ first_scalar }}
            let point := {{ first_commitment }}
            for { let end := add(point, {{ 64 * key_points }}) } lt(point, end) { point := add(point, 64) } {
                mcopy(TERM, point, 64)
                mcopy(add(TERM, 64), scalar, 32)
                ran := and(ran, staticcall(gas(), 7, TERM, 96, TERM, 64))
                ran := and(ran, staticcall(gas(), 6, SUM, 128, SUM, 64))
                scalar := add(scalar, 32)
            }
            mstore(TERM, 1)
            mstore(add(TERM, 32), 2)
            mstore(add(TERM, 64), mload(GENERATOR_SCALAR))
            ran := and(ran, staticcall(gas(), 7, TERM, 96, TERM, 64))
            ran := and(ran, staticcall(gas(), 6, SUM, 128, SUM, 64))
            // [s]_2 and -[1]_2, imaginary parts first.
            mcopy(CALL, LEFT, 64)
            mcopy(add(CALL, 64), KEY_S_G2, 128)
            mcopy(add(CALL, 192), SUM, 64)
            mstore(add(CALL, 256), 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
            mstore(add(CALL, 288), 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
            mstore(add(CALL, 320), 0x275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec)
            mstore(add(CALL, 352), 0x1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d)
            ran := and(ran, staticcall(gas(), 8, CALL, 384, CALL, 32))
            // Where there is no such precompile, a call succeeds and returns nothing.
            ran := and(ran, eq(returndatasize(), 32))
            valid := eq(mload(CALL), 1)
        }
    }
