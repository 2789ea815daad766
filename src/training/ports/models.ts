import type { Coding } from '../../contract/dataset.js'
import type { Evaluation } from '../../contract/evaluation.js'
import type { LabelFilter } from '../../contract/labels.js'
import type { EvaluatedModel, LayerSummary, Model, ModelChange, Tensor } from '../../contract/model.js'
import type { Network } from '../../contract/network.js'
import type { Actor } from './audit.js'
import type { Bytes } from './bytes.js'
import type { Once } from './idempotency.js'
import type { ListPage, Page } from './pages.js'
import type { Tenanted } from './tenants.js'

export interface NewModel {
  id: string
  name: string | null
  network: Network
  loss: string
  layers: LayerSummary[]
  coding: Coding
  parameters: number
  tensors: Tensor[]
  /** Float32 little-endian. */
  weights: Bytes
  /** Of the weights, in hexadecimal, if it is known already. */
  weightSha256?: string
  /** Null or absent: ½ where the model has one. */
  threshold?: number | null
  evaluation: Evaluation | null
}

export interface ResolvedModel {
  /** Shared between callers, which must not change it. */
  model: Model
  /** In the registry; null if the model was named by its id. */
  version: number | null
}

/** What keeps a model from being deleted: an unfinished job that starts from it, or an alias, `name@alias`. */
type ModelUse = { type: 'job' } | { type: 'alias'; alias: string }

/** The models of one tenant. A reference is an id, `name@alias` or `name@version`. */
export interface ModelStore {
  /**
   * Stores a model without a job.
   * @throws Problem `too-much-stored`, or `idempotency-key-in-flight` if a concurrent request used the key first
   */
  create(model: NewModel, once?: Once): Promise<Model>
  /** The result is shared between callers, which must not change it. */
  get(reference: string): Promise<Model | null>
  getEvaluated(reference: string): Promise<EvaluatedModel | null>
  /** Newest first. @throws Problem `invalid-request` if `after` is not a model of the list */
  list(page: ListPage & { name?: string | undefined; labels?: LabelFilter | undefined }): Promise<Page<Model>>
  /** Names and shapes of the weights. */
  tensors(id: string): Promise<Tensor[] | null>
  /** Null if there is no such model. @throws Problem `invalid-request` for too many pairs of metadata */
  change(id: string, change: ModelChange): Promise<Model | null>
  delete(id: string, actor?: Actor | null): Promise<'deleted' | 'missing' | ModelUse>
}

/** `error` is undefined if the query succeeded. */
export type FoundModel = (error: unknown, found: ResolvedModel | null) => void

/** A model whose query starts before the caller is authenticated. */
export interface ModelLookup {
  /** Calls `done` once with the model as of a time after `lookUp`. Without a promise, because every prediction calls it. */
  of(tenantId: string, done: FoundModel): void
}

export interface OpenWeights {
  tensors: Tensor[]
  /** Total bytes. */
  length: number
  /**
   * Hashed while they are read, so do not use them before the last.
   * @throws Problem `integrity` after the last if the SHA-256 differs, or `not-found` if the model was deleted
   */
  chunks: AsyncIterable<Uint8Array>
}

/** The models of all tenants. */
export interface AllModels extends Tenanted<ModelStore> {
  /** Shared between callers, which must not change it. */
  get(id: string): Promise<Model | null>
  /**
   * Starts the query of a model.
   * @param keyId the key of the request, whose tenant has the names; null for the tenant `local`
   */
  lookUp(reference: string, keyId: string | null): ModelLookup
  /** Calls `listener` with the id of each model that this process finds deleted. */
  onGone(listener: (id: string) => void): void
  /** All weights in one array. Throws as the chunks of `openWeights` do. */
  weights(id: string): Promise<{ tensors: Tensor[]; bytes: Uint8Array<ArrayBuffer> } | null>
  /** Weights as a stream of chunks, one of which is in memory at a time. */
  openWeights(id: string): Promise<OpenWeights | null>
  /** The bytes of the weights after the first `offset` bytes of chunk 0, piece by piece, without a check of the hash. */
  weightChunks(id: string, offset?: number): AsyncIterable<Uint8Array>
}
