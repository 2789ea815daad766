/** The built reading process: its output, its end, and the removal of its files. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { defaultPreparation } from '../../../src/contract/preparation.js'
import type { Prepared } from '../../../src/datasets/prepare.js'
import type { ReadingLimits } from '../../../src/datasets/reading/limits.js'
import { DiskFull } from '../../../src/datasets/reading/reading-process.js'
import { SpoolSpace } from '../../../src/datasets/reading/spool-space.js'
import { openUploadReader } from '../../../src/datasets/reading/upload-reader.js'
import { unlimited } from '../../../src/store/tenant-limits.js'
import { builtFolder, builtReadingProcess } from '../../support/built.js'
import { readingLimits } from '../../support/reading.js'

interface Request {
  limits?: Partial<ReadingLimits>
  signal?: AbortSignal
  /** The tenant's own. */
  datasetBytes?: number
  name?: string
  use?: (pieces: AsyncIterable<Prepared>) => Promise<unknown>
  script?: URL
}

async function collect(pieces: AsyncIterable<Prepared>): Promise<Prepared[]> {
  const all: Prepared[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}

async function read(body: AsyncIterable<Uint8Array>, request: Request = {}): Promise<unknown> {
  const {
    limits,
    datasetBytes,
    signal = new AbortController().signal,
    name = 'a.csv',
    use = collect,
    script = builtReadingProcess,
  } = request
  const settings = { ...unlimited, datasetBytes: 2 * 1024 * 1024 }
  const own = datasetBytes === undefined ? {} : { datasetBytes }
  const reader = await openUploadReader({ ...readingLimits, ...limits }, new SpoolSpace(), script)
  async function* files() {
    yield { name, contentType: undefined, body }
  }
  return reader.read(
    {
      tenantId: 'local',
      files: files(),
      options: {},
      preparation: defaultPreparation,
      signal,
      limits: { settings, own },
    },
    use,
  )
}

async function* bytes(content: string | Uint8Array) {
  yield Buffer.from(content)
}

const spools = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`descent-upload-${process.pid}-`))
const children = () =>
  spawnSync('pgrep', ['-P', String(process.pid), '-f', 'reading.process'], { encoding: 'utf8' }).stdout.trim()

afterEach(() => {
  expect(spools()).toEqual([])
  expect(children()).toBe('')
})

describe('the reading process', () => {
  test('sends rows, then the dataset', async () => {
    expect(await read(bytes('a,kind\n1,x\n2,y\n'))).toEqual([
      expect.objectContaining({ type: 'rows', rows: 2 }),
      {
        type: 'end',
        dataset: expect.objectContaining({ rows: 2, droppedRows: 0 }),
        examples: [
          { name: 'a', texts: ['1', '2'] },
          { name: 'kind', texts: ['x', 'y'] },
        ],
      },
    ])
  })

  test('reports an invalid file', async () => {
    await expect(read(bytes('a,b\n1,2\n3\n'))).rejects.toMatchObject({
      name: 'DatasetError',
      code: 'invalid-dataset',
      message: expect.stringMatching(/^line 3 has 1 cell, the header has 2 columns: /),
    })
  })

  test('waits until its pieces are consumed', async () => {
    const line = `${'12.5,'.repeat(99)}1\n`
    const header = `${Array.from({ length: 100 }, (_, column) => `c${column}`).join()}\n`
    const content = header + line.repeat(20_000)
    let taken = 0
    await read(bytes(content), {
      datasetBytes: 1e8,
      limits: { rows: 1e5 },
      use: async (pieces) => {
        for await (const _ of pieces) {
          taken += 1
          if (taken === 1) await sleep(300)
        }
      },
    })
    expect(taken).toBeGreaterThan(5)
  })

  test('is killed when the caller stops, or storing fails', async () => {
    const fault = new TypeError('the database is away')
    const use = async (pieces: AsyncIterable<Prepared>) => {
      for await (const _ of pieces) throw fault
    }
    await expect(read(bytes('a,kind\n1,x\n2,y\n'), { use })).rejects.toBe(fault)
  })

  test('is killed when the client disconnects', async () => {
    const client = new AbortController()
    const reason = new Error('gone')
    const reading = read(bytes(gzipSync(Buffer.alloc(12_000_000, 'a,b\n1,2\n'))), {
      name: 'a.csv.gz',
      signal: client.signal,
      limits: { rows: 1e7, unpackedBytes: 1e9 },
      use: async (pieces) => {
        client.abort(reason)
        await collect(pieces)
      },
    })
    await expect(reading).rejects.toBe(reason)
  })

  test('is killed when it takes too long', async () => {
    const slow = read(bytes('a,kind\n1,x\n2,y\n'), { limits: { readingSeconds: 0.01 } })
    await expect(slow).rejects.toThrow(/MAXIMUM_READING_SECONDS/)
  })

  test('is killed when it takes too much memory', async () => {
    const greedy = read(bytes('a,kind\n1,x\n2,y\n'), {
      limits: { memoryBytes: 30_000_000 },
      use: async (pieces) => {
        for await (const _ of pieces) await sleep(500)
      },
    })
    await expect(greedy).rejects.toThrow(/MAXIMUM_READING_MEMORY_BYTES/)
  })
})

