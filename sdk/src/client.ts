/** The client of a Descent service. */
import { Datasets } from './datasets.js'
import { Jobs } from './jobs.js'
import { type Item, type ListRoute, listItems } from './lists.js'
import { Models } from './models.js'
import type { Answer, Route, RouteArguments } from './routes.js'
import { Sweeps } from './sweeps.js'
import { type Call, type ClientOptions, Transport } from './transport.js'

export class Descent {
  readonly jobs: Jobs
  readonly datasets: Datasets
  readonly models: Models
  readonly sweeps: Sweeps
  readonly #transport: Transport

  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(options)
    this.jobs = new Jobs(this.#transport)
    this.datasets = new Datasets(this.#transport)
    this.models = new Models(this.#transport)
    this.sweeps = new Sweeps(this.#transport)
  }

  /** A client with other options, such as the signal of a request that an application serves. */
  withOptions(options: ClientOptions): Descent {
    return new Descent({ ...this.#transport.options, ...options })
  }

  /** Sends a request of any route, such as `GET /limits`, and returns the JSON of the answer. */
  request<R extends Route>(route: R, ...[input]: RouteArguments<R>): Promise<Answer<R>> {
    const call: Call = input ?? {}
    return this.#transport.json(route, call)
  }

  /** Sends a request of any route, and returns the response, for files. The service answers with a status below 300. */
  response<R extends Route>(route: R, ...[input]: RouteArguments<R>): Promise<Response> {
    const call: Call = input ?? {}
    return this.#transport.response(route, call)
  }

  /** The items of all pages of a list, such as `GET /workers`. */
  list<R extends ListRoute>(
    route: R,
    ...[input]: RouteArguments<R>
  ): AsyncGenerator<Item<R>, void, undefined> {
    const { path, query, ...options }: Call = input ?? {}
    return listItems(this.#transport, route, { path, query }, options)
  }
}
