/** Reads uploads: into a folder first, then in a process of its own; of these only a few at a time. */
import { availableParallelism } from 'node:os'
import type { TenantLimits } from '../../contract/limits.js'
import type { Preparation } from '../../contract/preparation.js'
import type { Prepared } from '../prepare.js'
import type { ReadingLimits } from './limits.js'
import type { FormatOptions } from './open-files.js'
import { DiskFull, isDiskFull, readInProcess } from './reading-process.js'
import { type IncomingFile, removeAbandonedSpools, Spool } from './spool.js'
import { Turns } from './turns.js'

export interface UploadToRead {
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
   * @throws DatasetError, DiskFull, the signal's reason, errors of the files' bodies and of `use`
   */
  read<T>(upload: UploadToRead, use: (pieces: AsyncIterable<Prepared>) => Promise<T>): Promise<T>
}

/** `script` is the reading process as built; tests, which run from the sources, name it. */
export async function openUploadReader(
  limits: ReadingLimits,
  script = new URL('./reading.process.js', import.meta.url),
): Promise<UploadReader> {
  await removeAbandonedSpools()
  const turns = new Turns(availableParallelism())
  return {
    async read({ files, options, preparation, signal, limits: tenantLimits }, use) {
      const spool = await Spool.create(limits, tenantLimits)
      try {
        await spool.take(files, signal)
        await turns.take(signal)
        try {
          const request = { files: spool.files, folder: spool.folder, options, preparation, limits }
          return await use(readInProcess(request, signal, script))
        } finally {
          turns.giveBack()
        }
      } catch (error) {
        throw isDiskFull(error) ? new DiskFull(String(error)) : error
      } finally {
        await spool.remove()
      }
    },
  }
}
