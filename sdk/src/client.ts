/** The client of a Descent service. */
import { Admin } from './admin.js'
import { Datasets } from './datasets.js'
import { Jobs } from './jobs.js'
import { type Filter, type Item, type ListRoute, listItems } from './lists.js'
import { Models } from './models.js'
import type { Answer, CallOptions, Route, RouteArguments } from './routes.js'
import { Sweeps } from './sweeps.js'
import { type Call, type ClientOptions, Transport } from './transport.js'

/**
 * A client of one service.
 * @example
 * const client = new Descent({ url: 'http://127.0.0.1:3000' })
 * const job = await client.jobs.create({ dataset: 'iris' })
 * const { modelId } = await job.done()
 */
export class Descent {
  /** Trainings: start them, watch them, wait for them. */
  readonly jobs: Jobs
  /** Tables and pictures to train on: upload them, read them, delete them. */
  readonly datasets: Datasets
  /** Trained and imported models: predict with them, export them. */
  readonly models: Models
  /** Many trainings of one spec with other values. */
  readonly sweeps: Sweeps
  /** Needs a key with the scope `admin`. */
  readonly admin: Admin
  readonly #transport: Transport

  /** @param options address and key of the service. Default: the service on this machine, without a key */
  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(options)
    this.jobs = new Jobs(this.#transport)
    this.datasets = new Datasets(this.#transport)
    this.models = new Models(this.#transport)
    this.sweeps = new Sweeps(this.#transport)
    this.admin = new Admin(this.#transport)
  }

  /** A client with other options, such as the signal of a request that an application serves. */
  withOptions(options: ClientOptions): Descent {
    return new Descent({ ...this.#transport.options, ...options })
  }

  /** What the tenant of the key used, by day, or in all with `totals: true`. */
  usage(filter: Filter<'GET /usage'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /usage', { query: filter }, options)
  }

  /** The same as a CSV file. Read `body`, or call `text()`. */
  usageCsv(filter: Filter<'GET /usage'> = {}, options: CallOptions = {}): Promise<Response> {
    const headers = { ...options.headers, accept: 'text/csv' }
    return this.#transport.response('GET /usage', { ...options, headers, query: filter })
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
