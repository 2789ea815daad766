/** The threads of a worker, and when its spare thread may be used. */
import { expect, it } from 'vitest'
import { ThreadAllocator } from '../../workers/thread-allocator.js'

const job = (estimatedSeconds: number) => ({ estimatedSeconds, spec: { threads: 1 } })

it('does not count the spare thread', () => {
  const allocator = new ThreadAllocator(2, () => 0)
  allocator.take([job(60)])
  const spare = allocator.take([job(0.01), job(0.01)], true)
  expect(allocator.free).toBe(1)
  allocator.take([job(60)])
  expect(allocator.capacity()).toMatchObject({ free: 0, freeIn: [60, 60] })
  allocator.release(spare)
  expect(allocator.capacity()).toMatchObject({ free: 0, freeIn: [60, 60] })
})

it('offers the spare thread while no other is free, or is expected to be soon', () => {
  let now = 0
  const allocator = new ThreadAllocator(2, () => now)
  expect(allocator.spareIn).toBeNull()
  allocator.take([job(60)])
  expect(allocator.spareIn).toBeNull()
  const batch = allocator.take([job(0.03), job(0.04)])
  expect(allocator.spareIn).toBeCloseTo(0.07)
  now = 40
  expect(allocator.spareIn).toBeCloseTo(0.03)
  // It overruns, and is expected to take as long again.
  now = 90
  expect(allocator.spareIn).toBeCloseTo(0.09)
  now = 100
  expect(allocator.spareIn).toBe(0)
  batch.threads = 0
  expect(allocator.spareIn).toBeNull()
})
