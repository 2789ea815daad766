/** Advances sweeps when one is created or a job ends or pauses, and at intervals, because hints can be lost. */
import { isFinished, type JobStatus } from '../../contract/job-status.js'
import { type AdvanceDependencies, advanceSweeps } from './advance.js'

const everyMilliseconds = 2_000

/** Hints within this time share a pass. */
const gatherMilliseconds = 20

interface SweepRunner {
  /** Advances the sweeps soon. */
  wake(): void
  /** The status of a job has changed, which may be a trial. */
  report(status: JobStatus): void
  stop(): Promise<void>
}

export function advanceForever(dependencies: AdvanceDependencies): SweepRunner {
  let running: Promise<void> | undefined
  let isWanted = false
  let isActive = true
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  async function pass(): Promise<void> {
    try {
      isActive = await dependencies.sweeps.anyRunning()
      if (isActive) await advanceSweeps(dependencies)
    } catch (error) {
      dependencies.onError(error)
    }
  }

  function start(): void {
    timer = undefined
    isWanted = false
    running = pass().finally(() => {
      running = undefined
      if (!isStopped) schedule(isWanted ? gatherMilliseconds : everyMilliseconds)
    })
  }

  function schedule(milliseconds: number): void {
    clearTimeout(timer)
    timer = setTimeout(start, milliseconds)
  }

  function wake(): void {
    if (isWanted || isStopped) return
    isWanted = true
    if (running === undefined) schedule(gatherMilliseconds)
  }

  schedule(everyMilliseconds)
  return {
    wake,
    report(status) {
      // A paused trial may wait for a decision.
      if (isActive && (isFinished(status) || status === 'paused')) wake()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
