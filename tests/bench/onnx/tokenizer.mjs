/** `tokenizer.json` of the byte-level BPE that SmolLM's GGUF holds: digits stand alone, as in the original. */
export function tokenizer(metadata) {
  const of = (name) => metadata[`tokenizer.ggml.${name}`];
  if (of('model') !== 'gpt2' || of('pre') !== 'smollm') throw new Error(`tokenizer ${of('model')}, ${of('pre')} is not written`);
  const control = 3;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const tokens = of('tokens');
  const added = tokens.map((content, id) => ({ id, content, ...special })).filter(({ id }) => of('token_type')[id] === control);
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: of('merges') },
  };
}
