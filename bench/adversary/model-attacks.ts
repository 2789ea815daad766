/** Attacks on models: their names, copies, and predictions by the Open Inference Protocol. */
import { z } from 'zod'
import { type HttpRequest, json } from '../http-client.js'
import {
  type Attack,
  cancelAll,
  createAndDelete,
  get,
  lanesPerAttack,
  post,
  remove,
  repeated,
} from './attack.js'
import { generated } from './fixtures.js'
import { createModelForm } from './model-form.js'

const inferredRows = 10_000
const namedSchema = z.object({ id: z.string() })
const modelSchema = z.object({ inputs: z.array(z.object({ name: z.string() })) })

const current = { ifMatch: '*' } as const
const put = (path: string, body: object): HttpRequest => ({ method: 'PUT', path, body: json(body) })

export const modelAttacks: Readonly<Record<string, Attack>> = {
  registry: {
    routes: [
      'GET /registry',
      'GET /registry/{name}',
      'DELETE /registry/{name}',
      'GET /registry/{name}/versions',
      'PUT /registry/{name}/versions',
      'GET /registry/{name}/versions/{version}',
      'PATCH /registry/{name}/versions/{version}',
      'GET /registry/{name}/aliases/{alias}',
      'PUT /registry/{name}/aliases/{alias}',
      'DELETE /registry/{name}/aliases/{alias}',
      'GET /registry/{name}/aliases/{alias}/history',
      'POST /registry/{name}/aliases/{alias}/rollback',
      'GET /models/{id}/versions',
    ],
    lanes: lanesPerAttack,
    prepare: async ({ client, modelId, retrainedModelId }) => ({
      round: async (lane) => {
        const name = `/registry/attacked-${lane}`
        const alias = `${name}/aliases/moved`
        const asks: HttpRequest[] = [
          put(`${name}/versions`, { modelId }),
          put(`${name}/versions`, { modelId: retrainedModelId }),
          { method: 'PATCH', path: `${name}/versions/1`, body: json({ status: 'candidate' }) },
          put(alias, { version: 1 }),
          { ...put(alias, { version: 2 }), ...current },
          { ...post(`${alias}/rollback`, {}), ...current },
          ...['/registry?limit=100', name, `${name}/versions?limit=100`, `${name}/versions/1`, alias].map(
            get,
          ),
          ...[`${alias}/history?limit=100`, `/models/${modelId}/versions`].map(get),
          { ...remove(alias), ...current },
          remove(name),
        ]
        for (const ask of asks) await client.send(ask, false)
      },
    }),
  },
  copies: {
    routes: ['GET /models/{id}/export', 'GET /models/{id}/comparison', 'POST /models/{id}/retrain'],
    lanes: lanesPerAttack,
    prepare: async (fixtures) => ({
      ...(await repeated(({ modelId, retrainedModelId }) => [
        get(`/models/${modelId}/export?format=onnx`),
        get(`/models/${modelId}/export?format=safetensors`),
        get(`/models/${retrainedModelId}/comparison`),
        post(`/models/${retrainedModelId}/retrain`, { dataset: generated }),
      ])(fixtures)),
      end: () => cancelAll(fixtures),
    }),
  },
  imports: {
    routes: ['POST /models', 'DELETE /models/{id}'],
    lanes: lanesPerAttack,
    prepare: createAndDelete(
      () => ({ method: 'POST', path: '/models', ...createModelForm(2_048) }),
      (id) => remove(`/models/${id}`),
    ),
  },
  exports: {
    routes: ['GET /models/{id}/export', 'GET /models/{id}/weights'],
    lanes: lanesPerAttack,
    prepare: async (fixtures) => {
      const importModel = async (side: number) => {
        const form: HttpRequest = { method: 'POST', path: '/models', ...createModelForm(side) }
        return namedSchema.parse(await fixtures.client.sendOk(form)).id
      }
      const large = await importModel(2_048)
      // Text formats hold a million parameters.
      const inText = await importModel(1_000)
      const { round } = await repeated(() => [
        ...['pytorch', 'onnx', 'tfjs'].map((format) => get(`/models/${large}/export?format=${format}`)),
        ...['javascript', 'c'].map((format) => get(`/models/${inText}/export?format=${format}`)),
        get(`/models/${large}/export?format=safetensors&names=torch`),
        get(`/models/${large}/weights`),
      ])(fixtures)
      const end = async () => {
        for (const id of [large, inText]) await fixtures.client.send(remove(`/models/${id}`))
      }
      return { round, end }
    },
  },
  inferences: {
    routes: [
      'GET /v2',
      'GET /v2/health/live',
      'GET /v2/health/ready',
      'GET /v2/models/{name}',
      'GET /v2/models/{name}/ready',
      'GET /v2/models/{name}/versions/{version}',
      'GET /v2/models/{name}/versions/{version}/ready',
      'POST /v2/models/{name}/infer',
      'POST /v2/models/{name}/versions/{version}/infer',
    ],
    lanes: lanesPerAttack,
    prepare: async (fixtures) => {
      const { client, modelId } = fixtures
      const path = `/v2/models/${modelId}`
      const version = '/v2/models/inferred/versions/1'
      await client.sendOk(put('/registry/inferred/versions', { modelId }))
      const { inputs } = modelSchema.parse(await client.sendOk(get(path)))
      const data = Array.from({ length: inferredRows }, (_, row) => row % 7)
      const body = {
        inputs: inputs.map(({ name }) => ({ name, datatype: 'FP64', shape: [inferredRows, 1], data })),
      }
      return repeated(() => [
        post(`${path}/infer`, body),
        post(`${version}/infer`, body),
        ...[path, `${path}/ready`, version, `${version}/ready`].map(get),
        ...['/v2', '/v2/health/live', '/v2/health/ready'].map(get),
      ])(fixtures)
    },
  },
}
