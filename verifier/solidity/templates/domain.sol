    // ---- The domain: Lagrange polynomials, public values, and everything that is inverted ----

    /// Leaves {% if groups.is_empty() %}x^n, {% endif %}the points of the openings, the inverses, the Lagrange values and the column of public values at x.
    /// False when a number to be inverted is zero: x lies in the domain, or u is a point of the openings.
    /// `ran` is false when the precompile failed: that is no verdict.
    function _invert() private view returns (bool ran, bool done) {
        assembly {
            // numerator / denominator = sum of value_i root_i / (x - root_i), over the rows of the public values.
            function interpolate(x, root, omega) -> numerator, denominator {
                let r := R
                denominator := 1
                let end := add(INSTANCES, shl(5, mload(KEY_INSTANCES)))
                for { let at := INSTANCES } lt(at, end) { at := add(at, 32) } {
                    let difference := add(x, sub(r, root))
                    let term := mulmod(mulmod(mload(at), root, r), denominator, r)
                    numerator := addmod(mulmod(numerator, difference, r), term, r)
                    denominator := mulmod(denominator, difference, r)
                    root := mulmod(root, omega, r)
                }
            }
            let r := R
            let x := mload(X)
            let xn := x
            for { let k := mload(KEY_K) } k { k := sub(k, 1) } { xn := mulmod(xn, xn, r) }
{%- if groups.is_empty() %}
            mstore(X_N, xn)
{%- endif %}
            {
{%- if width > 1 %}
                // The points of the openings, and u^{{ width }} less each.
                let u := 1
                let square := mload(OPEN_U)
                for { let m := {{ width }} } m { m := shr(1, m) } {
                    if and(m, 1) { u := mulmod(u, square, r) }
                    square := mulmod(square, square, r)
                }
{%- else %}
                // The points of the openings, and u less each.
                let u := mload(OPEN_U)
{%- endif %}
{%- for point in layout.points %}
{%- match point.root %}{% when Some with (root) %}
                mstore({{ point.at }}, mulmod(x, mload({{ root }}), r))
{%- when None %}{% endmatch %}
                mstore({{ point.gap }}, addmod(u, sub(r, mload({{ point.at }})), r))
{%- endfor %}
            }
            let last := mload({{ last_root }})
            // blinding / blind = sum of root_i / (x - root_i) over the {{ blinding_rows }} rows behind the last usable one.
            let blinding := 0
            let blind := 1
            {
                let omega := mload(ROOT_NEXT)
                let root := last
                for { let i := 0 } lt(i, {{ blinding_rows }}) { i := add(i, 1) } {
                    root := mulmod(root, omega, r)
                    let difference := add(x, sub(r, root))
                    blinding := addmod(mulmod(blinding, difference, r), mulmod(root, blind, r), r)
                    blind := mulmod(blind, difference, r)
                }
            }
{%- for query in layout.instance_queries %}
            {
                let numerator, denominator := interpolate(x, {% match query.root %}{% when Some with (root) %}mload({{ root }}){% when None %}1{% endmatch %}, mload(ROOT_NEXT))
                mstore({{ query.value }}, numerator)
                mstore({{ query.inverse }}, denominator)
            }
{%- endfor %}
{%- for denominator in layout.denominators %}{% if !denominator.expression.is_empty() %}
            mstore({{ denominator.name }}, {{ denominator.expression }})
{%- endif %}{% endfor %}
            {
                // All inverses at once: the inverse of the product, by Fermat, and back through the products before.
                let product := mload(INVERSE_VANISHING)
{%- for step in inverses %}
                mstore({{ step.prefix }}, product)
                product := mulmod(product, mload({{ step.name }}), r)
{%- endfor %}
                mstore(CALL, 32)
                mstore(add(CALL, 32), 32)
                mstore(add(CALL, 64), 32)
                mstore(add(CALL, 96), product)
                mstore(add(CALL, 128), sub(r, 2))
                mstore(add(CALL, 160), r)
                done := gt(product, 0)
                ran := staticcall(gas(), 5, CALL, 192, CALL, 32)
                ran := and(ran, eq(returndatasize(), 32))
                let inverse := mload(CALL)
                let denominator
{%- for step in inverses.iter().rev() %}
                denominator := mload({{ step.name }})
                mstore({{ step.name }}, mulmod(inverse, mload({{ step.prefix }}), r))
                inverse := mulmod(inverse, denominator, r)
{%- endfor %}
                mstore(INVERSE_VANISHING, inverse)
            }
            {
                // (x^n - 1) / n is a factor of all Lagrange polynomials.
                let scale := mulmod(addmod(xn, sub(r, 1), r), mload(KEY_ROWS_INVERSE), r)
                mstore(LAGRANGE_FIRST, mulmod(scale, mload(INVERSE_FIRST), r))
                let end := mulmod(scale, mulmod(last, mload(INVERSE_LAST), r), r)
                mstore(LAGRANGE_LAST, end)
                let rest := mulmod(scale, mulmod(blinding, mload(INVERSE_BLIND), r), r)
                mstore(USABLE, addmod(1, sub(shl(1, r), add(end, rest)), r))
{%- for query in layout.instance_queries %}
                mstore({{ query.value }}, mulmod(scale, mulmod(mload({{ query.value }}), mload({{ query.inverse }}), r), r))
{%- endfor %}
            }
        }
    }
