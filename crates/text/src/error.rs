//! What can be wrong with a tokenizer, a template or a text.

/// Why text cannot be turned into tokens or back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum TextError {
    #[error("tokenizer.json: {message}")]
    Json { message: String },
    #[error("the vocabulary is empty")]
    EmptyVocabulary,
    #[error("the vocabulary has {tokens} tokens but {found} {what}")]
    VocabularyLength { what: &'static str, tokens: usize, found: usize },
    #[error("the vocabulary has no {what} {id}, only {tokens} tokens")]
    SpecialToken { what: &'static str, id: u32, tokens: usize },
    #[error("the vocabulary has no token {token:?}, which its kind needs")]
    MissingToken { token: String },
    #[error("merge {index}, {merge:?}, does not join two tokens into a third")]
    Merge { index: usize, merge: String },
    #[error("pre-tokenizer {name:?} is not known")]
    PreTokenizer { name: String },
    #[error("the tokenizer cannot be built: {message}")]
    Build { message: String },
    #[error("encoding failed: {message}")]
    Encode { message: String },
    #[error("decoding failed: {message}")]
    Decode { message: String },
    #[error("token id {id} is outside the vocabulary of {tokens}")]
    UnknownId { id: u32, tokens: usize },
    #[error("the chat template is not valid: {message}")]
    TemplateSyntax { message: String },
    #[error("the chat template refused the messages: {message}")]
    TemplateRefused { message: String },
    #[error("the chat template failed: {message}")]
    TemplateFailed { message: String },
    #[error("the chat template does more work than {messages} messages call for")]
    TemplateBudget { messages: usize },
    #[error("this constraint cannot be used: {message}")]
    Grammar { message: String },
    #[error("nothing meets this constraint: {message}")]
    EmptyGrammar { message: String },
}
