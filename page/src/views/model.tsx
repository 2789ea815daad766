/** A model: predictions, evaluation, metrics, network and downloads. */
import { useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Dataset, Model } from '../api/types.js'
import { DeleteButton } from '../components/delete-button.js'
import { FigureList } from '../components/figure-list.js'
import { Heading } from '../components/heading.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { saveFile } from '../components/save-file.js'
import { useQuery } from '../components/use-query.js'
import { getTargetScaling, metricFigures } from '../figures.js'
import { whole } from '../format.js'
import { EpochHistory } from '../history.js'
import { go, link } from '../router.js'
import { EvaluationCard } from './evaluation.js'
import { ExportMenu } from './export-menu.js'
import { LabelsCard } from './labels-card.js'
import { aliasReferences, ModelVersions, useModelVersions } from './model-versions.js'
import { Predictor } from './predictor.js'
import { NetworkCard } from './run.js'

export function ModelView({ id }: { id: string }) {
  const query = useQuery(id, (client) => readModel(client, id))
  const versions = useModelVersions(query.value?.model.id ?? null)
  if (query.value === null) {
    return (
      <section>
        <Heading>Model</Heading>
        <ErrorNotice error={query.error} />
        {query.error === null ? <p class="waiting">Loading model …</p> : null}
      </section>
    )
  }
  const { model, dataset } = query.value
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{model.name ?? 'Model'}</Heading>
          <p class="under">
            <code>{model.id}</code>
            {model.jobId === null ? null : <a href={link('runs', model.jobId)}>Training run</a>}
          </p>
        </div>
        <div class="actions">
          <button
            type="button"
            onClick={() => saveFile(`${model.id}.json`, 'application/json', JSON.stringify(model, null, 2))}
          >
            <Icon name="download" /> Description
          </button>
          <WeightsDownload id={model.id} />
          {model.jobId === null ? null : <EpochsDownload jobId={model.jobId} />}
          <Delete id={model.id} aliases={aliasReferences(versions.latest ?? [])} />
        </div>
      </div>
      <ExportMenu model={model} />
      <Predictor model={model} dataset={dataset} />
      {model.evaluation === null ? null : (
        <EvaluationCard evaluation={model.evaluation} model={model} onThreshold={query.refetch} />
      )}
      <FigureList
        figures={[
          ...metricFigures(model.metrics, getTargetScaling(model)),
          ['Epoch of the weights', model.epoch === null ? null : whole(model.epoch)],
          ['Parameters', whole(model.parameters)],
          ['Inputs', whole(model.columns.length)],
          ['Loss function', model.loss],
        ]}
      />
      <LabelsCard
        labels={model}
        send={(change) => client.request('PATCH /models/{id}', { path: { id: model.id }, body: change })}
        onChanged={query.refetch}
      />
      <ModelVersions id={model.id} versions={versions} />
      <NetworkCard layers={model.layers} model={model} />
    </section>
  )
}

function WeightsDownload({ id }: { id: string }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const download = () =>
    client.models.weights(id).then(
      async (response) => {
        const file = await response.blob()
        setProblem(null)
        saveFile(`${id}.safetensors`, file.type, file)
      },
      (error) => setProblem(toProblem(error)),
    )
  return (
    <>
      <button type="button" onClick={() => void download()}>
        <Icon name="download" /> Weights (safetensors)
      </button>
      <ErrorNotice error={problem} />
    </>
  )
}

/** @param aliases that point at the model, which cannot be deleted while it has any */
function Delete({ id, aliases }: { id: string; aliases: readonly string[] }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const deleteModel = () =>
    client.models.delete(id).then(
      () => go('models'),
      (error) => setProblem(toProblem(error)),
    )
  const [first] = aliases
  if (first !== undefined) {
    return (
      <>
        <button type="button" disabled aria-describedby="delete-note">
          <Icon name="trash" /> Delete
        </button>
        <small id="delete-note">
          {first} points at this model. Move or delete the alias before you delete the model.
        </small>
      </>
    )
  }
  return (
    <>
      <DeleteButton onConfirm={() => void deleteModel()} />
      <ErrorNotice error={problem} />
    </>
  )
}

function EpochsDownload({ jobId }: { jobId: string }) {
  const [failed, setFailed] = useState(false)
  const download = async () => {
    try {
      const history = new EpochHistory()
      for (let after = 0; ; ) {
        const page = await client.request('GET /jobs/{id}/epochs', {
          path: { id: jobId },
          query: { after, limit: 10_000 },
        })
        history.append(page.data)
        if (!page.hasMore || page.lastId === null) break
        after = page.lastId
      }
      saveFile(`${jobId}.csv`, 'text/csv', history.toCsv())
    } catch {
      setFailed(true)
    }
  }
  return (
    <button type="button" onClick={() => void download()}>
      <Icon name="download" /> {failed ? 'Epochs not available' : 'Epochs (CSV)'}
    </button>
  )
}

/** The model and its dataset, whose column ranges become hints. The dataset is null if it was deleted. */
async function readModel(client: Descent, id: string): Promise<{ model: Model; dataset: Dataset | null }> {
  const model = await client.models.get(id)
  if (model.jobId === null) return { model, dataset: null }
  try {
    const { spec } = await client.request('GET /jobs/{id}', { path: { id: model.jobId } })
    const name = typeof spec.dataset === 'string' ? spec.dataset : spec.dataset.name
    return { model, dataset: await client.datasets.get(name) }
  } catch {
    return { model, dataset: null }
  }
}
