/** Sweeps: many trainings of one spec with other values. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hasRows } from '../../bodies/body-thread.js'
import { Problem } from '../../contract/problems.js'
import { sweepRequestSchema, sweepSchema, sweepSummarySchema, trialSchema } from '../../contract/sweep.js'
import type { SweepStore } from '../../training/ports/sweeps.js'
import {
  cancelSweep,
  deleteSweep,
  findSweep,
  pauseSweep,
  resumeSweep,
  unknownSweep,
} from '../../training/sweeps/control-sweep.js'
import { type CreateSweepDependencies, createSweep } from '../../training/sweeps/create-sweep.js'
import { type ActorSource, actorOf } from '../actor.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, integerParameter, pageParameters } from '../query-parameters.js'
import { requestOrigin } from '../request-trace.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface SweepRoutes extends ActorSource {
  sweepCreation: CreateSweepDependencies
  idempotency: Idempotency
}

/** Trials of a page. */
const maximumTrials = 1_000

export const sweepRoutes: RoutePlugin<SweepRoutes> = (app, { dependencies }, done) => {
  const sweeps = (request: FastifyRequest): SweepStore =>
    dependencies().sweepCreation.sweeps.of(requirePrincipal(request).tenantId)

  app.post(
    '/sweeps',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['sweeps'],
        operationId: 'createSweep',
        summary: 'Start a sweep over values of a spec',
        description:
          'Each combination of values (grid) or draw (random) is a point, trained once per seed. The trials are jobs with ' +
          'the field `sweep`. The sweep is refused if its first trial is; other trials that are refused are counted.',
        headers: idempotencyHeaders,
        body: sweepRequestSchema,
        response: { 202: sweepSummarySchema.describe('accepted and stored; its trials follow'), ...failures },
      },
    },
    async (request, reply) => {
      const { sweepCreation, idempotency } = dependencies()
      const { body } = request
      if (hasRows(body.spec)) throw inlineRows()
      const origin = requestOrigin(request)
      const sweep = await idempotency.answerOnce(request, reply, (once) =>
        createSweep(sweepCreation, requirePrincipal(request), body, origin, once),
      )
      return reply.code(202).header('location', sweep.links.self).send(sweep)
    },
  )

  app.get(
    '/sweeps',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['sweeps'],
        operationId: 'listSweeps',
        summary: 'List sweeps, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(sweepSummarySchema), ...failures },
      },
    },
    async (request) => {
      const { after, limit = defaultLimit } = request.query
      return toList(await sweeps(request).list({ after, limit }))
    },
  )

  app.get(
    '/sweeps/:id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['sweeps'],
        operationId: 'getSweep',
        summary: 'Get a sweep with its progress and best points',
        params: idParameters,
        response: { 200: sweepSchema, ...failures },
      },
    },
    async (request) => findSweep(sweeps(request), request.params.id),
  )

  app.get(
    '/sweeps/:id/trials',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['sweeps'],
        operationId: 'listTrials',
        summary: 'List the trials of a sweep by number',
        description: 'Without refused trials, and without trials whose job was deleted.',
        params: idParameters,
        querystring: z.strictObject({
          ...pageParameters,
          limit: integerParameter(1, maximumTrials)
            .optional()
            .describe('maximum number of trials, 20 by default'),
        }),
        response: { 200: listSchema(trialSchema), ...failures },
      },
    },
    async (request) => {
      const { after, limit = defaultLimit } = request.query
      const { id } = request.params
      const page = await sweeps(request).trials(id, { after, limit })
      if (page === null) throw unknownSweep(id)
      return toList(page)
    },
  )

  const changes = [
    ['pause', 'Pause a sweep and its unfinished trials', pauseSweep],
    ['resume', 'Resume a paused sweep and its paused trials', resumeSweep],
    ['cancel', 'Cancel a sweep and its unfinished trials', cancelSweep],
  ] as const
  for (const [name, summary, change] of changes) {
    app.post(
      `/sweeps/:id/${name}`,
      {
        config: { scope: 'jobs:write' },
        schema: {
          tags: ['sweeps'],
          operationId: `${name}Sweep`,
          summary,
          params: idParameters,
          response: { 200: sweepSchema, ...failures },
        },
      },
      async (request) => {
        const { wake } = dependencies().sweepCreation
        return change({ sweeps: sweeps(request), wake }, request.params.id)
      },
    )
  }

  app.delete(
    '/sweeps/:id',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['sweeps'],
        operationId: 'deleteSweep',
        summary: 'Delete a finished sweep; its jobs and models stay',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteSweep(sweeps(request), request.params.id, actorOf(request, dependencies()))
      return reply.code(204).send(null)
    },
  )

  done()
}

function inlineRows(): Problem {
  const message =
    'a sweep cannot contain rows: upload them with POST /datasets and use the id of that dataset'
  return new Problem('invalid-spec', `/spec/dataset: ${message}`, [{ pointer: '/spec/dataset', message }])
}
