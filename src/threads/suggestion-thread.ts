/** Opens the thread that chooses the next points of sweeps. */
import type { SuggestionThread } from '../training/ports/suggestion-thread.js'
import { CallableThread, ownBuffers } from './callable-thread.js'
import type { FromSuggestionThread, ToSuggestionThread } from './messages.js'

export function openSuggestionThread(): SuggestionThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToSuggestionThread, FromSuggestionThread>('./suggestion.thread.js')
  return {
    async suggest(task) {
      const order = (callId: number) => ({ callId, task })
      const { points } = await thread.call(order, ownBuffers([task.choices, task.losses]))
      return points
    },
    close: () => thread.close(),
  }
}
