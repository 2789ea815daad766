/** Accepts a sweep: checks its parameters, plans its first trial, and stores it. */
import { randomInt } from 'node:crypto'
import { hasValidation } from '../../contract/folds.js'
import type { JobSpec } from '../../contract/job-spec.js'
import { Problem } from '../../contract/problems.js'
import {
  defaultParallelism,
  parameterDomain,
  type Range,
  type SweepMetric,
  type SweepRequest,
  type SweepSummary,
  sweepLimits,
} from '../../contract/sweep.js'
import { newId } from '../new-id.js'
import { type Plan, type PlanDependencies, planTraining } from '../plan.js'
import type { Once } from '../ports/idempotency.js'
import type { Origin } from '../ports/origin.js'
import type { NewSweep, SweepStore } from '../ports/sweeps.js'
import type { Tenant, Tenanted } from '../ports/tenants.js'
import { countPoints } from './search-space.js'
import { type ParseJob, trialRequests, trialsOfPoint } from './trials.js'

export interface CreateSweepDependencies {
  sweeps: Tenanted<SweepStore>
  plan: PlanDependencies
  parseJob: ParseJob
  /** Advances sweeps soon. */
  wake(): void
}

type Unnamed = Omit<SweepRequest, 'name'>

/** Random seeds leave room for the seeds of a point. */
const seedsBelow = 2 ** 47

/**
 * Stores the sweep. It is committed when this resolves; its trials are created afterwards.
 * @throws Problem if a parameter is invalid, or if the first trial cannot run
 */
export async function createSweep(
  dependencies: CreateSweepDependencies,
  tenant: Tenant,
  { name = null, ...request }: Unnamed & { name?: string | null | undefined },
  origin: Origin,
  once?: Once,
): Promise<SweepSummary> {
  checkSize(request)
  checkParameters(request)
  checkRepetitions(request)
  const trials = countTrials(request)
  const { parallelism = defaultParallelism(request) } = request
  const seeded = { ...request, parallelism, seed: randomInt(seedsBelow) }
  const { spec } = await planFirstTrial(dependencies, tenant, { name, definition: seeded })
  checkHalving(request, spec)
  const definition = { ...seeded, epochs: spec.epochs }
  const sweep: NewSweep = { ...origin, id: newId('sweep'), name, definition, trials }
  const created = await dependencies.sweeps.of(tenant.tenantId).create(sweep, once)
  dependencies.wake()
  return created
}

/** Lists of sweeps contain definitions, so these are small. */
function checkSize(request: object): void {
  const bytes = Buffer.byteLength(JSON.stringify(request))
  if (bytes <= sweepLimits.definitionBytes) return
  throw invalid('', `the sweep has ${bytes} bytes as JSON; the limit is ${sweepLimits.definitionBytes}`)
}

/** @throws Problem */
function countTrials(request: Pick<SweepRequest, 'search' | 'parameters' | 'seeds' | 'folds'>): number {
  const { seeds, folds } = request
  const each = trialsOfPoint(request)
  const most = Math.floor(sweepLimits.trials / each)
  const points = countPoints(request, most)
  if (points <= most) return points * each
  const repeated = `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}${folds === undefined ? '' : ` × ${folds} folds`}`
  const message = `has more than ${most} points with ${repeated} each; the limit is ${sweepLimits.trials} trials. Use fewer values, or "search": {"type": "random", "points": …}`
  throw invalid('/parameters', message)
}

function checkParameters({ search, parameters }: Pick<SweepRequest, 'search' | 'parameters'>): void {
  const earlier = new Set<string>()
  for (const [index, parameter] of parameters.entries()) {
    const pointer = `/parameters/${index}`
    if (earlier.has(parameter.path)) throw invalid(`${pointer}/path`, `${parameter.path} is varied twice`)
    const domain = parameterDomain(parameter)
    if ('range' in domain) checkRange(domain.range, search.type, pointer)
    const { when } = parameter
    if (when !== undefined && !earlier.has(when.path)) {
      throw invalid(`${pointer}/when/path`, `${when.path} is not the path of an earlier parameter`)
    }
    earlier.add(parameter.path)
  }
}

/** Fields of the spec that the sweep itself decides. */
const ofSweep = [
  ['repeats', 'use the seeds of the sweep'],
  ['folds', 'use the folds of the sweep'],
] as const

