/** The API process. `npm run start:api` runs it without a worker, on the PostgreSQL of DATABASE_URL. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Logger, pino } from 'pino'
import { AsyncDisposableStack, openOn } from './base/async-disposable-stack.js'
import { lowerHelperThreads } from './base/low-priority.js'
import { randomHex } from './base/random-hex.js'
import { openApp } from './composition/app.js'
import { openJobQueue } from './composition/job-queue.js'
import { missingParts } from './composition/readiness.js'
import { openStores, type Stores } from './composition/stores.js'
import { threads } from './composition/threads.js'
import { openWebhookSecrets } from './composition/webhook-secrets.js'
import { type Config, defaultLimits, keptCheckpoints, readConfig, tracingOptions } from './config.js'
import { isFinished } from './contract/job-status.js'
import { disabledAfterDays } from './contract/webhook.js'
import type { ReadingLimits } from './datasets/reading/limits.js'
import { explainBackend } from './engine/index.js'
import { FailedAuthentications } from './http/failed-authentications.js'
import type { OpenapiDocument } from './http/openapi.js'
import { readDocuments } from './mcp/documents.js'
import { buildAddon } from './process/addon-build.js'
import { exitInTime } from './process/exit-in-time.js'
import { keepTickObject } from './process/keep-tick-object.js'
import { openLiveness } from './process/liveness.js'
import { type Database, openDatabase } from './store/database.js'
import { listenForHints } from './store/hints.js'
import { historyThinner } from './store/history-thinner.js'
import { applyMigrations, migrationsDirectory } from './store/migrations.js'
import { type ObjectCleaner, objectCleaner } from './store/object-cleaner.js'
import { checkObjectStore, countNamedObjects, openObjectStore } from './store/open-object-store.js'
import { openTracing } from './tracing/open-tracing.js'
import type { Tracing } from './tracing/tracing.js'
import { cleanUpForever } from './training/cleanup.js'
import { reconcileForever } from './training/reconcile.js'
import { type Sender, sendDeliveries } from './webhooks/sender.js'

export interface Server {
  /** http://host:port */
  address: string
  /** Whether requests must send a key. */
  needsKey: boolean
  /** Queues the jobs of a worker that died. */
  releaseWorker(workerId: string): Promise<void>
  close(): Promise<void>
}

/** Connections that the system queues until they are accepted. It drops the first packet of others, which returns after 1 s. */
const waitingConnections = 4_096

/** Next to the compiled sources in dist/. */
const pageDirectory = fileURLToPath(new URL('../page', import.meta.url))
const openapiFile = fileURLToPath(new URL('../openapi.json', import.meta.url))
/** Next to dist/. */
const documentsDirectory = fileURLToPath(new URL('../../docs', import.meta.url))

/**
 * Brings the database up to date, then listens.
 * @param stack closes all parts; a test passes one that fails
 * @throws Error if the required backend does not run here, or others can reach the service and there is no key
 */
export async function startServer(
  config: Config,
  connectionString: string,
  log: Logger,
  stack = new AsyncDisposableStack(),
): Promise<Server> {
  keepTickObject()
  if (config.DESCENT_BACKEND === 'native') await buildAddon(config.DESCENT_BACKEND, log)
  explainBackend(config.DESCENT_BACKEND)
  return openOn(stack, () => openServer(stack, config, connectionString, log))
}

async function openServer(
  stack: AsyncDisposableStack,
  config: Config,
  connectionString: string,
  log: Logger,
): Promise<Server> {
  await lowerHelperThreads()
  const stop = (part: { stop(): unknown }) => part.stop()
  const logError = (part: string, error: unknown) => log.warn({ err: error }, part)
  if (config.LIVENESS_PORT !== undefined) {
    const liveness = await openLiveness(config.HOST, config.LIVENESS_PORT)
    stack.adopt(liveness, (thread) => thread.close())
    log.info(`liveness on port ${liveness.port}`)
  }
  // Closed last, with the spans of the requests that ended.
  const tracing = await openTracing(tracingOptions(config, 'api', `api_${randomHex(16)}`), log)
  if (tracing !== null) stack.adopt(tracing, (opened) => opened.close())
  await applyMigrations(connectionString, migrationsDirectory)
  const objects = openObjectStore(config.OBJECT_STORE_URL)
  const database = stack.adopt(openDatabase(connectionString, undefined, objects), (opened) =>
    opened.$disconnect(),
  )
  if (objects === null) await warnOfObjects(database, log)
  else await checkObjectStore(database, objects)
  const box = await openWebhookSecrets(config.WEBHOOK_KEYS, database, log)
  const stores = openStores(database, {
    settings: defaultLimits(config),
    box,
    checkpoints: keptCheckpoints(config),
    auditDays: config.AUDIT_DAYS,
  })
  if (!isLoopback(config.HOST) && !(await stores.keys.anyLive())) throw new Error(noKey(config.HOST))
  const queue = await openJobQueue(config.REDIS_URL, database, (error) => logError('queue', error))
  stack.adopt(queue, (opened) => opened.close())
  const sender = box && stack.adopt(startSender(stores, config, tracing, log), stop)
  const { app, live, liveSweeps, sweepRunner, scoreRunner } = await openApp(stack, {
    ...appOptions(config),
    stores,
    queue,
    tracing,
    missing: () => missingParts(stores.jobs, queue),
    objects,
    onFiled: () => sender?.wake(),
    onError: logError,
    logger: log,
  })
  const hints = await listenForHints(connectionString, {
    onHint: (progress) => {
      live.report(progress)
      liveSweeps.report(progress)
      sweepRunner.report(progress.status)
      scoreRunner.report(progress.status)
      if (isFinished(progress.status)) sender?.wake()
    },
    onReconnect() {
      void live.refresh()
      liveSweeps.refresh()
    },
  })
  stack.adopt(hints, (opened) => opened.close())
  const objectCleanup =
    objects && objectCleaner(database, objects, { keptSeconds: 3_600 * config.OBJECT_STORE_KEPT_HOURS })
  stack.adopt(startCleanup(stores, database, objectCleanup, config, log), stop)
  if (objectCleanup !== null) stack.adopt(objectCleanup, stop)
  const reconciler = stack.adopt(
    reconcileForever({ ...stores, queue }, (error) => logError('reconciler', error)),
    stop,
  )
  const address = await app.listen({ host: config.HOST, port: config.PORT, backlog: waitingConnections })
  return {
    address,
    needsKey: !isLoopback(config.HOST) || (await stores.keys.any()),
    async releaseWorker(workerId) {
      await stores.jobs.releaseWorker(workerId)
      await stores.workers.remove(workerId)
      await reconciler.now()
    },
    close: () => stack.disposeAsync(),
  }
}

