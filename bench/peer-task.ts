/** A workload as arguments like rows=150, the same for each program in bench/peers. */
import { type WorkloadName, workloads } from './workloads.js'

interface PeerTask {
  readonly arguments: readonly string[]
  /** Steps, samples, calls or rows of one run. */
  readonly work: number
}

/** The workload, or a share of it for a slow peer: of its rows, or of its epochs or calls if it has several. */
export function createTask(name: WorkloadName, share: number): PeerTask {
  const workload = workloads[name]
  const scale = (count: number) => Math.max(1, Math.round(share * count))
  const { layers, inputShape = [] } = workload.network
  const units = layers.map((layer) => (layer.type === 'dense' ? layer.units : null))
  const common = {
    workload: name,
    widths: units.includes(null) ? '' : [...inputShape, ...units].join(),
    inputShape: inputShape.join(),
    classes: workload.classes,
  }
  if (workload.type === 'prediction') {
    const { rows } = workload
    const calls = scale(workload.calls)
    return { arguments: pairs({ ...common, rows, calls, batch: rows, epochs: 0 }), work: calls * rows }
  }
  const { spec, metric } = workload
  const rows = workload.epochs === 1 ? scale(workload.rows) : workload.rows
  const epochs = workload.epochs === 1 ? 1 : scale(workload.epochs)
  const batch = typeof spec.batchSize === 'number' ? spec.batchSize : rows
  const { type: optimizer, learningRate } = spec.optimizer
  return {
    arguments: pairs({ ...common, rows, calls: 0, batch, epochs, optimizer, learningRate }),
    work: metric === 'steps/s' ? epochs : epochs * rows,
  }
}

export function pairs(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`)
}
