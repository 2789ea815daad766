/** Faults in sweeps, repeats, forks and diagnoses. */
const statistics = ['test/training/repeats/statistics.test.ts']
const kept = ['test/store/kept-checkpoints.test.ts']

export const experiments = [
  {
    file: 'src/training/sweeps/tpe.ts',
    tests: ['test/training/sweeps/tpe.test.ts', 'test/training/sweeps/suggestions.test.ts'],
    faults: [
      [
        'const ratio = good.log(choice) - other.log(choice)',
        'const ratio = other.log(choice) - good.log(choice)',
      ],
      ['a.loss - b.loss', 'b.loss - a.loss'],
      ['attempt === attempts || !known.has', 'attempt >= 1 || !known.has'],
      ['.length >= search.randomPoints', '.length > search.randomPoints'],
    ],
  },
  {
    file: 'src/training/repeats/statistics.ts',
    tests: statistics,
    faults: [
      ['(1 / n + ratio)', '(1 / n)'],
      ['const degreesOfFreedom = n - 1', 'const degreesOfFreedom = n'],
      ['const sure = difference === 0 ? 1 : 0', 'const sure = 0'],
      ['squares / (n - 1)', 'squares / n'],
    ],
  },
  {
    file: 'src/training/repeats/pool.ts',
    tests: ['test/training/repeats/pool.test.ts'],
    faults: [
      ['count - unanswered', 'count'],
      ['truth.deviation ** 2 + (truth.mean - sums / count) ** 2', 'truth.deviation ** 2'],
      ['rmse ** 2', 'rmse'],
      ['each.classes.join() !== classes.join()', 'each.classes.length !== classes.length'],
      ['filter(({ rows }) => rows > 0)', 'filter(() => true)'],
    ],
  },
  {
    file: 'src/store/kept-checkpoints.ts',
    tests: kept,
    faults: [
      ['recency = 1 OR ', ''],
      ['AND seconds >= $2::float8 AND', 'AND'],
      ['seconds >= distance AND place = 1', 'seconds >= distance'],
      ['seconds >= distance AND place = 1', 'place = 1'],
      ['ORDER BY sequence) AS place', 'ORDER BY sequence DESC) AS place'],
      ['"finishedAt" DESC, "jobId"', '"finishedAt", "jobId"'],
      ['bytes IS NULL OR total > $4::float8', 'total > $4::float8'],
      ['const shareOfJob = 1 / 16', 'const shareOfJob = 1 / 8'],
    ],
  },
  {
    file: 'src/training/diagnosis/diagnose.ts',
    tests: ['test/training/diagnosis/patches.test.ts'],
    faults: [
      ['epoch: sinceEpoch - 1, changes: patch', 'epoch: sinceEpoch, changes: patch'],
      ["'l1', 'clipNorm']", "'l1', 'clipNorm', 'earlyStopping']"],
      ['sinceEpoch <= 1', 'sinceEpoch < 1'],
    ],
  },
]
