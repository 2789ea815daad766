/** Weights as safetensors files. */
import { spawnSync } from 'node:child_process'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { networkSchema } from '../../src/contract/network.js'
import { exportWeights } from '../../src/training/export-weights.js'
import { openApp, type RunningApp } from '../support/app.js'
import { float32Bytes, linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)
const download = (id: string) => api().get(`/models/${id}/weights`).responseType('blob')

const python = process.env.PYTHON ?? 'python3'
const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0
if (!hasNumpy) console.warn('No Python with NumPy: no other program reads the weights.')

/** Reads a file by the format's description, independently of the writer. */
function tensorsOf(file: Buffer) {
  const length = Number(file.readBigUInt64LE(0))
  const { __metadata__: metadata, ...tensors } = JSON.parse(file.toString('utf8', 8, 8 + length))
  const numbers = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(
    tensors,
  ).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const bytes = file.subarray(8 + length + begin, 8 + length + end)
      const values = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index))
      return { name, dtype, shape, values }
    },
  )
  return { metadata, numbers, headerBytes: 8 + length }
}

describe('the weights of a model', () => {
  it('are complete even if the model is deleted during the download', async () => {
    const { id } = await storeModel(service)
    const whole = (await download(id)).body
    const content = await (
      await exportWeights({ models: service.models, all: service.models, tenantId: 'local' }, id)
    ).open()
    expect(await service.models.delete(id)).toBe('deleted')
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(whole)).toBe(true)
  })

  it('are a safetensors file', async () => {
    const { id } = await storeModel(service)
    const { status, headers, body } = await download(id)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(body.length),
      'content-disposition': `attachment; filename="${id}.safetensors"`,
    })
    const { metadata, numbers, headerBytes } = tensorsOf(body)
    expect(headerBytes % 8).toBe(0)
    const { network, loss, coding } = linearModel()
    expect(metadata).toMatchObject({ model: id, loss, coding: JSON.stringify(coding) })
    expect(JSON.parse(metadata.network)).toEqual(networkSchema.parse(network))
    expect(numbers).toEqual([
      { name: 'layers.0.weight', dtype: 'F32', shape: [1, 2], values: [2, 3] },
      { name: 'layers.0.bias', dtype: 'F32', shape: [1], values: [1] },
    ])
    expect(body.length).toBe(headerBytes + 12)
  })

  it('contain the scale of the target, and are aligned with names in any script', async () => {
    const target = {
      type: 'number' as const,
      names: ['Größe'],
      scaling: { method: 'standardize' as const, offset: [496_950.1], scale: [387_805.7] },
    }
    const { id } = await storeModel(service, linearModel({ coding: { ...linearModel().coding, target } }))
    const { metadata, numbers, headerBytes } = tensorsOf((await download(id)).body)
    expect(JSON.parse(metadata.coding).target).toEqual(target)
    expect(headerBytes % 8).toBe(0)
    expect(numbers[0].values).toEqual([2, 3])
  })

  it.skipIf(!hasNumpy)('are readable by NumPy', async () => {
    const { id } = await storeModel(service)
    const { body } = await download(id)
    const program = `
import json, sys, numpy
data = sys.stdin.buffer.read()
length = int.from_bytes(data[:8], 'little')
header = json.loads(data[8:8 + length])
def tensor(name):
    begin, end = header[name]['data_offsets']
    return numpy.frombuffer(data[8 + length + begin:8 + length + end], '<f4').reshape(header[name]['shape'])
print(float((tensor('layers.0.weight') @ numpy.array([10, 100]) + tensor('layers.0.bias'))[0]))
`
    const { stdout, stderr } = spawnSync(python, ['-c', program], { input: body })
    expect(stderr.toString()).toBe('')
    const answer = await api().get(`/models/${id}/predict?x=10,100`)
    expect(Number(stdout)).toBe(answer.body.predictions[0].output[0])
  })

  it('of many chunks are complete and in order', async () => {
    const values = Float32Array.from({ length: 2_500_000 }, (_, index) => index)
    const { id } = await storeModel(
      service,
      linearModel({
        weights: float32Bytes(Array.from(values)),
        tensors: [{ name: 'layers.0.weight', shape: [2_500, 1_000], offset: 0 }],
      }),
    )
    const { body } = await download(id)
    const begin = body.length - 4 * values.length
    const isAsStored = values.every((value, index) => body.readFloatLE(begin + 4 * index) === value)
    expect(isAsStored).toBe(true)
  })

  it('are answered 304 to a client that has them', async () => {
    const { id } = await storeModel(service)
    const { headers } = await download(id)
    const again = await download(id).set('if-none-match', headers.etag)
    expect(again.status).toBe(304)
    expect(again.headers.etag).toBe(headers.etag)
    expect(again.body.length).toBe(0)
    expect((await download(id).set('if-none-match', '"another"')).status).toBe(200)
  })

  it.each([
    ['changed', `UPDATE "WeightChunk" SET bytes = set_bit(bytes, 0, 1 - get_bit(bytes, 0))`],
    ['missing', 'DELETE FROM "WeightChunk"'],
  ])('are not sent if they are %s', async (_damage, statement) => {
    const { id } = await storeModel(service)
    await service.database.$executeRawUnsafe(`${statement} WHERE "modelId" = '${id}'`)
    const { status, headers, body } = await download(id)
    expect(status).toBe(500)
    expect(headers['content-type']).toBe('application/problem+json')
    expect(headers['content-disposition']).toBeUndefined()
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'integrity' })
  })

  it('are described by HEAD without being read', async () => {
    const { id } = await storeModel(service)
    const { status, headers } = await api().head(`/models/${id}/weights`)
    expect(status).toBe(200)
    expect(Number(headers['content-length'])).toBeGreaterThan(12)
  })
})
