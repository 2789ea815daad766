/** Compares the ordinary tenant's visits undisturbed and under attack, by turns. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { projectFolder } from '../../examples/service.js'
import { Helper } from '../service/helper.js'
import type { Answer, Order } from './adversary.process.js'
import { type Action, actions, median, medianLatency, OrdinaryTenant, type Visit } from './ordinary.js'
import type { TwoKeys } from './tenants.js'

/** What the service needs beside its database: the receiver of the webhooks is on this machine. */
export const trialSettings = {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_KEYS: randomBytes(32).toString('base64'),
  MAXIMUM_QUEUED_JOBS: '1000',
  LOG_LEVEL: 'error',
}

/** Until the first requests of an attack are well under way, and until the last ones are done. */
const settleMilliseconds = 1_000
const program = pathToFileURL(join(projectFolder, 'dist', 'bench', 'adversary', 'adversary.process.js')).href

export interface Comparison {
  name: string
  /** Rounds of the attack that the adversary did. */
  attacksPerSecond: number
  undisturbed: Visit
  attacked: Visit
  /** Of the medians, all actions alike. */
  ratio: number
  ratios: Record<Action, number>
  trainingRatio: number
}

export interface Trial {
  /** @param names of attacks, all at once */
  compare(name: string, names: readonly string[], rounds: number): Promise<Comparison>
  stop(): Promise<void>
}

export async function startTrial(url: string, keys: TwoKeys): Promise<Trial> {
  const adversary = new Helper<Order, Answer>(program)
  try {
    await adversary.ask({ type: 'prepare', url, key: keys.adversary })
    const ordinary = await OrdinaryTenant.open(url, keys.ordinary)
    return {
      async compare(name, names, rounds) {
        const before = await ordinary.visit(Math.ceil(rounds / 2))
        await adversary.ask({ type: 'begin', names })
        const began = performance.now()
        await sleep(settleMilliseconds)
        const attacked = await ordinary.visit(rounds)
        const seconds = (performance.now() - began) / 1_000
        const { rounds: attacks } = await adversary.ask({ type: 'end' })
        await sleep(settleMilliseconds)
        const after = await ordinary.visit(Math.ceil(rounds / 2))
        return comparison({ name, attacksPerSecond: attacks / seconds }, joined(before, after), attacked)
      },
      async stop() {
        ordinary.close()
        await adversary.stop()
      },
    }
  } catch (error) {
    await adversary.stop()
    throw error
  }
}

function joined(a: Visit, b: Visit): Visit {
  const latencies = { ...a.latencies }
  for (const action of actions) latencies[action] = [...a.latencies[action], ...b.latencies[action]]
  return {
    latencies,
    refusals: [...a.refusals, ...b.refusals],
    trainings: [...a.trainings, ...b.trainings],
  }
}

function comparison(
  of: Pick<Comparison, 'name' | 'attacksPerSecond'>,
  undisturbed: Visit,
  attacked: Visit,
): Comparison {
  const ratioOf = (action: Action) =>
    median(attacked.latencies[action]) / median(undisturbed.latencies[action])
  return {
    ...of,
    undisturbed,
    attacked,
    ratio: medianLatency(attacked) / medianLatency(undisturbed),
    ratios: {
      create: ratioOf('create'),
      look: ratioOf('look'),
      predict: ratioOf('predict'),
      list: ratioOf('list'),
    },
    trainingRatio: median(attacked.trainings) / median(undisturbed.trainings),
  }
}
