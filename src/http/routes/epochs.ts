/** The epochs of a job in order, as JSON or CSV, all or thinned. */
import { z } from 'zod'
import { epochListSchema, type Job } from '../../contract/job.js'
import { epochsAsTexts, lastEpoch, type PackedEpochs, unpackEpochs } from '../../contract/packed-epochs.js'
import { Problem } from '../../contract/problems.js'
import type { EpochStore } from '../../training/ports/epochs.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { chunkedBody } from '../chunked-body.js'
import { addVary } from '../plugins/cross-origin.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter, positionParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

const defaultEpochs = 1_000
const maximumEpochs = 10_000

export interface EpochRoutes {
  jobs: Tenanted<JobStore>
  epochs: EpochStore
}

export const epochRoutes: RoutePlugin<EpochRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/jobs/:id/epochs',
    {
      config: { scope: 'jobs:read', acceptsShareLink: true },
      schema: {
        tags: ['jobs'],
        operationId: 'listEpochs',
        summary: 'List the epochs of a job',
        description: '`Accept: text/csv` selects CSV.',
        params: idParameters,
        querystring: z.strictObject({
          after: positionParameter.optional().describe('only epochs after this one'),
          limit: integerParameter(1, maximumEpochs)
            .optional()
            .describe(`${defaultEpochs.toLocaleString('en')} by default`),
          points: integerParameter(2, maximumEpochs)
            .optional()
            .describe('instead of a page: this number of epochs, evenly spaced over the whole history'),
        }),
        response: {
          200: {
            description: 'epochs in order',
            content: {
              'application/json': {
                schema: epochListSchema,
              },
              // A string, or a stream of one.
              'text/csv': { schema: z.unknown().meta({ type: 'string' }) },
            },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { after = 0, limit = defaultEpochs, points } = query
      const { jobs, epochs } = dependencies()
      const job = await jobs.of(requirePrincipal(request).tenantId).get(params.id)
      if (job === null) throw new Problem('not-found', `There is no job ${params.id}.`)
      const accepted = request.accepts().type(['json', 'text/csv'])
      addVary(reply, 'accept')
      const page =
        points === undefined
          ? await epochs.readPacked(job.id, after, limit)
          : await epochs.readThinned(job.id, points)
      const isCsv = accepted === 'text/csv'
      const hasMore = points === undefined && lastEpoch(page) < job.epoch
      return reply
        .type(isCsv ? csv : json)
        .serializer(String)
        .send(chunkedBody(isCsv ? csvTexts(page) : pageTexts(page, hasMore, job)))
    },
  )

  done()
}

const json = 'application/json; charset=utf-8'
const csv = 'text/csv; charset=utf-8'

/** Serializes the page of the schema without an object for each of thousands of epochs. */
function* pageTexts(page: PackedEpochs, hasMore: boolean, { epochsKept }: Job): Generator<string> {
  const lastId = page.seconds.length === 0 ? null : lastEpoch(page)
  yield '{"object":"list","data":'
  yield* epochsAsTexts(page)
  yield `,"hasMore":${hasMore && lastId !== null},"lastId":${lastId},"epochsKept":${epochsKept}}`
}

function* csvTexts(page: PackedEpochs): Generator<string> {
  yield 'epoch,loss,accuracy,valLoss,valAccuracy,seconds\n'
  for (const { epoch, loss, accuracy, valLoss, valAccuracy, seconds } of unpackEpochs(page)) {
    yield `${[epoch, loss ?? '', accuracy ?? '', valLoss ?? '', valAccuracy ?? '', seconds ?? ''].join(',')}\n`
  }
}
