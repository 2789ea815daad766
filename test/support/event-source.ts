import { EventSource } from 'eventsource'
import { onTestFinished } from 'vitest'

/** An EventSource that records the requests of its connections. It is closed when the test has finished. */
export function openEventSource(url: string) {
  const connections: { lastEventId: string | null; status: number }[] = []
  const source = new EventSource(url, {
    fetch: async (address, options) => {
      const answer = await fetch(address, options)
      const lastEventId = new Headers(options?.headers).get('last-event-id')
      connections.push({ lastEventId, status: answer.status })
      return answer
    },
  })
  onTestFinished(() => source.close())
  return { source, connections }
}
