/** How often the views of a workshop load, and when it ends. */
export const pollMilliseconds = 2_000

export const hasEnded = (expiresAt: string) => Date.parse(expiresAt) <= Date.now()

/** `Ends at 14:30`, with the day unless it is today. */
export function endText(expiresAt: string): string {
  const end = new Date(expiresAt)
  if (hasEnded(expiresAt)) return 'Has ended'
  const time = end.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  const isToday = end.toDateString() === new Date().toDateString()
  const date = end.toLocaleDateString('en', { weekday: 'short', month: 'short', day: 'numeric' })
  return isToday ? `Ends at ${time}` : `Ends on ${date} at ${time}`
}
