/** The figures of a run, and how they were measured. */
import type { Job } from '../api/types.js'
import { FigureList } from '../components/figure-list.js'
import { metricFigures } from '../figures.js'
import { short, whole } from '../format.js'
import { timeText } from './runs.js'

/** Number of inputs of the network. */
export function inputSize({ spec }: Job): number {
  return (spec.network.inputShape ?? []).reduce((total, length) => total * length, 1)
}

export function RunFigures({ job, dataset }: { job: Job; dataset: string }) {
  const { metrics, epoch, epochs, bestEpoch, parameters, backend, spec } = job
  const figures: [string, string][] = [
    bestEpoch === null
      ? ['Epoch', `${whole(epoch)} / ${whole(epochs)}`]
      : ['Best epoch', `${whole(bestEpoch)} of ${whole(epoch)}`],
    ...metricFigures(metrics, spec.targetScaling),
    ['Time', job.status === 'queued' ? '–' : timeText(job)],
    ['Dataset', dataset],
    ['Optimizer', `${spec.optimizer.type} ${short(spec.optimizer.learningRate)}`],
    ['Parameters', whole(parameters)],
    ['Backend', backend ?? '–'],
  ]
  return <FigureList figures={figures} />
}

/** Explains how the metrics of a job were measured. */
export function metricsNote({ bestEpoch, spec }: Job): string {
  const folds = spec.earlyStopping?.folds
  const rows =
    folds === undefined
      ? ''
      : ` Cross-validation with ${folds} folds chose the number of epochs. The final network was trained on all rows.`
  const source =
    bestEpoch === null
      ? 'Metrics are those of the latest epoch.'
      : 'Metrics are those of the best epoch, whose weights the model has.'
  return `${source}${rows} Training metrics are measured during the epoch, while the weights still change.`
}
