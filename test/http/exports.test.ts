/** Exported files of models. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
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
