/**
 * How many requests were answered, and how long that took, by method, route and status: counted in plain numbers, for the
 * labels of Prometheus' client are looked up at every count. Written in its text format.
 */

const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

interface Series {
  /** As they are written. */
  labels: string
  answers: number
  /** Of those whose time counts: how many, and what they took. */
  timed: number
  seconds: number
  /** How many took at most the bound in the same place, but more than the one before it. */
  within: Float64Array
}

export interface RouteFigures {
  add(method: string, status: number, seconds: number): void
}

export class RequestFigures {
  readonly #series: Series[] = []

  constructor(private readonly prefix: string) {}

  /** @param isTimed false where an answer lasts as long as somebody reads it */
  route(route: string, isTimed: boolean): RouteFigures {
    const known = new Map<string, Map<number, Series>>()
    return {
      add: (method, status, seconds) => {
        const series = known.get(method)?.get(status) ?? this.#open(known, method, route, status)
        series.answers++
        if (!isTimed) return
        series.timed++
        series.seconds += seconds
        const place = bounds.findIndex((bound) => seconds <= bound)
        if (place >= 0) series.within[place]++
      },
    }
  }

  #open(known: Map<string, Map<number, Series>>, method: string, route: string, status: number): Series {
    const labels = `method="${method}",route="${route}",status="${status}"`
    const series = { labels, answers: 0, timed: 0, seconds: 0, within: new Float64Array(bounds.length) }
    const ofMethod = known.get(method) ?? new Map<number, Series>()
    known.set(method, ofMethod.set(status, series))
    this.#series.push(series)
    return series
  }

  text(): string {
    const requests = `${this.prefix}http_requests_total`
    const durations = `${this.prefix}http_request_duration_seconds`
    return [
      `# HELP ${requests} Requests answered by this process, by method, route and status`,
      `# TYPE ${requests} counter`,
      ...this.#series.map(({ labels, answers }) => `${requests}{${labels}} ${answers}`),
      '',
      `# HELP ${durations} Seconds from the arrival of a request to the end of its answer, without streams`,
      `# TYPE ${durations} histogram`,
      ...this.#series.filter(({ timed }) => timed > 0).flatMap((series) => durationLines(durations, series)),
      '',
    ].join('\n')
  }
}

function durationLines(name: string, { labels, timed, seconds, within }: Series): string[] {
  let sum = 0
  const buckets = bounds.map((bound, place) => {
    sum += within[place]
    return `${name}_bucket{le="${bound}",${labels}} ${sum}`
  })
  return [
    ...buckets,
    `${name}_bucket{le="+Inf",${labels}} ${timed}`,
    `${name}_sum{${labels}} ${seconds}`,
    `${name}_count{${labels}} ${timed}`,
  ]
}
