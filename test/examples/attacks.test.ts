/** The grids of rates, widths and seeds that try to overturn the sentences of the lecture: `npm run test:long`. */
import { expect, it } from 'vitest'
import { attempts } from '../../examples/check.js'
import { type AnyDemonstration, catalogue, demonstrationIds } from '../../examples/lecture/catalogue.js'

it.each(demonstrationIds)('no attempt overturns %s', async (id) => {
  const overturned: string[] = []
  let tried = 0
  for await (const { change, figure, isOverturned } of attempts(catalogue[id] as AnyDemonstration)) {
    tried += 1
    if (isOverturned) overturned.push(`${change}: ${figure}`)
  }
  expect(overturned).toEqual([])
  expect(tried).toBeGreaterThan(5)
}, 600_000)
