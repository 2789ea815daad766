/** The AsyncAPI document of the streams, generated from the schemas of their messages. */
import { z } from 'zod'
import { maximumBoundarySize, minimumBoundarySize } from '../contract/boundary.js'
import {
  clientMessageSchema,
  epochsProtocol,
  jobsStreamMessageSchema,
  maximumJobsInAddress,
  streamMessageSchema,
} from '../contract/stream.js'
import { sweepMessageSchema } from '../contract/sweep-stream.js'

type MessageSchema =
  | (typeof streamMessageSchema.options)[number]
  | (typeof jobsStreamMessageSchema.options)[number]
  | (typeof clientMessageSchema.options)[number]
  | (typeof sweepMessageSchema.options)[number]

/** Converts message schemas, with their keys among the components. */
function toMessages(schemas: readonly MessageSchema[], prefix: string) {
  return schemas.map((schema) => {
    const [name] = schema.shape.type.values
    const { description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })
    const message = { name, title: name, summary: description, contentType: 'application/json', payload }
    return { name, key: `${prefix}${name}`, message }
  })
}

const jobMessages = toMessages(streamMessageSchema.options, '')
const jobsMessages = toMessages(jobsStreamMessageSchema.options, 'jobs.')
const clientMessages = toMessages(clientMessageSchema.options, 'client.')
const sweepMessages = toMessages(sweepMessageSchema.options, 'sweep.')

type Messages = typeof jobMessages

const channelMessages = (messages: Messages) =>
  Object.fromEntries(messages.map(({ name, key }) => [name, { $ref: `#/components/messages/${key}` }]))

const operationMessages = (channel: string, messages: Messages) => ({
  channel: { $ref: `#/channels/${channel}` },
  messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
})

const binaryEpochs =
  `A client that offers the subprotocol \`${epochsProtocol}\` receives \`epochs\` as binary messages, little-endian: ` +
  'the length of the header as uint32, the header as JSON padded with spaces, and columns of `count` float64 numbers. ' +
  'A header: {"type":"epochs","jobId":"job_…","firstEpoch":1,"count":2000,"columns":["loss","accuracy","seconds"]}. ' +
  'Columns start at multiples of 8 bytes. NaN means null, and an infinite loss means that the training diverged. ' +
  'A column that is always null is omitted. A thinned history has a first column `epoch` with the epoch numbers.'

const webSocket = (properties: object) => ({
  ws: { method: 'GET', query: { type: 'object', properties }, bindingVersion: '0.1.0' },
})

const jobStream = {
  address: '/jobs/{id}/stream',
  title: 'One job, live',
  description: binaryEpochs,
  parameters: { id: { description: 'id of the job' } },
  bindings: webSocket({
    after: { type: 'integer', minimum: 0, description: 'only epochs after this one' },
    boundary: {
      type: 'integer',
      minimum: minimumBoundarySize,
      maximum: maximumBoundarySize,
      description: 'adds `boundary` messages with this number of points along each input',
    },
    weights: {
      type: 'string',
      enum: ['true', 'false'],
      description: '`true` adds the weights of a small network to each `boundary`',
    },
  }),
  messages: channelMessages(jobMessages),
}

const jobsStream = {
  address: '/stream',
  title: 'Many jobs, live',
  description:
    'The messages of each job in the order of its stream, with its `jobId`. After a lost connection, a client ' +
    `watches each job from the last epoch it received. ${binaryEpochs}`,
  bindings: webSocket({
    jobs: {
      type: 'string',
      description:
        `ids separated by commas, at most ${maximumJobsInAddress}, each optionally with an epoch to start after ` +
        '(`job_…:120`). The list is fixed: messages of the client are ignored. Without it, the client sends `watch`',
    },
    epochs: {
      type: 'string',
      enum: ['true', 'false'],
      description: '`false` sends progress instead of epochs',
    },
  }),
  messages: channelMessages([...jobsMessages, ...clientMessages]),
}

const sweepStream = {
  address: '/sweeps/{id}/stream',
  title: 'One sweep, live',
  description:
    'The sweep, and its trials when they start, pause or end. Changes are gathered for 0.1 s, or until a slow client has ' +
    'received the earlier messages. After a lost connection, a client continues after the last `position`.',
  parameters: { id: { description: 'id of the sweep' } },
  bindings: webSocket({
    after: { type: 'integer', minimum: 0, description: 'only trials after this one' },
    trials: { type: 'string', enum: ['true', 'false'], description: '`false` sends no `trials`' },
  }),
  messages: channelMessages(sweepMessages),
}

export function asyncApiDocument(version: string) {
  const messages = [...jobMessages, ...jobsMessages, ...clientMessages, ...sweepMessages].map(
    ({ key, message }) => [key, message] as const,
  )
  return {
    asyncapi: '3.0.0',
    id: 'urn:descent:stream',
    info: {
      title: 'Descent: the streams of jobs and sweeps',
      version,
      description:
        'A WebSocket. `Accept: text/event-stream` selects server-sent events with the same messages, whose `id` is the last ' +
        'epoch sent, or the last `position` of a sweep. Messages of a client on the stream of one job or sweep are ignored. ' +
        'The server closes with 1000 after the last `end` message, with 1008 when the job or sweep is deleted, and with 1012 when the service restarts: reconnect with ' +
        '`after`.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    channels: { jobStream, jobsStream, sweepStream },
    operations: {
      reportJob: {
        action: 'send',
        summary: 'Report the progress of a job',
        ...operationMessages('jobStream', jobMessages),
      },
      reportJobs: {
        action: 'send',
        summary: 'Report the progress of many jobs',
        ...operationMessages('jobsStream', jobsMessages),
      },
      reportSweep: {
        action: 'send',
        summary: 'Report the progress of a sweep',
        ...operationMessages('sweepStream', sweepMessages),
      },
      chooseJobs: {
        action: 'receive',
        summary: 'Receive which jobs a client watches',
        ...operationMessages('jobsStream', clientMessages),
      },
    },
    components: { messages: Object.fromEntries(messages) },
  }
}
