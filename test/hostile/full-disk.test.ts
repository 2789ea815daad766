/** A full disk for temporary files of uploads, and a full disk of the database. */
import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { expectProblem } from '../support/problem.js'
import { form } from './files.js'
import { type Request, send } from './raw-requests.js'
import { openServer } from './server.js'

/** A disk of this size; null if it cannot be mounted, which needs root. */
function smallDisk(bytes: number): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'descent-small-disk-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  afterAll(() => {
    if (status === 0) spawnSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  })
  if (status === 0) return folder
  console.warn(`No small file system could be mounted, so no test of a full disk runs: ${stderr}`)
  return null
}

const csv = (body: string): Request => ({ path: '/datasets', body, type: 'text/csv' })
const small = csv('a,b\n1,2\n3,4\n')

describe('the disk of uploads', () => {
  const disk = smallDisk(256 * 1024)
  const text = 'a,b\n1,2\n'.repeat(100_000)

  test.skipIf(disk === null).each<[name: string, large: Request]>([
    ['a file', csv(text)],
    [
      'what a file unpacks to',
      { path: '/datasets', ...form([{ name: 'a.csv.gz', content: gzipSync(text) }]) },
    ],
  ])('507: no space for %s; nothing remains, and the next upload is accepted', async (_name, large) => {
    const server = await openServer({ TMPDIR: disk ?? '' })
    onTestFinished(() => server.close())
    const { headers, text, status } = await send(server.url, large)
    expectProblem(headers['content-type'], text, 'insufficient-storage')
    expect(status).toBe(507)
    expect(readdirSync(disk ?? '')).toEqual([])
    expect(await server.database.dataset.count()).toBe(0)
    expect((await send(server.url, small)).status).toBe(201)
    expect(server.output()).not.toContain('"level":50')
  })
})

describe('the disk of the database', () => {
  const disk = smallDisk(1024 ** 2)

  test.skipIf(disk === null)('507: no space for the rows; nothing remains', async () => {
    const server = await openServer()
    const { database } = server
    onTestFinished(async () => {
      await database.$executeRawUnsafe('TRUNCATE "DatasetChunk"')
      await database.$executeRawUnsafe('ALTER TABLE "DatasetChunk" SET TABLESPACE pg_default')
      await database.$executeRawUnsafe('DROP TABLESPACE small')
      await server.close()
    })
    const [{ data_directory: data }] = await database.$queryRaw<
      [{ data_directory: string }]
    >`SHOW data_directory`
    const { uid, gid } = statSync(data)
    const tables = join(disk ?? '', 'tables')
    mkdirSync(tables)
    for (const folder of [disk ?? '', tables]) chownSync(folder, uid, gid)
    await database.$executeRawUnsafe(`CREATE TABLESPACE small LOCATION '${tables}'`)
    await database.$executeRawUnsafe('ALTER TABLE "DatasetChunk" SET TABLESPACE small')

    const row = (number: number) => Array.from({ length: 20 }, (_, column) => Math.sin(20 * number + column))
    const rows = Array.from({ length: 10_000 }, (_, number) => row(number).join())
    const large = csv(`${rows.join('\n')}\n`)
    const { headers, text, status } = await send(server.url, large)
    expectProblem(headers['content-type'], text, 'insufficient-storage')
    expect(status).toBe(507)
    expect(await database.dataset.count()).toBe(0)
    expect(await database.datasetChunk.count()).toBe(0)
    expect(server.temporaryFiles()).toEqual([])
    // The remedy of the problem: free space and send it again.
    spawnSync('mount', ['-o', `remount,size=${64 * 1024 ** 2}`, disk ?? ''])
    expect((await send(server.url, large)).status).toBe(201)
    expect(server.output()).not.toContain('"level":50')
  })
})
