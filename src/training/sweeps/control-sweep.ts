/** Reads, pauses, resumes, cancels and deletes sweeps. */
import { Problem } from '../../contract/problems.js'
import { type Sweep, type SweepStatus, unfinishedSweepStatuses } from '../../contract/sweep.js'
import type { Actor } from '../ports/audit.js'
import type { SweepStore } from '../ports/sweeps.js'

interface Control {
  sweeps: SweepStore
  /** Advances sweeps soon. */
  wake(): void
}

export const unknownSweep = (id: string) => new Problem('not-found', `There is no sweep ${id}.`)

/** @throws Problem `not-found` */
export async function findSweep(sweeps: SweepStore, id: string): Promise<Sweep> {
  const sweep = await sweeps.get(id)
  if (sweep === null) throw unknownSweep(id)
  return sweep
}

/** A second call does nothing. */
export const pauseSweep = ({ sweeps }: Control, id: string) => changed(sweeps, id, sweeps.pause, 'paused')

export async function resumeSweep({ sweeps, wake }: Control, id: string): Promise<Sweep> {
  const sweep = await changed(sweeps, id, sweeps.resume, 'running')
  wake()
  return sweep
}

/** A second call does nothing. */
export const cancelSweep = ({ sweeps }: Control, id: string) =>
  changed(sweeps, id, sweeps.cancel, 'cancelled')

async function changed(
  sweeps: SweepStore,
  id: string,
  change: (id: string) => Promise<boolean>,
  status: SweepStatus,
): Promise<Sweep> {
  await change(id)
  const sweep = await findSweep(sweeps, id)
  if (sweep.status === status) return sweep
  if (isUnfinished(sweep.status)) {
    throw new Problem('invalid-transition', `A sweep that is ${sweep.status} cannot be ${status}.`)
  }
  throw new Problem('job-finished', `The sweep has already ended: its status is ${sweep.status}.`)
}

const isUnfinished = (status: SweepStatus) => unfinishedSweepStatuses.some((each) => each === status)

/** @throws Problem `job-active` for a sweep that has not ended */
export async function deleteSweep(sweeps: SweepStore, id: string, actor: Actor): Promise<void> {
  if (await sweeps.delete(id, actor)) return
  const { status } = await findSweep(sweeps, id)
  throw new Problem('job-active', `The sweep is ${status}: cancel it first.`)
}
