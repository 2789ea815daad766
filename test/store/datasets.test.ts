import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packRows } from '../../src/datasets/packed-rows.js'
import type { Prepared } from '../../src/datasets/prepare.js'
import { readRows } from '../../src/datasets/preview.js'
import { describeTable, type Table } from '../../src/datasets/table.js'
import { chunkBytes, cut, join } from '../../src/store/bytes.js'
import { newId } from '../../src/training/new-id.js'
import { newJob, openStores, type Stores } from '../support/stores.js'
import { uploadOf, valuesOf } from '../support/tables.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

/** Two columns, the second a category; rows numbered by the first. */
function numbered(rows: number): Table {
  const values = Float64Array.from({ length: 2 * rows }, (_, index) =>
    index % 2 === 0 ? index / 2 : (index >> 1) % 2,
  )
  return describeTable(
    [
      { name: 'a', role: 'feature' },
      { name: 'kind', role: 'target', categories: ['x', 'y'] },
    ],
    values,
  )
}

async function tableOf(id: string): Promise<Table> {
  const table = await stores.datasets.table(id)
  if (table === null) throw new Error(`there is no dataset ${id}`)
  return table
}

describe('datasets', () => {
  it('store many numbers exactly', async () => {
    const values = Float64Array.from(
      { length: 1_300_000 },
      (_, index) => Math.sin(index) * 10 ** ((index % 600) - 300),
    )
    const table = describeTable(
      [
        { name: 'a', role: 'feature' },
        { name: 'b', role: 'target' },
      ],
      values,
    )
    const created = await stores.datasets.create(uploadOf(table))
    expect(created).toMatchObject({ rows: 650_000, target: 'b', classes: null, inputShape: [1], image: null })
    expect(created.bytes).toBeGreaterThan(values.byteLength)
    expect(created.bytes).toBeLessThan(values.byteLength + 1_000)
    const stored = valuesOf(await tableOf(created.id))
    expect(Buffer.compare(Buffer.from(stored.buffer), Buffer.from(values.buffer))).toBe(0)
    expect(await stores.database.datasetChunk.count({ where: { datasetId: created.id } })).toBe(3)
    expect(await stores.datasets.get(created.id)).toEqual(created)
  })

  it('return any rows without reading the others', async () => {
    const rows = 600_000
    const { id } = await stores.datasets.create(uploadOf(numbered(rows)))
    const { bytes } = (await stores.datasets.get(id)) ?? { bytes: 0 }
    expect(bytes).toBeLessThan(rows * 4.2)
    for (const [first, count] of [
      [0, 2],
      [262_143, 2],
      [599_999, 5],
      [600_000, 5],
    ]) {
      const slice = await stores.datasets.rows(id, first, count)
      expect(slice?.rows).toBe(rows)
      const read = slice === null ? [] : readRows(slice, first, count)
      const wanted = [0, 1, 2, 3, 4].slice(0, Math.min(count, rows - first)).map((more) => first + more)
      expect(read).toEqual(wanted.map((row) => [row, row % 2 === 0 ? 'x' : 'y']))
      expect(slice?.chunks.length).toBe(first === 262_143 ? 2 : wanted.length === 0 ? 0 : 1)
    }
  })

  it('store nothing if their rows end with an error', async () => {
    const upload = uploadOf(numbered(3))
    function* broken(): Generator<Prepared> {
      yield { type: 'rows', rows: 1, bytes: packRows([Float64Array.of(1)], 1) }
      throw new Error('the file broke off')
    }
    await expect(stores.datasets.create({ ...upload, pieces: broken() })).rejects.toThrow(
      'the file broke off',
    )
    expect(await stores.datasets.get(upload.id)).toBeNull()
    expect(await stores.database.datasetChunk.count({ where: { datasetId: upload.id } })).toBe(0)
  })

  it('are deleted with their rows, unless an unfinished job uses them', async () => {
    const [{ id }, validation] = await Promise.all([
      stores.datasets.create(uploadOf(numbered(3))),
      stores.datasets.create(uploadOf(numbered(3))),
    ])
    const job = await stores.jobs.create(newJob({ datasetId: id, validationDatasetId: validation.id }))
    for (const used of [id, validation.id]) expect(await stores.datasets.delete(used)).toBe('used')
    await stores.jobs.cancel(job.id)
    for (const unused of [id, validation.id]) expect(await stores.datasets.delete(unused)).toBe('deleted')
    expect(await stores.datasets.delete(id)).toBe('missing')
    expect(await stores.database.datasetChunk.count({ where: { datasetId: id } })).toBe(0)
    expect((await stores.jobs.get(job.id))?.status).toBe('cancelled')
  })

  it('are deleted or used, never both, in a race of a deletion and a job', async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await stores.datasets.create(uploadOf(numbered(3)))
      const [job, deletion] = await Promise.all([
        stores.jobs.create(newJob({ datasetId: id })).catch((error) => error),
        stores.datasets.delete(id),
      ])
      if (deletion === 'used') expect(job).toMatchObject({ status: 'queued' })
      else expect(job).toMatchObject({ code: 'invalid-spec', errors: [{ pointer: '/dataset' }] })
    }
  })

  it('list uploads only', async () => {
    await stores.database.dataset.deleteMany()
    const uploaded = await stores.datasets.create(uploadOf(numbered(3)))
    const inline = await stores.datasets.create(uploadOf(numbered(3), { origin: 'inline' }))
    expect((await stores.datasets.list({ limit: 10 })).data).toEqual([uploaded])
    expect(await stores.datasets.get(inline.id)).toEqual(inline)
  })

  it('that do not exist are null', async () => {
    expect(await stores.datasets.get(newId('dataset'))).toBeNull()
    expect(await stores.datasets.table(newId('dataset'))).toBeNull()
    expect(await stores.datasets.rows(newId('dataset'), 0, 1)).toBeNull()
  })
})

describe('chunks', () => {
  it('are never too large, and concatenate to the original', () => {
    const size = fc.oneof(
      fc.nat({ max: 100 }),
      fc.constantFrom(-1, 0, 1).map((more) => 2 * chunkBytes + more),
    )
    fc.assert(
      fc.property(size, (length) => {
        const bytes = new Uint8Array(length).fill(7)
        const chunks = [...cut(bytes)]
        expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, index) => index))
        expect(chunks.every((chunk) => chunk.bytes.length > 0 && chunk.bytes.length <= chunkBytes)).toBe(true)
        expect(Buffer.compare(join(chunks), bytes)).toBe(0)
      }),
      { numRuns: 20 },
    )
  })
})
