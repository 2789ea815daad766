/** The settings: the only reader of process.env. `npm run docs` lists them in docs/operating.md. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { type LimitName, type Limits, limitNames, limitSettings, limitsSchema } from './contract/limits.js'
import { maximumEpochs } from './contract/network.js'
import { parseObjectLocation } from './store/object-location.js'

const count = (value: number) => z.coerce.number().int().min(1).default(value)
const bytes = count
const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((each) => each.trim() || []))
/** The default of a limit that a tenant may override. */
const limit = (name: LimitName, value: number) =>
  z.coerce
    .number()
    .default(value)
    .pipe(limitsSchema.shape[name])
    .describe(limitsSchema.shape[name].description ?? '')

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function readPair(pair: string): [name: string, value: string] {
  const [name, ...value] = pair.split('=')
  return [name.trim(), decodeURIComponent(value.join('=').trim())]
}

/** Leaves cores to the event loop and to trainings. At least two, so that slow models do not delay fast ones. */
const predictionThreads = Math.max(2, Math.min(8, Math.floor(availableParallelism() / 2)))

/** `defaultText` documents a default that depends on the machine or the command. */
const cores = { defaultText: 'the number of cores' }

/** The settings by topic, as the documentation shows them. */
export const settingGroups = {
  Listening: {
    HOST: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to listen on. Any address but loopback requires a key.'),
    PORT: z.coerce
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(3000)
      .describe('Port to listen on. 0 takes a free port.'),
    LIVENESS_PORT: z.coerce.number().int().min(0).max(65_535).optional().meta({
      description: 'Port on which a separate thread answers `/health/live`.',
      defaultText: 'not set; 3001 in the container image',
    }),
    ALLOWED_ORIGINS: list
      .pipe(
        z.array(
          z
            .string()
            .refine(
              (each) => URL.canParse(each) && new URL(each).origin === each,
              'must be like https://example.org',
            ),
        ),
      )
      .describe(
        'Other origins whose web pages may use the service, such as `https://example.org`, separated by commas.',
      ),
    TRUSTED_PROXIES: list
      .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))
      .describe(
        'Addresses and networks of proxies, separated by commas. Their `x-forwarded-for` names the client when ' +
          'wrong keys are counted. Nothing else reads it.',
      ),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').meta({
      description:
        'Least severe level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
      defaultText: '`info`; `warn` with `npm start`',
    }),
    DESCENT_KEY: z
      .string()
      .optional()
      .describe(
        'Key that `npm run demo`, `npm run example` and the command of the Model Context Protocol send. The service does ' +
          'not read it.',
      ),
    DESCENT_URL: z
      .url()
      .default('http://127.0.0.1:3000')
      .describe('Service that the command of the Model Context Protocol uses. The service does not read it.'),
  },
  'Database and queue': {
    DATA_DIRECTORY: z.string().min(1).default('.data').describe('Folder of the embedded PostgreSQL.'),
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/ })
      .optional()
      .describe('An external PostgreSQL, version 13 or newer, instead of the embedded one.'),
    OBJECT_STORE_URL: z
      .string()
      .optional()
      .transform((text, context) => {
        try {
          return text === undefined ? undefined : parseObjectLocation(text)
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          context.addIssue({ code: 'custom', message })
          return z.NEVER
        }
      })
      .describe(
        'An S3-compatible store that has the large chunks of datasets, weights and checkpoints instead of PostgreSQL, such ' +
          'as `s3+https://ACCESS_KEY:SECRET_KEY@host/bucket/prefix?region=us-east-1`. Every process needs the same value.',
      ),
    OBJECT_STORE_KEPT_HOURS: z.coerce
      .number()
      .min(0)
      .max(8_760)
      .default(24)
      .describe('Hours that objects stay after their rows are deleted, so that backups are complete.'),
    KEPT_EPOCHS: z.coerce
      .number()
      .int()
      .min(100)
      .max(maximumEpochs)
      .optional()
      .describe(
        'Epochs that a finished job keeps: the first, the last, the best and others evenly spread. ' +
          'Every API process needs the same value. Not set: all epochs.',
      ),
    AUDIT_DAYS: z.coerce
      .number()
      .int()
      .min(1)
      .max(36_500)
      .default(400)
      .describe(
        'Days after which an entry of the audit log is deleted. All API processes need the same number.',
      ),
    REDIS_URL: z
      .string()
      .regex(
        /^(rediss?|redis\+sentinel|redis\+cluster):\/\/\S+$/,
        'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://',
      )
      .optional()
      .describe(
        'A Redis that wakes workers instead of PostgreSQL: `redis://`, `rediss://`, ' +
          '`redis+sentinel://host:port,host:port/name` or `redis+cluster://host:port,host:port`. ' +
          'Its `maxmemory-policy` must be `noeviction`.',
      ),
  },
  'Workers and predictions': {
    WORKER_CONCURRENCY: z.coerce
      .number()
      .int()
      .min(1)
      .max(256)
      .default(availableParallelism())
      .meta({
        description:
          'Threads that the trainings of a worker process hold at a time. A job with more `threads` runs alone.',
        ...cores,
      }),
    MAXIMUM_THREADS: z.coerce
      .number()
      .int()
      .min(1)
      .max(64)
      .default(availableParallelism())
      .meta({ description: 'Largest `threads` of one job.', ...cores }),
    PREDICTION_THREADS: z.coerce.number().int().min(1).max(64).default(predictionThreads).meta({
      description: 'Threads of an API process that predict. Slow models use at most half of them.',
      defaultText: 'half the cores, at least 2 and at most 8',
    }),
    CHECKPOINT_SECONDS: z.coerce
      .number()
      .min(0)
      .max(3_600)
      .default(5)
      .describe(
        'Seconds between two checkpoints of a training. Checkpoints take at most a tenth of its time.',
      ),
    KEPT_CHECKPOINT_BYTES: z.coerce
      .number()
      .int()
      .min(0)
      .default(256 * 1024 * 1024)
      .describe(
        'Bytes of checkpoints that the finished jobs of a tenant keep for forks, each job at most a sixteenth. The oldest ' +
          'are deleted first. 0 keeps none.',
      ),
    REUSE_RUNS: z
      .enum(['true', 'false'])
      .default('true')
      .transform((value) => value === 'true')
      .describe('`false` trains every job, also one that equals a stored run.'),
    DATASET_CACHE_BYTES: bytes(1024 * 1024 * 1024).describe(
      'Encoded datasets that a worker process caches for five minutes after their last use. A further quarter holds datasets as stored.',
    ),
    WORKER_ID: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Name of a worker process in the database.', defaultText: 'random' }),
    DESCENT_BACKEND: z
      .enum(['auto', 'native', 'wasm', 'reference'])
      .default('auto')
      .describe(
        'Engine backend: `native`, `wasm` or `reference`. `auto` selects the fastest one available when a job starts.',
      ),
  },
  'Requests and uploads': {
    MAXIMUM_BODY_BYTES: bytes(1024 * 1024).describe('Size of a JSON body.'),
    MAXIMUM_UNPACKED_BYTES: bytes(2 * 1024 ** 3).describe(
      'Size of an upload after gzip, ZIP or Parquet is unpacked. Above 16 MiB, also 250 times the size sent.',
    ),
    MAXIMUM_DATASET_ROWS: count(10_000_000).describe('Rows of an upload.'),
    MAXIMUM_DATASET_COLUMNS: count(10_000).describe(
      'Columns of an upload. Each value of a picture counts as one.',
    ),
    MAXIMUM_LINE_BYTES: bytes(1024 * 1024).describe('Size of one row of text.'),
    MAXIMUM_CELL_LENGTH: count(10_000).describe('Characters of one cell of text.'),
    MAXIMUM_IMAGE_PIXELS: count(50_000_000).describe('Pixels of one picture as sent.'),
    MAXIMUM_ARCHIVE_ENTRIES: count(200_000).describe('Files in a ZIP archive.'),
    MAXIMUM_MODEL_BYTES: bytes(256 * 1024 ** 2).describe(
      'Size of the file of a model that is imported. One file at a time is in memory.',
    ),
    MAXIMUM_UPLOAD_SECONDS: count(600).describe('Seconds for sending an upload.'),
    MAXIMUM_READING_SECONDS: count(120).describe('Seconds for reading and storing an upload.'),
    MAXIMUM_READING_MEMORY_BYTES: bytes(1024 ** 3).describe(
      'Memory of each process that reads an upload. At most one such process per core runs at a time.',
    ),
    MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE: count(60).describe(
      'Wrong keys, share links and stream tickets per minute from one address (IPv6: one /64 network) and API process.',
    ),
  },
  Webhooks: {
    WEBHOOK_KEYS: list
      .pipe(
        z.array(
          z
            .string()
            .refine(
              (key) => Buffer.from(key, 'base64').length === 32,
              'must be base64 of 32 bytes each, such as the output of openssl rand -base64 32',
            ),
        ),
      )
      .meta({
        description:
          'Keys that encrypt the secrets of webhooks, separated by commas. The first one encrypts.',
        defaultText: 'a key in `DATA_DIRECTORY` with the embedded PostgreSQL, else not set',
      }),
    WEBHOOK_ALLOW_PRIVATE: z
      .enum(['true', 'false'])
      .default('false')
      .transform((value) => value === 'true')
      .describe('`true` also allows private and loopback addresses as webhooks, for development.'),
    WEBHOOK_ATTEMPTS: count(128).describe('Delivery attempts in flight per API process.'),
    WEBHOOK_ATTEMPTS_PER_TENANT: count(16).describe(
      'Delivery attempts in flight per tenant over all API processes, which need the same value.',
    ),
    WEBHOOK_ATTEMPTS_PER_WEBHOOK: count(4).describe(
      'Delivery attempts in flight per webhook over all API processes.',
    ),
  },
  Tracing: {
    OTEL_EXPORTER_OTLP_ENDPOINT: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'Collector that receives spans by OTLP over HTTP, such as `http://127.0.0.1:4318`. `/v1/traces` is appended. ' +
          'Not set: no spans.',
      ),
    OTEL_EXPORTER_OTLP_HEADERS: list
      .pipe(
        z.array(
          z
            .string()
            .regex(/^[!#$%&'*+.^`|~\w-]+\s*=[\x20-\x7e]*$/, 'must be like name=value')
            .refine(isPercentEncoded, 'has an invalid percent-encoding'),
        ),
      )
      .transform((pairs) => Object.fromEntries(pairs.map(readPair)))
      .meta({
        description:
          'Headers for the collector, such as a key: `name=value`, separated by commas, values percent-encoded.',
        defaultText: 'none',
      }),
    OTEL_SERVICE_NAME: z.string().min(1).optional().meta({
      description: 'Name of the service in its spans.',
      defaultText: '`descent-api` or `descent-worker`',
    }),
    OTEL_TRACES_SAMPLER_ARG: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe(
        'Share of traces that is recorded, from 0 to 1. A request with a `traceparent` follows its sampled flag instead.',
      ),
  },
  'Limits of a tenant': {
    MAXIMUM_REQUESTS_PER_MINUTE: limit('requestsPerMinute', 120_000),
    MAXIMUM_SOCKETS: limit('sockets', 10_000),
    MAXIMUM_QUEUED_JOBS: limit('queuedJobs', 10_000),
    MAXIMUM_RUNNING_JOBS: limit('runningJobs', 1_000),
    MAXIMUM_ARENA_BYTES: limit('arenaBytes', 1024 ** 3),
    MAXIMUM_JOB_FLOPS: limit('jobFlops', 1e16),
    MAXIMUM_EPOCHS: limit('epochs', maximumEpochs),
    MAXIMUM_DATASET_BYTES: limit('datasetBytes', 256 * 1024 * 1024),
    MAXIMUM_STORED_BYTES: limit('storedBytes', 100 * 1024 ** 3),
    MAXIMUM_JOB_DAYS: limit('jobDays', 36_500),
  },
} as const

