/** The roofline of a workload: the time of its products at the rate of a large product. */
import { spawnSync } from 'node:child_process'
import { compilePrediction } from '../src/engine/compile.js'
import { countFlops } from '../src/engine/cost.js'
import { compile, Predictor, type Weights } from '../src/engine/index.js'
import { products } from '../src/engine/operations/products.js'
import { timesSchema } from './comparison.js'
import { peerProgram } from './peer-commands.js'
import { type WorkloadName, workloads } from './workloads.js'

const size = 2048
const rows = 1024

/** Floating-point operations a second of the engine's own product, 1024 × 2048 by 2048 × 2048, on one core. */
function engineRate(): number {
  const network = {
    inputShape: [size],
    layers: [{ type: 'dense' as const, units: size, activation: 'linear' as const, useBias: false }],
  }
  const values = Float32Array.from({ length: size * size }, (_, i) => (i % 101) / 101 - 0.5)
  const weights: Weights = new Map([['layers.0.weight', { shape: [size, size], values }]])
  const predictor = new Predictor(network, weights, { backend: 'auto', batchSize: rows })
  const inputs = values.slice(0, rows * size)
  const seconds = Array.from({ length: 12 }, () => {
    const begin = performance.now()
    predictor.predict(inputs)
    return (performance.now() - begin) / 1000
  })
  return (2 * rows * size * size) / Math.min(...seconds)
}

/** The rate of OpenBLAS for the same product; 0 if it is not installed (npm run bench:peers:install). */
function blasRate(): number {
  const { stdout } = spawnSync('taskset', ['-c', '0', peerProgram('openblas')], {
    encoding: 'utf8',
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1' },
  })
  if (!stdout) return 0
  return (2 * rows * size * size) / Math.min(...timesSchema.parse(JSON.parse(stdout)).seconds)
}

/** The faster of the two. */
export function measurePeakRate(): number {
  return Math.max(engineRate(), blasRate())
}

/** Work per second of one core at the peak rate; null if products do not dominate the time. */
export function computeRoofline(name: WorkloadName, rate: number): number | null {
  const workload = workloads[name]
  if (workload.metric === 'steps/s' || workload.metric === 'calls/s') return null
  const { lists } = compileWorkload(name)
  const performed = workload.type === 'prediction' ? lists.prediction : [...lists.forward, ...lists.backward]
  return rate / countFlops(performed.filter(({ op }) => op in products)).perRow
}

function compileWorkload(name: WorkloadName) {
  const workload = workloads[name]
  if (workload.type === 'prediction') return compilePrediction(workload.network, 256)
  const { spec, classes, rows } = workload
  const inputShape = spec.network.inputShape ?? []
  return compile(spec, { inputShape, targetWidth: classes, trainingRows: rows, validationRows: 0 })
}
