/** The rows of sweeps, and their conversion. */
import { z } from 'zod'
import {
  type Sweep,
  type SweepSummary,
  sweepDirection,
  sweepRequestSchema,
  sweepSchema,
  sweepStatusSchema,
  type Trial,
} from '../contract/sweep.js'
import type { SweepDefinition } from '../training/ports/sweeps.js'
import { trialOf, trialsOfPoint, valuesOfPoints } from '../training/sweeps/trials.js'
import { packJson, unpackJson } from './packed-json.js'

const definitionSchema = sweepRequestSchema.omit({ name: true }).extend({
  ...{ parallelism: z.int(), seed: z.int(), epochs: z.int() },
  /** None for the trials of a job. */
  parameters: z.array(sweepRequestSchema.shape.parameters.element),
})

/** Of a point of a search whose points depend on results. */
const choices = z.array(z.number().nullable()).nullable()

export const unpackDefinition = (bytes: Uint8Array): SweepDefinition =>
  definitionSchema.parse(unpackJson(bytes))

/** The columns that a definition determines. */
export function definitionColumns(definition: SweepDefinition) {
  const { metric, parallelism, budgetSeconds = null } = definition
  const seeds = trialsOfPoint(definition)
  return { definition: packJson(definition), metric, seeds, parallelism, budgetSeconds }
}

const summaryRow = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  status: sweepStatusSchema,
  definition: z.instanceof(Uint8Array),
  trials: z.int(),
  created: z.int(),
  isOverBudget: z.boolean(),
  createdAt: z.date(),
  finishedAt: z.date().nullable(),
  jobId: z.string().nullable(),
})
type SummaryRow = z.infer<typeof summaryRow>

export const summaryColumns =
  'id, name, status, definition, trials, created, "isOverBudget", "createdAt", "finishedAt", "jobId"'

export function toSummary(row: SummaryRow, definition = unpackDefinition(row.definition)): SweepSummary {
  const { spec, parameters, search, metric, seeds, folds = null } = definition
  const { parallelism, budgetSeconds = null } = definition
  const { id, name, status, trials, created, isOverBudget } = row
  const self = `/sweeps/${id}`
  return {
    ...{ id, object: 'sweep', name, status, spec, parameters, search, metric },
    ...{
      direction: sweepDirection[metric],
      seeds,
      folds,
      parallelism,
      budgetSeconds,
      trials,
      created,
      isOverBudget,
    },
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    jobId: row.jobId,
    links: { self, trials: `${self}/trials` },
  }
}

const { counts, refusals, trainingSeconds, best } = sweepSchema.shape

export const sweepRow = summaryRow.extend({
  ...counts.omit({ deleted: true }).shape,
  refusals,
  epochs: z.number(),
  continuedEpochs: z.number(),
  trainingSeconds,
  /** Seconds since the sweep was created, without pauses. */
  activeSeconds: z.number(),
  best: z.array(best.element.omit({ values: true }).extend({ choices })),
})

export function toSweep(row: z.infer<typeof sweepRow>): Sweep {
  const definition = unpackDefinition(row.definition)
  const valuesOf = valuesOfPoints(definition)
  const { queued, running, paused, succeeded, failed, cancelled, refused } = row
  const present = queued + running + paused + succeeded + failed + cancelled
  return {
    ...toSummary(row, definition),
    counts: {
      queued,
      running,
      paused,
      succeeded,
      failed,
      cancelled,
      refused,
      deleted: row.created - refused - present,
    },
    refusals: row.refusals,
    epochs: row.epochs,
    continuedEpochs: row.continuedEpochs,
    trainingSeconds: row.trainingSeconds,
    best: row.best.map(({ choices, ...point }) => ({ ...point, values: valuesOf(point.point, choices) })),
    estimatedFinishAt: estimateFinish(row, succeeded + failed + cancelled + refused),
  }
}

/** The end if the remaining trials take as long as those that ended. Null unless the sweep runs and some ended. */
function estimateFinish(
  { status, trials, activeSeconds }: z.infer<typeof sweepRow>,
  ended: number,
): string | null {
  if (status !== 'running' || ended === 0) return null
  const seconds = (activeSeconds / ended) * (trials - ended)
  return new Date(Date.now() + 1_000 * seconds).toISOString()
}

/** The metric of "Job" AS job that ranks it in "Sweep" AS sweep. */
export const jobScore = `CASE sweep.metric WHEN 'loss' THEN job.loss WHEN 'accuracy' THEN job.accuracy
    WHEN 'valLoss' THEN job."valLoss" ELSE job."valAccuracy" END`

export const trialRow = z.strictObject({
  trial: z.int(),
  id: z.string(),
  modelId: z.string().nullable(),
  status: z.string(),
  spec: z.instanceof(Uint8Array),
  epoch: z.int(),
  score: z.number().nullable(),
  trainingSeconds: z.number(),
  rungs: z.array(z.number()),
  choices,
})

const seedRow = z.object({ seed: z.int(), validationFold: z.object({ fold: z.int() }).optional() })

/** @returns the conversion of the trials of a sweep */
export function trialConverter(definition: SweepDefinition): (row: z.infer<typeof trialRow>) => Trial {
  const valuesOf = valuesOfPoints(definition)
  return ({ id, spec, trial, choices, modelId, status, epoch, score, rungs, trainingSeconds }) => {
    const { point } = trialOf(trial, definition)
    const { seed, validationFold } = seedRow.parse(unpackJson(spec))
    return {
      ...{ object: 'trial', trial, point, values: valuesOf(point, choices), seed },
      ...{ fold: validationFold?.fold ?? null, jobId: id },
      ...{ modelId, status, epoch, score, rungs, trainingSeconds },
    }
  }
}
