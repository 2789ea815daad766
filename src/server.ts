/** The API process: builds everything, listens, closes. `npm run start:api` runs it alone, on an outside PostgreSQL. */
import { fileURLToPath } from 'node:url'
import { type Logger, pino } from 'pino'
import { openCalibration } from '../workers/calibration.js'
import { openPredictorPool } from '../workers/predictor-pool.js'
import { openRequestThread } from '../workers/request-thread.js'
import { withDeadline } from './base/deadline.js'
import { type Config, limitsOf, readConfig } from './config.js'
import { isFinished } from './contract/job.js'
import { disabledAfterDays } from './contract/webhook.js'
import type { ReadingLimits } from './datasets/reading/limits.js'
import { PictureDecoder } from './datasets/reading/picture-decoder.js'
import { openUploadReader } from './datasets/reading/upload-reader.js'
import { explainBackend } from './engine/index.js'
import { buildApp } from './http/app.js'
import { FailedAuthentications } from './http/failed-authentications.js'
import { KeyWatch } from './http/key-watch.js'
import { OpenSockets } from './http/open-sockets.js'
import { Idempotency } from './http/plugins/idempotency.js'
import { openMetrics } from './http/plugins/metrics.js'
import { Live } from './live/live.js'
import { buildAddon } from './process/addon-build.js'
import { exitInTime } from './process/exit-in-time.js'
import { openLiveness } from './process/liveness.js'
import { type Database, databaseTrouble, openDatabase } from './store/database.js'
import { datasetStore } from './store/datasets.js'
import { draftStore } from './store/drafts.js'
import { epochStore } from './store/epochs.js'
import { figureStore } from './store/figures.js'
import { finishedRuns } from './store/finished-runs.js'
import { listenForHints } from './store/hints.js'
import { idempotencyStore } from './store/idempotency.js'
import { jobStore } from './store/jobs.js'
import { keyStore } from './store/keys.js'
import { applyMigrations, migrationsDirectory } from './store/migrations.js'
import { modelStore } from './store/models.js'
import { tenantStore } from './store/tenants.js'
import { historyThinner } from './store/thin-histories.js'
import { ticketStore } from './store/tickets.js'
import { notifyQueue } from './store/wake-ups.js'
import { watchStore } from './store/watch-store.js'
import { sealSecrets } from './store/webhook-secrets.js'
import { webhookStore } from './store/webhooks.js'
import { snapshotStore } from './store/weight-snapshots.js'
import { workerStore } from './store/workers.js'
import { boundaryReader } from './training/boundary.js'
import { GeneratedData } from './training/generated-data.js'
import type { AllJobs } from './training/ports/jobs.js'
import type { JobQueue } from './training/ports/queue.js'
import type { SecretBox } from './training/ports/webhooks.js'
import { reconcileForever } from './training/reconcile.js'
import { sweepForever } from './training/sweep.js'
import { openSecretBox } from './webhooks/secret-box.js'
import { sendForever } from './webhooks/sender.js'

export interface Server {
  /** http://host:port */
  address: string
  /** What the supervisor of a worker calls when that worker died: its jobs are queued again at once. */
  releaseWorker(workerId: string): Promise<void>
  close(): Promise<void>
}

/** Connections that the system holds until they are accepted: of more it drops the first packet, which comes again in 1 s. */
const waitingConnections = 4_096

/** Beside the compiled sources in dist/. */
const pageDirectory = fileURLToPath(new URL('../page', import.meta.url))

