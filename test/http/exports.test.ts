/** Exported files of models. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pino } from 'pino'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { UnnamedFile } from '../../src/base/unnamed-file.js'
import type { NewModel } from '../../src/training/ports/models.js'
import { openApp, type RunningApp } from '../support/app.js'
import { float32Tensor, float64Tensor, numbersOf, runOnnx } from '../support/onnx.js'
import { linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)
const download = (id: string, query: string) =>
  api().get(`/models/${id}/export?${query}`).responseType('blob')

/** A hidden layer with as many weights as the square of its units: more than the buffers of a connection. */
function wide(units: number): Partial<NewModel> {
  const dense = { type: 'dense', activation: 'linear' } as const
  const sides = [
    [2, units],
    [units, units],
    [units, 1],
  ]
  const offsets = [0, 2 * units, 2 * units + units ** 2]
  const parameters = 2 * units + units ** 2 + units
  return {
    network: {
      inputShape: [2],
      layers: sides.map(([, outputs]) => ({ ...dense, units: outputs, useBias: false })),
    },
    layers: sides.map(([inputs, outputs], index) => ({
      ...{ ...dense, index, inputShape: [inputs], outputShape: [outputs], parameters: inputs * outputs },
    })),
    tensors: sides.map(([inputs, outputs], index) => ({
      ...{ name: `layers.${index}.weight`, shape: [outputs, inputs], offset: offsets[index] },
    })),
    parameters,
    weights: new Uint8Array(4 * parameters),
  }
}

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

  it('reaches a client while others of the tenant do not read theirs', async () => {
    const { id } = await storeModel(service, linearModel(wide(2_000)))
    const port = Number(new URL(await service.app.listen({ port: 0, host: '127.0.0.1' })).port)
    const path = `/models/${id}/export?format=safetensors&names=torch`
    const connections: Socket[] = []
    service.app.server.on('connection', (socket: Socket) => connections.push(socket))
    for (let stalled = 0; stalled < 3; stalled++) {
      const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
      onTestFinished(() => void socket.destroy())
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      await once(socket, 'readable')
    }
    const { status, body } = await request(`http://127.0.0.1:${port}`).get(path).responseType('blob')
    expect(status).toBe(200)
    expect(body.length).toBeGreaterThan(16_000_000)
    expect(connections.slice(0, 3).map(({ destroyed }) => destroyed)).toEqual([false, false, false])
  })

  it('is no fault of the service if its client disconnects before it is written', async () => {
    const errors: string[] = []
    const own = await openApp(
      20_000,
      pino({ level: 'error' }, { write: (line: string) => errors.push(line) }),
    )
    onTestFinished(() => own.close())
    const { id } = await storeModel(own)
    const port = Number(new URL(await own.app.listen({ port: 0, host: '127.0.0.1' })).port)
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
    const [connection] = await once(own.app.server, 'connection')
    const { create } = UnnamedFile
    let isClosed = false
    const written = vi.spyOn(UnnamedFile, 'create').mockImplementationOnce(async (fill) => {
      socket.destroy()
      await once(connection, 'close')
      const created = await create.call(UnnamedFile, fill)
      const { file } = created
      const close = file.close.bind(file)
      vi.spyOn(file, 'close').mockImplementation(() => close().finally(() => (isClosed = true)))
      return created
    })
    onTestFinished(() => written.mockRestore())
    socket.write(`GET /models/${id}/export?format=onnx HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await expect.poll(() => isClosed, { timeout: 10_000 }).toBe(true)
    expect(errors).toEqual([])
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
