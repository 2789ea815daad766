/** The months by which the page shows usage. */
import { expect, it } from 'vitest'
import { daysOfMonth, lastMonths } from '../../../page/src/views/admin-months.js'

it('are listed from the current one backwards, in UTC', () => {
  expect(lastMonths(3, new Date('2026-01-31T23:59:59Z'))).toEqual([
    { id: '2026-01', name: 'January 2026' },
    { id: '2025-12', name: 'December 2025' },
    { id: '2025-11', name: 'November 2025' },
  ])
})

it.each([
  ['2024-02', '2024-02-29'],
  ['2025-02', '2025-02-28'],
  ['2025-12', '2025-12-31'],
])('%s ends on %s', (id, to) => {
  expect(daysOfMonth(id)).toEqual({ from: `${id}-01`, to })
})
