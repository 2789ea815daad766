/** POST /sweeps accepts the request of "Find the best of 200" for each kind of target. No worker runs. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Dataset } from '../../page/src/api/types.js'
import { bestOfMany } from '../../page/src/sweeps/best-of-many.js'
import { sweepSchema } from '../../src/contract/sweep.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

async function upload(rows: number, target: (row: number) => string | number): Promise<Dataset> {
  const lines = Array.from({ length: rows }, (_, row) =>
    [row % 7, row * 0.37, ['red', 'green'][row % 2], target(row)].join(','),
  )
  const response = await service.app.inject({
    method: 'POST',
    url: '/datasets?target=y',
    headers: { 'content-type': 'text/csv' },
    payload: `a,b,colour,y\n${lines.join('\n')}\n`,
  })
  expect(response.statusCode, response.body).toBe(201)
  return response.json()
}

it.each([
  ['classes', 150, (row: number) => ['low', 'middle', 'high'][row % 3] ?? ''],
  ['two classes', 100, (row: number) => ['no', 'yes'][row % 2] ?? ''],
  ['numbers', 1_000, (row: number) => row * 1.5 + 0.25],
  ['yes or no as 1 or 0', 120, (row: number) => row % 2],
  ['classes of few rows', 20, (row: number) => ['a', 'b'][row % 2] ?? ''],
])('%s', async (_, rows, target) => {
  const payload = bestOfMany(await upload(rows, target))
  const response = await service.app.inject({ method: 'POST', url: '/sweeps', payload })
  expect(response.statusCode, response.body).toBe(202)
  const url = `/sweeps/${response.json().id}`
  // The first half of the 20 trials at a time. None has values that are not valid together.
  const sweep = await eventually(async () => {
    const read = sweepSchema.parse((await service.app.inject({ url })).json())
    return read.created >= 10 ? read : undefined
  })
  expect(sweep).toMatchObject({ trials: 200, counts: { refused: 0 } })
})
