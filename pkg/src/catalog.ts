import type { FileRef, Sampling } from './engine/protocol.js';
import { RushlightError } from './errors.js';
import models from './models.json' with { type: 'json' };
import type { CoreOptions, ModelSource } from './options.js';
import { baseUrl } from './weights/source.js';

/** A file of a model, as published. */
export interface CatalogFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A model that was tried with this version. */
export interface CatalogModel {
  readonly title: string;
  readonly tasks: readonly ('embed' | 'chat' | 'summarize')[];
  /** Licence of the weights. */
  readonly licence: string;
  /** Page of the model. */
  readonly source: string;
  readonly files: readonly CatalogFile[];
  /** What the authors recommend for chat. */
  readonly sampling?: Sampling;
  /** Text put before what is embedded, by purpose; models that want none have none. */
  readonly prefixes?: Readonly<Record<string, string>>;
}

/** The models that `model: '<id>'` knows. */
export const catalog: Readonly<Record<string, CatalogModel>> = models as Record<string, CatalogModel>;

/** A model with every address absolute. */
export interface ResolvedModel {
  id: string;
  files: FileRef[];
  /** Facts from the catalog; undefined for a model of one's own. */
  entry: CatalogModel | undefined;
}

/** The files of a model and where they come from. */
export function resolveModel(model: string | ModelSource, { modelsUrl }: Pick<CoreOptions, 'modelsUrl'>): ResolvedModel {
  if (typeof model !== 'string') return resolveSource(model);
  const entry = Object.hasOwn(catalog, model) ? catalog[model] : undefined;
  if (entry === undefined) {
    throw new RushlightError(
      'MODEL_NOT_FOUND',
      `there is no model ${JSON.stringify(model)}: use one of ${Object.keys(catalog).join(', ')}, or pass { files }`,
    );
  }
  const folder = new URL(withSlash(String(modelsUrl ?? 'models/')), baseUrl());
  const files = entry.files.map(({ path, bytes, sha256 }) => {
    return { name: path, from: new URL(`${model}/${path}`, folder).href, bytes, sha256 };
  });
  return { id: model, files, entry };
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

function resolveSource(source: ModelSource): ResolvedModel {
  if (typeof source !== 'object' || source === null || typeof source.files !== 'object' || source.files === null) {
    throw new TypeError('model: expected an id of the catalog or { files: { name: address, Blob or ArrayBuffer } }');
  }
  const names = Object.keys(source.files);
  if (names.length === 0) throw new RushlightError('BAD_INPUT', 'model: files is empty; name at least one file');
  const files = Object.entries(source.files).map(([name, from]): FileRef => {
    const sha256 = source.integrity?.[name]?.toLowerCase();
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new RushlightError('BAD_INPUT', `integrity of ${name}: expected 64 hex digits of a SHA-256`);
    }
    if (from instanceof Blob) return { name, from, bytes: from.size, sha256 };
    if (from instanceof ArrayBuffer) return { name, from, bytes: from.byteLength, sha256 };
    return { name, from: absolute(name, from), sha256 };
  });
  return { id: source.id ?? names[0] ?? '', files, entry: undefined };
}

function absolute(name: string, from: string | URL): string {
  try {
    return new URL(from, baseUrl()).href;
  } catch (error) {
    throw new RushlightError('BAD_INPUT', `${name}: ${String(from)} is not an address`, {}, { cause: error });
  }
}
