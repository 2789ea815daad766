/** Messages of streams as they are sent. What several watchers are given is written out once, however many read it. */
import { epochsAsJson } from '../contract/packed-epochs.js'
import { jobIdOf, type LiveMessage } from '../live/sink.js'
import { epochFrame } from './epoch-frame.js'

export interface SentMessage {
  data: Buffer
  binary: boolean
}

/** Writes messages as JSON on one line: on the stream of one job, or with the `jobId` on that of many. */
class TextWriter {
  readonly #written = {
    job: new WeakMap<object, Buffer>(),
    epochs: new WeakMap<object, Buffer>(),
    boundary: new WeakMap<object, Buffer>(),
    end: new WeakMap<object, Buffer>(),
  }

  constructor(private readonly ofMany: boolean) {}

  write(message: LiveMessage): Buffer {
    const known = this.#written[message.type].get(sharedPart(message))
    if (known !== undefined) return known
    const jobId = this.ofMany ? `,"jobId":"${jobIdOf(message)}"` : ''
    const data = Buffer.from(`{"type":"${message.type}"${jobId},${fieldsOf(message)}}`)
    this.#written[message.type].set(sharedPart(message), data)
    return data
  }
}

const ofOne = new TextWriter(false)
const ofMany = new TextWriter(true)
const frames = new WeakMap<object, Buffer>()

export const textOfOne = (message: LiveMessage) => ofOne.write(message)
export const textOfMany = (message: LiveMessage) => ofMany.write(message)

/** The same in both, with epochs as binary messages of the subprotocol. */
export function withEpochFrames(textOf: (message: LiveMessage) => Buffer) {
  return (message: LiveMessage): SentMessage => {
    if (message.type !== 'epochs') return asText(textOf(message))
    const { jobId, epochs } = message
    const data = frames.get(epochs) ?? epochFrame(jobId, epochs)
    frames.set(epochs, data)
    return { data, binary: true }
  }
}

export const asText = (data: Buffer): SentMessage => ({ data, binary: false })

/** What all watchers of a job are given. */
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

/** Without the braces. */
function fieldsOf(message: LiveMessage): string {
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
