/** Models of PyTorch with their answers, by test/fixtures/imports/generate.py. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { networkSchema } from '../../src/contract/network.js'
import type { Weights } from '../../src/engine/index.js'
import { elementCount, predict } from '../../src/engine/index.js'
import type { ImportedModel } from '../../src/imports/build-model.js'

const numbers = z.array(z.array(z.number()))
const folder = new URL('../fixtures/imports/', import.meta.url)

export const fixtureFile = (name: string) => readFileSync(new URL(name, folder))

export const fixtures = z
  .array(z.object({ name: z.string(), network: networkSchema, inputs: numbers, outputs: numbers }))
  .parse(JSON.parse(fixtureFile('models.json').toString()))

type Fixture = (typeof fixtures)[number]

export function fixture(name: string): Fixture {
  const found = fixtures.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no fixture ${name}`)
  return found
}

/** The largest difference between the answers of the engine and those of PyTorch in float64. */
export function largestDifference(model: ImportedModel, { inputs, outputs }: Fixture): number {
  const answers = answer(model, inputs.flat())
  return outputs.flat().reduce((most, value, index) => Math.max(most, Math.abs(value - answers[index])), 0)
}

export function answer(model: ImportedModel, inputs: readonly number[]): Float32Array {
  const floats = new Float32Array(model.weights.buffer)
  const weights: Weights = new Map(
    model.tensors.map(({ name, shape, offset }) => [
      name,
      { shape, values: floats.subarray(offset, offset + elementCount(shape)) },
    ]),
  )
  return predict(model.network, weights, Float32Array.from(inputs), { backend: 'reference' })
}

interface TensorToWrite {
  dtype?: string
  shape: number[]
  values: readonly number[]
}

/** Writes float32 tensors as a safetensors file. `header` replaces entries of its header. */
export function safetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  header: Readonly<Record<string, unknown>> = {},
): Buffer {
  let end = 0
  const entries = Object.entries(tensors).map(([name, { dtype = 'F32', shape, values }]) => {
    const begin = end
    end += 4 * values.length
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const
  })
  const data = Float32Array.from(Object.values(tensors).flatMap(({ values }) => values))
  return withHeader(JSON.stringify({ ...Object.fromEntries(entries), ...header }), Buffer.from(data.buffer))
}

export function withHeader(header: string, data: Uint8Array): Buffer {
  const text = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}
