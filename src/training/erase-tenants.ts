/** Deletes tenants whose deletion was requested: soon after the request, and at intervals for those of another process. */
import { type Passes, repeatPass } from './passes.js'
import type { TenantEraser } from './ports/tenant-eraser.js'

const intervals = { everyMilliseconds: 3_000, gatherMilliseconds: 50 }

export function eraseForever(
  eraser: Pick<TenantEraser, 'pending' | 'erase'>,
  onError: (error: unknown) => void,
): Passes {
  let isStopped = false

  /** An error of one tenant leaves the others. */
  async function erase(tenantId: string): Promise<void> {
    try {
      await eraser.erase(tenantId, () => isStopped)
    } catch (error) {
      if (!isStopped) onError(error)
    }
  }

  async function pass(): Promise<void> {
    try {
      let before = ''
      while (!isStopped) {
        const tenants = await eraser.pending()
        // A tenant waits for the participants of its workshops, which become pending with it.
        if (tenants.join() === before) return
        before = tenants.join()
        for (const tenantId of tenants) await erase(tenantId)
      }
    } catch (error) {
      if (!isStopped) onError(error)
    }
  }

  const passes = repeatPass(pass, intervals)
  return {
    wake: passes.wake,
    stop() {
      isStopped = true
      return passes.stop()
    },
  }
}
