/** Requests to the object store as names and values of tallies: `objects.put.success.2` and `objects.put.success.seconds`. */
import { type ObjectRequests, objectRequestBounds } from '../training/ports/service-metrics.js'

const prefix = 'objects'

/** Without counts of zero, so that few rows change. */
export function toTallies(requests: readonly ObjectRequests[]): Record<string, number> {
  const pairs = requests.flatMap(({ operation, outcome, seconds, counts }) => {
    const name = (part: string | number) => `${prefix}.${operation}.${outcome}.${part}`
    const counted = counts.flatMap((count, index) => (count === 0 ? [] : [[name(index), count] as const]))
    return [...counted, [name('seconds'), seconds] as const]
  })
  return Object.fromEntries(pairs)
}

export function fromTallies(tallies: ReadonlyMap<string, number>): ObjectRequests[] {
  const found = new Map<string, ObjectRequests>()
  for (const [name, value] of tallies) {
    const [kind, operation, outcome, part] = name.split('.')
    if (kind !== prefix) continue
    const key = `${operation}.${outcome}`
    const requests = found.get(key) ?? emptyRequests(operation, outcome)
    found.set(key, requests)
    if (part === 'seconds') requests.seconds = value
    else requests.counts[Number(part)] = value
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, requests]) => requests)
}

const emptyRequests = (operation: string, outcome: string): ObjectRequests => ({
  ...{ operation, outcome, seconds: 0 },
  counts: Array<number>(objectRequestBounds.length + 1).fill(0),
})
