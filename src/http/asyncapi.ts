/** The AsyncAPI document of the streams, made from the schemas of their messages. */
import { z } from 'zod'
import { maximumBoundarySize, minimumBoundarySize } from '../contract/boundary.js'
import {
  clientMessageSchema,
  epochsProtocol,
  jobsStreamMessageSchema,
  maximumJobsInAddress,
  streamMessageSchema,
} from '../contract/stream.js'

type MessageSchema =
  | (typeof streamMessageSchema.options)[number]
  | (typeof jobsStreamMessageSchema.options)[number]
  | (typeof clientMessageSchema.options)[number]

/** The messages of a channel by name, with where they stand among the components. */
function messagesOf(schemas: readonly MessageSchema[], prefix: string) {
  return schemas.map((schema) => {
    const [name] = schema.shape.type.values
    const { description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' })
    const message = { name, title: name, summary: description, contentType: 'application/json', payload }
    return { name, key: `${prefix}${name}`, message }
  })
}

const ofJob = messagesOf(streamMessageSchema.options, '')
const ofJobs = messagesOf(jobsStreamMessageSchema.options, 'jobs.')
const ofClient = messagesOf(clientMessageSchema.options, 'client.')

type Messages = typeof ofJob

const inChannel = (messages: Messages) =>
  Object.fromEntries(messages.map(({ name, key }) => [name, { $ref: `#/components/messages/${key}` }]))

const ofOperation = (channel: string, messages: Messages) => ({
  channel: { $ref: `#/channels/${channel}` },
  messages: messages.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
})

const binaryEpochs =
  `A client that offers the subprotocol \`${epochsProtocol}\` gets \`epochs\` as binary messages: a little-endian uint32, ` +
  'the length of the JSON that follows, padded by blanks: {"type":"epochs","jobId":"job_…","firstEpoch":1,"count":2000,' +
  '"columns":["loss","accuracy","seconds"]}; then of each column `count` little-endian float64, from a multiple of 8 bytes ' +
  'on. NaN is null, an infinite loss is where training diverged, and a column that is null throughout is left out. ' +
  'Where the history was thinned, a first column `epoch` has their numbers. It takes a fourth of the bytes.'

/** What both addresses take. */
const webSocket = (properties: object) => ({
  ws: { method: 'GET', query: { type: 'object', properties }, bindingVersion: '0.1.0' },
})

const jobStream = {
  address: '/jobs/{id}/stream',
  title: 'One job, live',
  description: binaryEpochs,
  parameters: { id: { description: 'id of the job' } },
  bindings: webSocket({
    after: { type: 'integer', minimum: 0, description: 'only epochs behind this one' },
    boundary: {
      type: 'integer',
      minimum: minimumBoundarySize,
      maximum: maximumBoundarySize,
      description: 'adds `boundary` messages of so many points along each input',
    },
  }),
  messages: inChannel(ofJob),
}

const jobsStream = {
  address: '/stream',
  title: 'Many jobs, live',
  description:
    'Of each job the messages of its own stream, in the same order, with its `jobId`. After a lost connection a client ' +
    `watches each job from the last epoch it has got. ${binaryEpochs}`,
  bindings: webSocket({
    jobs: {
      type: 'string',
      description:
        `ids separated by commas, at most ${maximumJobsInAddress}, each perhaps with the epoch to begin after ` +
        '(`job_…:120`): a fixed list, and what the client sends is ignored. Without it, the client says what it watches',
    },
    epochs: { type: 'string', enum: ['true', 'false'], description: '`false`: progress instead of epochs' },
  }),
  messages: inChannel([...ofJobs, ...ofClient]),
}

export function asyncApiDocument(version: string) {
  const messages = [...ofJob, ...ofJobs, ...ofClient].map(({ key, message }) => [key, message] as const)
  return {
    asyncapi: '3.0.0',
    id: 'urn:descent:stream',
    info: {
      title: 'Descent: the streams of jobs',
      version,
      description:
        'A WebSocket; with `Accept: text/event-stream` the same messages as server-sent events, whose `id` is the last ' +
        'epoch told. What a client sends on the stream of one job is ignored. After the `end` message, on the stream of a ' +
        'fixed list after the last of them, the server closes with 1000; it closes with 1008 when the job is deleted, and ' +
        'with 1012 when the service restarts: connect again with `after`.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    defaultContentType: 'application/json',
    channels: { jobStream, jobsStream },
    operations: {
      tellJob: {
        action: 'send',
        summary: 'Tell what becomes of a job',
        ...ofOperation('jobStream', ofJob),
      },
      tellJobs: {
        action: 'send',
        summary: 'Tell what becomes of many jobs',
        ...ofOperation('jobsStream', ofJobs),
      },
      chooseJobs: {
        action: 'receive',
        summary: 'Be told which jobs a client watches',
        ...ofOperation('jobsStream', ofClient),
      },
    },
    components: { messages: Object.fromEntries(messages) },
  }
}
