/** Reads the files of a ZIP archive one at a time. */
import { isUtf8 } from 'node:buffer'
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl'
import { DatasetError } from '../table.js'
import { invalid, limitExceeded, quoted, type ReadingLimits } from './limits.js'
import { unpackedCounter } from './unpack.js'

export interface ArchiveFile {
  /** Path with slashes. */
  name: string
  entry: Entry
}

export class Archive {
  readonly files: readonly ArchiveFile[]
  readonly #name: string
  readonly #zip: ZipFile

  private constructor(name: string, zip: ZipFile, files: readonly ArchiveFile[]) {
    this.#name = name
    this.#zip = zip
    this.files = files
  }

  /**
   * Skips folders and the metadata of file managers.
   * @throws DatasetError when the archive is corrupt, encrypted or too large, or a path leads out of it
   */
  static async open(path: string, name: string, limits: ReadingLimits): Promise<Archive> {
    const { size } = await stat(path)
    const count = unpackedCounter(name, size, limits)
    let zip: ZipFile | undefined
    try {
      zip = await openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false })
      const files: ArchiveFile[] = []
      let entries = 0
      for await (const entry of zip.eachEntry()) {
        entries += 1
        if (entries > limits.archiveEntries) {
          throw limitExceeded(
            limits,
            'archiveEntries',
            `${name} has more than ${limits.archiveEntries} files`,
          )
        }
        const fileName = decodeName(entry)
        const fault = validateFileName(fileName)
        if (fault !== null) throw invalid(`${name} cannot be unpacked: ${fault}`)
        if (isMetadata(fileName)) continue
        if (entry.isEncrypted()) throw invalid(`${name} is encrypted: ${quoted(fileName)}`)
        if (!entry.canDecodeFileData()) {
          throw invalid(`${quoted(fileName)} in ${name} has an unsupported compression method; use deflate`)
        }
        // Declared sizes. Reading checks the actual ones.
        count(entry.uncompressedSize)
        files.push({ name: fileName, entry })
      }
      return new Archive(name, zip, files)
    } catch (error) {
      zip?.close()
      throw toArchiveError(name, error)
    }
  }

  close(): void {
    this.#zip.close()
  }

  async read(file: ArchiveFile): Promise<Buffer> {
    const chunks: Buffer[] = []
    await this.#stream(file, async (stream) => {
      for await (const chunk of stream) chunks.push(chunk)
    })
    return Buffer.concat(chunks)
  }

  async extract(file: ArchiveFile, to: string): Promise<void> {
    await this.#stream(file, (stream) => pipeline(stream, createWriteStream(to)))
  }

  async #stream(file: ArchiveFile, use: (stream: Readable) => Promise<void>): Promise<void> {
    try {
      await use(await this.#zip.openReadStreamPromise(file.entry))
    } catch (error) {
      throw toArchiveError(`${this.#name}, ${quoted(file.name)},`, error)
    }
  }
}

/** Bit 11 of the flags: the name is UTF-8 (APPNOTE.TXT 4.4.4). */
const utf8Flag = 0x800

/**
 * Decodes a name as UTF-8 if it has the flag or is valid UTF-8, else as code page 437. Normalizes it to NFC.
 */
function decodeName(entry: Entry): string {
  const { generalPurposeBitFlag: flags, fileNameRaw: bytes, extraFields } = entry
  const encoding = isUtf8(bytes) ? utf8Flag : 0
  return getFileNameLowLevel(flags | encoding, bytes, extraFields, true).normalize('NFC')
}

/** Folders, hidden files, and the metadata of systems and file managers anywhere in the path. */
function isMetadata(name: string): boolean {
  if (name.endsWith('/')) return true
  const parts = name.split('/')
  return parts.some((part) => part.startsWith('.') || systemNames.has(part.toLowerCase()))
}

const systemNames: ReadonlySet<string> = new Set([
  '__macosx',
  '@eadir',
  '#recycle',
  '$recycle.bin',
  'system volume information',
  'lost+found',
  '__pycache__',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
])

/** Disk errors propagate. Other errors are errors of the archive. */
function toArchiveError(name: string, error: unknown): unknown {
  if (error instanceof DatasetError || !(error instanceof Error) || 'syscall' in error) return error
  return invalid(`${name} cannot be unpacked: ${error.message.slice(0, 200)}`)
}