describe('a shortage of the system', () => {
  /** Reads with a process that ends itself by the signal. */
  async function killedBy(signal: string): Promise<unknown> {
    const folder = mkdtempSync(path.join(tmpdir(), 'descent-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const script = path.join(folder, 'killed.mjs')
    writeFileSync(script, `process.on('message', () => process.kill(process.pid, '${signal}'))`)
    return read(bytes('a,b\n1,2\n'), { script: pathToFileURL(script) })
  }

  test.each([
    ['SIGKILL', 'overloaded', /memory is short/],
    ['SIGTERM', 'unavailable', /is stopping/],
    ['SIGABRT', 'dataset-too-large', /MAXIMUM_READING_MEMORY_BYTES/],
  ])('that ends the reading process with %s is no fault of the service', async (signal, code, message) => {
    await expect(killedBy(signal)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  /** Reads in a process that has this number of files left to open. */
  function readWith(openFiles: number): string {
    const program = `
      import { closeSync, openSync } from 'node:fs'
      const { openUploadReader } = await import('${builtFolder}src/datasets/reading/upload-reader.js')
      const space = { open: () => ({ add: async () => {}, close() {} }) }
      const reader = await openUploadReader(${JSON.stringify(readingLimits)}, space)
      const body = (async function* () { yield Buffer.from('a,b\\n1,2\\n3,4\\n') })()
      const files = (async function* () { yield { name: 'a.csv', contentType: undefined, body } })()
      const limits = { settings: { datasetBytes: 1000 }, own: {} }
      const opened = []
      try { for (;;) opened.push(openSync('/dev/null')) } catch {}
      for (const file of opened.splice(0, ${openFiles})) closeSync(file)
      const answer = await reader
        .read(
          { tenantId: 'local', files, options: {}, preparation: ${JSON.stringify(defaultPreparation)},
            signal: new AbortController().signal, limits },
          async (pieces) => { for await (const _ of pieces); return 'read' },
        )
        .catch((error) => error.code ?? String(error))
      for (const file of opened) closeSync(file)
      console.log(answer)
      process.exit()`
    const limited = `ulimit -n 500; exec "${process.execPath}" --input-type=module -e "$PROGRAM"`
    const env = { ...process.env, PROGRAM: program }
    return spawnSync('sh', ['-c', limited], { env, encoding: 'utf8' }).stdout.trim()
  }

  test.each([
    ['the file', 0, 'overloaded'],
    ['the removal', 1, 'overloaded'],
    ['the process', 3, 'overloaded'],
    ['nothing', 20, 'read'],
  ])('of open files for %s is no fault of the service', (_, files, answer) => {
    expect(readWith(files)).toBe(answer)
  })
})

describe('receiving', () => {
  async function* endless(milliseconds: number) {
    yield Buffer.from('a,b\n')
    for (;;) {
      await sleep(milliseconds)
      yield Buffer.from('1,2\n'.repeat(milliseconds === 0 ? 10_000 : 1))
    }
  }

  test('an endless body is refused at the limit', async () => {
    await expect(read(endless(0))).rejects.toThrow(
      'the upload is larger than 2097152 bytes; the limit is 2097152 (MAXIMUM_DATASET_BYTES)',
    )
    await expect(read(endless(0), { datasetBytes: 1e6 })).rejects.toThrow(
      'the limit is 1000000 (this tenant’s own limit in place of MAXIMUM_DATASET_BYTES)',
    )
  })

  test('a slow body is refused at the deadline', async () => {
    await expect(read(endless(20), { limits: { uploadSeconds: 0.3 } })).rejects.toThrow(
      /MAXIMUM_UPLOAD_SECONDS/,
    )
  })

  test('an aborted body leaves no files', async () => {
    async function* broken() {
      yield Buffer.from('a,b\n')
      throw new TypeError('the connection was cut')
    }
    await expect(read(broken())).rejects.toThrow('the connection was cut')
  })

  test('file names are not used as paths', async () => {
    await read(bytes('a,kind\n1,x\n2,y\n'), { name: '../../../../tmp/descent-escaped.csv' })
    expect(existsSync('/tmp/descent-escaped.csv')).toBe(false)
  })

  test('the folder of a dead process is removed', async () => {
    const abandoned = path.join(tmpdir(), 'descent-upload-4194303-abandoned')
    mkdirSync(abandoned, { recursive: true })
    await read(bytes('a,kind\n1,x\n2,y\n'))
    expect(existsSync(abandoned)).toBe(false)
  })
})

const tiny = '/tmp/descent-tiny-disk'
const mounted = mountTinyDisk()
if (!mounted) console.warn('No small file system could be mounted: the test of a full disk is skipped.')

function mountTinyDisk(): boolean {
  mkdirSync(tiny, { recursive: true })
  if (readFileSync('/proc/mounts', 'utf8').includes(tiny)) return true
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', tiny]).status === 0
}

test.runIf(mounted)('a full disk is reported, and the written files are removed', async () => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = tiny
  try {
    const big = bytes(Buffer.alloc(1_000_000, 'a,b\n1,2\n'))
    await expect(read(big)).rejects.toBeInstanceOf(DiskFull)
    const packed = bytes(gzipSync(Buffer.alloc(1_000_000, 'a,b\n1,2\n')))
    await expect(read(packed, { name: 'a.csv.gz' })).rejects.toBeInstanceOf(DiskFull)
    expect(readdirSync(tiny)).toEqual([])
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    spawnSync('umount', [tiny])
    rmSync(tiny, { recursive: true, force: true })
  }
})
