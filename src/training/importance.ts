/** Measures which columns the model of a job uses, and how its predictions depend on one of them. */
import type { Dependence, Importance } from '../contract/importance.js'
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { JobPart } from '../contract/worst-rows.js'
import { shown, shownNames } from '../datasets/shown-text.js'
import { invalidParameter, type JobModelDependencies, withJobModel } from './job-model.js'
import type { DependenceRequest, ImportanceRequest, PredictorPool } from './ports/predictor-pool.js'

interface ImportanceDependencies extends JobModelDependencies {
  predictors: Pick<PredictorPool, 'measureImportance' | 'measureDependence'>
}

/** @throws Problem as `withJobModel`, or `dataset-too-large` above the limit of the work */
export async function jobImportance(
  dependencies: ImportanceDependencies,
  jobId: string,
  { split, ...request }: ImportanceRequest & { split: JobPart | undefined },
  signal: AbortSignal,
): Promise<Importance> {
  const { tenantId, predictors } = dependencies
  return withJobModel(dependencies, { jobId, split }, signal, async ({ model, rows, ...part }) => {
    const outcome = await predictors.measureImportance(tenantId, model, rows, request, signal)
    if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
    const { importance } = outcome
    return {
      object: 'importance',
      jobId,
      modelId: model.id,
      split: part.split,
      ...request,
      ...importance,
    }
  })
}

/** @throws Problem as `jobImportance`, or `invalid-request` if the model has no such column */
export async function jobDependence(
  dependencies: ImportanceDependencies,
  jobId: string,
  { split, ...request }: DependenceRequest & { split: JobPart | undefined },
  signal: AbortSignal,
): Promise<Dependence> {
  const { tenantId, predictors } = dependencies
  const { column } = request
  const check = (model: Model) => requireFeature(model, column)
  return withJobModel(dependencies, { jobId, split, check }, signal, async ({ model, rows, ...part }) => {
    const outcome = await predictors.measureDependence(tenantId, model, rows, request, signal)
    if (outcome.type === 'refused') throw new Problem(outcome.code, outcome.message)
    return {
      object: 'dependence',
      jobId,
      modelId: model.id,
      split: part.split,
      column,
      ...outcome.dependence,
    }
  })
}

function requireFeature({ coding: { features } }: Model, name: string): void {
  if (features.some((feature) => feature.name === name)) return
  const names = shownNames(features.map((feature) => feature.name))
  throw invalidParameter('column', `the model has no feature ${shown(name)}, its features are ${names}`)
}
