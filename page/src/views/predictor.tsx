/** Asks a model while one types: raw values by column, or a picture where it takes pictures. */
import { useEffect, useState } from 'preact/hooks'
import { post, predictPicture, ApiError } from '../api/client.js'
import type { Dataset, Model, Prediction } from '../api/types.js'
import { percent, short, whole } from '../format.js'
import { toApiError } from '../components/use-query.js'
import { digitPixels } from '../components/digit-pad.js'
import { DateField, SelectField, TextField } from '../components/field.js'
import { FigureList } from '../components/figure-list.js'
import { Meter } from '../components/meter.js'
import { ErrorNotice } from '../components/notice.js'
import { PictureInput } from './picture-input.js'

const debounceMilliseconds = 120
const maxFields = 64

type Feature = Model['coding']['features'][number]
type Cell = number | string | boolean | null

export function Predictor({ model, dataset }: { model: Model; dataset: Dataset | null }) {
  const { features, image } = model.coding
  const columns = new Map(dataset?.columns.map((column) => [column.name, column]))
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      features.map((feature) => [feature.name, beginning(feature, columns.get(feature.name))]),
    ),
  )
  const [picture, setPicture] = useState<number[] | File | null>(null)
  const isDrawable = features.length === digitPixels
  const isPicture = image !== undefined || isDrawable
  const hasFields = !isPicture && features.length <= maxFields
  const cells = features.map((feature) => parseCell(feature, values[feature.name] ?? ''))
  const row = isPicture ? picture : cells
  const { answer, problem } = useAnswer(model, isQuestion(row) ? row : null)
  return (
    <div class="columns predictor">
      <div class="card">
        <h2>Ask it</h2>
        {isPicture ? (
          <PictureInput
            image={image}
            drawable={isDrawable}
            white={image?.white ?? greatestShade(dataset)}
            onPicture={setPicture}
          />
        ) : null}
        {hasFields ? (
          <div class="pair">
            {features.map((feature, place) => (
              <Input
                key={feature.name}
                feature={feature}
                value={values[feature.name] ?? ''}
                onChange={(value) => setValues((before) => ({ ...before, [feature.name]: value }))}
                hint={rangeText(columns.get(feature.name))}
                error={cells[place] === undefined ? expectedInput(feature) : errorAt(problem, place, feature.name)}
              />
            ))}
          </div>
        ) : null}
        {isPicture || hasFields ? null : (
          <p class="hint">
            This model takes {whole(features.length)} values a row: ask it over the API, at{' '}
            <code>{model.links.predict}</code>.
          </p>
        )}
      </div>
      <div class="card answer" aria-live="polite">
        <h2>It answers</h2>
        <ErrorNotice error={problem} />
        {answer === null || row === null ? (
          <p class="hint">
            {isDrawable ? 'Draw a digit.' : isPicture ? 'Give it a picture.' : 'Nothing yet.'}
          </p>
        ) : (
          <Answer answer={answer} model={model} />
        )}
      </div>
    </div>
  )
}

type Question = Cell[] | File

const isQuestion = (row: (Cell | undefined)[] | File | null): row is Question =>
  row !== null && (row instanceof File || !row.includes(undefined))

/** Asks when the question has come to rest; a new threshold is a new question. */
function useAnswer(model: Model, question: Question | null) {
  const [answer, setAnswer] = useState<Prediction | null>(null)
  const [problem, setProblem] = useState<ApiError | null>(null)
  const key = question instanceof File ? question : JSON.stringify(question)
  useEffect(() => {
    if (question === null) return
    let over = false
    const timer = setTimeout(() => {
      answerTo(model.id, question).then(
        (prediction) => {
          if (over) return
          setAnswer(prediction)
          setProblem(null)
        },
        (error) => {
          if (!over) setProblem(toApiError(error))
        },
      )
    }, debounceMilliseconds)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [key, model.id, model.threshold])
  return { answer, problem }
}

/** @throws ApiError also where the one row cannot be answered. */
async function answerTo(id: string, question: Question): Promise<Prediction | null> {
  const { predictions, errors = [] } =
    question instanceof File
      ? await predictPicture(id, question)
      : await post('/models/{id}/predict', { inputs: [question] }, { id })
  const [first] = errors
  if (first !== undefined) throw new ApiError(200, 'invalid-input', first.message, errors)
  return predictions[0] ?? null
}

/** A value to begin with, from the middle of the data where that is known. */
function beginning(feature: Feature, column: Dataset['columns'][number] | undefined): string {
  switch (feature.type) {
    case 'number':
      return String(Number((column?.mean ?? feature.offset).toPrecision(3)))
    case 'category':
      return knownCategories(feature)[0] ?? ''
    case 'date':
      return dayName(feature.first)
    case 'boolean':
      return 'false'
    default:
      return feature satisfies never
  }
}

/** Raw, null for a gap that the model fills; undefined for what is no value. */
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

const expectedInput = ({ type }: Feature) => (type === 'date' ? 'takes a date' : 'takes a number')

/** Of days since 1970-01-01, as a date input takes it. */
function dayName(days: number): string {
  const date = new Date(86_400_000 * Math.floor(days))
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10)
}

