/** Forks a job: the same run up to an epoch, then with changes. */
import type { ForkChanges, ForkRequest } from '../contract/fork.js'
import type { Job } from '../contract/job.js'
import type { Change, Settings } from '../contract/job-change.js'
import type { JobSpec } from '../contract/job-spec.js'
import { type Optimizer, optimizerSchema } from '../contract/network.js'
import { Problem } from '../contract/problems.js'
import { checkValidationColumns } from '../datasets/compatibility.js'
import { DatasetError } from '../datasets/table.js'
import { findData } from './data-description.js'
import type { PlanDependencies } from './plan.js'
import type { Once } from './ports/idempotency.js'
import type { JobStore } from './ports/jobs.js'
import type { Origin } from './ports/origin.js'
import type { Tenant } from './ports/tenants.js'
import { lastRepeatable, planAgain, replayJob, scheduleAt } from './replay.js'
import { type SubmitDependencies, storeJob } from './submit.js'

interface ForkDependencies {
  submission: SubmitDependencies
  jobs: Pick<JobStore, 'get'>
}

/**
 * Stores the fork. It is committed when this resolves.
 * @throws Problem `not-found`, `invalid-spec` if the job has not stored the epoch or cannot change so, or those of the limits
 */
export async function fork(
  { submission, jobs }: ForkDependencies,
  tenant: Tenant,
  id: string,
  { epoch, changes = {}, name }: ForkRequest,
  origin: Origin,
  once?: Once,
): Promise<Job> {
  const job = await jobs.get(id)
  if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
  checkEpoch(job, epoch)
  const before = scheduleAt(job, epoch)
  checkFolds(before.spec, changes)
  const wanted = changedSpec(before.spec, changes)
  if (changes.dataset !== undefined) await checkColumns(submission, tenant, before.spec, changes.dataset)
  const { plan, request } = await planAgain(submission, tenant, wanted)
  const fields = changedFields(changes)
  const spec = fields.length === 0 ? before.spec : acceptedSpec(wanted, plan.spec, fields)
  if (fields.length > 0 && spec.epochs <= epoch) {
    throw refusal(
      '/changes/epochs',
      `must be greater than ${epoch}, the epoch of the fork, but is ${spec.epochs}`,
    )
  }
  const change: Change = {
    at: new Date().toISOString(),
    fromEpoch: epoch + 1,
    before: readSettings(before.spec, fields),
    after: readSettings(spec, fields),
  }
  const schedule = fields.length === 0 ? before.changes : [...before.changes, change]
  const title = name ?? `${job.name ?? job.id} from epoch ${epoch}`
  const replayed = { job, plan, request, spec, changes: schedule, epoch, name: title }
  return storeJob(submission, tenant, replayJob(replayed, origin), once)
}

function refusal(pointer: string, message: string): Problem {
  return new Problem('invalid-spec', `${pointer}: ${message}.`, [{ pointer, message }])
}

function checkEpoch(job: Job, epoch: number): void {
  const last = lastRepeatable(job)
  if (epoch <= last) return
  throw refusal(
    '/epoch',
    `must be at most ${last}, the last epoch of job ${job.id} that can be repeated, but is ${epoch}`,
  )
}

function checkFolds({ earlyStopping }: JobSpec, changes: ForkChanges): void {
  if (earlyStopping?.folds === undefined) return
  const field = (['epochs', 'earlyStopping', 'dataset'] as const).find((name) => changes[name] !== undefined)
  if (field === undefined) return
  throw refusal(
    `/changes/${field}`,
    'cannot change, because the folds of this job choose its number of epochs',
  )
}

type Field = Exclude<keyof Settings, 'learningRate'>

function changedFields({ learningRate, ...others }: ForkChanges): Field[] {
  const fields = Object.entries(others).flatMap(([name, value]) =>
    value === undefined ? [] : settingNames.filter((each) => each === name),
  )
  return learningRate === undefined || fields.includes('optimizer') ? fields : [...fields, 'optimizer']
}

const settingNames: readonly Field[] = [
  ...(['epochs', 'optimizer', 'batchSize', 'sampling', 'schedule'] as const),
  ...(['l1', 'clipNorm', 'earlyStopping', 'dataset'] as const),
]

/** The merge patch applied. Without a change, the other job decides where the run ends. */
function changedSpec(spec: JobSpec, changes: ForkChanges): JobSpec {
  const { learningRate, optimizer: patch, schedule, clipNorm, earlyStopping, ...others } = changes
  if (changedFields(changes).length === 0) return spec
  const { stopAfter, ...rest } = spec
  const removed = Object.entries({ schedule, clipNorm, earlyStopping }).flatMap(([name, value]) =>
    value === null ? [name] : [],
  )
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !removed.includes(name)))
  return {
    ...rest,
    ...kept,
    ...(schedule ? { schedule } : {}),
    ...(clipNorm ? { clipNorm } : {}),
    ...(earlyStopping ? { earlyStopping } : {}),
    ...others,
    optimizer: changedOptimizer(spec.optimizer, patch, learningRate),
  }
}

function changedOptimizer(
  optimizer: Optimizer,
  patch: Record<string, unknown> = {},
  learningRate = patch.learningRate,
): Optimizer {
  const isOther = patch.type !== undefined && patch.type !== optimizer.type
  const rate = learningRate === undefined ? {} : { learningRate }
  const { success, data, error } = optimizerSchema.safeParse({
    ...(isOther ? {} : optimizer),
    ...patch,
    ...rate,
  })
  if (success) return data
  const [{ path, message }] = error.issues
  throw refusal(['/changes/optimizer', ...path].join('/'), message)
}

/** The columns of the new rows must be those that the network was trained on. */
async function checkColumns(
  { datasets, generated }: PlanDependencies,
  { tenantId }: Tenant,
  before: JobSpec,
  dataset: JobSpec['dataset'],
): Promise<void> {
  const sources = { datasets: datasets.of(tenantId), generated: generated.of(tenantId) }
  const [one, other] = [
    await findData(sources, before.dataset, 'dataset'),
    await findData(sources, dataset, 'changes/dataset'),
  ]
  try {
    checkValidationColumns(one.columns, other.columns, one.datasetId ?? undefined)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    throw refusal('/changes/dataset', error.message.replace('the validation dataset ', ''))
  }
}

/** The spec of the other job, with the changed fields as they were accepted. */
function acceptedSpec(wanted: JobSpec, accepted: JobSpec, fields: readonly Field[]): JobSpec {
  const changed = fields.map((field) => [field, accepted[field]]).filter(([, value]) => value !== undefined)
  return { ...wanted, ...Object.fromEntries(changed) }
}

function readSettings(spec: JobSpec, fields: readonly Field[]): Settings {
  const others = fields.map((field) => [field, spec[field] ?? null])
  const { epochs, optimizer } = spec
  return { ...Object.fromEntries(others), epochs, learningRate: optimizer.learningRate }
}
