/** The settings: the only reader of process.env. Every name here stands in the README's table. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { type LimitName, type Limits, limitNames, limitSettings, limitsSchema } from './contract/limits.js'
import { maximumEpochs } from './contract/network.js'

const count = (value: number) => z.coerce.number().int().min(1).default(value)
const bytes = count
const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((each) => each.trim() || []))
/** Of each tenant that has none of its own. */
const limit = (name: LimitName, value: number) =>
  z.coerce.number().default(value).pipe(limitsSchema.shape[name])

/** Leaves a core to the event loop, and some to trainings; two at least, so that slow models do not stop quick ones. */
const predictionThreads = Math.max(2, Math.min(8, Math.floor(availableParallelism() / 2)))

const environmentSchema = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  LIVENESS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  DATA_DIRECTORY: z.string().min(1).default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z
    .string()
    .regex(
      /^(rediss?|redis\+sentinel|redis\+cluster):\/\/\S+$/,
      'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://',
    )
    .optional(),
  ALLOWED_ORIGINS: list.pipe(
    z.array(
      z
        .string()
        .refine(
          (each) => URL.canParse(each) && new URL(each).origin === each,
          'must be like https://example.org',
        ),
    ),
  ),
  TRUSTED_PROXIES: list.pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))),
  DESCENT_KEY: z.string().optional(),
  PREDICTION_THREADS: z.coerce.number().int().min(1).max(64).default(predictionThreads),
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
  CHECKPOINT_SECONDS: z.coerce.number().min(0).max(3_600).default(5),
  DATASET_CACHE_BYTES: bytes(1024 * 1024 * 1024),
  WORKER_ID: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MAXIMUM_BODY_BYTES: bytes(1024 * 1024),
  MAXIMUM_DATASET_BYTES: limit('datasetBytes', 256 * 1024 * 1024),
  MAXIMUM_UNPACKED_BYTES: bytes(2 * 1024 ** 3),
  MAXIMUM_DATASET_ROWS: count(10_000_000),
  MAXIMUM_DATASET_COLUMNS: count(10_000),
  MAXIMUM_LINE_BYTES: bytes(1024 * 1024),
  MAXIMUM_CELL_LENGTH: count(10_000),
  MAXIMUM_IMAGE_PIXELS: count(50_000_000),
  MAXIMUM_ARCHIVE_ENTRIES: count(200_000),
  MAXIMUM_UPLOAD_SECONDS: count(600),
  MAXIMUM_READING_SECONDS: count(120),
  MAXIMUM_READING_MEMORY_BYTES: bytes(1024 ** 3),
  MAXIMUM_ARENA_BYTES: limit('arenaBytes', 1024 ** 3),
  MAXIMUM_THREADS: z.coerce.number().int().min(1).max(64).default(availableParallelism()),
  DESCENT_BACKEND: z.enum(['auto', 'native', 'wasm', 'reference']).default('auto'),
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  WEBHOOK_KEYS: list.pipe(
    z.array(
      z
        .string()
        .refine(
          (key) => Buffer.from(key, 'base64').length === 32,
          'must be base64 of 32 bytes each, as openssl rand -base64 32 makes them',
        ),
    ),
  ),
  WEBHOOK_ATTEMPTS: count(128),
  WEBHOOK_ATTEMPTS_PER_TENANT: count(16),
  WEBHOOK_ATTEMPTS_PER_WEBHOOK: count(4),
  MAXIMUM_EPOCHS: limit('epochs', maximumEpochs),
  MAXIMUM_REQUESTS_PER_MINUTE: limit('requestsPerMinute', 120_000),
  MAXIMUM_SOCKETS: limit('sockets', 10_000),
  MAXIMUM_QUEUED_JOBS: limit('queuedJobs', 10_000),
  MAXIMUM_RUNNING_JOBS: limit('runningJobs', 1_000),
  MAXIMUM_STORED_BYTES: limit('storedBytes', 100 * 1024 ** 3),
  MAXIMUM_JOB_DAYS: limit('jobDays', 36_500),
  MAXIMUM_JOB_FLOPS: limit('jobFlops', 1e16),
  MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE: count(60),
})

export type Config = Readonly<z.infer<typeof environmentSchema>>

/** Reads the settings; throws an Error that names each setting that does not fit. An empty value counts as not set. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`These settings do not fit:\n${lines.join('\n')}`)
  }
  return Object.freeze(parsed.data)
}

/** What each tenant may have that has no limits of its own. */
export function limitsOf(config: Config): Limits {
  return limitsSchema.parse(Object.fromEntries(limitNames.map((name) => [name, config[limitSettings[name]]])))
}
