/** Compares sessions of the ordinary tenant before, during and after an attack. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { projectFolder } from '../../examples/service.js'
import { BenchProcess } from '../service/bench-process.js'
import type { Answer, Order } from './adversary.process.js'
import {
  type Action,
  actions,
  median,
  medianLatency,
  OrdinaryTenant,
  type TenantSession,
} from './ordinary-tenant.js'
import type { TwoKeys } from './tenants.js'

/** The settings of the service. The receiver of the webhooks is on this machine. */
export const trialSettings = {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_KEYS: randomBytes(32).toString('base64'),
  MAXIMUM_QUEUED_JOBS: '1000',
  LOG_LEVEL: 'error',
}

/** The time for the first requests of an attack to start, and for the last ones to end. */
const settleMilliseconds = 1_000
const program = pathToFileURL(join(projectFolder, 'dist', 'bench', 'adversary', 'adversary.process.js')).href

export interface Comparison {
  name: string
  /** Rounds of the attack per second. */
  attacksPerSecond: number
  undisturbed: TenantSession
  attacked: TenantSession
  /** Ratio of the medians of all requests. */
  ratio: number
  ratios: Record<Action, number>
  trainingRatio: number
}

export interface Trial {
  /** @param names attacks that run at the same time */
  compare(name: string, names: readonly string[], rounds: number): Promise<Comparison>
  stop(): Promise<void>
}

export async function startTrial(url: string, keys: TwoKeys): Promise<Trial> {
  const adversary = new BenchProcess<Order, Answer>(program)
  try {
    await adversary.ask({ type: 'prepare', url, key: keys.adversary })
    const ordinary = await OrdinaryTenant.open(url, keys.ordinary)
    return {
      async compare(name, names, rounds) {
        const before = await ordinary.runSession(Math.ceil(rounds / 2))
        await adversary.ask({ type: 'begin', names })
        const began = performance.now()
        await sleep(settleMilliseconds)
        const attacked = await ordinary.runSession(rounds)
        const seconds = (performance.now() - began) / 1_000
        const { rounds: attacks } = await adversary.ask({ type: 'end' })
        await sleep(settleMilliseconds)
        const after = await ordinary.runSession(Math.ceil(rounds / 2))
        return createComparison(
          { name, attacksPerSecond: attacks / seconds },
          mergeSessions(before, after),
          attacked,
        )
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

function mergeSessions(a: TenantSession, b: TenantSession): TenantSession {
  const latencies = { ...a.latencies }
  for (const action of actions) latencies[action] = [...a.latencies[action], ...b.latencies[action]]
  return {
    latencies,
    refusals: [...a.refusals, ...b.refusals],
    trainings: [...a.trainings, ...b.trainings],
  }
}

function createComparison(
  measured: Pick<Comparison, 'name' | 'attacksPerSecond'>,
  undisturbed: TenantSession,
  attacked: TenantSession,
): Comparison {
  const computeRatio = (action: Action) =>
    median(attacked.latencies[action]) / median(undisturbed.latencies[action])
  return {
    ...measured,
    undisturbed,
    attacked,
    ratio: medianLatency(attacked) / medianLatency(undisturbed),
    ratios: {
      create: computeRatio('create'),
      read: computeRatio('read'),
      predict: computeRatio('predict'),
      list: computeRatio('list'),
    },
    trainingRatio: median(attacked.trainings) / median(undisturbed.trainings),
  }
}
