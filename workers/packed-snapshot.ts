/** Packs the state of a training as a checkpoint, and unpacks it. */
import type { Snapshot } from '../src/engine/index.js'
import { packArrays, unpackNumbers } from '../src/threads/little-endian.js'
import type { Checkpoint } from '../src/training/ports/checkpoints.js'
import { offerArrays } from './export-arrays.js'
import type { WholeCheckpoint } from './messages.js'

/** @param snapshot in shared memory */
export function offerSnapshot(snapshot: Snapshot, backend: string): Checkpoint {
  const { bytes, offsets } = offerArrays(named(snapshot).map(({ values }) => values))
  return { ...describeSnapshot(snapshot, offsets, backend), bytes }
}

export function packSnapshot(snapshot: Snapshot, backend: string): WholeCheckpoint {
  const { bytes, offsets } = packArrays(named(snapshot).map(({ values }) => values))
  return { ...describeSnapshot(snapshot, offsets, backend), bytes }
}

function named({ state, best }: Pick<Snapshot, 'state' | 'best'>) {
  return [
    ...Object.entries(state).map(([name, values]) => ({ of: 'state' as const, name, values })),
    ...Object.entries(best ?? {}).map(([name, values]) => ({ of: 'best' as const, name, values })),
  ]
}

function describeSnapshot(
  snapshot: Snapshot,
  offsets: readonly number[],
  backend: string,
): Omit<Checkpoint, 'bytes'> {
  const { position, seed, ended, watch } = snapshot
  const buffers = named(snapshot).map(({ of, name, values }, index) => ({
    of,
    name,
    offset: offsets[index],
    length: values.length,
  }))
  const header = { position: { ...position }, seed, ended, watch, buffers }
  return { epoch: position.epoch, step: position.step, backend, header }
}

/**
 * The arrays of the training, in the order in which the checkpoint stores them. Those that `isKept` rejects are new.
 * @throws RangeError if the training has no such array, or one of another length
 */
export function orderArrays(
  { header: { buffers } }: Pick<Checkpoint, 'header'>,
  arrays: Pick<Snapshot, 'state' | 'best'>,
  isKept: (name: string) => boolean = () => true,
): Float32Array[] {
  return buffers.map(({ of, name, length }) => {
    if (of === 'state' && !isKept(name)) return new Float32Array(new SharedArrayBuffer(4 * length))
    const array = arrays[of]?.[name]
    if (array?.length !== length) throw new RangeError(`the checkpoint's ${name} does not fit this program`)
    return array
  })
}

export const hasBest = ({ header }: Pick<Checkpoint, 'header'>) =>
  header.buffers.some(({ of }) => of === 'best')

export function unpackSnapshot({ header, bytes }: WholeCheckpoint): Snapshot {
  const numbers = unpackNumbers(bytes)
  const readArrays = (wanted: 'state' | 'best') =>
    Object.fromEntries(
      header.buffers
        .filter(({ of }) => of === wanted)
        .map(({ name, offset, length }) => [name, numbers.slice(offset, offset + length)]),
    )
  const best = readArrays('best')
  return {
    position: header.position,
    seed: header.seed,
    ended: header.ended,
    watch: header.watch,
    state: readArrays('state'),
    best: Object.keys(best).length === 0 ? null : best,
  }
}
