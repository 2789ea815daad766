/** Composes the HTTP application. */
import type { AsyncDisposableStack } from '../base/async-disposable-stack.js'
import { parseBySchema } from '../bodies/validate.js'
import { jobRequestSchema } from '../contract/job-request.js'
import type { Limits } from '../contract/limits.js'
import type { ReadingLimits } from '../datasets/reading/limits.js'
import { SpoolSpace } from '../datasets/reading/spool-space.js'
import { type BackendName, explainBackend } from '../engine/index.js'
import { type AppDependencies, buildApp } from '../http/app.js'
import type { FailedAuthentications } from '../http/failed-authentications.js'
import { KeyMonitor } from '../http/key-monitor.js'
import { OpenStreams } from '../http/open-streams.js'
import type { OpenapiDocument } from '../http/openapi.js'
import { Idempotency } from '../http/plugins/idempotency.js'
import { openMetrics } from '../http/plugins/metrics.js'
import { Live } from '../live/live.js'
import { LiveSweeps } from '../live/live-sweeps.js'
import type { Document } from '../mcp/documents.js'
import { databaseTrouble } from '../store/database.js'
import type { ObjectStore } from '../store/object-store.js'
import { boundaryReader } from '../training/boundary.js'
import { eraseForever } from '../training/erase-tenants.js'
import { turnsOfDatasets } from '../training/evaluate.js'
import { GeneratedData } from '../training/generated-data.js'
import { modelImporter } from '../training/import-model.js'
import { JobSplits } from '../training/job-splits.js'
import type { JobQueue } from '../training/ports/queue.js'
import { advanceForever } from '../training/sweeps/advance-forever.js'
import { SweepDecisions } from '../training/sweeps/decisions.js'
import { Suggestions } from '../training/sweeps/suggestions.js'
import { scoreForever } from '../training/workshops/score-forever.js'
import type { Stores } from './stores.js'
import type { Threads } from './threads.js'

interface AppOptions {
  stores: Stores
  queue: JobQueue
  threads: Threads
  backend: BackendName | 'auto'
  /** Limits of tenants without their own. */
  settings: Limits
  limits: { bodyBytes: number; modelBytes: number; uploadSeconds: number }
  readingLimits: ReadingLimits
  predictionThreads: number
  maximumThreads: number
  /** Whether equal jobs copy stored runs instead of training. */
  reusesRuns: boolean
  /** Whether requests need no key before the first key exists. */
  mayBeOpen: boolean
  allowedOrigins: readonly string[]
  failedAuthentications: FailedAuthentications
  /** The OpenAPI document of the build; null generates it at the first request. */
  openapi: OpenapiDocument | null
  /** The folder of the built page; null for none. */
  pageDirectory: string | null
  /** What clients of the Model Context Protocol may read. */
  documents: readonly Document[]
  pingMilliseconds: number
  /** The missing parts that /health/ready reports. */
  missing(): Promise<string[]>
  /** Has large chunks; null if PostgreSQL has them. */
  objects: ObjectStore | null
  /** Called after a webhook delivery is stored. */
  onFiled(): void
  /** Called with errors that no request reports. */
  onError(part: 'queue' | 'live' | 'keys' | 'sweeps' | 'leaderboards' | 'tenants', error: unknown): void
  logger: AppDependencies['logger']
  /** Null exports no spans. */
  tracing: AppDependencies['tracing']
}

