import type {
  Leaderboard,
  LeaderboardMetric,
  ScoreProblem,
  StandingDetail,
} from '../../contract/leaderboard.js'

/** A run of a participant that has no score. */
export interface DueScore {
  jobId: string
  modelId: string
  /** The participant. */
  tenantId: string
  workshopId: string
  /** The tenant of the dataset. */
  teacherId: string
  leaderboard: Leaderboard
  /** From 1. */
  attempts: number
}

export type ScoreResult = { score: number } | { problem: ScoreProblem; detail: string | null }

export interface ScoreStore {
  /** Whether a workshop that has not expired has a leaderboard. */
  anyOpen(): Promise<boolean>
  /** Claims runs for a minute: of each participant the newest without a score, the oldest of these first. */
  claim(limit: number): Promise<DueScore[]>
  /** Stores nothing if the leaderboard changed since the claim. */
  record(due: DueScore, result: ScoreResult): Promise<void>
  /** The best run of each participant, best first. */
  standings(workshopId: string, metric: LeaderboardMetric): Promise<StandingDetail[]>
}
