/** Predicts while the reader enters values, or chooses or draws an image. */
import { useState } from 'preact/hooks'
import type { Problem } from '../api/problem.js'
import type { Dataset, Model } from '../api/types.js'
import { digitPixels } from '../components/digit-pad.js'
import { DateField, SelectField, TextField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { short, whole } from '../format.js'
import { ImageInput } from './image-input.js'
import { PredictionResult } from './prediction-result.js'
import { type Cell, isComplete, usePrediction } from './use-prediction.js'

const maxFields = 64

type Feature = Model['coding']['features'][number]

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
  const [isLive, setLive] = useState(false)
  const { prediction, problem, predictNow } = usePrediction(model, isComplete(row) ? row : null)
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
            onFrame={predictNow}
            onLive={setLive}
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
      {/* A screen reader would not finish reading any of the predictions of a camera. */}
      <div class="card prediction" aria-live={isLive ? 'off' : 'polite'}>
        <h2>Prediction</h2>
        <ErrorNotice error={problem} />
        {prediction === null || (row === null && !isLive) ? (
          <p class="hint">
            {isDrawable ? 'Draw a digit.' : takesImage ? 'Choose a picture.' : 'No prediction yet.'}
          </p>
        ) : (
          <PredictionResult prediction={prediction} model={model} />
        )}
      </div>
    </div>
  )
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

const errorAt = (problem: Problem | null, index: number, name: string) =>
  problem?.errors.find(({ pointer }) =>
    [`/inputs/0/${index}`, `/inputs/0/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`].includes(pointer),
  )?.message
