/**
 * The decisions of a sweep that stops trials early. A trial is decided in the order of the numbers: it waits until no earlier
 * one of its bracket can come to the same rung. The trials up to that place are remembered, so a pass costs what is new.
 */
import { LRUCache } from 'lru-cache'
import { sweepDirection } from '../../contract/sweep.js'
import type { AllSweeps, Decision, HalvedTrial, SweepDefinition, WaitingSweep } from '../ports/sweeps.js'
import { type Asha, bracketOf, Rung, rungEpochs } from './halving.js'

interface Level {
  rung: Rung
  /** The trials of the bracket before this place are recorded at the rung, or cannot come to it. */
  place: number
}

interface Bracket {
  /** The epochs of the rungs. */
  at: readonly number[]
  /** Numbers of the trials, ascending. */
  members: number[]
  levels: readonly Level[]
}

type Decided = Omit<Decision, 'rung' | 'pauseAfter'> & { trial: number }

class Decisions {
  /** Trials that have ended, wait, or were decided before. The others are unfinished. */
  readonly #known = new Map<number, HalvedTrial>()
  readonly #open = new Set<number>()
  readonly #brackets: readonly Bracket[]
  #created = 0

  constructor(
    private readonly search: Asha,
    private readonly definition: Pick<SweepDefinition, 'epochs' | 'metric'>,
  ) {
    const { epochs, metric } = definition
    this.#brackets = Array.from({ length: search.brackets }, (_, bracket) => {
      const at = rungEpochs(search, epochs, bracket)
      const levels = at.map(() => ({ rung: new Rung(sweepDirection[metric], search.reduction), place: 0 }))
      return { at, members: [], levels }
    })
  }

  /** The numbers of the trials that must be read: new ones, and those that ended or were decided. */
  changed({ created, unfinished, waiting }: WaitingSweep): number[] {
    const [open, waits] = [new Set(unfinished), new Set(waiting.map(({ trial }) => trial))]
    const older = [...this.#open].filter(
      (trial) => !open.has(trial) || this.#known.get(trial)?.state === 'waiting',
    )
    const fresh = Array.from(
      { length: Math.max(0, created - this.#created) },
      (_, index) => this.#created + index + 1,
    )
    return [...older, ...fresh].filter((trial) => !waits.has(trial))
  }

  /** @param read those of `changed` that were found; the others were refused or deleted */
  update({ created, waiting }: WaitingSweep, changed: readonly number[], read: readonly HalvedTrial[]): void {
    for (; this.#created < created; this.#created++) {
      const trial = this.#created + 1
      this.#open.add(trial)
      this.#brackets[bracketOf(this.search, this.definition.epochs, trial)].members.push(trial)
    }
    const found = new Map([...read, ...waiting].map((trial) => [trial.trial, trial]))
    for (const trial of changed) {
      if (!found.has(trial)) this.#set({ trial, jobId: '', state: 'ended', rungs: [], score: null })
    }
    for (const trial of found.values()) this.#set(trial)
  }

  #set(trial: HalvedTrial): void {
    this.#known.set(trial.trial, trial)
    if (trial.state === 'ended') this.#open.delete(trial.trial)
  }

  /** The decisions that can be made now. They count as made when `update` confirms them. */
  decide(): Decision[] {
    return this.#brackets.flatMap((bracket) => {
      const stopped = new Set<number>()
      return bracket.levels.flatMap((level, index) => {
        const decided = this.#decideLevel(bracket.members, level, index, stopped)
        for (const { trial, action } of decided) if (action === 'stop') stopped.add(trial)
        const pauseAfter = bracket.at[index + 1] ?? null
        return decided.map(({ trial: _, ...decision }) => ({ ...decision, rung: index, pauseAfter }))
      })
    })
  }

  #decideLevel(
    members: readonly number[],
    level: Level,
    index: number,
    stopped: ReadonlySet<number>,
  ): Decided[] {
    const decided: Decided[] = []
    /** Scores after the first trial that is not confirmed. */
    const unconfirmed: number[] = []
    let isConfirmed = true
    for (let place = level.place; place < members.length; place++) {
      const trial = members[place]
      const known = this.#known.get(trial)
      const earlier = known?.rungs[index]
      if (earlier !== undefined) {
        level.rung.record(earlier)
        if (!isConfirmed) unconfirmed.push(earlier)
      } else if (stopped.has(trial)) isConfirmed = false
      else if (known?.state !== 'ended') {
        if (known?.state !== 'waiting' || known.rungs.length < index) break
        const { jobId, score } = known
        if (score === null) throw new Error(`trial ${trial} has no metric at decision ${index + 1}`)
        decided.push({ trial, jobId, score, action: level.rung.decide(score) })
        isConfirmed = false
        unconfirmed.push(score)
      }
      if (isConfirmed) level.place = place + 1
    }
    for (const score of unconfirmed) level.rung.forget(score)
    return decided
  }
}

/** Sweeps whose trials are kept in memory. */
const rememberedSweeps = 16

/** The decisions of many sweeps. */
export class SweepDecisions {
  readonly #sweeps = new LRUCache<string, Decisions>({ max: rememberedSweeps })

  constructor(private readonly sweeps: Pick<AllSweeps, 'halvedTrials'>) {}

  /** Those that can be made now. */
  async next(sweep: WaitingSweep): Promise<Decision[]> {
    const decisions = this.#sweeps.get(sweep.id) ?? openDecisions(sweep.definition())
    if (decisions === null) return []
    this.#sweeps.set(sweep.id, decisions)
    const changed = decisions.changed(sweep)
    const read = changed.length === 0 ? [] : await this.sweeps.halvedTrials(sweep.id, changed)
    decisions.update(sweep, changed, read)
    return decisions.decide()
  }
}

function openDecisions(definition: SweepDefinition): Decisions | null {
  const { search } = definition
  return search.type === 'asha' ? new Decisions(search, definition) : null
}
