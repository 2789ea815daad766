/** What the page reads from the header of a model's file. */
import { describe, expect, it } from 'vitest'
import { readModelFile } from '../../../page/src/views/model-file.js'

/** A safetensors file: the length of its header in 8 bytes, little-endian, then the header and the numbers. */
function safetensors(header: string, numbers = 24): Blob {
  const text = new TextEncoder().encode(header)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true)
  return new Blob([length, text, new Uint8Array(numbers)])
}

const weight = { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] }

describe('a model file', () => {
  it.each([
    ['all that the service writes', { model: 'mdl_1', coding: '{}', network: '{}' }, 'exported'],
    ['no network', { model: 'mdl_1', coding: '{}' }, 'weights'],
    ['entries of another program', { format: 'pt' }, 'weights'],
  ])('with %s in its metadata', async (_, metadata, type) => {
    const file = safetensors(JSON.stringify({ __metadata__: metadata, 'layers.0.weight': weight }))
    expect((await readModelFile(file)).type).toBe(type)
  })

  it('lists its tensors, without those that are malformed', async () => {
    const header = {
      'fc.weight': weight,
      scalar: { dtype: 'I64', shape: [] },
      broken: { shape: [1] },
      other: 3,
    }
    expect(await readModelFile(safetensors(JSON.stringify(header)))).toEqual({
      type: 'weights',
      tensors: [
        { name: 'fc.weight', dtype: 'F32', shape: [2, 3] },
        { name: 'scalar', dtype: 'I64', shape: [] },
      ],
    })
  })

  it.each([
    ['shorter than a length', new Blob(['abc'])],
    ['with a header beyond its end', new Blob([new Uint8Array([200, 0, 0, 0, 0, 0, 0, 0, 123, 125])])],
    ['with an enormous header', new Blob([new Uint8Array(16).fill(255)])],
    ['with a header that is not JSON', safetensors('{"a":')],
    ['with a header that is a list', safetensors('[1]')],
  ])('%s is none of safetensors', async (_, file) => {
    expect(await readModelFile(file)).toEqual({ type: 'other' })
  })
})