/** Fields of the spec that hold rows out, as the folds do. */
const ofFolds = ['validationSplit', 'validationDataset', 'validationFold'] as const

function checkRepetitions({ spec, folds, parameters }: Unnamed): void {
  for (const [field, advice] of ofSweep) {
    const message = `each trial is a single training: ${advice}`
    if (spec[field] !== undefined) throw invalid(`/spec/${field}`, message)
    refuseParameter(parameters, field, message)
  }
  if (folds === undefined) return
  for (const field of ofFolds) {
    const message = 'each fold is the validation rows of a trial'
    if (spec[field] !== undefined && spec[field] !== 0) {
      throw invalid('/folds', `cannot be combined with ${field} in the spec: ${message}`)
    }
    refuseParameter(parameters, field, message)
  }
}

function refuseParameter(parameters: Unnamed['parameters'], field: string, message: string): void {
  const index = parameters.findIndex(({ path }) => path === `/${field}` || path.startsWith(`/${field}/`))
  if (index >= 0) throw invalid(`/parameters/${index}/path`, message)
}

function checkRange({ min, max, scale, integer, steps }: Range, search: string, pointer: string): void {
  if (min >= max) throw invalid(`${pointer}/max`, `must be greater than min, which is ${min}`)
  if (scale === 'log' && min <= 0)
    throw invalid(`${pointer}/min`, `must be positive on a log scale, not ${min}`)
  if (integer && !(Number.isSafeInteger(min) && Number.isSafeInteger(max))) {
    throw invalid(pointer, `min and max of an integer parameter must be whole numbers, not ${min} and ${max}`)
  }
  if (search === 'grid' && steps === undefined) {
    throw invalid(
      `${pointer}/steps`,
      'is required for a range in a grid: the number of values, with both ends',
    )
  }
}

function invalid(pointer: string, message: string): Problem {
  return new Problem('invalid-spec', `${pointer === '' ? '' : `${pointer}: `}${message}.`, [
    { pointer, message },
  ])
}

/** Other trials that are refused are counted in the sweep. */
async function planFirstTrial(
  { plan, parseJob }: CreateSweepDependencies,
  tenant: Tenant,
  sweep: Parameters<typeof trialRequests>[0],
): Promise<Plan> {
  const request = trialRequests(sweep, parseJob)(1)
  if (request instanceof Problem) throw inFirstTrial(request)
  const planned = await planTraining(plan, tenant, request).catch((error: unknown) => {
    throw error instanceof Problem ? inFirstTrial(error) : error
  })
  checkMetric(sweep.definition.metric, planned)
  return planned
}

/** Trials that are stopped early are compared at the same epochs. */
function checkHalving(
  { search, parameters, seeds, folds }: Unnamed,
  { epochs, earlyStopping }: JobSpec,
): void {
  if (search.type !== 'asha') return
  if (search.minimumEpochs >= epochs) {
    throw invalid('/search/minimumEpochs', `must be less than the epochs of the spec, which are ${epochs}`)
  }
  if (seeds > 1) throw invalid('/seeds', 'must be 1 with asha, which compares single trials')
  if (folds !== undefined)
    throw invalid('/folds', 'cannot be combined with asha, which compares single trials')
  const index = parameters.findIndex(({ path }) => path === '/epochs')
  if (index >= 0) throw invalid(`/parameters/${index}/path`, 'asha decides the epochs of each trial')
  if (earlyStopping?.folds !== undefined) {
    throw invalid('/spec/earlyStopping/folds', 'cannot be combined with asha: the folds choose the epochs')
  }
}

function inFirstTrial({ code, detail, errors }: Problem): Problem {
  const moved = errors.map(({ pointer, message }) => ({
    pointer: pointer.startsWith('/parameters/') ? pointer : `/spec${pointer}`,
    message,
  }))
  return new Problem(code, `The first trial cannot run. ${detail}`, moved)
}

function checkMetric(metric: SweepMetric, { spec, program }: Plan): void {
  const isValidation = metric === 'valLoss' || metric === 'valAccuracy'
  if (isValidation && !hasValidation(spec)) {
    throw invalid('/metric', `${metric} needs validation rows: set validationSplit in the spec, or use loss`)
  }
  if ((metric === 'accuracy' || metric === 'valAccuracy') && program.answersPerRow === 0) {
    throw invalid('/metric', `${metric} is not measured for a regression: use valLoss or loss`)
  }
}
