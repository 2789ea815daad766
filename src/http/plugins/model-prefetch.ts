/**
 * Looks up the model of a route together with the key. The model is known before the body is parsed, so no body waits
 * in memory for the database.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Model } from '../../contract/model.js'
import type { AllModels, ModelLookup, ResolvedModel } from '../../training/ports/models.js'
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
      lookup.of(tenantId, (error, found) => {
        if (error !== undefined) return done(toError(error))
        if (found !== null && (allowed === null || isAllowed(allowed, found, read(request.params)))) {
          request.model = found.model
          request.modelVersion = found.version
        }
        done()
      })
    },
  }
}

/** Whether a key for some models may use this one, under its id or the text in the path. */
function isAllowed(allowed: ReadonlySet<string>, { model }: ResolvedModel, reference: string): boolean {
  return allowed.has(model.id) || allowed.has(reference)
}

const toError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))

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
