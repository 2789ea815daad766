/**
 * The adversary, in a process of its own, so that its work is not in the latencies that the other process measures. Its own
 * machine would do that work: here it yields to the service, and says how much it did.
 */
import { constants, setPriority } from 'node:os'
import { Caller } from '../caller.js'
import { answerMessages } from '../service/helper.js'
import { type Attack, attacks } from './attacks.js'
import { type Ground, prepareGround } from './ground.js'

export type Order =
  | { type: 'prepare'; url: string; key: string }
  | { type: 'begin'; names: readonly string[] }
  | { type: 'end' }

/** Rounds of all lanes that were done before the attacks end. */
export interface Answer {
  rounds: number
}

type Prepared = Awaited<ReturnType<Attack['prepare']>>

interface Running {
  stop(): Promise<void>
}

setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

let ground: Ground | undefined
/** Since the attacks began. */
let rounds = 0
let running: Running[] = []

function begin(attack: Attack, { round, end }: Prepared, on: Ground): Running {
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
      // What is under way is not waited for, as by a client that goes.
      on.caller.breakConnections()
      await Promise.all(lanes)
      await end?.()
    },
  }
}

answerMessages(async (order: Order): Promise<Answer> => {
  switch (order.type) {
    case 'prepare':
      ground = await prepareGround(new Caller(order.url, order.key))
      break
    case 'begin': {
      const on = ground
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
