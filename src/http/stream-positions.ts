/**
 * The `id`s of server-sent events. For one job: the last epoch sent, `120`, or `120-end` after its end. For many jobs:
 * these ids in the order of the address, separated by commas, with `gone` for a job that does not exist.
 */
import { lastEpoch } from '../contract/packed-epochs.js'
import type { WatchPosition } from '../live/multi-watch.js'
import { type LiveMessage, messageJobId } from '../live/sink.js'

interface StreamPosition {
  epoch: number
  ended: boolean
}

/** Returns null for a header that is not an id of this service. */
export function parseEventId(header: string | string[] | undefined): StreamPosition | null {
  return typeof header === 'string' ? parsePosition(header) : null
}

function parsePosition(text: string): StreamPosition | null {
  if (text === 'gone') return { epoch: 0, ended: true }
  const match = /^(\d{1,10})(-end)?$/.exec(text)
  return match === null ? null : { epoch: Number(match[1]), ended: match[2] !== undefined }
}

export function eventIdAfter(message: LiveMessage): string | null {
  switch (message.type) {
    case 'epochs':
      return String(lastEpoch(message.epochs))
    case 'end':
      return `${message.job.epoch}-end`
    case 'job':
    case 'boundary':
      return null
    default:
      return message satisfies never
  }
}

/** The positions of many jobs on one stream. */
export class StreamPositions {
  readonly #positions: Map<string, string>

  /** Starts from Last-Event-ID if it fits the places of the address, otherwise from these places. */
  constructor(places: readonly WatchPosition[], header: string | string[] | undefined) {
    const ids = typeof header === 'string' ? header.split(',') : []
    const fits = ids.length === places.length && ids.every((text) => parsePosition(text) !== null)
    this.#positions = new Map(places.map(({ id, after }, index) => [id, fits ? ids[index] : String(after)]))
  }

  unfinished(): WatchPosition[] {
    return [...this.#positions].flatMap(([id, text]) => {
      const { epoch = 0, ended = false } = parsePosition(text) ?? {}
      return ended ? [] : [{ id, after: epoch }]
    })
  }

  /** Returns the event id after the message; null if the message changes no position. */
  advance(message: LiveMessage): string | null {
    const position = eventIdAfter(message)
    if (position === null) return null
    return this.#set(messageJobId(message), position)
  }

  markMissing(jobId: string): string {
    return this.#set(jobId, 'gone')
  }

  #set(jobId: string, position: string): string {
    this.#positions.set(jobId, position)
    return [...this.#positions.values()].join(',')
  }
}
