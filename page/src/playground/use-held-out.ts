/** Which rows of the playground its run trains on, and which it holds out. */
import type { Descent } from '../../../sdk/src/index.js'
import type { Job } from '../api/types.js'
import { useQuery } from '../components/use-query.js'
import { maximumRows } from './data.js'
import type { HeldOut, Part } from './losses.js'

const none: HeldOut = new Map()

/** Empty until the answer, and if the run holds no rows out. */
export function useHeldOut(job: Job | null): HeldOut {
  const wanted: Part[] = [
    ...((job?.spec.validationSplit ?? 0) > 0 ? (['validation'] as const) : []),
    ...((job?.spec.testSplit ?? 0) > 0 ? (['test'] as const) : []),
  ]
  const id = job?.id ?? ''
  const key = wanted.length === 0 ? null : id
  return useQuery(key, (client) => readParts(client, id, wanted)).value ?? none
}

async function readParts(client: Descent, id: string, wanted: readonly Part[]): Promise<HeldOut> {
  const found = await Promise.all(
    wanted.map(async (split) => {
      const { numbers } = await client.request('GET /jobs/{id}/rows', {
        path: { id },
        query: { split, limit: maximumRows },
      })
      return numbers.map((number) => [number, split] as const)
    }),
  )
  return new Map(found.flat())
}
