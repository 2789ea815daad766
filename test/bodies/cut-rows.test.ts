/** Wrong inline rows of a large body: the first are reported, and the others are not validated. */
import { expect, it } from 'vitest'
import { parseBody } from '../../src/bodies/body-thread.js'
import { cutWrongRows } from '../../src/bodies/cut-rows.js'

const training = { network: { layers: [{ type: 'dense', units: 1 }] }, loss: 'meanSquaredError', epochs: 1 }

it('reports the first wrong rows', () => {
  const rows = [...Array(500).fill(1), ...Array(500).fill('a')]
  const bytes = Buffer.from(JSON.stringify({ ...training, dataset: { x: rows, y: rows } }))
  const result = parseBody({ bytes, name: 'job', prefix: null })
  if (result.type !== 'refused') throw new Error(`the body is ${result.type}`)
  expect(result.errors).toHaveLength(100)
  expect(result.errors[0]).toMatchObject({ pointer: '/dataset/x/500' })
  expect(result.errors[99]).toMatchObject({ pointer: '/dataset/x/599' })
})

it('cuts rows after as many wrong ones as are reported', () => {
  const dataset = {
    x: [...Array(500).fill([1, 2]), ...Array(100_000).fill([1, 'a'])],
    y: [...Array(500).fill(0), ...Array(100_000).fill(null)],
  }
  cutWrongRows({ dataset })
  expect(dataset.x).toHaveLength(600)
  expect(dataset.y).toHaveLength(600)
})

it('keeps right rows', () => {
  const dataset = { x: Array(1_000).fill([1, 2]), y: Array(1_000).fill(0) }
  cutWrongRows({ dataset })
  expect(dataset).toEqual({ x: Array(1_000).fill([1, 2]), y: Array(1_000).fill(0) })
})
