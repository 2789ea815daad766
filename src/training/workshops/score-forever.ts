/** Evaluates the runs of workshops with a leaderboard: soon after a run succeeds, and at intervals. */
import type { JobStatus } from '../../contract/job-status.js'
import { type Passes, repeatPass } from '../passes.js'
import type { DueScore, ScoreStore } from '../ports/workshop-scores.js'
import { evaluateRun, type ScoreDependencies } from './evaluate-run.js'

interface Dependencies extends ScoreDependencies {
  scores: Omit<ScoreStore, 'standings'>
  onError(error: unknown): void
}

/** A claim reads the newest runs of every participant. */
const intervals = { everyMilliseconds: 5_000, gatherMilliseconds: 300 }

/** Runs that a process claims at a time. It evaluates one after the other, within the lease of a minute. */
const claimedRuns = 8

interface ScoreRunner extends Passes {
  /** The status of a job has changed, which may be a run of a participant. */
  report(status: JobStatus): void
}

export function scoreForever(dependencies: Dependencies): ScoreRunner {
  const { scores, onError } = dependencies
  let isActive = true
  const stopping = new AbortController()
  const { signal } = stopping

  async function score(due: DueScore): Promise<void> {
    try {
      const result = await evaluateRun(dependencies, due, signal)
      if (result !== null) await scores.record(due, result)
    } catch (error) {
      // The lease ends, and the run is claimed again.
      if (!signal.aborted) onError(error)
    }
  }

  async function pass(): Promise<void> {
    try {
      isActive = await scores.anyOpen()
      while (isActive && !signal.aborted) {
        const claimed = await scores.claim(claimedRuns)
        for (const due of claimed) if (!signal.aborted) await score(due)
        if (claimed.length === 0) return
      }
    } catch (error) {
      onError(error)
    }
  }

  const passes = repeatPass(pass, intervals)
  return {
    wake() {
      isActive = true
      passes.wake()
    },
    report(status) {
      if (isActive && status === 'succeeded') passes.wake()
    },
    stop() {
      stopping.abort()
      return passes.stop()
    },
  }
}