/** Closes on the stack: first streams, then requests, then the threads that answer them. */
export async function openApp(stack: AsyncDisposableStack, options: AppOptions) {
  const { stores, queue, threads, backend } = options
  const { jobs, models, datasets, keys, tenants, workers, finishedRuns } = stores
  const close = (part: { close(): unknown }) => part.close()
  const onQueueError = (error: unknown) => options.onError('queue', error)

  const calibration = stack.adopt(threads.openCalibration(backend), close)
  const pictures = stack.adopt(threads.openPictureDecoder(options.readingLimits.imagePixels), close)
  const space = new SpoolSpace()
  const uploadReader = await threads.openUploadReader(options.readingLimits, space)
  const thread = stack.adopt(threads.openRequestThread(), close)
  const exportProcess = stack.adopt(threads.openExportProcess(backend), close)
  const importThread = stack.adopt(threads.openImportThread(options.readingLimits.readingSeconds), close)
  const suggestionThread = stack.adopt(threads.openSuggestionThread(), close)
  const predictors = stack.adopt(
    threads.openPredictorPool(models, { backend, threads: options.predictionThreads }),
    close,
  )
  const generated = new GeneratedData(thread)
  const boundaries = boundaryReader({ models, snapshots: stores.snapshots })
  const metrics = openMetrics()
  if (options.objects !== null) options.objects.observe = metrics.observeObjectRequest
  const live = stack.adopt(
    new Live(
      stores.watching,
      boundaries,
      (error) => options.onError('live', error),
      metrics.observeStreamLag,
    ),
    close,
  )
  const liveSweeps = stack.adopt(new LiveSweeps(stores.watchingSweeps), close)
  const keyMonitor = stack.adopt(
    new KeyMonitor(keys, stores.shareLinks, tenants, options.mayBeOpen, (error) =>
      options.onError('keys', error),
    ),
    (watch) => watch.stop(),
  )
  const submission = {
    ...{ jobs, models, datasets, generated, queue, onQueueError, calibration, finishedRuns },
    maximumThreads: options.maximumThreads,
    reusesRuns: options.reusesRuns,
    advanceSweeps: () => sweepRunner.wake(),
  }
  const parseJob = (body: unknown) => parseBySchema(jobRequestSchema, body, 'job')
  const { sweeps } = stores
  const sweepRunner = stack.adopt(
    advanceForever({
      ...{ sweeps, plan: submission, parseJob, queue },
      suggestions: new Suggestions(sweeps, suggestionThread),
      decisions: new SweepDecisions(sweeps),
      tenant: async (tenantId) => ({
        tenantId,
        limits: { settings: options.settings, own: await tenants.ownLimits(tenantId) },
      }),
      onError: (error) => options.onError('sweeps', error),
    }),
    (runner) => runner.stop(),
  )
  const evaluationTurns = turnsOfDatasets()
  const scoreRunner = stack.adopt(
    scoreForever({
      ...{ scores: stores.scores, models, datasets, predictors, turns: evaluationTurns },
      onError: (error) => options.onError('leaderboards', error),
    }),
    (runner) => runner.stop(),
  )
  const eraser = stack.adopt(
    eraseForever(stores.tenantEraser, (error) => options.onError('tenants', error)),
    (runner) => runner.stop(),
  )
  const app = stack.adopt(
    await buildApp({
      ...stores,
      ...options,
      uploadReader,
      modelImporter: modelImporter(importThread, { ...options.limits, ...options.readingLimits }, space),
      spoolSpace: space,
      pictures,
      idempotency: new Idempotency(stores.idempotency),
      metrics,
      live,
      liveSweeps,
      predictors,
      splits: new JobSplits(predictors),
      evaluationTurns,
      onLeaderboard: scoreRunner.wake,
      onTenantDeletion: eraser.wake,
      wakeSweeps: sweepRunner.wake,
      thread,
      exportProcess,
      generated,
      statistics: stores.statistics,
      submission,
      sweepCreation: { sweeps, plan: submission, parseJob, wake: sweepRunner.wake },
      readiness: {
        missing: options.missing,
        workers: () => workers.summary(),
        // A faster backend may appear later.
        get backend() {
          return explainBackend(backend)
        },
      },
      openStreams: new OpenStreams(),
      databaseTrouble,
      keyMonitor,
    }),
    close,
  )
  // Closed before the application, which waits for the streams.
  stack.defer(() => {
    live.close()
    liveSweeps.close()
  })
  await keyMonitor.start()
  return { app, live, liveSweeps, sweepRunner, scoreRunner }
}
