/** A run with everything its stream has delivered so far. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Connection } from './api/reconnecting-socket.js'
import type { Boundary, Job } from './api/types.js'
import { watchJob } from './api/watch-job.js'
import { EpochHistory } from './history.js'

/** Minimum interval between renders. */
const renderMilliseconds = 100

export interface Run {
  job: Job | null
  history: EpochHistory
  frames: Boundary[]
  connection: Connection
  /** Increases with every message. */
  version: number
}

const emptyRun = (): Run => ({
  job: null,
  history: new EpochHistory(),
  frames: [],
  connection: 'connecting',
  version: 0,
})

/**
 * Watches a job, or none while the id is null.
 * @param token of a share link
 */
export function useRun(jobId: string | null, boundary?: number, token?: string): Run {
  const [, render] = useState(0)
  const run = useRef<Run>(emptyRun())
  const watched = useRef<string | null>(null)
  if (watched.current !== jobId) {
    watched.current = jobId
    run.current = emptyRun()
  }

  useEffect(() => {
    if (jobId === null) return
    const current = run.current
    let timer: ReturnType<typeof setTimeout> | undefined
    const changed = () => {
      current.version++
      // A separate task, because an animation frame would make one long task with layout and paint.
      timer ??= setTimeout(() => {
        timer = undefined
        render((count) => count + 1)
      }, renderMilliseconds)
    }
    const stop = watchJob(
      jobId,
      {
        job(job) {
          current.job = job
          changed()
        },
        epochs(epochs) {
          current.history.append(epochs)
          changed()
        },
        boundary(frame) {
          // After a reconnection some frames are sent again.
          if (frame.epoch > (current.frames.at(-1)?.epoch ?? -1)) current.frames.push(frame)
          changed()
        },
        connection(state) {
          if (current.connection === state) return
          current.connection = state
          changed()
        },
      },
      boundary,
      token,
    )
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [jobId, boundary, token])

  return run.current
}
