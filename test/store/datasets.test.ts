import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Column } from '../../src/contract/dataset.js'
import { chunkBytes, cut, join } from '../../src/store/bytes.js'
import { newId } from '../../src/training/new-id.js'
import type { NewDataset } from '../../src/training/ports.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const columns: Column[] = [
  { name: 'a', type: 'number', role: 'feature', min: 0, max: 1, mean: 0.5 },
  { name: 'kind', type: 'category', role: 'target', categories: ['x', 'y'], counts: [1, 1] },
]

function newDataset(changes: Partial<NewDataset> = {}): NewDataset {
  const values = Float64Array.of(0, 0, 1, 1)
  return { id: newId('dataset'), name: null, origin: 'uploaded', columns, rows: 2, values, ...changes }
}

describe('datasets', () => {
  it('keep many numbers, bit for bit', async () => {
    const values = Float64Array.from(
      { length: 1_300_000 },
      (_, index) => Math.sin(index) * 10 ** ((index % 600) - 300),
    )
    const dataset = newDataset({ values, rows: 650_000 })
    const created = await stores.datasets.create(dataset)
    expect(created).toMatchObject({
      rows: 650_000,
      bytes: values.byteLength,
      target: 'kind',
      classes: ['x', 'y'],
    })
    const stored = await stores.datasets.values(dataset.id)
    expect(Buffer.compare(Buffer.from(stored?.buffer ?? new ArrayBuffer()), Buffer.from(values.buffer))).toBe(
      0,
    )
    expect(await stores.database.datasetChunk.count({ where: { datasetId: dataset.id } })).toBe(3)
    expect(await stores.datasets.get(dataset.id)).toEqual(created)
  })

  it('store the numbers of a view, not those around it', async () => {
    const values = Float64Array.of(9, 0, 0, 1, 1, 9).subarray(1, 5)
    const { id } = await stores.datasets.create(newDataset({ values }))
    expect(await stores.datasets.values(id)).toEqual(Float64Array.of(0, 0, 1, 1))
  })

  it('list uploads only', async () => {
    await stores.database.dataset.deleteMany()
    const uploaded = await stores.datasets.create(newDataset())
    const inline = await stores.datasets.create(newDataset({ origin: 'inline' }))
    expect((await stores.datasets.list({ limit: 10 })).data).toEqual([uploaded])
    expect(await stores.datasets.get(inline.id)).toEqual(inline)
  })

  it('that do not exist are null', async () => {
    expect(await stores.datasets.get(newId('dataset'))).toBeNull()
    expect(await stores.datasets.values(newId('dataset'))).toBeNull()
  })
})

describe('chunks', () => {
  it('are never too large, and join to what they were cut from', () => {
    const size = fc.oneof(
      fc.nat({ max: 100 }),
      fc.constantFrom(-1, 0, 1).map((more) => 2 * chunkBytes + more),
    )
    fc.assert(
      fc.property(size, (length) => {
        const bytes = new Uint8Array(length).fill(7)
        const chunks = cut(bytes)
        expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, index) => index))
        expect(chunks.every((chunk) => chunk.bytes.length > 0 && chunk.bytes.length <= chunkBytes)).toBe(true)
        expect(Buffer.compare(join(chunks), bytes)).toBe(0)
      }),
      { numRuns: 20 },
    )
  })
})
