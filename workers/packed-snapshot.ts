/** A training's snapshot as a checkpoint, and back. */
import type { Snapshot } from '../src/engine/index.js'
import type { Checkpoint } from '../src/training/ports.js'
import { packArrays, unpackNumbers } from './little-endian.js'

export function packSnapshot(
  { position, seed, ended, watch, state, best }: Snapshot,
  backend: string,
): Checkpoint {
  const named = [
    ...Object.entries(state).map(([name, values]) => ({ of: 'state' as const, name, values })),
    ...Object.entries(best ?? {}).map(([name, values]) => ({ of: 'best' as const, name, values })),
  ]
  const { bytes, offsets } = packArrays(named.map(({ values }) => values))
  const buffers = named.map(({ of, name, values }, index) => ({
    of,
    name,
    offset: offsets[index],
    length: values.length,
  }))
  const header = { position: { ...position }, seed, ended, watch, buffers }
  return { epoch: position.epoch, step: position.step, backend, header, bytes }
}

export function unpackSnapshot({ header, bytes }: Checkpoint): Snapshot {
  const numbers = unpackNumbers(bytes)
  const buffersOf = (wanted: 'state' | 'best') =>
    Object.fromEntries(
      header.buffers
        .filter(({ of }) => of === wanted)
        .map(({ name, offset, length }) => [name, numbers.slice(offset, offset + length)]),
    )
  const best = buffersOf('best')
  return {
    position: header.position,
    seed: header.seed,
    ended: header.ended,
    watch: header.watch,
    state: buffersOf('state'),
    best: Object.keys(best).length === 0 ? null : best,
  }
}
