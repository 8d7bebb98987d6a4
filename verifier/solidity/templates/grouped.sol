    // ---- The opening: grouped commitments (Gabizon, Williamson, ePrint 2021/1167, over SHPLONK's quotients) ----

    /// Adds the proof's points, `factor` times, to SUM and LEFT; adds to the scalars of the key's commitments and of the
    /// generator. False only when a precompile fails.
    function _open(uint256 factor) private view returns (bool done) {
        assembly {
{% include "add_multiple.sol" %}
            let r := R
            let u := mload(OPEN_U)
            // factor v^g, for group g
            let power := factor
            // Value at u of what is opened.
            let total := 0
            // That of one group, and sum_j u^j value_j at one of its points.
            let sum, value
            done := 1
            switch factor
            case 1 {
                // Less the quotient over all groups: its negative needs no multiplication.
                mstore(SUM, mload(OPENING_H))
                mstore(add(SUM, 32), sub(P, mload(add(OPENING_H, 32))))
            }
            default { done := and(done, add_multiple(SUM, OPENING_H, sub(r, factor))) }
{%- for group in groups %}
            // {{ group.title }}
{%- if !loop.first %}
            power := mulmod(power, mload(OPEN_V), r)
{%- endif %}
{%- for point in group.points %}
{%- for value in point.values %}
            value := {% if loop.first %}mload({{ value }}){% else %}addmod(mulmod(value, u, r), mload({{ value }}), r){% endif %}
{%- endfor %}
            sum := {% if loop.first %}mulmod(mload({{ point.weight }}), value, r){% else %}addmod(sum, mulmod(mload({{ point.weight }}), value, r), r){% endif %}
{%- endfor %}
            total := addmod(total, mulmod(power, sum, r), r)
{%- match group.commitment %}
{%- when Some with (commitment) %}
            done := and(done, add_multiple(SUM, {{ commitment }}, mulmod(power, {{ group.weight }}, r)))
{%- when None %}
            mstore({{ group.scalar }}, addmod(mload({{ group.scalar }}), mulmod(power, {{ group.weight }}, r), r))
{%- endmatch %}
{%- endfor %}
            // The gates' quotient, opened at x itself.
            power := mulmod(mulmod(power, mload(OPEN_V), r), mload(INVERSE_QUOTIENT), r)
            total := addmod(total, mulmod(power, mload(QUOTIENT), r), r)
            done := and(done, add_multiple(SUM, COMMIT_QUOTIENT, power))
            mstore(GENERATOR_SCALAR, addmod(mload(GENERATOR_SCALAR), sub(r, total), r))
            // The last point, which the pairing multiplies by s as well.
            done := and(done, add_multiple(SUM, OPENING_Q, mulmod(factor, u, r)))
            switch factor
            case 1 { mcopy(LEFT, OPENING_Q, 64) }
            default { done := and(done, add_multiple(LEFT, OPENING_Q, factor)) }
        }
    }
