/**
 * The initial state of a training: new weights, those of a model, or a checkpoint. Large arrays are written to the
 * memory of the training.
 */
import type { Coding } from '../src/contract/dataset.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { areMoved } from '../src/datasets/transfer-weights.js'
import type { Program, Snapshot, Training, Weights } from '../src/engine/index.js'
import { receiveNumbers } from '../src/threads/little-endian.js'
import type { PackedWeights } from '../src/threads/packed-weights.js'
import { readShapes } from '../src/threads/packed-weights.js'
import type { Filled, Refusal, TrainingOrder } from './messages.js'
import { hasBest, orderArrays, unpackSnapshot } from './packed-snapshot.js'
import { weightsToBegin } from './transferred-weights.js'

/** Requests that the `Large` bytes of the order are written to these buffers. */
export type Fill = (what: Filled, buffers: Uint8Array[]) => Promise<Refusal | null>

/** The model that the training starts from. */
export interface Source {
  /** Null for new weights, and for weights that are written straight to the memory of the training. */
  initialWeights: PackedWeights | null
  sourceCoding: Coding | null
}

/**
 * Loads the weights into one array if they are needed several times, or their columns differ from those of the data.
 */
export async function loadSource(
  { initialWeights, sourceCoding, checkpoint, foldData }: TrainingOrder,
  coding: Coding,
  fill: Fill,
): Promise<Source | Refusal> {
  if (initialWeights === null) return { initialWeights, sourceCoding }
  const { tensors, bytes } = initialWeights
  if (bytes instanceof Uint8Array) return { initialWeights: { tensors, bytes }, sourceCoding }
  const isUsed =
    foldData !== null || (checkpoint === null && sourceCoding !== null && areMoved(sourceCoding, coding))
  if (!isUsed) return { initialWeights: null, sourceCoding }
  const whole = new Uint8Array(new SharedArrayBuffer(bytes.length))
  const refusal = await fill('initialWeights', [whole])
  return refusal ?? { initialWeights: { tensors, bytes: whole }, sourceCoding }
}

/** Sets the state of a training before its first step. */
interface InitialState {
  /** Finished epochs. */
  epoch: number
  /** @throws SpecError if the weights do not fit the network */
  weights(program: Program, coding: Coding, seed: number): Weights | undefined
  /** @throws SpecError if the weights do not fit the network */
  enter(training: Training): Promise<Refusal | null>
}

/** What the previous segment passes on, for a state between two segments. */
interface SegmentChange {
  /** The spec of the previous segment. */
  before: JobSpec
  spec: JobSpec
}

/**
 * Names the state that a segment takes over: all of the network, and that of the optimizer if its type stays. State that
 * only one of two optimizers has, such as a velocity without momentum, starts at zero.
 */
function keptState(training: Training, change: SegmentChange | null): (name: string) => boolean {
  if (change === null) return () => true
  const known = training.snapshotBuffers(false).state
  const keepsOptimizer = change.before.optimizer.type === change.spec.optimizer.type
  return (name) => Object.hasOwn(known, name) && (keepsOptimizer || !name.startsWith('optimizer.'))
}

/** A changed rule of early stopping counts anew. */
const keepsWatch = (change: SegmentChange | null) =>
  change === null || JSON.stringify(change.before.earlyStopping) === JSON.stringify(change.spec.earlyStopping)

/** @param change of the checkpoint, if it was taken between two segments */
export function initialState(
  order: TrainingOrder,
  source: Source,
  fill: Fill,
  change: SegmentChange | null,
): InitialState {
  const { checkpoint, initialWeights } = order
  if (checkpoint !== null) {
    const { bytes, ...head } = checkpoint
    if (bytes instanceof Uint8Array) return continuedState(unpackSnapshot({ ...head, bytes }), change)
    return {
      epoch: checkpoint.epoch,
      weights: () => undefined,
      async enter(training) {
        const buffers = training.snapshotBuffers(hasBest(head))
        const arrays = orderArrays(head, buffers, keptState(training, change))
        const refusal = await receiveNumbers(arrays, (bytes) => fill('checkpoint', bytes))
        const { position, seed, ended, watch } = head.header
        const kept = keepsWatch(change) ? { watch, best: buffers.best } : { watch: null, best: null }
        if (refusal === null) training.restore({ position, seed, ended, state: buffers.state, ...kept })
        return refusal
      },
    }
  }
  const isWhole = initialWeights === null || source.initialWeights !== null
  return {
    epoch: 0,
    weights: (program, coding, seed) => weightsToBegin(source, program, coding, seed),
    async enter(training) {
      if (isWhole) return null
      const arrays = training.weightBuffers(readShapes(initialWeights.tensors))
      return receiveNumbers(arrays, (bytes) => fill('initialWeights', bytes))
    },
  }
}

/** The state after an earlier part of the same training. */
export function continuedState(snapshot: Snapshot, change: SegmentChange | null): InitialState {
  return {
    epoch: snapshot.position.epoch,
    weights: () => undefined,
    async enter(training) {
      const isKept = keptState(training, change)
      const state = Object.fromEntries(Object.entries(snapshot.state).filter(([name]) => isKept(name)))
      const kept = keepsWatch(change) ? {} : { watch: null, best: null }
      training.restore({ ...snapshot, state, ...kept })
      return null
    },
  }
}
