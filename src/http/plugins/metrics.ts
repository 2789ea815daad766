/** Metrics for Prometheus: those of this process are counted here, those of all processes are read from the database. */
import type { FastifyInstance, onResponseHookHandler } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { FigureStore } from '../../training/ports/figures.js'
import { observeLoop } from './loop-figures.js'
import { RequestFigures } from './request-figures.js'

const prefix = 'descent_'

export interface Metrics {
  /** Seconds from the commit of an epoch to its writing to a reader. */
  observeStreamLag(seconds: number): void
  /** Counts the requests that `app` answers. */
  countRequests(app: FastifyInstance): void
  /** The figures as text. Without the database, those of this process alone. */
  render(figures: Pick<FigureStore, 'read'>, watchers: number): Promise<string>
  contentType: string
}

export function openMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix })
  observeLoop(prefix, registers)
  const requests = new RequestFigures(prefix)
  const streamLag = new Histogram({
    name: `${prefix}stream_lag_seconds`,
    help: 'Seconds from the commit of an epoch to its writing to a stream of this process',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const watched = new Gauge({ name: `${prefix}watchers`, help: 'Open streams of this process', registers })
  const database = new Gauge({
    name: `${prefix}database_up`,
    help: '1 if the database answered this scrape, else 0; the metrics from the database then keep their last values',
    registers,
  })
  const unfinished = new Gauge({
    name: `${prefix}jobs`,
    help: 'Jobs by status: queued, running, paused (from the database)',
    labelNames: ['status'],
    registers,
  })
  const ended = new Counter({
    name: `${prefix}jobs_ended_total`,
    help: 'Finished jobs by status: succeeded, failed, cancelled (from the database)',
    labelNames: ['status'],
    registers,
  })
  const workers = new Gauge({
    name: `${prefix}workers`,
    help: 'Worker processes that reported in the last 10 s (from the database)',
    registers,
  })
  const threads = new Gauge({
    name: `${prefix}worker_threads`,
    help: 'Threads of these workers by state: busy, free (from the database)',
    labelNames: ['state'],
    registers,
  })
  const epochs = new Counter({
    name: `${prefix}epochs_total`,
    help: 'Epochs stored by all workers (from the database)',
    registers,
  })
  const trainingSeconds = new Counter({
    name: `${prefix}training_seconds_total`,
    help: 'Seconds of training, summed over all workers (from the database)',
    registers,
  })

  function setFromDatabase(figures: Awaited<ReturnType<FigureStore['read']>>): void {
    for (const { status, jobs } of figures.unfinished) unfinished.set({ status }, jobs)
    const { seen, threads: all, busyThreads } = figures.workers
    workers.set(seen)
    threads.set({ state: 'busy' }, busyThreads)
    threads.set({ state: 'free' }, Math.max(0, all - busyThreads))
    for (const counter of [ended, epochs, trainingSeconds]) counter.reset()
    for (const { status, jobs } of figures.ended) ended.inc({ status }, jobs)
    epochs.inc(figures.epochs)
    trainingSeconds.inc(figures.trainingSeconds)
  }

  return {
    observeStreamLag: (seconds) => streamLag.observe(seconds),
    contentType: registry.contentType,

    countRequests(app) {
      app.addHook('onRoute', (route) => {
        const figures = requests.route(route.url, !route.config?.isStream)
        const count: onResponseHookHandler = ({ method }, { statusCode, elapsedTime }, done) => {
          figures.add(method, statusCode, elapsedTime / 1_000)
          done()
        }
        route.onResponse = [count, route.onResponse ?? []].flat()
      })
      const elsewhere = requests.route('none', true)
      app.addHook('onResponse', ({ is404, method }, { statusCode, elapsedTime }, done) => {
        if (is404) elsewhere.add(method, statusCode, elapsedTime / 1_000)
        done()
      })
    },

    async render(figures, watchers) {
      watched.set(watchers)
      try {
        setFromDatabase(await figures.read())
        database.set(1)
      } catch {
        database.set(0)
      }
      return `${await registry.metrics()}\n${requests.text()}`
    },
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answer lasts as long as somebody reads it. */
    isStream?: boolean
  }
}
