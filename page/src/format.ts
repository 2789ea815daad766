/** Formats numbers, durations and sizes. */

const significant = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })
const grouped = new Intl.NumberFormat('en')

/** Four significant digits. Values below 0.001 or from `large` on use scientific notation. */
export function short(value: number | null | undefined, large = 1e7): string {
  if (value === null || value === undefined) return '–'
  if (value === 0) return '0'
  const size = Math.abs(value)
  return size < 1e-3 || size >= large
    ? value.toExponential(2).replace(/\.?0+e/, 'e')
    : significant.format(value)
}

export const whole = (value: number) => grouped.format(value)

export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  return `${value === 0 || value === 1 ? 100 * value : (100 * value).toFixed(1)} %`
}

/** Formats milliseconds as a duration. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1_000
  if (seconds < 1) return `${Math.max(1, Math.round(milliseconds))} ms`
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Whole seconds, or whole minutes from two minutes. */
export function roughDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000)
  return seconds < 120 ? `${seconds} s` : duration(60_000 * Math.round(seconds / 60)).replace(' 0 s', '')
}

/** A suitable unit for this many seconds. */
export function timeUnit(seconds: number): { name: 'seconds' | 'minutes' | 'hours'; seconds: number } {
  if (seconds < 180) return { name: 'seconds', seconds: 1 }
  return seconds < 10_800 ? { name: 'minutes', seconds: 60 } : { name: 'hours', seconds: 3_600 }
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let [value, unit] = [count, 0]
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** The time since then, or the date if it is more than a day ago. */
export function ago(time: string): string {
  const milliseconds = Date.now() - Date.parse(time)
  if (milliseconds < 10_000) return 'just now'
  if (milliseconds < 86_400_000) return `${duration(milliseconds).split(' ').slice(0, 2).join(' ')} ago`
  return new Date(time).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' })
}

export const plural = (count: number, one: string, many = `${one}s`) =>
  `${whole(count)} ${count === 1 ? one : many}`

/** Days since 1970-01-01 as a date. */
export function day(days: number): string {
  const date = new Date(86_400_000 * days)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10)
}
