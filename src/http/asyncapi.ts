/** The AsyncAPI document of the stream, made from the schemas of its messages. */
import { z } from 'zod'
import { maximumBoundarySize, minimumBoundarySize } from '../contract/boundary.js'
import { streamMessageSchema } from '../contract/stream.js'

export function asyncApiDocument(version: string) {
  const messages = streamMessageSchema.options.map((schema) => {
    const [name] = schema.shape.type.values
    const { description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7' })
    return [
      name,
      { name, title: name, summary: description, contentType: 'application/json', payload },
    ] as const
  })
  const references = (place: string) =>
    messages.map(([name]) => [name, { $ref: `#/${place}/${name}` }] as const)
  return {
    asyncapi: '3.0.0',
    id: 'urn:descent:stream',
    info: {
      title: 'Descent: the stream of a job',
      version,
      description:
        'A WebSocket; with `Accept: text/event-stream` the same messages as server-sent events, whose `id` is the last ' +
        'epoch told. What a client sends is ignored. After the `end` message the server closes with 1000; it closes ' +
        'with 1008 when the job is deleted, and with 1012 when the service restarts: connect again with `after`.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    channels: {
      jobStream: {
        address: '/jobs/{id}/stream',
        title: 'One job, live',
        parameters: { id: { description: 'id of the job' } },
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                after: { type: 'integer', minimum: 0, description: 'only epochs behind this one' },
                boundary: {
                  type: 'integer',
                  minimum: minimumBoundarySize,
                  maximum: maximumBoundarySize,
                  description: 'adds `boundary` messages of so many points along each input',
                },
              },
            },
            bindingVersion: '0.1.0',
          },
        },
        messages: Object.fromEntries(references('components/messages')),
      },
    },
    operations: {
      tellJob: {
        action: 'send',
        summary: 'Tell what becomes of a job',
        channel: { $ref: '#/channels/jobStream' },
        messages: references('channels/jobStream/messages').map(([, reference]) => reference),
      },
    },
    components: { messages: Object.fromEntries(messages) },
  }
}
