/** Encodes the messages of streams. Watchers share the encoded bytes of what they share. */
import { epochsAsJson } from '../contract/packed-epochs.js'
import { type LiveMessage, messageJobId } from '../live/sink.js'
import { epochFrame } from './epoch-frame.js'

export interface EncodedMessage {
  data: Buffer
  binary: boolean
}

/** Encodes messages as JSON on one line. The stream of many jobs adds the `jobId`. */
class JsonEncoder {
  readonly #cache = {
    job: new WeakMap<object, Buffer>(),
    epochs: new WeakMap<object, Buffer>(),
    boundary: new WeakMap<object, Buffer>(),
    end: new WeakMap<object, Buffer>(),
  }

  constructor(private readonly withJobId: boolean) {}

  encode(message: LiveMessage): Buffer {
    const cached = this.#cache[message.type].get(sharedPart(message))
    if (cached !== undefined) return cached
    const jobId = this.withJobId ? `,"jobId":"${messageJobId(message)}"` : ''
    const data = Buffer.from(`{"type":"${message.type}"${jobId},${jsonFields(message)}}`)
    this.#cache[message.type].set(sharedPart(message), data)
    return data
  }
}

const jobEncoder = new JsonEncoder(false)
const jobsEncoder = new JsonEncoder(true)
const frames = new WeakMap<object, Buffer>()

/** For the stream of one job. */
export const encodeJobMessage = (message: LiveMessage) => jobEncoder.encode(message)

/** For the stream of many jobs. */
export const encodeJobsMessage = (message: LiveMessage) => jobsEncoder.encode(message)

/** Encodes epochs as binary frames of the subprotocol, which are the same on both streams. */
export function withBinaryEpochs(encodeText: (message: LiveMessage) => Buffer) {
  return (message: LiveMessage): EncodedMessage => {
    if (message.type !== 'epochs') return textMessage(encodeText(message))
    const { jobId, epochs } = message
    const data = frames.get(epochs) ?? epochFrame(jobId, epochs)
    frames.set(epochs, data)
    return { data, binary: true }
  }
}

export const textMessage = (data: Buffer): EncodedMessage => ({ data, binary: false })

/** The part that all watchers of a job share by reference. */
function sharedPart(message: LiveMessage): object {
  switch (message.type) {
    case 'job':
    case 'end':
      return message.job
    case 'epochs':
      return message.epochs
    case 'boundary':
      return message.frame
    default:
      return message satisfies never
  }
}

/** The JSON members of the message, without braces. */
function jsonFields(message: LiveMessage): string {
  switch (message.type) {
    case 'job':
    case 'end':
      return `"job":${JSON.stringify(message.job)}`
    case 'epochs':
      return `"epochs":${epochsAsJson(message.epochs)}`
    case 'boundary': {
      const { type: _, ...fields } = message.frame
      return JSON.stringify(fields).slice(1, -1)
    }
    default:
      return message satisfies never
  }
}
