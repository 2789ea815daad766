/** The prediction of a model for what the reader enters. */
import { useEffect, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { PageError, type Problem, toProblem } from '../api/problem.js'
import type { Model, Prediction } from '../api/types.js'

const debounceMilliseconds = 120

export type Cell = number | string | boolean | null
type Input = Cell[] | File

export const isComplete = (row: (Cell | undefined)[] | File | null): row is Input =>
  row !== null && (row instanceof File || !row.includes(undefined))

/** Predicts when the input has not changed for a moment, and again when the threshold changes. */
export function usePrediction(model: Model, input: Input | null) {
  const [prediction, setPrediction] = useState<Prediction | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const key = input instanceof File ? input : JSON.stringify(input)
  useEffect(() => {
    if (input === null) return
    let isCancelled = false
    const timer = setTimeout(() => {
      predict(model.id, input).then(
        (result) => {
          if (isCancelled) return
          setPrediction(result)
          setProblem(null)
        },
        (error) => {
          if (!isCancelled) setProblem(toProblem(error))
        },
      )
    }, debounceMilliseconds)
    return () => {
      isCancelled = true
      clearTimeout(timer)
    }
  }, [key, model.id, model.threshold])
  /** Predicts at once, such as for a frame of the camera, and resolves when the answer is shown. */
  const predictNow = async (file: File) => {
    try {
      setPrediction(await predict(model.id, file))
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    }
  }
  return { prediction, problem, predictNow }
}

/** @throws Problem if the request fails or the row is invalid. */
async function predict(id: string, input: Input): Promise<Prediction | null> {
  const { predictions, errors = [] } =
    input instanceof File ? await client.models.predict(id, input) : await client.models.predict(id, [input])
  const [first] = errors
  if (first !== undefined) throw new PageError('invalid-input', first.message, errors)
  return predictions[0] ?? null
}
