import type { Repeat, Repeats } from '../../contract/repeats.js'
import type { Sweep, SweepRequest, SweepSummary, Trial } from '../../contract/sweep.js'
import type { Choices } from '../sweeps/choices.js'
import type { Actor } from './audit.js'
import type { Once } from './idempotency.js'
import type { NewJob } from './jobs.js'
import type { Origin, StoredTrace } from './origin.js'
import type { ListPage, Page } from './pages.js'
import type { Tenanted } from './tenants.js'

/** What a sweep varies, and how. It never changes. */
export interface SweepDefinition extends Omit<SweepRequest, 'name' | 'parallelism'> {
  parallelism: number
  /** Of the first trial of a point whose spec has no seed. */
  seed: number
  /** Of each trial. */
  epochs: number
}

export interface NewSweep extends Origin {
  id: string
  name: string | null
  definition: SweepDefinition
  trials: number
}

/** The trials that repeat a job. */
export interface JobTrials extends Pick<Repeats, 'sweepId' | 'status' | 'repeats' | 'folds' | 'total'> {
  /** Those that exist, by number. */
  trials: Repeat[]
}

/** The sweeps of one tenant. */
export interface SweepStore {
  /** @throws Problem `too-many-sweeps`, or those of an Idempotency-Key */
  create(sweep: NewSweep, once?: Once): Promise<SweepSummary>
  get(id: string): Promise<Sweep | null>
  /** Null if there is no such sweep. */
  trace(id: string): Promise<StoredTrace | null>
  /** Newest first. */
  list(page: ListPage): Promise<Page<SweepSummary>>
  /** By number; null if there is no such sweep. Trials whose job was deleted are missing, and so are refused ones. */
  trials(id: string, page: ListPage): Promise<Page<Trial> | null>
  /** Pauses, resumes or cancels the sweep and its unfinished jobs. False if its status does not allow it. */
  pause(id: string): Promise<boolean>
  resume(id: string): Promise<boolean>
  cancel(id: string): Promise<boolean>
  /** The trials of a job with repeats or folds; null for another job. */
  trialsOfJob(jobId: string): Promise<JobTrials | null>
  /** Deletes a finished sweep; its jobs stay. */
  delete(id: string, actor?: Actor | null): Promise<boolean>
}

/** A running sweep that has trials to create. */
export interface DueSweep extends Omit<NewSweep, 'name'> {
  tenantId: string
  name: string | null
  /** The number of the last trial that was created or refused. */
  created: number
  /** How many trials may be created now. */
  room: number
}

/** A trial that the values of its point do not allow. */
export interface RefusedTrial {
  trial: number
  message: string
}

/** A point of a search whose points depend on results. */
export interface ChosenPoint {
  point: number
  choices: Choices
}

export interface PointResult extends ChosenPoint {
  /** Whether all of its trials have ended. */
  isEnded: boolean
  /** Whether a trial was refused or failed. */
  isBad: boolean
  /** The mean score; null unless all of its trials succeeded. */
  score: number | null
}

/** Trials to store. */
export interface PlannedTrials {
  jobs: readonly NewJob[]
  refused: readonly RefusedTrial[]
  /** Those of their points whose choices must be stored. */
  points: readonly ChosenPoint[]
}

/** A trial of a search that stops trials early. */
export interface HalvedTrial {
  trial: number
  jobId: string
  /** Waits for a decision, may still come to one, or has ended. */
  state: 'waiting' | 'unfinished' | 'ended'
  /** The metric at its earlier decisions. */
  rungs: readonly number[]
  /** The metric after the last epoch. */
  score: number | null
}

/** A sweep of which trials wait for decisions. */
export interface WaitingSweep {
  id: string
  tenantId: string
  /** The number of the last trial that was created or refused. */
  created: number
  /** Numbers of the trials that have not ended. */
  unfinished: readonly number[]
  /** Those of them that wait. */
  waiting: readonly HalvedTrial[]
  definition(): SweepDefinition
}

/** After a rung, a trial goes on or is stopped. */
export interface Decision {
  jobId: string
  /** The index of the rung: the number of decisions of the trial before. */
  rung: number
  /** The metric at the rung. */
  score: number
  action: 'continue' | 'stop'
  /** The epoch after which a continued trial waits again; null for none. */
  pauseAfter: number | null
}

/** The sweeps of all tenants. */
export interface AllSweeps extends Tenanted<SweepStore> {
  /** Running sweeps of which trials can be created, oldest first. */
  due(): Promise<Pick<DueSweep, 'id' | 'tenantId'>[]>
  /** Null if no trial of it can be created now. */
  dueSweep(id: string): Promise<DueSweep | null>
  /**
   * Stores the trials after `sweep.created`, up to the number `last`. Several processes may do this: only one of them
   * stores a trial. If a limit of the tenant leaves room for some only, the others are left for later.
   * @returns the number of jobs stored
   */
  addTrials(sweep: DueSweep, last: number, planned: PlannedTrials): Promise<number>
  /** Stored points after number `after`, by number. */
  points(sweepId: string, after: number): Promise<PointResult[]>
  /** Running sweeps of which trials wait for decisions. */
  waiting(): Promise<WaitingSweep[]>
  /** Trials by number, without refused and deleted ones. */
  halvedTrials(sweepId: string, numbers: readonly number[]): Promise<HalvedTrial[]>
  /** Resumes and cancels trials that wait for a decision, unless the sweep is no longer running. */
  decide(sweepId: string, decisions: readonly Decision[]): Promise<void>
  /** Ends sweeps whose trials have all ended, and the creation of trials of sweeps over their budget. */
  finish(): Promise<void>
  /** Whether any sweep is running. */
  anyRunning(): Promise<boolean>
}
