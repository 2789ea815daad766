import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { readCsv } from '../../src/datasets/csv.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

interface Sample {
  heap: number
  arrays: number
}

/** Memory that is still needed after a collection, in bytes; what a pending message holds is let go only a turn later. */
async function measure(): Promise<Sample> {
  collect()
  await turn()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, arrays: arrayBuffers }
}

test('a big file costs its numbers and nothing per cell', async () => {
  const [chunks, rowsInChunk, columns] = [120, 500, 12]
  const header = Array.from({ length: columns }, (_, column) => `column${column}`).join(',')
  const samples: Sample[] = []
  async function* source() {
    yield Buffer.from(`${header}\n`)
    for (let chunk = 0; chunk < chunks; chunk++) {
      const row = Array.from({ length: columns }, (_, column) => `${chunk}.${column}25`).join(',')
      yield Buffer.from(`${row}\n`.repeat(rowsInChunk))
      if (chunk % 20 === 10) samples.push(await measure())
    }
  }
  const table = await readCsv(source(), {
    limits: { maximumRows: 1e6, maximumColumns: 100, maximumBytes: 1e9, maximumCellLength: 100 },
  })
  expect(table.rows).toBe(chunks * rowsInChunk)

  const heap = samples.map((sample) => sample.heap)
  const arrays = samples.map((sample) => sample.arrays)
  expect(samples.length).toBe(6)
  expect(Math.max(...heap) - heap[0]).toBeLessThan(1_000_000)
  const grown = arrays[5] - arrays[0]
  const numbersRead = 100 * rowsInChunk * columns * 8
  expect(grown).toBeGreaterThan(0.8 * numbersRead)
  expect(grown).toBeLessThan(1.5 * numbersRead)
})
