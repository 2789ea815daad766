/** Metrics for Prometheus: those of this process, and those of all processes from the database. */
import type { FastifyPluginCallback, onResponseHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  type MetricStore,
  type ObjectRequests,
  objectRequestBounds,
} from '../../training/ports/service-metrics.js'
import { prefix, processMetrics } from './process-metrics.js'
import { RequestMetrics } from './request-metrics.js'
import { workerObjectMetrics } from './worker-object-metrics.js'

export interface Metrics {
  /** @param seconds from the commit of an epoch to its write to a stream */
  observeStreamLag(seconds: number): void
  /** @param seconds of one attempt */
  observeObjectRequest(operation: string, outcome: string, seconds: number): void
  /** Plugin that counts the requests of an application. */
  countRequests: FastifyPluginCallback
  /** Renders the text format. Without the database, only the metrics of this process are current. */
  render(store: Pick<MetricStore, 'read'>, watchers: number): Promise<string>
  contentType: string
}

export function openMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const ofProcess = processMetrics()
  const requests = new RequestMetrics(prefix)
  const streamLag = new Histogram({
    name: `${prefix}stream_lag_seconds`,
    help: 'Seconds from the commit of an epoch to its writing to a stream of this process',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const objectRequests = new Histogram({
    name: `${prefix}object_store_request_seconds`,
    help: 'Seconds of each attempt of a request of this process to the object store, by operation (put, get, delete, list) and outcome (success, missing, failure)',
    labelNames: ['operation', 'outcome'],
    buckets: [...objectRequestBounds],
    registers,
  })
  const deletedObjects = new Gauge({
    name: `${prefix}object_store_deletions_waiting`,
    help: 'Objects whose rows are deleted, and which the cleanup will delete (from the database)',
    registers,
  })
  const watched = new Gauge({ name: `${prefix}watchers`, help: 'Open streams of this process', registers })
  const database = new Gauge({
    name: `${prefix}database_up`,
    help: '1 if the database answered this scrape, else 0. Without an answer, metrics from the database keep their last values',
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
    help: 'Threads of these workers by state, without their spare threads: busy, free (from the database)',
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

  let ofWorkers: ObjectRequests[] = []

  function setFromDatabase(stored: Awaited<ReturnType<MetricStore['read']>>): void {
    deletedObjects.set(stored.deletedObjects)
    ofWorkers = stored.objectRequests
    for (const { status, jobs } of stored.unfinished) unfinished.set({ status }, jobs)
    const { seen, threads: all, busyThreads } = stored.workers
    workers.set(seen)
    threads.set({ state: 'busy' }, busyThreads)
    threads.set({ state: 'free' }, Math.max(0, all - busyThreads))
    for (const counter of [ended, epochs, trainingSeconds]) counter.reset()
    for (const { status, jobs } of stored.ended) ended.inc({ status }, jobs)
    epochs.inc(stored.epochs)
    trainingSeconds.inc(stored.trainingSeconds)
  }

  return {
    observeStreamLag: (seconds) => streamLag.observe(seconds),
    observeObjectRequest: (operation, outcome, seconds) =>
      objectRequests.observe({ operation, outcome }, seconds),
    contentType: registry.contentType,

    countRequests: fastifyPlugin((app, _options, done) => {
      app.addHook('onRoute', (route) => {
        const metrics = requests.route(route.url, !route.config?.isStream)
        const count: onResponseHookHandler = ({ method }, { statusCode, elapsedTime }, next) => {
          metrics.add(method, statusCode, elapsedTime / 1_000)
          next()
        }
        route.onResponse = [count, route.onResponse ?? []].flat()
      })
      const unknownRoutes = requests.route('none', true)
      app.addHook('onResponse', ({ is404, method }, { statusCode, elapsedTime }, next) => {
        if (is404) unknownRoutes.add(method, statusCode, elapsedTime / 1_000)
        next()
      })
      done()
    }),

    async render(store, watchers) {
      watched.set(watchers)
      try {
        setFromDatabase(await store.read())
        database.set(1)
      } catch {
        database.set(0)
      }
      const text = [
        await ofProcess.metrics(),
        await registry.metrics(),
        requests.text(),
        workerObjectMetrics(prefix, ofWorkers),
      ]
      return text.join('\n')
    },
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The response lasts as long as its client reads it. */
    isStream?: boolean
  }
}
