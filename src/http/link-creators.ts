import type { FastifyRequest } from 'fastify'
import { storedSpan } from '../tracing/trace-context.js'
import type { StoredTrace } from '../training/ports/origin.js'

/** Less than a span may have. */
export const maximumLinks = 100

/** Links the span of a stream to those of the requests that created what it watches. */
export async function linkCreators(
  { span }: Pick<FastifyRequest, 'span'>,
  read: () => Promise<StoredTrace[]>,
): Promise<void> {
  if (span === null || !span.isRecording()) return
  for (const stored of await read()) {
    const context = storedSpan(stored)
    if (context !== null) span.addLink({ context })
  }
}

/** Links for the jobs that a stream watches by messages: the first `maximumLinks`, each once. */
export class JobLinks {
  readonly #linked = new Set<string>()

  constructor(
    private readonly request: Pick<FastifyRequest, 'span'>,
    private readonly read: (ids: readonly string[]) => Promise<StoredTrace[]>,
  ) {}

  async add(jobs: readonly { id: string }[]): Promise<void> {
    const ids = new Set(jobs.map(({ id }) => id).filter((id) => !this.#linked.has(id)))
    const linked = [...ids].slice(0, maximumLinks - this.#linked.size)
    if (linked.length === 0) return
    for (const id of linked) this.#linked.add(id)
    await linkCreators(this.request, () => this.read(linked))
  }
}
