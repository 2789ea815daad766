/** What a model may read: datasets, runs with their curves, and the documents. */
import { type McpServer, type ReadResourceResult, ResourceTemplate } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { askHistory, drawLosses, readHistory } from './curve.js'
import type { Document } from './documents.js'
import { type Ask, parseAnswer, pathOf, type ServiceAnswer } from './service.js'
import { isSuccess, toResult } from './tool.js'

const listSchema = z.object({ data: z.array(z.object({ id: z.string(), name: z.string().nullable() })) })

const forbidden = 403

export function addResources(server: McpServer, ask: Ask, documents: readonly Document[]): void {
  for (const { name, text } of documents) {
    const uri = `descent://documents/${name}`
    server.registerResource(`document-${name}`, uri, { title: name, mimeType: 'text/markdown' }, () => ({
      contents: [{ uri, mimeType: 'text/markdown', text }],
    }))
  }
  addTemplate(server, ask, 'dataset', 'datasets', 'Columns and warnings of a dataset')
  addTemplate(server, ask, 'job', 'jobs', 'Status and metrics of a training')
  server.registerResource(
    'losses',
    new ResourceTemplate('descent://jobs/{id}/losses.png', { list: undefined }),
    { title: 'Losses of a training', mimeType: 'image/png' },
    async (uri, { id }, { mcpReq: { signal } }) => {
      const answer = requireSuccess(await askHistory(ask, String(id), signal))
      const blob = (await drawLosses(readHistory(answer))).toString('base64')
      return { contents: [{ uri: uri.href, mimeType: 'image/png', blob }] }
    },
  )
}

function addTemplate(
  server: McpServer,
  ask: Ask,
  name: string,
  kind: 'datasets' | 'jobs',
  title: string,
): void {
  const template = new ResourceTemplate(`descent://${kind}/{id}`, {
    list: async ({ mcpReq: { signal } }) => {
      const answer = await ask({ method: 'GET', path: `/${kind}` }, signal)
      // A key that may read only some kinds still lists those.
      if (answer.status === forbidden) return { resources: [] }
      const { data } = listSchema.parse(parseAnswer(requireSuccess(answer)))
      return {
        resources: data.map((item) => ({ uri: `descent://${kind}/${item.id}`, name: item.name ?? item.id })),
      }
    },
  })
  const read = async (uri: URL, id: string, signal: AbortSignal): Promise<ReadResourceResult> => {
    const answer = requireSuccess(await ask({ method: 'GET', path: `/${kind}${pathOf`/${id}`}` }, signal))
    return {
      contents: [{ uri: uri.href, mimeType: 'application/json', text: answer.bytes.toString('utf8') }],
    }
  }
  server.registerResource(
    name,
    template,
    { title, mimeType: 'application/json' },
    (uri, { id }, { mcpReq }) => read(uri, String(id), mcpReq.signal),
  )
}

/** @throws Error with the problem of the answer */
function requireSuccess(answer: ServiceAnswer): ServiceAnswer {
  if (isSuccess(answer)) return answer
  const [{ text }] = z.array(z.object({ text: z.string() })).parse(toResult(answer).content)
  throw new Error(text)
}
