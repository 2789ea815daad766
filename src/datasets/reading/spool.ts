/** A folder for one upload: its files are written there as they arrive, and it is always removed. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describeLimit, effectiveLimit, type TenantLimits } from '../../contract/limits.js'
import { DeadlineError, withDeadline } from '../../deadline.js'
import { DatasetError } from '../table.js'
import { beyond, invalid, type ReadingLimits } from './limits.js'
import type { UploadedFile } from './open-files.js'

const prefix = 'descent-upload-'
const maximumFiles = 4

export interface IncomingFile {
  name: string
  contentType: string | undefined
  body: AsyncIterable<Uint8Array>
}

export class Spool {
  readonly folder: string
  readonly files: UploadedFile[] = []
  #bytes = 0

  private constructor(
    folder: string,
    private readonly limits: Pick<ReadingLimits, 'uploadSeconds'>,
    private readonly tenantLimits: TenantLimits,
  ) {
    this.folder = folder
  }

  static async create(limits: ReadingLimits, tenantLimits: TenantLimits): Promise<Spool> {
    return new Spool(await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`)), limits, tenantLimits)
  }

  /**
   * @throws DatasetError when more comes than is allowed, or not in time; the signal's reason when it aborts;
   *   errors of the body and of the disk pass through
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
      throw beyond(this.limits, 'uploadSeconds', `after ${seconds} seconds the file was still on its way`)
    }
  }

  async #write({ name, contentType, body }: IncomingFile, signal: AbortSignal): Promise<void> {
    if (this.files.length === maximumFiles)
      throw invalid(`there are more than ${maximumFiles} files in the upload`)
    // Numbered, since the client's name may be anything.
    const path = join(this.folder, `file-${this.files.length}`)
    await pipeline(Readable.from(this.#counted(body), { objectMode: false }), createWriteStream(path), {
      signal,
    })
    this.files.push({ path, name, contentType })
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#bytes += chunk.length
      const bytes = effectiveLimit(this.tenantLimits, 'datasetBytes')
      if (this.#bytes > bytes) {
        const says = describeLimit(this.tenantLimits, 'datasetBytes')
        throw new DatasetError('dataset-too-large', `the upload is larger than ${bytes} bytes; ${says}`)
      }
      yield chunk
    }
  }

  remove(): Promise<void> {
    // A file whose taking was given up may come into being meanwhile.
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Removes what processes left behind that were killed while they took an upload. */
export async function removeAbandonedSpools(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = name.startsWith(prefix) ? (name.split(prefix)[1].match(/^(\d+)-/) ?? []) : []
    if (pid === undefined || isAlive(Number(pid))) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
