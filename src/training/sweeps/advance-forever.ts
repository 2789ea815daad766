/** Advances sweeps when one is created or a job ends or pauses, and at intervals, because hints can be lost. */
import { isFinished, type JobStatus } from '../../contract/job-status.js'
import { type Passes, repeatPass } from '../passes.js'
import { type AdvanceDependencies, AdvancingSweeps } from './advance.js'

const intervals = { everyMilliseconds: 2_000, gatherMilliseconds: 20 }

interface SweepRunner extends Passes {
  /** The status of a job has changed, which may be a trial. */
  report(status: JobStatus): void
}

export function advanceForever(dependencies: AdvanceDependencies): SweepRunner {
  let isActive = true
  const advancing = new AdvancingSweeps(dependencies, () => passes.wake())

  async function pass(): Promise<void> {
    try {
      isActive = await dependencies.sweeps.anyRunning()
      if (isActive) await advancing.begin()
    } catch (error) {
      dependencies.onError(error)
    }
  }

  const passes = repeatPass(pass, intervals)
  return {
    wake: () => passes.wake(),
    async stop() {
      await passes.stop()
      await advancing.stop()
    },
    report(status) {
      // A paused trial may wait for a decision.
      if (isActive && (isFinished(status) || status === 'paused')) passes.wake()
    },
  }
}
