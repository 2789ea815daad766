/** The worker process: is woken, claims jobs and trains them. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { pino } from 'pino'
import { AsyncDisposableStack, openOn } from '../src/base/async-disposable-stack.js'
import { openJobQueue } from '../src/composition/job-queue.js'
import { openStores, type Stores } from '../src/composition/stores.js'
import { defaultLimits, readConfig } from '../src/config.js'
import { explainBackend } from '../src/engine/index.js'
import { buildAddon } from '../src/process/addon-build.js'
import { exitInTime } from '../src/process/exit-in-time.js'
import { type Database, databaseTrouble, openDatabase } from '../src/store/database.js'
import { listenForHints } from '../src/store/hints.js'
import { applyMigrations, migrationsDirectory } from '../src/store/migrations.js'
import type { JobQueue } from '../src/training/ports/queue.js'
import { reconcileForever } from '../src/training/reconcile.js'
import { Lanes } from './claim-loops.js'
import { Processor } from './processor.js'
import { reportForever } from './report-worker.js'
import { SharedDatasets } from './shared-datasets.js'
import { StoredTables } from './stored-tables.js'
import { TrainerPool } from './trainer-pool.js'

const config = readConfig()
const log = pino({ level: config.LOG_LEVEL, base: { process: 'worker' } })
const connectionString = config.DATABASE_URL ?? (await databaseOfSupervisor())
if (connectionString === undefined) {
  throw new Error(
    'A worker needs DATABASE_URL, and the same REDIS_URL as the API if it has one. `npm start` sets both.',
  )
}

/** From the process that started us, which starts the database, too; undefined without one. */
async function databaseOfSupervisor(): Promise<string | undefined> {
  if (process.send === undefined) return undefined
  const [url] = await Promise.race([once(process, 'message'), once(process, 'disconnect')])
  // It ended before it had one.
  if (url === undefined) process.exit()
  return String(url)
}

await applyMigrations(connectionString, migrationsDirectory)
const stack = new AsyncDisposableStack()
await openOn(stack, () => openWorker(connectionString))

/** Parts close in reverse order: first what starts runs, then the runs, then what they write to. */
async function openWorker(connectionString: string): Promise<void> {
  const database = stack.adopt(openDatabase(connectionString), (opened) => opened.$disconnect())
  const stores = openStores(database, { settings: defaultLimits(config) })
  const isBuilding = await buildAddon(config.DESCENT_BACKEND, log)
  const pool = stack.adopt(new TrainerPool({ backend: config.DESCENT_BACKEND }), (opened) => opened.close())
  const workerId = config.WORKER_ID ?? `worker_${randomBytes(8).toString('hex')}`
  const processor = new Processor({
    workerId,
    runs: stores.runs,
    models: stores.models,
    figures: stores.figures,
    pool,
    sharedDatasets: new SharedDatasets(config.DATASET_CACHE_BYTES),
    storedTables: new StoredTables(stores.datasets, config.DATASET_CACHE_BYTES / 4),
    checkpointMilliseconds: 1_000 * config.CHECKPOINT_SECONDS,
    backend: config.DESCENT_BACKEND,
    threads: config.WORKER_CONCURRENCY,
    databaseTrouble,
    retryMilliseconds: [1_000, 4_000],
    log,
  })
  const presence = reportForever(
    stores.workers,
    () => ({
      id: workerId,
      threads: config.WORKER_CONCURRENCY,
      busyThreads: processor.busyThreads,
      backend: explainBackend(config.DESCENT_BACKEND).name,
    }),
    log,
  )
  stack.adopt(presence, (reports) => reports.end())
  stack.defer(() => processor.close())
  await takeJobs(connectionString, database, stores, processor)
  logReady(isBuilding)
  process.send?.('ready')
}

/** Claims jobs after each wake-up, and releases those of silent workers, which needs no API process. */
async function takeJobs(
  connectionString: string,
  database: Database,
  stores: Stores,
  processor: Processor,
): Promise<void> {
  const onQueueError = (error: unknown) => log.warn({ err: error }, 'queue')
  const queue = await openJobQueue(config.REDIS_URL, database, onQueueError)
  stack.defer(async () => {
    // Other workers claim what this one released.
    await queue.wake().catch(onQueueError)
    await queue.close()
  })
  const lanes = new Lanes(
    config.WORKER_CONCURRENCY,
    (phases) => processor.processNext(phases),
    (error) => log.warn({ err: error }, 'training'),
  )
  stack.adopt(lanes, (opened) => opened.close())
  if (config.REDIS_URL !== undefined) await consumeFrom(config.REDIS_URL, queue, processor, onQueueError)
  const hints = await listenForHints(connectionString, {
    onHint: (progress) => processor.notice(progress),
    onQueued: () => {
      if (config.REDIS_URL === undefined) lanes.wake()
    },
    // The next heartbeat or the reconciler finds what was missed.
    onReconnect: () => log.info('listening for hints again'),
  })
  stack.adopt(hints, (opened) => opened.close())
  lanes.wake()
  const reconciler = reconcileForever(stores.jobs, queue, (error) => log.warn({ err: error }, 'reconciler'))
  stack.adopt(reconciler, (opened) => opened.stop())
  stack.defer(() => processor.stop())
}

/** Each message permits training until nothing is queued. After a claim, wakes others while jobs are left. */
async function consumeFrom(
  url: string,
  queue: JobQueue,
  processor: Processor,
  onError: (error: unknown) => void,
): Promise<void> {
  const wakeOthers = () => void queue.wake().catch(onError)
  // BullMQ is loaded only for Redis.
  const { consume } = await import('../src/queue/queue.js')
  const consumer = await consume(url, {
    concurrency: config.WORKER_CONCURRENCY,
    work: async () => {
      let isMore: boolean
      do {
        isMore = false
        await processor.processNext({
          onClaim: (left) => {
            isMore = left > 0
            if (isMore) wakeOthers()
          },
        })
      } while (isMore)
    },
    onError,
  })
  stack.adopt(consumer, (opened) => opened.close())
}

function logReady(isBuilding: boolean): void {
  const backend = explainBackend(config.DESCENT_BACKEND)
  const isSlower = config.DESCENT_BACKEND === 'auto' && backend.passedOver.length > 0 && !isBuilding
  const described = { concurrency: config.WORKER_CONCURRENCY, backend }
  if (isSlower) log.warn(described, 'worker is ready, without the fastest backend')
  else log.info(described, 'worker is ready')
}

async function stop(reason: string): Promise<void> {
  if (stack.disposed) return
  log.info({ reason }, 'worker stops')
  exitInTime(log)
  await stack.disposeAsync().catch((error) => log.error({ err: error }, 'while stopping'))
  process.exit(0)
}

process.on('SIGTERM', () => void stop('SIGTERM'))
process.on('SIGINT', () => void stop('SIGINT'))
// Without the supervisor, nobody would end this process.
process.on('disconnect', () => void stop('supervisor ended'))
