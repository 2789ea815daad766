import fc from 'fast-check'
import { expect, test } from 'vitest'
import { builtIn } from '../../src/datasets/built-ins.js'
import { describeTable } from '../../src/datasets/table.js'
import { maximumChunkBytes, tableChunks, tableFromChunks } from '../../src/datasets/table-bytes.js'
import { inChunks } from './byte-chunks.js'

function tableOf(values: Float64Array) {
  return describeTable(
    [
      { name: 'x', role: 'feature' },
      { name: 'y', role: 'target' },
    ],
    values,
  )
}

test('numbers are stored as little-endian float64', () => {
  const [chunk, ...more] = tableChunks(tableOf(Float64Array.of(1, -2)))
  expect(more).toEqual([])
  expect(Buffer.from(chunk).toString('hex')).toBe('000000000000f03f00000000000000c0')
})

test('a big table travels in chunks of at most 4 MiB and comes back whole', async () => {
  const values = Float64Array.from({ length: 1_200_002 }, (_, place) => Math.sin(place))
  const table = tableOf(values)
  const chunks = [...tableChunks(table)]
  expect(chunks.map((chunk) => chunk.length)).toEqual([maximumChunkBytes, maximumChunkBytes, 1_211_408])
  const back = await tableFromChunks(table.columns, table.rows, chunks)
  expect(Buffer.from(back.values.buffer).equals(Buffer.from(values.buffer))).toBe(true)
  expect([back.rows, back.columns]).toEqual([table.rows, table.columns])
})

test('any finite numbers come back, wherever the bytes are cut', async () => {
  const numbers = fc
    .array(
      fc.tuple(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
      { minLength: 1 },
    )
    .map((pairs) => Float64Array.from(pairs.flat()))
  await fc.assert(
    fc.asyncProperty(numbers, fc.integer({ min: 1, max: 50 }), async (values, size) => {
      const table = tableOf(values)
      const bytes = Buffer.concat([...tableChunks(table)])
      expect(await tableFromChunks(table.columns, table.rows, inChunks(bytes, size))).toEqual(table)
    }),
  )
})

test('missing or surplus bytes are noticed', async () => {
  const xor = builtIn('xor')
  if (!xor) throw new Error('xor is a built-in')
  const [bytes] = tableChunks(xor)
  await expect(tableFromChunks(xor.columns, xor.rows, [bytes.subarray(8)])).rejects.toThrow(
    new RangeError('a stored table has 96 bytes, but 88 came'),
  )
  await expect(tableFromChunks(xor.columns, xor.rows, [bytes, Uint8Array.of(0)])).rejects.toThrow(RangeError)
})
