/** Workshops: a teacher opens and controls them, participants join by a code. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Leaderboard } from '../../contract/leaderboard.js'
import type { Limits } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import {
  controlledJobsSchema,
  joinedSchema,
  joinRequestSchema,
  membershipSchema,
  workshopChangeSchema,
  workshopDetailSchema,
  workshopRequestSchema,
  workshopSchema,
} from '../../contract/workshop.js'
import type { DatasetStore } from '../../training/ports/datasets.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import type { ScoreStore } from '../../training/ports/workshop-scores.js'
import {
  type ControlDependencies,
  changeWorkshop,
  deleteWorkshop,
  findWorkshop,
  pauseWorkshop,
  resetWorkshop,
  resumeWorkshop,
} from '../../training/workshops/control-workshop.js'
import { joinWorkshop, openWorkshop, requireHiddenRows } from '../../training/workshops/open-workshop.js'
import { runsTable } from '../../training/workshops/runs-table.js'
import { type ActorSource, actorOf } from '../actor.js'
import type { FailedAuthentications } from '../failed-authentications.js'
import { requireScope } from '../plugins/authentication.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface WorkshopRoutes extends ControlDependencies, ActorSource {
  datasets: Tenanted<Pick<DatasetStore, 'get' | 'list' | 'delete'>>
  scores: Pick<ScoreStore, 'standings'>
  /** Called after a leaderboard was set. */
  onLeaderboard(): void
  idempotency: Idempotency
  failedAuthentications: FailedAuthentications
  /** The limits of tenants without own limits. */
  settings: Limits
}

const read = { scope: 'workshops:read' } as const
const write = { scope: 'workshops:write' } as const

/** @throws Problem `forbidden` or `not-found` */
async function checkLeaderboard(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    datasets,
    leaderboard,
  }: { datasets: WorkshopRoutes['datasets']; leaderboard: Leaderboard | null | undefined },
): Promise<void> {
  if (leaderboard == null) return
  const principal = requirePrincipal(request)
  requireScope(principal, reply, 'datasets:read')
  await requireHiddenRows(datasets.of(principal.tenantId), leaderboard)
}

