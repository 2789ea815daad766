/** The sweeps of several tenants take turns on the thread that chooses points. */
import { expect, it, onTestFinished } from 'vitest'
import type { SuggestionTask } from '../../src/training/ports/suggestion-thread.js'
import { suggestPoints } from '../../src/training/sweeps/tpe.js'
import { suggestionThread } from '../support/built.js'

/** With results for all earlier points, so each point is chosen by the estimators. */
function taskOf(earlier: number, count: number): SuggestionTask {
  const parameters = Array.from({ length: 4 }, (_, index) => ({ path: `/field${index}`, min: 0, max: 1 }))
  const choices = Float64Array.from({ length: earlier * parameters.length }, (_, n) => ((n * 7) % 97) / 97)
  const losses = Float64Array.from({ length: earlier }, (_, n) => (n * 5) % 13)
  const search = { type: 'tpe', points: 10_000, seed: 1, randomPoints: 10 } as const
  return { parameters, search, choices, losses, first: earlier + 1, count }
}

it('chooses few points while it chooses many of another sweep', async () => {
  const thread = suggestionThread.openSuggestionThread()
  onTestFinished(() => thread.close())
  const order: string[] = []
  const suggest = async (name: string, task: SuggestionTask) => {
    const points = await thread.suggest(task)
    order.push(name)
    return points
  }
  const [many, few] = await Promise.all([suggest('many', taskOf(1_000, 200)), suggest('few', taskOf(20, 2))])
  expect(order).toEqual(['few', 'many'])
  expect(many).toHaveLength(200)
  const { parameters, search, choices, losses, ...points } = taskOf(20, 2)
  const earlier = Array.from(losses, (loss, index) => ({
    choices: [...choices.subarray(index * parameters.length, (index + 1) * parameters.length)],
    loss,
  }))
  expect(few).toEqual(suggestPoints(parameters, search, earlier, points))
})
