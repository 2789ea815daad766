/** Datasets are read once, shared between threads, and evicted when they use too much memory. */
import { expect, it } from 'vitest'
import { tableFromInline } from '../../src/datasets/inline.js'
import type { Table } from '../../src/datasets/table.js'
import { StoredTables } from '../../workers/stored-tables.js'
import { valuesOf } from '../support/tables.js'

const table = tableFromInline({ x: [[0.1], [0.2]], y: [1, 0] })
const bytes = table.chunks.reduce((sum, chunk) => sum + chunk.length, 0)

/** Datasets called ds_…, all with the same rows; counts what is read. */
function counting(read: string[], answer: () => Promise<Table | null> = async () => table) {
  return {
    get: async () => ({ image: null }),
    table: async (id: string) => {
      read.push(id)
      return answer()
    },
  }
}

it('are read once for all callers, also concurrent ones, into shared memory', async () => {
  const read: string[] = []
  const tables = new StoredTables(counting(read), 1e6)
  const [first, second] = await Promise.all([tables.take('ds_a', 'ds_a'), tables.take('ds_a', 'ds_a')])
  const third = await tables.take('ds_a', 'ds_a')
  expect(read).toEqual(['ds_a'])
  expect(first?.table.chunks[0].buffer).toBeInstanceOf(SharedArrayBuffer)
  for (const other of [second, third])
    expect(other?.table.chunks[0].buffer).toBe(first?.table.chunks[0].buffer)
  expect(first && valuesOf(first.table)).toEqual(valuesOf(table))
})

it('are evicted above the limit, least recently used first', async () => {
  const read: string[] = []
  const tables = new StoredTables(counting(read), 2 * bytes)
  for (const id of ['ds_a', 'ds_b', 'ds_a', 'ds_c', 'ds_a', 'ds_b']) await tables.take(id, id)
  expect(read).toEqual(['ds_a', 'ds_b', 'ds_c', 'ds_b'])
})

it('are evicted after their last use', async () => {
  const read: string[] = []
  const tables = new StoredTables(counting(read), 1e6)
  await tables.take('ds_a', 'ds_a')
  await tables.take('ds_b', 'ds_b')
  const between = performance.now()
  await tables.take('ds_a', 'ds_a')
  tables.evictUnused(between)
  await tables.take('ds_a', 'ds_a')
  expect(read).toEqual(['ds_a', 'ds_b'])
  await tables.take('ds_b', 'ds_b')
  expect(read).toEqual(['ds_a', 'ds_b', 'ds_b'])
})

it('are read again after a failure, and if there was none', async () => {
  const read: string[] = []
  const answers = [Promise.reject(new Error('away')), Promise.resolve(null), Promise.resolve(table)]
  const tables = new StoredTables(
    counting(read, () => answers[read.length - 1]),
    1e6,
  )
  await expect(tables.take('ds_a', 'ds_a')).rejects.toThrow('away')
  expect(await tables.take('ds_a', 'ds_a')).toBeNull()
  expect(await tables.take('ds_a', 'ds_a')).not.toBeNull()
  expect(await tables.take('xor', null)).toMatchObject({ table: { rows: 4 }, image: null })
  expect(read).toHaveLength(3)
})
