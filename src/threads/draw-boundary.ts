/** Draws a boundary: the outputs of a network over a grid, in the unit of the target. */
import { encodeInputs } from '../datasets/raw-rows.js'
import { unscaleTarget } from '../datasets/target-scaling.js'
import { elementCount, Predictor } from '../engine/index.js'
import type { BoundaryOutputs, BoundaryRequest } from '../training/ports/predictor-pool.js'
import { littleEndian16 } from './little-endian.js'
import type { BackendSetting } from './messages.js'
import { unpackWeights } from './packed-weights.js'

const greatest = 65_535

/** @throws RangeError if an output is not finite */
export function drawBoundary(
  { network, weights, ...view }: BoundaryRequest,
  backend: BackendSetting,
): BoundaryOutputs {
  return drawBoundaryWith(new Predictor(network, unpackWeights(weights), { backend, batchSize: 1_024 }), view)
}

/** @throws RangeError if an output is not finite */
export function drawBoundaryWith(
  predictor: Predictor,
  view: Pick<BoundaryRequest, 'coding' | 'axes' | 'size'>,
): BoundaryOutputs {
  const { coding, axes, size } = view
  const outputs = elementCount(predictor.outputShape)
  const answers = Float64Array.from(
    predictor.predict(encodeInputs(coding, gridRows(axes, size))),
    (answer, index) => unscaleTarget(coding.target, index % outputs, answer),
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