/** Of a category that no training row had, the model knows nothing. */
const knownCategories = ({ categories, unseen = [] }: Extract<Feature, { type: 'category' }>) =>
  categories.filter((category) => !unseen.includes(category))

interface InputProps {
  feature: Feature
  value: string
  hint: string | undefined
  error: string | undefined
  onChange(value: string): void
}

function Input({ feature, ...field }: InputProps) {
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
    const gap = feature.imputation === undefined ? undefined : `missing: ${dayName(feature.imputation)}`
    return <DateField label={name} {...field} hint={gap} />
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

/** Of any pixel: those at the edge of all pictures may never be anything but 0. */
const greatestShade = (dataset: Dataset | null) =>
  dataset?.columns.reduce(
    (most, { role, max }) => (role === 'feature' ? Math.max(most, max ?? 0) : most),
    0,
  ) || 1

const rangeText = (column: Dataset['columns'][number] | undefined) =>
  column?.min === undefined || column.max === undefined
    ? undefined
    : `${short(column.min)} to ${short(column.max)}`

const errorAt = (problem: ApiError | null, place: number, name: string) =>
  problem?.errors.find(({ pointer }) =>
    [`/inputs/0/${place}`, `/inputs/0/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`].includes(pointer),
  )?.message

function Answer({ answer, model }: { answer: Prediction; model: Model }) {
  const { threshold, coding } = model
  const classes =
    coding.target.type === 'binary' || coding.target.type === 'oneHot' ? coding.target.classes : []
  return (
    <>
      <Said answer={answer} model={model} />
      {threshold === null || classes[1] === undefined ? null : (
        <p class="hint">
          “{classes[1]}” is answered from a probability of {short(threshold)} on.
        </p>
      )}
      {(answer.warnings ?? []).map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
    </>
  )
}

function Said({ answer, model }: { answer: Prediction; model: Model }) {
  const { label, labels, probabilities, output } = answer
  const { target } = model.coding
  if (target.type === 'multiLabel') {
    const shares = target.names.map((name, place): [string, number] => [name, output[place] ?? 0])
    return (
      <>
        <p class="large">
          {labels === undefined || labels.length === 0 ? 'none of them' : labels.join(', ')}
        </p>
        <Shares shares={shares} />
      </>
    )
  }
  if (target.type === 'number' && target.names.length > 1) {
    return <FigureList figures={target.names.map((name, place) => [name, short(output[place])])} />
  }
  if (probabilities === undefined) {
    return <p class="large figure">{label ?? output.map((value) => short(value)).join(', ')}</p>
  }
  return (
    <>
      <p class="large">{label}</p>
      <Shares shares={Object.entries(probabilities).sort(([, a], [, b]) => b - a)} />
    </>
  )
}

const maxShares = 12

function Shares({ shares }: { shares: readonly [string, number][] }) {
  return (
    <>
      <div class="bars">
        {shares.slice(0, maxShares).map(([name, share]) => (
          <div key={name}>
            <span>{name}</span>
            <Meter share={share} />
            <span class="figure">{percent(share)}</span>
          </div>
        ))}
      </div>
      {shares.length > maxShares ? <p class="hint">and {whole(shares.length - maxShares)} more</p> : null}
    </>
  )
}
