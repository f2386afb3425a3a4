export { catalog, type CatalogFile, type CatalogModel } from './catalog.js';
export { RushlightError, type ErrorCode, type ErrorDetails } from './errors.js';
export { findInjection, withoutHidden, type InjectionFinding, type InjectionKind } from './moderation/injection.js';
export { Moderator } from './moderation/moderator.js';
export { toOpenAI, type OpenAICategory, type OpenAIModeration, type OpenAIModerationResponse } from './moderation/openai.js';
export { moderationPresets, moderationSurfaces } from './moderation/policy.js';
export type {
  Moderation,
  ModerateOptions,
  ModerationLabel,
  ModerationPolicy,
  ModerationPreset,
  ModerationSpan,
  ModerationSurface,
  ModeratorCreateOptions,
} from './moderation/types.js';
export type { CreateMonitor, DownloadProgressEvent } from './monitor.js';
export type {
  Availability,
  CallOptions,
  CallStats,
  ComputeOptions,
  CoreOptions,
  CreateOptions,
  Device,
  MemoryInfo,
  ModelInfo,
  Priority,
  ModelSource,
  ProgressInfo,
  Routing,
} from './options.js';
export { guard, type GuardFlag, type GuardMode, type GuardModerator, type GuardOptions } from './moderation/guard.js';
export {
  Classifier,
  type Classification,
  type ClassifierCreateOptions,
  type ClassifyOptions,
} from './tasks/classifier.js';
export { cosineSimilarity, Embedder, type EmbedOptions, type EmbedPurpose } from './tasks/embedder.js';
export {
  LanguageModel,
  type LanguageModelCoreOptions,
  type LanguageModelCreateOptions,
  type LanguageModelExpected,
  type LanguageModelPromptOptions,
  type SamplingOptions,
} from './tasks/language-model.js';
export type { LanguageModelMessage, LanguageModelMessageContent, LanguageModelPrompt } from './tasks/prompt.js';
export {
  Summarizer,
  type SummarizeOptions,
  type SummarizerCoreOptions,
  type SummarizerCreateOptions,
  type SummarizerModerator,
} from './tasks/summarizer.js';
export type { SummarizerFormat, SummarizerLength, SummarizerType } from './tasks/summary-style.js';
export {
  ZeroShotClassifier,
  type ZeroShotClassifyOptions,
  type ZeroShotCreateOptions,
  type ZeroShotLabel,
} from './tasks/zero-shot.js';
export { memoryStore } from './weights/memory.js';
export { opfsStore } from './weights/opfs.js';
export type { FileNote, ModelStore, PartFile, ReadAt, StoredEntry, StoredFile } from './weights/store.js';
