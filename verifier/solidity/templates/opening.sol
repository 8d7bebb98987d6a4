    // ---- The opening: SHPLONK (Boneh, Drake, Fisch, Gabizon 2020, section 4) ----

    /// Adds the proof's points, `factor` times, to SUM and LEFT; adds to the scalars of the key's commitments and of the
    /// generator. False only when a precompile fails.
    function _open(uint256 factor) private view returns (bool done) {
        assembly {
{% include "add_multiple.sol" %}
            let r := R
            let y := mload(OPEN_Y)
            let coefficient
            // Value at u of what is opened, less the remainders.
            let total := 0
            // factor v^s, for set s
            let power := factor
            done := 1
{%- for set in sets %}
            // {{ set.title }}
{%- if !loop.first %}
            power := mulmod(power, mload(OPEN_V), r)
{%- endif %}
            coefficient := {{ set.coefficient }}
{%- for basis in set.basis %}
            mstore({% if loop.first %}BASIS{% else %}add(BASIS, {{ 32 * loop.index0 }}){% endif %}, {{ basis }})
{%- endfor %}
{%- for term in set.terms %}
{%- match term %}
{%- when TermCode::Proof with { point, value, first } %}
{%- if *first %}
            switch factor
            case 1 { mcopy(SUM, {{ point }}, 64) }
            default { done := and(done, add_multiple(SUM, {{ point }}, coefficient)) }
{%- else %}
            done := and(done, add_multiple(SUM, {{ point }}, coefficient))
{%- endif %}
            total := addmod(total, mulmod(coefficient, {{ value }}, r), r)
            coefficient := mulmod(coefficient, y, r)
{%- when TermCode::Key with { scalar, value } %}
            mstore({{ scalar }}, addmod(mload({{ scalar }}), coefficient, r))
            total := addmod(total, mulmod(coefficient, {{ value }}, r), r)
            coefficient := mulmod(coefficient, y, r)
{%- when TermCode::Pieces with { points, value } %}
            {
                // The quotient's pieces, folded by x^n.
                let xn := mload(X_N)
                let scaled := coefficient
{%- for point in points %}
{%- if !loop.first %}
                scaled := mulmod(scaled, xn, r)
{%- endif %}
                done := and(done, add_multiple(SUM, {{ point }}, scaled))
{%- endfor %}
            }
            total := addmod(total, mulmod(coefficient, {{ value }}, r), r)
            coefficient := mulmod(coefficient, y, r)
{%- endmatch %}
{%- endfor %}
{%- endfor %}
            mstore(GENERATOR_SCALAR, addmod(mload(GENERATOR_SCALAR), sub(r, total), r))
            // The quotient over all sets, and the last point, which the pairing multiplies by s as well.
            done := and(done, add_multiple(SUM, OPENING_H, sub(r, mulmod(factor, {{ first_vanishing }}, r))))
            done := and(done, add_multiple(SUM, OPENING_Q, mulmod(factor, mload(OPEN_U), r)))
            switch factor
            case 1 { mcopy(LEFT, OPENING_Q, 64) }
            default { done := and(done, add_multiple(LEFT, OPENING_Q, factor)) }
        }
    }
