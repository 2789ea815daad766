/** Pools the evaluations of folds: the figures of all out-of-fold predictions together. */
import type { Evaluation } from '../../contract/evaluation.js'
import type { Pooled } from '../../contract/repeats.js'

type Of<Type extends Evaluation['type']> = Evaluation & { type: Type }

/** Null if there are none, or if they are not of the same rows or classes. */
export function poolEvaluations(evaluations: readonly Evaluation[]): Pooled | null {
  const count = sum(evaluations.map(answered))
  const one = <Type extends Evaluation['type']>(type: Type) =>
    evaluations.filter((each): each is Of<Type> => each.type === type)
  const [first] = evaluations
  if (first === undefined || one(first.type).length < evaluations.length) return null
  switch (first.type) {
    case 'classification':
      return poolClasses(one('classification'), count)
    case 'multiLabel':
      return poolLabels(one('multiLabel'), count)
    case 'regression':
      return poolTargets(one('regression'), count)
    default:
      return first satisfies never
  }
}

const answered = ({ count, unanswered }: Evaluation) => count - unanswered

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

function poolClasses(all: readonly Of<'classification'>[], count: number): Pooled | null {
  const [{ classes }] = all
  if (all.some((each) => each.classes.join() !== classes.join())) return null
  const right = sum(all.map((each) => each.right))
  const confusion = addMatrices(all.map((each) => each.confusion))
  return { type: 'classification', count, classes, confusion, accuracy: count === 0 ? null : right / count }
}

function poolLabels(all: readonly Of<'multiLabel'>[], count: number): Pooled {
  const labels = all[0].labels.map(({ name }, index) => ({
    name,
    confusion: addMatrices(all.map(({ labels: each }) => each[index].confusion)) ?? [],
  }))
  return { type: 'multiLabel', count, labels }
}

/** Null if one is. */
function addMatrices(matrices: readonly (readonly number[][] | null)[]): number[][] | null {
  const present = matrices.filter((each) => each !== null)
  if (present.length < matrices.length) return null
  return present[0].map((row, i) => row.map((_, j) => sum(present.map((each) => each[i][j]))))
}

function poolTargets(all: readonly Of<'regression'>[], count: number): Pooled {
  const targets = all[0].targets.map(({ name }, index) => {
    const folds = all.map((each) => ({ rows: answered(each), ...each.targets[index] }))
    const total = (value: (fold: (typeof folds)[number]) => number | null) => {
      const values = folds.filter(({ rows }) => rows > 0).map((fold) => ({ ...fold, value: value(fold) }))
      if (count === 0 || values.some((each) => each.value === null)) return null
      return sum(values.map((each) => each.rows * (each.value ?? 0)))
    }
    const squares = total(({ rmse }) => (rmse === null ? null : rmse ** 2))
    const absolute = total(({ mae }) => mae)
    const sums = total(({ truth }) => truth?.mean ?? null)
    // Within the folds, and of their means around the mean of all rows.
    const spread =
      sums === null
        ? null
        : total(({ truth }) =>
            truth === null ? null : truth.deviation ** 2 + (truth.mean - sums / count) ** 2,
          )
    return {
      name,
      rmse: squares === null ? null : Math.sqrt(squares / count),
      mae: absolute === null ? null : absolute / count,
      r2: squares === null || spread === null || spread === 0 ? null : 1 - squares / spread,
    }
  })
  return { type: 'regression', count, targets }
}
