/** The HTTP application on real stores and a real queue, without a worker: jobs stay queued. */

import { type Logger, pino } from 'pino'
import type { Limits } from '../../src/contract/limits.js'
import { PictureDecoder } from '../../src/datasets/reading/picture-decoder.js'
import { openUploadReader } from '../../src/datasets/reading/upload-reader.js'
import { explainBackend } from '../../src/engine/index.js'
import { buildApp } from '../../src/http/app.js'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { KeyWatch } from '../../src/http/key-watch.js'
import { OpenSockets } from '../../src/http/open-sockets.js'
import { Idempotency } from '../../src/http/plugins/idempotency.js'
import { openMetrics } from '../../src/http/plugins/metrics.js'
import { Live } from '../../src/live/live.js'
import { databaseTrouble } from '../../src/store/database.js'
import { datasetStore } from '../../src/store/datasets.js'
import { finishedRuns as finishedRunsOf } from '../../src/store/finished-runs.js'
import { jobStore } from '../../src/store/jobs.js'
import { modelStore } from '../../src/store/models.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { notifyQueue } from '../../src/store/wake-ups.js'
import { boundaryReader } from '../../src/training/boundary.js'
import { GeneratedData } from '../../src/training/generated-data.js'
import {
  builtPictureProcess,
  builtReadingProcess,
  calibration as calibrationModule,
  predictorPool,
  requestThread,
} from './built.js'
import { checkAnswers } from './checked-answers.js'
import { readingLimits } from './reading.js'
import { openStores, type Stores } from './stores.js'

export interface RunningApp extends Stores {
  app: Awaited<ReturnType<typeof buildApp>>
  live: Live
  /** What /health/ready misses. */
  missing: string[]
}

export const limits = { bodyBytes: 1024 * 1024, uploadSeconds: 20 }

/** What each tenant may do. */
export const generous: Limits = {
  ...unlimited,
  requestsPerMinute: 1_000_000,
  sockets: 10_000,
  arenaBytes: 64 * 1024 * 1024,
  jobFlops: 1e12,
  epochs: 10_000_000,
  datasetBytes: 2 * 1024 * 1024,
}

const throwError = (error: unknown) => {
  throw error
}

export async function openApp(
  pingMilliseconds = 20_000,
  logger: Logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
  pageDirectory: string | null = null,
  settings: Limits = generous,
  failedAuthentications = new FailedAuthentications(1_000_000, []),
): Promise<RunningApp> {
  const stores = await openStores()
  const { epochs, idempotency, webhooks, figures, snapshots } = stores
  const jobs = jobStore(stores.database, settings)
  const models = modelStore(stores.database, settings)
  const datasets = datasetStore(stores.database, settings)
  const finishedRuns = finishedRunsOf(stores.database)
  const queue = notifyQueue(stores.database)
  const predictors = predictorPool.openPredictorPool(models, { backend: 'auto', threads: 2 })
  const thread = requestThread.openRequestThread()
  const generated = new GeneratedData(thread)
  const calibration = calibrationModule.openCalibration('auto')
  const boundaries = boundaryReader({ models, snapshots, predictors })
  const metrics = openMetrics()
  const live = new Live(stores.watching, boundaries, throwError, metrics.observeStreamLag)
  const missing: string[] = []
  const keyWatch = new KeyWatch(stores.keys, stores.tenants, true, throwError)
  const pictures = new PictureDecoder(readingLimits.imagePixels, builtPictureProcess)
  const app = await buildApp({
    jobs,
    epochs,
    models,
    datasets,
    uploadReader: await openUploadReader(readingLimits, builtReadingProcess),
    pictures,
    idempotency: new Idempotency(idempotency),
    webhooks,
    onFiled: () => {},
    figures,
    metrics,
    live,
    predictors,
    thread,
    generated,
    submission: {
      jobs,
      models,
      datasets,
      generated,
      queue,
      onQueueError: throwError,
      calibration,
      finishedRuns,
      maximumThreads: 2,
    },
    pingMilliseconds,
    readiness: {
      missing: async () => missing,
      workers: () => stores.workers.summary(),
      backend: explainBackend('auto'),
    },
    limits,
    settings,
    tenants: stores.tenants,
    openSockets: new OpenSockets(),
    failedAuthentications,
    pageDirectory,
    databaseTrouble,
    keys: stores.keys,
    tickets: stores.tickets,
    workers: stores.workers,
    keyWatch,
    allowedOrigins: ['https://allowed.example'],
    logger,
  })
  checkAnswers(app)
  await keyWatch.start()
  await app.ready()
  return {
    ...stores,
    app,
    live,
    missing,
    async close() {
      live.close()
      await app.close()
      await keyWatch.stop()
      await queue.close()
      await predictors.close()
      await thread.close()
      pictures.close()
      await calibration.close()
      await stores.close()
    },
  }
}
