/** Asks a model while one types: raw values by column, or a drawn digit where it takes images of 28 × 28. */
import { useEffect, useState } from 'preact/hooks'
import { post, type Refusal } from '../api/client.js'
import type { Dataset, Model, Prediction } from '../api/types.js'
import { percent, short, whole } from '../format.js'
import { toRefusal } from '../parts/asking.js'
import { DigitPad, digitPixels } from '../parts/digit-pad.js'
import { SelectField, TextField } from '../parts/field.js'
import { Meter } from '../parts/meter.js'
import { RefusalNotice } from '../parts/notice.js'

const typingMilliseconds = 120
const mostFields = 64

type Feature = Model['coding']['features'][number]
type Cell = number | string | boolean | null

export function Predictor({ model, dataset }: { model: Model; dataset: Dataset | null }) {
  const { features } = model.coding
  const columns = new Map(dataset?.columns.map((column) => [column.name, column]))
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      features.map((feature) => [feature.name, beginning(feature, columns.get(feature.name))]),
    ),
  )
  const [pixels, setPixels] = useState<number[] | null>(null)
  const [answer, setAnswer] = useState<Prediction | null>(null)
  const [problem, setProblem] = useState<Refusal | null>(null)
  const draw = (drawn: number[] | null) => {
    setPixels(drawn)
    if (drawn === null) setAnswer(null)
  }
  const isImage = features.length === digitPixels
  const hasFields = !isImage && features.length <= mostFields
  const cells = features.map((feature) => cellOf(feature, values[feature.name] ?? ''))
  const row = isImage ? pixels : cells
  const question = row === null || row.includes(undefined) ? null : JSON.stringify(row)

  useEffect(() => {
    if (question === null) return
    let over = false
    const timer = setTimeout(() => {
      post('/models/{id}/predict', { inputs: [JSON.parse(question)] }, { id: model.id }).then(
        ({ predictions }) => {
          if (over) return
          setAnswer(predictions[0] ?? null)
          setProblem(null)
        },
        (error) => {
          if (!over) setProblem(toRefusal(error))
        },
      )
    }, typingMilliseconds)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [question, model.id])

  return (
    <div class="columns predictor">
      <div class="card">
        <h2>Ask it</h2>
        {isImage ? <DigitPad greatest={greatestShade(dataset)} onDraw={draw} /> : null}
        {hasFields ? (
          <div class="pair">
            {features.map((feature, place) => (
              <Input
                key={feature.name}
                feature={feature}
                value={values[feature.name] ?? ''}
                onChange={(value) => setValues((before) => ({ ...before, [feature.name]: value }))}
                hint={rangeOf(columns.get(feature.name))}
                error={cells[place] === undefined ? 'takes a number' : errorAt(problem, place)}
              />
            ))}
          </div>
        ) : null}
        {isImage || hasFields ? null : (
          <p class="hint">
            This model takes {whole(features.length)} values a row: ask it over the API, at{' '}
            <code>{model.links.predict}</code>.
          </p>
        )}
      </div>
      <div class="card answer" aria-live="polite">
        <h2>It answers</h2>
        <RefusalNotice refusal={problem} />
        {answer === null ? (
          <p class="hint">{isImage ? 'Draw a digit.' : 'Nothing yet.'}</p>
        ) : (
          <Answer answer={answer} model={model} />
        )}
      </div>
    </div>
  )
}

/** A value to begin with, from the middle of the data where that is known. */
function beginning(feature: Feature, column: Dataset['columns'][number] | undefined): string {
  switch (feature.type) {
    case 'number':
      return String(Number((column?.mean ?? feature.offset).toPrecision(3)))
    case 'category':
      return seenOf(feature)[0] ?? ''
    case 'date':
      return ''
    case 'boolean':
      return 'false'
    default:
      return feature satisfies never
  }
}

/** Raw, null for a gap that the model fills; undefined for what is no value. */
function cellOf(feature: Feature, text: string): Cell | undefined {
  if (text.trim() === '' && feature.imputation !== undefined) return null
  switch (feature.type) {
    case 'number':
      return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)
    case 'category':
    case 'date':
      return text
    case 'boolean':
      return text === 'true'
    default:
      return feature satisfies never
  }
}

/** Of a category that no training row had, the model knows nothing. */
const seenOf = ({ categories, unseen = [] }: Extract<Feature, { type: 'category' }>) =>
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
  const choices = feature.type === 'category' ? seenOf(feature) : ['false', 'true']
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

const rangeOf = (column: Dataset['columns'][number] | undefined) =>
  column?.min === undefined || column.max === undefined
    ? undefined
    : `${short(column.min)} to ${short(column.max)}`

const errorAt = (problem: Refusal | null, place: number) =>
  problem?.errors.find(({ pointer }) => pointer === `/inputs/0/${place}`)?.message

function Answer({ answer, model }: { answer: Prediction; model: Model }) {
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
    return (
      <dl class="figures">
        {target.names.map((name, place) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{short(output[place])}</dd>
          </div>
        ))}
      </dl>
    )
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

const mostShares = 12

function Shares({ shares }: { shares: readonly [string, number][] }) {
  return (
    <>
      <div class="bars">
        {shares.slice(0, mostShares).map(([name, share]) => (
          <div key={name}>
            <span>{name}</span>
            <Meter share={share} />
            <span class="figure">{percent(share)}</span>
          </div>
        ))}
      </div>
      {shares.length > mostShares ? <p class="hint">and {whole(shares.length - mostShares)} more</p> : null}
    </>
  )
}
