/** The requests of a worker to the object store, as they are reported. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { ObjectRequests } from '../../src/training/ports/service-metrics.js'
import { ObjectTally } from '../../workers/object-tally.js'

function open(fails = () => false) {
  const reports: ObjectRequests[][] = []
  const warnings: unknown[] = []
  const store = {
    async addObjectRequests(requests: readonly ObjectRequests[]) {
      await sleep(1)
      if (fails()) throw new Error('no database')
      reports.push(structuredClone([...requests]))
    },
  }
  const tally = new ObjectTally(store, { warn: (line: unknown) => warnings.push(line) })
  return { tally, reports, warnings }
}

/** The counts at these indices; others are zero. */
function counts(pairs: Record<number, number>): number[] {
  const all = Array<number>(13).fill(0)
  for (const [index, count] of Object.entries(pairs)) all[Number(index)] = count
  return all
}

it('counts by operation, outcome and duration, and reports what is left at the end', async () => {
  const { tally, reports } = open()
  // A bound belongs to its bucket. The last bucket has what is above 15 s.
  for (const seconds of [0.001, 0.005, 0.006, 14, 16]) tally.observe('put', 'success', seconds)
  tally.observe('get', 'missing', 0.25)
  await tally.close()
  await tally.close()
  expect(reports).toEqual([
    [
      {
        operation: 'put',
        outcome: 'success',
        seconds: expect.closeTo(30.012, 9),
        counts: counts({ 0: 2, 1: 1, 11: 1, 12: 1 }),
      },
      { operation: 'get', outcome: 'missing', seconds: 0.25, counts: counts({ 5: 1 }) },
    ],
  ])
})

it('reports every second, and keeps what the database did not take', async () => {
  let isDown = true
  const { tally, reports, warnings } = open(() => isDown)
  tally.observe('get', 'success', 0.5)
  await expect.poll(() => warnings.length).toBeGreaterThan(0)
  tally.observe('get', 'success', 0.5)
  isDown = false
  await expect.poll(() => reports.length).toBe(1)
  expect(reports[0]).toEqual([{ operation: 'get', outcome: 'success', seconds: 1, counts: counts({ 6: 2 }) }])
  await tally.close()
  expect(reports).toHaveLength(1)
})
