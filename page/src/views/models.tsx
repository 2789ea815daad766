/** The table of all models. */
import { useState } from 'preact/hooks'
import { get } from '../api/client.js'
import type { Success } from '../api/types.js'
import { DropZone } from '../components/drop-zone.js'
import { Heading } from '../components/heading.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { readPages, useQuery } from '../components/use-query.js'
import { getTargetScaling, headline, scaleName } from '../figures.js'
import { ago, plural, whole } from '../format.js'
import type { paths } from '../generated/api.js'
import { go, link } from '../router.js'
import { ImportCard } from './import-card.js'

const pageSize = 50

export function ModelsView() {
  const [limit, setLimit] = useState(pageSize)
  const [file, setFile] = useState<File | null>(null)
  const list = useQuery(String(limit), () =>
    readPages((after) => get('/models', { query: { limit: pageSize, after } }), limit),
  )
  const models = list.latest?.data ?? []
  return (
    <section>
      <div class="heading">
        <Heading>Models</Heading>
        <a href={link('registry')}>Registry of names</a>
      </div>
      {file === null ? (
        <DropZone label="Import a model" onFiles={([first]) => setFile(first ?? null)}>
          <b>Drop a model here</b> or choose one: safetensors or ONNX, exported by this service or trained
          elsewhere.
        </DropZone>
      ) : (
        <ImportCard file={file} onImported={({ id }) => go('models', id)} onCancel={() => setFile(null)} />
      )}
      <ErrorNotice error={list.error} />
      {list.value !== null && models.length === 0 ? (
        <Empty title="No models yet">
          Every successful run creates a model. <a href={link('playground')}>Train one now</a>, or import one.
        </Empty>
      ) : null}
      {models.length === 0 ? null : (
        <div class="card scroll">
          <table class="plain rows">
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Inputs</th>
                <th scope="col">Outputs</th>
                <th scope="col" class="number">
                  Parameters
                </th>
                <th scope="col" class="number">
                  Loss
                </th>
                <th scope="col" class="number">
                  Accuracy
                </th>
                <th scope="col">Created</th>
              </tr>
            </thead>
            <tbody>
              {models.map((model) => (
                <Row key={model.id} model={model} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.latest?.hasMore ? (
        <p class="more">
          <button type="button" onClick={() => setLimit(limit + pageSize)}>
            Show more
          </button>
        </p>
      ) : null}
    </section>
  )
}

type ListedModel = Success<paths['/models']['get']>['data'][number]

function Row({ model }: { model: ListedModel }) {
  const { id, name, columns, classes, parameters, createdAt } = model
  const { rows, loss, accuracy } = headline(model.metrics)
  const scale = scaleName(getTargetScaling(model))
  // A constructed model has no loss.
  const isTrained = loss !== '–'
  return (
    <tr>
      <td class="name">
        <a href={link('models', id)}>{name ?? id.slice(0, 12)}</a>
      </td>
      <td class="cut">{columns.length > 4 ? plural(columns.length, 'column') : columns.join(', ')}</td>
      <td class="cut">
        {classes === null
          ? 'numbers'
          : classes.length > 4
            ? plural(classes.length, 'class', 'classes')
            : classes.join(', ')}
      </td>
      <td class="number">{whole(parameters)}</td>
      <td class="number of-rows">
        {loss}
        {isTrained ? <small>{scale === null ? rows : `${rows}, ${scale}`}</small> : null}
      </td>
      <td class="number of-rows">
        {accuracy ?? '–'}
        {accuracy === null ? null : <small>{rows}</small>}
      </td>
      <td class="when">{ago(createdAt)}</td>
    </tr>
  )
}
