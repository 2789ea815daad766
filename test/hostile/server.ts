/** The built API in a separate process with small limits, on a database that the tests share. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService } from '../support/service.js'
import { openStores, type Stores, webhookKey } from '../support/stores.js'
import { underLoad } from '../support/waiting.js'

export interface HostileServer extends Stores {
  url: string
  /** The text of its log. */
  output(): string
  /** The names of its temporary files. */
  temporaryFiles(): string[]
  /** Resident memory of the process in bytes; 0 if the system does not report it. */
  residentBytes(): number
  /** Resident memory of its reading processes together. */
  readingBytes(): number
  hasEnded(): boolean
}

/** The time to read a file has its default: on a busy machine, a shorter one would end tests of other limits. */
export const serverLimits = {
  MAXIMUM_BODY_BYTES: '262144',
  MAXIMUM_DATASET_BYTES: String(4 * 1024 ** 2),
  MAXIMUM_UNPACKED_BYTES: String(64 * 1024 ** 2),
  MAXIMUM_DATASET_ROWS: '10000',
  MAXIMUM_DATASET_COLUMNS: '1000',
  MAXIMUM_CELL_LENGTH: '1000',
  MAXIMUM_IMAGE_PIXELS: '1000000',
  MAXIMUM_ARCHIVE_ENTRIES: '100',
  MAXIMUM_UPLOAD_SECONDS: String(Math.ceil(underLoad(2))),
  MAXIMUM_READING_MEMORY_BYTES: String(512 * 1024 ** 2),
  MAXIMUM_ARENA_BYTES: String(64 * 1024 ** 2),
  MAXIMUM_JOB_FLOPS: '1e12',
  MAXIMUM_THREADS: '2',
}

export async function openServer(environment: Record<string, string> = {}): Promise<HostileServer> {
  const stores = await openStores()
  const folder = mkdtempSync(join(tmpdir(), 'descent-hostile-'))
  const service = await startService(
    {
      ...serverLimits,
      TMPDIR: folder,
      WEBHOOK_KEYS: webhookKey,
      DATABASE_URL: stores.connectionString,
      ...environment,
    },
    'dist/src/server.js',
    // Many requests repeat its code, and their times are judged.
    { flags: [] },
  )
  return {
    ...stores,
    url: service.url,
    output: service.output,
    temporaryFiles: () => readdirSync(folder),
    residentBytes: () => residentBytes(service.process.pid),
    readingBytes: () => childrenOf(service.process.pid).reduce((sum, pid) => sum + residentBytes(pid), 0),
    hasEnded: () => service.process.exitCode !== null || service.process.signalCode !== null,
    async close() {
      await service.stop()
      await stores.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function residentBytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
