/** Predicts while the reader enters values, or chooses or draws an image. */
import { useEffect, useState } from 'preact/hooks'
import { ApiError, post, predictImage } from '../api/client.js'
import type { Dataset, Model, Prediction } from '../api/types.js'
import { digitPixels } from '../components/digit-pad.js'
import { DateField, SelectField, TextField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { Meter } from '../components/meter.js'
import { ErrorNotice } from '../components/notice.js'
import { toApiError } from '../components/use-query.js'
import { percent, short, whole } from '../format.js'
import { ImageInput } from './image-input.js'

const debounceMilliseconds = 120
const maxFields = 64

type Feature = Model['coding']['features'][number]
type Cell = number | string | boolean | null

export function Predictor({ model, dataset }: { model: Model; dataset: Dataset | null }) {
  const { features, image } = model.coding
  const columns = new Map(dataset?.columns.map((column) => [column.name, column]))
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      features.map((feature) => [feature.name, initialValue(feature, columns.get(feature.name))]),
    ),
  )
  const [imageInput, setImageInput] = useState<number[] | File | null>(null)
  const isDrawable = features.length === digitPixels
  const takesImage = image !== undefined || isDrawable
  const hasFields = !takesImage && features.length <= maxFields
  const cells = features.map((feature) => parseCell(feature, values[feature.name] ?? ''))
  const row = takesImage ? imageInput : cells
  const { prediction, problem } = usePrediction(model, isComplete(row) ? row : null)
  return (
    <div class="columns predictor">
      <div class="card">
        <h2>Input</h2>
        {takesImage ? (
          <ImageInput
            image={image}
            drawable={isDrawable}
            white={image?.white ?? whiteValue(dataset)}
            onImage={setImageInput}
          />
        ) : null}
        {hasFields ? (
          <div class="pair">
            {features.map((feature, index) => (
              <FeatureField
                key={feature.name}
                feature={feature}
                value={values[feature.name] ?? ''}
                onChange={(value) => setValues((before) => ({ ...before, [feature.name]: value }))}
                hint={rangeText(columns.get(feature.name))}
                error={
                  cells[index] === undefined ? expectedInput(feature) : errorAt(problem, index, feature.name)
                }
              />
            ))}
          </div>
        ) : null}
        {takesImage || hasFields ? null : (
          <p class="hint">
            This model takes {whole(features.length)} values per row. Use the API at{' '}
            <code>{model.links.predict}</code>.
          </p>
        )}
      </div>
      <div class="card prediction" aria-live="polite">
        <h2>Prediction</h2>
        <ErrorNotice error={problem} />
        {prediction === null || row === null ? (
          <p class="hint">
            {isDrawable ? 'Draw a digit.' : takesImage ? 'Choose an image.' : 'No prediction yet.'}
          </p>
        ) : (
          <PredictionResult prediction={prediction} model={model} />
        )}
      </div>
    </div>
  )
}

type Input = Cell[] | File

const isComplete = (row: (Cell | undefined)[] | File | null): row is Input =>
  row !== null && (row instanceof File || !row.includes(undefined))

/** Predicts when the input has not changed for a moment, and again when the threshold changes. */
function usePrediction(model: Model, input: Input | null) {
  const [prediction, setPrediction] = useState<Prediction | null>(null)
  const [problem, setProblem] = useState<ApiError | null>(null)
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
          if (!isCancelled) setProblem(toApiError(error))
        },
      )
    }, debounceMilliseconds)
    return () => {
      isCancelled = true
      clearTimeout(timer)
    }
  }, [key, model.id, model.threshold])
  return { prediction, problem }
}

/** @throws ApiError if the request fails or the row is invalid. */
async function predict(id: string, input: Input): Promise<Prediction | null> {
  const { predictions, errors = [] } =
    input instanceof File
      ? await predictImage(id, input)
      : await post('/models/{id}/predict', { inputs: [input] }, { id })
  const [first] = errors
  if (first !== undefined) throw new ApiError(200, 'invalid-input', first.message, errors)
  return predictions[0] ?? null
}

/** The initial value of a field: the mean if it is known. */
function initialValue(feature: Feature, column: Dataset['columns'][number] | undefined): string {
  switch (feature.type) {
    case 'number':
      return String(Number((column?.mean ?? feature.offset).toPrecision(3)))
    case 'category':
      return knownCategories(feature)[0] ?? ''
    case 'date':
      return formatDay(feature.first)
    case 'boolean':
      return 'false'
    default:
      return feature satisfies never
  }
}

