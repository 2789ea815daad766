/**
 * Looks up the model of a route together with the key. The model is known before the body is parsed, so no body waits
 * in memory for the database.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Model } from '../../contract/model.js'
import type { AllModels, ModelLookup } from '../../training/ports/models.js'
import { requirePrincipal } from '../principal.js'

declare module 'fastify' {
  interface FastifyRequest {
    modelLookup: ModelLookup | null
    /** Null if the tenant has no such model, or if the key may not predict it. */
    model: Model | null
    /** The version that the request named; null if it named an id. */
    modelVersion: number | null
  }
}

interface ModelPrefetch {
  /** For the config of the routes: starts the lookup. */
  prefetch(request: FastifyRequest, keyId: string | null): void
  /** For the routes: waits for the lookup and sets `model`. */
  onRequest: onRequestHookHandler
}

/**
 * For routes of `app` that name a model.
 * @param read the id, or name and alias or version, from path parameters that are not validated yet
 */
export function prefetchModels(
  app: FastifyInstance,
  find: AllModels['lookUp'],
  read: (params: unknown) => string = readId,
): ModelPrefetch {
  app.decorateRequest('modelLookup', null)
  app.decorateRequest('model', null)
  app.decorateRequest('modelVersion', null)
  const lookUp = ({ params }: FastifyRequest, keyId: string | null) => find(read(params), keyId)
  return {
    prefetch(request, keyId) {
      request.modelLookup = lookUp(request, keyId)
    },
    onRequest(request, _reply, done) {
      const { tenantId, keyId, models: allowed } = requirePrincipal(request)
      const lookup = request.modelLookup ?? lookUp(request, keyId)
      lookup.of(tenantId).then((found) => {
        const names = [found?.model.id, read(request.params)]
        const isAllowed =
          found !== null &&
          (allowed === null || names.some((name) => name !== undefined && allowed.has(name)))
        request.model = isAllowed ? found.model : null
        request.modelVersion = isAllowed ? found.version : null
        done()
      }, done)
    },
  }
}

/** Adds headers that name the model, if the request named it by `name@alias` or `name@version`. */
export function sendModelVersion({ model, modelVersion }: FastifyRequest, reply: FastifyReply): void {
  if (model === null || modelVersion === null) return
  reply.header('model-id', model.id).header('model-version', modelVersion)
}

function readId(params: unknown): string {
  if (typeof params === 'object' && params !== null && 'id' in params && typeof params.id === 'string')
    return params.id
  throw new Error('the route has no id')
}
