/** Months in UTC, by which usage is shown. */

interface Month {
  /** `2026-11` */
  id: string
  name: string
}

/** The month of `now` and those before it, newest first. */
export function lastMonths(count: number, now = new Date()): Month[] {
  const format = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return Array.from({ length: count }, (_, index) => {
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - index, 1))
    return { id: first.toISOString().slice(0, 7), name: format.format(first) }
  })
}

/** The first and last day of a month. */
export function daysOfMonth(id: string): { from: string; to: string } {
  const from = `${id}-01`
  const next = new Date(from)
  const last = new Date(Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 0))
  return { from, to: last.toISOString().slice(0, 10) }
}
