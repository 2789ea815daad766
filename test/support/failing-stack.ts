/** A stack whose steps fail, and what a failed start left open. */
import pg from 'pg'
import { AsyncDisposableStack } from '../../src/base/async-disposable-stack.js'
import { eventually } from './service.js'

/** Throws after the step with this number. Its closes may throw, too. */
export class FailingStack extends AsyncDisposableStack {
  readonly closed: number[] = []
  steps = 0

  constructor(
    private readonly failingStep: number,
    private readonly failingCloses = false,
  ) {
    super()
  }

  override defer(dispose: () => unknown): void {
    this.steps++
    const step = this.steps
    super.defer(async () => {
      await dispose()
      this.closed.push(step)
      if (this.failingCloses) throw new Error(`close of step ${step}`)
    })
    if (step === this.failingStep) throw new Error(`step ${step}`)
  }
}

export const descending = (from: number) => Array.from({ length: from }, (_, index) => from - index)

/** Sockets, servers, timers and threads that keep this process alive, by kind. */
export function activeResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /TCP|Timeout|MessagePort|Worker|Process/.test(kind))
    .toSorted()
}

/** Waits until no connection to the database is left, and no more resources than `before`. */
export async function expectNothingOpen(connectionString: string, before: string[]): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await eventually(async () => {
      const { rows } = await client.query(
        'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
      return rows.length === 0 ? true : undefined
    })
  } finally {
    await client.end()
  }
  await eventually(async () => (activeResources().length <= before.length ? true : undefined))
}
