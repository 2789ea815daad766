/** A run with everything its stream has delivered so far. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { client } from './api/client.js'
import { type Connection, readStream } from './api/read-stream.js'
import type { Boundary, Job, StreamMessage } from './api/types.js'
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

function receive(run: Run, message: StreamMessage): void {
  switch (message.type) {
    case 'job':
    case 'end':
      run.job = message.job
      break
    case 'epochs':
      run.history.append(message.epochs)
      break
    case 'boundary':
      // After a reconnection some frames are sent again.
      if (message.epoch > (run.frames.at(-1)?.epoch ?? -1)) run.frames.push(message)
      break
    default:
      message satisfies never
  }
}

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
    const reader = {
      message(message: StreamMessage) {
        receive(current, message)
        changed()
      },
      connection(state: Connection) {
        if (current.connection === state) return
        current.connection = state
        changed()
      },
    }
    const watching = token === undefined ? client : client.withOptions({ key: token })
    // A share link reads no weights.
    const weights = boundary === undefined || token !== undefined ? undefined : true
    const stop = readStream(
      (options) => watching.jobs.watch(jobId, { ...options, boundary, weights }),
      reader,
    )
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [jobId, boundary, token])

  return run.current
}
