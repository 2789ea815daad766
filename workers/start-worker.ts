/** Runs a worker process: it claims jobs after wake-ups, and trains them. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { AsyncDisposableStack, openOn } from '../src/base/async-disposable-stack.js'
import { lowerHelperThreads, lowerPriority, middlePriority, ownPriority } from '../src/base/low-priority.js'
import { openJobQueue } from '../src/composition/job-queue.js'
import { openStores, type Stores } from '../src/composition/stores.js'
import { type Config, defaultLimits, keptCheckpoints, tracingOptions } from '../src/config.js'
import { explainBackend } from '../src/engine/index.js'
import { buildAddon } from '../src/process/addon-build.js'
import { type Database, databaseTrouble, openDatabase } from '../src/store/database.js'
import { listenForHints } from '../src/store/hints.js'
import { applyMigrations, migrationsDirectory } from '../src/store/migrations.js'
import { checkObjectStore, openObjectStore } from '../src/store/open-object-store.js'
import { openTracing } from '../src/tracing/open-tracing.js'
import type { Tracing } from '../src/tracing/tracing.js'
import type { JobQueue } from '../src/training/ports/queue.js'
import { reconcileForever } from '../src/training/reconcile.js'
import { Lanes } from './claim-loops.js'
import { ObjectTally } from './object-tally.js'
import { type Phases, Processor } from './processor.js'
import { reportForever } from './report-worker.js'
import { SharedDatasets } from './shared-datasets.js'
import { SpareLane } from './spare-lane.js'
import { StoredTables } from './stored-tables.js'
import { TrainerPool } from './trainer-pool.js'
import { evictUnusedForever } from './unused-datasets.js'

/** What all parts of a worker need. */
interface Common {
  stack: AsyncDisposableStack
  config: Config
  connectionString: string
  log: Logger
}

/**
 * Brings the database up to date, then takes jobs until the stack is disposed.
 * @param stack closes all parts; a test passes one that fails
 * @throws Error if the required backend does not run here, or the database or Redis cannot be used
 */
export async function startWorker(
  config: Config,
  connectionString: string,
  log: Logger,
  stack = new AsyncDisposableStack(),
): Promise<void> {
  const isBuilding = await buildAddon(config.DESCENT_BACKEND, log)
  explainBackend(config.DESCENT_BACKEND)
  await openOn(stack, () => openWorker({ stack, config, connectionString, log }))
  logReady(config, isBuilding, log)
}

/** Parts close in reverse order: what starts runs, the runs, and what they write to. */
async function openWorker(common: Common): Promise<void> {
  const { stack, config, connectionString, log } = common
  // The event loop of an API process on the same machine and the database come first.
  lowerPriority(ownPriority, middlePriority)
  await lowerHelperThreads()
  const workerId = config.WORKER_ID ?? `worker_${randomBytes(8).toString('hex')}`
  // Closed last, with the spans of the runs that stopped.
  const tracing = await openTracing(tracingOptions(config, 'worker', workerId), log)
  if (tracing !== null) stack.adopt(tracing, (opened) => opened.close())
  await applyMigrations(connectionString, migrationsDirectory)
  const objects = openObjectStore(config.OBJECT_STORE_URL)
  const database = stack.adopt(openDatabase(connectionString, undefined, objects), (opened) =>
    opened.$disconnect(),
  )
  if (objects !== null) await checkObjectStore(database, objects)
  const stores = openStores(database, {
    settings: defaultLimits(config),
    checkpoints: keptCheckpoints(config),
  })
  if (objects !== null) {
    // Closed after the runs, whose last requests it reports.
    const tally = stack.adopt(new ObjectTally(stores.serviceMetrics, log), (opened) => opened.close())
    objects.observe = (...observed) => tally.observe(...observed)
  }
  const pool = stack.adopt(new TrainerPool({ backend: config.DESCENT_BACKEND }), (opened) => opened.close())
  const processor = stack.adopt(openProcessor(workerId, stores, pool, tracing, common), (opened) =>
    opened.close(),
  )
  const presence = reportForever(
    stores.workers,
    () => ({
      id: workerId,
      threads: config.WORKER_CONCURRENCY,
      busyThreads: processor.busyThreads,
      backend: explainBackend(config.DESCENT_BACKEND).name,
      host: hostname(),
      processId: process.pid,
    }),
    log,
  )
  stack.adopt(presence, (reports) => reports.end())
  await takeJobs(database, stores, processor, common)
}

