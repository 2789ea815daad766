/**
 * Looks up the model of a route together with the key. The model is known before the body is parsed, so no body waits
 * in memory for the database.
 */
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Model } from '../../contract/model.js'
import type { AllModels, ModelLookup } from '../../training/ports/models.js'
import { requirePrincipal } from '../principal.js'

declare module 'fastify' {
  interface FastifyRequest {
    modelLookup: ModelLookup | null
    /** Null if the tenant has no model with this id, or if the key may not predict it. */
    model: Model | null
  }
}

export interface ModelPrefetch {
  /** For the config of the routes: starts the lookup. */
  prefetch(request: FastifyRequest): void
  /** For the routes: waits for the lookup and sets `model`. */
  onRequest: onRequestHookHandler
}

/** For routes of `app` with the id of a model in their path. */
export function prefetchModels(app: FastifyInstance, models: Pick<AllModels, 'lookUp'>): ModelPrefetch {
  app.decorateRequest('modelLookup', null)
  app.decorateRequest('model', null)
  const lookUp = ({ params }: FastifyRequest) => models.lookUp(readId(params))
  return {
    prefetch(request) {
      request.modelLookup = lookUp(request)
    },
    onRequest(request, _reply, done) {
      const lookup = request.modelLookup ?? lookUp(request)
      const { tenantId, models: allowed } = requirePrincipal(request)
      lookup.of(tenantId).then((model) => {
        request.model = model !== null && (allowed?.has(model.id) ?? true) ? model : null
        done()
      }, done)
    },
  }
}

/** The parameters are not validated yet. */
function readId(params: unknown): string {
  if (typeof params === 'object' && params !== null && 'id' in params && typeof params.id === 'string')
    return params.id
  throw new Error('the route has no id')
}