/** The cell to send: null for a missing value that the model imputes, undefined if the text is invalid. */
function parseCell(feature: Feature, text: string): Cell | undefined {
  if (text.trim() === '' && feature.imputation !== undefined) return null
  switch (feature.type) {
    case 'number':
      return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)
    case 'category':
      return text
    case 'date':
      return text === '' ? undefined : text
    case 'boolean':
      return text === 'true'
    default:
      return feature satisfies never
  }
}

const expectedInput = ({ type }: Feature) => (type === 'date' ? 'Enter a date.' : 'Enter a number.')

/** Formats days since 1970-01-01 for a date input. */
function formatDay(days: number): string {
  const date = new Date(86_400_000 * Math.floor(days))
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10)
}

/** The categories that occurred in the training rows. */
const knownCategories = ({ categories, unseen = [] }: Extract<Feature, { type: 'category' }>) =>
  categories.filter((category) => !unseen.includes(category))

interface FeatureFieldProps {
  feature: Feature
  value: string
  hint: string | undefined
  error: string | undefined
  onChange(value: string): void
}

function FeatureField({ feature, ...field }: FeatureFieldProps) {
  const { name, imputation } = feature
  if (feature.type === 'number') {
    return (
      <TextField
        label={name}
        {...field}
        placeholder={imputation === undefined ? '' : `missing: ${imputation}`}
      />
    )
  }
  if (feature.type === 'date') {
    const missingHint =
      feature.imputation === undefined ? undefined : `missing: ${formatDay(feature.imputation)}`
    return <DateField label={name} {...field} hint={missingHint} />
  }
  const choices = feature.type === 'category' ? knownCategories(feature) : ['false', 'true']
  const missing = imputation === undefined ? [] : [['', `missing: ${imputation}`] as const]
  return (
    <SelectField
      label={name}
      {...field}
      options={[...choices.map((choice) => [choice, choice] as const), ...missing]}
    />
  )
}

/** The largest value of any pixel. Pixels at the edge may be 0 in all images. */
const whiteValue = (dataset: Dataset | null) =>
  dataset?.columns.reduce(
    (largest, { role, max }) => (role === 'feature' ? Math.max(largest, max ?? 0) : largest),
    0,
  ) || 1

const rangeText = (column: Dataset['columns'][number] | undefined) =>
  column?.min === undefined || column.max === undefined
    ? undefined
    : `${short(column.min)} to ${short(column.max)}`

const errorAt = (problem: ApiError | null, index: number, name: string) =>
  problem?.errors.find(({ pointer }) =>
    [`/inputs/0/${index}`, `/inputs/0/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`].includes(pointer),
  )?.message

function PredictionResult({ prediction, model }: { prediction: Prediction; model: Model }) {
  const { threshold, coding } = model
  const classes =
    coding.target.type === 'binary' || coding.target.type === 'oneHot' ? coding.target.classes : []
  return (
    <>
      <PredictedValue prediction={prediction} model={model} />
      {threshold === null || classes[1] === undefined ? null : (
        <p class="hint">
          The threshold for “{classes[1]}” is {short(threshold)}.
        </p>
      )}
      {(prediction.warnings ?? []).map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
    </>
  )
}

function PredictedValue({ prediction, model }: { prediction: Prediction; model: Model }) {
  const { label, labels, probabilities, output } = prediction
  const { target } = model.coding
  if (target.type === 'multiLabel') {
    const entries = target.names.map((name, index): [string, number] => [name, output[index] ?? 0])
    return (
      <>
        <p class="large">{labels === undefined || labels.length === 0 ? 'none' : labels.join(', ')}</p>
        <Probabilities entries={entries} />
      </>
    )
  }
  if (target.type === 'number' && target.names.length > 1) {
    return <FigureList figures={target.names.map((name, index) => [name, short(output[index])])} />
  }
  if (probabilities === undefined) {
    return <p class="large figure">{label ?? output.map((value) => short(value)).join(', ')}</p>
  }
  return (
    <>
      <p class="large">{label}</p>
      <Probabilities entries={Object.entries(probabilities).sort(([, a], [, b]) => b - a)} />
    </>
  )
}

const maxProbabilities = 12

function Probabilities({ entries }: { entries: readonly [string, number][] }) {
  return (
    <>
      <div class="bars">
        {entries.slice(0, maxProbabilities).map(([name, probability]) => (
          <div key={name}>
            <span>{name}</span>
            <Meter share={probability} />
            <span class="figure">{percent(probability)}</span>
          </div>
        ))}
      </div>
      {entries.length > maxProbabilities ? (
        <p class="hint">and {whole(entries.length - maxProbabilities)} more</p>
      ) : null}
    </>
  )
}
