/** Pages of lists whose rows are large. */
import { expect, it } from 'vitest'
import { fitPage } from '../../src/store/pages.js'

const kilobyte = 1024

it('ends a page before the row that would exceed 128 KiB', () => {
  const rows = [100, 28, 1].map((kilobytes) => ({ bytes: kilobytes * kilobyte }))
  expect(fitPage(rows)).toEqual(rows.slice(0, 2))
})

it('shows a row that is larger than a page alone', () => {
  const rows = [129, 1].map((kilobytes) => ({ bytes: kilobytes * kilobyte }))
  expect(fitPage(rows)).toEqual(rows.slice(0, 1))
})