/** Brings the database up to date, then listens. @throws Error when the backend that is required does not run here. */
export async function startServer(config: Config, connectionString: string, log: Logger): Promise<Server> {
  if (config.DESCENT_BACKEND === 'native') await buildAddon(config.DESCENT_BACKEND, log)
  explainBackend(config.DESCENT_BACKEND)
  const liveness =
    config.LIVENESS_PORT === undefined ? null : await openLiveness(config.HOST, config.LIVENESS_PORT)
  if (liveness !== null) log.info(`liveness on port ${liveness.port}`)
  await applyMigrations(connectionString, migrationsDirectory)
  const database = openDatabase(connectionString)
  const keys = keyStore(database)
  if (!isLoopback(config.HOST) && !(await keys.anyLive())) {
    await database.$disconnect()
    throw new Error(noKey(config.HOST))
  }
  const settings = limitsOf(config)
  const tenants = tenantStore(database)
  const jobs = jobStore(database, settings)
  const epochs = epochStore(database)
  const models = modelStore(database, settings)
  const datasets = datasetStore(database, settings)
  const idempotency = idempotencyStore(database)
  const box = await openWebhookSecrets(config, database, log)
  const webhooks = webhookStore(database, box)
  const tickets = ticketStore(database)
  const workers = workerStore(database)
  const keyWatch = new KeyWatch(keys, tenants, isLoopback(config.HOST), (error) =>
    log.warn({ err: error }, 'keys'),
  )
  const onQueueError = (error: unknown) => log.warn({ err: error }, 'queue')
  const queue =
    config.REDIS_URL === undefined
      ? notifyQueue(database)
      : // BullMQ is loaded where there is a Redis.
        await (await import('./queue/queue.js')).openQueue(config.REDIS_URL, onQueueError)
  const predictors = openPredictorPool(models, {
    backend: config.DESCENT_BACKEND,
    threads: config.PREDICTION_THREADS,
  })
  const thread = openRequestThread()
  const generated = new GeneratedData(thread)
  const calibration = openCalibration(config.DESCENT_BACKEND)
  const boundaries = boundaryReader({ models, snapshots: snapshotStore(database), predictors })
  const metrics = openMetrics()
  const onLiveError = (error: unknown) => log.warn({ err: error }, 'live')
  const live = new Live(watchStore(database), boundaries, onLiveError, metrics.observeStreamLag)
  const sender =
    box &&
    sendForever(webhooks, {
      allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
      room: {
        attempts: config.WEBHOOK_ATTEMPTS,
        perTenant: config.WEBHOOK_ATTEMPTS_PER_TENANT,
        perWebhook: config.WEBHOOK_ATTEMPTS_PER_WEBHOOK,
      },
      onError: (error) => log.warn({ err: error }, 'webhooks'),
      onDisabled: (webhook) =>
        log.warn(webhook, `webhook disabled: ${disabledAfterDays} days without a success`),
    })
  const hints = await listenForHints(connectionString, {
    onHint: (progress) => {
      live.report(progress)
      if (isFinished(progress.status)) sender?.wake()
    },
    onReconnect: () => void live.refresh(),
  })
  const reconciler = reconcileForever(jobs, queue, (error) => log.warn({ err: error }, 'reconciler'))
  const sweeper = sweepForever(
    [
      idempotency,
      webhooks,
      tickets,
      jobs,
      workers,
      draftStore(database),
      historyThinner(database, config.KEPT_EPOCHS),
    ],
    (error) => log.warn({ err: error }, 'sweep'),
  )
  const uploadReader = await openUploadReader(readingLimits(config))
  const pictures = new PictureDecoder(config.MAXIMUM_IMAGE_PIXELS)
  const app = await buildApp({
    jobs,
    epochs,
    models,
    datasets,
    uploadReader,
    pictures,
    idempotency: new Idempotency(idempotency),
    webhooks,
    onFiled: () => sender?.wake(),
    figures: figureStore(database),
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
      onQueueError,
      calibration,
      finishedRuns: finishedRuns(database),
      maximumThreads: config.MAXIMUM_THREADS,
    },
    pingMilliseconds: 20_000,
    readiness: {
      missing: () => missingParts(jobs, queue),
      workers: () => workers.summary(),
      // A faster one may appear.
      get backend() {
        return explainBackend(config.DESCENT_BACKEND)
      },
    },
    limits: {
      bodyBytes: config.MAXIMUM_BODY_BYTES,
      uploadSeconds: config.MAXIMUM_UPLOAD_SECONDS,
    },
    settings,
    tenants,
    openSockets: new OpenSockets(),
    failedAuthentications: new FailedAuthentications(
      config.MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE,
      config.TRUSTED_PROXIES,
    ),
    pageDirectory,
    databaseTrouble,
    keys,
    tickets,
    workers,
    keyWatch,
    allowedOrigins: config.ALLOWED_ORIGINS,
    logger: log,
  })
  await keyWatch.start()
  const address = await app.listen({ host: config.HOST, port: config.PORT, backlog: waitingConnections })

  return {
    address,
    async releaseWorker(workerId) {
      await jobs.releaseWorker(workerId)
      await workers.remove(workerId)
      await reconciler.now()
    },
    async close() {
      live.close()
      await app.close()
      await reconciler.stop()
      await sweeper.stop()
      await keyWatch.stop()
      await sender?.stop()
      await queue.close()
      await hints.close()
      await predictors.close()
      await thread.close()
      pictures.close()
      await calibration.close()
      await database.$disconnect()
      await liveness?.close()
    },
  }
}

