/**
 * A file without a name, for data that waits for a slow reader: it takes no memory, and the system frees it when this
 * process ends.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { temporaryPrefix } from './temporary-files.js'

/** Read at a time. */
const pieceBytes = 256 * 1024

export class UnnamedFile {
  private constructor(
    private readonly file: FileHandle,
    readonly bytes: number,
  ) {}

  /**
   * @param fill writes the file at the path. It has a name until then.
   * @throws the error of the disk, and those of `fill`
   */
  static async create<T>(
    fill: (path: string) => Promise<T>,
    folder = tmpdir(),
  ): Promise<{ file: UnnamedFile; filled: T }> {
    const path = join(folder, `${temporaryPrefix}${randomUUID()}`)
    try {
      const filled = await fill(path)
      const file = await open(path, 'r')
      return { file: new UnnamedFile(file, (await file.stat()).size), filled }
    } finally {
      await rm(path, { force: true })
    }
  }

  /** The whole file. */
  read(): Readable {
    return this.file.createReadStream({ start: 0, autoClose: false, highWaterMark: pieceBytes })
  }

  /** Waits for a read that is in progress. */
  close(): Promise<void> {
    return this.file.close()
  }
}
