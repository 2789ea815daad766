/** A registered name: its aliases, and its versions. */
import { useState } from 'preact/hooks'
import type { Descent } from '../../../sdk/src/index.js'
import { client } from '../api/client.js'
import type { ModelVersion, RegisteredModel } from '../api/types.js'
import { DeleteButton } from '../components/delete-button.js'
import { Heading } from '../components/heading.js'
import { ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readPages, useQuery } from '../components/use-query.js'
import { ago } from '../format.js'
import { go, link } from '../router.js'
import { useChange } from '../use-change.js'
import { AliasCard } from './alias-card.js'
import { PointAlias } from './point-alias.js'

const pageSize = 50

export function RegisteredNameView({ name }: { name: string }) {
  const [limit, setLimit] = useState(pageSize)
  const query = useQuery(`${name} ${limit}`, (client) => readName(client, name, limit))
  const deletion = useChange(() => go('registry'))
  if (query.latest === null) {
    return (
      <section>
        <Heading>{name}</Heading>
        <ErrorNotice error={query.error} />
        {query.error === null ? <p class="waiting">Loading versions …</p> : null}
      </section>
    )
  }
  const { registered, versions, hasMore } = query.latest
  const available = versions.filter(({ modelId, status }) => modelId !== null && status !== 'archived')
  return (
    <section>
      <div class="heading">
        <div>
          <Heading>{name}</Heading>
          <p class="under">
            <a href={link('registry')}>All names</a>
          </p>
        </div>
        {registered.aliases.length > 0 ? null : (
          <DeleteButton
            what="name"
            onConfirm={() =>
              void deletion.run(() => client.request('DELETE /registry/{name}', { path: { name } }))
            }
          />
        )}
      </div>
      <ErrorNotice error={deletion.problem ?? query.error} />
      <h2>Aliases</h2>
      {registered.aliases.map((alias) => (
        <AliasCard key={alias.alias} alias={alias} onChanged={query.refetch} />
      ))}
      <div class="card">
        <h3>Create or move an alias</h3>
        <PointAlias
          registered={registered}
          versions={available.map(({ version }) => version)}
          onChanged={query.refetch}
        />
      </div>
      <h2>Versions</h2>
      <Versions versions={versions} onChanged={query.refetch} />
      <ShowMore hasMore={hasMore} onClick={() => setLimit(limit + pageSize)} />
    </section>
  )
}

async function readName(
  client: Descent,
  name: string,
  limit: number,
): Promise<{ registered: RegisteredModel; versions: ModelVersion[]; hasMore: boolean }> {
  const [registered, { data: versions, hasMore }] = await Promise.all([
    client.request('GET /registry/{name}', { path: { name } }),
    readPages(
      (after) =>
        client.request('GET /registry/{name}/versions', {
          path: { name },
          query: { limit: pageSize, after },
        }),
      limit,
    ),
  ])
  return { registered, versions, hasMore }
}

function Versions(props: { versions: readonly ModelVersion[]; onChanged(): void }) {
  const change = useChange(props.onChanged)
  const setStatus = ({ name, version }: ModelVersion, status: 'archived' | 'candidate') =>
    void change.run(() =>
      client.request('PATCH /registry/{name}/versions/{version}', {
        path: { name, version },
        body: { status },
      }),
    )
  return (
    <>
      <ErrorNotice error={change.problem} />
      <TableCard heads={['Version', 'Model', 'Status', 'Aliases', 'Registered', 'Action']}>
        {props.versions.map((each) => (
          <tr key={each.version}>
            <td>{each.version}</td>
            <td class="name">
              {each.modelId === null ? (
                'deleted'
              ) : (
                <a href={link('models', each.modelId)}>{each.modelId.slice(0, 12)}</a>
              )}
            </td>
            <td>
              <span class={`pill ${each.status === 'current' ? 'succeeded' : ''}`}>{each.status}</span>
            </td>
            <td>{each.aliases.join(', ') || '–'}</td>
            <td>{ago(each.createdAt)}</td>
            <td>
              <StatusButton version={each} isSending={change.isSending} setStatus={setStatus} />
            </td>
          </tr>
        ))}
      </TableCard>
    </>
  )
}

/** A version with an alias cannot be archived. */
function StatusButton(props: {
  version: ModelVersion
  isSending: boolean
  setStatus(version: ModelVersion, status: 'archived' | 'candidate'): void
}) {
  const { version, isSending, setStatus } = props
  if (version.aliases.length > 0) return <span class="hint">has an alias</span>
  const isArchived = version.status === 'archived'
  const label = isArchived ? 'Restore' : 'Archive'
  return (
    <button
      type="button"
      aria-label={`${label} version ${version.version}`}
      disabled={isSending}
      onClick={() => setStatus(version, isArchived ? 'candidate' : 'archived')}
    >
      {label}
    </button>
  )
}
