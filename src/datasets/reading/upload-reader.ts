/**
 * Reads uploads: spools them to a folder, then reads them in a separate process. Limits the number of
 * processes.
 */
import { availableParallelism } from 'node:os'
import { removeAbandonedFiles } from '../../base/temporary-files.js'
import { TenantTurns } from '../../base/tenant-turns.js'
import { describeLimit, effectiveLimit, type TenantLimits } from '../../contract/limits.js'
import type { Preparation } from '../../contract/preparation.js'
import { Problem } from '../../contract/problems.js'
import type { Prepared } from '../prepare.js'
import { DatasetError } from '../table.js'
import type { ReadingLimits } from './limits.js'
import type { FormatOptions } from './open-files.js'
import { DiskFull, isDiskFull, isShortage, readInProcess } from './reading-process.js'
import { type IncomingFile, type SizeLimit, Spool } from './spool.js'
import type { SpoolSpace } from './spool-space.js'

export interface UploadToRead {
  tenantId: string
  files: AsyncIterable<IncomingFile>
  options: FormatOptions
  preparation: Preparation
  /** The limits of the tenant. */
  limits: TenantLimits
  /** Aborts when the client disconnects. */
  signal: AbortSignal
}

export interface UploadReader {
  /**
   * Receives the complete files, then calls `use` with their pieces. Removes all temporary files.
   * @throws DatasetError, DiskFull, Problem `overloaded`, the reason of the signal, errors of the bodies and
   *   of `use`
   */
  read<T>(upload: UploadToRead, use: (pieces: AsyncIterable<Prepared>) => Promise<T>): Promise<T>
}

/** How long an upload waits for its turn after it was received. */
const waitSeconds = 60

/**
 * @param space shared with the other uploads and downloads of this process
 * @param script the built reading process; tests run it from the sources
 */
export async function openUploadReader(
  limits: ReadingLimits,
  space: SpoolSpace,
  script = new URL('./reading.process.js', import.meta.url),
): Promise<UploadReader> {
  await removeAbandonedFiles()
  const cores = availableParallelism()
  const turns = new TenantTurns({
    what: 'uploads',
    atOnce: cores + 1,
    perTenant: cores,
    seconds: waitSeconds,
  })
  return {
    async read({ tenantId, files, options, preparation, signal, limits: tenantLimits }, use) {
      const spool = await Spool.create(limits, datasetLimit(tenantLimits), space.open(tenantId))
      try {
        await spool.take(files, signal)
        const request = { files: spool.files, folder: spool.folder, options, preparation, limits }
        return await turns.run(tenantId, () => use(readInProcess(request, signal, script)), signal)
      } catch (error) {
        if (isDiskFull(error)) throw new DiskFull(String(error))
        if (isShortage(error)) {
          throw new Problem(
            'overloaded',
            `The system cannot take an upload now: ${String(error)}. Retry later.`,
          )
        }
        throw error
      } finally {
        // A folder that cannot be removed now is removed at the next start. The upload has its outcome.
        await spool.remove().catch(() => {})
      }
    },
  }
}

function datasetLimit(tenantLimits: TenantLimits): SizeLimit {
  const bytes = effectiveLimit(tenantLimits, 'datasetBytes')
  return {
    bytes,
    exceeded() {
      const limit = describeLimit(tenantLimits, 'datasetBytes')
      return new DatasetError('dataset-too-large', `the upload is larger than ${bytes} bytes; ${limit}`)
    },
  }
}
