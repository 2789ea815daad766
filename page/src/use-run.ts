/** A run as the page follows it: what the stream said so far, told to components at most once a frame. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Connection } from './api/reconnecting-socket.js'
import { watchJob } from './api/watch-job.js'
import type { Boundary, Job } from './api/types.js'
import { EpochHistory } from './history.js'

/** Between two looks of the components at what came; curves of thousands of points need not be drawn more often. */
const lookMilliseconds = 100

export interface Run {
  job: Job | null
  history: EpochHistory
  frames: Boundary[]
  connection: Connection
  /** Rises with everything that came. */
  version: number
}

const nothing = (): Run => ({
  job: null,
  history: new EpochHistory(),
  frames: [],
  connection: 'connecting',
  version: 0,
})

/** Follows a job, another one when the id changes, none while it is null. */
export function useRun(jobId: string | null, boundary?: number): Run {
  const [, look] = useState(0)
  const run = useRef<Run>(nothing())
  const followed = useRef<string | null>(null)
  if (followed.current !== jobId) {
    followed.current = jobId
    run.current = nothing()
  }

  useEffect(() => {
    if (jobId === null) return
    const mine = run.current
    let timer: ReturnType<typeof setTimeout> | undefined
    const changed = () => {
      mine.version++
      // A task of its own: in an animation frame it would be one with the layout and painting that follow.
      timer ??= setTimeout(() => {
        timer = undefined
        look((count) => count + 1)
      }, lookMilliseconds)
    }
    const stop = watchJob(
      jobId,
      {
        job(job) {
          mine.job = job
          changed()
        },
        epochs(epochs) {
          mine.history.append(epochs)
          changed()
        },
        boundary(frame) {
          // After a lost connection some come again.
          if (frame.epoch > (mine.frames.at(-1)?.epoch ?? -1)) mine.frames.push(frame)
          changed()
        },
        connection(state) {
          if (mine.connection === state) return
          mine.connection = state
          changed()
        },
      },
      boundary,
    )
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [jobId, boundary])

  return run.current
}
