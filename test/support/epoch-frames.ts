/** Reads epochs from a binary message of the stream, as its description says. */
import { type Epoch, epochSchema } from '../../src/contract/epoch.js'

interface Header {
  type: 'epochs'
  jobId: string
  firstEpoch: number
  count: number
  columns: string[]
}

export function readEpochFrame(frame: Buffer): { jobId: string; epochs: Epoch[] } {
  const length = frame.readUInt32LE(0)
  const header: Header = JSON.parse(frame.subarray(4, 4 + length).toString())
  const { jobId, firstEpoch, count, columns } = header
  if (header.type !== 'epochs' || (4 + length) % 8 !== 0) throw new Error('not a frame of epochs')
  if (frame.length !== 4 + length + 8 * count * columns.length) throw new Error('a frame of another length')
  const epochs = Array.from({ length: count }, (_, index) => {
    const numberOf = (name: string) => {
      const position = columns.indexOf(name)
      const value =
        position === -1 ? Number.NaN : frame.readDoubleLE(4 + length + 8 * (position * count + index))
      return Number.isFinite(value) ? value : null
    }
    const loss = columns.indexOf('loss')
    const hasDiverged =
      loss !== -1 && frame.readDoubleLE(4 + length + 8 * (loss * count + index)) === Number.POSITIVE_INFINITY
    return epochSchema.parse({
      epoch: numberOf('epoch') ?? firstEpoch + index,
      loss: numberOf('loss'),
      accuracy: numberOf('accuracy'),
      valLoss: numberOf('valLoss'),
      valAccuracy: numberOf('valAccuracy'),
      seconds: numberOf('seconds'),
      ...(hasDiverged ? { diverged: true } : {}),
    })
  })
  return { jobId, epochs }
}
