/** A model: asked with raw values while one types, with a drawn digit where it takes images of 28 × 28. */
import { useEffect, useState } from 'preact/hooks'
import { get, getFile, post, type Refusal, remove } from '../api/client.js'
import type { Dataset, Model, Prediction } from '../api/types.js'
import { percent, short, whole } from '../format.js'
import { toRefusal, useAsked } from '../parts/asking.js'
import { DigitPad, digitPixels } from '../parts/digit-pad.js'
import { TextField } from '../parts/field.js'
import { Icon } from '../parts/icon.js'
import { RefusalNotice } from '../parts/notice.js'
import { save } from '../parts/saving.js'
import { go, link } from '../router.js'
import { NetworkCard } from './run.js'

const typingMilliseconds = 120
const mostFields = 64

export function ModelView({ id }: { id: string }) {
  const asked = useAsked(id, () => modelAndData(id))
  if (asked.value === null) {
    return (
      <section>
        <h1 tabIndex={-1}>Model</h1>
        <RefusalNotice refusal={asked.refusal} />
        {asked.refusal === null ? <p class="waiting">Looking for the model …</p> : null}
      </section>
    )
  }
  const { model, dataset } = asked.value
  return (
    <section>
      <div class="heading">
        <div>
          <h1 tabIndex={-1}>{model.name ?? 'Model'}</h1>
          <p class="under">
            <code>{model.id}</code>
            {model.jobId === null ? null : <a href={link('runs', model.jobId)}>the run that trained it</a>}
          </p>
        </div>
        <div class="actions">
          <button
            type="button"
            onClick={() => save(`${model.id}.json`, 'application/json', JSON.stringify(model, null, 2))}
          >
            <Icon name="download" /> Description
          </button>
          <WeightsDownload id={model.id} />
          {model.jobId === null ? null : <EpochsDownload jobId={model.jobId} />}
          <DeleteButton id={model.id} />
        </div>
      </div>
      <Predictor model={model} dataset={dataset} />
      <dl class="figures">
        <Figure name="Loss" value={short(model.metrics.loss)} />
        <Figure name="Accuracy" value={percent(model.metrics.valAccuracy ?? model.metrics.accuracy)} />
        <Figure name="Parameters" value={whole(model.parameters)} />
        <Figure name="Inputs" value={whole(model.columns.length)} />
        <Figure name="Trained by" value={model.loss} />
      </dl>
      <NetworkCard layers={model.layers} model={model} />
    </section>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function WeightsDownload({ id }: { id: string }) {
  const [problem, setProblem] = useState<Refusal | null>(null)
  const download = () =>
    getFile('/models/{id}/weights', { id }).then(
      (file) => {
        setProblem(null)
        save(`${id}.safetensors`, file.type, file)
      },
      (error) => setProblem(toRefusal(error)),
    )
  return (
    <>
      <button type="button" onClick={() => void download()}>
        <Icon name="download" /> Weights (safetensors)
      </button>
      <RefusalNotice refusal={problem} />
    </>
  )
}

function DeleteButton({ id }: { id: string }) {
  const [problem, setProblem] = useState<Refusal | null>(null)
  const forget = () =>
    remove('/models/{id}', { id }).then(
      () => go('models'),
      (error) => setProblem(toRefusal(error)),
    )
  return (
    <>
      <button type="button" onClick={() => void forget()}>
        <Icon name="trash" /> Delete
      </button>
      <RefusalNotice refusal={problem} />
    </>
  )
}

function EpochsDownload({ jobId }: { jobId: string }) {
  const [problem, setProblem] = useState(false)
  const download = async () => {
    try {
      const rows: (number | string)[][] = []
      for (let after = 0; ; ) {
        const page = await get('/jobs/{id}/epochs', { id: jobId, query: { after, limit: 10_000 } })
        for (const { epoch, loss, accuracy, valLoss, valAccuracy } of page.data) {
          rows.push([epoch, loss ?? '', accuracy ?? '', valLoss ?? '', valAccuracy ?? ''])
        }
        if (!page.hasMore || page.lastId === null) break
        after = page.lastId
      }
      const lines = ['epoch,loss,accuracy,valLoss,valAccuracy', ...rows.map((row) => row.join(','))]
      save(`${jobId}.csv`, 'text/csv', `${lines.join('\n')}\n`)
    } catch {
      setProblem(true)
    }
  }
  return (
    <button type="button" onClick={() => void download()}>
      <Icon name="download" /> {problem ? 'The epochs are gone' : 'Epochs (CSV)'}
    </button>
  )
}

/** The columns' ranges are hints for who fills them in; a model that outlived its data does without. */
async function modelAndData(id: string): Promise<{ model: Model; dataset: Dataset | null }> {
  const model = await get('/models/{id}', { id })
  if (model.jobId === null) return { model, dataset: null }
  try {
    const { spec } = await get('/jobs/{id}', { id: model.jobId })
    const name = typeof spec.dataset === 'string' ? spec.dataset : spec.dataset.name
    return { model, dataset: await get('/datasets/{id}', { id: name }) }
  } catch {
    return { model, dataset: null }
  }
}

function Predictor({ model, dataset }: { model: Model; dataset: Dataset | null }) {
  const ranges = new Map(dataset?.columns.map((column) => [column.name, column]))
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      model.columns.map((name) => {
        const mean = ranges.get(name)?.mean
        return [name, mean === undefined ? '0' : String(Number(mean.toPrecision(3)))]
      }),
    ),
  )
  const [pixels, setPixels] = useState<number[] | null>(null)
  const [answer, setAnswer] = useState<Prediction | null>(null)
  const [problem, setProblem] = useState<Refusal | null>(null)
  const draw = (drawn: number[] | null) => {
    setPixels(drawn)
    if (drawn === null) setAnswer(null)
  }
  const isImage = model.columns.length === digitPixels
  const hasFields = !isImage && model.columns.length <= mostFields
  const row = isImage
    ? pixels
    : model.columns.map((name) => ((values[name] ?? '').trim() === '' ? Number.NaN : Number(values[name])))
  const missing = row === null ? -1 : row.findIndex((value) => !Number.isFinite(value))
  const question = row === null || missing >= 0 ? null : JSON.stringify(row)

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
            {model.columns.map((name, place) => (
              <TextField
                key={name}
                label={name}
                value={values[name] ?? ''}
                onChange={(value) => setValues((before) => ({ ...before, [name]: value }))}
                hint={rangeOf(ranges.get(name))}
                error={missing === place ? 'takes a number' : errorAt(problem, place)}
              />
            ))}
          </div>
        ) : null}
        {isImage || hasFields ? null : (
          <p class="hint">
            This model takes {whole(model.columns.length)} numbers a row: ask it over the API, at{' '}
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
  const { label, probabilities, output } = answer
  if (probabilities === undefined) {
    return <p class="large figure">{label ?? output.map((value) => short(value)).join(', ')}</p>
  }
  const best = Object.entries(probabilities).sort(([, a], [, b]) => b - a)
  return (
    <>
      <p class="large">{label}</p>
      <div class="bars">
        {best.slice(0, 12).map(([name, probability]) => (
          <div key={name}>
            <span>{name}</span>
            <meter min={0} max={1} value={probability} aria-label={`${name}: ${percent(probability)}`} />
            <span class="figure">{percent(probability)}</span>
          </div>
        ))}
      </div>
      {best.length > 12 ? (
        <p class="hint">
          and {whole(best.length - 12)} more of {model.name ?? 'the model'}’s classes
        </p>
      ) : null}
    </>
  )
}
