/** Downloads of models as files of other programs. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { exportFormatSchema, exportMediaTypes, tensorNamesSchema } from '../../contract/export.js'
import { Problem } from '../../contract/problems.js'
import { type ExportDependencies, exportModel, turnsOfExports } from '../../training/export-model.js'
import { exportWeights } from '../../training/export-weights.js'
import type { GeneratedData } from '../../training/generated-data.js'
import type { ExportProcess } from '../../training/ports/export-process.js'
import type { AllModels } from '../../training/ports/models.js'
import { disconnectProblem, disconnectSignal } from '../client-disconnect.js'
import { respondNotModified } from '../plugins/entity-tags.js'
import { requirePrincipal } from '../principal.js'
import { closeConnection, isClosed, onceClosed } from '../response-close.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { DatasetRoutes } from './datasets.js'
import type { JobRoutes } from './jobs.js'

export interface ExportRoutes extends Pick<DatasetRoutes, 'datasets'>, Pick<JobRoutes, 'jobs'> {
  models: Pick<AllModels, 'of' | 'openWeights' | 'weightChunks'>
  exportProcess: ExportProcess
  generated: GeneratedData
  spoolSpace: ExportDependencies['space']
}

const querySchema = z.strictObject({
  format: exportFormatSchema,
  preprocessing: z
    .enum(['true', 'false'])
    .optional()
    .describe('`false`: the file takes and returns the numbers of the network instead of raw columns'),
  names: tensorNamesSchema
    .optional()
    .describe('names and layouts of the tensors of format=safetensors, `descent` by default'),
})
type Query = z.infer<typeof querySchema>

const binary = z.unknown().meta({ type: 'string', format: 'binary' })
const fileContent = Object.fromEntries(exportMediaTypes.map((type) => [type, { schema: binary }]))

export const exportRoutes: RoutePlugin<ExportRoutes> = (app, { dependencies }, done) => {
  const turns = turnsOfExports()

  app.get(
    '/models/:id/export',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        operationId: 'exportModel',
        summary: 'Download a model as a file of another program',
        description:
          'The file takes raw columns and returns labels and probabilities, unless `preprocessing=false`. ' +
          'Formats that the service can run are compared with its predictions before they are sent.',
        params: idParameters,
        querystring: querySchema,
        response: {
          200: { description: 'the file', content: fileContent },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      checkNames(request.query)
      const { format, names = 'descent' } = request.query
      if (format === 'safetensors' && names === 'descent') {
        return sendWeights(dependencies().models, request, request.params.id, reply)
      }
      return sendExport(request, request.params.id, request.query, reply)
    },
  )

  async function sendExport(
    request: FastifyRequest,
    id: string,
    { format, names = 'descent', preprocessing }: Query,
    reply: FastifyReply,
  ) {
    const { tenantId } = requirePrincipal(request)
    const { models, datasets, jobs, generated, exportProcess, spoolSpace: space } = dependencies()
    const stores = { models: models.of(tenantId), datasets: datasets.of(tenantId), jobs: jobs.of(tenantId) }
    const options = { names, preprocessing: preprocessing !== 'false' }
    const own = { tenantId, generated: generated.of(tenantId), ...stores }
    const exported = await exportModel({ ...own, all: models, process: exportProcess, turns, space }, id, {
      format,
      options,
    })
    if (respondNotModified(request, reply, `"${exported.tag}"`)) return reply.send()
    const file = await exported.write(disconnectSignal(reply))
    closeWhenSent(reply, () => file.close())
    // Closed already.
    if (isClosed(reply)) throw disconnectProblem()
    return startFile(reply, file).send(Readable.from(file.read(), { objectMode: false }))
  }

  done()
}

/** Clients that read slowly, or not at all, lose the connection after this time. */
const maximumSendSeconds = 300

function closeWhenSent(reply: FastifyReply, close: () => Promise<void>): void {
  const timer = setTimeout(() => closeConnection(reply), 1_000 * maximumSendSeconds)
  onceClosed(reply, () => {
    clearTimeout(timer)
    close().catch((error: unknown) => reply.log.warn({ err: error }, 'an exported file could not be closed'))
  })
}

function checkNames({ format, names }: Query): void {
  if (format === 'safetensors' || names === undefined) return
  const message = `applies to format=safetensors only, not to ${format}; leave it out`
  throw new Problem('invalid-request', `/names: ${message}`, [{ pointer: '/names', message }])
}

/** Streams the weights from the database. */
export async function sendWeights(
  models: Pick<AllModels, 'of' | 'weightChunks'>,
  request: FastifyRequest,
  id: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { tenantId } = requirePrincipal(request)
  const file = await exportWeights({ models: models.of(tenantId), all: models, tenantId }, id)
  if (respondNotModified(request, reply, `"${file.tag}"`)) return reply.send()
  const content = Readable.from(await file.open(), { objectMode: false })
  return startFile(reply, { ...file, mediaType: 'application/octet-stream' }).send(content)
}

function startFile(
  reply: FastifyReply,
  { name, mediaType, bytes }: { name: string; mediaType: string; bytes: number },
): FastifyReply {
  return reply
    .type(mediaType)
    .header('content-length', bytes)
    .header('content-disposition', `attachment; filename="${name}"`)
}