const environmentSchema = z.object({
  ...settingGroups.Listening,
  ...settingGroups['Database and queue'],
  ...settingGroups['Workers and predictions'],
  ...settingGroups['Requests and uploads'],
  ...settingGroups.Webhooks,
  ...settingGroups.Tracing,
  ...settingGroups['Limits of a tenant'],
})

export type Config = Readonly<z.infer<typeof environmentSchema>>

/**
 * Reads the settings. An empty value counts as not set.
 * @throws Error that names each invalid setting
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = environmentSchema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`Invalid settings:\n${lines.join('\n')}`)
  }
  return Object.freeze(parsed.data)
}

/** The rule for checkpoints of finished jobs. */
export const keptCheckpoints = (config: Config) => ({
  seconds: config.CHECKPOINT_SECONDS,
  bytes: config.KEPT_CHECKPOINT_BYTES,
})

/** @param instance distinguishes the processes of a service */
export const tracingOptions = (config: Config, program: 'api' | 'worker', instance: string) => ({
  endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
  headers: config.OTEL_EXPORTER_OTLP_HEADERS,
  serviceName: config.OTEL_SERVICE_NAME ?? `descent-${program}`,
  instance,
  ratio: config.OTEL_TRACES_SAMPLER_ARG,
})

/** The limits of tenants without overrides. */
export function defaultLimits(config: Config): Limits {
  return limitsSchema.parse(Object.fromEntries(limitNames.map((name) => [name, config[limitSettings[name]]])))
}
