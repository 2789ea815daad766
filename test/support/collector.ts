/** A receiver of OTLP over HTTP, which decodes the JSON of spans. */
import { once } from 'node:events'
import http from 'node:http'
import { z } from 'zod'

const valueSchema = z.object({
  stringValue: z.string().optional(),
  intValue: z.coerce.number().optional(),
  doubleValue: z.number().optional(),
  boolValue: z.boolean().optional(),
})
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema }))
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
        key,
        stringValue ?? intValue ?? doubleValue ?? boolValue,
      ]),
    ),
  )
const linkSchema = z.object({ traceId: z.string(), spanId: z.string() })
const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.int(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes: attributesSchema,
  links: z.array(linkSchema).default([]),
  status: z.object({ code: z.int().default(0), message: z.string().optional() }),
})
const exportSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
})

export interface ReceivedSpan extends z.infer<typeof spanSchema> {
  resource: Record<string, unknown>
}

export interface Collector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string
  spans: ReceivedSpan[]
  /** The header `x-key` of each export. */
  keys: (string | undefined)[]
  /** How it answers; `hang` never does. */
  mode: 'accept' | 'hang' | 'refuse'
  /** Number of requests. */
  requests: number
  close(): void
}

export async function openCollector(port = 0): Promise<Collector> {
  const server = http.createServer(async (request, response) => {
    collector.requests++
    const body = Buffer.concat(await request.toArray()).toString()
    if (collector.mode === 'hang') return
    if (collector.mode === 'refuse' || request.url !== '/v1/traces') {
      response.writeHead(400).end()
      return
    }
    const { 'x-key': key } = request.headers
    collector.keys.push(typeof key === 'string' ? key : undefined)
    for (const { resource, scopeSpans } of exportSchema.parse(JSON.parse(body)).resourceSpans)
      for (const { spans } of scopeSpans)
        for (const span of spans) collector.spans.push({ ...span, resource: resource.attributes })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  const collector: Collector = {
    url: `http://127.0.0.1:${address.port}`,
    spans: [],
    keys: [],
    mode: 'accept',
    requests: 0,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return collector
}
