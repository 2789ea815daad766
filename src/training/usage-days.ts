/** The days of a query of usage. */
import { Problem } from '../contract/problems.js'
import { maximumUsageDays, type UsageDays } from '../contract/usage.js'

const millisecondsPerDay = 86_400_000

/**
 * Without `to`, the days end today. Without `from`, they begin with the month.
 * @throws Problem `invalid-request` if there are none or too many
 */
export function usageDays(given: { from?: string | undefined; to?: string | undefined }): UsageDays {
  const { to = new Date().toISOString().slice(0, 10) } = given
  const { from = `${to.slice(0, 7)}-01` } = given
  const days = (Date.parse(to) - Date.parse(from)) / millisecondsPerDay + 1
  if (days < 1) throw invalidFrom(`must not be after the last day, ${to}`)
  if (days > maximumUsageDays) {
    throw invalidFrom(`must leave at most ${maximumUsageDays} days up to ${to}: these are ${days}`)
  }
  return { from, to }
}

function invalidFrom(message: string): Problem {
  return new Problem('invalid-request', `/from: ${message}`, [{ pointer: '/from', message }])
}
