/** Whether a run of the playground has the same weights as an earlier one with the same request. */
import { useEffect, useRef, useState } from 'preact/hooks'

interface TrainedRun {
  jobId: string
  /** The body of the request that started it. */
  request: string
  /** SHA-256 of its weights. */
  weights: string
}

interface Repeat {
  jobId: string
  isEqual: boolean
}

/** @param run the run that is shown, once it has a model */
export function useRepeat(run: TrainedRun | null): Repeat | null {
  const earlier = useRef(new Map<string, TrainedRun>())
  const [repeat, setRepeat] = useState<Repeat | null>(null)
  useEffect(() => {
    if (run === null) return
    const first = earlier.current.get(run.request)
    if (first === undefined) earlier.current.set(run.request, run)
    else if (first.jobId !== run.jobId)
      setRepeat({ jobId: run.jobId, isEqual: first.weights === run.weights })
  }, [run?.jobId, run?.weights])
  return repeat?.jobId === run?.jobId ? repeat : null
}
