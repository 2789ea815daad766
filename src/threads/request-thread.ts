/** Computes in a thread what would block the event loop of an API process. */
import { TenantTurns } from '../base/tenant-turns.js'
import type { BodyThread } from '../bodies/body-thread.js'
import type { RequestThread } from '../training/ports/request-thread.js'
import { CallableThread, requireAnswer } from './callable-thread.js'
import type { FromRequestThread, ToRequestThread } from './messages.js'

type Answer<Type> = Extract<FromRequestThread, { type: Type }>

export function openRequestThread(): RequestThread & BodyThread & { close(): Promise<void> } {
  const thread = new CallableThread<ToRequestThread, FromRequestThread>('./request.thread.js')
  // The thread has the next body while it reads one. Another tenant waits for these two at most.
  const bodies = new TenantTurns({ what: 'large JSON bodies', atOnce: 2, perTenant: 2, seconds: 30 })

  async function call<Type extends FromRequestThread['type']>(
    type: Type,
    order: (callId: number) => ToRequestThread,
  ): Promise<Answer<Type>> {
    return requireAnswer<FromRequestThread, Type>(await thread.call(order), type)
  }

  return {
    read: (body, { tenantId, signal }) =>
      bodies.run(
        tenantId,
        async () => (await call('body', (callId) => ({ type: 'body', callId, body }))).answer,
        signal,
      ),
    async describe(dataset) {
      const { columns, rows } = await call('described', (callId) => ({
        type: 'describe',
        callId,
        dataset,
      }))
      return { columns, rows }
    },
    async rows(dataset, numbers) {
      return (await call('rows', (callId) => ({ type: 'rows', callId, dataset, numbers }))).rows
    },
    async construct(form) {
      return (await call('constructed', (callId) => ({ type: 'construct', callId, form }))).network
    },
    async prepare(rows, preparation) {
      const order = (callId: number) => ({ type: 'prepare' as const, callId, rows, preparation })
      return (await call('prepared', order)).outcome
    },
    close: () => thread.close(),
  }
}
