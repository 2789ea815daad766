/** Dates of datasets as cells of prediction requests. */
const millisecondsOfDay = 86_400_000

/** Days since 1970-01-01 UTC as a text such as 2024-01-31, with the time of day if there is one. Null outside of years 1 to 9999. */
export function textOfDays(days: number): string | null {
  const date = new Date(Math.round(days * millisecondsOfDay))
  const year = date.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) return null
  const text = date.toISOString()
  return Number.isInteger(days) ? text.slice(0, 10) : text
}