function openProcessor(
  workerId: string,
  stores: Stores,
  pool: TrainerPool,
  tracing: Tracing | null,
  { stack, config, log }: Common,
): Processor {
  const sharedDatasets = new SharedDatasets(config.DATASET_CACHE_BYTES)
  const storedTables = new StoredTables(stores.datasets, config.DATASET_CACHE_BYTES / 4)
  stack.adopt(evictUnusedForever([sharedDatasets, storedTables]), (eviction) => eviction.stop())
  return new Processor({
    workerId,
    runs: stores.runs,
    models: stores.models,
    serviceMetrics: stores.serviceMetrics,
    pool,
    sharedDatasets,
    storedTables,
    checkpointMilliseconds: 1_000 * config.CHECKPOINT_SECONDS,
    backend: config.DESCENT_BACKEND,
    threads: config.WORKER_CONCURRENCY,
    databaseTrouble,
    retryMilliseconds: [1_000, 4_000],
    tracing,
    log,
  })
}

/** Claims jobs after each wake-up. Releases the jobs of silent workers, so no API process is needed for that. */
async function takeJobs(
  database: Database,
  stores: Stores,
  processor: Processor,
  { stack, config, connectionString, log }: Common,
): Promise<void> {
  const { REDIS_URL: redisUrl, WORKER_CONCURRENCY: threads } = config
  const onQueueError = (error: unknown) => log.warn({ err: error }, 'queue')
  const queue = await openJobQueue(redisUrl, database, onQueueError)
  stack.defer(async () => {
    // Other workers claim what this one released.
    await queue.wake().catch(onQueueError)
    await queue.close()
  })
  const onTrainingError = (error: unknown) => log.warn({ err: error }, 'training')
  const spare = new SpareLane((phases) => processor.processSpare(phases), onTrainingError)
  stack.adopt(spare, (opened) => opened.close())
  /** Jobs that an ordinary claim leaves may suit the spare thread. */
  const processNext = ({ onClaim, ...phases }: Pick<Phases, 'onClaim'> & Partial<Phases>) =>
    processor.processNext({
      ...phases,
      onClaim: (left) => {
        onClaim(left)
        if (left > 0) spare.wake()
      },
    })
  const lanes = new Lanes(threads, processNext, onTrainingError)
  stack.adopt(lanes, (opened) => opened.close())
  if (redisUrl !== undefined) {
    const consumer = await consumeFrom(redisUrl, threads, queue, processNext, onQueueError)
    stack.adopt(consumer, (opened) => opened.close())
  }
  // Closed before the lanes and the consumer, which wait for the trainings.
  stack.defer(() => processor.stop())
  const hints = await listenForHints(connectionString, {
    onHint: (progress) => processor.notice(progress),
    onQueued: () => {
      if (redisUrl === undefined) lanes.wake()
      // It takes no message from Redis, so idle workers are still woken.
      spare.wake()
    },
    // The next heartbeat or the reconciler finds missed changes.
    onReconnect: () => log.info('listening for hints again'),
  })
  stack.adopt(hints, (opened) => opened.close())
  const reconciler = reconcileForever({ ...stores, queue }, (error) => log.warn({ err: error }, 'reconciler'))
  stack.adopt(reconciler, (opened) => opened.stop())
  lanes.wake()
}

/**
 * Each message starts a loop that trains until nothing is queued. After a claim, it wakes other workers while jobs are
 * left.
 */
async function consumeFrom(
  url: string,
  concurrency: number,
  queue: JobQueue,
  processNext: (phases: Pick<Phases, 'onClaim'>) => Promise<boolean>,
  onError: (error: unknown) => void,
) {
  const wakeOthers = () => void queue.wake().catch(onError)
  // BullMQ is loaded only for Redis.
  const { consume } = await import('../src/queue/queue.js')
  return consume(url, {
    concurrency,
    work: async () => {
      let isMore: boolean
      do {
        isMore = false
        await processNext({
          onClaim: (left) => {
            isMore = left > 0
            if (isMore) wakeOthers()
          },
        })
      } while (isMore)
    },
    onError,
  })
}

function logReady(config: Config, isBuilding: boolean, log: Logger): void {
  const backend = explainBackend(config.DESCENT_BACKEND)
  const isSlower = config.DESCENT_BACKEND === 'auto' && backend.passedOver.length > 0 && !isBuilding
  const described = { concurrency: config.WORKER_CONCURRENCY, backend }
  if (isSlower) log.warn(described, 'worker is ready, without the fastest backend')
  else log.info(described, 'worker is ready')
}
