/** What a training shows on a terminal, and elsewhere. */
import { expect, it } from 'vitest'
import { trainingView } from '../../cli/live-chart.js'
import type { Epoch, Job } from '../../sdk/src/index.js'

const job = { status: 'running', epochs: 1_000, queuePosition: null, finishedAt: null } as Job['data']
const epoch = (number: number): Epoch => ({
  ...{
    epoch: number,
    loss: 1 / number,
    accuracy: 0.5,
    valLoss: 2 / number,
    valAccuracy: null,
    seconds: null,
  },
})

function recorded(isTTY: boolean) {
  let text = ''
  const write = (part: string) => {
    text += part
    return true
  }
  return { output: { isTTY, write } as NodeJS.WriteStream, text: () => text }
}

/** The last drawing: what follows the last erasure. */
const lastDrawing = (text: string) => text.split('\x1b[0J').at(-1) ?? ''

it('is a chart that replaces itself on a terminal', () => {
  const { output, text } = recorded(true)
  const view = trainingView(output, { ...job, status: 'queued', queuePosition: 3 })
  view.job({ ...job, status: 'queued', queuePosition: 3 })
  expect(text()).toBe('queued, place 3\n')
  // More than the chart keeps.
  for (let first = 1; first < 1_000; first += 100) {
    view.epochs(Array.from({ length: 100 }, (_, index) => epoch(first + index)))
  }
  view.job({ ...job, finishedAt: '2026-01-01T00:00:00Z' })
  view.end()
  const drawing = lastDrawing(text())
  expect(drawing).toContain('█'.repeat(24))
  expect(drawing).toContain('epoch 1000/1000  loss 0.001  accuracy 0.5  val loss 0.002')
  expect(drawing).toMatch(/• training {3}\+ validation/)
  // Each drawing after the first erases the lines of the one before.
  const drawings = text().split('\u001b[0J')
  for (const before of drawings.slice(0, -1)) {
    const [body = '', up] = before.split('\u001b[')
    expect(up).toBe(`${body.split('\n').length - 1}A`)
  }
  expect(drawings.length).toBeGreaterThan(1)
})

it('is about twenty lines elsewhere, the last one for the last epoch', () => {
  const { output, text } = recorded(false)
  const view = trainingView(output, job)
  view.epochs(Array.from({ length: 1_000 }, (_, index) => epoch(index + 1)))
  view.end()
  const lines = text().trimEnd().split('\n')
  expect(lines).toHaveLength(20)
  expect(lines.at(-1)).toBe('epoch 1000/1000  loss 0.001  accuracy 0.5  val loss 0.002')
})
