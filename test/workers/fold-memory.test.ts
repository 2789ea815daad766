/** The folds of interrupted jobs. */
import { expect, it } from 'vitest'
import { FoldMemory } from '../../workers/fold-memory.js'
import { xorSpec } from '../support/stores.js'

const result = (epoch: number, answers = 1) => ({
  bestEpoch: epoch,
  epoch,
  answers: new Float32Array(answers),
})

it('are those of the same spec and backend, in order, until the job has ended', () => {
  const memory = new FoldMemory()
  const spec = xorSpec()
  memory.add('a', spec, 'wasm', result(1))
  memory.add('a', spec, 'wasm', result(2))
  memory.add('b', spec, 'wasm', result(3))
  const epochs = (...given: Parameters<FoldMemory['read']>) => memory.read(...given).map(({ epoch }) => epoch)
  expect(epochs('a', spec, 'wasm')).toEqual([1, 2])
  expect(epochs('b', spec, 'wasm')).toEqual([3])
  expect(epochs('a', spec, 'native')).toEqual([])
  expect(epochs('a', xorSpec({ seed: 2 }), 'wasm')).toEqual([])
  memory.add('a', spec, 'native', result(4))
  expect(epochs('a', spec, 'native')).toEqual([4])
  memory.forget('a')
  expect(epochs('a', spec, 'native')).toEqual([])
  expect(epochs('b', spec, 'wasm')).toEqual([3])
})

it('take at most 64 MiB', () => {
  const memory = new FoldMemory()
  const spec = xorSpec()
  // 20 MiB each.
  for (const job of ['a', 'b', 'c', 'd']) memory.add(job, spec, 'wasm', result(1, 5 * 1024 * 1024))
  expect(['a', 'b', 'c', 'd'].map((job) => memory.read(job, spec, 'wasm').length)).toEqual([0, 1, 1, 1])
})
