/**
 * The model of a route, looked for while the key is, and known before the body is read: so nothing of a body waits in
 * memory for the database.
 */
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Model } from '../../contract/model.js'
import type { AllModels, AskedModel } from '../../training/ports/models.js'
import { callerOf } from '../caller.js'

declare module 'fastify' {
  interface FastifyRequest {
    askedModel: AskedModel | null
    /** Null where the caller has none of this id. */
    model: Model | null
  }
}

export interface ModelHooks {
  /** For the config of the routes. */
  ahead(request: FastifyRequest): void
  /** For the routes: sets `model`. */
  onRequest: onRequestHookHandler
}

/** For routes of `app` with the id of a model in their address. */
export function modelHooks(app: FastifyInstance, models: Pick<AllModels, 'ask'>): ModelHooks {
  app.decorateRequest('askedModel', null)
  app.decorateRequest('model', null)
  const ask = ({ params }: FastifyRequest) => models.ask(idIn(params))
  return {
    ahead(request) {
      request.askedModel = ask(request)
    },
    onRequest(request, _reply, done) {
      const asked = request.askedModel ?? ask(request)
      asked.of(callerOf(request).tenantId).then((model) => {
        request.model = model
        done()
      }, done)
    },
  }
}

/** Before the request is validated. */
function idIn(params: unknown): string {
  if (typeof params === 'object' && params !== null && 'id' in params && typeof params.id === 'string')
    return params.id
  throw new Error('the route has no id')
}
