    // ---- The transcript: a challenge is the hash of the state and all words since, modulo R ----

    /// Leaves every challenge at its name.
    function _drawChallenges() private pure {
        assembly {
            let state
            // Byte 32 is 1 wherever a challenge follows another without words in between.
            mstore8(0x20, 1)
{%- for stretch in layout.stretches %}{% if !stretch.challenges.is_empty() %}
{%- if stretch.is_first() %}
            {
                // The proof's first words, behind the public values.
                let size := shl(5, mload(KEY_INSTANCES))
{%- if let Some(item) = stretch.items.first() %}
                mcopy(add(INSTANCES, size), {{ item.name }}, {{ 32 * stretch.words() }})
{%- endif %}
                state := keccak256({{ stretch.state }}, add(size, {{ stretch.hashed() }}))
            }
{%- else %}
            mstore({{ stretch.state }}, state)
            state := keccak256({{ stretch.state }}, {{ stretch.hashed() }})
{%- endif %}
{%- for challenge in stretch.challenges %}
{%- if !loop.first %}
            mstore(0x00, state)
            state := keccak256(0x00, 33)
{%- endif %}
{%- match challenge %}{% when Some with (name) %}
            mstore({{ name }}, mod(state, R))
{%- when None %}
{%- endmatch %}
{%- endfor %}
{%- endif %}{% endfor %}
        }
    }
