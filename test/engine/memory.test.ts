import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Dataset } from '../../src/engine/index.js'
import { SharedMemory } from '../../src/engine/memory.js'

describe('regions', () => {
  test('do not overlap, are aligned and initially zero', () => {
    const memory = SharedMemory.create(1000)
    const sizes = [1, 64, 65, 1000, 200_000, 3]
    const regions = sizes.map((size) => {
      const start = memory.reserve(size)
      expect(start % 64).toBe(0)
      const bytes = new Uint8Array(memory.memory.buffer, start, size)
      expect(bytes.every((byte) => byte === 0)).toBe(true)
      bytes.fill(255)
      return [start, start + size] as const
    })
    const ordered = regions.toSorted(([a], [b]) => a - b)
    ordered.slice(1).forEach(([start], i) => {
      expect(start).toBeGreaterThanOrEqual(ordered[i]?.[1] ?? Number.NaN)
    })
  })

  test('are cleared and reused after release', () => {
    const memory = SharedMemory.create(64)
    const [first, second, third] = [memory.reserve(128), memory.reserve(256), memory.reserve(64)]
    new Uint8Array(memory.memory.buffer, second, 256).fill(7)
    memory.release(second)
    expect(memory.reserve(192)).toBe(second)
    expect(memory.int32(second, 48).every((word) => word === 0)).toBe(true)
    expect(memory.reserve(64)).toBe(second + 192)
    memory.release(first)
    memory.release(third)
    expect(memory.reserve(100)).toBe(first)
    expect(() => memory.release(second + 64)).toThrow(/no region starts/)
  })

  test('do not grow the memory when earlier regions are released', () => {
    const memory = SharedMemory.create(64)
    memory.release(memory.reserve(3_000_000))
    const { bytes } = memory
    for (let i = 0; i < 100; i++) memory.release(memory.reserve(3_000_000 - i))
    expect(memory.bytes).toBe(bytes)
  })

  test('end 64 bytes or more before the end of the memory, where vector kernels read', () => {
    const memory = SharedMemory.create(64)
    const size = memory.bytes - 65_536
    const start = memory.reserve(size)
    expect(memory.bytes).toBeGreaterThanOrEqual(start + size + 64)
  })

  test('a memory of fixed size rejects a region that does not fit', () => {
    const memory = SharedMemory.create(1024, 'fixed')
    expect(() => memory.reserve(10_000_000)).toThrow(RangeError)
    expect(memory.reserve(512)).toBe(65_536)
  })

  test('a full table is an error', () => {
    const memory = SharedMemory.create(64)
    expect(() => {
      for (;;) memory.reserve(1)
    }).toThrow(/limit of \d+ regions/)
  })

  test('two threads reserve different regions concurrently', async () => {
    const memory = SharedMemory.create(64)
    const starts = await Promise.all([reserveInThread(memory), reserveInThread(memory)])
    expect(new Set(starts.flat()).size).toBe(400)
    // This thread sees the growth by the other threads.
    const last = Math.max(...starts.flat())
    expect(memory.int32(last, 16)[0]).toBe(0)
  })
})

async function reserveInThread(memory: SharedMemory): Promise<number[]> {
  const source = new URL('../../src/engine/memory.ts', import.meta.url).href
  const worker = new Worker(
    `import { register } from 'node:module'
     import { parentPort, workerData } from 'node:worker_threads'
     import { tsImport } from 'tsx/esm/api'
     const { SharedMemory } = await tsImport(workerData.source, workerData.source)
     const memory = SharedMemory.attach(workerData.handle)
     parentPort.postMessage(Array.from({ length: 200 }, () => memory.reserve(5000)))`,
    { eval: true, workerData: { source, handle: memory.handle() } },
  )
  const [starts] = await once(worker, 'message')
  await worker.terminate()
  return starts
}

describe('datasets', () => {
  const x = [0, 1, 10, 11, 20, 21, 30, 31]
  const y = [0, 1, 2, 3]
  const rows = { training: Int32Array.of(3, 0), validation: Int32Array.of(2, 1) }

  test('contain the requested rows, in that order', () => {
    const dataset = Dataset.from(x, y, rows)
    expect([...dataset.trainingX]).toEqual([30, 31, 0, 1])
    expect([...dataset.trainingY]).toEqual([3, 0])
    expect([...dataset.validationX]).toEqual([20, 21, 10, 11])
    expect([...dataset.validationY]).toEqual([2, 1])
  })

  test('share one memory after attaching', () => {
    const dataset = Dataset.from(x, y, rows)
    const other = Dataset.attach(dataset.share())
    other.trainingX[0] = 99
    expect(dataset.trainingX[0]).toBe(99)
    expect(other.size).toEqual({ trainingRows: 2, validationRows: 2, features: 2, targetWidth: 1 })
  })

  test('reject values that do not divide into rows', () => {
    expect(() =>
      Dataset.from([1, 2, 3], [1, 2], { training: Int32Array.of(0, 1), validation: Int32Array.of() }),
    ).toThrow(/3 inputs and 2 targets do not divide into 2 rows/)
  })
})
