/** Routes that repeat runs: forks, models of any epoch, verifications, and the difference of two runs. */
import { z } from 'zod'
import { differenceSchema, forkRequestSchema } from '../../contract/fork.js'
import { idSchema } from '../../contract/ids.js'
import { jobSchema } from '../../contract/job.js'
import { modelSchema } from '../../contract/model.js'
import { modelOfEpoch } from '../../training/epoch-model.js'
import { fork } from '../../training/fork.js'
import type { SnapshotStore } from '../../training/ports/snapshots.js'
import { compareRuns } from '../../training/run-difference.js'
import { verify } from '../../training/verify.js'
import { requireScope } from '../plugins/authentication.js'
import { idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { requestOrigin } from '../request-trace.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { EpochRoutes } from './epochs.js'
import type { JobRoutes } from './jobs.js'
import type { ModelRoutes } from './models.js'

export interface ReplayRoutes
  extends Pick<JobRoutes, 'jobs' | 'submission' | 'idempotency'>,
    Pick<ModelRoutes, 'models'>,
    Pick<EpochRoutes, 'epochs'> {
  snapshots: SnapshotStore
}

export const replayRoutes: RoutePlugin<ReplayRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/jobs/:id/fork',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'forkJob',
        summary: 'Repeat a job up to an epoch, then go on with changes',
        description:
          'The fork has the epochs of the job up to `epoch`, bit by bit: it continues from a checkpoint, or trains them again ' +
          'and fails as `integrity` if one differs. Without changes, the whole run is the same.',
        params: idParameters,
        headers: idempotencyHeaders,
        body: forkRequestSchema,
        response: { 202: jobSchema.describe('accepted, stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { submission, jobs, idempotency } = dependencies()
      const principal = requirePrincipal(request)
      const stores = { submission, jobs: jobs.of(principal.tenantId) }
      const { id } = request.params
      const job = await idempotency.answerOnce(request, reply, (once) =>
        fork(stores, principal, id, request.body, requestOrigin(request), once),
      )
      return reply.code(202).header('location', job.links.self).send(job)
    },
  )

  app.post(
    '/jobs/:id/epochs/:epoch/model',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'computeEpochModel',
        summary: 'Get the model of any epoch of a job, or start to recompute it',
        description:
          'A model of another epoch than the last is recomputed by a job that ends after that epoch, and whose losses must ' +
          'equal the stored ones. Send the request again when that job has succeeded. Also needs the scope `models:read`.',
        params: idParameters.extend({ epoch: integerParameter(1, Number.MAX_SAFE_INTEGER) }),
        response: {
          200: modelSchema,
          202: jobSchema.describe('the job that computes the model'),
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const principal = requirePrincipal(request)
      requireScope(principal, reply, 'models:read')
      const { submission, jobs, models } = dependencies()
      const { tenantId } = principal
      const stores = { submission, jobs: jobs.of(tenantId), models: models.of(tenantId) }
      const { id, epoch } = request.params
      const answer = await modelOfEpoch(stores, principal, id, epoch, requestOrigin(request))
      if ('model' in answer) return reply.code(200).send(answer.model)
      return reply.code(202).header('location', answer.job.links.self).send(answer.job)
    },
  )

  app.post(
    '/jobs/:id/verify',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'verifyJob',
        summary: 'Train a finished job again, to compare both runs',
        description:
          'Starts a job with the same spec and changes that uses nothing stored of the run. When it has ended, ' +
          'GET /jobs/{id}/difference compares both.',
        params: idParameters,
        response: { 202: jobSchema.describe('accepted, stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { submission, jobs } = dependencies()
      const principal = requirePrincipal(request)
      const stores = { submission, jobs: jobs.of(principal.tenantId) }
      const job = await verify(stores, principal, request.params.id, requestOrigin(request))
      return reply.code(202).header('location', job.links.self).send(job)
    },
  )

  app.get(
    '/jobs/:id/difference',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'compareRuns',
        summary: 'Find the first epoch in which two jobs differ',
        description:
          'Compares the bits of all stored metrics, and the hashes of the weights along the snapshots and at the end.',
        params: idParameters,
        querystring: z.strictObject({ with: idSchema('job').describe('the other job') }),
        response: { 200: differenceSchema, ...failures },
      },
    },
    async (request) => {
      const { jobs, models, epochs, snapshots } = dependencies()
      const { tenantId } = requirePrincipal(request)
      const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), epochs, snapshots }
      return compareRuns(stores, [request.params.id, request.query.with])
    },
  )

  done()
}
