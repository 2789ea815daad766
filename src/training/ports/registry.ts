import type {
  Alias,
  AliasMove,
  ModelVersion,
  RegisteredModel,
  VersionStatus,
} from '../../contract/registry.js'
import type { Actor } from './audit.js'
import type { ListPage, Page } from './pages.js'
import type { Tenanted } from './tenants.js'

/** The headers of a conditional request: entity tags, or `*`. */
export interface Precondition {
  ifMatch: string | undefined
  ifNoneMatch: string | undefined
}

/** The key of the request that changes something; null while the service is open. */
export type Mover = string | null

/** The names, versions and aliases of one tenant. All but `register` and
 * `checkRoom` throw Problem `not-found` if what they name does not exist. */
export interface RegistryStore {
  /**
   * Makes a model the next version of a name. Returns the version it already has, if any.
   * @throws Problem `registry-full`
   */
  register(name: string, modelId: string, keyId: Mover): Promise<{ version: ModelVersion; isNew: boolean }>
  /** @throws Problem `registry-full` if the name can have no further version */
  checkRoom(name: string): Promise<void>
  /** By name, in alphabetical order. */
  names(page: ListPage): Promise<Page<RegisteredModel>>
  find(name: string): Promise<RegisteredModel>
  /** Deletes a name with its versions. The models remain. @throws Problem `model-in-use` if it has aliases */
  delete(name: string, actor?: Actor | null): Promise<void>
  /** Newest first. */
  versions(name: string, page: ListPage & { status?: VersionStatus | undefined }): Promise<Page<ModelVersion>>
  version(name: string, version: number): Promise<ModelVersion>
  /** The registered versions of a model. */
  modelVersions(modelId: string): Promise<ModelVersion[]>
  /** @throws Problem `model-in-use` if an alias points at a version to archive */
  setArchived(name: string, version: number, isArchived: boolean): Promise<ModelVersion>
}

/**
 * The aliases of one tenant. Changes throw Problem `precondition-failed` or `precondition-required`; a move also
 * `version-unavailable` or `registry-full`.
 */
export interface AliasStore {
  alias(name: string, alias: string): Promise<Alias>
  move(
    reference: { name: string; alias: string },
    version: number,
    precondition: Precondition,
    keyId: Mover,
  ): Promise<{ alias: Alias; isNew: boolean }>
  /** Moves an alias to the version that it had before its most recent move. */
  rollback(
    reference: { name: string; alias: string },
    precondition: Precondition,
    keyId: Mover,
  ): Promise<Alias>
  remove(reference: { name: string; alias: string }, precondition: Precondition, keyId: Mover): Promise<void>
  /** Newest first; also of a deleted alias. */
  history(reference: { name: string; alias: string }, page: ListPage): Promise<Page<AliasMove>>
}

export type Registry = Tenanted<RegistryStore & AliasStore>
