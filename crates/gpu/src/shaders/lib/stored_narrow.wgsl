// What the binding of a weight holds: words.
alias Stored = u32;