function readingLimits(config: Config): ReadingLimits {
  return {
    unpackedBytes: config.MAXIMUM_UNPACKED_BYTES,
    rows: config.MAXIMUM_DATASET_ROWS,
    columns: config.MAXIMUM_DATASET_COLUMNS,
    lineBytes: config.MAXIMUM_LINE_BYTES,
    cellLength: config.MAXIMUM_CELL_LENGTH,
    imagePixels: config.MAXIMUM_IMAGE_PIXELS,
    archiveEntries: config.MAXIMUM_ARCHIVE_ENTRIES,
    uploadSeconds: config.MAXIMUM_UPLOAD_SECONDS,
    readingSeconds: config.MAXIMUM_READING_SECONDS,
    memoryBytes: config.MAXIMUM_READING_MEMORY_BYTES,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function noKey(host: string): string {
  return (
    `HOST is ${host}, where others can reach the service, and there is no key yet. Make one:\n\n` +
    '  npm run keys -- create --tenant blue --scopes jobs:write,models:read\n\n' +
    'or, in a container: node dist/src/commands/keys.js create …. With HOST=127.0.0.1 the service needs none.'
  )
}

/**
 * Encrypts what is stored otherwise; null when the service has no keys.
 * @throws Error when there are webhooks and no keys
 */
async function openWebhookSecrets(
  config: Config,
  database: Database,
  log: Logger,
): Promise<SecretBox | null> {
  if (config.WEBHOOK_KEYS.length === 0) {
    if ((await database.webhook.findFirst({ select: { id: true } })) === null) {
      log.warn(`no webhook can be registered: ${noWebhookKeys}`)
      return null
    }
    await database.$disconnect()
    throw new Error(`There are webhooks, and no key to encrypt their secrets with: ${noWebhookKeys}`)
  }
  const box = openSecretBox(config.WEBHOOK_KEYS)
  const webhooks = await sealSecrets(database, box)
  if (webhooks.length > 0) {
    log.error(
      { webhooks },
      'no key of WEBHOOK_KEYS opens the secrets of these webhooks, so nothing is sent to them: add the key that they were ' +
        'encrypted with, or give them other secrets (POST /webhooks/{id}/rotate-secret)',
    )
  }
  return box
}

const noWebhookKeys =
  'set WEBHOOK_KEYS to what `openssl rand -base64 32` prints, the same for all API processes, and keep it as you keep the ' +
  'password of the database'

/** What does not answer in this time counts as missing. */
const readinessMilliseconds = 3_000

async function missingParts(jobs: AllJobs, queue: JobQueue): Promise<string[]> {
  const asked = <T>(check: () => Promise<T>) =>
    withDeadline(readinessMilliseconds, check).catch(() => undefined)
  const [database, workers] = await Promise.all([
    asked(() => jobs.progress([])),
    asked(() => queue.workers()),
  ])
  return [
    ...(database === undefined ? ['the database does not answer'] : []),
    ...(workers === undefined ? ['the queue does not answer'] : []),
    ...(workers === 0 ? ['no worker is connected'] : []),
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const config = readConfig()
  const log = pino({ level: config.LOG_LEVEL, base: { process: 'api' } })
  if (config.DATABASE_URL === undefined) {
    throw new Error('The API alone needs DATABASE_URL; `npm start` brings a PostgreSQL of its own.')
  }
  await buildAddon(config.DESCENT_BACKEND, log)
  const server = await startServer(config, config.DATABASE_URL, log)
  log.info(`listening on ${server.address}`)
  const stop = () => {
    exitInTime(log)
    void server.close().then(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}
