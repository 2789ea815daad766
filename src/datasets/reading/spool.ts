/**
 * A temporary folder for one upload. Its files are written as they arrive, and the folder is always removed.
 */
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DeadlineError, withDeadline } from '../../base/deadline.js'
import { temporaryPrefix } from '../../base/temporary-files.js'
import { invalid, limitExceeded, type ReadingLimits } from './limits.js'
import type { UploadedFile } from './open-files.js'
import type { SpoolShare } from './spool-space.js'

const maximumFiles = 4

export interface IncomingFile {
  name: string
  contentType: string | undefined
  body: AsyncIterable<Uint8Array>
}

/** The most bytes of all files of an upload, and the error when there are more. */
export interface SizeLimit {
  bytes: number
  exceeded(): Error
}

export class Spool {
  readonly folder: string
  readonly files: UploadedFile[] = []
  #bytes = 0

  private constructor(
    folder: string,
    private readonly limits: Pick<ReadingLimits, 'uploadSeconds'>,
    private readonly sizeLimit: SizeLimit,
    private readonly share: SpoolShare,
  ) {
    this.folder = folder
  }

  /** `remove` closes the share. */
  static async create(
    limits: Pick<ReadingLimits, 'uploadSeconds'>,
    sizeLimit: SizeLimit,
    share: SpoolShare,
  ): Promise<Spool> {
    try {
      return new Spool(await mkdtemp(join(tmpdir(), temporaryPrefix)), limits, sizeLimit, share)
    } catch (error) {
      share.close()
      throw error
    }
  }

  /**
   * @throws DatasetError when the files exceed a limit of number or time, the error of the size limit, and the reason of
   *   the signal when it aborts. Errors of the body and the disk propagate.
   */
  async take(files: AsyncIterable<IncomingFile>, signal: AbortSignal): Promise<void> {
    const seconds = this.limits.uploadSeconds
    const takeAll = async (ending: AbortSignal) => {
      for await (const file of files) await this.#write(file, ending)
    }
    try {
      await withDeadline(seconds * 1_000, takeAll, signal)
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      throw limitExceeded(this.limits, 'uploadSeconds', `sending the file took more than ${seconds} seconds`)
    }
  }

  async #write({ name, contentType, body }: IncomingFile, signal: AbortSignal): Promise<void> {
    if (this.files.length === maximumFiles)
      throw invalid(`the upload has more than ${maximumFiles} files, the limit`)
    // Numbered, because the name by the client is untrusted.
    const path = join(this.folder, `file-${this.files.length}`)
    await pipeline(Readable.from(this.#counted(body), { objectMode: false }), createWriteStream(path), {
      signal,
    })
    this.files.push({ path, name, contentType })
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#bytes += chunk.length
      if (this.#bytes > this.sizeLimit.bytes) throw this.sizeLimit.exceeded()
      await this.share.add(chunk.length)
      yield chunk
    }
  }

  async remove(): Promise<void> {
    // Retries, because an aborted write may still create its file.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).finally(() => this.share.close())
  }
}
