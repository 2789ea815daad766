/** The HTTP application on real stores and a real queue, without a worker: jobs stay queued. */

import { type Logger, pino } from 'pino'
import { AsyncDisposableStack, openOn } from '../../src/base/async-disposable-stack.js'
import { openApp as openApplication } from '../../src/composition/app.js'
import { openStores as openLimitedStores } from '../../src/composition/stores.js'
import type { Limits } from '../../src/contract/limits.js'
import type { ReadingLimits } from '../../src/datasets/reading/limits.js'
import { PictureDecoder } from '../../src/datasets/reading/picture-decoder.js'
import type { SpoolSpace } from '../../src/datasets/reading/spool-space.js'
import { openUploadReader } from '../../src/datasets/reading/upload-reader.js'
import type { buildApp } from '../../src/http/app.js'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import type { Live } from '../../src/live/live.js'
import { databaseTrouble } from '../../src/store/database.js'
import type { ObjectStore } from '../../src/store/object-store.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { notifyQueue } from '../../src/store/wake-ups.js'
import type { Tracing } from '../../src/tracing/tracing.js'
import {
  builtPictureProcess,
  builtReadingProcess,
  calibration,
  exportProcess,
  importThread,
  predictorPool,
  requestThread,
  suggestionThread,
} from './built.js'
import { checkAnswers } from './checked-answers.js'
import { readingLimits } from './reading.js'
import { openStores, type Stores } from './stores.js'

export interface RunningApp extends Stores {
  /** The stores of the application, which apply its limits. */
  limited: Pick<ReturnType<typeof openLimitedStores>, 'jobs' | 'models'>
  app: Awaited<ReturnType<typeof buildApp>>
  live: Live
  /** What /health/ready misses. */
  missing: string[]
}

export const limits = { bodyBytes: 1024 * 1024, modelBytes: 4 * 1024 * 1024, uploadSeconds: 20 }

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

const threads = {
  ...predictorPool,
  ...requestThread,
  ...exportProcess,
  ...calibration,
  ...importThread,
  ...suggestionThread,
  openUploadReader: (_limits: ReadingLimits, space: SpoolSpace) =>
    openUploadReader(readingLimits, space, builtReadingProcess),
  openPictureDecoder: () => new PictureDecoder(readingLimits.imagePixels, { script: builtPictureProcess }),
}

export async function openApp(
  pingMilliseconds = 20_000,
  logger: Logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
  pageDirectory: string | null = null,
  settings: Limits = generous,
  failedAuthentications = new FailedAuthentications(1_000_000, []),
  objects: ObjectStore | null = null,
  tracing: Tracing | null = null,
): Promise<RunningApp> {
  const stack = new AsyncDisposableStack()
  return openOn(stack, async () => {
    const stores = stack.adopt(await openStores(objects), (opened) => opened.close())
    const { database } = stores
    const { jobs, models, datasets, sweeps } = openLimitedStores(database, { settings })
    const queue = stack.adopt(notifyQueue(database), (opened) => opened.close())
    const missing: string[] = []
    const { app, live } = await openApplication(stack, {
      stores: { ...stores, jobs, models, datasets, sweeps },
      queue,
      threads,
      backend: 'auto',
      settings,
      limits,
      readingLimits,
      predictionThreads: 2,
      maximumThreads: 2,
      // Tests that train the same job again mean it.
      reusesRuns: false,
      mayBeOpen: true,
      allowedOrigins: ['https://allowed.example'],
      failedAuthentications,
      openapi: null,
      pageDirectory,
      documents: [{ name: 'guide', text: '# Guide' }],
      pingMilliseconds,
      missing: async () => missing,
      objects,
      onFiled: () => {},
      onError(_part, error) {
        // A busy machine may delay a connection. The next pass tries again.
        if (databaseTrouble(error) !== null) return
        throw error
      },
      logger,
      tracing,
    })
    checkAnswers(app)
    await app.ready()
    return { ...stores, limited: { jobs, models }, app, live, missing, close: () => stack.disposeAsync() }
  })
}
