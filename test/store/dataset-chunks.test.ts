/** Checksums of the chunks of datasets: how they are computed, who writes them, and what a reader finds. */
import { open } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { tableFromInline } from '../../src/datasets/inline.js'
import { computeChecksum } from '../../src/store/dataset-chunks.js'
import { allDamages, damage } from '../support/damage.js'
import { rechunked } from '../support/rechunked.js'
import { newJob, openStores, type Stores } from '../support/stores.js'
import { uploadOf, valuesOf } from '../support/tables.js'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())

/** The polynomial of CRC-32 (ISO 3309), reflected. */
const polynomial = 0xedb88320

/** CRC-32 bit by bit, as a signed integer. */
function slowChecksum(firstRow: number, bytes: Uint8Array): number {
  let state = ~firstRow
  for (const byte of bytes) {
    state ^= byte
    for (let bit = 0; bit < 8; bit++) state = (state >>> 1) ^ (state & 1 ? polynomial : 0)
  }
  return ~state
}

/** 40 rows in chunks of 15, 15 and 10. */
function smallTable() {
  const x = Array.from({ length: 40 }, (_, row) => [row / 7, row % 5])
  return rechunked(tableFromInline({ x, y: x.map((_, row) => row) }), [15])
}

/** Changes a byte in the file of the large values of the table, which is then read from the disk. */
async function damagePage({ database }: Stores): Promise<void> {
  const [{ file, oid }] = await database.$queryRaw<{ file: string; oid: number }[]>`
    SELECT current_setting('data_directory') || '/' || pg_relation_filepath(reltoastrelid) AS file,
      reltoastrelid::oid::int AS oid
    FROM pg_class WHERE oid = '"DatasetChunk"'::regclass`
  await database.$executeRaw`CREATE EXTENSION pg_buffercache`
  await database.$executeRaw`CHECKPOINT`
  await database.$queryRaw`SELECT buffers_evicted FROM pg_buffercache_evict_relation(${oid}::int::oid::regclass)`
  const handle = await open(file, 'r+')
  await handle.write(Buffer.of(1, 2, 3), 0, 3, 4_000)
  await handle.close()
}

describe('a checksum', () => {
  it('of the first rows is CRC-32', () => {
    // The check value of the catalogue of parametrised CRC algorithms for CRC-32/ISO-HDLC.
    expect(computeChecksum({ firstRow: 0 }, Buffer.from('123456789'))).toBe(0xcbf43926 | 0)
  })

  it('depends on the first row', () => {
    const bytes = Buffer.from('descent')
    for (const firstRow of [1, 2, 0x7fffffff])
      expect(computeChecksum({ firstRow }, bytes)).toBe(slowChecksum(firstRow, bytes))
  })

  it('is written with each chunk of an upload, and of the rows of a job', async () => {
    const upload = uploadOf(smallTable())
    await stores.datasets.create(upload)
    const inline = uploadOf(smallTable(), { origin: 'inline' })
    await stores.jobs.create(newJob({ inlineDataset: inline, datasetId: inline.id }))
    for (const { id } of [upload, inline]) {
      const chunks = await stores.database.datasetChunk.findMany({ where: { datasetId: id } })
      expect(chunks).toHaveLength(3)
      for (const { firstRow, bytes, checksum } of chunks)
        expect(checksum).toBe(slowChecksum(firstRow, bytes ?? new Uint8Array()))
    }
  })
})

describe('a dataset', () => {
  it.each(allDamages)('is not read if a chunk is %s', async (how) => {
    const { id } = await stores.datasets.create(uploadOf(smallTable()))
    await damage(stores, id, how)
    await expect(stores.datasets.table(id)).rejects.toMatchObject({ code: 'integrity' })
    await expect(stores.datasets.rows(id, 16, 1)).rejects.toMatchObject({ code: 'integrity' })
    // The first chunk is not damaged.
    expect((await stores.datasets.rows(id, 0, 15))?.chunks).toHaveLength(1)
  })

  it('is not read if its first or last chunk is missing, or it has more rows than its description', async () => {
    for (const missing of [0, 2]) {
      const { id } = await stores.datasets.create(uploadOf(smallTable()))
      await stores.database.datasetChunk.delete({
        where: { datasetId_index: { datasetId: id, index: missing } },
      })
      await expect(stores.datasets.table(id)).rejects.toMatchObject({ code: 'integrity' })
      await expect(stores.datasets.rows(id, missing * 15, 1)).rejects.toMatchObject({ code: 'integrity' })
      expect((await stores.datasets.rows(id, 16, 1))?.first).toBe(15)
    }
    const { id } = await stores.datasets.create(uploadOf(smallTable()))
    await stores.database.dataset.update({ where: { id }, data: { rows: 39 } })
    await expect(stores.datasets.table(id)).rejects.toMatchObject({ code: 'integrity' })
  })

  it('of an earlier release, without checksums, is read', async () => {
    const { id } = await stores.datasets.create(uploadOf(smallTable()))
    await stores.database.datasetChunk.updateMany({ where: { datasetId: id }, data: { checksum: null } })
    const table = await stores.datasets.table(id)
    expect(table && valuesOf(table)).toEqual(valuesOf(smallTable()))
  })

  it('is not read if PostgreSQL finds a damaged page', async () => {
    const own = await openStores()
    onTestFinished(() => own.close())
    // Above 2 KB, so that the bytes are stored in separate pages.
    const x = Array.from({ length: 1_000 }, (_, row) => [Math.sin(row)])
    const table = tableFromInline({ x, y: x.map((_, row) => row) })
    const [{ id }, other] = [
      await own.datasets.create(uploadOf(table)),
      await own.datasets.create(uploadOf(smallTable())),
    ]
    await damagePage(own)
    await expect(own.datasets.table(id)).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(`Dataset ${id} is damaged: PostgreSQL reports damaged pages.`),
    })
    await expect(own.datasets.rows(id, 0, 1)).rejects.toMatchObject({ code: 'integrity' })
    expect((await own.datasets.table(other.id))?.rows).toBe(40)
  })

  it('that is deleted while it is read is null', async () => {
    const { id } = await stores.datasets.create(uploadOf(smallTable()))
    const tables = Promise.all(Array.from({ length: 20 }, () => stores.datasets.table(id)))
    expect(await stores.datasets.delete(id)).toBe('deleted')
    for (const table of await tables) expect(table === null || table.rows === 40).toBe(true)
  })
})
