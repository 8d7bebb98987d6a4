            // Adds scalar times the point at `point` to the sum at `sum`, behind which a term has room.
            function add_multiple(sum, point, scalar) -> ok {
                let term := add(sum, 64)
                mcopy(term, point, 64)
                mstore(add(sum, 128), scalar)
                ok := staticcall(gas(), 7, term, 96, term, 64)
                ok := and(ok, staticcall(gas(), 6, sum, 128, sum, 64))
            }
