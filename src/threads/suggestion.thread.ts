/** The thread that chooses the next points of sweeps. */
import { parentPort } from 'node:worker_threads'
import { lowerPriority } from '../base/low-priority.js'
import type { SuggestionTask } from '../training/ports/suggestion-thread.js'
import { type EarlierPoint, suggestPoints } from '../training/sweeps/tpe.js'
import type { FromSuggestionThread, ToSuggestionThread } from './messages.js'

if (parentPort === null) throw new Error('suggestion.thread.ts runs in a worker thread only')
const port = parentPort
lowerPriority()

port.on('message', ({ callId, task }: ToSuggestionThread) => {
  try {
    const points = suggestPoints(task.parameters, task.search, earlierPoints(task), task)
    port.postMessage({ type: 'points', callId, points } satisfies FromSuggestionThread)
  } catch (error) {
    port.postMessage({ type: 'failed', callId, message: String(error) })
  }
})

function earlierPoints({ parameters, choices, losses }: SuggestionTask): EarlierPoint[] {
  const { length } = parameters
  const known = (value: number) => (Number.isNaN(value) ? null : value)
  return Array.from(losses, (loss, index) => ({
    choices: Array.from(choices.subarray(index * length, (index + 1) * length), known),
    loss: known(loss),
  }))
}
