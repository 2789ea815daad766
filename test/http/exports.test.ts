/** Exported files of models. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { float32Tensor, float64Tensor, numbersOf, runOnnx } from '../support/onnx.js'
import { storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)
const download = (id: string, query: string) =>
  api().get(`/models/${id}/export?${query}`).responseType('blob')

describe('an exported model', () => {
  it('as safetensors is the file of its weights', async () => {
    const { id } = await storeModel(service)
    const weights = await api().get(`/models/${id}/weights`).responseType('blob')
    const file = await download(id, 'format=safetensors')
    expect(file.status).toBe(200)
    expect(file.body.equals(weights.body)).toBe(true)
    expect(file.headers.etag).toBe(weights.headers.etag)
    expect(file.headers['content-disposition']).toBe(`attachment; filename="${id}.safetensors"`)
  })

  it('as ONNX gives the predictions of the service', async () => {
    const { id } = await storeModel(service)
    const { status, headers, body } = await download(id, 'format=onnx')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(body.length),
      'content-disposition': `attachment; filename="${id}.onnx"`,
    })
    const { output } = await runOnnx(body, {
      a: float64Tensor([10], [1, 1]),
      b: float64Tensor([100], [1, 1]),
    })
    const answer = await api().get(`/models/${id}/predict?x=10,100`)
    expect(numbersOf(output)).toEqual(answer.body.predictions[0].output)
  })

  it('as ONNX without preprocessing takes the numbers of the network', async () => {
    const { id } = await storeModel(service)
    const { body } = await download(id, 'format=onnx&preprocessing=false')
    const { output } = await runOnnx(body, { input: float32Tensor(Float32Array.of(10, 100), [1, 2]) })
    expect(numbersOf(output)).toEqual([321])
  })

  it('is answered 304 to a client that has it, until an option or the threshold differs', async () => {
    const { id } = await storeModel(service)
    const { headers } = await download(id, 'format=onnx')
    const again = await download(id, 'format=onnx').set('if-none-match', headers.etag)
    expect([again.status, again.body.length]).toEqual([304, 0])
    const bare = await download(id, 'format=onnx&preprocessing=false').set('if-none-match', headers.etag)
    expect(bare.status).toBe(200)
    await service.models.change(id, { threshold: 0.25 })
    expect((await download(id, 'format=onnx').set('if-none-match', headers.etag)).status).toBe(200)
  })

  it('is not sent if its weights are damaged', async () => {
    const { id } = await storeModel(service)
    await service.database.$executeRawUnsafe(
      `UPDATE "WeightChunk" SET bytes = set_bit(bytes, 0, 1 - get_bit(bytes, 0)) WHERE "modelId" = '${id}'`,
    )
    const { status, headers, body } = await download(id, 'format=onnx')
    expect(status).toBe(500)
    expect(headers['content-disposition']).toBeUndefined()
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'integrity' })
  })

  it('has a known format, and names for safetensors only', async () => {
    const { id } = await storeModel(service)
    const unknown = await api().get(`/models/${id}/export?format=pickle`)
    expect(unknown.body).toMatchObject({ status: 400, code: 'invalid-request' })
    const named = await api().get(`/models/${id}/export?format=onnx&names=torch`)
    expect(named.body.detail).toContain('applies to format=safetensors only, not to onnx')
  })

  it('exists for models of the tenant', async () => {
    const { status, body } = await api().get(
      '/models/mdl_00000000000000000000000000000000/export?format=onnx',
    )
    expect([status, body.code]).toEqual([404, 'not-found'])
  })
})