export const workshopRoutes: RoutePlugin<WorkshopRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/workshops',
    {
      config: write,
      schema: {
        tags: ['workshops'],
        operationId: 'createWorkshop',
        summary: 'Open a workshop',
        description:
          'Participants enter its code and a nickname on the page. Each becomes a separate tenant with a key that ' +
          'expires with the workshop. Refused while the service needs no keys.',
        headers: idempotencyHeaders,
        body: workshopRequestSchema,
        response: { 201: workshopSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { workshops, datasets, idempotency, onLeaderboard } = dependencies()
      const { tenantId, keyId } = requirePrincipal(request)
      // Its first key would close the service to this client.
      if (keyId === null) {
        throw new Problem(
          'no-keys',
          'This service serves requests without a key. Create a key, or start it by npm run workshop.',
        )
      }
      const { leaderboard } = request.body
      await checkLeaderboard(request, reply, { datasets, leaderboard })
      const workshop = await idempotency.answerOnce(request, reply, (once) =>
        openWorkshop(workshops, tenantId, request.body, actorOf(request, dependencies()), once),
      )
      if (leaderboard !== undefined) onLeaderboard()
      return reply.code(201).header('location', workshop.links.self).send(workshop)
    },
  )

  app.get(
    '/workshops',
    {
      config: read,
      schema: {
        tags: ['workshops'],
        operationId: 'listWorkshops',
        summary: 'List workshops, newest first',
        response: { 200: listSchema(workshopSchema), ...failures },
      },
    },
    async (request) => {
      const data = await dependencies().workshops.list(requirePrincipal(request).tenantId)
      return toList({ data, hasMore: false, lastId: data.at(-1)?.id ?? null })
    },
  )

  app.get(
    '/workshops/:id',
    {
      config: read,
      schema: {
        tags: ['workshops'],
        operationId: 'getWorkshop',
        summary: 'Get a workshop, the newest run of each participant, and the leaderboard',
        params: idParameters,
        response: { 200: workshopDetailSchema, ...failures },
      },
    },
    async (request) => {
      const { workshops, scores } = dependencies()
      const workshop = await findWorkshop(workshops, requirePrincipal(request).tenantId, request.params.id)
      const { id, leaderboard } = workshop
      const standings = leaderboard === null ? [] : await scores.standings(id, leaderboard.metric)
      return { ...workshop, participants: await workshops.participants(id), standings }
    },
  )

  app.patch(
    '/workshops/:id',
    {
      config: write,
      schema: {
        tags: ['workshops'],
        operationId: 'updateWorkshop',
        summary: 'Change the name, the starting spec or the leaderboard of a workshop',
        params: idParameters,
        body: workshopChangeSchema,
        response: { 200: workshopSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { workshops, datasets, onLeaderboard } = dependencies()
      const { tenantId } = requirePrincipal(request)
      const { leaderboard } = request.body
      await checkLeaderboard(request, reply, { datasets, leaderboard })
      const workshop = await changeWorkshop(workshops, tenantId, request.params.id, request.body)
      if (leaderboard != null) onLeaderboard()
      return workshop
    },
  )

  const controls = {
    pause: ['Pause the jobs and sweeps of all participants', pauseWorkshop],
    resume: ['Resume what the pause of the workshop has paused', resumeWorkshop],
    reset: ['Delete all jobs, models, datasets and sweeps of the participants', resetWorkshop],
  } as const
  for (const [verb, [summary, control]] of Object.entries(controls)) {
    app.post(
      `/workshops/:id/${verb}`,
      {
        config: write,
        schema: {
          tags: ['workshops'],
          operationId: `${verb}Workshop`,
          summary,
          params: idParameters,
          response: { 200: controlledJobsSchema, ...failures },
        },
      },
      async (request) => {
        const all = dependencies()
        const { tenantId } = requirePrincipal(request)
        const { id } = await findWorkshop(all.workshops, tenantId, request.params.id)
        const onError = (error: unknown) => request.log.warn({ err: error }, 'queue')
        return { jobs: await control(all, { id, tenantId }, actorOf(request, all), onError) }
      },
    )
  }

  app.get(
    '/workshops/:id/runs.csv',
    {
      config: read,
      schema: {
        tags: ['workshops'],
        operationId: 'exportWorkshopRuns',
        summary: 'Download the runs of all participants as CSV',
        description: 'The newest 200 jobs of each participant.',
        params: idParameters,
        response: {
          200: {
            description: 'CSV',
            content: { 'text/csv': { schema: z.unknown().meta({ type: 'string' }) } },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { workshops } = dependencies()
      const { id } = await findWorkshop(workshops, requirePrincipal(request).tenantId, request.params.id)
      reply.header('content-disposition', `attachment; filename="${id}.csv"`)
      return reply.type('text/csv; charset=utf-8').send(runsTable(await workshops.runs(id)))
    },
  )

  app.delete(
    '/workshops/:id',
    {
      config: write,
      schema: {
        tags: ['workshops'],
        operationId: 'deleteWorkshop',
        summary: 'Delete a workshop with the data of its participants',
        description: 'The code and the keys of the participants end at once.',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      const all = dependencies()
      const { tenantId } = requirePrincipal(request)
      const { id } = await findWorkshop(all.workshops, tenantId, request.params.id)
      await deleteWorkshop(all, { id, tenantId }, actorOf(request, all))
      return reply.code(204).send(null)
    },
  )

  done()
}

/** Size of a request to join. */
const joinBytes = 4 * 1024

export const participationRoutes: RoutePlugin<WorkshopRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/workshop/join',
    {
      config: { scope: 'public' },
      // Anybody may send it.
      bodyLimit: joinBytes,
      schema: {
        tags: ['workshops'],
        operationId: 'joinWorkshop',
        summary: 'Join a workshop by its code',
        description: 'Needs no key, and returns one. Wrong codes count as wrong keys of the address.',
        body: joinRequestSchema,
        response: { 201: joinedSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { workshops, settings, failedAuthentications } = dependencies()
      failedAuthentications.check(request, reply, null)
      const client = { requestId: request.id, address: failedAuthentications.clientAddress(request) }
      const joined = await joinWorkshop(workshops, request.body, client, settings).catch((error: unknown) => {
        if (error instanceof Problem && error.code === 'not-found')
          failedAuthentications.reject(request, null)
        throw error
      })
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(joined)
    },
  )

  app.get(
    '/workshop',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['workshops'],
        operationId: 'getWorkshopMembership',
        summary: 'Get the workshop of a participant',
        description:
          'With the newest run of each participant, and the leaderboard. 404 for a key that did not join one.',
        response: { 200: membershipSchema, ...failures },
      },
    },
    async (request) => {
      const membership = await dependencies().workshops.membership(requirePrincipal(request).tenantId)
      if (membership === null) throw new Problem('not-found', 'This key did not join a workshop.')
      return membership
    },
  )

  done()
}
