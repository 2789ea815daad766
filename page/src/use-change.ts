/** Changes of what a view shows: one at a time, with the refusal of the service. */
import { useState } from 'preact/hooks'
import { type Problem, toProblem } from './api/problem.js'

/** Somebody else changed it first, so the page shows an earlier state. */
export const isConflict = ({ status }: Pick<Problem, 'status'>) => status === 412

export interface Change {
  problem: Problem | null
  isSending: boolean
  run(send: () => Promise<unknown>): Promise<void>
}

/** @param onChanged loads again. It is called after a change, and after a conflict. */
export function useChange(onChanged: () => void): Change {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setSending] = useState(false)
  return {
    problem,
    isSending,
    async run(send) {
      setSending(true)
      try {
        await send()
        setProblem(null)
        onChanged()
      } catch (error) {
        const refusal = toProblem(error)
        setProblem(refusal)
        if (isConflict(refusal)) onChanged()
      }
      setSending(false)
    },
  }
}
