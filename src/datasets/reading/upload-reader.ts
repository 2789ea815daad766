/** Reads uploads: into a folder first, then in a process of its own; of these only a few at a time. */
import { availableParallelism } from 'node:os'
import type { TenantLimits } from '../../contract/limits.js'
import type { Preparation } from '../../contract/preparation.js'
import { TenantTurns } from '../../training/tenant-turns.js'
import type { Prepared } from '../prepare.js'
import type { ReadingLimits } from './limits.js'
import type { FormatOptions } from './open-files.js'
import { DiskFull, isDiskFull, readInProcess } from './reading-process.js'
import { type IncomingFile, removeAbandonedSpools, Spool } from './spool.js'

export interface UploadToRead {
  tenantId: string
  files: AsyncIterable<IncomingFile>
  options: FormatOptions
  preparation: Preparation
  /** Of the tenant that sends it. */
  limits: TenantLimits
  /** Aborts when the client has gone. */
  signal: AbortSignal
}

export interface UploadReader {
  /**
   * Takes the files whole, then gives what they hold to `use`, and leaves nothing behind.
   * @throws DatasetError, DiskFull, Problem `overloaded`, the signal's reason, errors of the files' bodies and of `use`
   */
  read<T>(upload: UploadToRead, use: (pieces: AsyncIterable<Prepared>) => Promise<T>): Promise<T>
}

/** For a turn. Whoever waits has sent the whole file. */
const waitSeconds = 60

/** `script` is the reading process as built; tests, which run from the sources, name it. */
export async function openUploadReader(
  limits: ReadingLimits,
  script = new URL('./reading.process.js', import.meta.url),
): Promise<UploadReader> {
  await removeAbandonedSpools()
  const cores = availableParallelism()
  const turns = new TenantTurns({
    what: 'uploads',
    atOnce: cores + 1,
    perTenant: cores,
    seconds: waitSeconds,
  })
  return {
    async read({ tenantId, files, options, preparation, signal, limits: tenantLimits }, use) {
      const spool = await Spool.create(limits, tenantLimits)
      try {
        await spool.take(files, signal)
        const request = { files: spool.files, folder: spool.folder, options, preparation, limits }
        return await turns.run(tenantId, () => use(readInProcess(request, signal, script)), signal)
      } catch (error) {
        throw isDiskFull(error) ? new DiskFull(String(error)) : error
      } finally {
        await spool.remove()
      }
    },
  }
}
