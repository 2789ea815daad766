/**
 * The adversary, in a separate process, so that its work does not delay the measurements. Its priority is below that of
 * the service, because an adversary has another machine. It reports how many rounds it completed.
 */
import { constants, setPriority } from 'node:os'
import { lowerHelperThreads } from '../../src/base/low-priority.js'
import { HttpClient } from '../http-client.js'
import { answerMessages } from '../service/bench-process.js'
import type { Attack } from './attack.js'
import { attacks } from './attacks.js'
import { type AttackFixtures, prepareFixtures } from './fixtures.js'

export type Order =
  | { type: 'prepare'; url: string; key: string }
  | { type: 'begin'; names: readonly string[] }
  | { type: 'end' }

/** Rounds of all lanes until the end of the attacks. */
export interface Answer {
  rounds: number
}

type Prepared = Awaited<ReturnType<Attack['prepare']>>

interface Running {
  stop(): Promise<void>
}

setPriority(constants.priority.PRIORITY_LOW)
await lowerHelperThreads(constants.priority.PRIORITY_LOW)

let fixtures: AttackFixtures | undefined
/** Since the attacks began. */
let rounds = 0
let running: Running[] = []

function begin(attack: Attack, { round, end }: Prepared, on: AttackFixtures): Running {
  let stopping = false
  const lanes = Array.from({ length: attack.lanes }, async (_, lane) => {
    while (!stopping) {
      await round(lane)
      rounds++
    }
  })
  return {
    async stop() {
      stopping = true
      // Disconnects like a client that does not wait for answers.
      on.client.breakConnections()
      await Promise.all(lanes)
      await end?.()
    },
  }
}

answerMessages(async (order: Order): Promise<Answer> => {
  switch (order.type) {
    case 'prepare':
      fixtures = await prepareFixtures(new HttpClient(order.url, order.key))
      break
    case 'begin': {
      const on = fixtures
      if (on === undefined) throw new Error('the adversary has not prepared')
      rounds = 0
      const prepared: [Attack, Prepared][] = []
      for (const name of order.names) prepared.push([attacks[name], await attacks[name].prepare(on)])
      running = prepared.map(([attack, rounds]) => begin(attack, rounds, on))
      break
    }
    case 'end': {
      const done = rounds
      await Promise.all(running.map((attack) => attack.stop()))
      running = []
      return { rounds: done }
    }
    default:
      order satisfies never
  }
  return { rounds }
})
