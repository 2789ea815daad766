/** Decodes epochs from a binary message of the stream (format: /asyncapi.json). */
import type { Schemas } from './routes.js'

type Epoch = Schemas['Epoch']

export const epochsProtocol = 'descent.epochs.v1'

interface Header {
  firstEpoch: number
  count: number
  columns: string[]
}

const text = new TextDecoder()

export function readEpochFrame(frame: ArrayBuffer): Epoch[] {
  const start = 4 + new DataView(frame).getUint32(0, true)
  const { firstEpoch, count, columns }: Header = JSON.parse(text.decode(new Uint8Array(frame, 4, start - 4)))
  const column = (name: string) => {
    const index = columns.indexOf(name)
    return index === -1 ? null : new Float64Array(frame, start + 8 * index * count, count)
  }
  const [loss, accuracy] = [column('loss'), column('accuracy')]
  const [valLoss, valAccuracy] = [column('valLoss'), column('valAccuracy')]
  const [seconds, numbers] = [column('seconds'), column('epoch')]
  return Array.from({ length: count }, (_, index) => ({
    epoch: numbers?.[index] ?? firstEpoch + index,
    loss: finiteAt(loss, index),
    accuracy: finiteAt(accuracy, index),
    valLoss: finiteAt(valLoss, index),
    valAccuracy: finiteAt(valAccuracy, index),
    seconds: finiteAt(seconds, index),
    // The loss of a training that diverged is infinite.
    ...(loss?.[index] === Number.POSITIVE_INFINITY ? { diverged: true as const } : {}),
  }))
}

function finiteAt(values: Float64Array | null, index: number): number | null {
  const value = values?.[index]
  return value !== undefined && Number.isFinite(value) ? value : null
}
