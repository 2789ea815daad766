/**
 * Draws a boundary: the outputs of a network over a grid, in the unit of the target. Between slices of the grid, the thread
 * answers other calls.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Network } from '../contract/network.js'
import { encodeInputs } from '../datasets/raw-rows.js'
import { unscaleTarget } from '../datasets/target-scaling.js'
import { elementCount, Predictor } from '../engine/index.js'
import type { BoundaryOutputs, BoundaryRequest } from '../training/ports/predictor-pool.js'
import { littleEndian16 } from './little-endian.js'
import type { BackendSetting } from './messages.js'
import { unpackWeights } from './packed-weights.js'
import { affordableRows } from './table-rows.js'

const greatest = 65_535
const rowsAtOnce = 1_024

export type DrawnView = Pick<BoundaryRequest, 'coding' | 'axes' | 'size' | 'network'>

/** @throws RangeError if an output is not finite */
export async function drawBoundary(
  { weights, ...view }: Omit<BoundaryRequest, 'tenantId'>,
  backend: BackendSetting,
): Promise<BoundaryOutputs> {
  const options = { backend, batchSize: rowsAtOnce }
  return drawBoundaryWith(new Predictor(view.network, unpackWeights(weights), options), view)
}

/** @throws RangeError if an output is not finite */
export async function drawBoundaryWith(predictor: Predictor, view: DrawnView): Promise<BoundaryOutputs> {
  const { coding, axes, size, network } = view
  const outputs = elementCount(predictor.outputShape)
  const inputs = encodeInputs(coding, gridRows(axes, size))
  const predicted = await predictInSlices(predictor, network, inputs)
  const answers = Float64Array.from(predicted, (answer, index) =>
    unscaleTarget(coding.target, index % outputs, answer),
  )
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const answer of answers) {
    if (!Number.isFinite(answer)) throw new RangeError('an output of the network is not finite')
    low = Math.min(low, answer)
    high = Math.max(high, answer)
  }
  const step = (high - low) / greatest
  const steps = Uint16Array.from(answers, (answer) => (step === 0 ? 0 : Math.round((answer - low) / step)))
  const values = Buffer.from(littleEndian16(steps)).toString('base64')
  return { outputs, range: [low, high], values }
}

async function predictInSlices(
  predictor: Predictor,
  network: Network,
  inputs: Float32Array,
): Promise<Float32Array> {
  const features = elementCount(network.inputShape ?? [])
  const width = elementCount(predictor.outputShape)
  const rows = inputs.length / features
  const outputs = new Float32Array(rows * width)
  const atOnce = affordableRows(network, rowsAtOnce)
  for (let first = 0; first < rows; first += atOnce) {
    if (first > 0) await nextTurn()
    const slice = inputs.subarray(first * features, (first + atOnce) * features)
    outputs.set(predictor.predict(slice), first * width)
  }
  return outputs
}

/** Raw rows. The first axis varies fastest. */
function gridRows(axes: BoundaryRequest['axes'], size: number): number[][] {
  return axes.reduceRight<number[][]>(
    (inner, { min, max }) => {
      const along = Array.from({ length: size }, (_, index) => min + ((max - min) * index) / (size - 1))
      return inner.flatMap((row) => along.map((value) => [value, ...row]))
    },
    [[]],
  )
}
