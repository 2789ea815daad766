/** Waiting for conditions instead of for a time, and times that grow with the load of the machine. */
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

const mostTimes = 4

/** The time, longer where more runs than the machine has cores: at most four times. */
export function underLoad(milliseconds: number): number {
  const load = loadavg()[0] / availableParallelism()
  return milliseconds * Math.min(mostTimes, Math.max(1, load))
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

/** Waits until the value is above 0 and has stayed the same for a while, and returns it. */
export async function settled(value: () => number, milliseconds = 500): Promise<number> {
  const quiet = underLoad(milliseconds)
  let seen = value()
  for (let since = Date.now(); seen === 0 || Date.now() - since < quiet; ) {
    await sleep(20)
    const now = value()
    if (now === seen) continue
    seen = now
    since = Date.now()
  }
  return seen
}
