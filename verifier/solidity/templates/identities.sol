    // ---- The identities of the gates and of the copies at x, folded by powers of y ----

    /// Leaves the value that the quotient must have at x.
    function _evaluate() private pure {
        _evaluateGates();
{%- if !chunks.is_empty() %}
        _evaluateCopies();
{%- endif %}
        assembly {
            mstore(QUOTIENT, mulmod(mload(QUOTIENT), mload(INVERSE_VANISHING), R))
        }
    }

    /// Leaves the gates' identities, folded, at QUOTIENT.
    function _evaluateGates() private pure {
        assembly {
            let r := R
            let y := mload(Y)
            let fold := 0
{%- if locals > 0 %}
            let {% for index in 0..locals %}{% if !loop.first %}, {% endif %}t{{ index }}{% endfor %}
{%- endif %}
{%- for identity in gates.identities %}
            // {{ identity.title }}
{%- for line in identity.lines %}
            {{ line }}
{%- endfor %}
            fold := addmod(mulmod(fold, y, r), {{ identity.value }}, r)
{%- endfor %}
            mstore(QUOTIENT, fold)
        }
    }
{%- if !chunks.is_empty() %}

    /// Adds the identities of the permutation argument.
    function _evaluateCopies() private pure {
        assembly {
            let r := R
            let y := mload(Y)
            let fold := mload(QUOTIENT)
{%- if let Some(first) = chunks.first() %}
            // The first product starts at 1.
            fold := addmod(mulmod(fold, y, r), mulmod(mload(LAGRANGE_FIRST), addmod(1, sub(r, mload({{ first.product }})), r), r), r)
{%- endif %}
{%- if let Some(last) = chunks.last() %}
            {
                // The last product ends at 0 or 1.
                let product := mload({{ last.product }})
                fold := addmod(mulmod(fold, y, r), mulmod(mload(LAGRANGE_LAST), mulmod(product, addmod(product, sub(r, 1), r), r), r), r)
            }
{%- endif %}
            // Each further product starts where the one before ends.
{%- for chunk in chunks %}{% if let Some(carried) = chunk.carried %}
            fold := addmod(mulmod(fold, y, r), mulmod(mload(LAGRANGE_FIRST), add(mload({{ chunk.product }}), sub(r, mload({{ carried }}))), r), r)
{%- endif %}{% endfor %}
            // In every usable row a product grows by its columns' factors.
            let beta := mload(BETA)
            let gamma := mload(GAMMA)
            let usable := mload(USABLE)
            // beta delta^i x, for the i-th column
            let own := mulmod(beta, mload(X), r)
            let left, right
{%- for chunk in chunks %}
            left := mload({{ chunk.next }})
            right := mload({{ chunk.product }})
{%- for (cell, sigma) in chunk.columns %}
            {
                let cell := add(mload({{ cell }}), gamma)
                left := mulmod(left, add(cell, mulmod(beta, mload({{ sigma }}), r)), r)
                right := mulmod(right, add(cell, own), r)
            }
            own := mulmod(own, {{ delta }}, r)
{%- endfor %}
            fold := addmod(mulmod(fold, y, r), mulmod(usable, add(left, sub(r, right)), r), r)
{%- endfor %}
            mstore(QUOTIENT, fold)
        }
    }
{%- endif %}
