/** The thread that chooses the next points of sweeps. Several tasks take turns, a step each. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { lowerPriority } from '../base/low-priority.js'
import type { SuggestionTask } from '../training/ports/suggestion-thread.js'
import type { Choices } from '../training/sweeps/choices.js'
import { type EarlierPoint, suggestInSteps } from '../training/sweeps/tpe.js'
import type { FromSuggestionThread, ToSuggestionThread } from './messages.js'

if (parentPort === null) throw new Error('suggestion.thread.ts runs in a worker thread only')
const port = parentPort
lowerPriority()

port.on('message', async ({ callId, task }: ToSuggestionThread) => {
  try {
    const points = await suggest(task)
    port.postMessage({ type: 'points', callId, points } satisfies FromSuggestionThread)
  } catch (error) {
    port.postMessage({ type: 'failed', callId, message: String(error) })
  }
})

async function suggest(task: SuggestionTask): Promise<Choices[]> {
  const steps = suggestInSteps(task.parameters, task.search, earlierPoints(task), task)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await nextTurn()
  }
}

function earlierPoints({ parameters, choices, losses }: SuggestionTask): EarlierPoint[] {
  const { length } = parameters
  const known = (value: number) => (Number.isNaN(value) ? null : value)
  return Array.from(losses, (loss, index) => ({
    choices: Array.from(choices.subarray(index * length, (index + 1) * length), known),
    loss: known(loss),
  }))
}
