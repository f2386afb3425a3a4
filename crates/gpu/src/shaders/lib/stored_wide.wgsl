// What the binding of a weight holds: vectors.
alias Stored = vec4<u32>;
