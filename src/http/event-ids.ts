/**
 * The `id`s of server-sent events. Of one job: the last epoch told, `120`, or `120-end` after its end. Of many: such a place
 * of each job in the order of the address, separated by commas; `gone` for a job that does not exist.
 */
import { lastEpoch } from '../contract/packed-epochs.js'
import type { Place } from '../live/bundle.js'
import { jobIdOf, type LiveMessage } from '../live/sink.js'

export interface ToldPlace {
  epoch: number
  ended: boolean
}

/** What a browser that connects again has got already; null for a header that is not ours. */
export function readEventId(header: string | string[] | undefined): ToldPlace | null {
  return typeof header === 'string' ? readPlace(header) : null
}

function readPlace(text: string): ToldPlace | null {
  if (text === 'gone') return { epoch: 0, ended: true }
  const found = /^(\d{1,10})(-end)?$/.exec(text)
  return found === null ? null : { epoch: Number(found[1]), ended: found[2] !== undefined }
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

/** The places of many jobs, as far as they were told. */
export class ToldPlaces {
  readonly #places: Map<string, string>

  /** From where the address says that they begin, or from the id of the last event. */
  constructor(places: readonly Place[], header: string | string[] | undefined) {
    const told = typeof header === 'string' ? header.split(',') : []
    const fits = told.length === places.length && told.every((text) => readPlace(text) !== null)
    this.#places = new Map(places.map(({ id, after }, index) => [id, fits ? told[index] : String(after)]))
  }

  /** Those that have not ended. */
  left(): Place[] {
    return [...this.#places].flatMap(([id, text]) => {
      const { epoch = 0, ended = false } = readPlace(text) ?? {}
      return ended ? [] : [{ id, after: epoch }]
    })
  }

  /** The id after that message. */
  take(message: LiveMessage): string | null {
    const place = eventIdAfter(message)
    if (place === null) return null
    return this.#set(jobIdOf(message), place)
  }

  takeMissing(jobId: string): string {
    return this.#set(jobId, 'gone')
  }

  #set(jobId: string, place: string): string {
    this.#places.set(jobId, place)
    return [...this.#places.values()].join(',')
  }
}
