/** Receives, reads and stores a model that was trained elsewhere, or refuses it and stores nothing. */
import { createHash } from 'node:crypto'
import { TenantTurns } from '../base/tenant-turns.js'
import { describeLimit, effectiveLimit, type TenantLimits } from '../contract/limits.js'
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import { type IncomingFile, Spool } from '../datasets/reading/spool.js'
import type { SpoolSpace } from '../datasets/reading/spool-space.js'
import { predictionCost } from '../engine/index.js'
import type { ImportedModel } from '../imports/build-model.js'
import { newId } from './new-id.js'
import { checkRowCost } from './plan.js'
import type { Once } from './ports/idempotency.js'
import type { ImportResult, ImportThread } from './ports/import-thread.js'
import type { ModelStore } from './ports/models.js'
import type { Tenant } from './ports/tenants.js'
import { asProblem } from './upload.js'

interface ImportLimits {
  modelBytes: number
  uploadSeconds: number
  readingSeconds: number
}

/** Seconds to wait for the turn of an import, beyond the longest reading of another file. */
const waitSeconds = 60

export interface ModelForm {
  files: AsyncIterable<IncomingFile>
  /** Texts by name, complete when the files are. */
  fields: Readonly<Record<string, string>>
}

interface ReceivedModel {
  fields: ModelForm['fields']
  /** Of the file, in hexadecimal. */
  sha256: string
  /** Reads the file and stores the model. @throws Problem that says what does not fit */
  store(models: Pick<ModelStore, 'create'>, once: Once | undefined): Promise<Model>
}

export interface ModelImporter {
  /**
   * Calls `use` when the form has arrived. Removes the file in the end.
   * @throws Problem of the form, the reason of the signal, errors of `use`
   */
  receive<T>(
    tenant: Tenant,
    form: ModelForm,
    signal: AbortSignal,
    use: (received: ReceivedModel) => Promise<T>,
  ): Promise<T>
}

/** @param space shared with the other uploads and downloads of this process */
export function modelImporter(thread: ImportThread, limits: ImportLimits, space: SpoolSpace): ModelImporter {
  // One at a time, because its file and its weights are in memory.
  const turns = new TenantTurns({
    what: 'imports of models',
    atOnce: 1,
    perTenant: 1,
    seconds: limits.readingSeconds + waitSeconds,
  })
  const sizeLimit = {
    bytes: limits.modelBytes,
    exceeded: () =>
      new Problem(
        'body-too-large',
        `The file is larger than ${limits.modelBytes} bytes; the limit is ${limits.modelBytes} (MAXIMUM_MODEL_BYTES).`,
      ),
  }
  return {
    async receive(tenant, form, signal, use) {
      const spool = await Spool.create(limits, sizeLimit, space.open(tenant.tenantId))
      try {
        const hash = createHash('sha256')
        await spool.take(hashed(form.files, hash), signal)
        const [file] = spool.files
        if (file === undefined)
          throw new Problem('invalid-request', 'The form has no file: send it as "file".')
        const { fields } = form
        return await use({
          fields,
          sha256: hash.digest('hex'),
          store: (models, once) =>
            turns.run(
              tenant.tenantId,
              async () => {
                const imported = toModel(await thread.read({ path: file.path, fields }, signal))
                checkCosts(imported, tenant.limits)
                return models.create({ id: newId('model'), ...imported, evaluation: null }, once)
              },
              signal,
            ),
        })
      } catch (error) {
        throw asProblem(error)
      } finally {
        await spool.remove()
      }
    },
  }
}

function toModel(result: ImportResult): ImportedModel {
  if (result.type === 'imported') return result.model
  throw new Problem(result.code, result.detail, result.errors)
}

async function* hashed(
  files: AsyncIterable<IncomingFile>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<IncomingFile> {
  for await (const { body, ...file } of files) yield { ...file, body: hashedBody(body, hash) }
}

async function* hashedBody(
  body: AsyncIterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
}

/** A small file may describe a network whose predictions take long. */
function checkCosts({ network, weights }: ImportedModel, limits: TenantLimits): void {
  const { bytesPerRow, flops } = predictionCost(network)
  const bytes = weights.length + bytesPerRow
  if (bytes > effectiveLimit(limits, 'arenaBytes')) {
    const limit = describeLimit(limits, 'arenaBytes')
    throw new Problem(
      'model-too-large',
      `A prediction of this model needs ${bytes} bytes of memory; ${limit}.`,
    )
  }
  checkRowCost(flops(1))
}