function appOptions(config: Config) {
  return {
    threads,
    backend: config.DESCENT_BACKEND,
    settings: defaultLimits(config),
    limits: {
      bodyBytes: config.MAXIMUM_BODY_BYTES,
      modelBytes: config.MAXIMUM_MODEL_BYTES,
      uploadSeconds: config.MAXIMUM_UPLOAD_SECONDS,
    },
    readingLimits: readingLimits(config),
    predictionThreads: config.PREDICTION_THREADS,
    maximumThreads: config.MAXIMUM_THREADS,
    reusesRuns: config.REUSE_RUNS,
    mayBeOpen: isLoopback(config.HOST),
    allowedOrigins: config.ALLOWED_ORIGINS,
    failedAuthentications: new FailedAuthentications(
      config.MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE,
      config.TRUSTED_PROXIES,
    ),
    openapi: readOpenapi(),
    pageDirectory,
    documents: readDocuments(documentsDirectory),
    pingMilliseconds: 20_000,
  }
}

/** Null where the sources run, as in tests. Generating the document takes a third of a second. */
function readOpenapi(): OpenapiDocument | null {
  return existsSync(openapiFile) ? JSON.parse(readFileSync(openapiFile, 'utf8')) : null
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

function startSender({ webhooks }: Stores, config: Config, tracing: Tracing | null, log: Logger): Sender {
  return sendDeliveries(webhooks, {
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    limits: {
      attempts: config.WEBHOOK_ATTEMPTS,
      perTenant: config.WEBHOOK_ATTEMPTS_PER_TENANT,
      perWebhook: config.WEBHOOK_ATTEMPTS_PER_WEBHOOK,
    },
    tracing,
    onError: (error) => log.warn({ err: error }, 'webhooks'),
    onDisabled: (webhook) =>
      log.warn(webhook, `webhook disabled: ${disabledAfterDays} days without a success`),
  })
}

async function warnOfObjects(database: Database, log: Logger): Promise<void> {
  const count = await countNamedObjects(database)
  if (count === 0) return
  const advice = 'Set it to the store that has them, or what needs them answers 503.'
  log.warn(`${count} chunks are in an object store, but OBJECT_STORE_URL is not set. ${advice}`)
}

function startCleanup(
  stores: Stores,
  database: Database,
  objects: ObjectCleaner | null,
  config: Config,
  log: Logger,
) {
  const { idempotency, webhooks, tickets, jobs, workers, workshops, checkpoints, audit, tenantEraser } =
    stores
  const thinner = historyThinner(database, config.KEPT_EPOCHS)
  const cleaned = [
    idempotency,
    webhooks,
    tickets,
    jobs,
    checkpoints,
    workers,
    workshops,
    thinner,
    audit,
    tenantEraser,
    objects ?? [],
  ].flat()
  return cleanUpForever(cleaned, (error) => log.warn({ err: error }, 'cleanup'))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function noKey(host: string): string {
  return (
    `HOST is ${host}, which others can reach, and there is no key. Create one first:\n\n` +
    '  npm run keys -- create --tenant blue --scopes jobs:write,models:write,datasets:write\n\n' +
    'or, in a container: node dist/src/commands/keys.js create …. With HOST=127.0.0.1 no key is needed.'
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const config = readConfig()
  const log = pino({ level: config.LOG_LEVEL, base: { process: 'api' } })
  if (config.DATABASE_URL === undefined) {
    throw new Error('The API process needs DATABASE_URL. `npm start` runs an embedded PostgreSQL instead.')
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
